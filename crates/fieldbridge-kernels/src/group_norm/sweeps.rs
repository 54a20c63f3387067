//! The sweeps over the numbers of a block.
//!
//! Each goes down the rows of one vector of columns, whose coefficients stay in registers.

use pulp::{Simd, WithSimd};

use super::layout::{first, in_last_row};
use crate::elementary::sigmoid;

/// `y = a((x - mean) factor + addend)`.
pub(super) struct Apply<'a> {
    pub(super) x: &'a [f32],
    pub(super) y: &'a mut [f32],
    pub(super) mean: &'a [f32],
    pub(super) factor: &'a [f32],
    pub(super) addend: &'a [f32],
    pub(super) silu: bool,
}

impl WithSimd for Apply<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        if self.silu {
            self.sweep::<S, true>(simd)
        } else {
            self.sweep::<S, false>(simd)
        }
    }
}

impl Apply<'_> {
    #[inline(always)]
    fn sweep<S: Simd, const SILU: bool>(self, simd: S) {
        let columns = self.mean.len();
        let stride = columns / S::F32_LANES;
        let rows = self.x.len() / columns;
        let (x, x_rest) = self.x.split_at(rows * columns);
        let (y, y_rest) = self.y.split_at_mut(rows * columns);
        let ((x, _), (y, _)) = (S::as_simd_f32s(x), S::as_mut_simd_f32s(y));
        let ((mean, _), (factor, _), (addend, _)) = (
            S::as_simd_f32s(self.mean),
            S::as_simd_f32s(self.factor),
            S::as_simd_f32s(self.addend),
        );
        for vector in 0..stride {
            let (mean, factor, addend) = (mean[vector], factor[vector], addend[vector]);
            for row in 0..rows {
                let at = row * stride + vector;
                y[at] = applied::<S, SILU>(simd, x[at], mean, factor, addend);
            }
            let count = in_last_row::<S>(self.x.len(), columns, vector);
            if count > 0 {
                let from = vector * S::F32_LANES;
                let x = simd.partial_load_f32s(&x_rest[from..][..count]);
                let y = applied::<S, SILU>(simd, x, mean, factor, addend);
                simd.partial_store_f32s(&mut y_rest[from..][..count], y);
            }
        }
    }
}

#[inline(always)]
fn applied<S: Simd, const SILU: bool>(simd: S, x: S::f32s, mean: S::f32s, factor: S::f32s, addend: S::f32s) -> S::f32s {
    let z = simd.mul_add_e_f32s(simd.sub_f32s(x, mean), factor, addend);
    if SILU { simd.mul_f32s(z, sigmoid(simd, z)) } else { z }
}

/// The gradient `d` of `z = n factor + addend`, with `n = (x - mean) deviation`, from that of `a(z)`, and the columns'
/// sums of `d` and `d n`.
pub(super) struct Through<'a> {
    pub(super) x: &'a [f32],
    pub(super) y_gradient: &'a [f32],
    pub(super) z_gradient: &'a mut [f32],
    pub(super) mean: &'a [f32],
    pub(super) deviation: &'a [f32],
    pub(super) factor: &'a [f32],
    pub(super) addend: &'a [f32],
    pub(super) silu: bool,
    /// Both sums, one after the other.
    pub(super) sums: &'a mut [f32],
}

/// Coefficients of one vector of columns in [`Through`].
struct Coefficients<V> {
    mean: V,
    deviation: V,
    factor: V,
    addend: V,
}

impl WithSimd for Through<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        if self.silu {
            self.sweep::<S, true>(simd)
        } else {
            self.sweep::<S, false>(simd)
        }
    }
}

