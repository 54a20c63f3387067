//! Devices of Vulkan, Metal, DirectX 12 and OpenGL.

use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use burn_tensor::Device;
use burn_tensor::wgpu::WgpuInitError;
use burn_tensor::wgpu::wgpu::{Backends, Instance, InstanceDescriptor};

use super::no_gpu;
use crate::error::Error;

/// The device, which a process may open once.
static OPENED: Mutex<Option<Device>> = Mutex::new(None);

/// The device the graphics interfaces offer first.
///
/// # Errors
/// [`Error::Device`] with the adapters there are, when there is none that computes.
pub(super) fn open() -> Result<Device, Error> {
    let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(device) = opened.as_ref() {
        return Ok(device.clone());
    }
    let device = Device::wgpu_options().init().map_err(refused)?;
    Ok(opened.insert(device).clone())
}

fn refused(error: WgpuInitError) -> Error {
    let names = adapters();
    let found = match names.as_slice() {
        [] => "found no adapter of Vulkan, Metal, DirectX 12 or OpenGL".to_owned(),
        names => format!("found {}", names.join(", ")),
    };
    let (why, hint) = match error {
        WgpuInitError::AdapterUnavailable { .. } if names.is_empty() => (
            String::new(),
            "install the driver of the graphics card with its Vulkan part (to test without a card, on Debian: \
             `apt-get install mesa-vulkan-drivers`), or use `cpu`",
        ),
        WgpuInitError::AdapterUnavailable { message, .. } => (
            format!(" but none that was asked for: {message}"),
            "unset CUBECL_WGPU_DEFAULT_DEVICE, or use `cpu`",
        ),
        WgpuInitError::RequestDevice { message } => (
            format!(" but it refuses: {message}"),
            "update the driver of the graphics card, or use `cpu`",
        ),
        other => (
            format!(" but cannot use it: {other}"),
            "unset the environment variables that begin with CUBECL_, or use `cpu`",
        ),
    };
    no_gpu(found + &why, hint)
}

/// What the machine has, by name and interface.
fn adapters() -> Vec<String> {
    let instance = Instance::new(InstanceDescriptor::new_without_display_handle());
    let listing = pin!(instance.enumerate_adapters(Backends::all()));
    // outside of browsers the list is there at once
    let Poll::Ready(adapters) = listing.poll(&mut Context::from_waker(Waker::noop())) else {
        return Vec::new();
    };
    let names = adapters.iter().map(|adapter| {
        let info = adapter.get_info();
        format!("{} ({:?})", info.name, info.backend)
    });
    names.collect()
}
