//! Grids as sequences of patches.

use burn_tensor::Tensor;

use super::cells::Cells;
use super::{Dual, Initial, Linear, Registry, Slot, Weights};

/// A grid of one to three axes cut into patches of the same size; a plain vector is a grid of one axis.
///
/// Patches are in row-major order, and so are the places of a patch, each with its channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patches {
    /// Patches along each axis.
    count: [usize; 3],
    /// Places of a patch along each axis.
    size: [usize; 3],
    cells: Cells,
}

impl Patches {
    /// Patches of `patch` places along every axis of `grid`, with `channels` numbers at each place.
    ///
    /// # Panics
    /// When there are no or more than three axes, or patches do not fill the grid.
    pub fn new(grid: &[usize], channels: usize, patch: usize) -> Self {
        let axes = grid.len();
        assert!((1..=3).contains(&axes), "a grid has one to three axes");
        assert!(
            patch > 0 && grid.iter().all(|size| size.is_multiple_of(patch)),
            "patches of {patch} do not fill {grid:?}"
        );
        let (mut count, mut size) = ([1; 3], [1; 3]);
        for (axis, places) in grid.iter().enumerate() {
            count[3 - axes + axis] = places / patch;
            size[3 - axes + axis] = patch;
        }
        Self {
            count,
            size,
            cells: Cells {
                count: grid.iter().product(),
                channels,
            },
        }
    }

    /// Patches along depth, height and width.
    pub fn counts(&self) -> [usize; 3] {
        self.count
    }

    /// Places of the grid along depth, height and width.
    pub fn sides(&self) -> [usize; 3] {
        std::array::from_fn(|axis| self.count[axis] * self.size[axis])
    }

    /// Number of patches.
    pub fn tokens(&self) -> usize {
        self.count.iter().product()
    }

    /// Places of a patch.
    pub fn places(&self) -> usize {
        self.size.iter().product()
    }

    /// Rows place by place as maps: `[batch, places channels]` to `[batch, channels, places]`, for any number of channels.
    pub fn maps(&self, rows: Dual<2>) -> Dual<3> {
        let places = self.cells.count;
        rows.linear(|rows: Tensor<2>| {
            let [batch, numbers] = rows.dims();
            rows.reshape([batch, places, numbers / places]).swap_dims(1, 2)
        })
    }

    /// Maps as rows again: undoes [`Patches::maps`].
    pub fn place_by_place(maps: Dual<3>) -> Dual<2> {
        maps.linear(|maps: Tensor<3>| {
            let [batch, channels, places] = maps.dims();
            maps.swap_dims(1, 2).reshape([batch, channels * places])
        })
    }

    /// Rows `[batch, places channels]` to patches `[batch, patches, places of a patch channels]`.
    pub fn split(&self, rows: Dual<2>) -> Dual<3> {
        let ([depth, height, width], [d, h, w]) = (self.count, self.size);
        self.cells.split(rows).linear(|cells: Tensor<3>| {
            let [batch, _, channels] = cells.dims();
            cells
                .reshape([batch, depth, d, height, h, width, w, channels])
                .permute([0, 1, 3, 5, 2, 4, 6, 7])
                .reshape([batch, self.tokens(), self.places() * channels])
        })
    }

    /// Patches `[batch, patches, places of a patch channels]` to rows `[batch, places channels]`.
    pub fn join(&self, patches: Dual<3>) -> Dual<2> {
        let ([depth, height, width], [d, h, w]) = (self.count, self.size);
        let cells = patches.linear(|patches: Tensor<3>| {
            let [batch, _, numbers] = patches.dims();
            let channels = numbers / self.places();
            patches
                .reshape([batch, depth, height, width, d, h, w, channels])
                .permute([0, 1, 4, 2, 5, 3, 6, 7])
                .reshape([batch, self.cells.count, channels])
        });
        self.cells.join(cells)
    }
}

/// Patches as tokens: a linear layer and a learned vector for every place in the sequence (Dosovitskiy et al. 2020,
/// arXiv:2010.11929).
#[derive(Clone, Debug)]
pub struct PatchEmbedding {
    patches: Patches,
    layer: Linear,
    places: Slot,
    width: usize,
}

impl PatchEmbedding {
    /// Tokens of `width` from patches with `channels` numbers at every place.
    pub fn new(registry: &mut Registry, patches: Patches, channels: usize, width: usize) -> Self {
        registry.scope("patches", |registry| Self {
            patches,
            layer: Linear::new(registry, "layer", patches.places() * channels, width),
            places: registry.parameter("places", &[patches.tokens(), width], Initial::Normal(0.02)),
            width,
        })
    }

    /// `[batch, places channels]` to `[batch, patches, width]`.
    pub fn forward(&self, weights: &Weights, rows: Dual<2>) -> Dual<3> {
        let tokens = self.layer.carry(weights, self.patches.split(rows));
        let places: Tensor<2> = weights.get(self.places);
        let places = places.reshape([1, self.patches.tokens(), self.width]);
        tokens.plus(places)
    }
}
