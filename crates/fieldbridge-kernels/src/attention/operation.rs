//! Attention as an operation of tensors.

use super::backward::backward;
use super::composed::composed;
use super::destination::Destination;
use super::forward::forward;
use super::inputs::{Inputs, Normalisation, Rotation, Sizes, Source};
use crate::array::{Array, View};
use crate::operation::{AnyTensor, Operation};
use crate::workspace::Buffer;

/// Which options attention has. Its inputs are the joint tensor, or queries, keys and values; then weights of queries
/// and of keys, cosines and sines of queries, those of keys, and the mask, as far as it has them.
#[derive(Debug)]
pub(super) struct Attention {
    pub(super) heads: usize,
    pub(super) joint: bool,
    /// That of the normalisation, if there is one.
    pub(super) epsilon: Option<f32>,
    pub(super) query_angles: bool,
    pub(super) key_angles: bool,
    pub(super) mask: bool,
}

/// The inputs by name.
pub(super) struct Parts<T> {
    pub(super) tokens: Tokens<T>,
    pub(super) weights: Option<[T; 2]>,
    pub(super) query_angles: Option<[T; 2]>,
    pub(super) key_angles: Option<[T; 2]>,
    pub(super) mask: Option<T>,
}

/// Queries, keys and values.
pub(super) enum Tokens<T> {
    Joint(T),
    Separate([T; 3]),
}

impl Attention {
    pub(super) fn parts<T>(&self, inputs: impl IntoIterator<Item = T>) -> Parts<T> {
        let mut inputs = inputs.into_iter();
        let mut next = || inputs.next().expect("as many inputs as parts");
        let tokens = match self.joint {
            true => Tokens::Joint(next()),
            false => Tokens::Separate([next(), next(), next()]),
        };
        Parts {
            tokens,
            weights: self.epsilon.map(|_| [next(), next()]),
            query_angles: self.query_angles.then(|| [next(), next()]),
            key_angles: self.key_angles.then(|| [next(), next()]),
            mask: self.mask.then(next),
        }
    }

    /// # Panics
    /// When shapes do not fit.
    fn inputs<'a>(&self, parts: &Parts<View<'a>>) -> Inputs<'a> {
        let (shapes, source) = match &parts.tokens {
            Tokens::Joint(joint) => ([joint.shape; 3], Source::Joint(joint.data)),
            Tokens::Separate(separate) => {
                let [query, key, value] = separate.map(|part| part.data);
                (separate.map(|part| part.shape), Source::Separate { query, key, value })
            }
        };
        let [query, key, value] = shapes;
        let row = if self.joint { query[2] / 3 } else { query[2] };
        assert!(
            key == value && (query[0], query[2]) == (key[0], key[2]),
            "queries, keys and values of one width"
        );
        assert!(self.heads > 0 && row % self.heads == 0, "a row holds whole heads");
        let rotation = |[cosine, sine]: [View<'a>; 2]| Rotation {
            cosine: cosine.data,
            sine: sine.data,
        };
        Inputs {
            sizes: Sizes {
                batch: query[0],
                queries: query[1],
                keys: key[1],
                heads: self.heads,
                width: row / self.heads,
            },
            source,
            normalisation: self
                .epsilon
                .zip(parts.weights)
                .map(|(epsilon, [query, key])| Normalisation {
                    query: query.data,
                    key: key.data,
                    epsilon,
                }),
            query_rotation: parts.query_angles.map(rotation),
            key_rotation: parts.key_angles.map(rotation),
            mask: parts.mask.map(|mask| mask.data),
        }
    }
}

impl Operation for Attention {
    fn composed(&self, inputs: Vec<AnyTensor>) -> AnyTensor {
        composed(self, inputs)
    }

    fn forward(&self, inputs: &[View<'_>], keep: bool) -> (Array, Vec<Array>) {
        let inputs = self.inputs(&self.parts(inputs.iter().copied()));
        let sizes = inputs.sizes;
        let mut output = Buffer::stale(sizes.output());
        let mut log_sums = Buffer::stale(if keep { sizes.score_rows() } else { 0 });
        forward(&inputs, &mut output, keep.then_some(&mut log_sums));
        let kept = if keep {
            vec![Array::new(log_sums, [sizes.score_rows()])]
        } else {
            Vec::new()
        };
        (
            Array::new(output, [sizes.batch, sizes.queries, sizes.heads * sizes.width]),
            kept,
        )
    }

    fn backward(
        &self,
        inputs: &[View<'_>],
        kept: Vec<Array>,
        gradient: View<'_>,
        wanted: &[bool],
    ) -> Vec<Option<Array>> {
        let count = if self.joint { 1 } else { 3 };
        let (output, inputs) = inputs.split_last().expect("the output comes last");
        let shapes: Vec<&[usize]> = inputs.iter().map(|input| input.shape).collect();
        let slices = self.inputs(&self.parts(inputs.iter().copied()));
        let mut found: Vec<Buffer> = shapes[..count]
            .iter()
            .map(|shape| Buffer::stale(shape.iter().product()))
            .collect();
        let destination = match found.as_mut_slice() {
            [query, key, value] => Destination::Separate { query, key, value },
            joint => Destination::Joint(&mut joint[0]),
        };
        let weights = backward(&slices, output.data, &kept[0].data, gradient.data, destination);
        found.extend(
            weights
                .into_iter()
                .flat_map(|weights| [weights.query, weights.key])
                .map(Buffer::from),
        );
        let mut found: Vec<Option<Array>> = found
            .into_iter()
            .zip(&shapes)
            .map(|(found, &shape)| Some(Array::new(found, shape)))
            .collect();
        // angles and the mask are constants
        found.resize_with(inputs.len(), || None);
        found
            .into_iter()
            .zip(wanted)
            .map(|(found, &wanted)| found.filter(|_| wanted))
            .collect()
    }

    fn reads_output(&self) -> bool {
        true
    }
}
