//! How exactly the factors of a product are taken.

use std::ops::Deref;

use pulp::Arch;
use rayon::prelude::*;

use super::instructions::Instructions;
use super::matrix::Matrix;
use super::pairs::PairedRows;
use crate::pairs::to_bf16;
use crate::workspace::Buffer;

/// How exactly the factors of a matrix product are taken; products are summed in single precision either way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// As they are.
    #[default]
    Single,
    /// Rounded to bfloat16: the exponents of single precision and eight bits of significand, so that each factor is off
    /// by at most `2^-8` of itself (Kalamkar et al. 2019, arXiv:1905.12322). Processors with AVX-512 BF16 take two factors
    /// at once; the others multiply the same rounded numbers with the instructions of single precision, and sum them in
    /// another order.
    Bf16,
}

/// Numbers that one thread rounds at a time.
const CHUNK: usize = 1 << 16;

impl Precision {
    /// Calls `body` with the factors of `A B` as these instructions take them.
    pub(super) fn factors<R>(
        self,
        a: Matrix<'_>,
        b: Matrix<'_>,
        body: impl FnOnce(&'static Instructions, Matrix<'_>, Matrix<'_>) -> R,
    ) -> R {
        match (self, Instructions::pairs()) {
            (Self::Single, _) => body(Instructions::best(), a, b),
            (Self::Bf16, Some(pairs)) => {
                let (left, right) = (PairedRows::of(a.transposed()), PairedRows::of(b));
                body(pairs, left.matrix().transposed(), right.matrix())
            }
            (Self::Bf16, None) => {
                let (left, right) = (self.factor(a.data), self.factor(b.data));
                body(
                    Instructions::best(),
                    Matrix { data: &left, ..a },
                    Matrix { data: &right, ..b },
                )
            }
        }
    }

    /// Numbers as a product takes them.
    pub(crate) fn factor(self, values: &[f32]) -> Taken<'_> {
        match self {
            Self::Single => Taken::Given(values),
            Self::Bf16 => {
                let mut rounded = Buffer::stale(values.len());
                let chunks = rounded.par_chunks_mut(CHUNK).zip(values.par_chunks(CHUNK));
                chunks.for_each(|(to, from)| {
                    Arch::new().dispatch(
                        #[inline(always)]
                        || to.iter_mut().zip(from).for_each(|(to, from)| *to = to_bf16(*from)),
                    );
                });
                Taken::Rounded(rounded)
            }
        }
    }
}

/// The numbers of a factor, in the memory given or in their own.
#[derive(Debug)]
pub(crate) enum Taken<'a> {
    /// As they were given.
    Given(&'a [f32]),
    /// Changed.
    Rounded(Buffer),
}

impl Deref for Taken<'_> {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        match self {
            Self::Given(values) => values,
            Self::Rounded(values) => values,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_goes_to_the_nearest_of_bfloat16_and_ties_to_the_even_one() {
        let lower_halves = [0, 1, 0x1234, 0x7FFF, 0x8000, 0x8001, 0xFFFF];
        for upper in 0..=u16::MAX {
            for lower in lower_halves {
                let value = f32::from_bits(u32::from(upper) << 16 | lower);
                let found = to_bf16(value);
                let bits = found.to_bits();
                assert_eq!(bits & 0xFFFF, 0, "{value} became {found}, which has too many bits");
                if !value.is_finite() {
                    assert_eq!(
                        (value.is_nan(), value.is_nan() || found == value),
                        (found.is_nan(), true)
                    );
                    continue;
                }
                // the neighbours of bfloat16 towards zero and away from it; beyond the largest, the next power of two
                let towards = f64::from(f32::from_bits(u32::from(upper) << 16));
                let next = f32::from_bits((u32::from(upper) + 1) << 16);
                let away = if next.is_finite() {
                    f64::from(next)
                } else {
                    2_f64.powi(128).copysign(towards)
                };
                let exact = f64::from(value);
                let (near, far) = ((exact - towards).abs(), (away - exact).abs());
                let expected = if near < far || (near == far && upper % 2 == 0) {
                    towards as f32
                } else {
                    away as f32
                };
                assert_eq!(bits, expected.to_bits(), "{value} became {found}, not {expected}");
            }
        }
    }

    #[test]
    fn rounding_in_place_and_to_a_copy_are_the_same_for_any_number_of_threads() {
        let values: Vec<f32> = (0..3 * CHUNK + 5).map(|index| (index as f32).sin()).collect();
        let expected: Vec<u32> = values.iter().map(|value| to_bf16(*value).to_bits()).collect();
        for threads in [1, 2, 4] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let copy = Precision::Bf16.factor(&values);
                assert!(copy.iter().map(|value| value.to_bits()).eq(expected.iter().copied()));
            });
        }
        assert_eq!(&Precision::Single.factor(&values)[..], &values[..]);
    }
}
