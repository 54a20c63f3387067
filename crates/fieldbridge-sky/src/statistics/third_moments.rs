//! Third moments of smoothed maps.

use std::f64::consts::PI;

use crate::SkyError;
use crate::field::{HartleyTransform, Patch};

/// `<s_i s_j s_k> / (d_i d_j d_k)` with `s_i` the map of bin `i` convolved with a round Gaussian, without its mean, `d_i` its deviation,
/// and `<>` the mean over the pixels of the patch; for all triples `i <= j <= k` and several widths of the Gaussian.
///
/// They say how far a field is from a Gaussian one beside its spectra, on the scale of the Gaussian: the skewness of a
/// log-normal field is about three times its deviation over its shift. (Skewness of convergence as a probe of cosmology: Jain and Seljak
/// 1997, arXiv:astro-ph/9611077; of tomographic bins: Gatti et al. 2020, arXiv:1911.05568.) A smoothed map is looked at on a grid as coarse
/// as half the deviation of its Gaussian allows, on which products of three of its waves still have the mean they have on the fine one.
#[derive(Debug, Clone)]
pub struct ThirdMoments {
    patch: Patch,
    transform: HartleyTransform,
    scales: Vec<Scale>,
}

/// One width of the Gaussian.
#[derive(Debug, Clone)]
struct Scale {
    arcmin: f64,
    side: usize,
    transform: HartleyTransform,
    /// Places in the fine grid of the waves that are kept, with where they go and their share.
    waves: Vec<(u32, u32, f64)>,
}

impl Scale {
    fn new(patch: &Patch, arcmin: f64) -> Self {
        let fine = patch.pixels();
        let deviation = arcmin / patch.pixel_arcmin();
        let mut side = fine;
        while side.is_multiple_of(2) && side > 2 && 2.0 * (2 * fine / side) as f64 <= deviation {
            side /= 2;
        }
        let mut waves = Vec::new();
        for row in 0..fine {
            for column in 0..fine {
                let wave = [patch.frequency(row), patch.frequency(column)];
                let inside = side == fine || wave.iter().all(|wave| 2.0 * wave.abs() < side as f64);
                let length = 2.0 * PI * wave[0].hypot(wave[1]) * deviation / fine as f64;
                let share = (-0.5 * length * length).exp();
                if !inside || row + column == 0 {
                    continue;
                }
                // waves beyond half of the fine grid run the other way
                let coarse = |index: usize| if 2 * index > fine { index + side - fine } else { index };
                let to = coarse(row) * side + coarse(column);
                waves.push(((row * fine + column) as u32, to as u32, share / (fine * fine) as f64));
            }
        }
        Self {
            arcmin,
            side,
            transform: HartleyTransform::new(side),
            waves,
        }
    }

    /// The smoothed map of some waves, over its deviation; zeros for a map without structure.
    fn smoothed(&self, waves: &[f64]) -> Vec<f64> {
        let mut map = vec![0.0; self.side * self.side];
        for &(from, to, share) in &self.waves {
            map[to as usize] += share * waves[from as usize];
        }
        self.transform.apply(&mut map);
        let variance = map.iter().map(|value| value * value).sum::<f64>() / map.len() as f64;
        let factor = if variance > 0.0 { variance.sqrt().recip() } else { 0.0 };
        map.iter_mut().for_each(|value| *value *= factor);
        map
    }
}

/// Triples `i <= j <= k` of bins, in this order.
fn triples(bins: usize) -> impl Iterator<Item = [usize; 3]> {
    (0..bins).flat_map(move |i| (i..bins).flat_map(move |j| (j..bins).map(move |k| [i, j, k])))
}

impl ThirdMoments {
    /// Of maps of a patch, convolved with Gaussians of these deviations, arc minutes.
    ///
    /// # Errors
    /// [`SkyError::Survey`] for a deviation that is not positive, or wider than a quarter of the patch.
    pub fn new(patch: Patch, arcmin: &[f64]) -> Result<Self, SkyError> {
        let most = 0.25 * 60.0 * patch.width_degrees();
        if let Some(&value) = arcmin.iter().find(|value| !(**value > 0.0 && **value <= most)) {
            return Err(SkyError::Survey {
                name: "deviation of the Gaussian that smooths maps",
                value,
                expected: "a positive number of arc minutes, at most a quarter of the patch",
                hint: "one to sixteen pixels suit third moments",
            });
        }
        Ok(Self {
            patch,
            transform: HartleyTransform::new(patch.pixels()),
            scales: arcmin.iter().map(|&arcmin| Scale::new(&patch, arcmin)).collect(),
        })
    }

