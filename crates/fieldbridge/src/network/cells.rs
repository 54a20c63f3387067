//! Rows as cells with channels: the pixels of a grid or the points of a set.

use burn_tensor::Tensor;

use super::Dual;

/// How many cells a row has.
///
/// A row holds one value for each channel of a cell, cell by cell. It may hold several such parts one after the other,
/// such as a state and what it starts from; their channels are put side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cells {
    pub(super) count: usize,
    /// Channels of a part.
    pub(super) channels: usize,
}

impl Cells {
    /// Channels of all parts of a row of `width` numbers; none when these do not make whole parts.
    pub(super) fn channels_of(self, width: usize) -> Option<usize> {
        let part = self.count.saturating_mul(self.channels);
        (width > 0 && part > 0 && width.is_multiple_of(part)).then(|| width / self.count)
    }

    /// `[batch, parts cells channels]` to `[batch, cells, parts channels]`.
    pub(super) fn split(self, rows: Dual<2>) -> Dual<3> {
        let Self { count, channels } = self;
        rows.linear(|rows| {
            let [batch, width] = rows.dims();
            let parts = width / (count * channels);
            rows.reshape([batch, parts, count, channels])
                .swap_dims(1, 2)
                .reshape([batch, count, parts * channels])
        })
    }

    /// `[batch, cells, parts channels]` to `[batch, parts cells channels]`.
    pub(super) fn join(self, cells: Dual<3>) -> Dual<2> {
        let Self { count, channels } = self;
        cells.linear(|cells: Tensor<3>| {
            let [batch, _, width] = cells.dims();
            let parts = width / channels;
            cells
                .reshape([batch, count, parts, channels])
                .swap_dims(1, 2)
                .reshape([batch, parts * count * channels])
        })
    }
}
