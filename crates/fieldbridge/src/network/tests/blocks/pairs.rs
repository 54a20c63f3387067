//! Separations in a periodic box.

use super::super::super::{Dual, PeriodicPairs};
use super::{assert_close, host, normals, tensor, wide};

const POINTS: usize = 4;
const SIDE: f32 = 2.5;
const PAIRS: PeriodicPairs = PeriodicPairs {
    coordinates: 2,
    side: SIDE,
};

/// Features of all pairs; the third number of a point is not a coordinate.
fn features(points: &[f32]) -> Vec<f32> {
    let points = Dual::alone(tensor(points, [1, POINTS, 3]));
    host(PAIRS.forward(points).into_value())
}

#[test]
fn features_are_what_their_formulas_say() {
    let points = host(normals("points", POINTS, 3));
    let side = f64::from(SIDE);
    let mut expected = Vec::new();
    for (i, j) in (0..POINTS).flat_map(|i| (0..POINTS).map(move |j| (i, j))) {
        let phases = [0, 1].map(|axis| {
            let apart = f64::from(points[3 * j + axis]) - f64::from(points[3 * i + axis]);
            std::f64::consts::TAU * apart / side
        });
        let square: f64 = phases
            .iter()
            .map(|phase| (side / std::f64::consts::PI * (phase / 2.0).sin()).powi(2))
            .sum();
        let radial = [4.0, 8.0, 16.0, 32.0].map(|share| (-square / (2.0 * (side / share).powi(2))).exp());
        expected.extend(phases.map(f64::cos));
        expected.extend(phases.map(f64::sin));
        expected.extend(radial);
        for phase in phases {
            expected.extend(radial.map(|radial| phase.sin() * radial));
        }
    }
    assert_eq!(expected.len(), POINTS * POINTS * PAIRS.features());
    assert_close(&features(&points), &expected, "features");
}

#[test]
fn images_of_a_point_and_shifts_of_all_are_not_seen() {
    let points = host(normals("points", POINTS, 3));
    let before = wide(&features(&points));
    let mut image = points.clone();
    image[3] += 2.0 * SIDE;
    image[7] -= SIDE;
    assert_close(&features(&image), &before, "images");
    let mut shifted = points.clone();
    shifted.chunks_exact_mut(3).for_each(|point| {
        point[0] += 0.7;
        point[1] -= 0.2;
        point[2] += 5.0;
    });
    assert_close(&features(&shifted), &before, "shifts");
    let mut moved = points;
    moved[3] += 0.5 * SIDE;
    let moved = features(&moved);
    assert!(
        moved
            .iter()
            .zip(&before)
            .any(|(moved, before)| (f64::from(*moved) - before).abs() > 0.1)
    );
}
