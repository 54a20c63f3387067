//! Third moments of filtered maps, as numbers for a network.

use burn_tensor::Tensor;
use fieldbridge_kernels::normalisation::Kind;

use super::layered_filter::mixed;
use super::linear::spread;
use super::normalised::normalised_each;
use super::waves::Waves;
use super::{Dual, Initial, Registry, Slot, Weights};

/// A mean square below this is taken for nothing.
const LEAST_SQUARE: f32 = 1e-6;

/// Third moments of maps that are filtered and mixed, without their constant,
///
/// `sqrt(n / 2) < v_a^2 v_b >`, `v_c = f_c / sqrt(< f_c^2 >)`, `f_c(k) = g_c(|k|) sum_i M_ci x_i(k)`,
///
/// with means over the `n` places and the gains `g` at the nodes of the bands of [`Waves`] learned as `M` is. What a field that is
/// not Gaussian says of its law beside its [powers](super::BandPowers) stands first of all in these; filtered as Wiener's filter
/// does they tell most. A moment of three different maps is a sum of such of sums of them. For independent white Gaussian maps and `a` other than `b` each has a deviation of one.
#[derive(Clone, Debug)]
pub struct MapMoments {
    mix: Slot,
    gains: Slot,
    channels: usize,
}

impl MapMoments {
    /// Of `maps` maps, filtered in the bands of these waves and mixed to `channels`.
    pub fn new(registry: &mut Registry, waves: &Waves, maps: usize, channels: usize) -> Self {
        registry.scope("moments", |registry| Self {
            mix: registry.parameter("mix", &[channels, maps], spread(maps)),
            // filters differ from the start, so that moments do
            gains: registry.parameter("gains", &[channels, waves.bands() - 1], Initial::Uniform(1.0)),
            channels,
        })
    }

    /// How many numbers there are.
    pub fn count(&self) -> usize {
        self.channels * self.channels
    }

    /// Waves of maps, `[batch, maps, places]`, to `[batch, numbers]`.
    pub fn forward(&self, weights: &Weights, waves: &Waves, maps: Dual<3>) -> Dual<2> {
        let (channels, places, count) = (self.channels, waves.places(), self.count());
        let gains = weights.get::<2>(self.gains);
        let still = Tensor::zeros([channels, 1], &gains.device());
        let gains = waves.between_nodes(weights, Tensor::cat(vec![still, gains + 1.0], 1));
        let gains = gains.reshape([1, channels, places]);
        let filtered = mixed(weights, self.mix, maps).linear(|maps| waves.planes(weights, maps * gains.clone()));
        let values = normalised_each(filtered, Kind::RootMeanSquare, LEAST_SQUARE);
        let turned = values.clone().linear(|maps: Tensor<3>| maps.swap_dims(1, 2));
        let scale = (0.5 / places as f64).sqrt();
        let squares = values.clone().times(values, |one, other| one * other);
        squares
            .times(turned, |squares, maps| squares.matmul(maps))
            .linear(|moments: Tensor<3>| {
                let batch = moments.dims()[0];
                moments.reshape([batch, count]) * scale
            })
    }
}
