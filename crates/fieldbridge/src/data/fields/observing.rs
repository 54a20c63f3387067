//! Maps as they are observed, and observations as a network is given them.
//!
//! An observation holds, in order, `[row, column, bin]` of convergence, or of the first and then of the second component of
//! shear. A number that is NaN was not observed, and neither was anything else at its place.

use super::{FieldScaling, FieldSimulations, KaiserSquires, Observable};
use crate::bridge::Rows;
use crate::error::Error;
use crate::random::Stream;

impl FieldScaling {
    /// Numbers of an observation.
    pub fn observed_size(&self) -> usize {
        match self.observation.kind {
            Observable::Convergence => self.geometry.size(),
            Observable::Shear => 2 * self.geometry.size(),
        }
    }

    /// Numbers that a network is given.
    pub fn context_width(&self) -> usize {
        self.geometry.pixels * self.geometry.pixels * self.observation.channels(self.geometry.bins)
    }

    /// The observation of a stored simulation, always the same: that of the store, or shear of the stored convergence with noise
    /// of its own; then hidden behind a mask of its own where masks are learned.
    ///
    /// # Errors
    /// When the simulation cannot be read.
    pub fn simulated(&self, simulations: &FieldSimulations, row: usize) -> Result<Vec<f32>, Error> {
        let (bins, area) = (self.geometry.bins, self.geometry.pixels * self.geometry.pixels);
        let stream = |purpose: &str| Stream::new(self.observation.seed, purpose, row as u64);
        let mut maps = match self.observation.kind {
            Observable::Convergence => simulations.observation(row..row + 1)?,
            Observable::Shear => {
                let mut shear = self.sheared(&simulations.convergence(row..row + 1)?);
                let noise = stream("shear noise of a simulation").normals(shear.len());
                for (at, (value, noise)) in shear.iter_mut().zip(noise).enumerate() {
                    *value += self.noise[at % bins] as f32 * noise;
                }
                shear
            }
        };
        if let Some(mask) = &self.observation.mask {
            let seen = mask.draw(&self.geometry, &stream("mask of a simulation"));
            for (at, value) in maps.iter_mut().enumerate() {
                if !seen[at / bins % area] {
                    *value = f32::NAN;
                }
            }
        }
        Ok(maps)
    }

    /// Which places of an observation are observed, `[row, column]`: those where all numbers are.
    pub fn seen(&self, observation: &[f32]) -> Vec<bool> {
        let (bins, area) = (self.geometry.bins, self.geometry.pixels * self.geometry.pixels);
        let mut seen = vec![true; area];
        for (at, value) in observation.iter().enumerate() {
            if value.is_nan() {
                seen[at / bins % area] = false;
            }
        }
        seen
    }

    /// What an observation shows of the convergence, `[row, column, bin]`: itself with zeros where nothing is observed, or `E` of
    /// the shear with such zeros.
    pub fn shown(&self, observation: &[f32]) -> Vec<f64> {
        let bins = self.geometry.bins;
        let seen = self.seen(observation);
        match self.observation.kind {
            Observable::Convergence => {
                let numbered = observation.iter().enumerate();
                numbered
                    .map(|(at, &value)| if seen[at / bins] { f64::from(value) } else { 0.0 })
                    .collect()
            }
            Observable::Shear => {
                let modes = self.modes(observation, &seen);
                (0..observation.len() / 2)
                    .map(|at| f64::from(modes[at % bins].0[at / bins]))
                    .collect()
            }
        }
    }

    /// The scaled observation, with flags of what is missing.
    pub(super) fn encode_observation(&self, observation: &[f32], rows: &mut Rows) {
        let bins = self.geometry.bins;
        let numbered = observation.iter().enumerate();
        let scaled: Vec<f32> = numbered
            .map(|(at, &value)| {
                let bin = at % bins;
                ((f64::from(value) - self.observed_mean(bin)) / self.observed_deviation(bin)) as f32
            })
            .collect();
        let seen = self.observation.mask.as_ref().map(|_| self.seen(observation));
        self.give(scaled, seen, rows);
    }

