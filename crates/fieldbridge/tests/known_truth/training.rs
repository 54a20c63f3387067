//! A short training without files.

use fieldbridge::bridge::{
    Bridge, BridgeKind, BridgeRecipe, FlowMatchingRecipe, Layers, Rows, SplineFlowRecipe, build,
};
use fieldbridge::device::cpu;
use fieldbridge::network::{Modality, Parameters, Precision, Weights};
use fieldbridge::random::Stream;
use fieldbridge::solver::SolverKind;
use fieldbridge::train::{AdamW, Step, gradient, schedule::learning_rate};

pub(crate) const BATCH: usize = 256;

/// The families with small networks; coupling layers only where there are two halves.
pub(crate) fn families(dimension: usize) -> Vec<(&'static str, BridgeRecipe)> {
    let spline = |layers| BridgeRecipe {
        kind: BridgeKind::SplineFlow,
        spline_flow: SplineFlowRecipe {
            layers,
            transforms: 3,
            width: 48,
            context_width: 32,
            ..SplineFlowRecipe::default()
        },
        ..BridgeRecipe::default()
    };
    let matching = BridgeRecipe {
        kind: BridgeKind::FlowMatching,
        flow_matching: FlowMatchingRecipe {
            width: 64,
            blocks: 2,
            context_width: 32,
            solver: SolverKind::DormandPrince {
                tolerance: 1e-5,
                max_evaluations: 20_000,
            },
            ..FlowMatchingRecipe::default()
        },
        ..BridgeRecipe::default()
    };
    let mut families = vec![
        ("autoregressive spline flow", spline(Layers::Autoregressive)),
        ("flow matching", matching),
    ];
    if dimension > 1 {
        families.push(("coupling spline flow", spline(Layers::Coupling)));
    }
    families
}

fn choose(rows: &Rows, chosen: &[usize]) -> Rows {
    let mut batch = Rows {
        count: chosen.len(),
        ..Rows::default()
    };
    for &at in chosen {
        let one = rows.slice(at, at + 1);
        batch.data.extend(one.data);
        batch.context.extend(one.context);
        batch.mask.extend(one.mask);
    }
    batch
}

/// A trained bridge with its averaged weights.
pub(crate) fn trained(
    recipe: &BridgeRecipe,
    dimension: usize,
    data: &Rows,
    steps: usize,
) -> (Box<dyn Bridge>, Weights) {
    let width = data.context.len() / data.count;
    let modalities: Vec<Modality> = (width > 0)
        .then(|| Modality::new("observation", width))
        .into_iter()
        .collect();
    let (bridge, mut parameters) = build(recipe, dimension, &modalities, 1).unwrap();
    let mut optimiser = AdamW::new(parameters.count());
    let mut average = parameters.values().to_vec();
    for step in 0..steps {
        let order = Stream::new(1, "batch", step as u64).uniforms(BATCH);
        let chosen: Vec<usize> = order
            .iter()
            .map(|u| (f64::from(*u) * data.count as f64) as usize)
            .collect();
        let mut batch = choose(data, &chosen);
        let stream = Stream::new(1, "join", step as u64);
        bridge.join(&mut batch, &stream);
        let single = Precision::Single;
        let found = gradient(
            bridge.as_ref(),
            &parameters,
            &batch,
            128,
            (0.0, &stream),
            single,
            &cpu(),
        );
        assert!(found.non_finite.is_empty(), "step {step}");
        let rate = learning_rate(step, steps, 50, 4e-3, 0.01);
        let schedule = Step {
            learning_rate: rate,
            decay: 0.0,
            clip: 5.0,
        };
        optimiser.step(&mut parameters, &found.values, schedule, None);
        let memory = 0.99_f32.min((1.0 + step as f32) / (10.0 + step as f32));
        for (average, value) in average.iter_mut().zip(parameters.values()) {
            *average = memory * *average + (1.0 - memory) * value;
        }
    }
    let parameters: Parameters = parameters.with_values(average);
    (bridge, parameters.on(&cpu()))
}
