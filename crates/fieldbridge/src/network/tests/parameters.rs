//! Where values lie, how they start, and what is left out.

use burn_tensor::Tensor;

use super::super::{Activation, Conditions};
use super::super::{Initial, Mlp, Network, NetworkKind, NetworkRecipe, Registry, ResidualMlp};
use super::{host, normals, perturbed};
use crate::device::cpu;
use crate::random::Stream;

#[test]
fn values_lie_in_the_order_of_registration_under_their_full_names() {
    let mut registry = Registry::new();
    let first = registry.scope("outer", |registry| {
        registry.scope("inner", |registry| {
            registry.parameter("a", &[2, 3], Initial::Constant(1.5))
        })
    });
    let second = registry.parameter("b", &[1, 4], Initial::Uniform(0.25));
    let third = registry.parameter("c", &[5], Initial::Normal(2.0));
    let table = registry.constant(&[1, 2], vec![7.0, 8.0]);
    let parameters = registry.finish(9);
    assert_eq!(parameters.count(), 15);
    let names: Vec<(&str, &[usize], usize)> = parameters
        .entries()
        .map(|(entry, values)| (entry.name.as_str(), entry.shape.as_slice(), values.len()))
        .collect();
    assert_eq!(
        names,
        [
            ("outer.inner.a", &[2_usize, 3][..], 6),
            ("b", &[1, 4][..], 4),
            ("c", &[5][..], 5)
        ]
    );
    assert_eq!(parameters.values()[..6], [1.5; 6]);
    assert!(parameters.values()[6..10].iter().all(|value| value.abs() <= 0.25));
    let weights = parameters.on(&cpu());
    assert_eq!(host(weights.get::<2>(first)), parameters.values()[..6]);
    assert_eq!(host(weights.get::<2>(second)), parameters.values()[6..10]);
    assert_eq!(host(weights.get::<1>(third)), parameters.values()[10..]);
    assert_eq!(host(weights.constant::<2>(table)), [7.0, 8.0]);
}

#[test]
fn the_start_depends_on_the_seed_alone() {
    let start = |seed| {
        let mut registry = Registry::new();
        Mlp::new(&mut registry, 2, Some(3), 0, &[8], 2, Activation::Silu);
        registry.finish(seed).values().to_vec()
    };
    assert_eq!(start(1), start(1));
    assert_ne!(start(1), start(2));
}

#[test]
#[should_panic(expected = "parameter `a` is registered twice")]
fn a_name_is_given_once() {
    let mut registry = Registry::new();
    registry.parameter("a", &[1], Initial::Constant(0.0));
    registry.parameter("a", &[1], Initial::Constant(0.0));
}

#[test]
fn leaving_out_keeps_the_mean_and_is_the_same_for_the_same_stream() {
    let parameters = Registry::new().finish(0);
    let drawn = |share, index| {
        let weights = parameters
            .on(&cpu())
            .with_dropout(share, Stream::new(3, "dropout", index));
        let ones = || Tensor::<2>::ones([200, 500], &cpu());
        (host(weights.drop_out(ones())), host(weights.drop_out(ones())))
    };
    for share in [0.1, 0.5, 0.9] {
        let (first, second) = drawn(share, 0);
        assert_ne!(first, second, "each call chooses anew");
        assert_eq!(drawn(share, 0), (first.clone(), second));
        assert_ne!(drawn(share, 1).0, first);
        let kept = first.iter().filter(|&&value| value > 0.0).count() as f64 / first.len() as f64;
        let mean = first.iter().map(|&value| f64::from(value)).sum::<f64>() / first.len() as f64;
        // deviation of the kept share: at most 0.5 / sqrt(1e5); the share itself is rounded to 1/256
        assert!(
            (kept - (1.0 - f64::from(share))).abs() < 0.5 / 256.0 + 0.007,
            "kept {kept}"
        );
        assert!(
            (mean - 1.0).abs() < 4.0 * (f64::from(share) / (1.0 - f64::from(share)) / 1e5).sqrt(),
            "mean {mean}"
        );
    }
    assert_eq!(drawn(0.0, 0).0, vec![1.0; 100_000]);
}

#[test]
fn perceptrons_convolutions_and_compressors_leave_units_out() {
    let mut registries: Vec<Registry> = (0..4).map(|_| Registry::new()).collect();
    let [plain, residual, images, compressor] = registries.as_mut_slice() else {
        unreachable!("four were made")
    };
    let place = |recipe: NetworkRecipe, registry: &mut Registry, outputs| {
        let recipe = NetworkRecipe {
            shape: Some(vec![2, 2]),
            width: 8,
            blocks: 1,
            levels: Some(1),
            ..recipe
        };
        recipe
            .build(registry, "network", 4, None, 0, outputs)
            .expect("sizes fit")
    };
    let of = |kind| NetworkRecipe {
        kind,
        ..NetworkRecipe::default()
    };
    let networks: [(Box<dyn Network>, usize); 4] = [
        (Box::new(Mlp::new(plain, 3, None, 0, &[16, 16], 2, Activation::Silu)), 3),
        (
            Box::new(ResidualMlp::new(residual, 3, None, 0, 16, 2, 2, Activation::Silu)),
            3,
        ),
        (place(of(NetworkKind::UNet), images, 4), 4),
        (place(of(NetworkKind::Compressor), compressor, 2), 4),
    ];
    for ((network, inputs), registry) in networks.iter().zip(registries) {
        let weights = perturbed(registry).on(&cpu());
        let forward = |weights| host(network.forward(weights, normals("x", 4, *inputs), &Conditions::default()));
        let whole = forward(&weights);
        let thinned = weights.clone().with_dropout(0.5, Stream::new(0, "dropout", 0));
        assert_ne!(forward(&thinned), whole);
    }
}
