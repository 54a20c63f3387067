//! One result whatever the number of threads.

use super::super::{NetworkKind, NetworkRecipe, Registry};
use super::{conditions, host, normals, perturbed};
use crate::device::cpu;

/// Large enough that kernels share their work among threads.
fn recipes() -> Vec<(NetworkRecipe, usize)> {
    let unet = NetworkRecipe {
        kind: NetworkKind::UNet,
        width: 16,
        blocks: 1,
        shape: Some(vec![32, 32]),
        heads: Some(2),
        ..NetworkRecipe::default()
    };
    let transformer = NetworkRecipe {
        kind: NetworkKind::Transformer,
        width: 64,
        blocks: 1,
        shape: Some(vec![32, 32]),
        patch: Some(2),
        ..NetworkRecipe::default()
    };
    let set = NetworkRecipe {
        kind: NetworkKind::SetTransformer,
        width: 64,
        blocks: 1,
        points: Some(48),
        box_side: Some(4.0),
        ..NetworkRecipe::default()
    };
    vec![(unet, 1024), (transformer, 1024), (set, 144)]
}

#[test]
fn values_products_and_gradients_do_not_depend_on_threads() {
    for (recipe, numbers) in recipes() {
        let mut registry = Registry::new();
        let network = recipe.build(&mut registry, "network", numbers, Some(3), 4, numbers);
        let network = network.expect("the recipe fits");
        let parameters = perturbed(registry);
        let answers = || {
            let given = conditions(6, true, 4);
            let weights = parameters.on(&cpu()).tracked();
            let tangents = normals("u", 6, numbers).unsqueeze_dim(1);
            let (value, products) = network.forward_with_tangents(&weights, normals("x", 6, numbers), &given, tangents);
            let loss = value.clone().square().sum() + products.clone().square().sum();
            let gradient = weights.gradient(&mut loss.backward());
            let plain = network.forward(&parameters.on(&cpu()), normals("x", 6, numbers), &given);
            [host(plain), host(value.inner()), host(products.inner()), gradient]
        };
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.expect("threads").install(answers)
        };
        let one = with(1);
        assert!(one.iter().flatten().all(|value| value.is_finite()));
        for threads in [2, 4] {
            assert!(one == with(threads), "{:?}: {threads} threads differ", recipe.kind);
        }
    }
}
