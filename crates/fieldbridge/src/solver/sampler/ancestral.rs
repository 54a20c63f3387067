//! Steps by the mean of data and noise, with some of the noise drawn anew.

use burn_tensor::Tensor;

use super::{Denoiser, Sampler, check_step, next_time};
use crate::error::Error;
use crate::path::NoiseLevels;
use crate::random::Stream;
use crate::solver::noise::{arrived, normals};
use crate::solver::{Walk, Watch};

/// `x_s = a_s D + sqrt(b_s^2 - q^2) n + q N`, with `q = eta b_s sqrt(b_t^2 - (a_t b_s / a_s)^2) / b_t`.
///
/// With `eta = 1` this draws from the distribution of `x_s` given `x_t` and the data point `D` (Ho et al. 2020,
/// arXiv:2006.11239); with `eta = 0` nothing is random but the start (Song et al. 2020, arXiv:2010.02502), and it is
/// Euler's method for `d(x/a)/d(b/a) = n`: first order. The last step ends at `D`.
#[derive(Clone, Copy, Debug)]
pub struct Ancestral {
    /// Number of steps.
    pub steps: usize,
    /// `eta`, from 0 to 1.
    pub noise: f64,
    /// Which noise levels.
    pub levels: NoiseLevels,
}

impl Sampler for Ancestral {
    fn walk_watched(
        &self,
        denoiser: &dyn Denoiser,
        z: Tensor<2>,
        streams: &[Stream],
        watch: &mut Watch,
    ) -> Result<Walk, Error> {
        let path = denoiser.path();
        let times = self.levels.times(path, denoiser.interval(), self.steps);
        let width = z.dims()[1];
        let mut x = z * path.schedule(times[0]).radius();
        for step in 0..times.len() {
            let at = path.schedule(times[step]);
            let clean = denoiser.clean(x.clone(), times[step]);
            x = match times.get(step + 1) {
                None => clean,
                Some(&next) => {
                    let to = path.schedule(next);
                    let kept = at.data / to.data * to.base;
                    let fresh = self.noise * to.base * (at.base * at.base - kept * kept).max(0.0).sqrt() / at.base;
                    let old = (to.base * to.base - fresh * fresh).max(0.0).sqrt();
                    let noise = (x - clean.clone() * at.data) * (old / at.base);
                    let moved = clean * to.data + noise;
                    if fresh > 0.0 {
                        moved.clone() + normals(streams, step, width, &moved.device()) * fresh
                    } else {
                        moved
                    }
                }
            };
            check_step(&x, &times, step, step + 1)?;
            watch.see(next_time(&times, step), &x);
        }
        Ok(arrived(x, times.len()))
    }
}
