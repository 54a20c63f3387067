//! Networks of convolutions at several resolutions.

use burn_tensor::Tensor;

use super::attention::{Places, SelfAttention};
use super::cells::Cells;
use super::convolution::{Convolution, Space};
use super::convolution_block::{ConvolutionBlock, ConvolutionShape};
use super::group_norm::GroupNorm;
use super::resolution::doubled;
use super::{Activation, ConditionEmbedding, Conditions, Dual, DualNetwork, Registry, TokenNorm, Weights};

/// Sizes of a [`UNet`].
#[derive(Clone, Debug, PartialEq)]
pub struct UNetShape {
    /// Places along each axis; one, two or three axes.
    pub grid: Vec<usize>,
    /// What lies beyond the edges.
    pub padding: fieldbridge_kernels::convolution::Padding,
    /// Channels of a part of the row.
    pub channels: usize,
    /// Channels of the finest level; every coarser one has twice as many.
    pub width: usize,
    /// Residual blocks of each level, down and up.
    pub blocks: usize,
    /// How often the grid is halved.
    pub levels: usize,
    /// Groups of the normalisation.
    pub groups: usize,
    /// Heads of the attention at the coarsest level; 0 for none.
    pub heads: usize,
    /// Nonlinearity.
    pub activation: Activation,
}

/// Residual blocks of convolutions on a grid that is halved `levels` times and doubled again, with the output of every
/// level beside what comes back to it (Ronneberger et al. 2015, arXiv:1505.04597; with residual blocks, modulation and
/// attention Ho et al. 2020, arXiv:2006.11239, Dhariwal and Nichol 2021, arXiv:2105.05233).
///
/// A row holds the channels of each place, places in row-major order. On a periodic grid the function commutes with
/// cyclic shifts by multiples of `2^levels`.
#[derive(Clone, Debug)]
pub struct UNet {
    grid: [usize; 3],
    axes: usize,
    cells: Cells,
    conditions: Option<ConditionEmbedding>,
    first: Convolution,
    down: Vec<Level>,
    middle: Middle,
    up: Vec<Level>,
    last_norm: GroupNorm,
    last: Convolution,
}

/// The blocks of one level, and the way to the next.
#[derive(Clone, Debug)]
struct Level {
    resample: Convolution,
    blocks: Vec<ConvolutionBlock>,
}

#[derive(Clone, Debug)]
struct Middle {
    first: ConvolutionBlock,
    attention: Option<(TokenNorm, SelfAttention)>,
    second: ConvolutionBlock,
}

