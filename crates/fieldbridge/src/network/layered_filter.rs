//! A filter of maps that bends between linear ones.

use burn_tensor::Tensor;

use super::linear::spread;
use super::waves::Waves;
use super::{Activation, Dual, Initial, Registry, Slot, TokenHead, Weights};

/// How many maps a [`LayeredFilter`] makes on the way, and how often it bends them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilterLayers {
    /// Maps after every layer.
    pub channels: usize,
    /// Layers.
    pub count: usize,
    /// What is done at every place.
    pub activation: Activation,
}

/// Layers of `h_c(x) = a(b_c + [filter with g_c(|k|) of sum_i M_ci h_i](x))`, then filters and sums to the outputs: isotropic
/// filters as of [`IsotropicFilter`](super::IsotropicFilter), with a nonlinearity at every place between them.
///
/// The mean of a field whose law is not normal, such as a log-normal one, hangs on products of filtered maps at the
/// same place; that of a field behind a mask on filtered maps times the mask, filtered again. `M` are the same for all rows, gains
/// `1 + g` at the nodes of the bands and shifts `b` are read from a token. The last sum starts as zero.
#[derive(Clone, Debug)]
pub struct LayeredFilter {
    mixes: Vec<Slot>,
    last: Slot,
    head: TokenHead,
    layers: FilterLayers,
}

impl LayeredFilter {
    /// From `inputs` to `outputs` maps in the waves of a filter, chosen by a token of `width` that is modulated by `conditions`
    /// numbers (0 for none).
    pub fn new(
        registry: &mut Registry,
        waves: &Waves,
        layers: FilterLayers,
        [inputs, outputs]: [usize; 2],
        [width, conditions]: [usize; 2],
    ) -> Self {
        let FilterLayers { channels, count, .. } = layers;
        registry.scope("layers", |registry| Self {
            mixes: (0..count)
                .map(|layer| {
                    let inputs = if layer == 0 { inputs } else { channels };
                    registry.parameter(&format!("mix_{layer}"), &[channels, inputs], spread(inputs))
                })
                .collect(),
            last: registry.parameter("last", &[outputs, channels], Initial::Constant(0.0)),
            head: TokenHead::new(
                registry,
                width,
                channels * ((count + 1) * waves.bands() + count),
                conditions,
            ),
            layers,
        })
    }

    /// `token`: `[batch, 1, width]`, the waves of the maps: `[batch, inputs, places]`; output: waves `[batch, outputs, places]`.
    pub fn forward(
        &self,
        weights: &Weights,
        waves: &Waves,
        token: Dual<3>,
        maps: Dual<3>,
        conditions: Option<&Tensor<2>>,
    ) -> Dual<3> {
        let FilterLayers {
            channels,
            count,
            activation,
        } = self.layers;
        let (bands, places) = (waves.bands(), waves.places());
        let said = self.head.forward(weights, token, conditions);
        let gains = |layer: usize| {
            let nodes = |said: Tensor<3>| {
                let batch = said.dims()[0];
                let nodes = said.narrow(2, layer * channels * bands, channels * bands);
                nodes.reshape([batch * channels, bands])
            };
            let between = |nodes: Tensor<2>| {
                let batch = nodes.dims()[0] / channels;
                waves.between_nodes(weights, nodes).reshape([batch, channels, places])
            };
            // the bands share every wave, so that one at all nodes is one everywhere
            said.clone()
                .affine(|said| between(nodes(said) + 1.0), |change| between(nodes(change)))
        };
        let shifts = |layer: usize| {
            said.clone().linear(|said: Tensor<3>| {
                let batch = said.dims()[0];
                let start = channels * ((count + 1) * bands + layer);
                said.narrow(2, start, channels).reshape([batch, channels, 1])
            })
        };
        let filtered = |maps: Dual<3>, layer: usize| maps.times(gains(layer), |maps, gains| maps * gains);
        let planes = |maps: Dual<3>| maps.linear(|maps: Tensor<3>| waves.planes(weights, maps));
        let back = |maps: Dual<3>| maps.linear(|maps: Tensor<3>| waves.transform(weights, maps));
        let bent = self.mixes.iter().enumerate().fold(maps, |maps, (layer, mix)| {
            let maps = planes(filtered(mixed(weights, *mix, maps), layer));
            let shifted = maps.with(shifts(layer), |maps: Tensor<3>, shifts: Tensor<3>| {
                let batch = maps.dims()[0];
                maps + shifts.expand([batch, channels, places])
            });
            back(shifted.activated(activation))
        });
        mixed(weights, self.last, filtered(bent, count))
    }
}

/// Sums over the maps of every row, the same for all.
pub(super) fn mixed(weights: &Weights, mix: Slot, maps: Dual<3>) -> Dual<3> {
    let matrix = weights.get::<2>(mix).unsqueeze::<3>();
    maps.linear(|maps: Tensor<3>| matrix.clone().matmul(maps))
}
