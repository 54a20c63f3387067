//! An exponential method of Adams and Bashforth.

use burn_tensor::Tensor;

use super::{Denoiser, Sampler, check_step, next_time};
use crate::error::Error;
use crate::path::NoiseLevels;
use crate::random::Stream;
use crate::solver::noise::arrived;
use crate::solver::{Walk, Watch};

/// Second order with one evaluation a step (DPM-Solver++ 2M, Lu et al. 2022, arXiv:2211.01095; exponential
/// Adams-Bashforth methods, Hochbruck and Ostermann 2010, Acta Numerica 19, 209).
///
/// With `l = log(a / b)` and `h = l_s - l_t` the walk is solved exactly for a `D` that is a straight line in `l`, drawn
/// through the last two evaluations:
///
/// `x_s = b_s / b_t x_t + a_s (1 - e^-h) D_t + a_s (h - 1 + e^-h) (D_t - D_before) / h_before`.
///
/// The first step holds `D` constant, and the last one ends at `D`.
#[derive(Clone, Copy, Debug)]
pub struct Multistep {
    /// Number of steps.
    pub steps: usize,
    /// Which noise levels.
    pub levels: NoiseLevels,
}

impl Sampler for Multistep {
    fn walk_watched(
        &self,
        denoiser: &dyn Denoiser,
        z: Tensor<2>,
        _streams: &[Stream],
        watch: &mut Watch,
    ) -> Result<Walk, Error> {
        let path = denoiser.path();
        let times = self.levels.times(path, denoiser.interval(), self.steps);
        let place = |t: f64| -path.schedule(t).noise_level().ln();
        let mut x = z * path.schedule(times[0]).radius();
        let mut before: Option<(Tensor<2>, f64)> = None;
        for step in 0..times.len() {
            let t = times[step];
            let at = path.schedule(t);
            let clean = denoiser.clean(x.clone(), t);
            x = match times.get(step + 1) {
                None => clean,
                Some(&next) => {
                    let to = path.schedule(next);
                    let h = place(next) - place(t);
                    let mut moved = x * (to.base / at.base) + clean.clone() * (-to.data * (-h).exp_m1());
                    if let Some((earlier, h_before)) = before {
                        let bend = to.data * (h + (-h).exp_m1()) / h_before;
                        moved = moved + (clean.clone() - earlier) * bend;
                    }
                    before = Some((clean, h));
                    moved
                }
            };
            check_step(&x, &times, step, step + 1)?;
            watch.see(next_time(&times, step), &x);
        }
        Ok(arrived(x, times.len()))
    }
}
