//! The values of POT, SciPy and scikit-learn for the same points; made by `benches/peers/distances.py`.

use fieldbridge::check::distance::{
    Bandwidth, ClassifierTest, Coverage, Density, Distance, Frechet, MaximumMeanDiscrepancy, NeighbourTest, Points,
    Regularisation, Sinkhorn, SlicedWasserstein, Wasserstein, median_distance,
};
use fieldbridge::random::Stream;
use serde_json::Value;

use super::{mean_and_deviation, stream};

const NAMES: [&str; 2] = ["two", "five"];

fn table(name: &str) -> Vec<Vec<f64>> {
    let path = format!("{}/tests/fixtures/distances/{name}.csv", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let line = |line: &str| line.split(',').map(|cell| cell.parse().unwrap()).collect();
    text.lines().map(line).collect()
}

fn points(rows: &[Vec<f64>]) -> Points {
    Points::new("points", &rows.concat(), rows[0].len()).unwrap()
}

fn values() -> Value {
    let path = format!("{}/tests/fixtures/distances/values.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Both sets, cut to equal size when asked for, and their values.
fn case(name: &str, equal: bool) -> (Points, Points, Value) {
    let (mut reference, mut sample) = (table(&format!("{name}_reference")), table(&format!("{name}_sample")));
    if equal {
        let rows = reference.len().min(sample.len());
        reference.truncate(rows);
        sample.truncate(rows);
    }
    (points(&reference), points(&sample), values()[name].clone())
}

#[track_caller]
fn assert_close(found: f64, expected: &Value, relative: f64) {
    let expected = expected.as_f64().unwrap();
    assert!(
        (found - expected).abs() <= relative * expected.abs().max(1e-3),
        "{found} {expected}"
    );
}

fn value(distance: &dyn Distance, reference: &Points, sample: &Points) -> f64 {
    distance.between(reference, sample, &stream()).unwrap()
}

#[test]
fn transport_costs_are_those_of_pot_and_scipy() {
    for name in NAMES {
        let (reference, sample, expected) = case(name, false);
        assert_close(value(&Wasserstein, &reference, &sample), &expected["wasserstein"], 1e-9);
        let directions: Vec<f64> = expected["directions"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|direction| direction.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()))
            .collect();
        let sliced = SlicedWasserstein::along(&directions, &reference, &sample).unwrap();
        assert_close(sliced, &expected["sliced_wasserstein"], 1e-9);
        for (strength, expected) in expected["sinkhorn"].as_object().unwrap() {
            let sinkhorn = Sinkhorn {
                regularisation: Regularisation::Given(strength.parse().unwrap()),
                tolerance: 1e-8,
                ..Sinkhorn::default()
            };
            assert_close(value(&sinkhorn, &reference, &sample), expected, 1e-6);
            // as used by default
            let hasty = Sinkhorn {
                tolerance: Sinkhorn::default().tolerance,
                ..sinkhorn
            };
            assert_close(value(&hasty, &reference, &sample), expected, 1e-3);
        }
        let (reference, sample, expected) = case(name, true);
        assert_close(
            value(&Wasserstein, &reference, &sample),
            &expected["wasserstein_of_first"],
            1e-9,
        );
    }
}

#[test]
fn kernels_fits_and_neighbours_are_those_of_scipy_and_scikit_learn() {
    for name in NAMES {
        let (reference, sample, expected) = case(name, false);
        assert_close(
            median_distance(&reference, &sample),
            &expected["median_distance"],
            1e-12,
        );
        for (width, expected) in expected["mmd"].as_object().unwrap() {
            for (biased, place) in [(false, 0), (true, 1)] {
                let bandwidth = Bandwidth::Given(width.parse().unwrap());
                let found = value(&MaximumMeanDiscrepancy { bandwidth, biased }, &reference, &sample);
                assert_close(found, &expected[place], 1e-9);
            }
        }
        assert_close(value(&Frechet, &reference, &sample), &expected["frechet"], 1e-9);
        assert_close(
            value(&Coverage::default(), &reference, &sample),
            &expected["coverage_and_density"][0],
            1e-12,
        );
        assert_close(
            value(&Density::default(), &reference, &sample),
            &expected["coverage_and_density"][1],
            1e-12,
        );
        let (reference, sample, expected) = case(name, true);
        let neighbours = value(&NeighbourTest::default(), &reference, &sample);
        assert_close(neighbours, &expected["neighbours_of_first"], 1e-12);
    }
}

#[test]
fn classifiers_agree_with_those_of_scikit_learn_within_the_scatter_of_seeds() {
    for name in NAMES {
        let (reference, sample, expected) = case(name, true);
        let list = expected["c2st_of_first"].as_array().unwrap();
        let theirs: Vec<f64> = list.iter().map(|x| x.as_f64().unwrap()).collect();
        let ours: Vec<f64> = (0..theirs.len() as u64)
            .map(|seed| {
                let stream = Stream::new(seed, "classifier", 0);
                ClassifierTest::default().between(&reference, &sample, &stream).unwrap()
            })
            .collect();
        let (theirs, ours) = (mean_and_deviation(&theirs), mean_and_deviation(&ours));
        let error = ((theirs.1.powi(2) + ours.1.powi(2)) / list.len() as f64).sqrt();
        // with few seeds their scatter is not well known: no less than one row in a hundred
        assert!(
            (theirs.0 - ours.0).abs() < 4.0 * error.max(0.005),
            "{name}: {theirs:?} {ours:?}"
        );
    }
}
