//! What bridges do with the rows and contexts they are given.

use fieldbridge::bridge::{BridgeKind, BridgeRecipe, InterpolantForm, Rows};
use fieldbridge::device::cpu;
use fieldbridge::random::Stream;

use crate::families::recipes;
use crate::{DIMENSION, built, host, normals, rows, tensor};

#[test]
fn pairs_that_come_with_the_rows_are_kept() {
    for (name, mut recipe) in recipes(true) {
        if recipe.kind != BridgeKind::Interpolant && recipe.kind != BridgeKind::FlowMatching {
            continue;
        }
        let paired = recipe.kind == BridgeKind::Interpolant && recipe.interpolant.form == InterpolantForm::TwoSided;
        if paired {
            recipe.interpolant.source = Some("start".to_owned());
            unpaired_sources_are_shuffled(&recipe);
        }
        let (bridge, parameters) = built(&recipe, true);
        let mut batch = rows(20, DIMENSION, true);
        let given = normals("pairs", 20 * DIMENSION);
        batch.base = given.clone();
        bridge.join(&mut batch, &Stream::new(4, "join", 0));
        if recipe.kind == BridgeKind::FlowMatching {
            assert_eq!(batch.base, given, "{name}");
        } else if recipe.interpolant.source.is_some() {
            // the base points are columns of the context, at zero where they were not observed
            for row in 0..20 {
                for d in 0..DIMENSION {
                    let at = row * (3 + DIMENSION) + 3 + d;
                    let expected = if batch.mask[at] == 0.0 { 0.0 } else { batch.context[at] };
                    assert_eq!(batch.base[row * DIMENSION + d], expected, "{name}");
                }
            }
        }
        if paired {
            let (weights, context) = (parameters.on(&cpu()), batch.context_on(&cpu()));
            let refused = bridge.log_density(
                &weights,
                tensor(&batch.data, DIMENSION),
                context.as_ref(),
                &Stream::new(5, "trace", 0),
            );
            assert!(refused.unwrap_err().to_string().contains("point_source"), "{name}");
        }
    }
}

fn unpaired_sources_are_shuffled(recipe: &BridgeRecipe) {
    let mut recipe = recipe.clone();
    recipe.interpolant.paired = false;
    let (bridge, _) = built(&recipe, true);
    let mut batch = rows(200, DIMENSION, true);
    batch.mask.fill(1.0);
    bridge.join(&mut batch, &Stream::new(4, "join", 0));
    let own = |row: usize| &batch.context[row * (3 + DIMENSION) + 3..(row + 1) * (3 + DIMENSION)];
    let joined: Vec<usize> = batch
        .base
        .chunks_exact(DIMENSION)
        .map(|point| (0..200).find(|&row| own(row) == point).unwrap())
        .collect();
    let kept = joined.iter().enumerate().filter(|(row, from)| row == *from).count();
    let mut sorted = joined.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (0..200).collect::<Vec<_>>());
    assert!(kept < 8, "{kept} of 200 keep their own");
}

#[test]
fn guidance_of_one_is_the_model_and_of_zero_the_model_without_context() {
    let mut recipe = recipes(true)
        .into_iter()
        .find(|(_, recipe)| recipe.kind == BridgeKind::Diffusion)
        .unwrap()
        .1;
    recipe.diffusion.unconditional_share = 0.3;
    let batch = rows(12, DIMENSION, true);
    let mut masked = batch.clone();
    masked.mask.fill(0.0);
    let answers = |guidance: f64, rows: &Rows| {
        let mut recipe = recipe.clone();
        recipe.diffusion.guidance = guidance;
        let (bridge, parameters) = built(&recipe, true);
        let (weights, context) = (parameters.on(&cpu()), rows.context_on(&cpu()));
        let stream = Stream::new(7, "draws", 0);
        let drawn = host(bridge.sample(&weights, 12, context.as_ref(), &stream).unwrap());
        let x = tensor(&rows.data, DIMENSION);
        let density = bridge.log_density(&weights, x, context.as_ref(), &stream).unwrap();
        [drawn, host(density.value)].concat()
    };
    let close = |one: &[f32], other: &[f32]| {
        let pairs = one.iter().zip(other);
        pairs
            .map(|(one, other)| (one - other).abs() / (1.0 + one.abs()))
            .fold(0.0, f32::max)
    };
    let plain = answers(1.0, &batch);
    assert!(close(&answers(0.0, &batch), &answers(1.0, &masked)) < 1e-4);
    assert!(close(&answers(0.0, &batch), &plain) > 1e-3);
    assert!(close(&answers(2.0, &batch), &plain) > 1e-3);
    // rows of training lose their context in the share asked for
    let (bridge, _) = built(&recipe, true);
    let mut many = rows(2000, DIMENSION, true);
    let before = many.mask.clone();
    bridge.join(&mut many, &Stream::new(8, "join", 0));
    let width = before.len() / 2000;
    let lost = (0..2000)
        .filter(|row| {
            many.mask[row * width..(row + 1) * width]
                .iter()
                .all(|&seen| seen == 0.0)
        })
        .count();
    assert!((500..700).contains(&lost), "{lost}");
}