    /// Deviations of the Gaussians, arc minutes.
    #[must_use]
    pub fn smoothing_arcmin(&self) -> Vec<f64> {
        self.scales.iter().map(|scale| scale.arcmin).collect()
    }

    /// How many moments there are of `bins` maps at one scale.
    #[must_use]
    pub fn triples(bins: usize) -> usize {
        bins * (bins + 1) * (bins + 2) / 6
    }

    /// Third moments of maps `[map, row, column]`: `[scale, triple]`, triples (0,0,0), (0,0,1), ..., (0,1,1), ...
    ///
    /// # Panics
    /// When the maps are not whole maps of the patch.
    #[must_use]
    pub fn measure(&self, maps: &[f64]) -> Vec<f64> {
        let area = self.patch.area_pixels();
        let mut waves = maps.to_vec();
        self.transform.apply_each(&mut waves);
        let bins = maps.len() / area;
        let mut found = Vec::with_capacity(self.scales.len() * Self::triples(bins));
        for scale in &self.scales {
            let smoothed: Vec<Vec<f64>> = waves.chunks_exact(area).map(|waves| scale.smoothed(waves)).collect();
            let mut product = (Vec::new(), [usize::MAX; 2]);
            for [i, j, k] in triples(bins) {
                if product.1 != [i, j] {
                    let both = smoothed[i].iter().zip(&smoothed[j]);
                    product = (both.map(|(one, other)| one * other).collect(), [i, j]);
                }
                let sum: f64 = product.0.iter().zip(&smoothed[k]).map(|(both, one)| both * one).sum();
                found.push(sum / smoothed[k].len() as f64);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::Waves;
    use rand::{RngExt, SeedableRng};

    fn white(count: usize, seed: u64) -> Vec<f64> {
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        (0..count)
            .map(|_| -random.random::<f64>().max(1e-12).ln() - 1.0)
            .collect()
    }

    #[test]
    fn coarse_grids_have_the_moments_of_smoothed_maps() {
        let patch = Patch::new(64, 5.0).unwrap();
        let arcmin = [3.0, 10.0, 20.0, 45.0];
        let moments = ThirdMoments::new(patch, &arcmin).unwrap();
        assert_eq!(
            moments.scales.iter().map(|scale| scale.side).collect::<Vec<_>>(),
            [64, 64, 32, 16]
        );
        let maps = white(3 * 64 * 64, 3);
        let found = moments.measure(&maps);
        assert_eq!(found.len(), 4 * ThirdMoments::triples(3));
        let waves = Waves::new(patch);
        for (scale, arcmin) in arcmin.into_iter().enumerate() {
            let smoothed: Vec<Vec<f64>> = maps
                .chunks_exact(64 * 64)
                .map(|map| {
                    let map = waves.smoothed(map, arcmin);
                    let mean = map.iter().sum::<f64>() / 4096.0;
                    let squares = map.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
                    let deviation = (squares / 4096.0).sqrt();
                    map.iter().map(|value| (value - mean) / deviation).collect()
                })
                .collect();
            for (at, [i, j, k]) in triples(3).enumerate() {
                let exact = (0..4096).map(|pixel| smoothed[i][pixel] * smoothed[j][pixel] * smoothed[k][pixel]);
                let exact = exact.sum::<f64>() / 4096.0;
                let found = found[scale * 10 + at];
                assert!((found - exact).abs() < 1e-4, "{arcmin}' {i}{j}{k}: {found} {exact}");
            }
        }
    }

    #[test]
    fn exponential_noise_has_a_skewness_of_two_and_a_mirrored_map_its_opposite() {
        let patch = Patch::new(64, 5.0).unwrap();
        // a Gaussian much narrower than a pixel leaves the map as it is
        let moments = ThirdMoments::new(patch, &[0.01]).unwrap();
        let one = white(4096, 5);
        let both: Vec<f64> = one
            .iter()
            .copied()
            .chain(one.iter().map(|value| -3.0 * value))
            .collect();
        let [aaa, aab, abb, bbb] = moments.measure(&both)[..] else {
            panic!("two maps have four triples")
        };
        assert!((aaa - 2.0).abs() < 0.35, "{aaa}");
        for (value, expected) in [(aab, -aaa), (abb, aaa), (bbb, -aaa)] {
            assert!((value - expected).abs() < 1e-9);
        }
        assert!(moments.measure(&[0.5; 4096]).iter().all(|&value| value == 0.0));
        assert!(ThirdMoments::new(patch, &[0.0]).is_err());
        assert!(ThirdMoments::new(patch, &[100.0]).is_err());
    }
}
