//! The rules of `jax_cosmo` 0.1 and `sbi_lens`, with what they leave out: for comparing with mocks and posteriors made
//! by them.
//!
//! What differs from the converged rule: `sigma_8` is normalised over `k` from e^-4 to e^3 h/Mpc only, so that power is
//! 0.35 % high; distances and growth are straight lines between 256 and 128 points in `ln a`; growth starts at
//! `a = 0.001`; the scale of halofit is read from 256 radii with the straight line of the wrong neighbour; Simpson's rule
//! has 512 steps in `a` and 256 in the redshift of the sources; curvature bends no light; the equations of Eisenstein and Hu are taken as printed; the microwave background has
//! 2.726 K.

mod scale;
mod tables;

use scale::ScaleTable;
use tables::{Place, SCALE_FACTORS, distance_table, growth_table, sphere_variance};

use super::limber::LineOfSight;
use super::spectra::Transfer;
use crate::constants::HUBBLE_DISTANCE;
use crate::power::{EisensteinHu, HalofitTerms, LinearPower, Nonlinearity};
use crate::quadrature::simpson_weights;
use crate::redshift_distribution::RedshiftDistribution;
use crate::{Background, Cosmology, Radiation, Real, SkyError};

/// Steps of Simpson's rule over the scale factor and over the redshift of the sources.
const LENS_STEPS: usize = 512;
const SOURCE_STEPS: usize = 256;
/// Temperature of the microwave background, K.
const TEMPERATURE: f64 = 2.726;

/// All that does not depend on the universe.
#[derive(Debug)]
pub(super) struct JaxCosmoRule {
    bins: usize,
    lenses: Vec<Lens>,
}

/// One scale factor of the line of sight and the sources behind it.
#[derive(Debug)]
struct Lens {
    scale_factor: f64,
    weight: f64,
    place: Place,
    growth_place: Place,
    /// Integral of each `n(z)` behind.
    behind: Vec<f64>,
    /// Where the sources lie in the table of distances.
    sources: Vec<Place>,
    /// `[source, bin]`: `n(z)` times the weight of the rule.
    densities: Vec<f64>,
}

impl JaxCosmoRule {
    pub(super) fn new(distributions: &[&dyn RedshiftDistribution]) -> Result<Self, SkyError> {
        let end = distributions
            .iter()
            .map(|distribution| distribution.maximum())
            .fold(0.0, f64::max);
        if !(end > 0.0 && end < 900.0) {
            return Err(SkyError::RedshiftDistribution {
                bin: None,
                what: "the largest redshift",
                value: end,
                expected: "a number between 0 and 900",
                hint: "the tables of this scheme begin at z = 999",
            });
        }
        let norms = distributions.iter().enumerate().map(|(number, distribution)| {
            let step = distribution.maximum() / SOURCE_STEPS as f64;
            let weights = simpson_weights(step, SOURCE_STEPS).into_iter().enumerate();
            let norm: f64 = weights
                .map(|(index, weight)| weight * distribution.shape(step * index as f64))
                .sum();
            if norm > 0.0 && norm.is_finite() {
                return Ok(norm);
            }
            let error = SkyError::RedshiftDistribution {
                bin: Some(number),
                what: "the integral of n(z)",
                value: norm,
                expected: "a positive number",
                hint: "there are no galaxies in it; look at the edges of the bin and at the largest redshift",
            };
            Err(error)
        });
        let norms = norms.collect::<Result<Vec<f64>, SkyError>>()?;
        let start = 1.0 / (1.0 + end);
        let step = (1.0 - start) / LENS_STEPS as f64;
        // today there is no distance to lens over
        let weights = simpson_weights(step, LENS_STEPS);
        let lenses = weights[..LENS_STEPS].iter().enumerate().map(|(index, &weight)| {
            let scale_factor = start + step * index as f64;
            let redshift = 1.0 / scale_factor - 1.0;
            let source_step = (end - redshift) / SOURCE_STEPS as f64;
            let mut lens = Lens {
                scale_factor,
                weight,
                place: SCALE_FACTORS.place(scale_factor),
                growth_place: tables::GROWTH_SCALE_FACTORS.place(scale_factor),
                behind: vec![0.0; norms.len()],
                sources: Vec::with_capacity(SOURCE_STEPS + 1),
                densities: Vec::with_capacity((SOURCE_STEPS + 1) * norms.len()),
            };
            for (index, weight) in simpson_weights(source_step, SOURCE_STEPS).into_iter().enumerate() {
                let source = redshift + source_step * index as f64;
                lens.sources.push(SCALE_FACTORS.place(1.0 / (1.0 + source)));
                for (bin, (distribution, norm)) in distributions.iter().zip(&norms).enumerate() {
                    let density = weight * distribution.shape(source) / norm;
                    lens.behind[bin] += density;
                    lens.densities.push(density);
                }
            }
            lens
        });
        Ok(Self {
            bins: norms.len(),
            lenses: lenses.collect(),
        })
    }

