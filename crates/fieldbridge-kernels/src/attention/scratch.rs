//! Memory of a thread for one head at a time.

use std::cell::RefCell;

/// Numbers in a cache line; every part starts on one.
const LINE: usize = 16;

thread_local! {
    static MEMORY: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// Memory not yet taken.
pub(super) struct Scratch<'a> {
    rest: &'a mut [f32],
}

impl<'a> Scratch<'a> {
    /// `length` numbers, of any value.
    pub(super) fn take(&mut self, length: usize) -> &'a mut [f32] {
        let rest = std::mem::take(&mut self.rest);
        let (taken, rest) = rest.split_at_mut(length.next_multiple_of(LINE));
        self.rest = rest;
        &mut taken[..length]
    }
}

/// Runs `work` with memory for parts of the given lengths, kept by the thread for the next time.
pub(super) fn with_scratch<R>(lengths: &[usize], work: impl FnOnce(Scratch<'_>) -> R) -> R {
    let total: usize = lengths.iter().map(|length| length.next_multiple_of(LINE)).sum();
    MEMORY.with_borrow_mut(|memory| {
        if memory.len() < total + LINE {
            memory.resize(total + LINE, 0.0);
        }
        // whether lines are met is a matter of speed only, so any offset will do
        let offset = memory.as_ptr().align_offset(LINE * size_of::<f32>()).min(LINE);
        work(Scratch {
            rest: &mut memory[offset..],
        })
    })
}
