//! Weights apart from networks: a network describes a function, the weights are one of its arguments.
//!
//! A [`Network`](super::Network) registers what it needs in a [`Registry`] and keeps only [`Slot`]s. All values live
//! in one flat host vector ([`Parameters`]), so that averaging, optimising, saving and comparing are loops over numbers;
//! [`Weights`] is the same on a device, tracked for gradients or not.

mod dropout;
mod entry;
mod gradient;
mod on_device;
mod parameters;
mod registry;

pub use entry::{ConstantSlot, Entry, Initial, Slot};
pub use on_device::Weights;
pub use parameters::Parameters;
pub use registry::Registry;
