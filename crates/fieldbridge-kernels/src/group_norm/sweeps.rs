//! The sweeps over the numbers of a block.
//!
//! Each goes through the rows in the order of memory; the coefficients of the columns stay in the fastest memory.

use pulp::{Simd, WithSimd};

use super::layout::first;
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
        let ((mean, _), (factor, _), (addend, _)) = (
            S::as_simd_f32s(self.mean),
            S::as_simd_f32s(self.factor),
            S::as_simd_f32s(self.addend),
        );
        for (x, y) in self.x.chunks(columns).zip(self.y.chunks_mut(columns)) {
            let ((x, x_rest), (y, y_rest)) = (S::as_simd_f32s(x), S::as_mut_simd_f32s(y));
            let coefficients = mean.iter().zip(factor).zip(addend);
            for ((x, y), ((mean, factor), addend)) in x.iter().zip(y).zip(coefficients) {
                *y = applied::<S, SILU>(simd, *x, *mean, *factor, *addend);
            }
            if !x_rest.is_empty() {
                let at = x.len();
                let x = simd.partial_load_f32s(x_rest);
                let y = applied::<S, SILU>(simd, x, mean[at], factor[at], addend[at]);
                simd.partial_store_f32s(y_rest, y);
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
    /// Both sums, one after the other, zeros before.
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
        let ((mean, _), (deviation, _)) = (S::as_simd_f32s(self.mean), S::as_simd_f32s(self.deviation));
        let ((factor, _), (addend, _)) = (S::as_simd_f32s(self.factor), S::as_simd_f32s(self.addend));
        let coefficients = |vector: usize| Coefficients {
            mean: mean[vector],
            deviation: deviation[vector],
            factor: factor[vector],
            addend: addend[vector],
        };
        let (plain, with_n) = self.sums.split_at_mut(columns);
        let ((plain, _), (with_n, _)) = (S::as_mut_simd_f32s(plain), S::as_mut_simd_f32s(with_n));
        let rows = self.x.chunks(columns).zip(self.y_gradient.chunks(columns));
        for ((x, y), z) in rows.zip(self.z_gradient.chunks_mut(columns)) {
            let ((x, x_rest), (y, y_rest)) = (S::as_simd_f32s(x), S::as_simd_f32s(y));
            let (z, z_rest) = S::as_mut_simd_f32s(z);
            for vector in 0..x.len() {
                let (gradient, n) = through::<S, SILU>(simd, x[vector], y[vector], coefficients(vector));
                z[vector] = gradient;
                plain[vector] = simd.add_f32s(plain[vector], gradient);
                with_n[vector] = simd.mul_add_e_f32s(gradient, n, with_n[vector]);
            }
            if !x_rest.is_empty() {
                let vector = x.len();
                let (x, y) = (simd.partial_load_f32s(x_rest), simd.partial_load_f32s(y_rest));
                let (gradient, n) = through::<S, SILU>(simd, x, y, coefficients(vector));
                simd.partial_store_f32s(z_rest, gradient);
                let gradient = simd.mul_f32s(gradient, first(simd, x_rest.len()));
                plain[vector] = simd.add_f32s(plain[vector], gradient);
                with_n[vector] = simd.mul_add_e_f32s(gradient, n, with_n[vector]);
            }
        }
    }
}

/// The gradient of `z` and `n`.
#[inline(always)]
fn through<S: Simd, const SILU: bool>(
    simd: S,
    x: S::f32s,
    y_gradient: S::f32s,
    coefficients: Coefficients<S::f32s>,
) -> (S::f32s, S::f32s) {
    let Coefficients {
        mean,
        deviation,
        factor,
        addend,
    } = coefficients;
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
        let ((mean, _), (direct, _)) = (S::as_simd_f32s(self.mean), S::as_simd_f32s(self.direct));
        let ((along, _), (constant, _)) = (S::as_simd_f32s(self.along), S::as_simd_f32s(self.constant));
        for (x, d) in self.x.chunks(columns).zip(self.gradient.chunks_mut(columns)) {
            let ((x, x_rest), (d, d_rest)) = (S::as_simd_f32s(x), S::as_mut_simd_f32s(d));
            let coefficients = mean.iter().zip(along).zip(constant.iter().zip(direct));
            for ((x, d), ((mean, along), (constant, direct))) in x.iter().zip(d).zip(coefficients) {
                let sum = simd.mul_add_e_f32s(simd.sub_f32s(*x, *mean), *along, *constant);
                *d = simd.mul_add_e_f32s(*d, *direct, sum);
            }
            if !x_rest.is_empty() {
                let at = x.len();
                let distance = simd.sub_f32s(simd.partial_load_f32s(x_rest), mean[at]);
                let sum = simd.mul_add_e_f32s(distance, along[at], constant[at]);
                let value = simd.mul_add_e_f32s(simd.partial_load_f32s(d_rest), direct[at], sum);
                simd.partial_store_f32s(d_rest, value);
            }
        }
    }
}
