//! Weights apart from networks: a network describes a function, the weights are one of its arguments.
//!
//! A [`Network`](super::Network) registers what it needs in a [`Registry`] and keeps only [`Slot`]s. All values live
//! in one flat host vector ([`Parameters`]), so that averaging, optimising, saving and comparing are loops over numbers;
//! [`Weights`] is the same on a device, tracked for gradients or not.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use burn_tensor::{Device, Gradients, Tensor, TensorData};
use fieldbridge_kernels::autoregressive::Prepared;
use rand::Rng;
use rayon::prelude::*;

use crate::random::Stream;

/// Where a network finds one of its tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot(usize);

/// How a tensor starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Initial {
    /// Every entry the same.
    Constant(f32),
    /// Uniform on `[-bound, bound]`.
    Uniform(f32),
    /// Normal with mean zero and this deviation.
    Normal(f32),
}

/// Name, shape and start of one tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Dotted name, unique.
    pub name: String,
    /// Shape.
    pub shape: Vec<usize>,
    /// How it starts.
    pub initial: Initial,
    offset: usize,
}

impl Entry {
    /// Number of values.
    pub fn size(&self) -> usize {
        self.shape.iter().product()
    }
}

/// Collects what networks need while they are built.
#[derive(Debug, Default)]
pub struct Registry {
    entries: Vec<Entry>,
    constants: Vec<(Vec<usize>, Vec<f32>)>,
    scope: Vec<String>,
    total: usize,
}

/// Where a network finds a fixed tensor (a mask, a frequency table).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConstantSlot(usize);

impl Registry {
    /// An empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs `build` with `name.` before every name it registers.
    pub fn scope<T>(&mut self, name: impl Into<String>, build: impl FnOnce(&mut Self) -> T) -> T {
        self.scope.push(name.into());
        let built = build(self);
        self.scope.pop();
        built
    }

    /// Registers a trainable tensor.
    pub fn parameter(&mut self, name: &str, shape: &[usize], initial: Initial) -> Slot {
        let mut full = self.scope.join(".");
        if !full.is_empty() {
            full.push('.');
        }
        full.push_str(name);
        assert!(
            self.entries.iter().all(|entry| entry.name != full),
            "parameter `{full}` is registered twice"
        );
        let entry = Entry {
            name: full,
            shape: shape.to_vec(),
            initial,
            offset: self.total,
        };
        self.total += entry.size();
        self.entries.push(entry);
        Slot(self.entries.len() - 1)
    }

    /// Registers a fixed tensor.
    pub fn constant(&mut self, shape: &[usize], values: Vec<f32>) -> ConstantSlot {
        assert_eq!(
            shape.iter().product::<usize>(),
            values.len(),
            "a constant's values fill its shape"
        );
        self.constants.push((shape.to_vec(), values));
        ConstantSlot(self.constants.len() - 1)
    }

    /// Closes the registry; the values start from streams of `seed`.
    pub fn finish(self, seed: u64) -> Parameters {
        let mut values = Vec::with_capacity(self.total);
        for (index, entry) in self.entries.iter().enumerate() {
            let stream = Stream::new(seed, "initial weights", index as u64);
            match entry.initial {
                Initial::Constant(value) => values.resize(values.len() + entry.size(), value),
                Initial::Uniform(bound) => {
                    values.extend(stream.uniforms(entry.size()).iter().map(|u| (2.0 * u - 1.0) * bound));
                }
                Initial::Normal(deviation) => {
                    values.extend(stream.normals(entry.size()).iter().map(|n| n * deviation));
                }
            }
        }
        Parameters {
            layout: Arc::new(Layout {
                entries: self.entries,
                constants: self.constants,
            }),
            values,
        }
    }
}

/// Names and shapes, shared by every copy of the values.
#[derive(Debug, PartialEq)]
struct Layout {
    entries: Vec<Entry>,
    constants: Vec<(Vec<usize>, Vec<f32>)>,
}

/// All trainable values of a model, flat, on the host.
#[derive(Clone, Debug)]
pub struct Parameters {
    layout: Arc<Layout>,
    values: Vec<f32>,
}

impl Parameters {
    /// Number of trainable values.
    pub fn count(&self) -> usize {
        self.values.len()
    }

    /// All values, in the order of registration.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// All values, to be changed.
    pub fn values_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }

    /// The same layout with other values.
    ///
    /// # Panics
    /// When the number of values differs.
    pub fn with_values(&self, values: Vec<f32>) -> Self {
        assert_eq!(values.len(), self.values.len(), "as many values as the layout has");
        Self {
            layout: Arc::clone(&self.layout),
            values,
        }
    }

    /// Whether the names, shapes and fixed tensors are those of `other`.
    pub fn has_layout_of(&self, other: &Self) -> bool {
        self.layout == other.layout
    }

    /// Every tensor: its name and shape, and its values.
    pub fn entries(&self) -> impl Iterator<Item = (&Entry, &[f32])> {
        self.layout
            .entries
            .iter()
            .map(|entry| (entry, &self.values[entry.offset..entry.offset + entry.size()]))
    }

    /// Puts the values on a device, without gradients: see [`Weights::tracked`].
    pub fn on(&self, device: &Device) -> Weights {
        let entries: Vec<(&Entry, &[f32])> = self.entries().collect();
        let tensors = entries
            .par_iter()
            .map(|(entry, values)| Tensor::<1>::from_data(TensorData::new(values.to_vec(), [entry.size()]), device))
            .collect();
        let constants = self
            .layout
            .constants
            .iter()
            .map(|(_, values)| Tensor::<1>::from_data(TensorData::new(values.clone(), [values.len()]), device))
            .collect();
        Weights {
            layout: Arc::clone(&self.layout),
            tensors,
            constants,
            device: device.clone(),
            dropout: None,
            prepared: Arc::default(),
        }
    }
}

