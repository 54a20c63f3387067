//! Weights in the order in which they are used.

use crate::vectors::Factors;

/// The weights of a sum over taps and source channels for all target channels, cut into panels of neighbouring target
/// channels. A panel holds, for each tap, for each lane of source channels, a row as wide as the panel; the last panel is
/// filled up with zeros.
#[derive(Debug)]
pub(super) struct Panels {
    /// All panels, one after the other.
    pub(super) data: Vec<f32>,
    /// Addends of the target channels, filled up with zeros.
    pub(super) bias: Vec<f32>,
    /// Rows of a panel.
    pub(super) depth: usize,
    /// Numbers in a vector.
    lanes: usize,
    /// Target channels.
    channels: usize,
}

/// Vectors in the row of a panel, at most.
pub(super) const VECTORS: usize = 2;

/// Target channels of a panel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Panel {
    /// The first one.
    pub(super) first: usize,
    /// Vectors in a row.
    pub(super) vectors: usize,
    /// Target channels in the last vector.
    pub(super) last: usize,
}

impl Panels {
    /// Panels of vectors of `lanes`; `weight(tap, source channel, target channel)` is asked panel by panel.
    pub(super) fn pack<F: Factors>(
        [taps, sources, channels]: [usize; 3],
        lanes: usize,
        bias: Option<&[f32]>,
        weight: impl Fn(usize, usize, usize) -> f32,
    ) -> Self {
        let depth = taps * sources.div_ceil(F::TOGETHER);
        let padded = channels.next_multiple_of(lanes);
        let mut data = vec![0.0; padded * depth];
        let mut at = 0;
        let mut panels = Self {
            data: Vec::new(),
            bias: vec![0.0; padded],
            depth,
            lanes,
            channels,
        };
        for panel in panels.iter() {
            let width = panel.vectors * lanes;
            let range = panel.first..channels.min(panel.first + width);
            for tap in 0..taps {
                for source in (0..sources).step_by(F::TOGETHER) {
                    for (to, channel) in data[at..].iter_mut().zip(range.clone()) {
                        let last = source + F::TOGETHER > sources;
                        let second = if last {
                            0.0
                        } else {
                            weight(tap, source + F::TOGETHER - 1, channel)
                        };
                        *to = F::lane(weight(tap, source, channel), second);
                    }
                    at += width;
                }
            }
        }
        if let Some(bias) = bias {
            panels.bias[..channels].copy_from_slice(bias);
        }
        panels.data = data;
        panels
    }

    /// The panels in the order of their channels.
    pub(super) fn iter(&self) -> impl Iterator<Item = Panel> + use<> {
        let (lanes, channels) = (self.lanes, self.channels);
        (0..channels).step_by(VECTORS * lanes).map(move |first| {
            let rest = (channels - first).min(VECTORS * lanes);
            let vectors = rest.div_ceil(lanes);
            Panel {
                first,
                vectors,
                last: rest - (vectors - 1) * lanes,
            }
        })
    }
}
