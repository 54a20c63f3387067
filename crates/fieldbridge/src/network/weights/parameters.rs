//! All values of a model, flat, on the host.

use std::sync::{Arc, Mutex, PoisonError};

use burn_tensor::{Device, Tensor, TensorData};
use fieldbridge_kernels::operation::AnyTensor;
use rayon::prelude::*;

use super::entry::{Entry, Layout};
use super::on_device::Weights;
use crate::network::Precision;

/// All trainable values of a model, flat, on the host.
#[derive(Clone, Debug)]
pub struct Parameters {
    pub(super) layout: Arc<Layout>,
    pub(super) values: Vec<f32>,
    pub(super) constants: Arc<PlacedConstants>,
}

/// Fixed tensors on the devices they were asked for on.
pub(super) type PlacedConstants = Mutex<Vec<(Device, Vec<AnyTensor>)>>;

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
