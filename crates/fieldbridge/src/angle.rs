//! Angles as graphics interfaces want them.

use std::f32::consts::TAU;

use burn_tensor::{Device, Tensor};

/// The same angle between `-pi` and `pi` where that matters: Vulkan and WebGPU promise the precision of a sine or cosine
/// on that range only. The processor's are right everywhere, and its angles are left as they are.
pub(crate) fn principal_angle<const D: usize>(angle: Tensor<D>) -> Tensor<D> {
    if angle.device().inner() == Device::flex() {
        return angle;
    }
    let turns = (angle.clone() / TAU).round();
    angle - turns * TAU
}
