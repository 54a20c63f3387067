//! Every operation on a graphics processor beside the processor.
//!
//! `cargo test --release --features wgpu --test gpu`; with `-- --nocapture` it prints by how much they differ.

#![cfg(feature = "wgpu")]

mod operations;
mod reads;

use std::sync::OnceLock;

use burn_tensor::{Device, Tensor, TensorData};

use reads::Reads;

/// Largest difference between the devices, as a share of the largest entry.
const ALLOWED: f32 = 1e-4;

fn gpu() -> Device {
    static OPENED: OnceLock<Device> = OnceLock::new();
    let open = || Device::wgpu_options().init().expect("an adapter to test on");
    OPENED.get_or_init(open).clone()
}

/// Numbers between -1 and 1 without a pattern.
fn numbers(shape: &[usize], seed: usize) -> Vec<f32> {
    let mut state = (seed as u32).wrapping_mul(2_654_435_761).wrapping_add(7);
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 8_388_608.0 - 1.0
    };
    (0..shape.iter().product()).map(|_| next()).collect()
}

/// The inputs of an operation on one device, and where each came from.
struct Inputs {
    device: Device,
    /// With the gradients the operation should give them.
    tracked: Vec<Tensor<1>>,
}

impl Inputs {
    fn on(device: &Device) -> Self {
        Self {
            device: device.clone().autodiff(),
            tracked: Vec::new(),
        }
    }

    fn of<const D: usize>(&mut self, shape: [usize; D], values: Vec<f32>) -> Tensor<D> {
        let flat = Tensor::<1>::from_data(TensorData::new(values, [shape.iter().product::<usize>()]), &self.device);
        let flat = flat.require_grad();
        self.tracked.push(flat.clone());
        flat.reshape(shape)
    }

    /// An input with a gradient.
    fn next<const D: usize>(&mut self, shape: [usize; D]) -> Tensor<D> {
        let seed = self.tracked.len() + 1;
        self.of(shape, numbers(&shape, seed))
    }

    /// An input without one.
    fn constant<const D: usize>(&self, shape: [usize; D], seed: usize) -> Tensor<D> {
        self.given(shape, numbers(&shape, seed))
    }

    /// The same with values of its own.
    fn given<const D: usize>(&self, shape: [usize; D], values: Vec<f32>) -> Tensor<D> {
        Tensor::from_data(TensorData::new(values, shape), &self.device)
    }
}

/// What an operation gave on a device: the output and every gradient, after a look at where they were.
fn found<const D: usize>(device: &Device, operation: &impl Fn(&mut Inputs) -> Tensor<D>) -> Vec<Vec<f32>> {
    let reads = Reads::watch();
    let mut inputs = Inputs::on(device);
    let (all, read) = reads.during(|| {
        let output = operation(&mut inputs);
        assert!(output.device() == *device, "the output left its device");
        let weights = inputs.constant(output.dims(), 99);
        let size = output.dims().iter().product::<usize>();
        let mut gradients = (output.clone() * weights).sum().backward();
        let mut all = vec![output.reshape([size])];
        for input in &inputs.tracked {
            let gradient = input.grad_remove(&mut gradients).expect("a gradient of each input");
            assert!(gradient.device() == *device, "a gradient left its device");
            all.push(gradient);
        }
        all
    });
    assert_eq!(read, 0, "numbers were read back on the way");
    let host = |tensor: Tensor<1>| tensor.into_data().try_into_vec::<f32>().expect("single precision");
    all.into_iter().map(host).collect()
}

fn agree<const D: usize>(what: &str, operation: impl Fn(&mut Inputs) -> Tensor<D>) {
    let here = found(&Device::flex(), &operation);
    let there = found(&gpu(), &operation);
    let mut most = 0f32;
    for (part, (here, there)) in here.iter().zip(&there).enumerate() {
        assert_eq!(here.len(), there.len(), "{what}");
        let largest = here.iter().fold(0f32, |largest, entry| largest.max(entry.abs()));
        assert!(largest > 0.0, "part {part} of {what} is nothing but zeros");
        for (here, there) in here.iter().zip(there) {
            let difference = (here - there).abs() / largest;
            assert!(
                difference < ALLOWED,
                "part {part} of {what}: {here} here, {there} there"
            );
            most = most.max(difference);
        }
    }
    eprintln!("{what}: {most:.1e}");
}

#[test]
fn what_is_read_back_is_counted() {
    let reads = Reads::watch();
    let device = gpu();
    assert!(device != Device::flex(), "two devices");
    let on_device = |values: Vec<f32>| {
        let count = values.len();
        Tensor::<1>::from_data(TensorData::new(values, [count]), &device)
    };
    let (x, read) = reads.during(|| on_device(vec![3.0, 1.0, 2.0]).exp());
    assert_eq!(read, 0, "nothing was asked for");
    // data are read when they are looked at
    let (data, read) = reads.during(|| x.clone().into_data().try_into_vec::<f32>().expect("single precision"));
    assert_eq!((data.len(), read), (3, 1));
    // an operation of the library that works on the host, though its result is on the device again
    let (sorted, read) = reads.during(|| x.sort(0));
    assert!(read > 0 && sorted.device() == device, "{read}");
}
