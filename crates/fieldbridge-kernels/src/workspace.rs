//! Memory that is used again.
//!
//! A training step takes and gives back the same arrays as the one before. Asking the system for them each time costs
//! page faults and clearing, about a tenth of a step; a [`Buffer`] goes back to a pool when it is dropped, wherever
//! that happens, and the next one of its size is handed out as it was left.

use std::collections::BTreeMap;
use std::mem::{MaybeUninit, take};
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

use burn_tensor::{AllocationProperty, Bytes};
use cubecl_environment::bytes::{AccessError, AccessPolicy, AllocationController};

/// Arrays shorter than this are left to the allocator.
const SMALLEST: usize = 1024;
/// The pool holds no more numbers than this (1 GiB).
const MOST: usize = 1 << 28;

/// Arrays in waiting, by length.
struct Pool {
    waiting: BTreeMap<usize, Vec<Vec<f32>>>,
    held: usize,
}

static POOL: Mutex<Pool> = Mutex::new(Pool {
    waiting: BTreeMap::new(),
    held: 0,
});

/// Lengths are rounded up to eight steps for each power of two, so that nearly equal arrays share.
fn class(length: usize) -> usize {
    let step = (length.next_power_of_two() / 16).max(1);
    length.div_ceil(step) * step
}

/// Numbers in memory that goes back to the pool.
#[derive(Debug, Default)]
pub struct Buffer {
    memory: Vec<f32>,
    length: usize,
}

impl Buffer {
    /// Numbers left by an earlier use, to be overwritten.
    pub fn stale(length: usize) -> Self {
        if length < SMALLEST {
            return Self {
                memory: vec![0.0; length],
                length,
            };
        }
        let class = class(length);
        let waiting = {
            let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
            let found = pool.waiting.get_mut(&class).and_then(Vec::pop);
            pool.held -= found.as_ref().map_or(0, Vec::len);
            found
        };
        Self {
            memory: waiting.unwrap_or_else(|| vec![0.0; class]),
            length,
        }
    }

    /// Zeros.
    pub fn zeros(length: usize) -> Self {
        let mut buffer = Self::stale(length);
        buffer.fill(0.0);
        buffer
    }

    /// A copy of `values`.
    pub fn copy_of(values: &[f32]) -> Self {
        let mut buffer = Self::stale(values.len());
        buffer.copy_from_slice(values);
        buffer
    }

    /// The same memory as a tensor library holds it.
    pub(crate) fn into_bytes(self) -> Bytes {
        let length = self.length * size_of::<f32>();
        // SAFETY: the controller's memory is a vector of `f32`, all initialised, of at least `length` bytes.
        unsafe { Bytes::from_controller(Box::new(Controller(self)), length) }
    }
}

impl From<Vec<f32>> for Buffer {
    fn from(memory: Vec<f32>) -> Self {
        Self {
            length: memory.len(),
            memory,
        }
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.memory[..self.length]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.memory[..self.length]
    }
}

impl Clone for Buffer {
    fn clone(&self) -> Self {
        Self::copy_of(self)
    }
}

impl PartialEq for Buffer {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let memory = take(&mut self.memory);
        let length = memory.len();
        if length < SMALLEST || class(length) != length {
            return;
        }
        let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
        if pool.held + length <= MOST {
            pool.held += length;
            pool.waiting.entry(length).or_default().push(memory);
        }
    }
}

/// Gives the arrays in waiting back to the system.
pub fn clear() {
    let waiting = {
        let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
        pool.held = 0;
        take(&mut pool.waiting)
    };
    drop(waiting);
}

/// A buffer inside a tensor.
struct Controller(Buffer);

impl AllocationController for Controller {
    fn alloc_align(&self) -> usize {
        align_of::<f32>()
    }

    fn property(&self) -> AllocationProperty {
        AllocationProperty::Other
    }

    fn capacity(&self) -> usize {
        self.0.length * size_of::<f32>()
    }

    fn memory(&self, _policy: AccessPolicy) -> Result<&[MaybeUninit<u8>], AccessError> {
        let numbers: &[f32] = &self.0;
        // SAFETY: any initialised bytes are valid `MaybeUninit<u8>`; the length is that of the slice in bytes.
        Ok(unsafe { std::slice::from_raw_parts(numbers.as_ptr().cast(), size_of_val(numbers)) })
    }

    unsafe fn memory_mut(&mut self, _policy: AccessPolicy) -> Result<&mut [MaybeUninit<u8>], AccessError> {
        let numbers: &mut [f32] = &mut self.0;
        // SAFETY: as above; the caller promises to write only initialised bytes, and any four are an `f32`.
        Ok(unsafe { std::slice::from_raw_parts_mut(numbers.as_mut_ptr().cast(), size_of_val(numbers)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_has_the_length_asked_for_and_keeps_what_is_written() {
        for length in [0, 1, 1023, 1024, 1025, 5000, 1 << 20] {
            let mut buffer = Buffer::stale(length);
            assert_eq!(buffer.len(), length);
            buffer.fill(2.5);
            assert!(buffer.iter().all(|&value| value == 2.5));
            assert!(Buffer::zeros(length).iter().all(|&value| value == 0.0));
        }
    }

    #[test]
    fn classes_waste_at_most_an_eighth_and_are_their_own_class() {
        for length in (1..5000).chain([99_999, 1 << 20, (1 << 20) + 1]) {
            let class = class(length);
            assert!(
                class >= length && class as f64 <= length as f64 * 1.125 + 1.0,
                "{length} -> {class}"
            );
            assert_eq!(super::class(class), class);
        }
    }

    #[test]
    fn a_tensor_holds_the_numbers_of_its_buffer() {
        for length in [3, 4000] {
            let mut buffer = Buffer::zeros(length);
            buffer
                .iter_mut()
                .enumerate()
                .for_each(|(index, value)| *value = index as f32);
            let bytes = buffer.into_bytes();
            let data = burn_tensor::TensorData::from_bytes(bytes, [length], burn_tensor::DType::F32);
            let expected: Vec<f32> = (0..length).map(|index| index as f32).collect();
            assert_eq!(data.as_slice::<f32>().unwrap(), expected.as_slice());
        }
    }
}
