//! Sums over taps for all targets, the common part of the output and the gradient of the input.
//!
//! No copy of the input is padded or unfolded: for a block of targets, a table says where each tap of each target finds
//! its channels, in the input or, beyond an edge, among zeros (Dukhan 2019, arXiv:1907.02129).

use std::cell::RefCell;
use std::marker::PhantomData;
use std::ops::Range;

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::axis::{Axis, NOTHING};
use super::panels::Panels;
use super::tile::{Tile, fetch, sum_over_taps};
use crate::vectors::{Factors, Instructions};

/// Targets of one block: its table and its targets stay in the fastest memory, and each panel serves them all.
const BLOCK: usize = 96;
/// Multiplications below which threads cost more than they bring.
pub(super) const PARALLEL: usize = 1 << 22;

/// Sums over taps for the targets of three axes.
#[derive(Debug)]
pub(super) struct SumOverTaps<'a> {
    pub(super) batch: usize,
    pub(super) axes: [&'a Axis; 3],
    /// Channels last, as the instructions take factors.
    pub(super) source: &'a [f32],
    pub(super) source_size: [usize; 3],
    /// Lanes of channels.
    pub(super) source_channels: usize,
    pub(super) target_size: [usize; 3],
    pub(super) target_channels: usize,
    pub(super) panels: &'a Panels,
    /// As many zeros as a source has channels.
    pub(super) zeros: &'a [f32],
}

/// Targets that several threads write, each its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shared(*mut f32);

// SAFETY: whoever writes through the pointer answers for writing elements of its own.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    pub(super) fn new(data: &mut [f32]) -> Self {
        Self(data.as_mut_ptr())
    }

    pub(super) fn pointer(self) -> *mut f32 {
        self.0
    }

    pub(super) fn after(self, count: usize) -> Self {
        Self(self.0.wrapping_add(count))
    }
}

/// Tables of one thread.
#[derive(Debug, Default)]
struct Tables {
    sources: Vec<*const f32>,
    targets: Vec<*mut f32>,
}

thread_local! {
    static TABLES: RefCell<Tables> = RefCell::default();
}

impl SumOverTaps<'_> {
    fn targets(&self) -> usize {
        self.batch * self.axes.iter().map(|axis| axis.targets.len()).product::<usize>()
    }

    fn taps(&self) -> usize {
        self.axes.iter().map(|axis| axis.taps.len()).product()
    }

    /// The sources that some targets are the first to use, roughly.
    fn ahead(&self, next: Range<usize>, targets: usize) -> &[f32] {
        // they reach about a row further than the targets
        let source = |target: usize| {
            let pixel = target * (self.source.len() / self.source_channels.max(1)) / targets + self.source_size[2];
            self.source.len().min(pixel * self.source_channels)
        };
        &self.source[source(next.start)..source(next.end)]
    }

    /// Computes all targets.
    pub(super) fn run<I: Instructions>(&self, instructions: I, target: &mut [f32]) {
        let targets = self.targets();
        let length = self.batch * self.target_size.iter().product::<usize>() * self.target_channels;
        let source_length = self.batch * self.source_size.iter().product::<usize>() * self.source_channels;
        assert!(
            target.len() == length && self.source.len() == source_length && self.zeros.len() >= self.source_channels
        );
        assert!(self.panels.depth == self.taps() * self.source_channels);
        let shared = Shared::new(target);
        let block = |block: usize| {
            let first = block * BLOCK;
            let last = targets.min(first + BLOCK);
            TABLES.with_borrow_mut(|tables| {
                tables.fill(self, shared, first, last);
                let next = last..targets.min(last + BLOCK);
                instructions.run(Block::<I::Factors> {
                    factors: PhantomData,
                    sum: self,
                    tables,
                    targets: last - first,
                    ahead: self.ahead(next, targets),
                });
            });
        };
        let small = targets * self.panels.depth * self.target_channels < PARALLEL;
        let together = if small { usize::MAX } else { 1 };
        (0..targets.div_ceil(BLOCK))
            .into_par_iter()
            .with_min_len(together)
            .for_each(block);
    }
}