impl UNet {
    /// From `inputs` channels to `outputs`, told `frequencies` of the time and a context of `context` numbers.
    ///
    /// # Panics
    /// When the grid cannot be halved as often as it shall, or widths cannot be split into groups.
    pub fn new(
        registry: &mut Registry,
        shape: &UNetShape,
        [inputs, outputs]: [usize; 2],
        frequencies: Option<usize>,
        context: usize,
    ) -> Self {
        let axes = shape.grid.len();
        assert!((1..=3).contains(&axes), "a grid has one to three axes");
        assert!(
            shape.grid.iter().all(|&size| size.is_multiple_of(1 << shape.levels)),
            "{:?} cannot be halved {} times",
            shape.grid,
            shape.levels
        );
        let mut grid = [1; 3];
        grid[3 - axes..].copy_from_slice(&shape.grid);
        let space = Space {
            axes,
            padding: shape.padding,
        };
        let embedding = ConditionEmbedding::new(registry, frequencies, context, 4 * shape.width, shape.activation);
        let conditions = embedding.as_ref().map_or(0, ConditionEmbedding::width);
        let width = |level: usize| shape.width << level;
        let block = |registry: &mut Registry, name: &str, channels: [usize; 2]| {
            registry.scope(name, |registry| {
                let shape = ConvolutionShape {
                    space,
                    channels,
                    groups: shape.groups,
                    conditions,
                    activation: shape.activation,
                };
                ConvolutionBlock::new(registry, shape)
            })
        };
        let blocks = |registry: &mut Registry, width: usize, entering: usize| {
            (0..shape.blocks)
                .map(|index| {
                    let inputs = if index == 0 { entering } else { width };
                    block(registry, &format!("block{index}"), [inputs, width])
                })
                .collect()
        };
        let first = Convolution::new(registry, "first", space, [inputs, width(0)], 1);
        let down = (0..shape.levels)
            .map(|level| {
                registry.scope(format!("down{level}"), |registry| Level {
                    blocks: blocks(registry, width(level), width(level)),
                    resample: Convolution::new(registry, "halve", space, [width(level), width(level + 1)], 2),
                })
            })
            .collect();
        let coarsest = width(shape.levels);
        let middle = registry.scope("middle", |registry| Middle {
            first: block(registry, "first", [coarsest; 2]),
            attention: (shape.heads > 0).then(|| {
                let norm = TokenNorm::layer(registry, "norm", coarsest);
                (norm, SelfAttention::new(registry, coarsest, shape.heads, false, 0))
            }),
            second: block(registry, "second", [coarsest; 2]),
        });
        let up = (0..shape.levels)
            .rev()
            .map(|level| {
                registry.scope(format!("up{level}"), |registry| Level {
                    resample: Convolution::new(registry, "double", space, [width(level + 1), width(level)], 1),
                    blocks: blocks(registry, width(level), 2 * width(level)),
                })
            })
            .collect();
        Self {
            grid,
            axes,
            cells: Cells {
                count: shape.grid.iter().product(),
                channels: shape.channels,
            },
            conditions: embedding,
            first,
            down,
            middle,
            up,
            last_norm: GroupNorm::new(registry, "last_norm", width(0), shape.groups, shape.activation),
            last: Convolution::zero(registry, "last", space, [width(0), outputs]),
        }
    }
}

impl DualNetwork for UNet {
    fn carry(&self, weights: &Weights, rows: Dual<2>, conditions: &Conditions) -> Dual<2> {
        let [depth, height, width] = self.grid;
        let conditions = self
            .conditions
            .as_ref()
            .map(|embedding| embedding.forward(weights, conditions));
        let conditions = conditions.as_ref();
        let through = |blocks: &[ConvolutionBlock], h: Dual<5>| {
            blocks.iter().fold(h, |h, block| block.forward(weights, h, conditions))
        };
        let images = self.cells.split(rows).linear(|cells: Tensor<3>| {
            let [batch, _, channels] = cells.dims();
            cells.reshape([batch, depth, height, width, channels])
        });
        let mut h = self.first.forward(weights, images);
        let mut beside = Vec::with_capacity(self.down.len());
        for level in &self.down {
            let finished = through(&level.blocks, h);
            h = level.resample.forward(weights, finished.clone());
            beside.push(finished);
        }
        h = self.middle.carry(weights, h, conditions);
        for (level, finished) in self.up.iter().zip(beside.into_iter().rev()) {
            let finer = level.resample.forward(weights, h.linear(|h| doubled(h, self.axes)));
            let joined = finer.with(finished, |finer, finished| Tensor::cat(vec![finer, finished], 4));
            h = through(&level.blocks, joined);
        }
        let h = self.last.forward(weights, self.last_norm.forward(weights, h, None));
        self.cells.join(h.linear(tokens))
    }
}

impl Middle {
    fn carry(&self, weights: &Weights, h: Dual<5>, conditions: Option<&Tensor<2>>) -> Dual<5> {
        let mut h = self.first.forward(weights, h, conditions);
        if let Some((norm, attention)) = &self.attention {
            let [_, depth, height, width, channels] = h.dims();
            let flat = h.linear(tokens);
            let normed = norm.forward(weights, flat.clone(), None);
            h = attention
                .forward(weights, normed, Places::default(), Some(flat))
                .linear(|x| {
                    let rows = x.dims()[0];
                    x.reshape([rows, depth, height, width, channels])
                });
        }
        self.second.forward(weights, h, conditions)
    }
}

/// `[batch, depth, height, width, channels]` to `[batch, places, channels]`.
fn tokens(x: Tensor<5>) -> Tensor<3> {
    let [batch, depth, height, width, channels] = x.dims();
    x.reshape([batch, depth * height * width, channels])
}
