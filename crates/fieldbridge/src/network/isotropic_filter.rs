//! A linear filter of maps that a network chooses.

use burn_tensor::Tensor;

use super::waves::Waves;
use super::{Dual, FilterLayers, LayeredFilter, Registry, TokenHead, Weights};

/// `y_o(k) = sum_i g_oi(|k|) x_i(k)` of maps on a periodic grid, with gains `g` read from a token: at the nodes of the bands of
/// [`Waves`] by a [`TokenHead`], between them by hat functions.
///
/// The mean of a Gaussian field given a noisy copy of it and parameters is such a sum (Wiener's filter), at every time of a
/// path with a normal base; a transformer of patches finds it hard to make, because a pixel of it hangs on all others. As heads
/// do, gains start as zero. A [`LayeredFilter`] of the same maps may be added.
#[derive(Clone, Debug)]
pub struct IsotropicFilter {
    waves: Waves,
    gains: TokenHead,
    layers: Option<LayeredFilter>,
    inputs: usize,
    outputs: usize,
}

impl IsotropicFilter {
    /// From `inputs` to `outputs` maps of `sides` places, chosen in `bands` bands by a token of `width` that is modulated by
    /// `conditions` numbers (0 for none); and with `layers` one that bends.
    ///
    /// # Panics
    /// As [`Waves::new`].
    pub fn new(
        registry: &mut Registry,
        sides: [usize; 2],
        [inputs, outputs]: [usize; 2],
        bands: usize,
        layers: Option<FilterLayers>,
        [width, conditions]: [usize; 2],
    ) -> Self {
        registry.scope("filter", |registry| {
            let waves = Waves::new(registry, sides, bands);
            Self {
                gains: TokenHead::new(registry, width, outputs * inputs * bands, conditions),
                layers: layers
                    .map(|layers| LayeredFilter::new(registry, &waves, layers, [inputs, outputs], [width, conditions])),
                waves,
                inputs,
                outputs,
            }
        })
    }

    /// `token`: `[batch, 1, width]`, `maps`: `[batch, inputs, places]`; output: `[batch, outputs, places]`.
    pub fn forward(&self, weights: &Weights, token: Dual<3>, maps: Dual<3>, conditions: Option<&Tensor<2>>) -> Dual<3> {
        let (inputs, outputs, places) = (self.inputs, self.outputs, self.waves.places());
        let gains = self
            .gains
            .forward(weights, token.clone(), conditions)
            .linear(|gains: Tensor<3>| {
                let batch = gains.dims()[0];
                let gains = gains.reshape([batch * outputs * inputs, self.waves.bands()]);
                let between = self.waves.between_nodes(weights, gains);
                between.reshape([batch, outputs * inputs, places])
            });
        let waves = maps.linear(|maps: Tensor<3>| self.waves.transform(weights, maps));
        let bent = self
            .layers
            .as_ref()
            .map(|layers| layers.forward(weights, &self.waves, token, waves.clone(), conditions));
        let linear = waves.times(gains, |maps: Tensor<3>, gains: Tensor<3>| {
            let batch = maps.dims()[0];
            let each = maps.reshape([batch, 1, inputs, places]) * gains.reshape([batch, outputs, inputs, places]);
            each.sum_dim(2).reshape([batch, outputs, places])
        });
        match bent {
            Some(bent) => linear.with(bent, |linear, bent| linear + bent),
            None => linear,
        }
        .linear(|waves: Tensor<3>| self.waves.planes(weights, waves))
    }
}
