//! A transformer of the patches of a grid or of the pieces of a vector.

use super::attention::Places;
use super::token_head::TokenHead;
use super::{
    Activation, ConditionEmbedding, Conditions, Dual, DualNetwork, PatchEmbedding, Patches, Registry, RotaryPositions,
    TransformerBlock, TransformerShape, Weights,
};

/// Sizes shared by the networks of tokens.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenShape {
    /// Components of a token.
    pub width: usize,
    /// Number of blocks.
    pub blocks: usize,
    /// Heads of the attention.
    pub heads: usize,
    /// Whether perceptrons are gated.
    pub gated: bool,
    /// Nonlinearity.
    pub activation: Activation,
}

impl TokenShape {
    /// Blocks with root-mean-square norms and a perceptron of four times the width, or two thirds of that when it is
    /// gated, so that both have as many weights.
    pub(super) fn stack(&self, registry: &mut Registry, conditions: usize, pairs: usize) -> Vec<TransformerBlock> {
        let hidden = if self.gated { 8 * self.width / 3 } else { 4 * self.width };
        let shape = TransformerShape {
            width: self.width,
            heads: self.heads,
            hidden: hidden.max(1),
            gated: self.gated,
            activation: self.activation,
            root_mean_square: true,
            conditions,
            pairs,
        };
        (0..self.blocks)
            .map(|index| {
                registry.scope(format!("block{index}"), |registry| {
                    TransformerBlock::new(registry, &shape)
                })
            })
            .collect()
    }
}

/// Tokens of [patches](PatchEmbedding), [blocks](TransformerBlock) modulated by time and context with
/// [rotary positions](RotaryPositions), and a linear layer that starts as zero (Peebles and Xie 2022, arXiv:2212.09748).
#[derive(Clone, Debug)]
pub struct Transformer {
    patches: Patches,
    embedding: PatchEmbedding,
    positions: RotaryPositions,
    conditions: Option<ConditionEmbedding>,
    blocks: Vec<TransformerBlock>,
    head: TokenHead,
}

impl Transformer {
    /// From `inputs` numbers at each place of the grid to `outputs`, told `frequencies` of the time and a context of
    /// `context` numbers.
    ///
    /// # Panics
    /// When the width is not a multiple of the heads, or their width odd.
    pub fn new(
        registry: &mut Registry,
        patches: Patches,
        shape: &TokenShape,
        [inputs, outputs]: [usize; 2],
        frequencies: Option<usize>,
        context: usize,
    ) -> Self {
        let conditions = ConditionEmbedding::new(registry, frequencies, context, shape.width, shape.activation);
        let told = conditions.as_ref().map_or(0, ConditionEmbedding::width);
        Self {
            patches,
            embedding: PatchEmbedding::new(registry, patches, inputs, shape.width),
            positions: RotaryPositions::new(registry, patches.counts(), shape.width / shape.heads),
            blocks: shape.stack(registry, told, 0),
            head: TokenHead::new(registry, shape.width, patches.places() * outputs, told),
            conditions,
        }
    }
}

impl DualNetwork for Transformer {
    fn carry(&self, weights: &Weights, rows: Dual<2>, conditions: &Conditions) -> Dual<2> {
        let conditions = self
            .conditions
            .as_ref()
            .map(|embedding| embedding.forward(weights, conditions));
        let angles = self.positions.angles(weights);
        let places = Places {
            angles: Some(&angles),
            pairs: None,
        };
        let tokens = self
            .blocks
            .iter()
            .fold(self.embedding.forward(weights, rows), |x, block| {
                block.forward(weights, x, places, conditions.as_ref())
            });
        self.patches
            .join(self.head.forward(weights, tokens, conditions.as_ref()))
    }
}
