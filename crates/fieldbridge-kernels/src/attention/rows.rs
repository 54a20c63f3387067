//! Rows of a head's width, which need not be a whole number of vectors.

use pulp::Simd;

/// Copies a row into one of whole vectors, with zeros behind.
#[inline(always)]
pub(super) fn copy_row<S: Simd>(simd: S, row: &[f32], out: &mut [f32]) {
    let (whole, tail) = S::as_simd_f32s(row);
    let (start, rest) = S::as_mut_simd_f32s(out).0.split_at_mut(whole.len());
    for (out, &value) in start.iter_mut().zip(whole) {
        *out = value;
    }
    if let Some((first, others)) = rest.split_first_mut() {
        *first = simd.partial_load_f32s(tail);
        others.fill(simd.splat_f32s(0.0));
    }
}

/// Writes the numbers of a padded row, multiplied with `factor`, to a row.
#[inline(always)]
pub(super) fn write_row<S: Simd>(simd: S, padded: &[f32], factor: f32, row: &mut [f32]) {
    let factor = simd.splat_f32s(factor);
    let values = S::as_simd_f32s(padded).0;
    let (whole, tail) = S::as_mut_simd_f32s(row);
    for (out, &value) in whole.iter_mut().zip(values) {
        *out = simd.mul_f32s(value, factor);
    }
    if !tail.is_empty() {
        simd.partial_store_f32s(tail, simd.mul_f32s(values[whole.len()], factor));
    }
}

/// The scalar product of two rows.
#[inline(always)]
pub(super) fn product<S: Simd>(simd: S, a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_tail), (b, b_tail)) = (S::as_simd_f32s(a), S::as_simd_f32s(b));
    let mut sum = simd.mul_f32s(simd.partial_load_f32s(a_tail), simd.partial_load_f32s(b_tail));
    for (&a, &b) in a.iter().zip(b) {
        sum = simd.mul_add_e_f32s(a, b, sum);
    }
    simd.reduce_sum_f32s(sum)
}
