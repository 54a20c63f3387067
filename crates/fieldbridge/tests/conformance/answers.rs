//! What every bridge answers: losses with their gradients, densities, draws.

use fieldbridge::bridge::{BridgeKind, DensityKind, Rows, build};
use fieldbridge::device::cpu;
use fieldbridge::network::Precision;
use fieldbridge::path::Head;
use fieldbridge::random::Stream;
use fieldbridge::train::gradient;

use crate::families::recipes;
use crate::{built, dimension, host, modalities, rows, tensor};

#[test]
fn bridges_give_finite_losses_whose_gradient_reaches_every_tensor() {
    for conditional in [false, true] {
        for (name, recipe) in recipes(conditional) {
            let (bridge, parameters) = built(&recipe, conditional);
            let dimension = dimension(&recipe);
            assert_eq!(bridge.dimension(), dimension);
            let mut batch = rows(48, dimension, conditional);
            bridge.join(&mut batch, &Stream::new(4, "join", 0));
            let mut again = rows(48, dimension, conditional);
            bridge.join(&mut again, &Stream::new(4, "join", 0));
            assert_eq!(batch, again, "{name}");
            assert!(batch.time.iter().all(|t| (0.0..=1.0).contains(t)));
            let stream = Stream::new(4, "dropout", 0);
            let whole = gradient(
                bridge.as_ref(),
                &parameters,
                &batch,
                48,
                (0.0, &stream),
                Precision::Single,
                &cpu(),
            );
            assert!(whole.loss.is_finite() && whole.non_finite.is_empty(), "{name}");
            let mut start = 0;
            for (entry, values) in parameters.entries() {
                let slopes = &whole.values[start..start + values.len()];
                assert!(slopes.iter().all(|slope| slope.is_finite()), "{name}: {}", entry.name);
                assert!(
                    slopes.iter().any(|&slope| slope != 0.0),
                    "{name}: nothing reaches {}",
                    entry.name
                );
                start += values.len();
            }
            // rounded factors change the gradient by about their own error, 2^-8
            let half = gradient(
                bridge.as_ref(),
                &parameters,
                &batch,
                48,
                (0.0, &stream),
                Precision::Bf16,
                &cpu(),
            );
            let distance = |of: &dyn Fn(f32, f32) -> f32| {
                let both = whole.values.iter().zip(&half.values);
                both.map(|(one, other)| of(*one, *other).powi(2)).sum::<f32>().sqrt()
            };
            let share = distance(&|one, other| one - other) / distance(&|one, _| one);
            // contractions are not rounded, since their bound would not hold, and a mixture alone has no products
            let without_products = recipe.kind == BridgeKind::MixtureDensity && !conditional;
            // gradients jump where rounding carries a unit across its kink
            let most = if name.contains("Relu") { 0.2 } else { 0.05 };
            let expected = if recipe.kind == BridgeKind::ResidualFlow || without_products {
                0.0..=most
            } else {
                1e-4..=most
            };
            assert!(expected.contains(&share), "{name}: off by {share}");
            // shards change the rounding alone
            let sharded = gradient(
                bridge.as_ref(),
                &parameters,
                &batch,
                7,
                (0.0, &stream),
                Precision::Single,
                &cpu(),
            );
            assert!(
                (whole.loss - sharded.loss).abs() < 1e-5 * (1.0 + whole.loss.abs()),
                "{name}"
            );
            let norm = whole.values.iter().map(|slope| slope * slope).sum::<f32>().sqrt();
            for (one, other) in whole.values.iter().zip(&sharded.values) {
                assert!((one - other).abs() < 1e-4 * norm, "{name}: {one} {other}");
            }
        }
    }
}

#[test]
fn bridges_answer_row_by_row() {
    for conditional in [false, true] {
        for (name, recipe) in recipes(conditional) {
            let (bridge, parameters) = built(&recipe, conditional);
            let weights = parameters.on(&cpu());
            let (dimension, width) = (dimension(&recipe), bridge.base_width());
            let mut batch = rows(9, dimension, conditional);
            batch.base = bridge.draw_base(9, &Stream::new(5, "base", 0));
            assert_eq!(batch.base.len(), 9 * width, "{name}");
            let answers = |part: &Rows| {
                let context = part.context_on(&cpu());
                let stream = Stream::new(5, "trace", 0);
                let density = bridge
                    .log_density(&weights, tensor(&part.data, dimension), context.as_ref(), &stream)
                    .unwrap();
                let base = tensor(&part.base, width);
                let carried = bridge.transport(&weights, base, context.as_ref()).unwrap();
                (host(density.value), host(density.error), host(carried))
            };
            let (values, errors, carried) = answers(&batch);
            assert_eq!(
                (values.len(), errors.len(), carried.len()),
                (9, 9, 9 * dimension),
                "{name}"
            );
            assert!(values.iter().chain(&carried).all(|value| value.is_finite()), "{name}");
            let exact = matches!(
                recipe.kind,
                BridgeKind::SplineFlow
                    | BridgeKind::AffineFlow
                    | BridgeKind::ResidualFlow
                    | BridgeKind::ImageFlow
                    | BridgeKind::MixtureDensity
            );
            assert!(
                errors.iter().all(|&error| if exact {
                    error == 0.0
                } else {
                    // the bound of an untrained network is far away, and so is its scatter
                    let by_bound = recipe.kind == BridgeKind::Diffusion
                        && recipe.diffusion.density != DensityKind::ProbabilityFlow;
                    // the velocity read from clean data grows as 1 / (1 - t), unless the network has learned where points go
                    let by_data =
                        recipe.kind == BridgeKind::FlowMatching && recipe.flow_matching.head == Head::CleanData;
                    error > 0.0 && error.is_finite() && (by_bound || by_data || error < 5.0)
                }),
                "{name}: {errors:?}"
            );
            // the first rows among fewer others; random probes are drawn row by row
            let (fewer, _, fewer_carried) = answers(&batch.slice(0, 4));
            for (one, other) in fewer.iter().zip(&values).chain(fewer_carried.iter().zip(&carried)) {
                assert!((one - other).abs() < 1e-4 * (1.0 + one.abs()), "{name}: {one} {other}");
            }
            if conditional {
                let mut other = batch.clone();
                other.context[1] += 1.0;
                let (moved, _, moved_carried) = answers(&other);
                assert!(
                    (moved[0] - values[0]).abs() > 1e-6 || moved_carried[..dimension] != carried[..dimension],
                    "{name}: the context is not read"
                );
                assert_eq!(moved[1..], values[1..], "{name}");
            }
            let context = batch.context_on(&cpu());
            let drawn = |index| {
                host(
                    bridge
                        .sample(&weights, 9, context.as_ref(), &Stream::new(6, "draw", index))
                        .unwrap(),
                )
            };
            assert_eq!(drawn(0), drawn(0), "{name}");
            assert_ne!(drawn(0), drawn(1), "{name}");
        }
    }
}

#[test]
fn members_of_a_mixture_share_their_structure() {
    for (name, recipe) in recipes(true) {
        let parameters = |seed| build(&recipe, dimension(&recipe), &modalities(true), seed).unwrap().1;
        assert!(parameters(1).has_layout_of(&parameters(2)), "{name}");
        assert_ne!(parameters(1).values(), parameters(2).values(), "{name}");
    }
}
