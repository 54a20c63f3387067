//! Products with few columns: each element is a sum along vectors.

use super::tile::{Lanes, Operands};

/// Rows taken at once: their sums hide each other's latency.
const ROWS: usize = 4;

/// Computes `rows` rows of C, whose columns `operands.last_columns <= 4` each lie together in B, `b_stride` apart; the
/// rows of A lie together. An element is the sum of `WIDTH` sums, each over every `WIDTH`-th index.
///
/// # Safety
/// The processor has the instructions of `L`, and the operands can be read and written.
#[inline(always)]
pub(super) unsafe fn narrow<L: Lanes>(operands: &Operands, rows: usize) {
    // SAFETY: the caller answers for all of it.
    unsafe {
        match operands.last_columns {
            1 => columns::<L, 1>(operands, rows),
            2 => columns::<L, 2>(operands, rows),
            3 => columns::<L, 3>(operands, rows),
            _ => columns::<L, 4>(operands, rows),
        }
    }
}

/// All rows, for a fixed number of columns.
///
/// # Safety
/// As for [`narrow`].
#[inline(always)]
unsafe fn columns<L: Lanes, const COLUMNS: usize>(operands: &Operands, rows: usize) {
    let mut operands = *operands;
    // SAFETY: the caller answers for all of it; pointers past the last row are not read.
    unsafe {
        for _ in 0..rows / ROWS {
            block::<L, ROWS, COLUMNS>(&operands);
            operands.a = operands.a.wrapping_add(ROWS * operands.a_stride);
            operands.c = operands.c.wrapping_add(ROWS * operands.c_stride);
        }
        for _ in 0..rows % ROWS {
            block::<L, 1, COLUMNS>(&operands);
            operands.a = operands.a.wrapping_add(operands.a_stride);
            operands.c = operands.c.wrapping_add(operands.c_stride);
        }
    }
}

/// `ROWS` rows of C.
///
/// # Safety
/// As for [`narrow`].
#[inline(always)]
unsafe fn block<L: Lanes, const ROWS: usize, const COLUMNS: usize>(operands: &Operands) {
    let &Operands {
        a,
        a_stride,
        b,
        b_stride,
        c,
        c_stride,
        depth,
        keep,
        ..
    } = operands;
    let whole = depth - depth % L::WIDTH;
    // SAFETY: the caller answers for all of it.
    unsafe {
        let mut sums = [[L::zero(); COLUMNS]; ROWS];
        for step in (0..whole).step_by(L::WIDTH) {
            let columns: [L::Vector; COLUMNS] = std::array::from_fn(|column| L::load(b.add(column * b_stride + step)));
            for (row, sums) in sums.iter_mut().enumerate() {
                let numbers = L::load(a.add(row * a_stride + step));
                for (sum, &column) in sums.iter_mut().zip(&columns) {
                    *sum = L::multiply_add(numbers, column, *sum);
                }
            }
        }
        if whole < depth {
            let left = depth - whole;
            for (row, sums) in sums.iter_mut().enumerate() {
                let numbers = L::load_first(a.add(row * a_stride + whole), left);
                for (column, sum) in sums.iter_mut().enumerate() {
                    *sum = L::multiply_add(numbers, L::load_first(b.add(column * b_stride + whole), left), *sum);
                }
            }
        }
        for (row, sums) in sums.iter().enumerate() {
            for (column, &sum) in sums.iter().enumerate() {
                let element = c.add(row * c_stride + column);
                let before = if keep { element.read() } else { 0.0 };
                element.write(before + L::sum(sum));
            }
        }
    }
}
