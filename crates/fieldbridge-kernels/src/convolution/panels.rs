//! Weights in the order in which they are used.

/// The weights of a sum over taps and source channels for all target channels, cut into panels of neighbouring target
/// channels. A panel holds, for each tap, for each source channel, a row as wide as the panel; the last panel is filled
/// up with zeros.
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
    /// Room for panels of vectors of `lanes`; `weight(row, channel)` is called panel by panel.
    pub(super) fn pack(
        depth: usize,
        channels: usize,
        lanes: usize,
        bias: Option<&[f32]>,
        mut weight: impl FnMut(usize, std::ops::Range<usize>, &mut [f32]),
    ) -> Self {
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
            for row in 0..depth {
                weight(row, range.clone(), &mut data[at..at + range.len()]);
                at += width;
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
