//! Every family of bridges: losses with gradients, densities and draws.

use fieldbridge::bridge::{Bridge, BridgeKind, BridgeRecipe, Rows, rectified};
use fieldbridge::coupling::CouplingKind;
use fieldbridge::device::Device;
use fieldbridge::network::{NetworkChoice, Parameters, Precision};
use fieldbridge::random::Stream;
use fieldbridge::solver::SolverKind;
use fieldbridge::train::{gradient, mean_loss};

use super::families::recipes;
use super::given::{built, dimension, rows};
use super::reads::Reads;
use super::{ALLOWED, compare, devices, difference_of_gradients, host};

const ROWS: usize = 12;

/// The bridges of the conformance tests, and one whose pairs the host makes before.
fn bridges() -> Vec<(String, BridgeRecipe, bool)> {
    let all = recipes(true).into_iter().filter(|(_, recipe)| !repeats(recipe));
    let mut all: Vec<_> = all.map(|(name, recipe)| (name, with_few_steps(recipe), true)).collect();
    let mut joined = BridgeRecipe::default();
    joined.kind = BridgeKind::FlowMatching;
    let settings = &mut joined.flow_matching;
    (settings.width, settings.blocks) = (12, 1);
    settings.coupling = CouplingKind::Sinkhorn { deviation: 0.3 };
    all.push(("flow matching, Sinkhorn coupling".to_owned(), joined, false));
    all
}

/// Whether it differs from another bridge in what the host does alone: pairs, and the times of fixed steps.
fn repeats(recipe: &BridgeRecipe) -> bool {
    let settings = &recipe.flow_matching;
    recipe.kind == BridgeKind::FlowMatching
        && (settings.coupling == CouplingKind::Conditional
            || matches!(
                settings.solver,
                SolverKind::RungeKutta { .. } | SolverKind::Euler { .. }
            ))
}

/// Every step is many small pieces of work for the device, which agree or not in a few steps as in many; adaptive walks
/// stay with the perceptrons.
fn with_few_steps(mut recipe: BridgeRecipe) -> BridgeRecipe {
    let few = SolverKind::RungeKutta { steps: 3 };
    if matches!(recipe.flow_matching.network, NetworkChoice::Recipe(_)) {
        recipe.flow_matching.solver = few;
    }
    (recipe.diffusion.solver, recipe.interpolant.solver) = (few, few);
    recipe.continuous_flow.solver = few;
    recipe
}

/// Buffers read back by a loss and its gradient, before the numbers themselves are asked for.
fn read_by_a_step(bridge: &dyn Bridge, parameters: &Parameters, rows: &Rows, reads: &Reads, device: &Device) -> usize {
    let weights = parameters.on(device).tracked();
    reads.during(|| bridge.loss(&weights, rows).sum().backward()).1
}

type Answers = Vec<(&'static str, Vec<f32>)>;

/// All a bridge answers, by name, and a gradient.
fn answers(bridge: &dyn Bridge, parameters: &Parameters, rows: &Rows, device: &Device) -> (Answers, Vec<f32>) {
    let weights = parameters.on(device);
    let context = rows.context_on(device);
    let stream = Stream::new(8, "trace", 0);
    // with units left out, which are the same everywhere
    let step = gradient(bridge, parameters, rows, 16, (0.2, &stream), Precision::Single, device);
    let x = rows.tensor(&rows.data, device);
    let density = bridge.log_density(&weights, x, context.as_ref(), &stream).unwrap();
    let base = rows.tensor(&bridge.draw_base(rows.count, &stream), device);
    let carried = bridge.transport(&weights, base, context.as_ref()).unwrap();
    let drawn = bridge.sample(&weights, rows.count, context.as_ref(), &stream).unwrap();
    let answers = vec![
        ("losses", host(bridge.loss(&weights, rows), device)),
        ("mean loss", vec![mean_loss(bridge, parameters, rows, device) as f32]),
        ("loss with units left out", vec![step.loss as f32]),
        ("log-density", host(density.value, device)),
        ("carried", host(carried, device)),
        ("drawn", host(drawn, device)),
    ];
    (answers, step.values)
}

#[test]
fn bridges_answer_alike() {
    let reads = Reads::watch();
    for (name, recipe, conditional) in bridges() {
        let (bridge, parameters) = built(&recipe, conditional);
        let mut rows = rows(ROWS, dimension(&recipe), conditional);
        bridge.join(&mut rows, &Stream::new(8, "join", 0));
        let [cpu, gpu] = devices();
        let read = read_by_a_step(bridge.as_ref(), &parameters, &rows, &reads, &gpu);
        // the walk of training looks whether it is finite
        assert!(read == 0 || recipe.kind == BridgeKind::ContinuousFlow, "{name}: {read}");
        let [(here, slope), (there, other)] =
            [cpu, gpu].map(|device| answers(bridge.as_ref(), &parameters, &rows, &device));
        compare(&name, [here, there]);
        let by = difference_of_gradients(&parameters, &slope, &other);
        eprintln!("{name}: gradients {by:.1e}");
        assert!(by < ALLOWED, "{name}: gradients differ by {by:.1e}");
    }
}

#[test]
fn walks_become_pairs_alike() {
    let _reads = Reads::watch();
    let (name, recipe) = recipes(false)
        .into_iter()
        .find(|(_, recipe)| recipe.kind == BridgeKind::FlowMatching)
        .unwrap();
    let (bridge, parameters) = built(&recipe, false);
    let rows = rows(ROWS, dimension(&recipe), false);
    let pairs = devices().map(|device| {
        let stream = Stream::new(8, "pairs", 0);
        let pairs = rectified(bridge.as_ref(), &parameters.on(&device), &rows, &stream).unwrap();
        assert_ne!(pairs.data, rows.data);
        vec![("pairs", pairs.data)]
    });
    compare(&name, pairs);
}
