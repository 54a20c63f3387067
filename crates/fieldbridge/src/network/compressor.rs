//! A map made into a few numbers.

use burn_tensor::Tensor;

use super::convolution::{Convolution, Space};
use super::{
    Activation, BandPowers, Conditions, Dual, DualNetwork, FourierTime, Linear, Patches, Registry, Weights,
    conditioning_vector,
};

/// Sizes of a [`Compressor`].
#[derive(Clone, Debug, PartialEq)]
pub struct CompressorShape {
    /// Places along each axis of the map; one, two or three axes.
    pub grid: Vec<usize>,
    /// What lies beyond the edges.
    pub padding: fieldbridge_kernels::convolution::Padding,
    /// Numbers at each place.
    pub channels: usize,
    /// Places of a patch along every axis.
    pub patch: usize,
    /// Channels of the finest level; every coarser one has twice as many.
    pub width: usize,
    /// Residual blocks of each level.
    pub blocks: usize,
    /// How often the grid of patches is halved.
    pub levels: usize,
    /// Bands of the powers of the map that stand beside what the convolutions find; 0 for none.
    pub bands: usize,
    /// Nonlinearity.
    pub activation: Activation,
}

/// Mean squares below this are taken for nothing.
const LEAST_SQUARE: f32 = 1e-6;

/// Numbers that say what a map tells of the parameters behind it.
///
/// A linear layer turns every patch into channels `h`; each level has residual blocks `h <- h + c(a(c(a(h))))` with convolutions
/// `c` and a nonlinearity `a`, and a convolution with stride two leads to the next. Of every channel of every level the means over all places
///
/// `m = <a(h)>` and `s = ln(1e-6 + <h^2>)`
///
/// are taken, and with `bands` the [powers](BandPowers) of the map itself beside them; one hidden layer makes the outputs of them, and is where time and context enter. The second convolution of a
/// block starts as zero, so that training starts from band powers of linear filters at every scale, which are all there is to
/// know of a Gaussian field, and learns what else there is; the outputs start as zero (learned summaries: Charnock, Lavaux and Wandelt 2018, arXiv:1802.03537; trained
/// by the likelihood of a flow: Jeffrey, Alsing and Lanusse 2021, arXiv:2009.08459).
///
/// Nothing is normalised over a map: that would take out its amplitude, which is what is asked for. A row holds the channels of
/// each place, places in row-major order. On a periodic grid the outputs do not change under cyclic shifts by multiples of
/// `patch * 2^levels`.
#[derive(Clone, Debug)]
pub struct Compressor {
    patches: Patches,
    first: Linear,
    levels: Vec<Level>,
    powers: Option<BandPowers>,
    time: Option<FourierTime>,
    hidden: Linear,
    conditions: Option<Linear>,
    last: Linear,
    activation: Activation,
}

/// The blocks of one level, and the way to the next.
#[derive(Clone, Debug)]
struct Level {
    blocks: Vec<[Convolution; 2]>,
    halve: Option<Convolution>,
}

