//! Dormand and Prince's method of order 5 with an error estimate of order 4, a step size for every row.

use burn_tensor::{Tensor, TensorData};

use super::{Field, Solver, Walk, column, select_rows, times};
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
        let direction = (to - from).signum();
        let span = (to - from).abs();
        let slope = field.velocity(x.clone(), times(&x, from));
        let steps = self.first_steps(&x, &slope, span);
        let mut under_way = UnderWay {
            rows: (0..rows).collect(),
            error: x.zeros_like(),
            state: x,
            slope,
            walked: vec![0.0; rows],
            steps,
        };
        let mut arrived = Arrived::default();
        let mut selected: Option<Box<dyn Field + '_>> = None;
        let mut evaluations = 1;
        let mut rejected = 0;
        loop {
            let now = &mut under_way;
            let tried = self.attempt(selected.as_deref().unwrap_or(field), now, (from, direction, span));
            evaluations += STAGES.len();
            let mut on_the_way = Vec::new();
            for row in 0..now.rows.len() {
                if now.walked[row] >= span {
                    continue;
                }
                let norm = tried.norms[row];
                let factor = if norm.is_finite() {
                    0.9 * norm.max(1e-10).powf(-0.2)
                } else {
                    0.1
                };
                let step = now.steps[row];
                if tried.accepted[row] {
                    now.walked[row] += step;
                    // what is left below rounding is not a step
                    if span - now.walked[row] < 1e-9 * span {
                        now.walked[row] = span;
                    }
                } else {
                    rejected += 1;
                }
                now.steps[row] = step * factor.clamp(0.1, if tried.accepted[row] { 5.0 } else { 0.9 });
                if now.walked[row] < span {
                    on_the_way.push(row);
                    if evaluations >= self.max_evaluations || now.steps[row] < 1e-7 * span {
                        return Err(Error::Solver {
                            time: from + direction * now.walked[row],
                            step,
                            row: now.rows[row],
                            evaluations,
                            limit: self.max_evaluations,
                        });
                    }
                }
            }
            now.advance(tried);
            if on_the_way.is_empty() {
                arrived.add(&under_way, &(0..under_way.rows.len()).collect::<Vec<_>>());
                let (end, error) = arrived.in_order(rows);
                return Ok(Walk {
                    end,
                    error: Some(error),
                    evaluations,
                    rejected,
                });
            }
            // copying the rows costs less than a stage for a quarter of them that stand still
            if 4 * on_the_way.len() <= 3 * under_way.rows.len() {
                let there: Vec<usize> = (0..under_way.rows.len())
                    .filter(|&row| under_way.walked[row] >= span)
                    .collect();
                arrived.add(&under_way, &there);
                under_way = under_way.select(&on_the_way);
                selected = Some(field.select(&under_way.rows));
            }
        }
    }
}

/// Walks that have not arrived, and some that have.
struct UnderWay {
    /// Their places in the batch.
    rows: Vec<usize>,
    state: Tensor<2>,
    error: Tensor<2>,
    slope: Tensor<2>,
    walked: Vec<f64>,
    steps: Vec<f64>,
}

/// One step of every walk, to be accepted or not.
struct Tried {
    state: Tensor<2>,
    slope: Tensor<2>,
    error: Tensor<2>,
    norms: Vec<f64>,
    accepted: Vec<bool>,
}

impl DormandPrince {
    /// One step of every walk by its own length, shortened to end where the walk ends.
    fn attempt(&self, field: &dyn Field, now: &mut UnderWay, (from, direction, span): (f64, f64, f64)) -> Tried {
        for (step, done) in now.steps.iter_mut().zip(&now.walked) {
            *step = step.min(span - done);
        }
        let h = column(now.steps.iter().map(|step| step * direction), &now.state);
        let mut stages = vec![now.slope.clone()];
        let mut proposal = now.state.clone();
        for (stage, weights) in STAGES.iter().enumerate() {
            proposal = now.state.clone() + combine(&stages, weights) * h.clone();
            let node = NODES.get(stage + 1).copied().unwrap_or(1.0);
            let t = column(
                now.walked
                    .iter()
                    .zip(&now.steps)
                    .map(|(done, step)| from + direction * (done + node * step)),
                &now.state,
            );
            stages.push(field.velocity(proposal.clone(), t));
        }
        let error = (combine(&stages, &ERROR) * h).abs();
        let scale = (now.state.clone().abs().max_pair(proposal.clone().abs()) + 1.0) * self.tolerance;
        let norms = row_norms(error.clone() / scale);
        Tried {
            state: proposal,
            slope: stages.pop().expect("seven stages"),
            error,
            accepted: norms.iter().map(|&norm| norm <= 1.0).collect(),
            norms,
        }
    }
}

impl UnderWay {
    /// Takes over what was accepted.
    fn advance(&mut self, tried: Tried) {
        let mask = TensorData::new(tried.accepted, [self.rows.len()]);
        let mask = Tensor::<1, burn_tensor::Bool>::from_data(mask, &self.state.device());
        let mask = mask.unsqueeze_dim::<2>(1).expand(self.state.dims());
        self.state = self.state.clone().mask_where(mask.clone(), tried.state);
        self.error = self
            .error
            .clone()
            .mask_where(mask.clone(), self.error.clone() + tried.error);
        self.slope = self.slope.clone().mask_where(mask, tried.slope);
    }

    fn select(&self, rows: &[usize]) -> Self {
        Self {
            rows: rows.iter().map(|&row| self.rows[row]).collect(),
            state: select_rows(self.state.clone(), rows),
            error: select_rows(self.error.clone(), rows),
            slope: select_rows(self.slope.clone(), rows),
            walked: rows.iter().map(|&row| self.walked[row]).collect(),
            steps: rows.iter().map(|&row| self.steps[row]).collect(),
        }
    }
}

/// Walks at their end, in the order of arrival.
#[derive(Default)]
struct Arrived {
    rows: Vec<usize>,
    ends: Vec<Tensor<2>>,
    errors: Vec<Tensor<2>>,
}

impl Arrived {
    fn add(&mut self, walks: &UnderWay, rows: &[usize]) {
        self.rows.extend(rows.iter().map(|&row| walks.rows[row]));
        self.ends.push(select_rows(walks.state.clone(), rows));
        self.errors.push(select_rows(walks.error.clone(), rows));
    }

    /// Ends and errors in the order of the batch.
    fn in_order(self, count: usize) -> (Tensor<2>, Tensor<2>) {
        let mut places = vec![0; count];
        for (place, row) in self.rows.into_iter().enumerate() {
            places[row] = place;
        }
        (
            select_rows(Tensor::cat(self.ends, 0), &places),
            select_rows(Tensor::cat(self.errors, 0), &places),
        )
    }
}
