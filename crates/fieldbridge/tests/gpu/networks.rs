//! Every network: values, Jacobian-vector products, and gradients through both.

use burn_tensor::Tensor;
use fieldbridge::device::Device;
use fieldbridge::network::{
    Activation, Conditions, Network, NetworkKind, NetworkRecipe, Padding, Parameters, Registry,
};

use super::reads::Reads;
use super::{compare, devices, difference_of_gradients, host, moved, on_device};

const ROWS: usize = 6;
const CONTEXT: usize = 4;
const DIRECTIONS: usize = 2;

/// Recipes with numbers of inputs and outputs.
fn recipes() -> Vec<(NetworkRecipe, usize, usize)> {
    let of = |kind| NetworkRecipe {
        kind,
        width: 8,
        blocks: 2,
        ..NetworkRecipe::default()
    };
    let mut all = Vec::new();
    for activation in [Activation::Silu, Activation::Gelu, Activation::Tanh] {
        for kind in [NetworkKind::Mlp, NetworkKind::Residual] {
            all.push((NetworkRecipe { activation, ..of(kind) }, 3, 2));
        }
    }
    let unet = |shape: &[usize], levels, padding| NetworkRecipe {
        shape: Some(shape.to_vec()),
        levels: Some(levels),
        groups: Some(2),
        padding: Some(padding),
        ..of(NetworkKind::UNet)
    };
    all.push((unet(&[8], 2, Padding::Zero), 8, 8));
    let attending = NetworkRecipe {
        heads: Some(2),
        channels: Some(2),
        activation: Activation::Gelu,
        ..unet(&[4, 6], 1, Padding::Periodic)
    };
    all.push((attending, 48, 48));
    all.push((unet(&[2, 4, 2], 1, Padding::Periodic), 32, 16));
    let pieces = NetworkRecipe {
        patch: Some(3),
        heads: Some(2),
        gated: Some(false),
        activation: Activation::Gelu,
        ..of(NetworkKind::Transformer)
    };
    all.push((pieces, 6, 6));
    let image = NetworkRecipe {
        shape: Some(vec![4, 6]),
        patch: Some(2),
        channels: Some(2),
        heads: Some(2),
        ..of(NetworkKind::Transformer)
    };
    all.push((image, 96, 48));
    let set = NetworkRecipe {
        points: Some(4),
        features: Some(3),
        heads: Some(2),
        ..of(NetworkKind::SetTransformer)
    };
    all.push((set.clone(), 12, 12));
    let boxed = NetworkRecipe {
        box_side: Some(12.0),
        coordinates: Some(2),
        gated: Some(false),
        ..set
    };
    all.push((boxed, 24, 12));
    all
}

type Answers = Vec<(&'static str, Vec<f32>)>;

/// The value, the products and the value beside them; and the gradient of a sum of all, by itself.
fn answers(
    network: &dyn Network,
    parameters: &Parameters,
    inputs: usize,
    reads: &Reads,
    device: &Device,
) -> (Answers, Vec<f32>) {
    let weights = parameters.on(device);
    let given = Conditions {
        // away from the ends, between -pi and pi for some frequencies and beyond for others
        t: Some(on_device("times", [ROWS, 1], device).abs() * 0.4),
        context: Some(on_device("context", [ROWS, CONTEXT], device)),
    };
    let x = on_device("x", [ROWS, inputs], device);
    let directions = on_device("directions", [ROWS, DIRECTIONS, inputs], device);
    let (alone, read) = reads.during(|| network.forward(&weights, x.clone(), &given));
    assert_eq!(read, 0, "numbers were read back for the value");
    let ((beside, products, tracked, mut gradients), read) = reads.during(|| {
        let (beside, products) = network.forward_with_tangents(&weights, x.clone(), &given, directions.clone());
        let tracked = weights.tracked();
        let (value, changes) = network.forward_with_tangents(&tracked, x, &given, directions);
        let mix = |like: Tensor<2>| on_device("mix", like.dims(), device) * like;
        let [rows, count, outputs] = changes.dims();
        let sum = mix(value).sum() + mix(changes.reshape([rows * count, outputs])).sum();
        (beside, products, tracked, sum.backward())
    });
    assert_eq!(read, 0, "numbers were read back for products or gradients");
    let answers = vec![
        ("value", host(alone, device)),
        ("value beside products", host(beside, device)),
        ("products", host(products, device)),
    ];
    (answers, tracked.gradient(&mut gradients))
}

#[test]
fn networks_answer_alike() {
    let reads = Reads::watch();
    for (recipe, inputs, outputs) in recipes() {
        let mut registry = Registry::new();
        let network = recipe.build(&mut registry, "network", inputs, Some(3), CONTEXT, outputs);
        let network = network.unwrap();
        let parameters = moved(registry.finish(5), 0.2);
        let name = format!("{:?} {:?} {inputs} -> {outputs}", recipe.kind, recipe.activation);
        let [(here, slope), (there, other)] =
            devices().map(|device| answers(network.as_ref(), &parameters, inputs, &reads, &device));
        compare(&name, [here, there]);
        let by = difference_of_gradients(&parameters, &slope, &other);
        eprintln!("{name}: gradients {by:.1e}");
        assert!(by < super::ALLOWED, "{name}: gradients differ by {by:.1e}");
    }
}
