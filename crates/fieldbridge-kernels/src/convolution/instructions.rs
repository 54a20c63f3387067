//! Which vector instructions to run on.

use pulp::{Arch, WithSimd};

/// Runs vectorised work on instructions chosen at run time.
pub(crate) trait Instructions: Copy + Send + Sync {
    /// The result of the work.
    fn run<W: WithSimd>(self, work: W) -> W::Output;

    /// Numbers in a vector and registers for vectors.
    fn registers(self) -> (usize, usize) {
        struct Registers;
        impl WithSimd for Registers {
            type Output = (usize, usize);
            #[inline(always)]
            fn with_simd<S: pulp::Simd>(self, _simd: S) -> (usize, usize) {
                (S::F32_LANES, S::REGISTER_COUNT)
            }
        }
        self.run(Registers)
    }
}

/// The best this processor has.
impl Instructions for Arch {
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
impl<S: pulp::Simd> Instructions for Only<S> {
    fn run<W: WithSimd>(self, work: W) -> W::Output {
        self.0.vectorize(work)
    }
}
