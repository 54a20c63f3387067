//! CUDA devices.

use burn_tensor::{Device, DeviceType};

use super::no_gpu;
use crate::error::Error;

/// The first CUDA device.
///
/// # Errors
/// [`Error::Device`] when there is none, or no driver to ask.
pub(super) fn open() -> Result<Device, Error> {
    let found = Device::enumerate(DeviceType::Cuda).into_vec();
    found.into_iter().next().ok_or_else(|| {
        no_gpu(
            "found no CUDA device".to_owned(),
            "install NVIDIA's driver and the CUDA toolkit, which compiles the kernels, or use `cpu`",
        )
    })
}
