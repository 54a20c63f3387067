//! Every network, small, with and without time and context.

use super::super::{Activation, FilterRegions, Network, NetworkKind, NetworkRecipe, Padding, Parameters, Registry};
use super::perturbed;

/// A network of rows of `inputs` numbers and what it is told.
pub(super) struct Built {
    pub(super) name: String,
    pub(super) network: Box<dyn Network>,
    pub(super) registry: Registry,
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    pub(super) with_time: bool,
    pub(super) context: usize,
}

impl Built {
    /// The parts, with parameters moved off their zeros.
    pub(super) fn perturbed(self) -> (Box<dyn Network>, Parameters) {
        (self.network, perturbed(self.registry))
    }
}

pub(super) const ACTIVATIONS: [Activation; 4] =
    [Activation::Silu, Activation::Gelu, Activation::Tanh, Activation::Relu];

fn grid(kind: NetworkKind, shape: &[usize]) -> NetworkRecipe {
    NetworkRecipe {
        kind,
        width: 4,
        blocks: 1,
        shape: Some(shape.to_vec()),
        ..NetworkRecipe::default()
    }
}

fn unet(shape: &[usize], levels: usize, padding: Padding) -> NetworkRecipe {
    NetworkRecipe {
        levels: Some(levels),
        groups: Some(2),
        padding: Some(padding),
        ..grid(NetworkKind::UNet, shape)
    }
}

fn tokens(kind: NetworkKind) -> NetworkRecipe {
    NetworkRecipe {
        kind,
        width: 8,
        blocks: 2,
        heads: Some(2),
        ..NetworkRecipe::default()
    }
}

/// Recipes with numbers of inputs and outputs.
pub(super) fn recipes() -> Vec<(NetworkRecipe, usize, usize)> {
    let mut all = Vec::new();
    for activation in ACTIVATIONS {
        for kind in [NetworkKind::Mlp, NetworkKind::Residual] {
            let recipe = NetworkRecipe {
                kind,
                width: 16,
                blocks: 2,
                activation,
                ..NetworkRecipe::default()
            };
            all.push((recipe, 3, 2));
        }
    }
    // lines, images and volumes; halved or not; one place alone
    all.push((unet(&[8], 2, Padding::Zero), 8, 8));
    let mut one = unet(&[1], 0, Padding::Periodic);
    (one.groups, one.channels) = (Some(1), Some(2));
    all.push((one, 2, 2));
    all.push((unet(&[5, 3], 0, Padding::Zero), 15, 15));
    let mut attending = unet(&[4, 6], 1, Padding::Periodic);
    (attending.heads, attending.channels, attending.activation) = (Some(2), Some(2), Activation::Gelu);
    all.push((attending, 48, 48));
    // what the state starts from beside it
    all.push((unet(&[2, 4, 2], 1, Padding::Periodic), 32, 16));
    all.push((tokens(NetworkKind::Transformer), 5, 5));
    let mut pieces = tokens(NetworkKind::Transformer);
    (pieces.patch, pieces.gated, pieces.activation) = (Some(3), Some(false), Activation::Gelu);
    all.push((pieces, 6, 6));
    all.push((tokens(NetworkKind::Transformer), 1, 1));
    let mut image = tokens(NetworkKind::Transformer);
    (image.shape, image.patch, image.channels) = (Some(vec![4, 6]), Some(2), Some(2));
    all.push((image, 96, 48));
    let mut volume = tokens(NetworkKind::Transformer);
    (volume.shape, volume.width, volume.activation) = (Some(vec![2, 1, 3]), 12, Activation::Tanh);
    all.push((volume, 6, 6));
    let mut joint = tokens(NetworkKind::JointTransformer);
    // wide enough that no token is so short that its norm is curved beside the steps of differences
    (joint.shape, joint.parameters, joint.width) = (Some(vec![2]), Some(3), 16);
    all.push((joint.clone(), 5, 5));
    (joint.shape, joint.channels, joint.observed) = (Some(vec![1, 2]), Some(3), Some(1));
    (joint.parameters, joint.parameter_tokens, joint.gated) = (Some(1), Some(1), Some(false));
    all.push((joint, 7, 7));
    let mut filtered = tokens(NetworkKind::JointTransformer);
    (filtered.shape, filtered.parameters, filtered.width) = (Some(vec![2, 1]), Some(1), 16);
    (filtered.channels, filtered.observed, filtered.bands) = (Some(2), Some(1), Some(3));
    all.push((filtered.clone(), 5, 5));
    (filtered.observed_bands, filtered.filter_regions) = (Some(3), Some(FilterRegions::Hidden));
    all.push((filtered.clone(), 5, 5));
    (filtered.filter_channels, filtered.filter_layers) = (Some(2), Some(2));
    all.push((filtered.clone(), 5, 5));
    (filtered.observed_bands, filtered.all_bands) = (None, Some(3));
    all.push((filtered.clone(), 5, 5));
    // waves of two lengths beside the constant: of one alone moments of standardised maps say nothing of its gain
    (filtered.shape, filtered.moment_channels) = (Some(vec![5, 1]), Some(2));
    all.push((filtered, 11, 11));
    let mut compressor = grid(NetworkKind::Compressor, &[8, 4]);
    (compressor.levels, compressor.patch, compressor.channels) = (Some(1), Some(2), Some(2));
    (compressor.padding, compressor.activation) = (Some(Padding::Periodic), Activation::Gelu);
    all.push((compressor.clone(), 64, 3));
    (compressor.bands, compressor.patch) = (Some(4), None);
    all.push((compressor.clone(), 64, 3));
    // a single level
    let mut line = grid(NetworkKind::Compressor, &[6]);
    line.levels = Some(0);
    all.push((line, 6, 2));
    let mut set = tokens(NetworkKind::SetTransformer);
    (set.points, set.features) = (Some(4), Some(2));
    all.push((set.clone(), 8, 8));
    // its shortest length, a 32nd of it, is long beside the steps of differences
    set.box_side = Some(12.0);
    (set.features, set.coordinates, set.gated) = (Some(3), Some(2), Some(false));
    all.push((set.clone(), 24, 12));
    (set.points, set.features, set.coordinates) = (Some(1), None, None);
    all.push((set, 3, 3));
    all
}

/// Numbers of a context that a network takes: values and flags of a map, or any for most.
fn context(recipe: &NetworkRecipe) -> usize {
    match (recipe.kind, &recipe.shape) {
        (NetworkKind::JointTransformer, Some(shape)) => {
            2 * shape.iter().product::<usize>() * recipe.observed.unwrap_or(1)
        }
        _ => 4,
    }
}

/// All of them.
pub(super) fn every_network() -> Vec<Built> {
    let mut built = Vec::new();
    for (recipe, inputs, outputs) in recipes() {
        let told = context(&recipe);
        for (with_time, context) in [(false, 0), (true, 0), (false, told), (true, told)] {
            let mut registry = Registry::new();
            let frequencies = with_time.then_some(3);
            let network = recipe.build(&mut registry, "network", inputs, frequencies, context, outputs);
            built.push(Built {
                name: format!("{recipe:?} time {with_time} context {context}"),
                network: network.expect("the recipe fits"),
                registry,
                inputs,
                outputs,
                with_time,
                context,
            });
        }
    }
    built
}
