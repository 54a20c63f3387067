//! Amplitudes of the waves of maps.

use std::sync::{LazyLock, Mutex};

use rustfft::num_complex::Complex64;
use rustfft::{FftDirection, FftPlanner};
use serde::{Deserialize, Serialize};

use super::plane::transform;

/// Plans, which are made once for each length.
static PLANS: LazyLock<Mutex<FftPlanner<f64>>> = LazyLock::new(|| Mutex::new(FftPlanner::new()));

/// The mean amplitude of the waves of scaled maps by their length, for each bin: `A_r = sqrt(mean |h(k)|^2) / N`, over
/// training rows and waves whose wave number, in waves to a side of `N` pixels, rounds to `r`, so that white noise of
/// deviation one has `A = 1`. Waves of length zero, which simulated maps lack, take the amplitude of the longest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WaveScaling {
    /// `[bin][r]`.
    pub amplitudes: Vec<Vec<f64>>,
}

/// Rounded wave number of a place of the transform of a square plane.
fn ring(place: usize, side: usize) -> usize {
    let along = |index: usize| index.min(side - index) as f64;
    along(place / side).hypot(along(place % side)).round() as usize
}

/// Power of the waves of some maps, while it is summed.
pub(super) struct WavePowers {
    side: usize,
    /// `[bin][r]`: sum and number.
    sums: Vec<Vec<(f64, f64)>>,
}

impl WavePowers {
    pub(super) fn new(bins: usize, side: usize) -> Self {
        let rings = (0..side * side).map(|place| ring(place, side)).max().unwrap_or(0) + 1;
        Self {
            side,
            sums: vec![vec![(0.0, 0.0); rings]; bins],
        }
    }

    /// Adds maps, place by place.
    pub(super) fn add(&mut self, maps: &[f32]) {
        let (bins, side) = (self.sums.len(), self.side);
        for (bin, sums) in self.sums.iter_mut().enumerate() {
            let values = maps.iter().skip(bin).step_by(bins);
            let mut plane: Vec<Complex64> = values.map(|&value| Complex64::from(f64::from(value))).collect();
            transform(&PLANS, &mut plane, side, FftDirection::Forward);
            for (place, value) in plane.iter().enumerate() {
                let (sum, count) = &mut sums[ring(place, side)];
                *sum += value.norm_sqr();
                *count += 1.0;
            }
        }
    }

    /// Amplitudes of maps over their deviations.
    pub(super) fn scaling(&self, deviation: &[f64]) -> WaveScaling {
        let of = |sums: &[(f64, f64)], deviation: f64| -> Vec<f64> {
            let mut amplitudes: Vec<f64> = sums
                .iter()
                .map(|(sum, count)| (sum / count.max(1.0)).sqrt() / (self.side as f64 * deviation))
                .collect();
            // what has no power keeps its scale
            for amplitude in &mut amplitudes {
                if !(*amplitude > 1e-6 && amplitude.is_finite()) {
                    *amplitude = 1.0;
                }
            }
            if amplitudes.len() > 1 {
                amplitudes[0] = amplitudes[1];
            }
            amplitudes
        };
        let bins = self.sums.iter().zip(deviation);
        WaveScaling {
            amplitudes: bins.map(|(sums, &deviation)| of(sums, deviation)).collect(),
        }
    }
}

impl WaveScaling {
    /// Scaled maps, place by place, with their waves over the amplitudes.
    pub(super) fn flatten(&self, maps: &mut [f32], side: usize) {
        self.filter(maps, side, |amplitude| 1.0 / amplitude);
    }

    /// The way back.
    pub(super) fn restore(&self, maps: &mut [f32], side: usize) {
        self.filter(maps, side, |amplitude| amplitude);
    }

    /// `log |det|` of [`WaveScaling::flatten`].
    pub(super) fn log_volume(&self, side: usize) -> f64 {
        let each = |amplitudes: &Vec<f64>| {
            (0..side * side)
                .map(|place| amplitudes[ring(place, side)].ln())
                .sum::<f64>()
        };
        -self.amplitudes.iter().map(each).sum::<f64>()
    }

