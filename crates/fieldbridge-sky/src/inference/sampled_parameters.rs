//! The parameters that are not fixed, as functions of standard normal numbers.

use crate::{Cosmology, Dual, PARAMETERS, Priors};

/// Parameters with a prior of some width, each written as `theta = Q(Phi(t))`, with `Q` the quantile function of its prior
/// and `t` standard normal. The prior of the `t` is then a unit normal, and no value of them leaves the limits of a prior.
#[derive(Debug, Clone)]
pub struct SampledParameters {
    priors: Priors,
    free: Vec<usize>,
}

impl SampledParameters {
    /// Those that are not fixed.
    #[must_use]
    pub fn new(priors: Priors) -> Self {
        let free = (0..PARAMETERS.len()).filter(|&index| !priors.each()[index].is_fixed());
        Self {
            free: free.collect(),
            priors,
        }
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.free.len()
    }

    /// Their names, in the order of [`PARAMETERS`].
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        self.free.iter().map(|&index| PARAMETERS[index]).collect()
    }

    /// The priors.
    #[must_use]
    pub fn priors(&self) -> &Priors {
        &self.priors
    }

    /// The universe of standard normal numbers, with its derivatives by [`PARAMETERS`], and the slope of each free parameter.
    ///
    /// # Panics
    /// When there are not [`SampledParameters::count`] numbers.
    #[must_use]
    pub fn universe(&self, normals: &[f64]) -> (Cosmology<Dual<6>>, Vec<f64>) {
        let (values, slopes) = self.values_and_slopes(normals);
        (Cosmology::flat(values).with_derivatives(), slopes)
    }

    /// The six [`PARAMETERS`] of standard normal numbers.
    ///
    /// # Panics
    /// When there are not [`SampledParameters::count`] numbers.
    #[must_use]
    pub fn values(&self, normals: &[f64]) -> [f64; 6] {
        self.values_and_slopes(normals).0
    }

    fn values_and_slopes(&self, normals: &[f64]) -> ([f64; 6], Vec<f64>) {
        assert_eq!(normals.len(), self.count(), "one number for each free parameter");
        let mut values = self.priors.each().map(|prior| prior.of_normal(0.0).0);
        let mut slopes = Vec::with_capacity(normals.len());
        for (&index, &normal) in self.free.iter().zip(normals) {
            let (value, slope) = self.priors.each()[index].of_normal(normal);
            values[index] = value;
            slopes.push(slope);
        }
        (values, slopes)
    }

    /// Where the free parameters are among [`PARAMETERS`].
    pub(super) fn free(&self) -> &[usize] {
        &self.free
    }

    /// From derivatives by all six parameters to those by the standard normal numbers.
    pub(super) fn pull_back(&self, by_parameters: &[f64; 6], slopes: &[f64]) -> impl Iterator<Item = f64> {
        self.free
            .iter()
            .zip(slopes)
            .map(|(&index, slope)| by_parameters[index] * slope)
    }
}
