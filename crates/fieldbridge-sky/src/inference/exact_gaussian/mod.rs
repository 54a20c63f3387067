//! The joint posterior of two parameters and Gaussian fields, exactly.
//!
//! Convergence that is Gaussian given the universe, seen with white noise, is independent from mode to mode of Hartley's
//! transform: `d(k) = kappa(k) + n(k)` with covariances `P(k; theta)` and `N = diag(sigma_i^2) / pixels` over the bins. So
//!
//! `ln p(d | theta) = -1/2 sum_k [ln det S + d^T S^-1 d] + const`, `S = P + N`,
//!
//! and given the universe the field is Wiener's: mean `P S^-1 d`, covariance `P - P S^-1 P` (Wiener 1949; for fields
//! Zaroubi et al. 1995, arXiv:astro-ph/9410080). Two parameters that are free are summed over on a grid of cells under their
//! prior; all else is in closed form.

mod posterior;
#[cfg(test)]
pub(super) mod tests;

use rayon::prelude::*;

use super::block::{POSITIVE, determinant_and_inverse, packed};
use super::signal::{noise_of_a_mode, packed_powers};
use crate::field::{HartleyTransform, Octant};
use crate::{Cosmology, PARAMETERS, Prior, Simulator, SkyError};

pub use posterior::ExactPosterior;

/// Share of the prior left out at each end of an axis of the grid.
const BEYOND: f64 = 1e-5;

/// A grid of universes with the law of observations in each.
#[derive(Debug)]
pub struct ExactGaussian {
    bins: usize,
    pixels: usize,
    octant: Octant,
    multiplicities: Vec<f64>,
    transform: HartleyTransform,
    /// Variance of the noise of a mode in each bin.
    noise: Vec<f64>,
    /// Places of the two free parameters among [`PARAMETERS`].
    free: [usize; 2],
    axes: [Axis; 2],
    /// Logarithm of prior and of the factor that does not depend on the observation, of every cell.
    constants: Vec<f64>,
    /// `P`, packed, `[cell, mode of the octant, pair of bins]`.
    powers: Vec<f64>,
    /// `S^-1`, likewise; off-diagonal elements twice, so that a sum of products is a trace.
    precisions: Vec<f64>,
}

/// Equal cells between two values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Axis {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Number of cells.
    pub cells: usize,
}

impl Axis {
    /// Length of a cell.
    #[must_use]
    pub fn step(&self) -> f64 {
        (self.high - self.low) / self.cells as f64
    }

    /// Centre of a cell.
    #[must_use]
    pub fn centre(&self, cell: usize) -> f64 {
        self.low + (cell as f64 + 0.5) * self.step()
    }
}

impl ExactGaussian {
    /// The free parameters of priors that leave exactly two; none for another number.
    #[must_use]
    pub fn two_free(priors: &[Prior; 6]) -> Option<[usize; 2]> {
        let free: Vec<usize> = (0..6).filter(|&at| !matches!(priors[at], Prior::Fixed(_))).collect();
        free.try_into().ok()
    }

    /// The grid of `cells` universes along the two free parameters of a simulator of Gaussian fields.
    ///
    /// # Errors
    /// [`SkyError::Survey`] when not two parameters are free; those of
    /// [`LensingField::universe`](crate::field::LensingField::universe).
    ///
    /// # Panics
    /// When the fields are not Gaussian.
    pub fn new(simulator: &Simulator, cells: [usize; 2]) -> Result<Self, SkyError> {
        let field = &simulator.field;
        assert!(
            field.is_gaussian(),
            "the posterior of other fields is not known exactly"
        );
        Self::on_grid(simulator, cells, |cosmology| {
            let universe = field.universe(cosmology)?;
            Ok(packed(&universe.amplitudes.covariances(field.bins()), field.bins()))
        })
    }

    /// The same for Gaussian fields with the spectra that the simulator's fields have, whatever these are like:
    /// `P = C(l; theta) / area`. Of fields that are not Gaussian this is what their power spectra alone say, were the scatter of
    /// these that of Gaussian fields.
    ///
    /// # Errors
    /// As [`ExactGaussian::new`].
    pub fn of_same_spectra(simulator: &Simulator, cells: [usize; 2]) -> Result<Self, SkyError> {
        Self::on_grid(simulator, cells, |cosmology| packed_powers(&simulator.field, cosmology))
    }

