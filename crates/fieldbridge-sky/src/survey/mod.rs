//! What is observed of maps: shear, noise, masks and edges, and patches cut out of the sphere.
//!
//! Maps are square planes of a [`Patch`](crate::field::Patch), `[row, column]`, last index fastest; `x` runs along rows,
//! `y` from row to row.

mod cut_out;
mod healpix;
mod mask;
mod noise;
mod shear;
mod tangent_plane;

pub use cut_out::{CutOut, FlatPatch};
pub use healpix::{Healpix, PixelOrder};
pub use mask::Mask;
pub use noise::Noise;
pub use shear::{KaiserSquires, crop, pad};
pub use tangent_plane::TangentPlane;
