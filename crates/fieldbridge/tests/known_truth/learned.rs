//! Trained bridges: normalised, never better than the truth, and near it.

use fieldbridge::bridge::Rows;
use fieldbridge::device::cpu;
use fieldbridge::network::Context;
use fieldbridge::random::Stream;

use super::mixture::{Mixture, in_one_dimension, in_two_dimensions};
use super::training::{families, trained};
use super::{host, integral, log_density, mean_and_error, normals, rows};

/// Trains every family on a mixture; `lost` is the most that may be lost against the truth, nats.
fn learn(truth: &Mixture, cells: usize, steps: usize, lost: f64) {
    let dimension = truth.dimension();
    let data = rows(&truth.sample(20_000, "training"), dimension, &[]);
    let held_out = truth.sample(1500, "held out");
    let expected = truth.log_densities(&held_out);
    for (name, recipe) in families(dimension) {
        let (bridge, weights) = trained(&recipe, dimension, &data, steps);
        let total = integral(bridge.as_ref(), &weights, 4.5, cells, &[]);
        assert!((total - 1.0).abs() < 1e-3, "{name} on {}: integral {total}", truth.name);
        let found = log_density(bridge.as_ref(), &weights, &rows(&held_out, dimension, &[]));
        let differences: Vec<f64> = found
            .iter()
            .zip(&expected)
            .map(|((value, _), truth)| value - truth)
            .collect();
        let solver_error = found.iter().map(|(_, error)| error).sum::<f64>() / found.len() as f64;
        let (mean, error) = mean_and_error(&differences);
        eprintln!(
            "{name} on {}: {mean:.4} +- {error:.4} against the truth, solver {solver_error:.1e}, integral {total:.6}",
            truth.name
        );
        assert!(
            mean < 4.0 * error + solver_error,
            "{name} on {}: {mean} +- {error} above the truth",
            truth.name
        );
        assert!(
            mean > -lost,
            "{name} on {}: {mean} +- {error} against the truth",
            truth.name
        );
        // draws are draws of the density
        let drawn = host(
            bridge
                .sample(&weights, 1000, None, &Stream::new(5, "draws", 0))
                .unwrap(),
        );
        let drawn: Vec<f32> = drawn.iter().map(|&x| x as f32).collect();
        let of_draws: Vec<f64> = log_density(bridge.as_ref(), &weights, &rows(&drawn, dimension, &[]))
            .iter()
            .map(|(value, _)| *value)
            .collect();
        let (points, volume) = super::grid(dimension, 4.5, cells);
        let on_grid = log_density(bridge.as_ref(), &weights, &rows(&points, dimension, &[]));
        let negative_entropy: f64 = on_grid.iter().map(|(value, _)| value.exp() * value).sum::<f64>() * volume;
        let (mean, error) = mean_and_error(&of_draws);
        assert!(
            (mean - negative_entropy).abs() < 4.0 * error + 1e-3,
            "{name} on {}: draws have mean log-density {mean} +- {error}, the density gives {negative_entropy}",
            truth.name
        );
    }
}

#[test]
fn every_family_learns_one_dimension() {
    learn(&in_one_dimension(), 400, 300, 0.04);
}

#[test]
fn every_family_learns_two_dimensions() {
    learn(&in_two_dimensions(), 64, 400, 0.08);
}

/// `theta ~ N(0, 1)`, seen as `theta + N(0, 0.5^2)`: given `c` it is normal with mean `c / 1.25` and variance `0.2`.
#[test]
fn every_family_learns_the_analytic_posterior() {
    let count = 20_000;
    let theta = normals("theta", count);
    let noise = normals("noise", count);
    let seen: Vec<f32> = theta
        .iter()
        .zip(&noise)
        .map(|(theta, noise)| theta + 0.5 * noise)
        .collect();
    let data = Rows {
        count,
        data: theta,
        context: seen,
        mask: vec![1.0; count],
        ..Rows::default()
    };
    for (name, recipe) in families(1) {
        let (bridge, weights) = trained(&recipe, 1, &data, 300);
        for c in [-1.5_f32, 0.0, 1.0] {
            let (mean, deviation) = (f64::from(c) / 1.25, 0.2_f64.sqrt());
            let (points, width) = super::grid(1, 5.0, 300);
            let densities = log_density(bridge.as_ref(), &weights, &rows(&points, 1, &[c]));
            let moment = |power: i32, centre: f64| -> f64 {
                let terms = points.iter().zip(&densities);
                terms
                    .map(|(&x, (value, _))| value.exp() * (f64::from(x) - centre).powi(power))
                    .sum::<f64>()
                    * width
            };
            assert!(
                (moment(0, 0.0) - 1.0).abs() < 1e-3,
                "{name}: integral {}",
                moment(0, 0.0)
            );
            let found = moment(1, 0.0);
            let spread = moment(2, found).sqrt();
            eprintln!("{name} given {c}: {found:.3} +- {spread:.3}, truth {mean:.3} +- {deviation:.3}");
            assert!(
                (found - mean).abs() < 0.15 * deviation,
                "{name} given {c}: mean {found}, truth {mean}"
            );
            assert!(
                (spread / deviation - 1.0).abs() < 0.1,
                "{name} given {c}: deviation {spread}, truth {deviation}"
            );
            let draws = 2000;
            let context = Context::from_host(&vec![c; draws], &vec![1.0; draws], draws, &cpu());
            let drawn = host(
                bridge
                    .sample(&weights, draws, Some(&context), &Stream::new(6, "draws", 0))
                    .unwrap(),
            );
            let (of_draws, error) = mean_and_error(&drawn);
            assert!(
                (of_draws - found).abs() < 4.0 * error,
                "{name} given {c}: draws {of_draws}, density {found}"
            );
        }
    }
}
