//! How the numbers of one sample lie beside vectors.

use pulp::Simd;

/// Numbers in the longest vector; every shorter one divides it.
const LONGEST: usize = 16;
/// Numbers in a row of columns at least.
const ROW: usize = 128;
/// Numbers summed in single precision, small enough for the fastest memory.
const BLOCK: usize = 8192;
/// Numbers above which the blocks of a sample are shared among threads.
const LARGE: usize = 1 << 18;
/// Numbers above which samples are shared among threads.
const PARALLEL: usize = 1 << 16;

/// Sizes of a normalisation over groups of channels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Layout {
    /// Samples.
    pub batch: usize,
    /// Pixels of a sample.
    pub pixels: usize,
    /// Channels of a pixel, the last dimension.
    pub channels: usize,
    /// Groups of neighbouring channels; as many channels in each.
    pub groups: usize,
}

impl Layout {
    /// Numbers in all samples.
    pub fn length(&self) -> usize {
        self.batch * self.sample()
    }

    /// # Panics
    /// When groups have different sizes.
    pub(super) fn check(&self) {
        assert!(
            self.groups > 0 && self.channels.is_multiple_of(self.groups),
            "groups hold as many channels each"
        );
    }

    /// Numbers in a sample.
    pub(super) fn sample(&self) -> usize {
        self.pixels * self.channels
    }

    /// Numbers in a group of a sample.
    pub(super) fn members(&self) -> usize {
        self.sample() / self.groups
    }

    /// Columns: the channels of as many pixels as fill whole vectors. Numbers of a column share their channel.
    pub(super) fn columns(&self) -> usize {
        let (mut a, mut b) = (self.channels, LONGEST);
        while b > 0 {
            (a, b) = (b, a % b);
        }
        let least = self.channels / a * LONGEST;
        // long rows, so that few of them are begun
        ROW.div_ceil(least) * least
    }

    /// Numbers in a block: whole rows of columns, but for the end of the last block.
    pub(super) fn block(&self) -> usize {
        (BLOCK / self.columns()).max(1) * self.columns()
    }

    /// How many blocks a thread takes at least: all of them unless the sample is large.
    pub(super) fn blocks_together(&self) -> usize {
        if self.sample() < LARGE { usize::MAX } else { 4 }
    }

    /// How many samples a thread takes at least: all of them when they are few and small.
    pub(super) fn samples_together(&self) -> usize {
        if self.length() < PARALLEL { usize::MAX } else { 1 }
    }

    /// The group of a channel.
    pub(super) fn group(&self, channel: usize) -> usize {
        channel / (self.channels / self.groups)
    }

    /// A value for each column from one for each channel.
    pub(super) fn spread<T: Copy>(&self, of_channel: impl Fn(usize) -> T) -> Vec<T> {
        let mut spread = Vec::with_capacity(self.columns());
        spread.extend((0..self.channels).map(of_channel));
        while spread.len() < self.columns() {
            spread.extend_from_within(..self.channels);
        }
        spread
    }
}

/// Ones in the first `count` lanes and zeros in the others.
#[inline(always)]
pub(super) fn first<S: Simd>(simd: S, count: usize) -> S::f32s {
    simd.partial_load_f32s(&[1.0; LONGEST][..count])
}
