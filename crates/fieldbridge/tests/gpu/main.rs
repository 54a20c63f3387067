//! The graphics processor beside the processor: networks, training steps, losses, densities and draws agree.
//!
//! `cargo test --release --features wgpu --test gpu`; with `-- --nocapture` it prints by how much.

#![cfg(any(feature = "wgpu", feature = "cuda"))]

mod bridges;
#[path = "../conformance/families.rs"]
mod families;
#[path = "../conformance/given.rs"]
mod given;
mod networks;
#[path = "../../../fieldbridge-kernels/tests/gpu/reads.rs"]
mod reads;
mod steps;

use burn_tensor::{Tensor, TensorData};
use fieldbridge::device::{Device, cpu, describe, gpu};
use fieldbridge::network::Parameters;

pub(crate) use given::{DIMENSION, normals};

/// The most the devices may differ by, see [`difference`].
const ALLOWED: f64 = 1e-3;

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

fn on_device<const D: usize>(purpose: &str, shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(normals(purpose, shape.iter().product()), shape), device)
}

/// Numbers on the host, after a look at where they were.
fn host<const D: usize>(tensor: Tensor<D>, device: &Device) -> Vec<f32> {
    assert!(tensor.device() == *device, "a result left its device");
    tensor.into_data().try_into_vec().unwrap()
}

/// Largest difference as a share of the largest entry.
fn difference(here: &[f32], there: &[f32]) -> f64 {
    assert_eq!(here.len(), there.len());
    assert!(here.iter().chain(there).all(|entry| entry.is_finite()));
    let largest = here.iter().fold(0f32, |largest, entry| largest.max(entry.abs()));
    let differences = here.iter().zip(there).map(|(here, there)| (here - there).abs());
    f64::from(differences.fold(0f32, f32::max) / largest.max(f32::MIN_POSITIVE))
}

/// The largest of the [`difference`]s of the tensors of two gradients, each on the scale of its own, or on a
/// hundred-thousandth of that of all: a bias of keys moves all scores of a query alike, so its gradient is zero but for rounding.
fn difference_of_gradients(parameters: &Parameters, here: &[f32], there: &[f32]) -> f64 {
    let largest = |values: &[f32]| values.iter().fold(0f32, |largest, value| largest.max(value.abs()));
    let least = 1e-5 * largest(here);
    let [here, there] = [here, there].map(|values| parameters.with_values(values.to_vec()));
    let mut most = 0.0;
    for ((entry, here), (_, there)) in here.entries().zip(there.entries()) {
        let scale = largest(here);
        let by = difference(here, there) * f64::from((scale / scale.max(least)).max(f32::MIN_POSITIVE));
        if by > ALLOWED {
            eprintln!("{}: {by:.1e} of {scale:.1e}", entry.name);
        }
        most = f64::max(most, by);
    }
    most
}

/// Answers of both devices by name: prints by how much they differ, and refuses too much.
fn compare(name: &str, answers: [Vec<(&'static str, Vec<f32>)>; 2]) {
    let [here, there] = answers;
    let found: Vec<(&str, f64)> = here
        .iter()
        .zip(&there)
        .map(|((what, here), (_, there))| (*what, difference(here, there)))
        .collect();
    let words: Vec<String> = found.iter().map(|(what, by)| format!("{what} {by:.1e}")).collect();
    eprintln!("{name}: {}", words.join(", "));
    for (what, by) in found {
        assert!(by < ALLOWED, "{name}: {what} differs by {by:.1e}");
    }
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
