//! Products of small matrices in registers: the inner loops of attention.
//!
//! Tokens are taken in panels of [`PANEL`]. A panel kept by columns, `[width][PANEL]`, has a vector of tokens for each
//! component; a panel kept by rows, `[PANEL][padded width]`, a vector of components for each token. Scores are kept
//! `[keys][PANEL queries]`, so that sums over keys need no sums across a vector.

use core::array::from_fn;

use pulp::Simd;

/// Tokens in a panel: a multiple of the lanes of every machine and of the rows of every tile.
pub(super) const PANEL: usize = 48;

/// The width of a row kept by rows: a multiple of the lanes of every machine.
pub(super) fn padded_width(width: usize) -> usize {
    width.next_multiple_of(16)
}

/// A product cut into tiles of `ROWS` rows and `VECTORS` vectors.
trait Tiled<S: Simd> {
    /// Computes the tile whose first row is `row` and whose first column is `column`.
    fn tile<const ROWS: usize, const VECTORS: usize>(&mut self, simd: S, row: usize, column: usize);
}

/// Computes all tiles; rows are rounded up to a multiple of four.
#[inline(always)]
fn cover<S: Simd>(simd: S, rows: usize, vectors: usize, tiled: &mut impl Tiled<S>) {
    let mut vector = 0;
    while vector < vectors {
        let column = vector * S::F32_LANES;
        match vectors - vector {
            1 => {
                column_of_tiles::<S, 12, 1>(simd, rows, column, tiled);
                vector += 1;
            }
            2 | 4 => {
                column_of_tiles::<S, 12, 2>(simd, rows, column, tiled);
                vector += 2;
            }
            _ => {
                column_of_tiles::<S, 8, 3>(simd, rows, column, tiled);
                vector += 3;
            }
        }
    }
}

/// Tiles of `ROWS` rows where there are registers enough for 24 sums, then of four.
#[inline(always)]
fn column_of_tiles<S: Simd, const ROWS: usize, const VECTORS: usize>(
    simd: S,
    rows: usize,
    column: usize,
    tiled: &mut impl Tiled<S>,
) {
    let mut row = 0;
    if S::REGISTER_COUNT >= 32 {
        while row + ROWS <= rows.next_multiple_of(4) {
            tiled.tile::<ROWS, VECTORS>(simd, row, column);
            row += ROWS;
        }
    }
    while row < rows {
        tiled.tile::<4, VECTORS>(simd, row, column);
        row += 4;
    }
}

/// Adds `sum over p of a[row * ROW_STRIDE + p * DEPTH_STRIDE] * b[p * b_stride + column]` to each sum.
#[inline(always)]
fn accumulate<S: Simd, const ROWS: usize, const VECTORS: usize, const ROW_STRIDE: usize, const DEPTH_STRIDE: usize>(
    simd: S,
    a: &[f32],
    b: &[f32],
    b_stride: usize,
    depth: usize,
    mut sums: [[S::f32s; VECTORS]; ROWS],
) -> [[S::f32s; VECTORS]; ROWS] {
    if depth == 0 {
        return sums;
    }
    assert!(
        (ROWS - 1) * ROW_STRIDE + (depth - 1) * DEPTH_STRIDE < a.len(),
        "rows lie inside their slice"
    );
    assert!(
        (depth - 1) * b_stride + VECTORS * S::F32_LANES <= b.len(),
        "vectors lie inside their slice"
    );
    let mut a = a.as_ptr();
    let mut b = b.as_ptr();
    for _ in 0..depth {
        let columns: [S::f32s; VECTORS] = from_fn(|vector| {
            // SAFETY: row `p < depth` of `b` holds `VECTORS` vectors, as asserted; any bits are numbers.
            unsafe { b.add(vector * S::F32_LANES).cast::<S::f32s>().read_unaligned() }
        });
        for (row, sums) in sums.iter_mut().enumerate() {
            // SAFETY: `row < ROWS` and `p < depth`, so the element is inside, as asserted.
            let factor = simd.splat_f32s(unsafe { *a.add(row * ROW_STRIDE) });
            for (sum, &column) in sums.iter_mut().zip(&columns) {
                *sum = simd.mul_add_e_f32s(factor, column, *sum);
            }
        }
        a = a.wrapping_add(DEPTH_STRIDE);
        b = b.wrapping_add(b_stride);
    }
    sums
}

/// `VECTORS` vectors from the start of a slice.
#[inline(always)]
fn load<S: Simd, const VECTORS: usize>(slice: &[f32]) -> [S::f32s; VECTORS] {
    let (vectors, _) = S::as_simd_f32s(slice);
    from_fn(|vector| vectors[vector])
}

