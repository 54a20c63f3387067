//! The heads of all examples, among threads.

use std::marker::PhantomData;

use rayon::prelude::*;

use super::inputs::Sizes;

/// Multiplications below which a task is not worth another thread.
const TASK: usize = 1 << 20;

/// Runs `work(batch, head)` for all; `products` is the number of matrix products of a head.
pub(super) fn for_each_head(sizes: &Sizes, products: usize, work: impl Fn(usize, usize) + Sync) {
    let heads = sizes.batch * sizes.heads;
    let each = (products * sizes.queries * sizes.keys * sizes.width).max(1);
    let together = TASK.div_ceil(each);
    if heads <= together {
        (0..heads).for_each(|index| work(index / sizes.heads, index % sizes.heads));
    } else {
        let range = (0..heads).into_par_iter().with_min_len(together);
        range.for_each(|index| work(index / sizes.heads, index % sizes.heads));
    }
}

/// Numbers of which each head writes its own.
pub(super) struct Shared<'a> {
    pointer: *mut f32,
    length: usize,
    lifetime: PhantomData<&'a mut [f32]>,
}

// SAFETY: it is an exclusive borrow of numbers; `part` asks its callers to keep parts apart.
unsafe impl Sync for Shared<'_> {}

impl<'a> Shared<'a> {
    pub(super) fn new(data: &'a mut [f32]) -> Self {
        Self {
            pointer: data.as_mut_ptr(),
            length: data.len(),
            lifetime: PhantomData,
        }
    }

    /// `length` numbers from `start`.
    ///
    /// # Safety
    /// While the part lives no other part may overlap it.
    #[allow(clippy::mut_from_ref, reason = "parts are apart, as the caller promises")]
    #[inline(always)]
    pub(super) unsafe fn part(&self, start: usize, length: usize) -> &mut [f32] {
        assert!(
            start <= self.length && length <= self.length - start,
            "a part lies inside the whole"
        );
        // SAFETY: inside the borrowed numbers, as asserted, and borrowed once, as the caller promises.
        unsafe { std::slice::from_raw_parts_mut(self.pointer.add(start), length) }
    }
}