    /// The universe as this scheme sees it.
    pub(super) fn universe<R: Real>(cosmology: &Cosmology<R>) -> Result<Cosmology<R>, SkyError> {
        if cosmology.radiation != Radiation::Neglected {
            return Err(SkyError::Conflict {
                setting: "radiation",
                other: "the scheme of jax_cosmo",
                hint: "that scheme knows no radiation; use the converged scheme",
            });
        }
        Ok(Cosmology {
            temperature_cmb: TEMPERATURE,
            ..*cosmology
        })
    }

    pub(super) fn line_of_sight<R: Real>(
        &self,
        cosmology: &Cosmology<R>,
        transfer: Transfer,
        nonlinearity: Nonlinearity,
    ) -> Result<LineOfSight<R>, SkyError> {
        let universe = Self::universe(cosmology)?;
        let background = Background::new(&universe)?;
        let transfer = match transfer {
            Transfer::EisensteinHu => Box::new(EisensteinHu::as_printed(&universe)),
            Transfer::EisensteinHuSmooth => transfer.of(&universe),
        };
        let variance = sphere_variance(&universe, transfer.as_ref());
        let linear = LinearPower::normalised(&universe, transfer.as_ref(), Some(variance))?;
        let scales = match nonlinearity {
            Nonlinearity::Linear => None,
            Nonlinearity::Halofit => Some(ScaleTable::new(&linear)),
        };
        let (distances, growths) = (distance_table(&background), growth_table(&background));
        let strength = universe.omega_m() * (1.5 / (HUBBLE_DISTANCE * HUBBLE_DISTANCE));
        let mut line = LineOfSight::new(linear, self.bins);
        let mut mean_inverse = vec![R::from(0.0); self.bins];
        for lens in &self.lenses {
            let a = lens.scale_factor;
            let distance = lens.place.read(&distances);
            mean_inverse.fill(R::from(0.0));
            for (place, densities) in lens.sources.iter().zip(lens.densities.chunks(self.bins)) {
                let inverse = place.read(&distances).recip();
                for (mean, &density) in mean_inverse.iter_mut().zip(densities) {
                    *mean += inverse * density;
                }
            }
            let kernel = |(&mean, &behind): (&R, &f64)| strength * distance * (-(distance * mean) + behind) / a;
            let kernels: Vec<R> = mean_inverse.iter().zip(&lens.behind).map(kernel).collect();
            let growth = lens.growth_place.read(&growths);
            let scale = scales.as_ref().map(|scales| scales.at(growth));
            let terms = HalofitTerms::new(
                growth,
                scale,
                background.omega_m(a),
                background.omega_de(a),
                background.equation_of_state(a),
                R::from(1.0),
            );
            let depth = background.distance_slope(-a.ln()) * (lens.weight / a);
            line.push(distance, depth, &kernels, terms);
        }
        Ok(line)
    }
}
