//! Methods with equal steps.

use burn_tensor::Tensor;

use super::{Field, Solver, Walk, Watch, first_non_finite, times};
use crate::error::Error;

/// Order 1: `x <- x + h v(x, t)`.
#[derive(Clone, Copy, Debug)]
pub struct Euler {
    /// Number of steps.
    pub steps: usize,
}

/// Order 2: Euler's step, then the mean of the velocities at both ends (Heun 1900).
#[derive(Clone, Copy, Debug)]
pub struct Heun {
    /// Number of steps.
    pub steps: usize,
}

/// Order 4: the classical method of Runge (1895) and Kutta (1901).
#[derive(Clone, Copy, Debug)]
pub struct RungeKutta {
    /// Number of steps.
    pub steps: usize,
}

/// Half the steps; two to compare with a single one.
fn other_steps(steps: usize) -> usize {
    if steps < 2 { 2 } else { steps / 2 }
}

/// Repeats `step(x, t, h)` and checks the end.
fn march(
    steps: usize,
    evaluations_each: usize,
    x: Tensor<2>,
    (from, to): (f64, f64),
    watch: &mut Watch,
    step: impl Fn(Tensor<2>, f64, f64) -> Tensor<2>,
) -> Result<Walk, Error> {
    let steps = steps.max(1);
    let h = (to - from) / steps as f64;
    let mut end = x;
    for index in 0..steps {
        end = step(end, from + h * index as f64, h);
        watch.see(from + h * (index + 1) as f64, &end);
    }
    let evaluations = steps * evaluations_each;
    match first_non_finite(&end) {
        Some(row) => Err(Error::Solver {
            time: to,
            step: h,
            row,
            evaluations,
            limit: evaluations,
        }),
        None => Ok(Walk {
            end,
            error: None,
            evaluations,
            rejected: 0,
        }),
    }
}

impl Solver for Euler {
    fn coarser(&self) -> Box<dyn Solver> {
        Box::new(Self {
            steps: other_steps(self.steps),
        })
    }

    fn walk(&self, field: &dyn Field, x: Tensor<2>, from: f64, to: f64) -> Result<Walk, Error> {
        self.walk_watched(field, x, (from, to), &mut Watch::nothing())
    }

    fn walk_watched(
        &self,
        field: &dyn Field,
        x: Tensor<2>,
        between: (f64, f64),
        watch: &mut Watch,
    ) -> Result<Walk, Error> {
        march(self.steps, 1, x, between, watch, |x, t, h| {
            x.clone() + field.velocity(x.clone(), times(&x, t)) * h
        })
    }
}

impl Solver for Heun {
    fn coarser(&self) -> Box<dyn Solver> {
        Box::new(Self {
            steps: other_steps(self.steps),
        })
    }

    fn walk(&self, field: &dyn Field, x: Tensor<2>, from: f64, to: f64) -> Result<Walk, Error> {
        self.walk_watched(field, x, (from, to), &mut Watch::nothing())
    }

    fn walk_watched(
        &self,
        field: &dyn Field,
        x: Tensor<2>,
        between: (f64, f64),
        watch: &mut Watch,
    ) -> Result<Walk, Error> {
        march(self.steps, 2, x, between, watch, |x, t, h| {
            let first = field.velocity(x.clone(), times(&x, t));
            let second = field.velocity(x.clone() + first.clone() * h, times(&x, t + h));
            x + (first + second) * (0.5 * h)
        })
    }
}

impl Solver for RungeKutta {
    fn coarser(&self) -> Box<dyn Solver> {
        Box::new(Self {
            steps: other_steps(self.steps),
        })
    }

    fn walk(&self, field: &dyn Field, x: Tensor<2>, from: f64, to: f64) -> Result<Walk, Error> {
        self.walk_watched(field, x, (from, to), &mut Watch::nothing())
    }

    fn walk_watched(
        &self,
        field: &dyn Field,
        x: Tensor<2>,
        between: (f64, f64),
        watch: &mut Watch,
    ) -> Result<Walk, Error> {
        march(self.steps, 4, x, between, watch, |x, t, h| {
            let first = field.velocity(x.clone(), times(&x, t));
            let second = field.velocity(x.clone() + first.clone() * (0.5 * h), times(&x, t + 0.5 * h));
            let third = field.velocity(x.clone() + second.clone() * (0.5 * h), times(&x, t + 0.5 * h));
            let fourth = field.velocity(x.clone() + third.clone() * h, times(&x, t + h));
            x + (first + (second + third) * 2.0 + fourth) * (h / 6.0)
        })
    }
}
