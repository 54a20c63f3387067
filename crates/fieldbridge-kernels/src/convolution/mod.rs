//! Convolution of images and volumes, channels last.

mod axis;
mod geometry;
pub(crate) mod instructions;
mod panels;
mod slices;
mod taps;
#[cfg(test)]
mod tests;
mod tile;
mod weight_gradient;

pub use geometry::{Geometry, Padding};
pub use slices::{bias_gradient, forward, input_gradient, weight_gradient};
