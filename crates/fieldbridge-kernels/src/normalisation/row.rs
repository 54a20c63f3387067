//! Sums over one row and what is made of them.

use super::Kind;

/// Sums that run side by side, the same on all processors.
const LANES: usize = 32;

/// Sums of terms of one number each.
#[inline(always)]
fn sum(row: &[f32], term: impl Fn(f32) -> f32) -> f32 {
    let mut sums = [0.0; LANES];
    let (whole, rest) = row.as_chunks::<LANES>();
    for values in whole {
        for i in 0..LANES {
            sums[i] += term(values[i]);
        }
    }
    for (sum, &value) in sums.iter_mut().zip(rest) {
        *sum += term(value);
    }
    total(sums)
}

/// All lanes, halves added to halves.
#[inline(always)]
fn total(mut sums: [f32; LANES]) -> f32 {
    let mut half = LANES / 2;
    while half > 0 {
        for i in 0..half {
            sums[i] += sums[i + half];
        }
        half /= 2;
    }
    sums[0]
}

/// What is taken off a row, and the inverse of what it is then divided by.
#[inline(always)]
pub(super) fn statistics(kind: Kind, epsilon: f32, row: &[f32]) -> [f32; 2] {
    let length = row.len() as f32;
    let mean = match kind {
        Kind::Layer => sum(row, |x| x) / length,
        Kind::RootMeanSquare => 0.0,
    };
    let square = sum(row, |x| (x - mean) * (x - mean)) / length;
    [mean, 1.0 / (square + epsilon).sqrt()]
}

/// `y = (x - mean) inverse factor + offset`.
#[inline(always)]
pub(super) fn scale([mean, inverse]: [f32; 2], row: &[f32], factor: &[f32], offset: &[f32], y: &mut [f32]) {
    for ((y, x), (factor, offset)) in y.iter_mut().zip(row).zip(factor.iter().zip(offset)) {
        *y = (x - mean) * inverse * factor + offset;
    }
}

/// With `t = gradient factor` and the normalised row `n`: the means of `t` and of `t n`.
#[inline(always)]
pub(super) fn means([mean, inverse]: [f32; 2], row: &[f32], factor: &[f32], gradient: &[f32]) -> [f32; 2] {
    let (mut sums, mut products) = ([0.0; LANES], [0.0; LANES]);
    let (rows, row_rest) = row.as_chunks::<LANES>();
    let (factors, factor_rest) = factor.as_chunks::<LANES>();
    let (gradients, gradient_rest) = gradient.as_chunks::<LANES>();
    for (row, (factor, gradient)) in rows.iter().zip(factors.iter().zip(gradients)) {
        for i in 0..LANES {
            let t = gradient[i] * factor[i];
            sums[i] += t;
            products[i] += t * ((row[i] - mean) * inverse);
        }
    }
    let rest = row_rest.iter().zip(factor_rest.iter().zip(gradient_rest));
    for (i, (x, (factor, gradient))) in rest.enumerate() {
        let t = gradient * factor;
        sums[i] += t;
        products[i] += t * ((x - mean) * inverse);
    }
    let length = row.len() as f32;
    [total(sums) / length, total(products) / length]
}

/// Adds `gradient` to one sum over rows and `gradient n` to the other.
#[inline(always)]
pub(super) fn collect(
    [mean, inverse]: [f32; 2],
    row: &[f32],
    gradient: &[f32],
    sums: &mut [f32],
    products: &mut [f32],
) {
    for ((sum, product), (x, gradient)) in sums.iter_mut().zip(products).zip(row.iter().zip(gradient)) {
        *sum += gradient;
        *product += gradient * ((x - mean) * inverse);
    }
}

/// The gradient of the row, `(t - mean of t - n mean of t n) inverse`.
#[inline(always)]
pub(super) fn through(
    [mean, inverse]: [f32; 2],
    [first, second]: [f32; 2],
    row: &[f32],
    factor: &[f32],
    gradient: &[f32],
    found: &mut [f32],
) {
    for ((found, x), (factor, gradient)) in found.iter_mut().zip(row).zip(factor.iter().zip(gradient)) {
        let n = (x - mean) * inverse;
        *found = (gradient * factor - first - n * second) * inverse;
    }
}
