//! The end of the gradients of queries and keys.

use pulp::Simd;

use super::destination::{Target, Targets};
use super::panel::Preparation;
use super::rows::write_row;
use super::tile::{PANEL, padded_width};
use super::transpose::{Rows, columns_of, rows_of};

/// The last step of gradients by rows: back through positions and normalisation, and into the tensor's own layout.
pub(super) struct Finish<'a> {
    pub(super) preparation: &'a Preparation<'a>,
    /// Multiplies all before.
    pub(super) factor: f32,
    pub(super) targets: &'a Targets<'a>,
    pub(super) target: &'a Target<'a>,
}

impl Finish<'_> {
    /// Writes a panel; the buffers are two panels by columns and the sums of the gradients of weights.
    #[inline(always)]
    pub(super) fn write<S: Simd>(
        &self,
        simd: S,
        (batch, head): (usize, usize),
        panel: usize,
        rows: &mut [f32],
        [columns, raw, weights]: [&mut [f32]; 3],
    ) {
        let Preparation { tokens, width, .. } = *self.preparation;
        let (tokens, padded) = (tokens.panel(panel), padded_width(width));
        let mut factor = self.factor;
        if !self.preparation.is_plain() {
            let order: [u32; PANEL] = std::array::from_fn(|i| i as u32);
            columns_of(
                Rows {
                    data: rows,
                    start: 0,
                    stride: padded,
                },
                &order[..tokens.len()],
                width,
                columns,
            );
            self.preparation.take_back(simd, panel, factor, columns, raw, weights);
            rows_of(columns, tokens.len(), width, padded, rows);
            factor = 1.0;
        }
        for (&token, values) in tokens.iter().zip(rows.chunks_exact(padded)) {
            // SAFETY: this head is worked on by one thread only, and the row is held alone.
            let row = unsafe { self.targets.row(self.target, (batch, head), token as usize, width) };
            write_row(simd, values, factor, row);
        }
    }
}
