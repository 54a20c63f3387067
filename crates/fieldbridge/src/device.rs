//! The one place that chooses a device.

use crate::error::Error;
pub use burn_tensor::Device;

/// Names of the devices of this build.
pub const NAMES: [&str; 1] = ["cpu"];

/// The device called `name`, one of [`NAMES`].
///
/// # Errors
/// [`Error::Device`] when this build has no such device.
pub fn device(name: &str) -> Result<Device, Error> {
    match name {
        "cpu" => Ok(Device::flex()),
        other => Err(Error::Device {
            wanted: other.to_owned(),
            available: "cpu",
        }),
    }
}

/// The processor of this machine, always there.
pub fn cpu() -> Device {
    Device::flex()
}
