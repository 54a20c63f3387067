//! Which elements meet along one axis.

use super::geometry::Padding;

/// A tap that finds nothing, beyond an edge.
pub(super) const NOTHING: usize = usize::MAX;

/// Along one axis, `target = sum over taps of weight[tap] source[where the tap finds it]`.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    /// Positions of the targets.
    pub(super) targets: Vec<usize>,
    /// Taps that take part, as indices of the kernel.
    pub(super) taps: Vec<usize>,
    /// For each of these taps, for each target, the position of the source or [`NOTHING`].
    pub(super) sources: Vec<Vec<usize>>,
}

/// Where a tap of an output finds its input.
fn source(output: usize, tap: usize, size: usize, kernel: usize, stride: usize, padding: Padding) -> usize {
    // the first input is position `kernel / 2` of the padded axis
    let padded = (output * stride + tap) as isize - (kernel / 2) as isize;
    match padding {
        Padding::Zero if padded < 0 || padded >= size as isize => NOTHING,
        Padding::Zero => padded as usize,
        Padding::Periodic => padded.rem_euclid(size as isize) as usize,
    }
}

impl Axis {
    /// Outputs as targets of an input of `size` elements.
    pub(super) fn forward(size: usize, kernel: usize, stride: usize, padding: Padding) -> Self {
        let targets: Vec<usize> = (0..size.div_ceil(stride)).collect();
        let sources = (0..kernel)
            .map(|tap| {
                targets
                    .iter()
                    .map(|&output| source(output, tap, size, kernel, stride, padding))
                    .collect()
            })
            .collect();
        Self {
            targets,
            taps: (0..kernel).collect(),
            sources,
        }
    }

    /// Inputs as targets: each collects the outputs it went into. With a stride, inputs of different remainders meet
    /// different taps; each remainder is an axis of its own, so that no tap comes in vain.
    pub(super) fn backward(size: usize, kernel: usize, stride: usize, padding: Padding) -> Vec<Self> {
        // found[tap][input]: the outputs; more than one only where a period is no multiple of the stride
        let mut found = vec![vec![Vec::new(); size]; kernel];
        for (tap, found) in found.iter_mut().enumerate() {
            for output in 0..size.div_ceil(stride) {
                let input = source(output, tap, size, kernel, stride, padding);
                if input != NOTHING {
                    found[input].push(output);
                }
            }
        }
        let regular = padding == Padding::Zero || size.is_multiple_of(stride);
        let remainders = if regular { stride } else { 1 };
        let axis = |remainder: usize| {
            let targets: Vec<usize> = (0..size).filter(|input| input % remainders == remainder).collect();
            let (mut taps, mut sources) = (Vec::new(), Vec::new());
            for (tap, found) in found.iter().enumerate() {
                let most = targets.iter().map(|&input| found[input].len()).max().unwrap_or(0);
                for turn in 0..most {
                    taps.push(tap);
                    let at = |&input: &usize| found[input].get(turn).copied().unwrap_or(NOTHING);
                    sources.push(targets.iter().map(at).collect());
                }
            }
            Self { targets, taps, sources }
        };
        (0..remainders)
            .map(axis)
            .filter(|axis| !axis.targets.is_empty())
            .collect()
    }
}
