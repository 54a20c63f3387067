//! Two problems with a context, whose conditional distributions are known.
//!
//! `labels`: from eight Gaussians to one of the two moons, which the context (-1 or 1) names. `linear`: from a standard
//! normal point in the plane to `x = 0.8 c + 0.6 n`, `c` and `n` standard normal: the data alone are distributed as the
//! base, so that plain optimal transport has nothing to move and learns to ignore the context.
//!
//! Draws are those of the base points and contexts of `FOLDER/PROBLEM_base.npy` and `FOLDER/PROBLEM_context.npy`.

use std::path::Path;

use burn_tensor::{Tensor, TensorData};
use fieldbridge::base::BaseKind;
use fieldbridge::bridge::{BridgeKind, BridgeRecipe, Rows, build};
use fieldbridge::coupling::CouplingKind;
use fieldbridge::device::cpu;
use fieldbridge::network::{Context, Modality, NetworkChoice, NetworkKind};
use fieldbridge::random::Stream;
use serde_json::{Value, json};

use super::{BATCH, Fallible, HIDDEN, points, sets, store, training};

/// Labels with equally many rows of each, and the moons they name.
fn labels(count: usize, stream: &Stream) -> Rows {
    Rows {
        count,
        data: sets::moons(count, stream),
        context: (0..count).map(|row| if row < count / 2 { -1.0 } else { 1.0 }).collect(),
        mask: vec![1.0; count],
        ..Rows::default()
    }
}

fn linear(count: usize, stream: &Stream) -> Rows {
    let context = stream.child("context", 0).normals(2 * count);
    let noise = stream.child("noise", 0).normals(2 * count);
    Rows {
        count,
        data: context.iter().zip(noise).map(|(c, n)| 0.8 * c + 0.6 * n).collect(),
        mask: vec![1.0; context.len()],
        context,
        ..Rows::default()
    }
}

/// Name, width of the context, base, and how rows are drawn.
type Problem = (&'static str, usize, BaseKind, fn(usize, &Stream) -> Rows);

fn recipe(base: &BaseKind, coupling: CouplingKind) -> BridgeRecipe {
    let mut recipe = BridgeRecipe {
        kind: BridgeKind::FlowMatching,
        ..BridgeRecipe::default()
    };
    let settings = &mut recipe.flow_matching;
    settings.network = NetworkChoice::Kind(NetworkKind::Mlp);
    (settings.width, settings.blocks, settings.frequencies) = (HIDDEN[0], HIDDEN.len(), 1);
    (settings.context_width, settings.context_blocks) = (HIDDEN[0], 0);
    (settings.base, settings.coupling) = (base.clone(), coupling);
    // plain optimal transport is refused with a context unless one asks for it
    settings.allow_biased_coupling = coupling == CouplingKind::Assignment;
    recipe
}

pub(crate) fn conditional(folder: &Path, steps: usize, seeds: u64) -> Fallible<Vec<Value>> {
    let problems: [Problem; 2] = [
        ("labels", 1, sets::eight_gaussians(), labels),
        ("linear", 2, BaseKind::Normal, linear),
    ];
    let mut results = Vec::new();
    for (problem, width, start, rows) in problems {
        let base = points(&folder.join(format!("{problem}_base.npy")))?;
        let context = points(&folder.join(format!("{problem}_context.npy")))?;
        let count = base.len() / 2;
        for (name, coupling) in [
            ("independent", CouplingKind::Independent),
            ("optimal_transport", CouplingKind::Assignment),
            ("conditional", CouplingKind::Conditional),
        ] {
            for seed in 1..=seeds {
                let modality = Modality::new("context", width);
                let (bridge, parameters) = build(&recipe(&start, coupling), 2, &[modality], seed)?;
                let fresh = |step: u64| rows(BATCH, &Stream::new(seed, problem, step));
                let trained = training(steps, seed).run(bridge.as_ref(), parameters, &fresh);
                let x = Tensor::<2>::from_data(TensorData::new(base.clone(), [count, 2]), &cpu());
                let told = Context::from_host(&context, &vec![1.0; context.len()], count, &cpu());
                let ends = bridge.transport(&trained.on(&cpu()), x, Some(&told))?.into_data();
                let ends = ends.as_slice::<f32>().map_err(|error| format!("{error:?}"))?.to_vec();
                store(
                    &folder.join(format!("fieldbridge_{problem}_{name}_{seed}.npy")),
                    vec![count, 2],
                    ends,
                )?;
                eprintln!("{problem}, {name}, seed {seed}: done");
                results
                    .push(json!({"problem": problem, "coupling": name, "seed": seed, "steps": steps, "batch": BATCH}));
            }
        }
    }
    Ok(results)
}