    fn filter(&self, maps: &mut [f32], side: usize, factor: impl Fn(f64) -> f64) {
        let bins = self.amplitudes.len();
        let area = (side * side) as f64;
        for (bin, amplitudes) in self.amplitudes.iter().enumerate() {
            let factors: Vec<f64> = amplitudes.iter().map(|&amplitude| factor(amplitude) / area).collect();
            let values = maps.iter().skip(bin).step_by(bins);
            let mut plane: Vec<Complex64> = values.map(|&value| Complex64::from(f64::from(value))).collect();
            transform(&PLANS, &mut plane, side, FftDirection::Forward);
            for (place, value) in plane.iter_mut().enumerate() {
                *value *= factors[ring(place, side)];
            }
            transform(&PLANS, &mut plane, side, FftDirection::Inverse);
            for (value, wave) in maps.iter_mut().skip(bin).step_by(bins).zip(&plane) {
                *value = wave.re as f32;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::determinant::log_determinant;
    use crate::random::Stream;

    const SIDE: usize = 8;

    /// Maps in two bins: white noise, and white noise of which every second pixel along a row is the mean of its neighbours.
    fn maps(count: usize) -> Vec<Vec<f32>> {
        let each = |index: u64| {
            let noise = Stream::new(3, "maps", index).normals(2 * SIDE * SIDE);
            let mut maps = noise.clone();
            for place in 0..SIDE * SIDE {
                let next = place / SIDE * SIDE + (place + 1) % SIDE;
                maps[2 * place + 1] = 0.5 * (noise[2 * place + 1] + noise[2 * next + 1]);
            }
            maps
        };
        (0..count as u64).map(each).collect()
    }

    fn scaling(maps: &[Vec<f32>], deviation: &[f64]) -> WaveScaling {
        let mut powers = WavePowers::new(2, SIDE);
        maps.iter().for_each(|maps| powers.add(maps));
        powers.scaling(deviation)
    }

    #[test]
    fn white_noise_has_amplitude_one_and_smooth_maps_less_where_they_are_smooth() {
        let found = scaling(&maps(2000), &[1.0, 0.5_f64.sqrt()]);
        let [white, smooth] = &found.amplitudes[..] else {
            panic!("two bins")
        };
        assert!(
            white.iter().all(|amplitude| (amplitude - 1.0).abs() < 0.03),
            "{white:?}"
        );
        assert!(smooth[1] > 1.2 && smooth[5] < smooth[1], "{smooth:?}");
    }

    #[test]
    fn flattened_maps_have_one_power_at_all_lengths_and_come_back() {
        let maps = maps(2000);
        let waves = scaling(&maps, &[1.0, 0.5_f64.sqrt()]);
        let flat: Vec<Vec<f32>> = maps
            .iter()
            .map(|maps| {
                let mut flat: Vec<f32> = maps.clone();
                flat.iter_mut()
                    .skip(1)
                    .step_by(2)
                    .for_each(|value| *value /= 0.5_f32.sqrt());
                waves.flatten(&mut flat, SIDE);
                flat
            })
            .collect();
        // the ring of waves of length zero has the amplitude of the next
        for amplitudes in scaling(&flat, &[1.0, 1.0]).amplitudes {
            assert!(amplitudes[1..].iter().all(|amplitude| (amplitude - 1.0).abs() < 1e-4));
        }
        let mut back = flat[7].clone();
        waves.restore(&mut back, SIDE);
        back.iter_mut()
            .skip(1)
            .step_by(2)
            .for_each(|value| *value *= 0.5_f32.sqrt());
        for (back, was) in back.iter().zip(&maps[7]) {
            assert!((back - was).abs() < 1e-5);
        }
    }

    /// Against the determinant of the map itself, column by column.
    #[test]
    fn the_volume_is_that_of_the_determinant() {
        const SMALL: usize = 4;
        let waves = WaveScaling {
            amplitudes: vec![vec![1.7, 1.7, 0.6, 0.4]],
        };
        let size = SMALL * SMALL;
        let matrix = (0..size).flat_map(|place| {
            let mut unit = vec![0.0; size];
            unit[place] = 1.0;
            waves.flatten(&mut unit, SMALL);
            unit.into_iter().map(f64::from)
        });
        let logarithm = log_determinant(matrix.collect(), size);
        assert!((waves.log_volume(SMALL) - logarithm).abs() < 1e-4, "{logarithm}");
    }
}
