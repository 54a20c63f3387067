//! Invertible maps of images, put together as in Glow (Kingma and Dhariwal 2018, arXiv:1807.03039).
//!
//! An [`ImageTransform`] acts on `[batch, height, width, channels]`. [`MultiScale`] makes a [`Transform`](super::Transform)
//! of rows of them: at each scale blocks of 2 x 2 pixels become channels, a few steps of
//! [`ChannelAffine`], [`ChannelMixing`] and [`ImageCoupling`] follow, and half of the channels are done (Dinh et al.
//! 2017, arXiv:1605.08803).

mod channel_affine;
mod channel_mixing;
mod coupling;
mod multi_scale;

use burn_tensor::Tensor;

use crate::network::Weights;

pub use channel_affine::ChannelAffine;
pub use channel_mixing::ChannelMixing;
pub use coupling::{ImageCoupling, ImageSupplier};
pub use multi_scale::{MultiScale, Shape};

/// An invertible map of `[batch, height, width, channels]`, possibly dependent on a context embedding `[batch, width]`.
pub trait ImageTransform: Send + Sync + std::fmt::Debug {
    /// Data to base: `z` and `log |det dz/dx|`, `[batch]`.
    fn forward(&self, weights: &Weights, x: Tensor<4>, context: Option<&Tensor<2>>) -> (Tensor<4>, Tensor<1>);

    /// Base to data: `x` and `log |det dx/dz|`, `[batch]`.
    fn inverse(&self, weights: &Weights, z: Tensor<4>, context: Option<&Tensor<2>>) -> (Tensor<4>, Tensor<1>);
}

/// One log-volume for every image, from that of one pixel, `[1]`.
fn of_all_pixels(of_pixel: Tensor<1>, images: [usize; 4]) -> Tensor<1> {
    let [batch, height, width, _] = images;
    (of_pixel * (height * width) as f64).expand([batch])
}
