//! What dimensions and units see, from the masks alone.

use super::network::{Layer, Network, NotAutoregressive};

/// Levels of dimensions, and of the units of all layers but the last.
pub(super) struct Levels {
    /// A dimension of level `t` sees dimensions of lower levels only, one of them, unless `t` is zero, of level `t - 1`.
    pub(super) dimensions: Vec<usize>,
    /// A unit of level `t` sees no dimension of level `t` or higher, one of level `t - 1`.
    pub(super) units: Vec<Vec<usize>>,
}

/// A set of dimensions, one bit each.
#[derive(Clone)]
struct Seen(Vec<u64>);

impl Seen {
    fn nothing(dimension: usize) -> Self {
        Self(vec![0; dimension.div_ceil(64)])
    }

    fn only(dimension: usize, index: usize) -> Self {
        let mut seen = Self::nothing(dimension);
        seen.0[index / 64] |= 1 << (index % 64);
        seen
    }

    fn extend(&mut self, other: &Self) {
        for (own, other) in self.0.iter_mut().zip(&other.0) {
            *own |= other;
        }
    }

    fn iter(&self) -> impl Iterator<Item = usize> {
        let bits = |word: u64| (0..64).filter(move |bit| word >> bit & 1 == 1);
        self.0
            .iter()
            .enumerate()
            .flat_map(move |(index, &word)| bits(word).map(move |bit| 64 * index + bit))
    }
}

/// What the outputs of a layer see, from what its inputs see.
fn through(layer: &Layer<'_>, inputs: &[Seen], dimension: usize) -> Vec<Seen> {
    let mut outputs = vec![Seen::nothing(dimension); layer.outputs];
    for (index, input) in inputs.iter().enumerate() {
        for (to, output) in outputs.iter_mut().enumerate() {
            if layer.mask.is_none_or(|mask| mask[index * layer.outputs + to] != 0.0) {
                output.extend(input);
            }
        }
    }
    outputs
}

/// The level of each dimension, from what its parameters see.
fn of_dimensions(needs: &[Seen]) -> Result<Vec<usize>, NotAutoregressive> {
    let mut levels: Vec<Option<usize>> = vec![None; needs.len()];
    // each round settles the next level
    for level in 0..needs.len() {
        let settled = levels.clone();
        for (own, needs) in levels.iter_mut().zip(needs) {
            if own.is_none() && needs.iter().all(|other| settled[other].is_some()) {
                *own = Some(level);
            }
        }
    }
    levels.into_iter().map(|level| level.ok_or(NotAutoregressive)).collect()
}

impl Levels {
    pub(super) fn new(network: &Network<'_>) -> Result<Self, NotAutoregressive> {
        let (dimension, count) = (network.dimension, network.layers.len());
        let inputs: Vec<Seen> = (0..dimension).map(|index| Seen::only(dimension, index)).collect();
        let mut layers: Vec<Vec<Seen>> = Vec::new();
        for (index, layer) in network.layers.iter().enumerate() {
            let mut seen = through(layer, layers.last().unwrap_or(&inputs), dimension);
            if let Some(other) = network.form.added_to(index, count) {
                for (seen, other) in seen.iter_mut().zip(&layers[other]) {
                    seen.extend(other);
                }
            }
            layers.push(seen);
        }
        let outputs = layers.pop().expect("at least one layer");
        let each = outputs.len() / dimension;
        let needs = (0..dimension).map(|index| {
            let mut needs = Seen::nothing(dimension);
            outputs[index * each..][..each]
                .iter()
                .for_each(|output| needs.extend(output));
            needs
        });
        let dimensions = of_dimensions(&needs.collect::<Vec<Seen>>())?;
        let level = |seen: &Seen| seen.iter().map(|index| dimensions[index] + 1).max().unwrap_or(0);
        let units = layers.iter().map(|layer| layer.iter().map(level).collect()).collect();
        Ok(Self { dimensions, units })
    }
}
