//! Trains a bridge from the normal distribution to two moons, draws from it and asks for densities:
//! `cargo run --release --example two_moons`.

use fieldbridge::bridge::{BridgeKind, BridgeRecipe, Rows, build};
use fieldbridge::device::cpu;
use fieldbridge::network::Precision;
use fieldbridge::random::Stream;
use fieldbridge::train::{AdamW, Step, gradient};

fn main() -> Result<(), fieldbridge::Error> {
    let recipe = BridgeRecipe {
        kind: BridgeKind::SplineFlow,
        ..BridgeRecipe::default()
    };
    let (bridge, mut parameters) = build(&recipe, 2, &[], 1)?;
    let mut optimiser = AdamW::new(parameters.count());
    for step in 0..600 {
        let mut rows = Rows {
            count: 256,
            data: two_moons(256, step),
            ..Rows::default()
        };
        bridge.join(&mut rows, &Stream::new(1, "join", step));
        let slope = gradient(
            &*bridge,
            &parameters,
            &rows,
            128,
            (0.0, &Stream::new(1, "dropout", step)),
            Precision::Single,
            &cpu(),
        );
        let step = Step {
            learning_rate: 2e-3,
            decay: 1e-2,
            clip: 5.0,
        };
        optimiser.step(&mut parameters, &slope.values, step, None);
    }
    let weights = parameters.on(&cpu());
    let draws = bridge.sample(&weights, 1000, None, &Stream::new(1, "draws", 0))?;
    let density = bridge.log_density(&weights, draws, None, &Stream::new(1, "trace", 0))?;
    let mean: f32 = density.value.mean().into_scalar();
    eprintln!("mean log-density of its own draws: {mean:.3} nats");
    Ok(())
}

/// Two half circles with normal scatter of 0.05, flat.
fn two_moons(rows: usize, step: u64) -> Vec<f32> {
    let angles = Stream::new(2, "angle", step).uniforms(rows);
    let scatter = Stream::new(2, "scatter", step).normals(2 * rows);
    let point = |row: usize| {
        let angle = std::f32::consts::TAU * angles[row];
        let lower = f32::from(u8::from(angle > std::f32::consts::PI));
        [
            angle.cos() + lower - 0.5 + 0.05 * scatter[2 * row],
            angle.sin() + lower / 2.0 - 0.25 + 0.05 * scatter[2 * row + 1],
        ]
    };
    (0..rows).flat_map(point).collect()
}
