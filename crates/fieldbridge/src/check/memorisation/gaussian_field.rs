//! Gaussian random fields on a periodic square, whose optimal denoiser is known.

use std::f64::consts::TAU;

use crate::random::Stream;

/// Fields of `side x side` pixels with mean zero, variance one and power `P(k) = A (1 + |k|^2)^(-slope/2)`, `k` being whole
/// numbers of waves along the sides. Every mode is an independent normal number of variance `P(k)`; modes are those of the
/// Hartley transform, the real form of Fourier's (Bracewell 1983).
#[derive(Clone, Debug)]
pub struct GaussianField {
    side: usize,
    power: Vec<f64>,
    /// `[side, side]`, symmetric and its own inverse.
    transform: Vec<f64>,
}

impl GaussianField {
    /// Fields of this size and slope.
    ///
    /// # Panics
    /// When `side` is zero.
    pub fn new(side: usize, slope: f64) -> Self {
        assert!(side > 0, "a field has pixels");
        let waves = |index: usize| index.min(side - index) as f64;
        let raw: Vec<f64> = (0..side * side)
            .map(|at| (1.0 + waves(at / side).powi(2) + waves(at % side).powi(2)).powf(-0.5 * slope))
            .collect();
        let mean = raw.iter().sum::<f64>() / raw.len() as f64;
        let transform = (0..side * side)
            .map(|at| {
                let angle = TAU * ((at / side) * (at % side) % side) as f64 / side as f64;
                (angle.cos() + angle.sin()) / (side as f64).sqrt()
            })
            .collect();
        Self {
            side,
            power: raw.iter().map(|power| power / mean).collect(),
            transform,
        }
    }

    /// Number of pixels.
    pub fn pixels(&self) -> usize {
        self.side * self.side
    }

    /// `P(k)` of every mode, `[side, side]`; its mean is the variance of a pixel, 1.
    pub fn power(&self) -> &[f64] {
        &self.power
    }

    /// `rows` independent fields, `[rows, pixels]` flat.
    pub fn draw(&self, rows: usize, stream: &Stream) -> Vec<f64> {
        let noise = stream.normals(rows * self.pixels());
        let modes: Vec<f64> = noise
            .iter()
            .zip(self.power.iter().cycle())
            .map(|(&z, power)| f64::from(z) * power.sqrt())
            .collect();
        self.transformed(&modes)
    }

    /// Modes of fields, or fields of modes.
    pub fn transformed(&self, fields: &[f64]) -> Vec<f64> {
        let side = self.side;
        let mut result = vec![0.0; fields.len()];
        let mut half = vec![0.0; self.pixels()];
        for (field, out) in fields
            .chunks_exact(self.pixels())
            .zip(result.chunks_exact_mut(self.pixels()))
        {
            multiply(&self.transform, field, &mut half, side);
            multiply(&half, &self.transform, out, side);
        }
        result
    }

    /// The mean squared error per pixel of the best estimate of a field seen through noise of this deviation:
    /// `mean over k of P s^2 / (P + s^2)`.
    pub fn least_error(&self, deviation: f64) -> f64 {
        let noise = deviation * deviation;
        self.power
            .iter()
            .map(|power| power * noise / (power + noise))
            .sum::<f64>()
            / self.pixels() as f64
    }
}

fn multiply(a: &[f64], b: &[f64], out: &mut [f64], side: usize) {
    out.fill(0.0);
    for (line, left) in out.chunks_exact_mut(side).zip(a.chunks_exact(side)) {
        for (factor, right) in left.iter().zip(b.chunks_exact(side)) {
            line.iter_mut()
                .zip(right)
                .for_each(|(sum, value)| *sum += factor * value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_transform_is_its_own_inverse() {
        let field = GaussianField::new(6, 2.0);
        let one = field.draw(3, &Stream::new(1, "fields", 0));
        let back = field.transformed(&field.transformed(&one));
        assert!(one.iter().zip(&back).all(|(a, b)| (a - b).abs() < 1e-13));
    }

    #[test]
    fn pixels_covary_as_the_power_spectrum_says() {
        let (side, rows) = (6, 40_000);
        let field = GaussianField::new(side, 2.0);
        let drawn = field.draw(rows, &Stream::new(2, "fields", 0));
        for (dx, dy) in [(0, 0), (1, 0), (2, 1), (3, 3), (0, 2)] {
            let products: Vec<f64> = drawn
                .chunks_exact(side * side)
                .map(|pixels| pixels[side + 4] * pixels[(1 + dx) % side * side + (4 + dy) % side])
                .collect();
            let found = products.iter().sum::<f64>() / rows as f64;
            let expected: f64 = (0..side * side)
                .map(|at| {
                    let phase = TAU * (at / side * dx + at % side * dy) as f64 / side as f64;
                    field.power()[at] * phase.cos() / (side * side) as f64
                })
                .sum();
            // products of unit normals have deviation at most sqrt(2)
            let error = 2_f64.sqrt() / (rows as f64).sqrt();
            assert!((found - expected).abs() < 4.0 * error, "{dx} {dy}: {found} {expected}");
        }
    }
}
