//! What is learned: functions of a point, a time and a context.
//!
//! A [`Network`] maps a point `x` (`[batch, inputs]`), a time `t` (`[batch, 1]`) and a context embedding `c`
//! (`[batch, width]`) to `[batch, outputs]`. It holds no values, only [`Slot`]s into [`Weights`].
//! [`Network::forward_with_tangents`] pushes directions through the same function, `J u` beside `f(x)`, with
//! ordinary differentiable operations, because the tensor library offers first-order gradients only: traces of the
//! Jacobian, and training that needs them, are built on it.

mod activation;
mod attention;
mod band_powers;
mod cells;
mod compressor;
mod context;
mod contraction;
mod convolution;
mod convolution_block;
mod dual;
mod filter_regions;
mod group_norm;
mod image;
mod isotropic_filter;
mod joint_transformer;
mod layered_filter;
mod linear;
mod map_moments;
mod masked_mlp;
mod masked_perceptron;
mod mlp;
mod modulation;
mod normalised;
mod patches;
mod periodic_pairs;
mod precision;
mod recipe;
mod residual;
mod resolution;
mod rotary;
mod set_transformer;
mod time;
mod token_head;
mod token_norm;
mod told_powers;
mod transformer;
mod transformer_block;
mod unet;
mod waves;
mod weights;

use burn_tensor::Tensor;

pub use activation::Activation;
pub use attention::{Places, SelfAttention};
pub use band_powers::BandPowers;
pub use compressor::{Compressor, CompressorShape};
pub(crate) use context::embed;
pub use context::{Context, ContextEmbedding, Modality, Reading};
pub use contraction::{Contracted, Contraction};
pub use convolution::{Convolution, Space};
pub use convolution_block::{ConvolutionBlock, ConvolutionShape};
pub use dual::{Dual, DualNetwork, Repeat};
pub use filter_regions::FilterRegions;
pub use group_norm::GroupNorm;
pub use image::ImageNetwork;
pub use isotropic_filter::IsotropicFilter;
pub use joint_transformer::{JointRows, JointTransformer, ObservationTokens};
pub use layered_filter::{FilterLayers, LayeredFilter};
pub use linear::Linear;
pub use map_moments::MapMoments;
pub use masked_mlp::{MaskedMlp, MaskedNetwork};
pub use masked_perceptron::MaskedPerceptron;
pub use mlp::Mlp;
pub use modulation::{ConditionEmbedding, Modulation};
pub use patches::{PatchEmbedding, Patches};
pub use periodic_pairs::PeriodicPairs;
pub use precision::Precision;
pub use recipe::{NetworkChoice, NetworkKind, NetworkRecipe, Padding};
pub use residual::ResidualMlp;
pub use rotary::RotaryPositions;
pub use set_transformer::SetTransformer;
pub use time::FourierTime;
pub use token_head::TokenHead;
pub use token_norm::TokenNorm;
pub use told_powers::{RowMaps, RowPowers, ToldPowers};
pub use transformer::{TokenShape, Transformer};
pub use transformer_block::{TransformerBlock, TransformerShape};
pub use unet::{UNet, UNetShape};
pub use waves::Waves;
pub use weights::{ConstantSlot, Entry, Initial, Parameters, Registry, Slot, Weights};

/// What a network is told besides the point.
#[derive(Clone, Debug, Default)]
pub struct Conditions {
    /// Time, `[batch, 1]`, from 0 (base) to 1 (data).
    pub t: Option<Tensor<2>>,
    /// Context embedding, `[batch, width]`.
    pub context: Option<Tensor<2>>,
}

/// A function of point, time and context.
pub trait Network: Send + Sync + std::fmt::Debug {
    /// `f(x, t, c)`.
    ///
    /// # Shapes
    /// `x`: `[batch, inputs]`, output: `[batch, outputs]`.
    fn forward(&self, weights: &Weights, x: Tensor<2>, conditions: &Conditions) -> Tensor<2>;

    /// `f(x, t, c)` and the Jacobian-vector products `(df/dx) u_k` for every direction.
    ///
    /// # Shapes
    /// `x`: `[batch, inputs]`, `tangents`: `[batch, directions, inputs]`;
    /// output: `[batch, outputs]` and `[batch, directions, outputs]`.
    fn forward_with_tangents(
        &self,
        weights: &Weights,
        x: Tensor<2>,
        conditions: &Conditions,
        tangents: Tensor<3>,
    ) -> (Tensor<2>, Tensor<3>);
}

/// Conditions as one vector, `[batch, width]`: the time embedding beside the context.
fn conditioning_vector(weights: &Weights, time: Option<&FourierTime>, conditions: &Conditions) -> Option<Tensor<2>> {
    let embedded = match (time, &conditions.t) {
        (Some(embedding), Some(t)) => Some(embedding.forward(weights, t.clone())),
        _ => None,
    };
    match (embedded, conditions.context.clone()) {
        (Some(t), Some(c)) => Some(Tensor::cat(vec![t, c], 1)),
        (t, c) => t.or(c),
    }
}

#[cfg(test)]
mod tests;
