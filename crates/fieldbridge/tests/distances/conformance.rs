//! Every distance through the same checks.

use fieldbridge::check::CheckError;
use fieldbridge::check::distance::{CompareSettings, Distance, DistanceKind, Points, compare};

use super::{moved, normals, points, stream};

const ROWS: usize = 60;

/// All distances with the scales of these sets.
fn all(reference: &Points, sample: &Points) -> Vec<(DistanceKind, Box<dyn Distance>)> {
    let build = |kind: DistanceKind| (kind, kind.build(reference, sample));
    DistanceKind::ALL.into_iter().map(build).collect()
}

fn two_samples() -> (Vec<f64>, Vec<f64>) {
    let (a, b) = (normals("a", ROWS, 3), normals("b", ROWS, 3));
    (a, moved(&b, &[1.0, 0.5, -0.5]))
}

#[test]
fn names_are_unique_and_are_those_of_the_enum() {
    for kind in DistanceKind::ALL {
        let json = serde_json::to_string(&kind).unwrap();
        assert_eq!(json, format!("\"{}\"", kind.name()));
        assert!(!kind.describe().is_empty());
    }
    let mut names = DistanceKind::ALL.map(DistanceKind::name).to_vec();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), DistanceKind::ALL.len());
}

#[test]
fn a_set_is_as_far_from_itself_as_can_be_said() {
    let (a, b) = two_samples();
    let (reference, sample) = (points(&a, 3), points(&b, 3));
    for (kind, distance) in all(&reference, &sample) {
        let found = distance.between(&reference, &reference, &stream()).unwrap();
        let (low, high) = match kind {
            DistanceKind::SlicedWasserstein | DistanceKind::Wasserstein => (0.0, 0.0),
            // as good as the marginals it is solved to
            DistanceKind::Sinkhorn => (-1e-4, 1e-4),
            DistanceKind::MmdBiased => (-1e-14, 1e-14),
            // without the pairs of a point with itself: below zero by 2 (1 - mean k) / (n - 1)
            DistanceKind::Mmd => (-2.0 / (ROWS as f64 - 1.0), 0.0),
            DistanceKind::Frechet => (0.0, 1e-12),
            // the twin of a held-out row has the other class
            DistanceKind::C2st | DistanceKind::Neighbours => (0.0, 0.55),
            DistanceKind::Coverage => (1.0, 1.0),
            // a point lies in its own neighbourhood besides those of others
            DistanceKind::Density => (1.2, 1.2),
        };
        assert!(found >= low && found <= high + 1e-14, "{}: {found}", kind.name());
    }
}

#[test]
fn moved_samples_are_told_from_the_reference() {
    let (a, b) = two_samples();
    let far = moved(&b, &[5.0, 0.0, 0.0]);
    let (reference, near, far) = (points(&a, 3), points(&b, 3), points(&far, 3));
    for (kind, distance) in all(&reference, &far) {
        let value = |sample: &Points| distance.between(&reference, sample, &stream()).unwrap();
        let (near, far) = (value(&near), value(&far));
        let falls = matches!(kind, DistanceKind::Coverage | DistanceKind::Density);
        assert!(
            if falls { far < near } else { far > near },
            "{}: {near} {far}",
            kind.name()
        );
    }
}

#[test]
fn symmetric_distances_are_symmetric() {
    let (a, b) = two_samples();
    let (reference, sample) = (points(&a, 3), points(&b, 3));
    for (kind, distance) in all(&reference, &sample) {
        if matches!(
            kind,
            DistanceKind::C2st | DistanceKind::Coverage | DistanceKind::Density
        ) {
            continue;
        }
        let there = distance.between(&reference, &sample, &stream()).unwrap();
        let back = distance.between(&sample, &reference, &stream()).unwrap();
        // the iterations end at another marginal
        let allowed = if kind == DistanceKind::Sinkhorn { 1e-4 } else { 1e-12 };
        assert!(
            (there - back).abs() <= allowed * (1.0 + there.abs()),
            "{}: {there} {back}",
            kind.name()
        );
    }
}

#[test]
fn the_order_of_rows_changes_nothing() {
    let (a, b) = two_samples();
    let turned = |values: &[f64]| -> Vec<f64> { values.chunks_exact(3).rev().flatten().copied().collect() };
    let (reference, sample) = (points(&a, 3), points(&b, 3));
    for (kind, distance) in all(&reference, &sample) {
        let straight = distance.estimate(&reference, &sample, 4, &stream()).unwrap();
        let other = distance
            .estimate(&points(&turned(&a), 3), &points(&turned(&b), 3), 4, &stream())
            .unwrap();
        assert_eq!(straight, other, "{}", kind.name());
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_with_any_number_of_threads() {
    let (a, b) = two_samples();
    let (reference, sample) = (points(&a, 3), points(&b, 3));
    let settings = CompareSettings {
        resamples: 4,
        splits: 3,
        ..CompareSettings::default()
    };
    for (kind, distance) in all(&reference, &sample) {
        let with_threads = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| compare(distance.as_ref(), &reference, &sample, &settings, &|| ()).unwrap())
        };
        let (one, three) = (with_threads(1), with_threads(3));
        let bytes = |found: fieldbridge::check::distance::Comparison| {
            [found.value, found.standard_error, found.floor, found.floor_spread].map(f64::to_bits)
        };
        assert_eq!(bytes(one), bytes(three), "{}", kind.name());
        assert_eq!(one.rows, ROWS / 2);
    }
}

#[test]
fn bad_sets_are_refused_and_say_why() {
    let (a, b) = two_samples();
    let (reference, sample) = (points(&a, 3), points(&b, 3));
    let narrow = points(&normals("narrow", ROWS, 2), 2);
    let single = points(&a[..3], 3);
    for (kind, distance) in all(&reference, &sample) {
        let refused = |reference: &Points, sample: &Points| distance.between(reference, sample, &stream()).unwrap_err();
        let error = refused(&reference, &narrow);
        assert!(
            matches!(
                error,
                CheckError::DimensionMismatch {
                    reference: 3,
                    sample: 2
                }
            ),
            "{}: {error}",
            kind.name()
        );
        for error in [
            refused(&single, &sample),
            refused(&reference, &single),
            refused(&single, &single),
        ] {
            assert!(
                matches!(error, CheckError::TooFew { found: 1, .. }),
                "{}: {error}",
                kind.name()
            );
        }
        let settings = CompareSettings::default();
        assert!(compare(distance.as_ref(), &narrow, &sample, &settings, &|| ()).is_err());
        assert!(compare(distance.as_ref(), &single, &sample, &settings, &|| ()).is_err());
        let one_split = CompareSettings { splits: 1, ..settings };
        assert!(compare(distance.as_ref(), &reference, &sample, &one_split, &|| ()).is_err());
    }
    assert!(matches!(
        Points::new("a", &[], 3),
        Err(CheckError::NoPoints { what: "a" })
    ));
    assert!(matches!(
        Points::new("a", &[1.0, 2.0, f64::INFINITY], 3),
        Err(CheckError::NonFinite { row: 0, .. })
    ));
}

#[test]
fn sets_of_one_repeated_point_are_no_trap() {
    let same = points(&[0.5; 3 * ROWS], 3);
    for (kind, distance) in all(&same, &same) {
        let found = distance.between(&same, &same, &stream()).unwrap();
        assert!(found.is_finite(), "{}: {found}", kind.name());
    }
}
