//! Fused operations on the processor, each with a hand-written gradient and beside the composition of ordinary tensor
//! operations that says what it computes.
//!
//! | module | operation |
//! |---|---|
//! | [`linear`] | `a(x (W o M) + b + r)`, with a mask, a bias and an addend when wanted |
//! | [`masked`] | masked perceptrons, all layers at once |
//! | [`gated`] | `a(g) o v`, and the gated perceptron |
//! | [`activation`] | nonlinearities with their slopes |
//! | [`normalisation`] | layer and root-mean-square norms, modulated; gated residuals |
//! | [`attention`] | self and cross attention of several heads |
//! | [`convolution`], [`group_norm`] | images and volumes, channels last |
//! | [`spline`], [`affine`] | monotone maps of one number |
//! | [`autoregressive`] | masked networks with their maps, in one pass |
//! | [`optimiser`] | AdamW, clipping and averaging in one pass |
//! | [`product`], [`elementary`] | matrix products, elementary functions of vectors |
//!
//! Every operation is a function of tensors. On the processor it runs on slices, forward and backward, vectorised for
//! the instructions found at run time; on every other device the same call runs the composition.
//!
//! No result depends on the number of threads: outputs are split among threads, sums are not, or their parts are those
//! of fixed blocks and added in order. Results may differ in their last bits between kinds of processors.
//!
//! This is the only crate of the project with `unsafe` code; each block states why it is sound.

pub mod activation;
pub mod affine;
pub mod array;
pub mod attention;
pub mod autoregressive;
pub mod convolution;
pub mod elementary;
pub mod gated;
pub mod group_norm;
mod halves;
pub mod linear;
pub mod masked;
pub mod normalisation;
pub mod operation;
pub mod optimiser;
mod pairs;
mod pointwise;
pub mod product;
pub mod spline;
mod vectors;
pub mod workspace;
