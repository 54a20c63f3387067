//! The smallest part of a product: a tile of C that stays in registers while the shared index runs.
//!
//! One generic body serves all instruction sets; `Lanes` is what they differ in.

/// Vectors of an instruction set and the few operations a product needs.
pub(super) trait Lanes {
    /// Numbers in a vector.
    const WIDTH: usize;
    /// A register full of numbers.
    type Vector: Copy;
    /// All lanes zero.
    ///
    /// # Safety
    /// The processor has the instruction set; so for all functions here.
    unsafe fn zero() -> Self::Vector;
    /// One number in all lanes.
    ///
    /// # Safety
    /// `from` can be read.
    unsafe fn broadcast(from: *const f32) -> Self::Vector;
    /// `WIDTH` numbers.
    ///
    /// # Safety
    /// All of them can be read.
    unsafe fn load(from: *const f32) -> Self::Vector;
    /// `count <= WIDTH` numbers, zeros in the other lanes.
    ///
    /// # Safety
    /// The `count` numbers can be read.
    unsafe fn load_first(from: *const f32, count: usize) -> Self::Vector;
    /// Writes `WIDTH` numbers.
    ///
    /// # Safety
    /// All of them can be written.
    unsafe fn store(to: *mut f32, vector: Self::Vector);
    /// Writes the first `count <= WIDTH` numbers.
    ///
    /// # Safety
    /// The `count` numbers can be written.
    unsafe fn store_first(to: *mut f32, vector: Self::Vector, count: usize);
    /// Asks for a line of memory that will be written.
    fn prefetch(to: *mut f32);
    /// `a b + sum`.
    ///
    /// # Safety
    /// As for all functions here.
    unsafe fn multiply_add(a: Self::Vector, b: Self::Vector, sum: Self::Vector) -> Self::Vector;
    /// The sum of all lanes, in a fixed order.
    ///
    /// # Safety
    /// As for all functions here.
    unsafe fn sum(vector: Self::Vector) -> f32;
    /// Four neighbours from each of `WIDTH` rows: rows `r`, `r + 4`, `r + 8` … side by side in vector `r`, transposed,
    /// so that vector `k` of the answer is element `k` of all rows.
    ///
    /// # Safety
    /// Four numbers can be read at each of `WIDTH` rows at distance `stride`.
    unsafe fn load_transposed(from: *const f32, stride: usize) -> [Self::Vector; 4];
}

/// Where the operands of a tile lie.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operands {
    /// First element of the rows of A.
    pub(super) a: *const f32,
    /// Distance between rows of A, or, where the rows of the tile are neighbours in memory, between its columns.
    pub(super) a_stride: usize,
    /// First element of the columns of B.
    pub(super) b: *const f32,
    /// Distance between rows of B.
    pub(super) b_stride: usize,
    /// First element of the tile of C.
    pub(super) c: *mut f32,
    /// Distance between rows of C.
    pub(super) c_stride: usize,
    /// Length of the shared index.
    pub(super) depth: usize,
    /// Columns of C in the last vector of the tile.
    pub(super) last_columns: usize,
    /// Whether the sum goes on from what C holds.
    pub(super) keep: bool,
}

/// A function that computes one tile.
pub(super) type Tile = unsafe fn(&Operands);

/// Computes a tile of `ROWS` rows and `VECTORS` vectors of columns. `NEIGHBOURS` says that the rows of A are neighbours
/// in memory (a transposed A) instead of its columns.
///
/// # Safety
/// The processor has the instructions of `L`, and the operands can be read and written in the whole tile; B in whole
/// vectors, also the last.
#[inline(always)]
pub(super) unsafe fn tile<L: Lanes, const ROWS: usize, const VECTORS: usize, const NEIGHBOURS: bool>(
    operands: &Operands,
) {
    let &Operands {
        mut a,
        a_stride,
        mut b,
        b_stride,
        c,
        c_stride,
        depth,
        last_columns,
        keep,
    } = operands;
    // SAFETY: the caller answers for the operands and the processor.
    unsafe {
        let mut sums = [[L::zero(); VECTORS]; ROWS];
        if keep {
            for (row, sums) in sums.iter_mut().enumerate() {
                let from = c.add(row * c_stride);
                for (vector, sum) in sums[..VECTORS - 1].iter_mut().enumerate() {
                    *sum = L::load(from.add(vector * L::WIDTH));
                }
                sums[VECTORS - 1] = L::load_first(from.add((VECTORS - 1) * L::WIDTH), last_columns);
            }
        } else {
            // the stores at the end need not wait for the lines they write to
            for row in 0..ROWS {
                for vector in 0..VECTORS {
                    L::prefetch(c.add(row * c_stride + vector * L::WIDTH));
                }
            }
        }
        let (row_distance, step) = if NEIGHBOURS { (1, a_stride) } else { (a_stride, 1) };
        let mut left = depth;
        while left > 0 {
            accumulate::<L, ROWS, VECTORS>(a, row_distance, b, &mut sums);
            if left == 1 {
                break;
            }
            accumulate::<L, ROWS, VECTORS>(a.add(step), row_distance, b.add(b_stride), &mut sums);
            if left == 2 {
                break;
            }
            accumulate::<L, ROWS, VECTORS>(a.add(2 * step), row_distance, b.add(2 * b_stride), &mut sums);
            if left == 3 {
                break;
            }
            accumulate::<L, ROWS, VECTORS>(a.add(3 * step), row_distance, b.add(3 * b_stride), &mut sums);
            left -= 4;
            a = a.wrapping_add(4 * step);
            b = b.wrapping_add(4 * b_stride);
        }
        for (row, sums) in sums.iter().enumerate() {
            let to = c.add(row * c_stride);
            for (vector, &sum) in sums[..VECTORS - 1].iter().enumerate() {
                L::store(to.add(vector * L::WIDTH), sum);
            }
            L::store_first(to.add((VECTORS - 1) * L::WIDTH), sums[VECTORS - 1], last_columns);
        }
    }
}

/// One step of the shared index.
///
/// # Safety
/// As for [`tile`].
#[inline(always)]
unsafe fn accumulate<L: Lanes, const ROWS: usize, const VECTORS: usize>(
    a: *const f32,
    row_distance: usize,
    b: *const f32,
    sums: &mut [[L::Vector; VECTORS]; ROWS],
) {
    // SAFETY: the caller answers for the operands and the processor.
    unsafe {
        let mut columns = [L::zero(); VECTORS];
        for (vector, column) in columns.iter_mut().enumerate() {
            *column = L::load(b.add(vector * L::WIDTH));
        }
        for (row, sums) in sums.iter_mut().enumerate() {
            let element = L::broadcast(a.add(row * row_distance));
            for (sum, &column) in sums.iter_mut().zip(&columns) {
                *sum = L::multiply_add(element, column, *sum);
            }
        }
    }
}
