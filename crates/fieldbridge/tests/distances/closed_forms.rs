//! Normal laws, for which every distance is known.

use fieldbridge::check::distance::{
    Bandwidth, ClassifierTest, CompareSettings, Coverage, Density, Distance, DistanceKind, Frechet,
    MaximumMeanDiscrepancy, NeighbourTest, SlicedWasserstein, Wasserstein, compare,
};

use super::{mean_and_deviation, moved, normals, points, stream};

/// The standard normal distribution function at 1/2 and 1.
const PHI_HALF: f64 = 0.691_462_461_274_013_1;
const PHI_ONE: f64 = 0.841_344_746_068_542_9;

#[test]
fn a_shift_of_normals_costs_its_square_over_the_dimension_when_sliced() {
    let shift = [0.9, -0.6, 0.3];
    let (a, b) = (
        normals("sliced a", 4000, 3),
        moved(&normals("sliced b", 4000, 3), &shift),
    );
    let estimate = SlicedWasserstein { directions: 90 }
        .estimate(&points(&a, 3), &points(&b, 3), 20, &stream())
        .unwrap();
    let expected = (1.26_f64 / 3.0).sqrt();
    assert!(
        (estimate.value - expected).abs() < 4.0 * estimate.standard_error,
        "{estimate:?} {expected}"
    );
    assert!(estimate.standard_error < 0.03 * expected, "{estimate:?}");
}

#[test]
fn normals_are_as_far_as_their_gaussian_distance() {
    // N(0, 1) and N(m, diag s^2): W2^2 = |m|^2 + sum (s - 1)^2
    let (m, s) = ([2.0, -1.0], [0.5, 1.8]);
    let expected: f64 = 5.0 + 0.25 + 0.64;
    let b: Vec<f64> = normals("w2 b", 1500, 2)
        .chunks_exact(2)
        .flat_map(|x| [s[0] * x[0] + m[0], s[1] * x[1] + m[1]])
        .collect();
    let (reference, sample) = (points(&normals("w2 a", 1500, 2), 2), points(&b, 2));
    let exact = Wasserstein.estimate(&reference, &sample, 10, &stream()).unwrap();
    // the bias of samples is of the order of the squared distance of two samples of one law, log n / n here
    let bias = 1500_f64.ln() / 1500.0 / expected.sqrt();
    assert!(
        (exact.value - expected.sqrt()).abs() < 4.0 * exact.standard_error + bias,
        "{exact:?} {expected}"
    );
    let fitted = Frechet.estimate(&reference, &sample, 30, &stream()).unwrap();
    assert!(
        (fitted.value - expected).abs() < 4.0 * fitted.standard_error + 4.0 / 1500.0,
        "{fitted:?}"
    );
    let divergence = DistanceKind::Sinkhorn.build(&reference, &sample);
    let divergence = divergence.between(&reference, &sample, &stream()).unwrap();
    // between W2^2 and the squared shift, which it keeps exactly
    assert!(
        divergence > 5.0 - 0.4 && divergence < exact.value.powi(2) + 0.1,
        "{divergence}"
    );
}

/// `E k(x, y)` for `x - y ~ N(m, v)` in every coordinate: `prod (1 + v/s^2)^(-1/2) exp(-m^2 / (2 (s^2 + v)))`.
fn expected_kernel(shift: &[f64], variances: &[f64], width: f64) -> f64 {
    let coordinates = shift.iter().zip(variances);
    coordinates
        .map(|(m, v)| (-0.5 * m * m / (width * width + v)).exp() / (1.0 + v / width / width).sqrt())
        .product()
}