/// Writes vectors to the start of a slice.
#[inline(always)]
fn store<S: Simd, const VECTORS: usize>(slice: &mut [f32], values: [S::f32s; VECTORS]) {
    let (vectors, _) = S::as_mut_simd_f32s(slice);
    vectors[..VECTORS].copy_from_slice(&values);
}

/// `out[row][query] = factor[row][query] (start[query] + sum over d of rows[d][row] queries[d][query])`.
pub(super) struct Scores<'a> {
    /// Keys (or values), a panel by columns.
    pub(super) rows: &'a [f32],
    /// Queries (or gradients of outputs), a panel by columns.
    pub(super) queries: &'a [f32],
    /// Number of components.
    pub(super) width: usize,
    /// What is added for each query.
    pub(super) start: &'a [f32; PANEL],
    /// What the sums are multiplied with, `[row][PANEL]`.
    pub(super) factor: Option<&'a [f32]>,
    /// `[row][PANEL]`.
    pub(super) out: &'a mut [f32],
}

impl Scores<'_> {
    /// Computes `rows` rows (rounded up to a multiple of four) of `queries` queries (rounded up to whole vectors).
    #[inline(always)]
    pub(super) fn compute<S: Simd>(mut self, simd: S, rows: usize, queries: usize) {
        cover(simd, rows, queries.div_ceil(S::F32_LANES), &mut self);
    }
}

impl<S: Simd> Tiled<S> for Scores<'_> {
    #[inline(always)]
    fn tile<const ROWS: usize, const VECTORS: usize>(&mut self, simd: S, row: usize, column: usize) {
        let start = load::<S, VECTORS>(&self.start[column..]);
        let (a, b) = (&self.rows[row..], &self.queries[column..]);
        let sums = accumulate::<S, ROWS, VECTORS, 1, PANEL>(simd, a, b, PANEL, self.width, [start; ROWS]);
        for (offset, mut sums) in sums.into_iter().enumerate() {
            let place = (row + offset) * PANEL + column;
            if let Some(factor) = self.factor {
                let factors = load::<S, VECTORS>(&factor[place..]);
                sums = from_fn(|vector| simd.mul_f32s(sums[vector], factors[vector]));
            }
            store::<S, VECTORS>(&mut self.out[place..], sums);
        }
    }
}

/// `out[row][d] = scale[row] out[row][d] + sum over p of weights(row, p) terms[p][d]`, where `weights(row, p)` is
/// `weights[row * ROW_STRIDE + p * DEPTH_STRIDE]`.
pub(super) struct Combination<'a, const ROW_STRIDE: usize, const DEPTH_STRIDE: usize> {
    /// Weights of the terms.
    pub(super) weights: &'a [f32],
    /// Terms by rows of `padded` numbers.
    pub(super) terms: &'a [f32],
    /// Number of terms.
    pub(super) depth: usize,
    /// Width of a row, in memory too.
    pub(super) padded: usize,
    /// What is there already is multiplied with it.
    pub(super) scale: Option<&'a [f32; PANEL]>,
    /// Rows of `padded` numbers.
    pub(super) out: &'a mut [f32],
}

impl<const ROW_STRIDE: usize, const DEPTH_STRIDE: usize> Combination<'_, ROW_STRIDE, DEPTH_STRIDE> {
    /// Computes `rows` rows, rounded up to a multiple of four.
    #[inline(always)]
    pub(super) fn compute<S: Simd>(mut self, simd: S, rows: usize) {
        cover(simd, rows, self.padded / S::F32_LANES, &mut self);
    }
}

impl<S: Simd, const ROW_STRIDE: usize, const DEPTH_STRIDE: usize> Tiled<S>
    for Combination<'_, ROW_STRIDE, DEPTH_STRIDE>
{
    #[inline(always)]
    fn tile<const ROWS: usize, const VECTORS: usize>(&mut self, simd: S, row: usize, column: usize) {
        let mut sums: [[S::f32s; VECTORS]; ROWS] =
            from_fn(|offset| load::<S, VECTORS>(&self.out[(row + offset) * self.padded + column..]));
        if let Some(scale) = self.scale {
            for (sums, &scale) in sums.iter_mut().zip(&scale[row..row + ROWS]) {
                *sums = sums.map(|sum| simd.mul_f32s(sum, simd.splat_f32s(scale)));
            }
        }
        let (a, b) = (&self.weights[row * ROW_STRIDE..], &self.terms[column..]);
        let sums = accumulate::<S, ROWS, VECTORS, ROW_STRIDE, DEPTH_STRIDE>(simd, a, b, self.padded, self.depth, sums);
        for (offset, sums) in sums.into_iter().enumerate() {
            store::<S, VECTORS>(&mut self.out[(row + offset) * self.padded + column..], sums);
        }
    }
}
