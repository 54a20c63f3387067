//! Copies of a matrix in the order in which tiles read it.

use std::cell::RefCell;

use super::instructions::Instructions;
use super::matrix::Matrix;
use super::tile::Lanes;

/// Copies B into panels: for every `panel` columns, all rows of that width, with zeros beyond the last column.
pub(super) fn pack(instructions: &Instructions, b: Matrix<'_>, to: &mut [f32]) {
    let width = instructions.panel();
    let panel_stride = width * b.rows;
    if b.column_stride == 1 {
        copy_panels(b, width, to);
        if !b.columns.is_multiple_of(width) {
            let last = &mut to[b.columns / width * panel_stride..];
            for to in last.chunks_exact_mut(width).take(b.rows) {
                to[b.columns % width..].fill(0.0);
            }
        }
        return;
    }
    for (panel, to) in to.chunks_exact_mut(panel_stride).enumerate() {
        let columns = (b.columns - panel * width).min(width);
        pack_transposed(instructions, b.columns_from(panel * width, columns), to);
    }
}

/// Copies columns into panels, as wide as a tile has rows, for a left factor whose rows are those columns. Of the last
/// panel only the columns that are there are written.
pub(super) fn pack_columns(columns: Matrix<'_>, width: usize, to: &mut [f32]) {
    if columns.column_stride == 1 {
        return copy_panels(columns, width, to);
    }
    for (panel, to) in to.chunks_mut(width * columns.rows).enumerate() {
        for (row, to) in to.chunks_exact_mut(width).enumerate() {
            let from = &columns.data[row * columns.row_stride..];
            for (column, to) in (panel * width..columns.columns).zip(to) {
                *to = from[column * columns.column_stride];
            }
        }
    }
}

/// Copies a matrix whose rows lie together into panels of columns. Of the last panel only the columns that are there are
/// written.
fn copy_panels(from: Matrix<'_>, width: usize, to: &mut [f32]) {
    match width {
        // copies of known length are a few instructions
        6 => copy_panels_of::<6>(from, to),
        8 => copy_panels_of::<8>(from, to),
        14 => copy_panels_of::<14>(from, to),
        16 => copy_panels_of::<16>(from, to),
        32 => copy_panels_of::<32>(from, to),
        other => unreachable!("no instruction set has tiles of {other}"),
    }
}

fn copy_panels_of<const WIDTH: usize>(from: Matrix<'_>, to: &mut [f32]) {
    let stride = WIDTH * from.rows;
    // row after row, as the memory is read fastest
    for row in 0..from.rows {
        let (whole, rest) = from.data[row * from.row_stride..][..from.columns].as_chunks::<WIDTH>();
        let mut place = row * WIDTH;
        for numbers in whole {
            *to[place..].first_chunk_mut().expect("room for whole panels") = *numbers;
            place += stride;
        }
        if !rest.is_empty() {
            to[place..place + rest.len()].copy_from_slice(rest);
        }
    }
}

/// Copies one panel of a matrix whose rows do not lie together.
fn pack_transposed(instructions: &Instructions, b: Matrix<'_>, to: &mut [f32]) {
    let width = instructions.panel();
    // whole vectors of columns whose elements are neighbours are transposed in registers, the rest one by one
    let fast = if b.row_stride == 1 {
        b.columns - b.columns % instructions.width
    } else {
        0
    };
    for column in (0..fast).step_by(instructions.width) {
        let from = &b.data[column * b.column_stride..];
        assert!((instructions.width - 1) * b.column_stride + b.rows <= from.len() && to.len() >= width * b.rows);
        // SAFETY: the processor has the instructions, the rows that are read lie inside `from` as just seen, and `to`
        // has `b.rows` rows of `width` numbers.
        unsafe {
            (instructions.transpose)(
                from.as_ptr(),
                b.column_stride,
                b.rows,
                to.as_mut_ptr().add(column),
                width,
            );
        }
    }
    if fast < width {
        for (row, to) in to.chunks_exact_mut(width).enumerate() {
            let from = &b.data[row * b.row_stride..];
            for (column, to) in to.iter_mut().enumerate().skip(fast) {
                *to = if column < b.columns {
                    from[column * b.column_stride]
                } else {
                    0.0
                };
            }
        }
    }
}

/// Writes `WIDTH` rows of `depth` numbers, `stride` apart, as columns: number `k` of row `j` goes to
/// `to[k * to_stride + j]`.
///
/// # Safety
/// The processor has the instructions of `L`, the rows can be read and the columns written.
#[inline(always)]
pub(super) unsafe fn transpose<L: Lanes>(
    from: *const f32,
    stride: usize,
    depth: usize,
    to: *mut f32,
    to_stride: usize,
) {
    let whole = depth - depth % 4;
    // SAFETY: the caller answers for all of it.
    unsafe {
        for step in (0..whole).step_by(4) {
            for (number, vector) in L::load_transposed(from.add(step), stride).into_iter().enumerate() {
                L::store(to.add((step + number) * to_stride), vector);
            }
        }
        for step in whole..depth {
            for row in 0..L::WIDTH {
                to.add(step * to_stride + row)
                    .write(from.add(row * stride + step).read());
            }
        }
    }
}

/// Copies A so that the elements of a row are neighbours, rows at distance `stride`.
pub(super) fn copy_rows(a: Matrix<'_>, to: &mut [f32], stride: usize) {
    for (row, to) in to.chunks_mut(stride).enumerate().take(a.rows) {
        let from = &a.data[row * a.row_stride..];
        if a.column_stride == 1 {
            to[..a.columns].copy_from_slice(&from[..a.columns]);
        } else {
            for (column, to) in to[..a.columns].iter_mut().enumerate() {
                *to = from[column * a.column_stride];
            }
        }
    }
}

/// Numbers in a cache line.
pub(super) const LINE: usize = 16;

/// A cache line: no vector read from an array of them crosses two.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct Line {
    #[expect(dead_code, reason = "lines are read as one array of numbers")]
    numbers: [f32; LINE],
}

impl Line {
    /// So many lines of zeros that they hold `length` numbers.
    pub(super) fn zeros(length: usize) -> Vec<Self> {
        vec![Self { numbers: [0.0; LINE] }; length.div_ceil(LINE)]
    }
}

/// The numbers of all lines.
pub(super) fn numbers(lines: &[Line]) -> &[f32] {
    // SAFETY: a line is sixteen numbers without gaps.
    unsafe { std::slice::from_raw_parts(lines.as_ptr().cast(), lines.len() * LINE) }
}

/// The numbers of all lines, to be written.
pub(super) fn numbers_mut(lines: &mut [Line]) -> &mut [f32] {
    // SAFETY: a line is sixteen numbers without gaps.
    unsafe { std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), lines.len() * LINE) }
}

thread_local! {
    /// Memory of this thread's products: more than one piece when a product runs inside another.
    static SCRATCH: RefCell<Vec<Vec<Line>>> = const { RefCell::new(Vec::new()) };
}

/// Calls `body` with `length` numbers of this thread, left by an earlier use.
pub(super) fn with_scratch<R>(length: usize, body: impl FnOnce(&mut [f32]) -> R) -> R {
    let mut lines = SCRATCH.with_borrow_mut(Vec::pop).unwrap_or_default();
    if lines.len() * LINE < length {
        lines = Line::zeros(length);
    }
    let result = body(&mut numbers_mut(&mut lines)[..length]);
    SCRATCH.with_borrow_mut(|scratch| scratch.push(lines));
    result
}
