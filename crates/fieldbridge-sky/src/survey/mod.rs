//! What is observed of maps: shear, noise, masks and edges.
//!
//! Maps are square planes of a [`Patch`](crate::field::Patch), `[row, column]`, last index fastest; `x` runs along rows,
//! `y` from row to row.

mod mask;
mod noise;
mod shear;

pub use mask::Mask;
pub use noise::Noise;
pub use shear::{KaiserSquires, crop, pad};
