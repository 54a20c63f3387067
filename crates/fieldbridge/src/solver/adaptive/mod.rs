//! Dormand and Prince's method of order 5 with an error estimate of order 4, a step size for every row.

mod control;
mod walks;

use burn_tensor::Tensor;

use super::{Field, Solver, Walk, column, times};
use crate::error::Error;

use control::Control;
use walks::{Arrived, Tried, UnderWay};

/// Order 5(4) with per-row steps (Dormand and Prince 1980, J. Comp. Appl. Math. 6, 19; norms as in Hairer,
/// Norsett and Wanner 1993, II.4). A row is accepted when the root mean square over its components of
/// `error / (tolerance (1 + |x|))` is at most one.
#[derive(Clone, Copy, Debug)]
pub struct DormandPrince {
    /// Local error allowed per step, absolute and relative.
    pub tolerance: f64,
    /// Most evaluations of the field in one walk.
    pub max_evaluations: usize,
}

/// Times of the stages.
const NODES: [f64; 6] = [0.0, 0.2, 0.3, 0.8, 8.0 / 9.0, 1.0];
/// Weights of earlier stages in each stage; the last row is also the solution of order 5.
const STAGES: [&[f64]; 6] = [
    &[0.2],
    &[3.0 / 40.0, 9.0 / 40.0],
    &[44.0 / 45.0, -56.0 / 15.0, 32.0 / 9.0],
    &[19372.0 / 6561.0, -25360.0 / 2187.0, 64448.0 / 6561.0, -212.0 / 729.0],
    &[
        9017.0 / 3168.0,
        -355.0 / 33.0,
        46732.0 / 5247.0,
        49.0 / 176.0,
        -5103.0 / 18656.0,
    ],
    &[
        35.0 / 384.0,
        0.0,
        500.0 / 1113.0,
        125.0 / 192.0,
        -2187.0 / 6784.0,
        11.0 / 84.0,
    ],
];
/// Order 5 minus order 4.
const ERROR: [f64; 7] = [
    71.0 / 57600.0,
    0.0,
    -71.0 / 16695.0,
    71.0 / 1920.0,
    -17253.0 / 339200.0,
    22.0 / 525.0,
    -1.0 / 40.0,
];

/// Sum of stages, weighted.
fn combine(stages: &[Tensor<2>], weights: &[f64]) -> Tensor<2> {
    let mut sum: Option<Tensor<2>> = None;
    for (stage, &weight) in stages.iter().zip(weights) {
        if weight != 0.0 {
            let part = stage.clone() * weight;
            sum = Some(match sum {
                Some(total) => total + part,
                None => part,
            });
        }
    }
    sum.expect("a stage has at least one weight")
}

/// Root mean square over the components of each row.
fn row_norms(x: Tensor<2>) -> Vec<f64> {
    let data = x.square().mean_dim(1).sqrt().into_data();
    data.as_slice::<f32>()
        .expect("states are f32")
        .iter()
        .map(|&value| f64::from(value))
        .collect()
}

impl DormandPrince {
    /// First step sizes: `tolerance^(1/5) / 2` of the time in which the field would change the state by its own size.
    fn first_steps(&self, x: &Tensor<2>, slope: &Tensor<2>, span: f64) -> Vec<f64> {
        let scale = x.clone().abs() + 1.0;
        let sizes = row_norms(x.clone() / scale.clone());
        let speeds = row_norms(slope.clone() / scale);
        let share = 0.5 * self.tolerance.powf(0.2);
        let ratio = |size: f64, speed: f64| share * (size + 0.1) / speed.max(1e-3);
        sizes
            .iter()
            .zip(&speeds)
            .map(|(&size, &speed)| ratio(size, speed).clamp(1e-4, 0.1) * span)
            .collect()
    }
}

impl Solver for DormandPrince {
    /// Ten times the tolerance.
    fn coarser(&self) -> Box<dyn Solver> {
        Box::new(Self {
            tolerance: 10.0 * self.tolerance,
            ..*self
        })
    }

