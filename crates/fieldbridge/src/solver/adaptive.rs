//! Dormand and Prince's method of order 5 with an error estimate of order 4, a step size for every row.

use burn_tensor::{Tensor, TensorData};

use super::{Field, Solver, Walk, column, times};
use crate::error::Error;

/// Order 5(4) with per-row steps (Dormand and Prince 1980, J. Comp. Appl. Math. 6, 19; step control as in Hairer,
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
    /// First step sizes: a hundredth of the time in which the field would change the state by its own size.
    fn first_steps(&self, x: &Tensor<2>, slope: &Tensor<2>, span: f64) -> Vec<f64> {
        let scale = x.clone().abs() + 1.0;
        let sizes = row_norms(x.clone() / scale.clone());
        let speeds = row_norms(slope.clone() / scale);
        let ratio = |size: f64, speed: f64| 0.05 * (size + 0.1) / speed.max(1e-3);
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

    fn walk(&self, field: &Field<'_>, x: Tensor<2>, from: f64, to: f64) -> Result<Walk, Error> {
        let [rows, _] = x.dims();
        if rows == 0 || from == to {
            return Ok(Walk {
                error: Some(x.zeros_like()),
                end: x,
                evaluations: 0,
                rejected: 0,
            });
        }
        let direction = (to - from).signum();
        let span = (to - from).abs();
        let mut state = x;
        let mut error = state.zeros_like();
        let mut slope = field(state.clone(), times(&state, from));
        let mut evaluations = 1;
        let mut rejected = 0;
        let mut walked = vec![0.0_f64; rows];
        let mut steps = self.first_steps(&state, &slope, span);
        loop {
            for (step, done) in steps.iter_mut().zip(&walked) {
                *step = step.min(span - done);
            }
            let h = column(steps.iter().map(|step| step * direction), &state);
            let mut stages = vec![slope.clone()];
            let mut proposal = state.clone();
            for (stage, weights) in STAGES.iter().enumerate() {
                proposal = state.clone() + combine(&stages, weights) * h.clone();
                let node = NODES.get(stage + 1).copied().unwrap_or(1.0);
                let t = column(
                    walked
                        .iter()
                        .zip(&steps)
                        .map(|(done, step)| from + direction * (done + node * step)),
                    &state,
                );
                stages.push(field(proposal.clone(), t));
            }
            evaluations += STAGES.len();
            let local = (combine(&stages, &ERROR) * h).abs();
            let scale = (state.clone().abs().max_pair(proposal.clone().abs()) + 1.0) * self.tolerance;
            let norms = row_norms(local.clone() / scale);
            let accepted: Vec<bool> = norms.iter().map(|&norm| norm <= 1.0).collect();
            let mut finished = true;
            for row in 0..rows {
                if walked[row] >= span {
                    continue;
                }
                let factor = if norms[row].is_finite() {
                    0.9 * norms[row].max(1e-10).powf(-0.2)
                } else {
                    0.1
                };
                if accepted[row] {
                    walked[row] += steps[row];
                    // what is left below rounding is not a step
                    if span - walked[row] < 1e-9 * span {
                        walked[row] = span;
                    }
                } else {
                    rejected += 1;
                }
                let tried = steps[row];
                steps[row] = tried * factor.clamp(0.1, if accepted[row] { 5.0 } else { 0.9 });
                if walked[row] < span {
                    finished = false;
                    if evaluations >= self.max_evaluations || steps[row] < 1e-7 * span {
                        return Err(Error::Solver {
                            time: from + direction * walked[row],
                            step: tried,
                            row,
                            evaluations,
                            limit: self.max_evaluations,
                        });
                    }
                }
            }
            let mask: Vec<bool> = accepted;
            let mask = Tensor::<1, burn_tensor::Bool>::from_data(TensorData::new(mask, [rows]), &state.device());
            let mask = mask.unsqueeze_dim::<2>(1).expand(state.dims());
            state = state.mask_where(mask.clone(), proposal);
            error = error.clone().mask_where(mask.clone(), error + local);
            let last = stages.pop().expect("seven stages");
            slope = slope.mask_where(mask, last);
            if finished {
                return Ok(Walk {
                    end: state,
                    error: Some(error),
                    evaluations,
                    rejected,
                });
            }
        }
    }
}