impl Compressor {
    /// To `outputs` numbers, told `frequencies` of the time and a context of `context` numbers.
    ///
    /// # Panics
    /// When patches do not fill the grid, or the grid of patches cannot be halved as often as it shall, or there are powers of a
    /// grid that has not two axes.
    pub fn new(
        registry: &mut Registry,
        shape: &CompressorShape,
        outputs: usize,
        frequencies: Option<usize>,
        context: usize,
    ) -> Self {
        let patches = Patches::new(&shape.grid, shape.channels, shape.patch);
        let axes = shape.grid.len();
        assert!(
            patches.counts()[3 - axes..]
                .iter()
                .all(|count| count.is_multiple_of(1 << shape.levels)),
            "patches of {} on {:?} cannot be halved {} times",
            shape.patch,
            shape.grid,
            shape.levels
        );
        let space = Space {
            axes,
            padding: shape.padding,
        };
        let width = |level: usize| shape.width << level;
        let levels = (0..=shape.levels)
            .map(|level| {
                registry.scope(format!("level{level}"), |registry| Level {
                    blocks: (0..shape.blocks)
                        .map(|index| {
                            registry.scope(format!("block{index}"), |registry| {
                                [
                                    Convolution::new(registry, "first", space, [width(level); 2], 1),
                                    Convolution::zero(registry, "second", space, [width(level); 2]),
                                ]
                            })
                        })
                        .collect(),
                    halve: (level < shape.levels)
                        .then(|| Convolution::new(registry, "halve", space, [width(level), width(level + 1)], 2)),
                })
            })
            .collect();
        let powers = (shape.bands > 0).then(|| {
            let [_, height, across] = patches.sides();
            BandPowers::new(registry, [height, across], shape.channels, shape.bands)
        });
        let moments: usize = (0..=shape.levels).map(|level| 2 * width(level)).sum();
        let moments = moments + powers.as_ref().map_or(0, BandPowers::count);
        let hidden = width(shape.levels);
        let time = frequencies.map(|count| FourierTime::new(registry, count));
        let told = time.as_ref().map_or(0, FourierTime::width) + context;
        Self {
            patches,
            first: Linear::new(registry, "first", patches.places() * shape.channels, shape.width),
            levels,
            powers,
            time,
            hidden: Linear::with_biases(registry, "hidden", moments, hidden),
            conditions: (told > 0).then(|| Linear::without_bias(registry, "conditions", told, hidden)),
            last: Linear::zero(registry, "last", hidden, outputs),
            activation: shape.activation,
        }
    }

    /// The moments of a level, `[batch, 2 channels]`.
    fn moments(&self, h: &Dual<5>) -> Dual<2> {
        let mean = |h: Dual<5>| h.linear(|h: Tensor<5>| over_places(h));
        let first = mean(h.clone().activated(self.activation));
        let second = mean(h.clone().times(h.clone(), |one, other| one * other)).curved(|square| {
            let square = square + LEAST_SQUARE;
            (square.clone().log(), |change: Tensor<2>, repeat: super::Repeat| {
                change / repeat.rows(square)
            })
        });
        first.with(second, |first, second| Tensor::cat(vec![first, second], 1))
    }
}

impl DualNetwork for Compressor {
    fn carry(&self, weights: &Weights, rows: Dual<2>, conditions: &Conditions) -> Dual<2> {
        let [depth, height, width] = self.patches.counts();
        let powers = self.powers.as_ref();
        let powers = powers.map(|powers| powers.forward(weights, self.patches.maps(rows.clone())));
        let mut h = self
            .first
            .carry(weights, self.patches.split(rows))
            .linear(|tokens: Tensor<3>| {
                let [batch, _, channels] = tokens.dims();
                tokens.reshape([batch, depth, height, width, channels])
            });
        let mut moments = powers;
        for level in &self.levels {
            for [first, second] in &level.blocks {
                let z = first.forward(weights, h.clone().activated(self.activation));
                let z = second.forward(weights, z.activated(self.activation));
                h = h.with(z, |h, z| h + z);
            }
            let own = self.moments(&h);
            moments = Some(match moments {
                Some(finer) => finer.with(own, |finer, own| Tensor::cat(vec![finer, own], 1)),
                None => own,
            });
            if let Some(halve) = &level.halve {
                h = halve.forward(weights, h);
            }
        }
        let mut hidden = self
            .hidden
            .carry(weights, moments.expect("there is at least one level"));
        let told = conditioning_vector(weights, self.time.as_ref(), conditions);
        if let (Some(layer), Some(told)) = (&self.conditions, told) {
            hidden = hidden.plus(layer.forward(weights, told));
        }
        let hidden = hidden.activated(self.activation).dropped_out(weights);
        self.last.carry(weights, hidden)
    }
}

/// Mean over the places of `[batch, depth, height, width, channels]`.
fn over_places(x: Tensor<5>) -> Tensor<2> {
    let [batch, depth, height, width, channels] = x.dims();
    x.reshape([batch, depth * height * width, channels])
        .mean_dim(1)
        .reshape([batch, channels])
}
