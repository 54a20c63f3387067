//! Loops over rows of numbers, with a bias added to each row when there is one.

use pulp::{Arch, Simd, WithSimd};

use super::WithCurve;
use super::curve::Curve;

/// Values in place.
pub(super) struct Values<'a> {
    pub(super) rows: &'a mut [f32],
    pub(super) width: usize,
    pub(super) bias: Option<&'a [f32]>,
}

/// Values in place and derivatives beside.
pub(super) struct Slopes<'a> {
    pub(super) rows: &'a mut [f32],
    pub(super) slope: &'a mut [f32],
    pub(super) width: usize,
    pub(super) bias: Option<&'a [f32]>,
}

impl WithCurve for Values<'_> {
    fn with(self, curve: impl Curve) {
        Arch::new().dispatch(Of { curve, work: self });
    }
}

impl WithCurve for Slopes<'_> {
    fn with(self, curve: impl Curve) {
        Arch::new().dispatch(Of { curve, work: self });
    }
}

/// The work for one function.
struct Of<C, W> {
    curve: C,
    work: W,
}

/// A bias as whole vectors and the rest.
type Bias<'a, S> = Option<(&'a [<S as Simd>::f32s], <S as Simd>::f32s)>;

/// The bias split as rows are, and their width; without a bias all numbers are one row.
#[inline(always)]
fn split<'a, S: Simd>(simd: S, bias: Option<&'a [f32]>, width: usize, length: usize) -> (Bias<'a, S>, usize) {
    let split = bias.map(|bias| {
        let (whole, rest) = S::as_simd_f32s(bias);
        (whole, simd.partial_load_f32s(rest))
    });
    (split, if bias.is_some() { width } else { length }.max(1))
}

impl<C: Curve> WithSimd for Of<C, Values<'_>> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            curve,
            work: Values { rows, width, bias },
        } = self;
        let (bias, width) = split(simd, bias, width, rows.len());
        for row in rows.chunks_exact_mut(width) {
            let (whole, rest) = S::as_mut_simd_f32s(row);
            for (i, z) in whole.iter_mut().enumerate() {
                let sum = bias.map_or(*z, |(bias, _)| simd.add_f32s(*z, bias[i]));
                *z = curve.value(simd, sum);
            }
            if !rest.is_empty() {
                let z = simd.partial_load_f32s(rest);
                let sum = bias.map_or(z, |(_, bias)| simd.add_f32s(z, bias));
                simd.partial_store_f32s(rest, curve.value(simd, sum));
            }
        }
    }
}

impl<C: Curve> WithSimd for Of<C, Slopes<'_>> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            curve,
            work:
                Slopes {
                    rows,
                    slope,
                    width,
                    bias,
                },
        } = self;
        let (bias, width) = split(simd, bias, width, rows.len());
        for (row, slope) in rows.chunks_exact_mut(width).zip(slope.chunks_exact_mut(width)) {
            let (whole, rest) = S::as_mut_simd_f32s(row);
            let (whole_slope, rest_slope) = S::as_mut_simd_f32s(slope);
            for (i, (z, slope)) in whole.iter_mut().zip(whole_slope).enumerate() {
                let sum = bias.map_or(*z, |(bias, _)| simd.add_f32s(*z, bias[i]));
                (*z, *slope) = curve.value_and_slope(simd, sum);
            }
            if !rest.is_empty() {
                let z = simd.partial_load_f32s(rest);
                let sum = bias.map_or(z, |(_, bias)| simd.add_f32s(z, bias));
                let (value, slope) = curve.value_and_slope(simd, sum);
                simd.partial_store_f32s(rest, value);
                simd.partial_store_f32s(rest_slope, slope);
            }
        }
    }
}
