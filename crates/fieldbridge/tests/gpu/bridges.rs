//! Every family of bridges: losses with gradients, densities and draws.

use burn_tensor::Tensor;
use fieldbridge::bridge::{Bridge, BridgeKind, BridgeRecipe, Layers, NetworkKind, Rows, build};
use fieldbridge::device::Device;
use fieldbridge::likelihood::TraceKind;
use fieldbridge::network::{Modality, Parameters, Precision};
use fieldbridge::random::Stream;
use fieldbridge::solver::SolverKind;
use fieldbridge::train::{gradient, mean_loss};

use super::{devices, difference, moved, normals};

const DIMENSION: usize = 2;
const ROWS: usize = 48;
/// The most the devices may differ by, relatively.
const ALLOWED: f64 = 1e-3;

/// Both layers of spline flows; both networks, both traces, and a solver of either kind of flow matching.
fn recipes() -> Vec<(String, BridgeRecipe)> {
    let mut recipe = BridgeRecipe::default();
    let flow = &mut recipe.spline_flow;
    (flow.transforms, flow.width, flow.context_width) = (2, 12, 6);
    let matching = &mut recipe.flow_matching;
    (matching.width, matching.blocks, matching.context_width) = (12, 1, 6);
    let mut all = Vec::new();
    for layers in [Layers::Autoregressive, Layers::Coupling] {
        let mut one = recipe.clone();
        (one.kind, one.spline_flow.layers) = (BridgeKind::SplineFlow, layers);
        all.push((format!("spline flow, {layers:?}"), one));
    }
    let cases = [
        (NetworkKind::Residual, SolverKind::default(), TraceKind::Exact),
        (
            NetworkKind::Mlp,
            SolverKind::Heun { steps: 8 },
            TraceKind::Hutchinson { probes: 4 },
        ),
    ];
    for (network, solver, likelihood) in cases {
        let mut one = recipe.clone();
        one.kind = BridgeKind::FlowMatching;
        let settings = &mut one.flow_matching;
        (settings.network, settings.solver, settings.likelihood) = (network, solver, likelihood);
        all.push((format!("flow matching, {network:?}, {solver:?}, {likelihood:?}"), one));
    }
    all
}

fn rows(bridge: &dyn Bridge) -> Rows {
    let mut rows = Rows {
        count: ROWS,
        data: normals("data", ROWS * DIMENSION),
        context: normals("context", ROWS * 3),
        mask: (0..ROWS * 3).map(|at| f32::from(u8::from(at % 5 != 0))).collect(),
        ..Rows::default()
    };
    bridge.join(&mut rows, &Stream::new(8, "join", 0));
    rows
}

/// Numbers on the host, after a look at where they were.
fn host<const D: usize>(tensor: Tensor<D>, device: &Device) -> Vec<f32> {
    assert!(tensor.device() == *device, "a result left its device");
    tensor.into_data().try_into_vec().unwrap()
}

/// All a bridge answers, by name.
fn answers(bridge: &dyn Bridge, parameters: &Parameters, device: &Device) -> Vec<(&'static str, Vec<f32>)> {
    let rows = rows(bridge);
    let weights = parameters.on(device);
    let context = rows.context_on(device);
    let x = || rows.tensor(&rows.data, device);
    let stream = Stream::new(8, "trace", 0);
    // with units left out, which are the same everywhere
    let step = gradient(bridge, parameters, &rows, 16, (0.2, &stream), Precision::Single, device);
    let density = bridge.log_density(&weights, x(), context.as_ref(), &stream).unwrap();
    let drawn = bridge.transport(&weights, x(), context.as_ref()).unwrap();
    vec![
        ("losses", host(bridge.loss(&weights, &rows), device)),
        ("mean loss", vec![mean_loss(bridge, parameters, &rows, device) as f32]),
        ("loss with units left out", vec![step.loss as f32]),
        ("gradient", step.values),
        ("log-density", host(density.value, device)),
        ("draws", host(drawn, device)),
    ]
}

#[test]
fn bridges_answer_alike() {
    let modality = |name: &str, width| Modality {
        name: name.to_owned(),
        width,
    };
    let modalities = [modality("magnitudes", 2), modality("errors", 1)];
    for (name, recipe) in recipes() {
        let (bridge, parameters) = build(&recipe, DIMENSION, &modalities, 3).unwrap();
        let parameters = moved(parameters, 0.1);
        let [here, there] = devices().map(|device| answers(bridge.as_ref(), &parameters, &device));
        for ((what, here), (_, there)) in here.iter().zip(&there) {
            let found = difference(here, there);
            eprintln!("{name}: {what} {found:.1e}");
            assert!(found < ALLOWED, "{name}: {what} differs by {found:.1e}");
        }
    }
}
