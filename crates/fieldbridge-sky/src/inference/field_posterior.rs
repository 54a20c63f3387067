//! The joint posterior of the parameters and the white noise of every mode.

use super::mode_blocks::{MOST_BINS, ModeOrder, Response, backward, forward};
use super::observation::Observation;
use super::sampled_parameters::SampledParameters;
use crate::field::{LensingField, Maps, Universe};
use crate::{Cosmology, Dual, Priors, SkyError};

/// `p(t, u | d)` for a noisy map `d = kappa(theta, h) + noise`, `theta` the universe and `h` the white noise of all modes,
/// both standard normal before the data.
///
/// Its coordinates are the standard normal numbers `t` of the parameters that are not fixed
/// ([`SampledParameters`]) and, after them, `u`: for each universe the noise is
/// `h = mean(theta) + C(theta)^(1/2) u` with mean and covariance of its posterior as if the map were Gaussian. The density holds
/// the determinant of this map. So `u` is nearly a unit normal and nearly independent of `t`: exactly so for a Gaussian field
/// that is observed everywhere, where only the posterior of the parameters is left to find.
#[derive(Debug)]
pub struct FieldPosterior {
    field: LensingField,
    parameters: SampledParameters,
    observation: Observation,
    order: ModeOrder,
    /// `sum_x w d cas(k x)`, in the order of modes.
    scores: Vec<f64>,
}

/// What the coordinates of the posterior mean.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The universe.
    pub cosmology: Cosmology,
    /// Convergence without noise, `[bin, row, column]`.
    pub convergence: Vec<f64>,
    /// `ln p(t, u | d)` up to a constant.
    pub log_density: f64,
}

/// The forward model at one point.
struct Model {
    universe: Universe<Dual<6>>,
    slopes: Vec<f64>,
    factors: Vec<f64>,
    precisions: Vec<f64>,
    forward: super::mode_blocks::Forward,
    maps: Maps,
}

impl FieldPosterior {
    /// The posterior of a survey.
    ///
    /// # Errors
    /// [`SkyError::Observation`] for more than six bins or an observation of another size.
    pub fn new(field: LensingField, priors: Priors, observation: Observation) -> Result<Self, SkyError> {
        if field.bins() > MOST_BINS || observation.weights.len() != field.size() {
            return Err(SkyError::Observation {
                what: "size",
                found: format!("{} bins and {} pixels", field.bins(), observation.weights.len()),
                expected: format!("at most {MOST_BINS} bins and {} pixels", field.size()),
                hint: "observation and survey must agree",
            });
        }
        let field = field.with_triangular_roots();
        let order = ModeOrder::new(field.octant(), &field.patch());
        Ok(Self {
            scores: order.in_order(&observation.weighted_modes(&field), field.bins()),
            parameters: SampledParameters::new(priors),
            field,
            observation,
            order,
        })
    }

