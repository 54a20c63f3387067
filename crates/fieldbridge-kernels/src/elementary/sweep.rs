//! The error of a function over all exponents, against double precision.

use pulp::{Scalar, Simd};

use super::slice::{Map, Pointwise};

/// Every how many bit patterns one is tried: a prime, to meet all last bits.
const STRIDE: usize = 8191;

/// Checks a function of one vector against one of `f64`, on the best instructions of this machine and on none.
macro_rules! assert_error_below {
    ($function:path, $truth:expr, $bound:expr) => {{
        #[derive(Clone, Copy)]
        struct Function;
        impl $crate::elementary::slice::Pointwise for Function {
            #[inline(always)]
            fn at<S: pulp::Simd>(self, simd: S, x: S::f32s) -> S::f32s {
                $function(simd, x)
            }
        }
        $crate::elementary::sweep::check(Function, $truth, $bound);
    }};
}
pub(crate) use assert_error_below;

/// Distance to the next number away from zero, of the single-precision number at or below a size.
fn unit_in_the_last_place(size: f64) -> f64 {
    let exponent = if size == 0.0 {
        -126.0
    } else {
        size.log2().floor().clamp(-126.0, 127.0)
    };
    (exponent - 23.0).exp2()
}

/// Numbers through all exponents and both signs, subnormal ones, the edges of the ranges, and NaN.
fn arguments(stride: usize) -> Vec<f32> {
    let spread = (0..=u32::MAX).step_by(stride).map(f32::from_bits);
    let edges: [f32; 12] = [
        -104.0,
        -103.972_08,
        -87.336_54,
        88.722_83,
        88.722_84,
        9.0,
        9.010_913,
        3.92,
        0.0,
        1.0,
        2.0,
        16.635_532,
    ];
    // loops, not iterators of iterators: valgrind takes the state of these for numbers that nobody wrote
    let mut around = Vec::new();
    for edge in edges {
        for step in 0..2000_u32 {
            let bits = (edge.to_bits() & 0x7fff_ffff).wrapping_add(step).wrapping_sub(1000);
            around.extend([f32::from_bits(bits), -f32::from_bits(bits)]);
        }
    }
    // denser where functions bend
    let near = (-100_000..100_000).map(|i| i as f32 * 1.23e-4);
    let special = [
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
        f32::MAX,
        f32::MIN,
        f32::MIN_POSITIVE,
        1e-45,
        -1e-45,
        -0.0,
    ];
    spread.chain(around).chain(near).chain(special).collect()
}

/// The error function in double precision: its power series, or the continued fraction of the rest.
pub(crate) fn erf_of_double(x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    let size = x.abs().min(7.0);
    let front = 2.0 / std::f64::consts::PI.sqrt() * (-size * size).exp();
    let value = if size < 2.5 {
        let (mut term, mut sum) = (size, size);
        for n in 1..80 {
            term *= 2.0 * size * size / f64::from(2 * n + 1);
            sum += term;
        }
        front * sum
    } else {
        let fraction = (1..120).rev().fold(size, |rest, n| size + f64::from(n) / 2.0 / rest);
        1.0 - front / 2.0 / fraction
    };
    value.copysign(x)
}

/// Fails when the function is more than `bound` units in the last place from the truth anywhere.
pub(crate) fn check(function: impl Pointwise, truth: impl Fn(f64) -> f64, bound: f64) {
    let arguments = arguments(STRIDE);
    let mut best = arguments.clone();
    super::slice::map(function, &mut best);
    compare(&arguments, &best, &truth, bound);
    // without fused instructions each product is computed in software, hence fewer
    let fewer: Vec<f32> = arguments.into_iter().step_by(61).collect();
    let mut plain = fewer.clone();
    Scalar.vectorize(Map {
        function,
        values: &mut plain,
    });
    compare(&fewer, &plain, &truth, bound);
}

fn compare(arguments: &[f32], values: &[f32], truth: impl Fn(f64) -> f64, bound: f64) {
    let (mut worst, mut at) = (0.0, 0.0);
    for (&x, &value) in arguments.iter().zip(values) {
        let exact = truth(f64::from(x));
        let rounded = exact as f32;
        if !rounded.is_finite() || !value.is_finite() {
            // the last finite number and infinity are one unit apart
            let next = value.is_finite() && value.abs() == f32::MAX || rounded.is_finite() && rounded.abs() == f32::MAX;
            let same = value == rounded || value.is_nan() && rounded.is_nan() || next && value * rounded > 0.0;
            assert!(same, "{x:e}: {value:e}, not {exact:e}");
            continue;
        }
        let error = (f64::from(value) - exact).abs() / unit_in_the_last_place(exact.abs());
        if error > worst {
            (worst, at) = (error, x);
        }
    }
    assert!(worst <= bound, "{worst} ulp at {at:e}");
}
