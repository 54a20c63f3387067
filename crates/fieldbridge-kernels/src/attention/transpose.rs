//! Tokens by rows to panels by columns and back.

use super::tile::PANEL;

/// Where rows of numbers lie: row `i` starts at `start + i * stride`.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) data: &'a [f32],
    pub(super) start: usize,
    pub(super) stride: usize,
}

impl<'a> Rows<'a> {
    /// Row `index`.
    #[inline(always)]
    pub(super) fn row(self, index: usize, width: usize) -> &'a [f32] {
        &self.data[self.start + index * self.stride..][..width]
    }
}

/// `panel[d][i] = rows[tokens[i]][d]`, zero where there are no more tokens.
pub(super) fn columns_of(rows: Rows<'_>, tokens: &[u32], width: usize, panel: &mut [f32]) {
    assert!(
        tokens.len() <= PANEL && panel.len() >= width * PANEL,
        "tokens fit the panel"
    );
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx512f") {
        // SAFETY: the instructions are there, as just asked.
        return unsafe { avx512::columns_of(rows, tokens, width, panel) };
    }
    panel[..width * PANEL].fill(0.0);
    for (i, &token) in tokens.iter().enumerate() {
        for (column, &value) in panel.chunks_exact_mut(PANEL).zip(rows.row(token as usize, width)) {
            column[i] = value;
        }
    }
}

/// `rows[i][d] = panel[d][i]` for the first `count` tokens of a panel; the padding of the rows is left as it is.
pub(super) fn rows_of(panel: &[f32], count: usize, width: usize, padded: usize, rows: &mut [f32]) {
    assert!(
        count <= PANEL && panel.len() >= width * PANEL && padded >= width,
        "tokens come from the panel"
    );
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx512f") {
        // SAFETY: the instructions are there, as just asked.
        return unsafe { avx512::rows_of(panel, count, width, padded, rows) };
    }
    for (i, row) in rows.chunks_exact_mut(padded).take(count).enumerate() {
        for (value, column) in row[..width].iter_mut().zip(panel.chunks_exact(PANEL)) {
            *value = column[i];
        }
    }
}

/// Squares of sixteen by sixteen in registers.
#[cfg(target_arch = "x86_64")]
mod avx512 {
    use std::arch::x86_64::*;

    use super::{PANEL, Rows};

    #[target_feature(enable = "avx512f")]
    pub(super) fn columns_of(rows: Rows<'_>, tokens: &[u32], width: usize, panel: &mut [f32]) {
        for first in (0..PANEL).step_by(16) {
            let tokens = tokens.get(first..).unwrap_or(&[]);
            for d in (0..width).step_by(16) {
                let columns = (width - d).min(16);
                let mask = lowest(columns);
                let mut square = [_mm512_setzero_ps(); 16];
                for (line, &token) in square.iter_mut().zip(tokens) {
                    let row = &rows.row(token as usize, width)[d..];
                    // SAFETY: the mask leaves out what is past the end of the row.
                    *line = unsafe { _mm512_maskz_loadu_ps(mask, row.as_ptr()) };
                }
                for (line, column) in transposed(square)
                    .iter()
                    .zip(panel[d * PANEL..].chunks_exact_mut(PANEL))
                    .take(columns)
                {
                    // SAFETY: sixteen numbers from `first <= 32` are inside a column of 48.
                    unsafe { _mm512_storeu_ps(column[first..].as_mut_ptr(), *line) };
                }
            }
        }
    }

    #[target_feature(enable = "avx512f")]
    pub(super) fn rows_of(panel: &[f32], count: usize, width: usize, padded: usize, rows: &mut [f32]) {
        for first in (0..count).step_by(16) {
            for d in (0..width).step_by(16) {
                let columns = (width - d).min(16);
                let mask = lowest(columns);
                let mut square = [_mm512_setzero_ps(); 16];
                for (line, column) in square
                    .iter_mut()
                    .zip(panel[d * PANEL..].chunks_exact(PANEL))
                    .take(columns)
                {
                    // SAFETY: sixteen numbers from `first <= 32` are inside a column of 48.
                    *line = unsafe { _mm512_loadu_ps(column[first..].as_ptr()) };
                }
                let rows = rows[first * padded..].chunks_exact_mut(padded).take(count - first);
                for (line, row) in transposed(square).iter().zip(rows) {
                    // SAFETY: the mask leaves out what is past the width of the row.
                    unsafe { _mm512_mask_storeu_ps(row[d..].as_mut_ptr(), mask, *line) };
                }
            }
        }
    }

    /// The lowest `count <= 16` lanes.
    fn lowest(count: usize) -> __mmask16 {
        ((1_u32 << count) - 1) as __mmask16
    }

    /// Four rounds of exchanges: of single numbers, of pairs, of fours and of eights.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn transposed(square: [__m512; 16]) -> [__m512; 16] {
        let mut pairs = [_mm512_setzero_ps(); 16];
        for i in 0..8 {
            pairs[2 * i] = _mm512_unpacklo_ps(square[2 * i], square[2 * i + 1]);
            pairs[2 * i + 1] = _mm512_unpackhi_ps(square[2 * i], square[2 * i + 1]);
        }
        // fours[4 i + c] holds, in its part k of four lanes, column 4 k + c of rows 4 i .. 4 i + 4
        let mut fours = [_mm512_setzero_ps(); 16];
        for i in 0..4 {
            for half in 0..2 {
                let low = _mm512_castps_pd(pairs[4 * i + half]);
                let high = _mm512_castps_pd(pairs[4 * i + 2 + half]);
                fours[4 * i + 2 * half] = _mm512_castpd_ps(_mm512_unpacklo_pd(low, high));
                fours[4 * i + 2 * half + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(low, high));
            }
        }
        let mut columns = [_mm512_setzero_ps(); 16];
        for c in 0..4 {
            let even_upper = _mm512_shuffle_f32x4::<0b10_00_10_00>(fours[c], fours[4 + c]);
            let odd_upper = _mm512_shuffle_f32x4::<0b11_01_11_01>(fours[c], fours[4 + c]);
            let even_lower = _mm512_shuffle_f32x4::<0b10_00_10_00>(fours[8 + c], fours[12 + c]);
            let odd_lower = _mm512_shuffle_f32x4::<0b11_01_11_01>(fours[8 + c], fours[12 + c]);
            columns[c] = _mm512_shuffle_f32x4::<0b10_00_10_00>(even_upper, even_lower);
            columns[8 + c] = _mm512_shuffle_f32x4::<0b11_01_11_01>(even_upper, even_lower);
            columns[4 + c] = _mm512_shuffle_f32x4::<0b10_00_10_00>(odd_upper, odd_lower);
            columns[12 + c] = _mm512_shuffle_f32x4::<0b11_01_11_01>(odd_upper, odd_lower);
        }
        columns
    }
}