impl Tables {
    /// Pointers for targets `first..last`, counted through all volumes.
    fn fill(&mut self, sum: &SumOverTaps<'_>, target: Shared, first: usize, last: usize) {
        let [depths, heights, widths] = sum.axes;
        let width = widths.targets.len();
        self.sources.clear();
        self.sources.resize(sum.taps() * BLOCK, sum.zeros.as_ptr());
        self.targets.clear();
        let mut at = first;
        while at < last {
            // a run of targets in one row
            let (row, column) = (at / width, at % width);
            let columns = column..width.min(column + last - at);
            let height = row % heights.targets.len();
            let depth = row / heights.targets.len() % depths.targets.len();
            let volume = row / heights.targets.len() / depths.targets.len();
            let line = |size: [usize; 3], depth: usize, height: usize| {
                ((volume * size[0] + depth) * size[1] + height) * size[2]
            };
            let target_line = line(sum.target_size, depths.targets[depth], heights.targets[height]);
            for &position in &widths.targets[columns.clone()] {
                let offset = (target_line + position) * sum.target_channels;
                self.targets.push(target.pointer().wrapping_add(offset));
            }
            let mut tap = 0;
            for depth_sources in &depths.sources {
                for height_sources in &heights.sources {
                    let (depth, height) = (depth_sources[depth], height_sources[height]);
                    if depth == NOTHING || height == NOTHING {
                        tap += widths.sources.len();
                        continue;
                    }
                    let line = line(sum.source_size, depth, height);
                    for sources in &widths.sources {
                        let entries = &mut self.sources[tap * BLOCK + at - first..][..columns.len()];
                        for (entry, &position) in entries.iter_mut().zip(&sources[columns.clone()]) {
                            if position != NOTHING {
                                let offset = (line + position) * sum.source_channels;
                                *entry = sum.source.as_ptr().wrapping_add(offset);
                            }
                        }
                        tap += 1;
                    }
                }
            }
            at += columns.len();
        }
    }
}

/// Work on one block with its tables filled.
struct Block<'a, F> {
    factors: PhantomData<F>,
    sum: &'a SumOverTaps<'a>,
    tables: &'a Tables,
    targets: usize,
    /// Sources of the next block.
    ahead: &'a [f32],
}

impl<F: Factors> WithSimd for Block<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // twelve pixels and two vectors make 24 sums, with two vectors of weights and one of input
        if S::REGISTER_COUNT >= 32 {
            self.tiles::<S, 12, 8, 4>(simd)
        } else {
            self.tiles::<S, 6, 4, 2>(simd)
        }
    }
}

impl<F: Factors> Block<'_, F> {
    #[inline(always)]
    fn tiles<S: Simd, const LARGE: usize, const MIDDLE: usize, const SMALL: usize>(self, simd: S) {
        let Self {
            sum,
            tables,
            targets,
            ahead,
            ..
        } = self;
        let pieces = sum.panels.iter().count() * targets.div_ceil(LARGE);
        let mut pieces = ahead.chunks(ahead.len().div_ceil(pieces.max(1)).max(1));
        let mut panel_start = 0;
        for panel in sum.panels.iter() {
            let mut first = 0;
            while first < targets {
                fetch(pieces.next().unwrap_or_default());
                let rest = targets - first;
                let tile = Tile {
                    table: tables.sources.as_ptr().wrapping_add(first),
                    table_stride: BLOCK,
                    taps: sum.taps(),
                    channels: sum.source_channels,
                    panel: sum.panels.data[panel_start..].as_ptr(),
                    bias: sum.panels.bias[panel.first..].as_ptr(),
                    targets: tables.targets[first..].as_ptr(),
                    target_channel: panel.first,
                    pixels: rest,
                    last: panel.last,
                };
                // SAFETY: the tables lead to whole pixels of the source and the target, the tables' rows are `BLOCK`
                // long, of which the tile sizes are divisors or end before it, and targets belong to this block alone
                unsafe {
                    match (rest, panel.vectors) {
                        (rest, 1) if rest <= SMALL => sum_over_taps::<S, F, SMALL, 1>(simd, tile),
                        (rest, _) if rest <= SMALL => sum_over_taps::<S, F, SMALL, 2>(simd, tile),
                        (rest, 1) if rest <= MIDDLE => sum_over_taps::<S, F, MIDDLE, 1>(simd, tile),
                        (rest, _) if rest <= MIDDLE => sum_over_taps::<S, F, MIDDLE, 2>(simd, tile),
                        (_, 1) => sum_over_taps::<S, F, LARGE, 1>(simd, tile),
                        _ => sum_over_taps::<S, F, LARGE, 2>(simd, tile),
                    }
                }
                first += LARGE;
            }
            panel_start += panel.vectors * S::F32_LANES * sum.panels.depth;
        }
    }
}