    /// The scaled observation of scaled maps of a universe of these scaled parameters, with noise from a stream and, where masks are learned, behind one from its child.
    pub(super) fn observe(&self, (parameters, scaled): (&[f32], &[f32]), stream: &Stream, rows: &mut Rows) {
        let bins = self.geometry.bins;
        let weights: Vec<[f32; 2]> = (0..bins)
            .map(|bin| {
                let whole = self.observed_deviation(bin);
                [(self.deviation[bin] / whole) as f32, (self.noise[bin] / whole) as f32]
            })
            .collect();
        let pixels = self.pixels(scaled, parameters);
        let signal = pixels
            .iter()
            .enumerate()
            .map(|(at, value)| weights[at % bins][0] * value);
        let mut observed: Vec<f32> = signal.collect();
        if self.observation.kind == Observable::Shear {
            observed = self.sheared(&observed);
        }
        let noise = stream.normals(observed.len());
        for (at, (value, noise)) in observed.iter_mut().zip(noise).enumerate() {
            *value += weights[at % bins][1] * noise;
        }
        let mask = self.observation.mask.as_ref();
        let seen = mask.map(|mask| mask.draw(&self.geometry, &stream.child("mask", 0)));
        self.give(observed, seen, rows);
    }

    /// Adds what a network is given of a scaled observation. Of convergence, what is hidden is zero and flagged as missing. Of
    /// shear, all of `E` and `B` is given, for what mass behind a hole does to the shear around it shows in the hole; the last
    /// number of a place is one, and missing where the place is hidden.
    fn give(&self, scaled: Vec<f32>, seen: Option<Vec<bool>>, rows: &mut Rows) {
        let bins = self.geometry.bins;
        match (self.observation.kind, seen) {
            (Observable::Convergence, None) => {
                rows.mask.extend(std::iter::repeat_n(1.0, scaled.len()));
                rows.context.extend(scaled);
            }
            (Observable::Convergence, Some(seen)) => {
                for (at, value) in scaled.into_iter().enumerate() {
                    let seen = seen[at / bins];
                    rows.context.push(if seen { value } else { 0.0 });
                    rows.mask.push(f32::from(seen));
                }
            }
            (Observable::Shear, seen) => {
                let area = self.geometry.pixels * self.geometry.pixels;
                let seen = seen.unwrap_or_else(|| vec![true; area]);
                let modes = self.modes(&scaled, &seen);
                for (place, &seen) in seen.iter().enumerate() {
                    for (e_mode, b_mode) in &modes {
                        rows.context.extend([e_mode[place], b_mode[place]]);
                        rows.mask.extend([1.0; 2]);
                    }
                    rows.context.push(f32::from(seen));
                    rows.mask.push(f32::from(seen));
                }
            }
        }
    }

    /// Both components of shear, one after the other, of convergence `[row, column, bin]`.
    fn sheared(&self, maps: &[f32]) -> Vec<f32> {
        let (bins, size) = (self.geometry.bins, self.geometry.size());
        let lens = KaiserSquires::new(self.geometry.pixels);
        let nothing = vec![0.0; size / bins];
        let mut shear = vec![0.0; 2 * size];
        for bin in 0..bins {
            let map: Vec<f32> = maps.iter().skip(bin).step_by(bins).copied().collect();
            let (one, two) = lens.shear(&map, &nothing);
            for (place, (one, two)) in one.into_iter().zip(two).enumerate() {
                let at = place * bins + bin;
                (shear[at], shear[size + at]) = (one, two);
            }
        }
        shear
    }

    /// `E` and `B` of every bin, `[row, column]`, from shear that is zero where it is not seen.
    fn modes(&self, shear: &[f32], seen: &[bool]) -> Vec<(Vec<f32>, Vec<f32>)> {
        let (bins, size) = (self.geometry.bins, self.geometry.size());
        let lens = KaiserSquires::new(self.geometry.pixels);
        let masked = |component: usize, bin: usize| -> Vec<f32> {
            let values = shear[component * size..].iter().skip(bin).step_by(bins);
            let flagged = values.zip(seen);
            flagged.map(|(&value, &seen)| if seen { value } else { 0.0 }).collect()
        };
        (0..bins)
            .map(|bin| lens.convergence(&masked(0, bin), &masked(1, bin)))
            .collect()
    }
}
