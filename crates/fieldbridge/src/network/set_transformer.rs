//! A transformer of sets of points.

use super::attention::Places;
use super::cells::Cells;
use super::token_head::TokenHead;
use super::{
    ConditionEmbedding, Conditions, Dual, DualNetwork, Linear, PeriodicPairs, Registry, TokenShape, TransformerBlock,
    Weights,
};

/// Every point a token, without positions in the sequence: when the points of a row are put in another order, so are
/// those of the output (Lee et al. 2019, arXiv:1810.00825; for haloes Cuesta-Lazaro and Mishra-Sharma 2023,
/// arXiv:2311.17141).
///
/// A row holds the features of each point, point by point; the first of them are coordinates. In a periodic box attention
/// also sees the [separations](PeriodicPairs) of points. Time and context modulate every block.
#[derive(Clone, Debug)]
pub struct SetTransformer {
    cells: Cells,
    first: Linear,
    pairs: Option<PeriodicPairs>,
    conditions: Option<ConditionEmbedding>,
    blocks: Vec<TransformerBlock>,
    head: TokenHead,
}

impl SetTransformer {
    /// Sets of `points` points, rows of parts with `features` numbers for each point, from `inputs` numbers of a point to
    /// `outputs`; told `frequencies` of the time and a context of `context` numbers.
    ///
    /// # Panics
    /// When the width is not a multiple of the heads.
    #[allow(clippy::too_many_arguments)]
    pub fn new(
        registry: &mut Registry,
        [points, features]: [usize; 2],
        pairs: Option<PeriodicPairs>,
        shape: &TokenShape,
        [inputs, outputs]: [usize; 2],
        frequencies: Option<usize>,
        context: usize,
    ) -> Self {
        let conditions = ConditionEmbedding::new(registry, frequencies, context, shape.width, shape.activation);
        let told = conditions.as_ref().map_or(0, ConditionEmbedding::width);
        Self {
            cells: Cells {
                count: points,
                channels: features,
            },
            first: Linear::new(registry, "first", inputs, shape.width),
            blocks: shape.stack(registry, told, pairs.map_or(0, |pairs| pairs.features())),
            pairs,
            head: TokenHead::new(registry, shape.width, outputs, told),
            conditions,
        }
    }
}

impl DualNetwork for SetTransformer {
    fn carry(&self, weights: &Weights, rows: Dual<2>, conditions: &Conditions) -> Dual<2> {
        let conditions = self
            .conditions
            .as_ref()
            .map(|embedding| embedding.forward(weights, conditions));
        let points = self.cells.split(rows);
        let pairs = self.pairs.map(|pairs| pairs.forward(points.clone()));
        let places = Places {
            angles: None,
            pairs: pairs.as_ref(),
        };
        let tokens = self.blocks.iter().fold(self.first.carry(weights, points), |x, block| {
            block.forward(weights, x, places, conditions.as_ref())
        });
        self.cells.join(self.head.forward(weights, tokens, conditions.as_ref()))
    }
}
