//! Sizes of a convolution.

/// What lies beyond the edge of an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Padding {
    /// Zeros.
    #[default]
    Zero,
    /// The image again, as in the periodic box of a simulation.
    Periodic,
}

/// Sizes of a convolution of volumes; an image is a volume of depth one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Number of volumes.
    pub batch: usize,
    /// Depth, height and width of the input.
    pub input: [usize; 3],
    /// Channels of the input.
    pub channels_in: usize,
    /// Channels of the output.
    pub channels_out: usize,
    /// Depth, height and width of the kernel, all odd.
    pub kernel: [usize; 3],
    /// Steps between outputs, at least one.
    pub stride: [usize; 3],
    /// What lies beyond the edges.
    pub padding: Padding,
}

impl Geometry {
    /// Depth, height and width of the output: kernels stand on every `stride`-th element of the input, the first
    /// included.
    pub fn output(&self) -> [usize; 3] {
        std::array::from_fn(|axis| self.input[axis].div_ceil(self.stride[axis]))
    }

    /// Numbers in the input.
    pub fn input_length(&self) -> usize {
        self.batch * self.input.iter().product::<usize>() * self.channels_in
    }

    /// Numbers in the output.
    pub fn output_length(&self) -> usize {
        self.batch * self.output().iter().product::<usize>() * self.channels_out
    }

    /// Numbers in the weights.
    pub fn weight_length(&self) -> usize {
        self.kernel.iter().product::<usize>() * self.channels_in * self.channels_out
    }

    /// Multiplications, of each of the two gradients as well.
    pub(super) fn work(&self) -> usize {
        let pixels = self.batch * self.output().iter().product::<usize>();
        pixels * self.weight_length()
    }

    /// # Panics
    /// When a size of the kernel is even or a step zero.
    pub(super) fn check(&self) {
        assert!(
            self.kernel.iter().all(|size| size % 2 == 1),
            "kernels have a middle, found {:?}",
            self.kernel
        );
        assert!(
            self.stride.iter().all(|&step| step > 0),
            "outputs lie at least one element apart"
        );
    }
}
