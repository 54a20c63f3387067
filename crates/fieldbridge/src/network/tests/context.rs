//! What is missing has no influence, that it is missing has one.

use super::super::{Activation, Context, ContextEmbedding, Modality, Registry, Weights};
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
