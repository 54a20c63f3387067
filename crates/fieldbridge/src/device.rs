//! The one place that chooses a device.

#[cfg(feature = "cuda")]
mod cuda;
#[cfg(feature = "wgpu")]
mod graphics;

use crate::error::Error;
pub use burn_tensor::Device;

/// Names a device can be asked for by; `gpu` needs a build with the feature `wgpu` or `cuda`.
pub const NAMES: [&str; 2] = ["cpu", "gpu"];

/// The device called `name`, one of [`NAMES`].
///
/// # Errors
/// [`Error::Device`] when there is no such name, and as [`gpu`].
pub fn device(name: &str) -> Result<Device, Error> {
    match name {
        "cpu" => Ok(cpu()),
        "gpu" => gpu(),
        other => Err(Error::Device {
            wanted: other.to_owned(),
            reason: "there is no such device".to_owned(),
            hint: format!("the names are `{}`", NAMES.join("`, `")),
        }),
    }
}

/// The processor of this machine, always there.
pub fn cpu() -> Device {
    Device::flex()
}

/// The graphics processor of this machine: through CUDA if the feature `cuda` is built and there is a device, else, with
/// the feature `wgpu`, through Vulkan, Metal, DirectX 12 or OpenGL. A renderer in software counts when there is nothing
/// else: see [`describe`].
///
/// # Errors
/// [`Error::Device`] when the build has neither feature, and when the machine has no such device.
pub fn gpu() -> Result<Device, Error> {
    #[cfg(all(feature = "cuda", feature = "wgpu"))]
    {
        cuda::open().or_else(|_| graphics::open())
    }
    #[cfg(all(feature = "cuda", not(feature = "wgpu")))]
    {
        cuda::open()
    }
    #[cfg(all(feature = "wgpu", not(feature = "cuda")))]
    {
        graphics::open()
    }
    #[cfg(not(any(feature = "cuda", feature = "wgpu")))]
    {
        Err(no_gpu(
            "this build computes on the processor alone".to_owned(),
            "build it with `cargo build --release --features wgpu` (Vulkan, Metal, DirectX 12) or `--features cuda`",
        ))
    }
}

fn no_gpu(reason: String, hint: &str) -> Error {
    Error::Device {
        wanted: "gpu".to_owned(),
        reason,
        hint: hint.to_owned(),
    }
}

/// What a device calls itself, and whether it is software: a renderer that runs on the processor is for tests.
pub fn describe(device: &Device) -> String {
    if *device == cpu() {
        return "the processor".to_owned();
    }
    #[cfg(any(feature = "cuda", feature = "wgpu"))]
    if let Some(identity) = device.identity() {
        let software = if identity.physical.is_none() {
            ", software on the processor"
        } else {
            ""
        };
        return identity.name + software;
    }
    format!("{device:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_name_is_refused_with_those_there_are() {
        let error = device("tpu").unwrap_err().to_string();
        assert!(error.contains("`tpu`") && error.contains("`cpu`, `gpu`"), "{error}");
    }

    #[test]
    #[cfg(not(any(feature = "cuda", feature = "wgpu")))]
    fn a_build_for_the_processor_says_how_to_build_another() {
        let error = device("gpu").unwrap_err().to_string();
        assert!(
            error.contains("--features wgpu") && error.contains("--features cuda"),
            "{error}"
        );
    }
}
