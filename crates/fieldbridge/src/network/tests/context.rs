//! What is missing has no influence, that it is missing has one.

use super::super::context::embed as embedded;
use super::super::{
    Activation, Context, ContextEmbedding, Modality, NetworkKind, NetworkRecipe, Reading, Registry, Weights,
};
use super::{host, perturbed, unreached};
use crate::device::cpu;

const VALUES: [f32; 10] = [0.3, -1.0, 2.0, 0.1, 0.5, 1.5, -0.2, 0.7, -0.4, 0.9];
const MASK: [f32; 10] = [1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0];

fn embedding(registry: &mut Registry) -> ContextEmbedding {
    let modalities = [("magnitudes", 3), ("errors", 2)].map(|(name, width)| Modality::new(name, width));
    ContextEmbedding::new(registry, &modalities, 8, 1, Activation::Silu).expect("the modalities are plain")
}

fn built() -> (ContextEmbedding, Weights) {
    let mut registry = Registry::new();
    let embedding = embedding(&mut registry);
    (embedding, perturbed(registry).on(&cpu()))
}

fn embed(values: &[f32], mask: &[f32]) -> Vec<f32> {
    let (embedding, weights) = built();
    assert_eq!((embedding.inputs(), embedding.width()), (5, 8));
    host(embedding.forward(&weights, &Context::from_host(values, mask, 2, &cpu())))
}

#[test]
fn a_masked_value_has_no_influence_whatever_it_is() {
    let expected = embed(&VALUES, &MASK);
    for hidden in [1e30, -7.0, f32::INFINITY, f32::NAN] {
        let values: Vec<f32> = VALUES
            .iter()
            .zip(MASK)
            .map(|(&value, mask)| if mask == 0.0 { hidden } else { value })
            .collect();
        assert_eq!(embed(&values, &MASK), expected, "masked values of {hidden}");
    }
}

#[test]
fn an_observed_value_and_every_mask_have_an_influence() {
    let expected = embed(&VALUES, &MASK);
    for place in 0..VALUES.len() {
        let row = place / 5;
        let other = 8 * (1 - row)..8 * (2 - row);
        let mut mask = MASK;
        mask[place] = 1.0 - mask[place];
        let changed = embed(&VALUES, &mask);
        assert_ne!(changed, expected, "mask {place}");
        assert_eq!(changed[other.clone()], expected[other.clone()], "rows stay apart");
        if MASK[place] == 1.0 {
            let mut values = VALUES;
            values[place] += 0.5;
            assert_ne!(embed(&values, &MASK), expected, "value {place}");
        }
    }
}

#[test]
fn missing_is_not_the_same_as_zero() {
    let zero = embed(&[0.0; 10], &[1.0; 10]);
    let missing = embed(&[0.0; 10], &[0.0; 10]);
    assert_ne!(zero, missing);
}

#[test]
fn the_gradient_reaches_every_tensor() {
    let mut registry = Registry::new();
    let embedding = embedding(&mut registry);
    let lone = unreached(&perturbed(registry), |weights| {
        embedding.forward(weights, &Context::from_host(&VALUES, &MASK, 2, weights.device()))
    });
    assert!(lone.is_empty(), "{lone:?}");
}

/// A map of four places and a number beside it, the map read by a network of its own.
fn with_a_map(registry: &mut Registry) -> ContextEmbedding {
    let map = Modality {
        reading: Some(Reading {
            network: NetworkRecipe {
                kind: NetworkKind::Compressor,
                shape: Some(vec![2, 2]),
                levels: Some(1),
                width: 4,
                blocks: 1,
                ..NetworkRecipe::default()
            },
            summaries: 3,
        }),
        ..Modality::new("map", 4)
    };
    ContextEmbedding::new(registry, &[map, Modality::new("number", 1)], 8, 1, Activation::Silu)
        .expect("the network fits")
}

#[test]
fn a_map_is_read_by_its_network_once_for_all_that_share_it() {
    let mut registry = Registry::new();
    let embedding = with_a_map(&mut registry);
    let parameters = perturbed(registry);
    let lone = unreached(&parameters, |weights| {
        embedding.forward(weights, &Context::from_host(&VALUES, &MASK, 2, weights.device()))
    });
    assert!(lone.is_empty(), "{lone:?}");
    let weights = parameters.on(&cpu());
    let context = Context::from_host(&VALUES, &MASK, 2, &cpu());
    let each = host(embedding.forward(&weights, &context));
    let shared = Context {
        given: Some(vec![1, 0, 0, 1, 1]),
        ..context
    };
    assert_eq!(shared.rows(), 5);
    let spread = host(embedded(Some(&embedding), &weights, Some(&shared)).unwrap());
    for (row, from) in [1, 0, 0, 1, 1].into_iter().enumerate() {
        assert_eq!(spread[8 * row..8 * (row + 1)], each[8 * from..8 * (from + 1)]);
    }
}

#[test]
fn a_network_that_cannot_read_a_map_is_refused_by_its_key() {
    let map = Modality {
        reading: Some(Reading {
            network: NetworkRecipe {
                kind: NetworkKind::Compressor,
                shape: Some(vec![3, 3]),
                ..NetworkRecipe::default()
            },
            summaries: 3,
        }),
        ..Modality::new("map", 4)
    };
    let error = ContextEmbedding::new(&mut Registry::new(), &[map], 8, 1, Activation::Silu).unwrap_err();
    assert!(error.to_string().contains("context.map.network.shape"), "{error}");
}
