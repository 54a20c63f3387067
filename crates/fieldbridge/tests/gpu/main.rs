//! The graphics processor beside the processor: training steps, losses, densities and draws agree.
//!
//! `cargo test --release -p fieldbridge --features wgpu --test gpu`; with `-- --nocapture` it prints by how much.

#![cfg(any(feature = "wgpu", feature = "cuda"))]

mod bridges;
mod steps;

use fieldbridge::device::{Device, cpu, describe, gpu};
use fieldbridge::network::Parameters;
use fieldbridge::random::Stream;

fn normals(purpose: &str, count: usize) -> Vec<f32> {
    Stream::new(71, purpose, 0).normals(count)
}

/// The two devices, which are two.
fn devices() -> [Device; 2] {
    let gpu = gpu().unwrap();
    assert!(gpu != cpu());
    [cpu(), gpu]
}

/// Moves all values off their start, so that layers that start as zero pass something on.
fn moved(mut parameters: Parameters, by: f32) -> Parameters {
    let noise = normals("moved", parameters.count());
    for (value, noise) in parameters.values_mut().iter_mut().zip(noise) {
        *value += by * noise;
    }
    parameters
}

/// Largest difference as a share of the largest entry.
fn difference(here: &[f32], there: &[f32]) -> f64 {
    assert_eq!(here.len(), there.len());
    assert!(here.iter().chain(there).all(|entry| entry.is_finite()));
    let largest = here.iter().fold(0f32, |largest, entry| largest.max(entry.abs()));
    let differences = here.iter().zip(there).map(|(here, there)| (here - there).abs());
    f64::from(differences.fold(0f32, f32::max) / largest.max(f32::MIN_POSITIVE))
}

#[test]
fn the_device_is_opened_once_and_has_a_name() {
    let [_, first] = devices();
    let [_, second] = devices();
    assert!(first == second);
    let name = describe(&first);
    eprintln!("computing on {name}");
    assert!(!name.is_empty() && name != describe(&cpu()), "{name}");
}
