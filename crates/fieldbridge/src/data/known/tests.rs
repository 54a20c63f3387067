//! Draws against the density they are said to have.

use super::*;

/// A multiple of the fields of a board, so that their edges are edges of cells.
const CELLS: usize = 120;

/// Log-densities in the middle of `cells * cells` cells, and the area of one.
fn on_grid(known: &dyn Known, cells: usize) -> (Vec<f64>, f64) {
    let edge = known.edge();
    let width = 2.0 * edge / cells as f64;
    let place = |at: usize| (at as f64 + 0.5) * width - edge;
    let points = (0..cells * cells).map(|at| known.log_density([place(at / cells), place(at % cells)]));
    (points.collect(), width * width)
}

#[test]
fn densities_are_normalised_and_draws_follow_them() {
    for kind in KnownKind::ALL {
        let known = kind.build(None).unwrap();
        let (fine, area) = on_grid(known.as_ref(), CELLS);
        let total: f64 = fine.iter().map(|value| value.exp()).sum::<f64>() * area;
        assert!((total - 1.0).abs() < 1e-3, "{kind:?} integrates to {total}");
        let entropy: f64 = -area
            * fine
                .iter()
                .filter(|value| value.is_finite())
                .map(|value| value * value.exp())
                .sum::<f64>();

        let count = 4000;
        let drawn = draw(known.as_ref(), count, &Stream::new(3, "known", 0));
        let values: Vec<f64> = drawn.iter().map(|one| known.log_density(one.point)).collect();
        let mean = values.iter().sum::<f64>() / count as f64;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count as f64;
        let error = (variance / count as f64).sqrt();
        assert!(
            (mean + entropy).abs() < 4.0 * error + 1e-3,
            "{kind:?}: {mean} +- {error}, minus the entropy is {}",
            -entropy
        );

        // how many draws fall into each of 24^2 cells
        let (cells, edge) = (24, known.edge());
        let mut found = vec![0.0; cells * cells];
        for one in &drawn {
            let [x, y] = one.point.map(|x| ((x + edge) / (2.0 * edge) * cells as f64) as usize);
            if x < cells && y < cells {
                found[x * cells + y] += 1.0;
            }
        }
        let mut expected = vec![0.0; cells * cells];
        for (at, value) in fine.iter().enumerate() {
            expected[at / CELLS / 5 * cells + at % CELLS / 5] += value.exp() * area * count as f64;
        }
        let used: Vec<usize> = (0..cells * cells).filter(|&cell| expected[cell] > 5.0).collect();
        let chi_squared: f64 = used
            .iter()
            .map(|&cell| (found[cell] - expected[cell]).powi(2) / expected[cell])
            .sum();
        let free = used.len() as f64 - 1.0;
        assert!(
            chi_squared < free + 5.0 * (2.0 * free).sqrt(),
            "{kind:?}: chi squared {chi_squared} of {free}"
        );
    }
}

#[test]
fn draws_depend_on_the_stream_alone_and_more_of_them_begin_alike() {
    for kind in KnownKind::ALL {
        let known = kind.build(None).unwrap();
        let stream = Stream::new(1, kind.name(), 0);
        let many = draw(known.as_ref(), 50, &stream);
        assert_eq!(many[..20], draw(known.as_ref(), 20, &stream));
        assert_ne!(many, draw(known.as_ref(), 50, &Stream::new(2, kind.name(), 0)));
        let last = draw(known.as_ref(), 500, &stream).iter().map(|one| one.part).max();
        assert_eq!(last, Some(kind.parts() - 1), "{kind:?}");
    }
}

#[test]
fn a_quadrature_has_converged() {
    let noises = [0.03, 0.05, 0.3];
    for noise in noises {
        let moons = KnownKind::TwoMoons.build(Some(noise)).unwrap();
        for one in draw(moons.as_ref(), 50, &Stream::new(4, "moons", 0)) {
            let points = 200_000;
            let sum: f64 = (0..points)
                .map(|at| {
                    let angle = 2.0 * std::f64::consts::PI * (f64::from(at) + 0.5) / f64::from(points);
                    let lower = if at >= points / 2 { 1.0 } else { 0.0 };
                    let x = one.point[0] - angle.cos() - lower + 0.5;
                    let y = one.point[1] - angle.sin() - 0.5 * lower + 0.25;
                    (-0.5 * (x * x + y * y) / (noise * noise)).exp()
                })
                .sum();
            let expected = (sum / f64::from(points) / (2.0 * std::f64::consts::PI * noise * noise)).ln();
            let found = moons.log_density(one.point);
            assert!((found - expected).abs() < 1e-5, "{noise}: {found} {expected}");
        }
    }
}

#[test]
fn a_noise_that_means_nothing_is_refused() {
    for (kind, noise) in [
        (KnownKind::EightGaussians, 0.1),
        (KnownKind::TwoMoons, 0.0),
        (KnownKind::TwoMoons, f64::NAN),
        (KnownKind::TwoCircles, -1.0),
    ] {
        match kind.build(Some(noise)) {
            Err(Error::Recipe { key, .. }) => assert_eq!(key, "data.noise"),
            other => panic!("{kind:?} {noise}: {:?}", other.map(|_| "accepted")),
        }
    }
}
