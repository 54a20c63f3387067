//! What a recipe says of a network.

mod build;
mod choice;
mod grid;
mod joint;
mod set;

use fieldbridge_kernels::convolution;
use serde::{Deserialize, Serialize};

use super::{Activation, FilterRegions, ObservationTokens};

pub use choice::NetworkChoice;

/// Networks a recipe can name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NetworkKind {
    /// Residual perceptron, conditions in every block: [`ResidualMlp`](super::ResidualMlp).
    #[default]
    Residual,
    /// Plain perceptron: [`Mlp`](super::Mlp).
    Mlp,
    /// Convolutions on a grid at several resolutions: [`UNet`](super::UNet).
    #[serde(rename = "unet")]
    UNet,
    /// A transformer of patches of a grid or pieces of a vector: [`Transformer`](super::Transformer).
    Transformer,
    /// A transformer of the points of a set: [`SetTransformer`](super::SetTransformer).
    SetTransformer,
    /// A transformer of parameters, fields and their observation: [`JointTransformer`](super::JointTransformer).
    JointTransformer,
    /// Convolutions and means over all places that make numbers of a grid: [`Compressor`](super::Compressor).
    Compressor,
}

/// What lies beyond the edges of a grid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Padding {
    /// Zeros.
    #[default]
    Zero,
    /// The grid again, as in a simulation's box.
    Periodic,
}

impl Padding {
    fn kernel(self) -> convolution::Padding {
        match self {
            Self::Zero => convolution::Padding::Zero,
            Self::Periodic => convolution::Padding::Periodic,
        }
    }
}

/// A network with its sizes: a table of a recipe. Keys that are none have the value named below for networks that know
/// them, and are refused for networks that do not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NetworkRecipe {
    /// Which network.
    pub kind: NetworkKind,
    /// Width of the hidden layers, channels of the finest level, or components of a token.
    pub width: usize,
    /// Residual blocks (of each level of a compressor; down and up of a U-Net), hidden layers of a plain perceptron, or blocks of a
    /// transformer.
    pub blocks: usize,
    /// Nonlinearity.
    pub activation: Activation,
    /// Places along each axis of a grid, one to three axes. A transformer without it takes a row as one line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shape: Option<Vec<usize>>,
    /// Numbers at each place of the grid: 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channels: Option<usize>,
    /// What lies beyond the edges of the grid of a U-Net or a compressor: zeros.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub padding: Option<Padding>,
    /// How often a U-Net halves the grid, or a compressor that of its patches: 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub levels: Option<usize>,
    /// Groups of channels that a U-Net normalises together: 8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<usize>,
    /// Places of a patch along every axis: 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patch: Option<usize>,
    /// Numbers of a row before those of the grid, for a joint transformer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<usize>,
    /// Tokens that carry them: 4.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter_tokens: Option<usize>,
    /// Numbers observed at each place of the grid: as many as it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed: Option<usize>,
    /// Where patches of the observation stand: in tokens of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observation: Option<ObservationTokens>,
    /// Bands of wave numbers on a grid of two axes: of the filter beside the patches of a joint transformer, or of the powers a
    /// compressor measures. None: no filter, no powers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bands: Option<usize>,
    /// Which places that filter treats alike: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter_regions: Option<FilterRegions>,
    /// Maps that a layer of the bending part of that filter makes. None: the filter is linear.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter_channels: Option<usize>,
    /// Layers of that part: 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter_layers: Option<usize>,
    /// Bands of the powers of the observation that a joint transformer tells its parameter tokens. None: they are told none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_bands: Option<usize>,
    /// Bands of the powers of the fields on their way and of the observation, and of all correlations, that they are told instead.
    /// None: they are told none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub all_bands: Option<usize>,
    /// Filtered maps whose third moments they are told beside powers. None: they are told none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moment_channels: Option<usize>,
    /// Heads of the attention: 4, and 0, for none, at the coarsest level of a U-Net.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heads: Option<usize>,
    /// Whether the perceptrons of a transformer are gated: true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gated: Option<bool>,
    /// Points of a set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub points: Option<usize>,
    /// Numbers of each point: as many as there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub features: Option<usize>,
    /// Coordinates among the numbers of a point, the first of them: all up to 3. Only a periodic box asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coordinates: Option<usize>,
    /// Side of a periodic box, in the units the network sees: no box.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub box_side: Option<f32>,
}

impl Default for NetworkRecipe {
    fn default() -> Self {
        Self {
            kind: NetworkKind::Residual,
            width: 128,
            blocks: 3,
            activation: Activation::Silu,
            shape: None,
            channels: None,
            padding: None,
            levels: None,
            groups: None,
            patch: None,
            parameters: None,
            parameter_tokens: None,
            observed: None,
            observation: None,
            bands: None,
            filter_regions: None,
            filter_channels: None,
            filter_layers: None,
            observed_bands: None,
            all_bands: None,
            moment_channels: None,
            heads: None,
            gated: None,
            points: None,
            features: None,
            coordinates: None,
            box_side: None,
        }
    }
}