    /// Number of coordinates.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.parameters.count() + self.field.size()
    }

    /// The parameters that are sampled; theirs are the first coordinates.
    #[must_use]
    pub fn parameters(&self) -> &SampledParameters {
        &self.parameters
    }

    /// The survey.
    #[must_use]
    pub fn field(&self) -> &LensingField {
        &self.field
    }

    /// What was observed.
    #[must_use]
    pub fn observation(&self) -> &Observation {
        &self.observation
    }

    /// Universe and map at a point.
    ///
    /// # Errors
    /// Those of [`LensingField::universe`].
    ///
    /// # Panics
    /// When the point has another dimension.
    pub fn point(&self, position: &[f64]) -> Result<Point, SkyError> {
        let model = self.model(position)?;
        let (cosmology, _) = self.parameters.universe(&position[..self.parameters.count()]);
        let Cosmology {
            omega_c,
            omega_b,
            sigma_8,
            h,
            n_s,
            w_0,
            ..
        } = cosmology;
        let observed = self.observation.convergence.iter().zip(&self.observation.weights);
        let terms = model.maps.convergence.iter().zip(observed);
        let misfit: f64 = terms
            .map(|(model, (value, weight))| weight * (model - value) * (model - value))
            .sum();
        Ok(Point {
            log_density: -0.5 * misfit - model.forward.energy - 0.5 * self.prior(position),
            cosmology: Cosmology::flat([omega_c, omega_b, sigma_8, h, n_s, w_0].map(|number| number.value)),
            convergence: model.maps.convergence,
        })
    }

    fn model(&self, position: &[f64]) -> Result<Model, SkyError> {
        assert_eq!(position.len(), self.dimension(), "the point has another dimension");
        let (normals, coordinates) = position.split_at(self.parameters.count());
        let (cosmology, slopes) = self.parameters.universe(normals);
        let universe = self.field.universe(&cosmology)?;
        let amplitudes = &universe.amplitudes;
        let factors = if amplitudes.shifts().is_empty() {
            vec![1.0; self.field.bins()]
        } else {
            amplitudes.shifts().to_vec()
        };
        let precisions: Vec<f64> = factors
            .iter()
            .zip(&self.observation.totals)
            .map(|(factor, total)| factor * factor * total)
            .collect();
        let response = Response {
            factors: &factors,
            precisions: &precisions,
            scores: &self.scores,
        };
        let mut forward = forward(&self.order, amplitudes.roots(), response, coordinates);
        let maps = self.field.maps_of_waves(amplitudes, std::mem::take(&mut forward.waves));
        Ok(Model {
            universe,
            slopes,
            factors,
            precisions,
            forward,
            maps,
        })
    }

    /// `ln p(t, u | d)` up to a constant, and its gradient.
    ///
    /// # Errors
    /// Those of [`LensingField::universe`], for universes that cannot be.
    ///
    /// # Panics
    /// When the point or the gradient has another dimension.
    pub fn log_density_and_gradient(&self, position: &[f64], gradient: &mut [f64]) -> Result<f64, SkyError> {
        assert_eq!(gradient.len(), self.dimension(), "the gradient has another dimension");
        let model = self.model(position)?;
        let amplitudes = &model.universe.amplitudes;
        let mut misfit = 0.0;
        let observed = self.observation.convergence.iter().zip(&self.observation.weights);
        let mut by_waves: Vec<f64> = model
            .maps
            .convergence
            .iter()
            .zip(observed)
            .map(|(model, (value, weight))| {
                let residual = model - value;
                misfit += weight * residual * residual;
                weight * residual
            })
            .collect();
        let (mut by_shifts, by_variances) = self.field.waves_of_slopes(amplitudes, &model.maps, &mut by_waves);
        let response = Response {
            factors: &model.factors,
            precisions: &model.precisions,
            scores: &self.scores,
        };
        let back = backward(&self.order, amplitudes.roots(), response, &model.forward, &by_waves);
        if !amplitudes.shifts().is_empty() {
            for (bin, by_shift) in by_shifts.iter_mut().enumerate() {
                *by_shift +=
                    back.factors[bin] + 2.0 * back.precisions[bin] * model.precisions[bin] / model.factors[bin];
            }
        }
        let by_parameters = self
            .field
            .through_universe(&model.universe, &back.roots, &by_variances, &mut by_shifts);
        let normals = &position[..self.parameters.count()];
        let (by_normals, by_coordinates) = gradient.split_at_mut(normals.len());
        let slopes = self.parameters.pull_back(&by_parameters, &model.slopes);
        for ((out, slope), normal) in by_normals.iter_mut().zip(slopes).zip(normals) {
            *out = -slope - normal;
        }
        for (out, slope) in by_coordinates.iter_mut().zip(&back.coordinates) {
            *out = -slope;
        }
        Ok(-0.5 * misfit - model.forward.energy - 0.5 * self.prior(position))
    }

    /// `|t|^2`.
    fn prior(&self, position: &[f64]) -> f64 {
        position[..self.parameters.count()]
            .iter()
            .map(|normal| normal * normal)
            .sum()
    }
}
