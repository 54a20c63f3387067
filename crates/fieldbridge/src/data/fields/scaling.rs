//! The scaling of maps and of their observation.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{Observable, ObservationRecipe, ShiftedLogarithm, WaveScaling};
use crate::network::Reading;

/// A patch of sky with maps in several tomographic bins.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldGeometry {
    /// Tomographic bins.
    pub bins: usize,
    /// Pixels on each side.
    pub pixels: usize,
    /// Length of a side, degrees.
    pub width_degrees: f64,
}

impl FieldGeometry {
    /// Numbers of all maps.
    pub fn size(&self) -> usize {
        self.bins * self.pixels * self.pixels
    }

    /// Side of a pixel, arc minutes.
    pub fn pixel_arcmin(&self) -> f64 {
        60.0 * self.width_degrees / self.pixels as f64
    }

    /// Maps `[bin, row, column]` place by place, `[row, column, bin]`.
    pub fn by_place<T: Copy>(&self, maps: &[T]) -> Vec<T> {
        let area = self.pixels * self.pixels;
        (0..area)
            .flat_map(|place| (0..self.bins).map(move |bin| maps[bin * area + place]))
            .collect()
    }

    /// Maps `[row, column, bin]` bin by bin, `[bin, row, column]`.
    pub fn by_bin<T: Copy>(&self, places: &[T]) -> Vec<T> {
        let area = self.pixels * self.pixels;
        (0..self.bins)
            .flat_map(|bin| (0..area).map(move |place| places[place * self.bins + bin]))
            .collect()
    }
}

/// How maps and observations are brought to order one: every bin minus its mean, over its deviation over all pixels of the
/// training rows; and learned maps, when asked for, with their waves over [mean amplitudes](WaveScaling) or through a
/// [logarithm](ShiftedLogarithm) that hangs on the scaled parameters of the row. Numbers stand place by place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldScaling {
    /// The patch.
    pub geometry: FieldGeometry,
    /// Deviation of the noise of an observed pixel in each bin, convergence.
    pub noise: Vec<f64>,
    /// Mean of each bin.
    pub mean: Vec<f64>,
    /// Deviation of each bin, without noise.
    pub deviation: Vec<f64>,
    /// Amplitudes of waves that learned maps are divided by; none: pixels alone are scaled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waves: Option<WaveScaling>,
    /// The logarithm that learned maps are taken through; none: pixels alone are scaled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logarithm: Option<ShiftedLogarithm>,
    /// What reads the observation when the parameters alone are learned; none: the maps are learned too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reading: Option<Reading>,
    /// What is observed.
    #[serde(default, skip_serializing_if = "ObservationRecipe::is_plain")]
    pub observation: ObservationRecipe,
}

impl FieldScaling {
    /// Mean of an observed pixel in a bin; a constant shears nothing.
    pub fn observed_mean(&self, bin: usize) -> f64 {
        match self.observation.kind {
            Observable::Convergence => self.mean[bin],
            Observable::Shear => 0.0,
        }
    }

    /// Deviation of an observed pixel in a bin.
    pub fn observed_deviation(&self, bin: usize) -> f64 {
        self.deviation[bin].hypot(self.noise[bin])
    }

    /// Every pixel minus the mean of its bin, over the deviation.
    fn over_deviations(&self, maps: &[f32]) -> Vec<f32> {
        let bins = self.geometry.bins;
        let numbered = maps.iter().enumerate();
        numbered
            .map(|(at, &value)| ((f64::from(value) - self.mean[at % bins]) / self.deviation[at % bins]) as f32)
            .collect()
    }

    /// Scaled maps of a universe of these scaled parameters.
    pub fn encode(&self, maps: &[f32], parameters: &[f32]) -> Vec<f32> {
        let mut scaled = self.over_deviations(maps);
        if let Some(waves) = &self.waves {
            waves.flatten(&mut scaled, self.geometry.pixels);
        }
        if let Some(logarithm) = &self.logarithm {
            logarithm.flatten(&mut scaled, parameters);
        }
        scaled
    }

    /// Scaled maps as pixels over their deviations again, where they were waves or logarithms.
    pub(super) fn pixels<'a>(&self, scaled: &'a [f32], parameters: &[f32]) -> Cow<'a, [f32]> {
        if self.waves.is_none() && self.logarithm.is_none() {
            return Cow::Borrowed(scaled);
        }
        let mut maps = scaled.to_vec();
        if let Some(logarithm) = &self.logarithm {
            logarithm.restore(&mut maps, parameters);
        }
        if let Some(waves) = &self.waves {
            waves.restore(&mut maps, self.geometry.pixels);
        }
        Cow::Owned(maps)
    }

    /// `log |det|` of what is the same for all maps in that scaling.
    pub fn log_volume(&self) -> f64 {
        let places = (self.geometry.pixels * self.geometry.pixels) as f64;
        let waves = self.waves.as_ref();
        waves.map_or(0.0, |waves| waves.log_volume(self.geometry.pixels))
            - places * self.deviation.iter().map(|deviation| deviation.ln()).sum::<f64>()
    }

    /// What these maps of a universe of these scaled parameters add to it.
    pub fn row_log_volume(&self, maps: &[f32], parameters: &[f32]) -> f64 {
        self.logarithm.as_ref().map_or(0.0, |logarithm| {
            logarithm.log_volume(&self.over_deviations(maps), parameters)
        })
    }

    /// Maps in convergence again.
    pub fn decode(&self, scaled: &[f32], parameters: &[f32]) -> Vec<f64> {
        let bins = self.geometry.bins;
        let pixels = self.pixels(scaled, parameters);
        let numbered = pixels.iter().enumerate();
        numbered
            .map(|(at, &value)| f64::from(value) * self.deviation[at % bins] + self.mean[at % bins])
            .collect()
    }
}