#[test]
fn the_discrepancy_of_normals_is_its_closed_form_without_bias() {
    let (shift, deviations, rows) = ([0.5, -0.3], [1.0, 1.4], 40);
    for width in [0.6, 2.0] {
        let expected = expected_kernel(&[0.0; 2], &[2.0, 2.0], width)
            + expected_kernel(&[0.0; 2], &[2.0, 2.0 * 1.96], width)
            - 2.0 * expected_kernel(&shift, &[2.0, 2.96], width);
        let found: Vec<[f64; 2]> = (0..400)
            .map(|index| {
                let a = normals(&format!("mmd a {index}"), rows, 2);
                let b = normals(&format!("mmd b {index}"), rows, 2);
                let b: Vec<f64> = b
                    .chunks_exact(2)
                    .flat_map(|x| [0, 1].map(|i| deviations[i] * x[i] + shift[i]))
                    .collect();
                [false, true].map(|biased| {
                    let bandwidth = Bandwidth::Given(width);
                    MaximumMeanDiscrepancy { bandwidth, biased }
                        .between(&points(&a, 2), &points(&b, 2), &stream())
                        .unwrap()
                })
            })
            .collect();
        let unbiased = mean_and_deviation(&found.iter().map(|pair| pair[0]).collect::<Vec<_>>());
        assert!(
            (unbiased.0 - expected).abs() < 4.0 * unbiased.1 / 20.0,
            "{width}: {unbiased:?} {expected}"
        );
        // pairs of a point with itself: (1 - E k) / n for each set
        let extra = (2.0
            - expected_kernel(&[0.0; 2], &[2.0, 2.0], width)
            - expected_kernel(&[0.0; 2], &[2.0, 2.0 * 1.96], width))
            / rows as f64;
        let biased = mean_and_deviation(&found.iter().map(|pair| pair[1]).collect::<Vec<_>>());
        assert!(
            (biased.0 - expected - extra).abs() < 4.0 * biased.1 / 20.0,
            "{width}: {biased:?} {expected} {extra}"
        );
    }
}

#[test]
fn a_classifier_is_as_good_as_the_best_there_is() {
    // |m| = 1 and 2 deviations apart: Phi(1/2) and Phi(1)
    for (shift, expected) in [([0.6, 0.8], PHI_HALF), ([1.2, 1.6], PHI_ONE)] {
        let (a, b) = (normals("c2st a", 800, 2), moved(&normals("c2st b", 800, 2), &shift));
        let found = ClassifierTest::default()
            .estimate(&points(&a, 2), &points(&b, 2), 2, &stream())
            .unwrap();
        let error = found.standard_error;
        let ideal = (expected * (1.0 - expected) / 1600.0).sqrt();
        assert!((0.8..1.25).contains(&(error / ideal)), "{error} {ideal}");
        // a network that learned from 1280 rows is a little worse than the best
        assert!(
            found.value < expected + 4.0 * error && found.value > expected - 4.0 * error - 0.015,
            "{found:?} {expected}"
        );
    }
    let (a, b) = (
        points(&normals("same a", 400, 2), 2),
        points(&normals("same b", 400, 2), 2),
    );
    let found = ClassifierTest::default().estimate(&a, &b, 2, &stream()).unwrap();
    assert!((found.value - 0.5).abs() < 4.0 * found.standard_error, "{found:?}");
    let found = NeighbourTest::default().between(&a, &b, &stream()).unwrap();
    assert!((found - 0.5).abs() < 0.05, "{found}");
}

#[test]
fn coverage_of_one_law_does_not_depend_on_the_law() {
    let (n, m, k) = (50_usize, 30_usize, 5_usize);
    let missed: f64 = (1..=k).map(|i| (n - i) as f64 / (n + m - i) as f64).product();
    for dimension in [1, 3] {
        let (mut coverage, mut density) = (Vec::new(), Vec::new());
        for index in 0..300 {
            // any law: cubes of normals
            let draw = |part: &str, rows| {
                let values = normals(&format!("coverage {part} {index}"), rows, dimension);
                points(&values.iter().map(|x| x.powi(3)).collect::<Vec<_>>(), dimension)
            };
            let (reference, sample) = (draw("reference", n), draw("sample", m));
            coverage.push(
                Coverage { neighbours: k }
                    .between(&reference, &sample, &stream())
                    .unwrap(),
            );
            density.push(
                Density { neighbours: k }
                    .between(&reference, &sample, &stream())
                    .unwrap(),
            );
        }
        let (mean, deviation) = mean_and_deviation(&coverage);
        let error = deviation / 300_f64.sqrt();
        assert!(
            (mean - (1.0 - missed)).abs() < 4.0 * error,
            "{mean} +- {error}, expected {}",
            1.0 - missed
        );
        let (mean, deviation) = mean_and_deviation(&density);
        let error = deviation / 300_f64.sqrt();
        assert!((mean - 1.0).abs() < 4.0 * error, "{mean} +- {error}");
    }
}

