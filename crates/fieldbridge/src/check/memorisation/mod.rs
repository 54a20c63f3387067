//! Does a generative model repeat its training data? The test of Kadkhodaie et al. (2023, arXiv:2310.02557).
//!
//! Two models are trained on disjoint halves of the data and draw from the *same* noise. If each repeats its own half, their
//! draws have nothing in common and lie on training rows; if both have learned the law, their draws agree, since the map
//! from noise to data is then the same, and lie no nearer to training rows than fresh draws of the truth do.
//! [`memorisation`] measures both and says which it is.
//!
//! Models are looked at as [`Denoiser`]s, `E[x1 | x_t]` on the linear path `x_t = t x1 + (1 - t) x0` from unit noise `x0` to data
//! `x1`: what a velocity `v` knows is `x_t + (1 - t) v(x_t, t)`. Two of them are known exactly:
//!
//! | denoiser | of | repeats its data |
//! |---|---|---|
//! | [`Wiener`] | the true law of a [`GaussianField`] | no |
//! | [`TrainingSet`] | the law that puts equal mass on every training row | yes, all of them |
//!
//! A network with enough freedom trained for ever on few rows becomes the second; the test asks how far from the first it
//! still is. [`peak_signal_to_noise`] compares it with the optimum at one level of noise.

mod exact;
mod gaussian_field;
mod verdict;
mod walk;

pub use exact::{TrainingSet, Wiener};
pub use gaussian_field::GaussianField;
pub use verdict::{Memorisation, MemorisationVerdict, TwoHalves, memorisation};
pub use walk::{draw_from_noise, mean_squared_error, peak_signal_to_noise};

use crate::error::Error;

/// The mean of the data given a point on the path: `E[x1 | x_t]`.
pub trait Denoiser: Sync {
    /// For points `x`, `[rows, d]` flat, all at the time `t` in `[0, 1)`.
    ///
    /// # Errors
    /// What a learned model may meet.
    fn clean(&self, x: &[f64], t: f64) -> Result<Vec<f64>, Error>;
}
