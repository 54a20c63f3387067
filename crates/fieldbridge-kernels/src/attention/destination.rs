//! Where gradients go.

use super::heads::Shared;
use super::inputs::{Layout, Sizes};

/// Where gradients of queries, keys and values are written, in the layout of [`Source`](super::Source).
#[derive(Debug)]
pub enum Destination<'a> {
    /// `[batch, tokens, 3, heads, width]`.
    Joint(&'a mut [f32]),
    /// Each its own.
    Separate {
        /// `[batch, queries, heads, width]`.
        query: &'a mut [f32],
        /// `[batch, keys, heads, width]`.
        key: &'a mut [f32],
        /// `[batch, keys, heads, width]`.
        value: &'a mut [f32],
    },
}

/// A tensor's gradient and its layout.
pub(super) struct Target<'a> {
    /// None when it is part of the gradient of the queries.
    data: Option<Shared<'a>>,
    layout: Layout,
}

/// The gradients of queries, keys and values, the first of which holds all when they are joint.
pub(super) struct Targets<'a> {
    pub(super) query: Target<'a>,
    pub(super) key: Target<'a>,
    pub(super) value: Target<'a>,
}

impl<'a> Targets<'a> {
    pub(super) fn new(destination: Destination<'a>, sizes: &Sizes) -> Self {
        match destination {
            Destination::Joint(data) => {
                assert_eq!(
                    sizes.queries, sizes.keys,
                    "joint queries and keys are of the same tokens"
                );
                assert_eq!(
                    data.len(),
                    3 * sizes.key_numbers(),
                    "gradients of queries, keys and values of each token"
                );
                Self {
                    query: Target {
                        data: Some(Shared::new(data)),
                        layout: Layout::joint(0, sizes),
                    },
                    key: Target {
                        data: None,
                        layout: Layout::joint(1, sizes),
                    },
                    value: Target {
                        data: None,
                        layout: Layout::joint(2, sizes),
                    },
                }
            }
            Destination::Separate { query, key, value } => {
                let lengths = (query.len(), key.len(), value.len());
                let expected = (sizes.output(), sizes.key_numbers(), sizes.key_numbers());
                assert_eq!(lengths, expected, "a gradient for each token and head");
                let (query_layout, key_layout) = (
                    Layout::separate(sizes.queries, sizes),
                    Layout::separate(sizes.keys, sizes),
                );
                Self {
                    query: Target {
                        data: Some(Shared::new(query)),
                        layout: query_layout,
                    },
                    key: Target {
                        data: Some(Shared::new(key)),
                        layout: key_layout,
                    },
                    value: Target {
                        data: Some(Shared::new(value)),
                        layout: key_layout,
                    },
                }
            }
        }
    }

    /// The gradient of a token and head.
    ///
    /// # Safety
    /// Only one thread works on a head of an example, and holds one row at a time.
    #[allow(clippy::mut_from_ref, reason = "one row at a time, as the caller promises")]
    #[inline(always)]
    pub(super) unsafe fn row<'b>(
        &'b self,
        target: &'b Target<'_>,
        (batch, head): (usize, usize),
        token: usize,
        width: usize,
    ) -> &'b mut [f32] {
        let data = target
            .data
            .as_ref()
            .or(self.query.data.as_ref())
            .expect("the gradient of queries is there");
        // SAFETY: rows of different tokens, heads and tensors are apart, and each is held alone, as the caller promises.
        unsafe {
            data.part(
                target.layout.start(batch, head) + token * target.layout.token_stride,
                width,
            )
        }
    }
}
