//! Rows of pixels for sums over neighbouring pixels.

use std::ops::Deref;

use rayon::prelude::*;

use crate::vectors::Factors;
use crate::workspace::Buffer;

/// Rows of pixels as factors: each number alone, or with the one `ahead` numbers later in its row, so that a sum may go
/// from any pixel to its neighbours.
pub(super) enum Lines<'a> {
    Single(&'a [f32]),
    Paired(Buffer),
}

impl<'a> Lines<'a> {
    pub(super) fn of<F: Factors>(pixels: &'a [f32], width: usize, ahead: usize) -> Self {
        if F::TOGETHER == 1 {
            return Self::Single(pixels);
        }
        let mut paired = Buffer::stale(pixels.len());
        let rows = paired.par_chunks_mut(width).zip(pixels.par_chunks(width));
        rows.for_each(|(to, row)| {
            pulp::Arch::new().dispatch(
                #[inline(always)]
                || {
                    let (whole, rest) = to.split_at_mut(row.len().saturating_sub(ahead));
                    for ((to, &first), &second) in whole.iter_mut().zip(row).zip(&row[ahead.min(row.len())..]) {
                        *to = F::lane(first, second);
                    }
                    for (to, &first) in rest.iter_mut().zip(&row[whole.len()..]) {
                        *to = F::lane(first, 0.0);
                    }
                },
            );
        });
        Self::Paired(paired)
    }
}

impl Deref for Lines<'_> {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        match self {
            Self::Single(pixels) => pixels,
            Self::Paired(paired) => paired,
        }
    }
}
