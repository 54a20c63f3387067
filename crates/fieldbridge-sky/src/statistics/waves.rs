//! Smoothing and derivatives of maps by their waves.

use std::f64::consts::PI;

use crate::field::{HartleyTransform, Patch};

/// Smooths and differentiates the maps of a patch, which is taken to be periodic.
#[derive(Debug, Clone)]
pub struct Waves {
    patch: Patch,
    transform: HartleyTransform,
}

/// First and second derivatives of a map, per arc minute; `x` runs along rows, `y` from row to row.
#[derive(Debug, Clone)]
pub(super) struct Derivatives {
    pub(super) x: Vec<f64>,
    pub(super) y: Vec<f64>,
    pub(super) xx: Vec<f64>,
    pub(super) xy: Vec<f64>,
    pub(super) yy: Vec<f64>,
}

impl Waves {
    /// For maps of a patch.
    #[must_use]
    pub fn new(patch: Patch) -> Self {
        Self {
            patch,
            transform: HartleyTransform::new(patch.pixels()),
        }
    }

    /// The map convolved with a round Gaussian of deviation `arcmin`.
    ///
    /// # Panics
    /// When the map has another size than the patch.
    #[must_use]
    pub fn smoothed(&self, map: &[f64], arcmin: f64) -> Vec<f64> {
        let waves = self.of(map);
        self.map(&waves, |_, value, [x, y]| {
            value * (-0.5 * (x * x + y * y) * arcmin * arcmin).exp()
        })
    }

    pub(super) fn derivatives(&self, map: &[f64]) -> Derivatives {
        let waves = self.of(map);
        let side = self.patch.pixels();
        // d/dx sum h(k) cas(k x) = sum -k_x h(-k) cas(k x); the Nyquist wave has no slope at the pixels
        let slope = |axis: usize| {
            self.map(&waves, |index, _, wave| {
                let (row, column) = (index / side, index % side);
                let mirrored = (side - row) % side * side + (side - column) % side;
                let nyquist = 2 * [column, row][axis] == side;
                if nyquist { 0.0 } else { -wave[axis] * waves[mirrored] }
            })
        };
        Derivatives {
            x: slope(0),
            y: slope(1),
            xx: self.map(&waves, |_, value, [x, _]| -x * x * value),
            xy: self.map(&waves, |index, value, [x, y]| {
                let nyquist = 2 * (index / side) == side || 2 * (index % side) == side;
                if nyquist { 0.0 } else { -x * y * value }
            }),
            yy: self.map(&waves, |_, value, [_, y]| -y * y * value),
        }
    }

    /// Amplitudes of the waves of a map.
    fn of(&self, map: &[f64]) -> Vec<f64> {
        let mut waves = map.to_vec();
        self.transform.apply(&mut waves);
        for wave in &mut waves {
            *wave /= self.patch.area_pixels() as f64;
        }
        waves
    }

    /// The map of changed waves; the change is told index, amplitude and wave vector `(x, y)` per arc minute.
    fn map(&self, waves: &[f64], change: impl Fn(usize, f64, [f64; 2]) -> f64) -> Vec<f64> {
        let side = self.patch.pixels();
        let unit = 2.0 * PI / (self.patch.width_degrees() * 60.0);
        let frequencies: Vec<f64> = (0..side).map(|index| self.patch.frequency(index) * unit).collect();
        let mut map: Vec<f64> = waves
            .iter()
            .enumerate()
            .map(|(index, &value)| change(index, value, [frequencies[index % side], frequencies[index / side]]))
            .collect();
        self.transform.apply(&mut map);
        map
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wave_has_its_derivatives_and_is_damped() {
        let patch = Patch::new(24, 2.0).unwrap();
        let waves = Waves::new(patch);
        let unit = 2.0 * PI / 120.0;
        let (kx, ky) = (3.0 * unit, -2.0 * unit);
        let phase = |index: usize| {
            let (x, y) = ((index % 24) as f64 * 5.0, (index / 24) as f64 * 5.0);
            kx * x + ky * y + 0.4
        };
        let map: Vec<f64> = (0..24 * 24).map(|index| phase(index).sin()).collect();
        let found = waves.derivatives(&map);
        let smooth = waves.smoothed(&map, 7.0);
        for (index, &smooth) in smooth.iter().enumerate() {
            let (sine, cosine) = phase(index).sin_cos();
            let pairs = [
                (found.x[index], kx * cosine),
                (found.y[index], ky * cosine),
                (found.xx[index], -kx * kx * sine),
                (found.xy[index], -kx * ky * sine),
                (found.yy[index], -ky * ky * sine),
                (smooth, sine * (-0.5 * (kx * kx + ky * ky) * 49.0).exp()),
            ];
            for (number, (found, exact)) in pairs.into_iter().enumerate() {
                assert!((found - exact).abs() < 1e-13, "{number}: {found} {exact}");
            }
        }
    }
}
