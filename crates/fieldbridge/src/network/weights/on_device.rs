//! The values of a model on a device.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use burn_tensor::{Device, Tensor};
use fieldbridge_kernels::autoregressive::Prepared;
use fieldbridge_kernels::operation::AnyTensor;

use super::dropout::Dropout;
use super::entry::{ConstantSlot, Layout, Slot};
use crate::network::Precision;

/// The values of a model on a device.
#[derive(Clone, Debug)]
pub struct Weights {
    pub(super) layout: Arc<Layout>,
    /// Each of the rank of its entry.
    pub(super) tensors: Vec<AnyTensor>,
    pub(super) constants: Vec<AnyTensor>,
    pub(super) device: Device,
    pub(super) dropout: Option<Arc<Dropout>>,
    pub(super) precision: Precision,
    pub(super) prepared: Arc<PreparedNetworks>,
}

/// Masked networks ready for inference, by the slot of their first weights.
pub(super) type PreparedNetworks = Mutex<HashMap<usize, Option<Arc<Prepared>>>>;

/// The tensor whatever its rank: for what is the same for all ranks.
pub(super) fn of_any_rank(tensor: &AnyTensor) -> Tensor<1> {
    Tensor::from_dispatch(tensor.clone())
}

fn host(tensor: &AnyTensor) -> Vec<f32> {
    of_any_rank(tensor).to_data().try_into_vec().expect("values are f32")
}

impl Weights {
    /// The same weights in products of another precision.
    pub fn with_precision(self, precision: Precision) -> Self {
        Self { precision, ..self }
    }

    /// How exactly layers take the factors of their products.
    pub(in crate::network) fn precision(&self) -> Precision {
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
    pub(in crate::network) fn need_layers(&self) -> bool {
        self.dropout.is_some() || self.precision != Precision::Single
    }

    /// Whether nothing but numbers is asked for, on the processor: no gradients, nothing left out at random, nothing
    /// rounded.
    pub(in crate::network) fn are_plain(&self) -> bool {
        let processor = !self.device.is_autodiff() && self.device == Device::flex();
        processor && !self.need_layers()
    }

    /// A network prepared for inference with these values, made once.
    pub(in crate::network) fn prepared(
        &self,
        first: Slot,
        make: impl FnOnce() -> Option<Prepared>,
    ) -> Option<Arc<Prepared>> {
        let mut known = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(first.0).or_insert_with(|| make().map(Arc::new)).clone()
    }

    /// The values in a slot, on the host.
    pub(in crate::network) fn host(&self, slot: Slot) -> Vec<f32> {
        host(&self.tensors[slot.0])
    }

    /// The fixed values in a slot, on the host.
    pub(in crate::network) fn host_constant(&self, slot: ConstantSlot) -> Vec<f32> {
        host(&self.constants[slot.0])
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
    pub(in crate::network) fn flat(&self, slot: Slot) -> Tensor<1> {
        let size = self.layout.entries[slot.0].size();
        of_any_rank(&self.tensors[slot.0]).reshape([size])
    }

    /// The fixed tensor in a slot, of rank `D`.
    pub fn constant<const D: usize>(&self, slot: ConstantSlot) -> Tensor<D> {
        assert_eq!(self.layout.constants[slot.0].0.len(), D, "the slot has rank {D}");
        Tensor::from_dispatch(self.constants[slot.0].clone())
    }
}