    /// Numbers of a grid: twice this many are kept in memory.
    #[must_use]
    pub fn numbers(simulator: &Simulator, cells: [usize; 2]) -> usize {
        let bins = simulator.field.bins();
        cells[0] * cells[1] * simulator.field.octant().len() * bins * (bins + 1) / 2
    }

    /// A grid with the covariances `P`, packed, of every universe.
    fn on_grid(
        simulator: &Simulator,
        cells: [usize; 2],
        powers: impl Fn(&Cosmology) -> Result<Vec<f64>, SkyError> + Sync,
    ) -> Result<Self, SkyError> {
        let priors = simulator.priors.each();
        let field = &simulator.field;
        let free = Self::two_free(priors).ok_or(SkyError::Survey {
            name: "number of free parameters",
            value: priors.iter().filter(|prior| !matches!(prior, Prior::Fixed(_))).count() as f64,
            expected: "2",
            hint: "fix the others: write `NAME = NUMBER` in the prior",
        })?;
        let axis = |at: usize, cells| Axis {
            low: priors[free[at]].quantile(BEYOND),
            high: priors[free[at]].quantile(1.0 - BEYOND),
            cells,
        };
        let axes = [axis(0, cells[0]), axis(1, cells[1])];
        let (bins, patch) = (field.bins(), field.patch());
        let octant = Octant::new(&patch);
        let multiplicities = octant.multiplicities();
        let noise = noise_of_a_mode(&simulator.field, &simulator.noise);
        let middle = priors.map(|prior| match prior {
            Prior::Fixed(value) => value,
            _ => f64::NAN,
        });
        let made: Vec<(f64, Vec<f64>, Vec<f64>)> = (0..cells[0] * cells[1])
            .into_par_iter()
            .map(|cell| {
                let mut parameters = middle;
                parameters[free[0]] = axes[0].centre(cell / cells[1]);
                parameters[free[1]] = axes[1].centre(cell % cells[1]);
                let cosmology = Cosmology::flat(parameters);
                let power = powers(&cosmology)?;
                let pairs = bins * (bins + 1) / 2;
                let mut precision = Vec::with_capacity(power.len());
                let mut constant = simulator.priors.log_density(&cosmology);
                for (power, images) in power.chunks_exact(pairs).zip(&multiplicities) {
                    let (log_determinant, inverse) = determinant_and_inverse(power, &noise).expect(POSITIVE);
                    constant -= 0.5 * images * log_determinant;
                    precision.extend(inverse);
                }
                Ok((constant, power, precision))
            })
            .collect::<Result<_, SkyError>>()?;
        let mut all = Self {
            bins,
            pixels: patch.pixels(),
            octant,
            multiplicities,
            transform: HartleyTransform::new(patch.pixels()),
            noise,
            free,
            axes,
            constants: Vec::with_capacity(made.len()),
            powers: Vec::new(),
            precisions: Vec::new(),
        };
        for (constant, power, precision) in made {
            all.constants.push(constant);
            all.powers.extend(power);
            all.precisions.extend(precision);
        }
        Ok(all)
    }

    /// Names of the two parameters.
    #[must_use]
    pub fn names(&self) -> [&'static str; 2] {
        self.free.map(|at| PARAMETERS[at])
    }

    /// The axes of the grid.
    #[must_use]
    pub fn axes(&self) -> [Axis; 2] {
        self.axes
    }

    /// Pairs of bins times modes of the octant: numbers of a cell.
    fn length(&self) -> usize {
        self.octant.len() * self.pairs()
    }

    fn pairs(&self) -> usize {
        self.bins * (self.bins + 1) / 2
    }

    /// The posterior given an observation, `[bin, row, column]`.
    ///
    /// # Panics
    /// When the observation has another size.
    #[must_use]
    pub fn posterior(&self, observation: &[f64]) -> ExactPosterior<'_> {
        ExactPosterior::new(self, observation)
    }
}
