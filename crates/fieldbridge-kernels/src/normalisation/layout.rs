//! How rows lie in batch elements, and how they are cut for threads.

use std::ops::Range;

use rayon::prelude::*;

use crate::workspace::Buffer;

/// Values of one task; the cuts depend on the shape alone.
const CHUNK: usize = 1 << 14;
/// Arrays smaller than this are not worth a second thread.
const PARALLEL_FROM: usize = 4 * CHUNK;

/// Rows of `width` numbers, `tokens` of them for each of `batch` elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Elements.
    pub batch: usize,
    /// Rows of an element.
    pub tokens: usize,
    /// Numbers in a row.
    pub width: usize,
}

impl Layout {
    /// Number of rows.
    pub fn rows(self) -> usize {
        self.batch * self.tokens
    }

    /// Number of values.
    pub fn count(self) -> usize {
        self.rows() * self.width
    }

    fn rows_of_piece(self) -> usize {
        (CHUNK / self.width.max(1)).max(1)
    }

    /// Pieces of neighbouring rows in each element; sums over rows are those of pieces, added in order.
    fn pieces_of_element(self) -> usize {
        self.tokens.div_ceil(self.rows_of_piece()).max(1)
    }

    /// Number of pieces.
    pub(super) fn pieces(self) -> usize {
        self.batch * self.pieces_of_element()
    }

    /// The element of a piece, and its rows.
    pub(super) fn piece(self, index: usize) -> (usize, Range<usize>) {
        let (element, part) = (index / self.pieces_of_element(), index % self.pieces_of_element());
        let rows = self.rows_of_piece();
        let (start, end) = ((part * rows).min(self.tokens), (part * rows + rows).min(self.tokens));
        (element, element * self.tokens + start..element * self.tokens + end)
    }

    /// Neighbouring pieces that make one task.
    fn tasks(self) -> Vec<Range<usize>> {
        let rows = self.tokens.min(self.rows_of_piece()) * self.width;
        let size = (CHUNK / rows.max(1)).max(1);
        (0..self.pieces())
            .step_by(size)
            .map(|start| start..(start + size).min(self.pieces()))
            .collect()
    }

    /// Runs tasks of pieces, on several threads when there is enough to do. Each gets its part of every array of
    /// `by_row`, of some numbers a row, and of `by_piece`, of [`Layout::width`] numbers a piece.
    pub(super) fn run<const R: usize, const P: usize>(
        self,
        by_row: [(&mut [f32], usize); R],
        by_piece: [&mut [f32]; P],
        work: impl Fn(Range<usize>, [&mut [f32]; R], [&mut [f32]; P]) + Sync,
    ) {
        let tasks = self.tasks();
        let rows = |pieces: &Range<usize>| self.piece(pieces.end - 1).1.end - self.piece(pieces.start).1.start;
        let mut by_row = by_row.map(|(values, each)| cut(values, tasks.iter().map(|task| each * rows(task))));
        let mut by_piece = by_piece.map(|values| cut(values, tasks.iter().map(|task| task.len() * self.width)));
        let tasks: Vec<_> = tasks
            .into_iter()
            .map(|task| {
                let by_row = by_row
                    .each_mut()
                    .map(|parts| parts.next().expect("a part for each task"));
                let by_piece = by_piece
                    .each_mut()
                    .map(|parts| parts.next().expect("a part for each task"));
                (task, by_row, by_piece)
            })
            .collect();
        if self.count() < PARALLEL_FROM {
            tasks
                .into_iter()
                .for_each(|(task, by_row, by_piece)| work(task, by_row, by_piece));
        } else {
            tasks
                .into_par_iter()
                .for_each(|(task, by_row, by_piece)| work(task, by_row, by_piece));
        }
    }

    /// Sums of pieces made sums of elements.
    pub(super) fn gather(self, pieces: Buffer) -> Buffer {
        let element = self.pieces_of_element() * self.width;
        if element == self.width {
            return pieces;
        }
        let mut sums = Buffer::zeros(self.batch * self.width);
        for (sums, pieces) in sums.chunks_exact_mut(self.width).zip(pieces.chunks_exact(element)) {
            for piece in pieces.chunks_exact(self.width) {
                sums.iter_mut().zip(piece).for_each(|(sum, part)| *sum += part);
            }
        }
        sums
    }
}

/// Neighbouring parts of the given lengths.
fn cut(mut values: &mut [f32], lengths: impl Iterator<Item = usize>) -> std::vec::IntoIter<&mut [f32]> {
    let parts: Vec<_> = lengths
        .map(|length| {
            let (part, rest) = std::mem::take(&mut values).split_at_mut(length);
            values = rest;
            part
        })
        .collect();
    parts.into_iter()
}
