//! Minkowski functionals of the parts of a map above thresholds.

use std::f64::consts::PI;

use super::one_point::ascending;
use super::waves::Waves;
use crate::SkyError;
use crate::field::Patch;

/// Functionals of each bin of thresholds, per area.
#[derive(Debug, Clone, PartialEq)]
pub struct MinkowskiFunctionals {
    /// Share of the area above the threshold at the middle of the bin.
    pub area: Vec<f64>,
    /// A quarter of the length of the border, per arc minute.
    pub border: Vec<f64>,
    /// Euler characteristic: parts less holes, per square arc minute.
    pub characteristic: Vec<f64>,
}

/// Measures `V_0 = int H(k - nu)`, `V_1 = 1/4 int delta(k - nu) |grad k|` and
/// `V_2 = 1/(2 pi) int delta(k - nu) (2 k_x k_y k_xy - k_x^2 k_yy - k_y^2 k_xx) / |grad k|^2`, each over the area, with
/// derivatives of the waves and `delta` a bin of thresholds (Schmalzing and Gorski 1998, arXiv:astro-ph/9710185).
#[derive(Debug, Clone)]
pub struct Minkowski {
    waves: Waves,
    edges: Vec<f64>,
}

impl Minkowski {
    /// For maps of a patch and bins of thresholds between ascending edges.
    ///
    /// # Errors
    /// [`SkyError::Survey`] for edges that do not ascend.
    pub fn new(patch: Patch, edges: &[f64]) -> Result<Self, SkyError> {
        ascending(edges)?;
        Ok(Self {
            waves: Waves::new(patch),
            edges: edges.to_vec(),
        })
    }

    /// The functionals of a map, which should be smooth over some pixels.
    ///
    /// # Panics
    /// When the map has another size than the patch.
    #[must_use]
    pub fn measure(&self, map: &[f64]) -> MinkowskiFunctionals {
        let slopes = self.waves.derivatives(map);
        let bins = self.edges.len().saturating_sub(1);
        let count = map.len() as f64;
        let mut found = MinkowskiFunctionals {
            area: vec![0.0; bins],
            border: vec![0.0; bins],
            characteristic: vec![0.0; bins],
        };
        for (index, value) in map.iter().enumerate() {
            let place = self.edges.partition_point(|edge| edge <= value);
            if !(1..=bins).contains(&place) {
                continue;
            }
            let (x, y) = (slopes.x[index], slopes.y[index]);
            let square = x * x + y * y;
            let weight = 1.0 / (count * (self.edges[place] - self.edges[place - 1]));
            found.border[place - 1] += 0.25 * square.sqrt() * weight;
            if square > 0.0 {
                let turn = 2.0 * x * y * slopes.xy[index] - x * x * slopes.yy[index] - y * y * slopes.xx[index];
                found.characteristic[place - 1] += turn / square * weight / (2.0 * PI);
            }
        }
        for (bin, area) in found.area.iter_mut().enumerate() {
            let middle = 0.5 * (self.edges[bin] + self.edges[bin + 1]);
            *area = map.iter().filter(|value| **value > middle).count() as f64 / count;
        }
        found
    }

    /// What a Gaussian field of mean zero has at a threshold `nu`: `V_0`, `V_1`, `V_2`, from its variance and that of its
    /// gradient, per square arc minute (Tomita 1986).
    #[must_use]
    pub fn gaussian(nu: f64, variance: f64, gradient_variance: f64) -> [f64; 3] {
        let height = nu / variance.sqrt();
        let share = gradient_variance / (2.0 * variance);
        let bell = (-0.5 * height * height).exp();
        [
            0.5 * libm::erfc(height / std::f64::consts::SQRT_2),
            0.125 * share.sqrt() * bell,
            height * share * bell / (2.0 * PI).powf(1.5),
        ]
    }
}
