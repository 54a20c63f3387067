//! Elementary functions of all numbers of a slice, in place.

use pulp::{Arch, Simd, WithSimd};

/// A function of one number, on vectors of them.
pub(crate) trait Pointwise: Copy {
    /// Its values.
    fn at<S: Simd>(self, simd: S, x: S::f32s) -> S::f32s;
}

/// Replaces all numbers by the function's values.
pub(crate) fn map(function: impl Pointwise, values: &mut [f32]) {
    Arch::new().dispatch(Map { function, values });
}

/// [`map`] for the instructions it is given.
pub(crate) struct Map<'a, F> {
    pub(crate) function: F,
    pub(crate) values: &'a mut [f32],
}

impl<F: Pointwise> WithSimd for Map<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (whole, rest) = S::as_mut_simd_f32s(self.values);
        for x in whole {
            *x = self.function.at(simd, *x);
        }
        if !rest.is_empty() {
            let x = simd.partial_load_f32s(rest);
            simd.partial_store_f32s(rest, self.function.at(simd, x));
        }
    }
}

macro_rules! functions {
    ($($(#[$meta:meta])* $name:ident),* $(,)?) => {$(
        $(#[$meta])*
        pub fn $name(values: &mut [f32]) {
            #[derive(Clone, Copy)]
            struct Function;
            impl Pointwise for Function {
                #[inline(always)]
                fn at<S: Simd>(self, simd: S, x: S::f32s) -> S::f32s {
                    super::$name(simd, x)
                }
            }
            map(Function, values);
        }
    )*};
}

functions! {
    /// `exp(x)` within 1.01 ulp.
    exp,
    /// `ln(x)` within 0.9 ulp.
    ln,
    /// `tanh(x)` within 1.6 ulp.
    tanh,
    /// The error function within 1.8 ulp.
    erf,
    /// `1 / (1 + exp(-x))` within 2.4 ulp.
    sigmoid,
    /// `ln(1 + exp(x))` within 1.8 ulp.
    softplus,
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_number_has_the_same_value_wherever_it_stands() {
        let whole: Vec<f32> = (0..67).map(|i| 0.1 + i as f32).collect();
        let mut expected = whole.clone();
        super::ln(&mut expected);
        for length in 0..whole.len() {
            let mut values = whole.clone();
            super::ln(&mut values[..length]);
            assert_eq!(values[..length], expected[..length]);
            assert_eq!(values[length..], whole[length..]);
        }
    }
}
