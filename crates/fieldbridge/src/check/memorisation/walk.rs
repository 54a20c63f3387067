//! What a denoiser does: draws, and errors at a level of noise.

use super::Denoiser;
use crate::error::Error;
use crate::random::Stream;

/// Draws a denoiser makes of unit noise, `[rows, d]` flat: `dx/dt = (E[x1 | x_t] - x_t) / (1 - t)` from `t = 0` to 1 by Heun's
/// method with `steps` steps that shrink towards the data, the last of them straight to the estimate.
///
/// # Errors
/// Those of the denoiser.
pub fn draw_from_noise(denoiser: &dyn Denoiser, noise: &[f64], steps: usize) -> Result<Vec<f64>, Error> {
    let steps = steps.max(1);
    let time = |index: usize| 1.0 - (1.0 - index as f64 / steps as f64).powi(2);
    let velocity = |x: &[f64], t: f64| -> Result<Vec<f64>, Error> {
        let clean = denoiser.clean(x, t)?;
        Ok(clean.iter().zip(x).map(|(clean, x)| (clean - x) / (1.0 - t)).collect())
    };
    let mut x = noise.to_vec();
    for index in 0..steps - 1 {
        let (t, next) = (time(index), time(index + 1));
        let h = next - t;
        let first = velocity(&x, t)?;
        let ahead: Vec<f64> = x.iter().zip(&first).map(|(x, v)| x + h * v).collect();
        let second = velocity(&ahead, next)?;
        for ((x, first), second) in x.iter_mut().zip(&first).zip(&second) {
            *x += 0.5 * h * (first + second);
        }
    }
    denoiser.clean(&x, time(steps - 1))
}

/// The mean squared error per number of `data` (`[rows, d]` flat) seen through noise of this deviation and denoised. Noise of
/// deviation `s` on the data is the path at `t = 1 / (1 + s)`, scaled.
///
/// # Errors
/// Those of the denoiser.
pub fn mean_squared_error(
    denoiser: &dyn Denoiser,
    data: &[f64],
    deviation: f64,
    stream: &Stream,
) -> Result<f64, Error> {
    let t = 1.0 / (1.0 + deviation);
    let noise = stream.normals(data.len());
    let seen: Vec<f64> = data
        .iter()
        .zip(noise)
        .map(|(x, z)| t * (x + deviation * f64::from(z)))
        .collect();
    let clean = denoiser.clean(&seen, t)?;
    Ok(clean
        .iter()
        .zip(data)
        .map(|(clean, x)| (clean - x).powi(2))
        .sum::<f64>()
        / data.len() as f64)
}

/// `-10 log10(mean squared error)` in decibel, the peak being 1: one deviation of standardised data.
pub fn peak_signal_to_noise(mean_squared_error: f64) -> f64 {
    -10.0 * mean_squared_error.log10()
}

#[cfg(test)]
mod tests {
    use super::super::{GaussianField, TrainingSet, Wiener};
    use super::*;

    fn noise(rows: usize, width: usize, index: u64) -> Vec<f64> {
        let drawn = Stream::new(9, "noise", index).normals(rows * width);
        drawn.into_iter().map(f64::from).collect()
    }

    #[test]
    fn the_wiener_walk_is_the_optimal_map_of_every_mode() {
        // a normal number of variance P grows from its noise as sqrt(t^2 P + (1 - t)^2), to sqrt(P) z
        let field = GaussianField::new(5, 2.0);
        let start = noise(20, 25, 0);
        let drawn = field.transformed(&draw_from_noise(&Wiener(&field), &start, 200).unwrap());
        let modes = field.transformed(&start);
        for ((found, z), power) in drawn.iter().zip(&modes).zip(field.power().iter().cycle()) {
            assert!(
                (found - power.sqrt() * z).abs() < 2e-3 * (1.0 + z.abs()),
                "{found} {}",
                power.sqrt() * z
            );
        }
    }

    #[test]
    fn the_error_of_the_wiener_filter_is_its_closed_form_and_no_other_is_smaller() {
        let field = GaussianField::new(6, 2.0);
        let data = field.draw(3000, &Stream::new(3, "fields", 0));
        let few = field.draw(50, &Stream::new(4, "fields", 0));
        let copies = TrainingSet {
            rows: &few,
            dimension: 36,
        };
        for deviation in [0.1, 0.5, 2.0] {
            let stream = Stream::new(5, "noise", 0);
            let found = mean_squared_error(&Wiener(&field), &data, deviation, &stream).unwrap();
            let expected = field.least_error(deviation);
            assert!((found / expected - 1.0).abs() < 0.03, "{deviation}: {found} {expected}");
            assert!(mean_squared_error(&copies, &data, deviation, &stream).unwrap() > 1.1 * expected);
        }
        assert!((peak_signal_to_noise(0.01) - 20.0).abs() < 1e-12);
    }

    #[test]
    fn the_walk_of_a_training_set_ends_on_its_rows() {
        let rows = noise(7, 9, 1);
        let drawn = draw_from_noise(
            &TrainingSet {
                rows: &rows,
                dimension: 9,
            },
            &noise(30, 9, 2),
            100,
        )
        .unwrap();
        for draw in drawn.chunks_exact(9) {
            let apart = |row: &[f64]| draw.iter().zip(row).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(rows.chunks_exact(9).any(|row| apart(row) < 1e-6), "{draw:?}");
        }
    }
}
