//! Which vector instructions to run on, and what a lane of a factor holds.

use pulp::{Arch, Simd, WithSimd};

/// Runs vectorised work on instructions chosen at run time.
pub(crate) trait Instructions: Copy + Send + Sync {
    /// How factors are multiplied.
    type Factors: Factors;

    /// The result of the work.
    fn run<W: WithSimd>(self, work: W) -> W::Output;

    /// Numbers in a vector and registers for vectors.
    fn registers(self) -> (usize, usize) {
        struct Registers;
        impl WithSimd for Registers {
            type Output = (usize, usize);
            #[inline(always)]
            fn with_simd<S: Simd>(self, _simd: S) -> (usize, usize) {
                (S::F32_LANES, S::REGISTER_COUNT)
            }
        }
        self.run(Registers)
    }
}

/// What lanes hold as factors of a product; sums are in single precision.
pub(crate) trait Factors {
    /// Neighbours of the shared index in a lane.
    const TOGETHER: usize;

    /// A lane of these neighbours; a lane of one number ignores the second.
    fn lane(first: f32, second: f32) -> f32;

    /// `a b + sum` in each lane.
    fn multiply_add<S: Simd>(simd: S, a: S::f32s, b: S::f32s, sum: S::f32s) -> S::f32s;
}

/// Numbers of single precision.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Single;

impl Factors for Single {
    const TOGETHER: usize = 1;

    #[inline(always)]
    fn lane(first: f32, _second: f32) -> f32 {
        first
    }

    #[inline(always)]
    fn multiply_add<S: Simd>(simd: S, a: S::f32s, b: S::f32s, sum: S::f32s) -> S::f32s {
        simd.mul_add_e_f32s(a, b, sum)
    }
}

/// The best this processor has.
impl Instructions for Arch {
    type Factors = Single;

    #[inline]
    fn run<W: WithSimd>(self, work: W) -> W::Output {
        self.dispatch(work)
    }
}

/// One instruction set, so that tests reach those that are not the best.
#[cfg(test)]
#[derive(Clone, Copy)]
pub(crate) struct Only<S>(pub(crate) S);

#[cfg(test)]
impl<S: Simd> Instructions for Only<S> {
    type Factors = Single;

    fn run<W: WithSimd>(self, work: W) -> W::Output {
        self.0.vectorize(work)
    }
}
