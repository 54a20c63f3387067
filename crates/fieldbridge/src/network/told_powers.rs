//! What powers of maps say, for tokens.

use burn_tensor::Tensor;

use super::{Activation, BandPowers, Dual, Linear, MapMoments, Registry, Weights};

/// One number of [`BandPowers`] is divided by this: they have a scatter of one from map to map, but range over tens of it
/// from one end of a prior to the other.
const RANGE: f32 = 8.0;

/// What powers the tokens of a [`JointTransformer`](super::JointTransformer) are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowPowers {
    /// Whose.
    pub of: RowMaps,
    /// In how many bands.
    pub bands: usize,
    /// Filtered maps whose third moments they are told too; 0 for none.
    pub moments: usize,
}

/// Maps of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowMaps {
    /// What was observed, which does not change on the way.
    Observed,
    /// The fields on the way and what was observed, with correlations between the two.
    All,
}

/// [Powers and correlations](BandPowers) of maps in bands, and [third moments](MapMoments) when asked for, through two hidden
/// layers, as something that is added to tokens.
///
/// All that a Gaussian field says of its law stands in those of the observation. Those of a field on its way say how strong the one
/// that is being drawn will be, long before its parameters do: its amplitude is one number seen in a thousand waves. The
/// first layer hears of the time, which says how much of a power is noise. Of fields that are not Gaussian third moments say
/// what powers leave open. The last layer starts as zero.
#[derive(Clone, Debug)]
pub struct ToldPowers {
    powers: BandPowers,
    moments: Option<(MapMoments, Linear)>,
    time: Option<Linear>,
    layers: [Linear; 2],
    last: Linear,
    tokens: [usize; 2],
    activation: Activation,
}

impl ToldPowers {
    /// Of `maps` maps of `sides` places in `bands` bands, with third moments of `filtered` mixed maps (0 for none), heard with
    /// `conditions` numbers (0 for none), for tokens `[count, width]`.
    ///
    /// # Panics
    /// As [`BandPowers::new`].
    pub fn new(
        registry: &mut Registry,
        sides: [usize; 2],
        [maps, bands, filtered]: [usize; 3],
        conditions: usize,
        tokens: [usize; 2],
        activation: Activation,
    ) -> Self {
        registry.scope("powers", |registry| {
            let powers = BandPowers::new(registry, sides, maps, bands);
            let [count, width] = tokens;
            let moments = (filtered > 0).then(|| {
                let moments = MapMoments::new(registry, powers.waves(), maps, filtered);
                let layer = Linear::without_bias(registry, "third", moments.count(), width);
                (moments, layer)
            });
            Self {
                moments,
                time: (conditions > 0).then(|| Linear::without_bias(registry, "time", conditions, width)),
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
    pub fn forward(&self, weights: &Weights, maps: Dual<3>, conditions: Option<&Tensor<2>>) -> Dual<3> {
        let [count, width] = self.tokens;
        let waves = self.powers.waves();
        let maps = maps.linear(|maps: Tensor<3>| waves.transform(weights, maps));
        let in_range = |numbers: Dual<2>| numbers.linear(|numbers: Tensor<2>| numbers / RANGE);
        let [first, second] = &self.layers;
        let heard = first.carry(weights, in_range(self.powers.of_waves(weights, maps.clone())));
        let heard = match &self.moments {
            Some((moments, layer)) => {
                let moments = in_range(moments.forward(weights, waves, maps));
                heard.with(layer.carry(weights, moments), |heard, more| heard + more)
            }
            None => heard,
        };
        let heard = match self.time.as_ref().zip(conditions) {
            Some((layer, conditions)) => heard.plus(layer.forward(weights, conditions.clone())),
            None => heard,
        };
        let hidden = second.carry_activated(weights, heard.activated(self.activation), self.activation);
        self.last.carry(weights, hidden).linear(|told: Tensor<2>| {
            let batch = told.dims()[0];
            told.reshape([batch, count, width])
        })
    }
}
