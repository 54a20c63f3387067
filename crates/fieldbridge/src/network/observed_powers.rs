//! What the powers of an observation say, for tokens.

use burn_tensor::Tensor;

use super::{Activation, BandPowers, Dual, Linear, Registry, Weights};

/// One number of [`BandPowers`] is divided by this: they have a scatter of one from map to map, but range over tens of it
/// from one end of a prior to the other.
const RANGE: f32 = 8.0;

/// [Powers and correlations](BandPowers) of observed maps in bands, through two hidden layers, as something that is added to tokens.
///
/// All that a Gaussian field says of its law stands in them. The last layer starts as zero.
#[derive(Clone, Debug)]
pub struct ObservedPowers {
    powers: BandPowers,
    layers: [Linear; 2],
    last: Linear,
    tokens: [usize; 2],
    activation: Activation,
}

impl ObservedPowers {
    /// Of `maps` maps of `sides` places in `bands` bands, for tokens `[count, width]`.
    ///
    /// # Panics
    /// As [`BandPowers::new`].
    pub fn new(
        registry: &mut Registry,
        sides: [usize; 2],
        maps: usize,
        bands: usize,
        tokens: [usize; 2],
        activation: Activation,
    ) -> Self {
        registry.scope("powers", |registry| {
            let powers = BandPowers::new(registry, sides, maps, bands);
            let [count, width] = tokens;
            Self {
                layers: [
                    Linear::new(registry, "first", powers.count(), width),
                    Linear::new(registry, "second", width, width),
                ],
                last: Linear::zero(registry, "last", width, count * width),
                powers,
                tokens,
                activation,
            }
        })
    }

    /// Of maps `[batch, maps, places]`: `[batch, count, width]`.
    pub fn forward(&self, weights: &Weights, maps: Tensor<3>) -> Tensor<3> {
        let [count, width] = self.tokens;
        let batch = maps.dims()[0];
        let powers = self.powers.forward(weights, Dual::alone(maps)).into_value() / RANGE;
        let hidden = self
            .layers
            .iter()
            .fold(powers, |x, layer| self.activation.apply(layer.forward(weights, x)));
        self.last.forward(weights, hidden).reshape([batch, count, width])
    }
}