impl Through<'_> {
    #[inline(always)]
    fn sweep<S: Simd, const SILU: bool>(self, simd: S) {
        let columns = self.mean.len();
        let stride = columns / S::F32_LANES;
        let rows = self.x.len() / columns;
        let (x, x_rest) = self.x.split_at(rows * columns);
        let (y, y_rest) = self.y_gradient.split_at(rows * columns);
        let (z, z_rest) = self.z_gradient.split_at_mut(rows * columns);
        let ((x, _), (y, _), (z, _)) = (S::as_simd_f32s(x), S::as_simd_f32s(y), S::as_mut_simd_f32s(z));
        let ((mean, _), (deviation, _)) = (S::as_simd_f32s(self.mean), S::as_simd_f32s(self.deviation));
        let ((factor, _), (addend, _)) = (S::as_simd_f32s(self.factor), S::as_simd_f32s(self.addend));
        let (plain, with_n) = self.sums.split_at_mut(columns);
        let ((plain, _), (with_n, _)) = (S::as_mut_simd_f32s(plain), S::as_mut_simd_f32s(with_n));
        for vector in 0..stride {
            let coefficients = Coefficients {
                mean: mean[vector],
                deviation: deviation[vector],
                factor: factor[vector],
                addend: addend[vector],
            };
            let (mut sum, mut sum_with_n) = (simd.splat_f32s(0.0), simd.splat_f32s(0.0));
            for row in 0..rows {
                let at = row * stride + vector;
                let (gradient, n) = through::<S, SILU>(simd, x[at], y[at], &coefficients);
                z[at] = gradient;
                sum = simd.add_f32s(sum, gradient);
                sum_with_n = simd.mul_add_e_f32s(gradient, n, sum_with_n);
            }
            let count = in_last_row::<S>(self.x.len(), columns, vector);
            if count > 0 {
                let from = vector * S::F32_LANES;
                let x = simd.partial_load_f32s(&x_rest[from..][..count]);
                let y = simd.partial_load_f32s(&y_rest[from..][..count]);
                let (gradient, n) = through::<S, SILU>(simd, x, y, &coefficients);
                simd.partial_store_f32s(&mut z_rest[from..][..count], gradient);
                let gradient = simd.mul_f32s(gradient, first(simd, count));
                sum = simd.add_f32s(sum, gradient);
                sum_with_n = simd.mul_add_e_f32s(gradient, n, sum_with_n);
            }
            (plain[vector], with_n[vector]) = (sum, sum_with_n);
        }
    }
}

/// The gradient of `z` and `n`.
#[inline(always)]
fn through<S: Simd, const SILU: bool>(
    simd: S,
    x: S::f32s,
    y_gradient: S::f32s,
    coefficients: &Coefficients<S::f32s>,
) -> (S::f32s, S::f32s) {
    let Coefficients {
        mean,
        deviation,
        factor,
        addend,
    } = *coefficients;
    let n = simd.mul_f32s(simd.sub_f32s(x, mean), deviation);
    if !SILU {
        return (y_gradient, n);
    }
    let z = simd.mul_add_e_f32s(n, factor, addend);
    let gate = sigmoid(simd, z);
    // gate + z gate (1 - gate)
    let rest = simd.sub_f32s(simd.splat_f32s(1.0), gate);
    let slope = simd.mul_add_e_f32s(simd.mul_f32s(z, rest), gate, gate);
    (simd.mul_f32s(y_gradient, slope), n)
}

/// `d = d direct + (x - mean) along + constant`: the gradient of `x` in the place of that of `z`.
pub(super) struct Centre<'a> {
    pub(super) x: &'a [f32],
    pub(super) gradient: &'a mut [f32],
    pub(super) mean: &'a [f32],
    pub(super) direct: &'a [f32],
    pub(super) along: &'a [f32],
    pub(super) constant: &'a [f32],
}

impl WithSimd for Centre<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let columns = self.mean.len();
        let stride = columns / S::F32_LANES;
        let rows = self.x.len() / columns;
        let (x, x_rest) = self.x.split_at(rows * columns);
        let (d, d_rest) = self.gradient.split_at_mut(rows * columns);
        let ((x, _), (d, _)) = (S::as_simd_f32s(x), S::as_mut_simd_f32s(d));
        let ((mean, _), (direct, _)) = (S::as_simd_f32s(self.mean), S::as_simd_f32s(self.direct));
        let ((along, _), (constant, _)) = (S::as_simd_f32s(self.along), S::as_simd_f32s(self.constant));
        for vector in 0..stride {
            let (mean, direct, along, constant) = (mean[vector], direct[vector], along[vector], constant[vector]);
            for row in 0..rows {
                let at = row * stride + vector;
                let sum = simd.mul_add_e_f32s(simd.sub_f32s(x[at], mean), along, constant);
                d[at] = simd.mul_add_e_f32s(d[at], direct, sum);
            }
            let count = in_last_row::<S>(self.x.len(), columns, vector);
            if count > 0 {
                let range = vector * S::F32_LANES..vector * S::F32_LANES + count;
                let x = simd.partial_load_f32s(&x_rest[range.clone()]);
                let sum = simd.mul_add_e_f32s(simd.sub_f32s(x, mean), along, constant);
                let value = simd.mul_add_e_f32s(simd.partial_load_f32s(&d_rest[range.clone()]), direct, sum);
                simd.partial_store_f32s(&mut d_rest[range], value);
            }
        }
    }
}