    fn walk(&self, field: &dyn Field, x: Tensor<2>, from: f64, to: f64) -> Result<Walk, Error> {
        let [rows, _] = x.dims();
        if rows == 0 || from == to {
            return Ok(Walk {
                error: Some(x.zeros_like()),
                end: x,
                evaluations: 0,
                rejected: 0,
            });
        }
        let interval = Interval {
            from,
            direction: (to - from).signum(),
            span: (to - from).abs(),
        };
        let span = interval.span;
        let slope = field.velocity(x.clone(), times(&x, from));
        let steps = self.first_steps(&x, &slope, span);
        let mut now = UnderWay {
            rows: (0..rows).collect(),
            error: x.zeros_like(),
            state: x,
            slope,
            walked: vec![0.0; rows],
            controls: steps.into_iter().map(Control::first).collect(),
        };
        let mut arrived = Arrived::default();
        let mut selected: Option<Box<dyn Field + '_>> = None;
        let mut evaluations = 1;
        let mut rejected = 0;
        loop {
            let tried = self.attempt(selected.as_deref().unwrap_or(field), &mut now, interval);
            evaluations += STAGES.len();
            let (mut there, mut on_the_way) = (Vec::new(), Vec::new());
            let mut taken = Vec::with_capacity(now.rows.len());
            for (place, &norm) in tried.norms.iter().enumerate() {
                let control = &mut now.controls[place];
                let step = control.step;
                taken.push(control.judge(norm));
                if taken[place] {
                    now.walked[place] += step;
                } else {
                    rejected += 1;
                }
                // what is left below rounding is not a step
                if span - now.walked[place] < 1e-9 * span {
                    there.push(place);
                    continue;
                }
                on_the_way.push(place);
                if evaluations >= self.max_evaluations || control.step < 1e-7 * span {
                    return Err(Error::Solver {
                        time: interval.at(now.walked[place]),
                        step,
                        row: now.rows[place],
                        evaluations,
                        limit: self.max_evaluations,
                    });
                }
            }
            now.advance(tried, taken);
            if on_the_way.is_empty() {
                arrived.add(now);
                let (end, error) = arrived.in_order();
                return Ok(Walk {
                    end,
                    error: Some(error),
                    evaluations,
                    rejected,
                });
            }
            // rows that stand still would cost as much as those that walk
            if !there.is_empty() {
                arrived.add(now.select(&there));
                now = now.select(&on_the_way);
                selected = Some(field.select(&now.rows));
            }
        }
    }
}

/// The times of a walk.
#[derive(Clone, Copy)]
struct Interval {
    from: f64,
    direction: f64,
    span: f64,
}

impl Interval {
    /// The time at which so much of it is walked.
    fn at(self, walked: f64) -> f64 {
        self.from + self.direction * walked
    }
}

impl DormandPrince {
    /// One step of every walk by its own length, shortened to end where the walk ends.
    fn attempt(&self, field: &dyn Field, now: &mut UnderWay, interval: Interval) -> Tried {
        for (control, done) in now.controls.iter_mut().zip(&now.walked) {
            control.step = control.step.min(interval.span - done);
        }
        let steps = now.controls.iter().map(|control| control.step);
        let h = column(steps.clone().map(|step| step * interval.direction), &now.state);
        let mut stages = vec![now.slope.clone()];
        let mut proposal = now.state.clone();
        for (stage, weights) in STAGES.iter().enumerate() {
            proposal = now.state.clone() + combine(&stages, weights) * h.clone();
            let node = NODES.get(stage + 1).copied().unwrap_or(1.0);
            let reached = now.walked.iter().zip(steps.clone());
            let t = column(reached.map(|(done, step)| interval.at(done + node * step)), &now.state);
            stages.push(field.velocity(proposal.clone(), t));
        }
        let error = (combine(&stages, &ERROR) * h).abs();
        let scale = (now.state.clone().abs().max_pair(proposal.clone().abs()) + 1.0) * self.tolerance;
        Tried {
            state: proposal,
            slope: stages.pop().expect("seven stages"),
            norms: row_norms(error.clone() / scale),
            error,
        }
    }
}