/// The values of a model on a device.
#[derive(Clone, Debug)]
pub struct Weights {
    layout: Arc<Layout>,
    tensors: Vec<Tensor<1>>,
    constants: Vec<Tensor<1>>,
    device: Device,
    dropout: Option<Arc<Dropout>>,
    prepared: Arc<PreparedNetworks>,
}

/// Masked networks ready for inference, by the slot of their first weights.
type PreparedNetworks = Mutex<HashMap<usize, Option<Arc<Prepared>>>>;

fn host(tensor: &Tensor<1>) -> Vec<f32> {
    tensor.to_data().try_into_vec().expect("values are f32")
}

/// Units left out at random during training.
#[derive(Debug)]
struct Dropout {
    /// Out of 256.
    share: u8,
    stream: Stream,
    calls: AtomicU64,
}

impl Weights {
    /// The same weights with units left out at random, a new choice at each [`Weights::drop_out`]
    /// (Srivastava et al. 2014, J. Mach. Learn. Res. 15, 1929). The share is rounded to 1/256.
    pub fn with_dropout(mut self, share: f32, stream: Stream) -> Self {
        let share = (share * 256.0).round().clamp(0.0, 255.0) as u8;
        self.dropout = (share > 0).then(|| {
            Arc::new(Dropout {
                share,
                stream,
                calls: AtomicU64::new(0),
            })
        });
        self
    }

    /// The same values, at the root of a graph of their own: what is computed with them has gradients.
    pub fn tracked(&self) -> Self {
        let follow = |tensor: &Tensor<1>| tensor.clone().autodiff().require_grad();
        Self {
            tensors: self.tensors.iter().map(follow).collect(),
            device: self.device.clone().autodiff(),
            prepared: Arc::default(),
            ..self.clone()
        }
    }

    /// Whether nothing but numbers is asked for, on the processor: no gradients, nothing left out at random.
    pub(super) fn are_plain(&self) -> bool {
        !self.device.is_autodiff() && self.device == Device::flex() && self.dropout.is_none()
    }

    /// A network prepared for inference with these values, made once.
    pub(super) fn prepared(&self, first: Slot, make: impl FnOnce() -> Option<Prepared>) -> Option<Arc<Prepared>> {
        let mut known = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(first.0).or_insert_with(|| make().map(Arc::new)).clone()
    }

    /// The values in a slot, on the host.
    pub(super) fn host(&self, slot: Slot) -> Vec<f32> {
        host(&self.tensors[slot.0])
    }

    /// The fixed values in a slot, on the host.
    pub(super) fn host_constant(&self, slot: ConstantSlot) -> Vec<f32> {
        host(&self.constants[slot.0])
    }

    /// `h` with units left out, the others scaled to keep the mean; `h` itself when nothing is left out.
    pub fn drop_out(&self, h: Tensor<2>) -> Tensor<2> {
        let Some(dropout) = &self.dropout else { return h };
        let dims = h.dims();
        let call = dropout.calls.fetch_add(1, Ordering::Relaxed);
        let mut bytes = vec![0; dims[0] * dims[1]];
        dropout.stream.child("dropout", call).generator().fill_bytes(&mut bytes);
        let kept = 256.0 / (256.0 - f32::from(dropout.share));
        let mask: Vec<f32> = bytes
            .iter()
            .map(|&byte| if byte < dropout.share { 0.0 } else { kept })
            .collect();
        h * Tensor::from_data(TensorData::new(mask, dims), &self.device)
    }

    /// The device they are on (with gradients when tracked).
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The tensor in a slot, of rank `D`.
    pub fn get<const D: usize>(&self, slot: Slot) -> Tensor<D> {
        let shape: [usize; D] = self.layout.entries[slot.0]
            .shape
            .clone()
            .try_into()
            .expect("the slot has rank D");
        self.tensors[slot.0].clone().reshape(shape)
    }

    /// The values in a slot, one after the other.
    pub(super) fn flat(&self, slot: Slot) -> Tensor<1> {
        self.tensors[slot.0].clone()
    }

    /// The fixed tensor in a slot, of rank `D`.
    pub fn constant<const D: usize>(&self, slot: ConstantSlot) -> Tensor<D> {
        let shape: [usize; D] = self.layout.constants[slot.0]
            .0
            .clone()
            .try_into()
            .expect("the slot has rank D");
        self.constants[slot.0].clone().reshape(shape)
    }

    /// The gradient of every value, flat, in the order of [`Parameters::values`]; zero where the loss does not depend.
    pub fn gradient(&self, gradients: &mut Gradients) -> Vec<f32> {
        let mut flat = Vec::with_capacity(self.layout.entries.iter().map(Entry::size).sum());
        for (tensor, entry) in self.tensors.iter().zip(&self.layout.entries) {
            match tensor.grad_remove(gradients) {
                Some(gradient) => {
                    flat.extend(gradient.into_data().as_slice::<f32>().expect("gradients are f32"));
                }
                None => flat.resize(flat.len() + entry.size(), 0.0),
            }
        }
        flat
    }
}
