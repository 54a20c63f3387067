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
use fieldbridge_kernels::operation::AnyTensor;
use rand::Rng;
use rayon::prelude::*;

use super::Precision;
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
            constants: Arc::default(),
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
    constants: Arc<PlacedConstants>,
}

/// Fixed tensors on the devices they were asked for on.
type PlacedConstants = Mutex<Vec<(Device, Vec<AnyTensor>)>>;

/// A tensor of any rank on a device.
fn place(values: Vec<f32>, shape: &[usize], device: &Device) -> AnyTensor {
    fn of_rank<const D: usize>(data: TensorData, device: &Device) -> AnyTensor {
        Tensor::<D>::from_data(data, device).into_dispatch()
    }
    let data = TensorData::new(values, shape.to_vec());
    match shape.len() {
        1 => of_rank::<1>(data, device),
        2 => of_rank::<2>(data, device),
        3 => of_rank::<3>(data, device),
        4 => of_rank::<4>(data, device),
        5 => of_rank::<5>(data, device),
        6 => of_rank::<6>(data, device),
        rank => panic!("a tensor of rank {rank}"),
    }
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
            constants: Arc::clone(&self.constants),
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
            .map(|(entry, values)| place(values.to_vec(), &entry.shape, device))
            .collect();
        Weights {
            layout: Arc::clone(&self.layout),
            tensors,
            constants: self.constants_on(device),
            device: device.clone(),
            dropout: None,
            precision: Precision::Single,
            prepared: Arc::default(),
        }
    }
}

impl Parameters {
    /// The fixed tensors, placed on a device once.
    fn constants_on(&self, device: &Device) -> Vec<AnyTensor> {
        let mut placed = self.constants.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, constants)) = placed.iter().find(|(other, _)| other == device) {
            return constants.clone();
        }
        let constants = self.layout.constants.iter();
        let constants: Vec<AnyTensor> = constants
            .map(|(shape, values)| place(values.clone(), shape, device))
            .collect();
        placed.push((device.clone(), constants.clone()));
        constants
    }
}

/// The values of a model on a device.
#[derive(Clone, Debug)]
pub struct Weights {
    layout: Arc<Layout>,
    /// Each of the rank of its entry.
    tensors: Vec<AnyTensor>,
    constants: Vec<AnyTensor>,
    device: Device,
    dropout: Option<Arc<Dropout>>,
    precision: Precision,
    prepared: Arc<PreparedNetworks>,
}

/// Masked networks ready for inference, by the slot of their first weights.
type PreparedNetworks = Mutex<HashMap<usize, Option<Arc<Prepared>>>>;

/// The tensor whatever its rank: for what is the same for all ranks.
fn of_any_rank(tensor: &AnyTensor) -> Tensor<1> {
    Tensor::from_dispatch(tensor.clone())
}

fn host(tensor: &AnyTensor) -> Vec<f32> {
    of_any_rank(tensor).to_data().try_into_vec().expect("values are f32")
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

    /// The same weights in products of another precision.
    pub fn with_precision(self, precision: Precision) -> Self {
        Self { precision, ..self }
    }

    /// How exactly layers take the factors of their products.
    pub(super) fn precision(&self) -> Precision {
        self.precision
    }

    /// The same values, at the root of a graph of their own: what is computed with them has gradients.
    pub fn tracked(&self) -> Self {
        let follow = |tensor: &AnyTensor| of_any_rank(tensor).autodiff().require_grad().into_dispatch();
        Self {
            tensors: self.tensors.iter().map(follow).collect(),
            device: self.device.clone().autodiff(),
            prepared: Arc::default(),
            ..self.clone()
        }
    }

    /// Whether units are left out at random or factors rounded: networks are then evaluated layer by layer.
    pub(super) fn need_layers(&self) -> bool {
        self.dropout.is_some() || self.precision != Precision::Single
    }

    /// Whether nothing but numbers is asked for, on the processor: no gradients, nothing left out at random, nothing
    /// rounded.
    pub(super) fn are_plain(&self) -> bool {
        let processor = !self.device.is_autodiff() && self.device == Device::flex();
        processor && !self.need_layers()
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
        assert_eq!(self.layout.entries[slot.0].shape.len(), D, "the slot has rank {D}");
        Tensor::from_dispatch(self.tensors[slot.0].clone())
    }

    /// The values in a slot, one after the other.
    pub(super) fn flat(&self, slot: Slot) -> Tensor<1> {
        let size = self.layout.entries[slot.0].size();
        of_any_rank(&self.tensors[slot.0]).reshape([size])
    }

    /// The fixed tensor in a slot, of rank `D`.
    pub fn constant<const D: usize>(&self, slot: ConstantSlot) -> Tensor<D> {
        assert_eq!(self.layout.constants[slot.0].0.len(), D, "the slot has rank {D}");
        Tensor::from_dispatch(self.constants[slot.0].clone())
    }

    /// The gradient of every value, flat, in the order of [`Parameters::values`]; zero where the loss does not depend.
    pub fn gradient(&self, gradients: &mut Gradients) -> Vec<f32> {
        self.sum(&[self.gradients(gradients)])
    }

    /// The gradient of each tensor, none where the loss does not depend.
    pub(crate) fn gradients(&self, gradients: &mut Gradients) -> Vec<Option<TensorData>> {
        let of = |tensor| of_any_rank(tensor).grad_remove(gradients).map(Tensor::into_data);
        self.tensors.iter().map(of).collect()
    }

    /// The sum of several gradients, flat; each value is summed in the order of the gradients.
    pub(crate) fn sum(&self, parts: &[Vec<Option<TensorData>>]) -> Vec<f32> {
        let mut flat = vec![0.0; self.layout.entries.iter().map(Entry::size).sum()];
        let mut left = flat.as_mut_slice();
        let mut tasks = Vec::with_capacity(self.tensors.len());
        for (index, entry) in self.layout.entries.iter().enumerate() {
            let (values, rest) = left.split_at_mut(entry.size());
            left = rest;
            tasks.push((index, values));
        }
        tasks.into_par_iter().for_each(|(index, sum)| {
            let parts = parts.iter().filter_map(|part| part[index].as_ref());
            for (place, part) in parts.enumerate() {
                let part = part.as_slice::<f32>().expect("gradients are f32");
                if place == 0 {
                    sum.copy_from_slice(part);
                } else {
                    sum.iter_mut().zip(part).for_each(|(sum, value)| *sum += value);
                }
            }
        });
        flat
    }
}
