//! Walks with noise on the way: `dX = d(X, t) dt + g(t) dW`.

use burn_tensor::Tensor;

use super::noise::{arrived, check, normals};
use super::{Walk, Watch};
use crate::error::Error;
use crate::random::Stream;

/// A drift and the deviation of the noise, over a batch of rows at one time.
pub trait NoisyField {
    /// `d(x, t)`, `[batch, D]`.
    fn drift(&self, x: Tensor<2>, t: f64) -> Tensor<2>;

    /// `g(t)`.
    fn deviation(&self, t: f64) -> f64;
}

/// A method for walks with noise.
pub trait StochasticSolver: Send + Sync + std::fmt::Debug {
    /// Walks from `x` at time `from` to time `to`, with one stream of noise for each row.
    ///
    /// # Errors
    /// [`Error::Solver`] with the time and the row when a state is not finite.
    fn walk(
        &self,
        field: &dyn NoisyField,
        x: Tensor<2>,
        from: f64,
        to: f64,
        streams: &[Stream],
    ) -> Result<Walk, Error> {
        self.walk_watched(field, x, (from, to), streams, &mut Watch::nothing())
    }

    /// The same, watched.
    ///
    /// # Errors
    /// As [`StochasticSolver::walk`].
    fn walk_watched(
        &self,
        field: &dyn NoisyField,
        x: Tensor<2>,
        between: (f64, f64),
        streams: &[Stream],
        watch: &mut Watch,
    ) -> Result<Walk, Error>;
}

/// `x <- x + h d(x, t) + g(t) sqrt(h) N` (Maruyama 1955): the distribution is right to first order in `h`.
#[derive(Clone, Copy, Debug)]
pub struct EulerMaruyama {
    /// Number of equal steps.
    pub steps: usize,
}

/// Euler and Maruyama's step, then the mean of the drifts at both ends with the same noise, whose variance is the mean of
/// `g^2` at both ends: for noise that does not depend on the state the distribution is right to second order.
#[derive(Clone, Copy, Debug)]
pub struct StochasticHeun {
    /// Number of equal steps.
    pub steps: usize,
}

impl StochasticSolver for EulerMaruyama {
    fn walk_watched(
        &self,
        field: &dyn NoisyField,
        x: Tensor<2>,
        (from, to): (f64, f64),
        streams: &[Stream],
        watch: &mut Watch,
    ) -> Result<Walk, Error> {
        let h = (to - from) / self.steps.max(1) as f64;
        let (mut x, width) = (x.clone(), x.dims()[1]);
        for step in 0..self.steps.max(1) {
            let t = from + h * step as f64;
            let noise = normals(streams, step, width, &x.device()) * (field.deviation(t) * h.abs().sqrt());
            x = x.clone() + field.drift(x, t) * h + noise;
            check(&x, t + h, h, step + 1, self.steps)?;
            watch.see(t + h, &x);
        }
        Ok(arrived(x, self.steps.max(1)))
    }
}

impl StochasticSolver for StochasticHeun {
    fn walk_watched(
        &self,
        field: &dyn NoisyField,
        x: Tensor<2>,
        (from, to): (f64, f64),
        streams: &[Stream],
        watch: &mut Watch,
    ) -> Result<Walk, Error> {
        let h = (to - from) / self.steps.max(1) as f64;
        let (mut x, width) = (x.clone(), x.dims()[1]);
        for step in 0..self.steps.max(1) {
            let (t, next) = (from + h * step as f64, from + h * (step + 1) as f64);
            let variance = 0.5 * (field.deviation(t).powi(2) + field.deviation(next).powi(2));
            let noise = normals(streams, step, width, &x.device()) * (variance * h.abs()).sqrt();
            let first = field.drift(x.clone(), t);
            let tried = x.clone() + first.clone() * h + noise.clone();
            x = x + (first + field.drift(tried, next)) * (0.5 * h) + noise;
            check(&x, next, h, 2 * (step + 1), 2 * self.steps)?;
            watch.see(next, &x);
        }
        Ok(arrived(x, 2 * self.steps.max(1)))
    }
}