#[test]
fn standard_errors_are_the_scatter_over_samples() {
    for kind in [
        DistanceKind::SlicedWasserstein,
        DistanceKind::Wasserstein,
        DistanceKind::Mmd,
        DistanceKind::Frechet,
        DistanceKind::Neighbours,
    ] {
        let (mut values, mut squared_errors) = (Vec::new(), Vec::new());
        for index in 0..80 {
            let a = normals(&format!("scatter a {index}"), 80, 2);
            let b = moved(&normals(&format!("scatter b {index}"), 80, 2), &[1.0, 0.5]);
            let (a, b) = (points(&a, 2), points(&b, 2));
            let distance: Box<dyn Distance> = match kind {
                DistanceKind::Mmd => Box::new(MaximumMeanDiscrepancy {
                    bandwidth: Bandwidth::Given(1.5),
                    biased: false,
                }),
                _ => kind.build(&a, &b),
            };
            let found = distance.estimate(&a, &b, 16, &stream()).unwrap();
            values.push(found.value);
            squared_errors.push(found.standard_error.powi(2));
        }
        let scatter = mean_and_deviation(&values).1;
        let stated = mean_and_deviation(&squared_errors).0.sqrt();
        // 80 values know their scatter to 8 %; halves have neighbours of their own, which makes up to sqrt(2)
        let most = if kind == DistanceKind::Neighbours {
            1.3 * 2_f64.sqrt()
        } else {
            1.3
        };
        assert!(
            (0.75..most).contains(&(stated / scatter)),
            "{}: {stated} {scatter}",
            kind.name()
        );
    }
}

#[test]
fn a_sample_of_the_truth_is_within_the_floor_and_a_moved_one_is_not() {
    let reference = points(&normals("floor reference", 600, 3), 3);
    let same = points(&normals("floor sample", 300, 3), 3);
    let other = points(&moved(&normals("floor other", 300, 3), &[0.8, 0.0, 0.0]), 3);
    let settings = CompareSettings {
        resamples: 4,
        splits: 16,
        ..CompareSettings::default()
    };
    for kind in DistanceKind::ALL {
        if kind == DistanceKind::C2st {
            continue;
        }
        let excess = |sample| {
            let distance = kind.build(&reference, sample);
            let found = compare(distance.as_ref(), &reference, sample, &settings, &|| ()).unwrap();
            assert_eq!(found.rows, 300);
            found.excess().unwrap()
        };
        let (within, beyond) = (excess(&same), excess(&other));
        assert!(within.abs() < 4.5, "{}: {within}", kind.name());
        // density sees strays, and a moved normal has few
        if kind != DistanceKind::Density {
            assert!(beyond.abs() > 3.0, "{}: {beyond}", kind.name());
        }
    }
}

#[test]
fn told_counts_the_value_and_every_split() {
    let told = std::sync::atomic::AtomicUsize::new(0);
    let reference = points(&normals("told", 40, 1), 1);
    let count = || {
        told.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    };
    compare(
        &Wasserstein,
        &reference,
        &reference,
        &CompareSettings::default(),
        &count,
    )
    .unwrap();
    assert_eq!(told.into_inner(), 1 + CompareSettings::default().splits);
}
