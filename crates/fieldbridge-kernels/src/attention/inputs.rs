//! What attention is computed of.

use super::transpose::Rows;

/// Sizes of all tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Examples.
    pub batch: usize,
    /// Tokens that ask, of each example.
    pub queries: usize,
    /// Tokens that are asked, of each example.
    pub keys: usize,
    /// Heads of each token.
    pub heads: usize,
    /// Components of each head.
    pub width: usize,
}

impl Sizes {
    /// Numbers in the output, `[batch, queries, heads, width]`.
    pub fn output(&self) -> usize {
        self.batch * self.queries * self.heads * self.width
    }

    /// Rows of scores, `[batch, heads, queries]`.
    pub fn score_rows(&self) -> usize {
        self.batch * self.heads * self.queries
    }

    /// Numbers in the keys, `[batch, keys, heads, width]`.
    pub(super) fn key_numbers(&self) -> usize {
        self.batch * self.keys * self.heads * self.width
    }
}

/// Queries, keys and values.
#[derive(Clone, Copy, Debug)]
pub enum Source<'a> {
    /// Of the same tokens, `[batch, tokens, 3, heads, width]`, as one projection gives them.
    Joint(&'a [f32]),
    /// Of their own.
    Separate {
        /// `[batch, queries, heads, width]`.
        query: &'a [f32],
        /// `[batch, keys, heads, width]`.
        key: &'a [f32],
        /// `[batch, keys, heads, width]`.
        value: &'a [f32],
    },
}

/// Queries and keys are divided by their root mean square over a head's width and multiplied with weights:
/// `x w / sqrt(mean(x^2) + epsilon)`.
#[derive(Clone, Copy, Debug)]
pub struct Normalisation<'a> {
    /// Weights of queries, `[width]`.
    pub query: &'a [f32],
    /// Weights of keys, `[width]`.
    pub key: &'a [f32],
    /// Keeps the root from zero; positive.
    pub epsilon: f32,
}

/// Components `2 i` and `2 i + 1` of token `t` are turned by the angle whose cosine and sine are
/// `cosine[t][i]` and `sine[t][i]`.
#[derive(Clone, Copy, Debug)]
pub struct Rotation<'a> {
    /// `[tokens, width / 2]`.
    pub cosine: &'a [f32],
    /// `[tokens, width / 2]`.
    pub sine: &'a [f32],
}

/// All inputs and options of attention.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// Sizes of all tensors.
    pub sizes: Sizes,
    /// Queries, keys and values.
    pub source: Source<'a>,
    /// Normalisation of queries and keys.
    pub normalisation: Option<Normalisation<'a>>,
    /// Positions of queries, turned after the normalisation.
    pub query_rotation: Option<Rotation<'a>>,
    /// Positions of keys, turned after the normalisation.
    pub key_rotation: Option<Rotation<'a>>,
    /// Which keys exist, `[batch, keys]`: those that are not zero. A query of an example without keys gets zeros.
    pub mask: Option<&'a [f32]>,
}

/// Where the heads of a tensor lie.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    offset: usize,
    batch_stride: usize,
    pub(super) token_stride: usize,
    width: usize,
}

impl Layout {
    /// `[batch, tokens, heads, width]`.
    pub(super) fn separate(tokens: usize, sizes: &Sizes) -> Self {
        let token_stride = sizes.heads * sizes.width;
        Self {
            offset: 0,
            batch_stride: tokens * token_stride,
            token_stride,
            width: sizes.width,
        }
    }

    /// Part `part` of `[batch, tokens, 3, heads, width]`.
    pub(super) fn joint(part: usize, sizes: &Sizes) -> Self {
        let part_stride = sizes.heads * sizes.width;
        Self {
            offset: part * part_stride,
            batch_stride: sizes.keys * 3 * part_stride,
            token_stride: 3 * part_stride,
            width: sizes.width,
        }
    }

    /// Where the first token of a head starts.
    pub(super) fn start(&self, batch: usize, head: usize) -> usize {
        self.offset + batch * self.batch_stride + head * self.width
    }

    /// The tokens of a head.
    pub(super) fn rows<'a>(&self, data: &'a [f32], batch: usize, head: usize) -> Rows<'a> {
        Rows {
            data,
            start: self.start(batch, head),
            stride: self.token_stride,
        }
    }
}

/// Memory and layout of queries, keys and values.
pub(super) struct Parts<'a> {
    pub(super) query: (&'a [f32], Layout),
    pub(super) key: (&'a [f32], Layout),
    pub(super) value: (&'a [f32], Layout),
}

impl<'a> Inputs<'a> {
    /// # Panics
    /// When a slice has not the length that the sizes say.
    pub(super) fn check(&self) {
        let sizes = &self.sizes;
        match self.source {
            Source::Joint(data) => {
                assert_eq!(
                    sizes.queries, sizes.keys,
                    "joint queries and keys are of the same tokens"
                );
                assert_eq!(
                    data.len(),
                    3 * sizes.key_numbers(),
                    "queries, keys and values for each token"
                );
            }
            Source::Separate { query, key, value } => {
                assert_eq!(query.len(), sizes.output(), "a query for each token and head");
                assert_eq!(key.len(), sizes.key_numbers(), "a key for each token and head");
                assert_eq!(value.len(), sizes.key_numbers(), "a value for each token and head");
            }
        }
        if let Some(normalisation) = &self.normalisation {
            let lengths = (normalisation.query.len(), normalisation.key.len());
            assert_eq!(lengths, (sizes.width, sizes.width), "a weight for each component");
            assert!(
                normalisation.epsilon > 0.0,
                "epsilon keeps the root of a token of zeros from zero"
            );
        }
        for (rotation, tokens) in [(&self.query_rotation, sizes.queries), (&self.key_rotation, sizes.keys)] {
            if let Some(rotation) = rotation {
                assert_eq!(sizes.width % 2, 0, "components are turned in pairs");
                let angles = tokens * (sizes.width / 2);
                assert_eq!(
                    (rotation.cosine.len(), rotation.sine.len()),
                    (angles, angles),
                    "an angle for each pair"
                );
            }
        }
        if let Some(mask) = self.mask {
            assert_eq!(
                mask.len(),
                sizes.batch * sizes.keys,
                "the mask says of each key whether it exists"
            );
        }
    }

    pub(super) fn parts(&self) -> Parts<'a> {
        let sizes = &self.sizes;
        match self.source {
            Source::Joint(data) => Parts {
                query: (data, Layout::joint(0, sizes)),
                key: (data, Layout::joint(1, sizes)),
                value: (data, Layout::joint(2, sizes)),
            },
            Source::Separate { query, key, value } => Parts {
                query: (query, Layout::separate(sizes.queries, sizes)),
                key: (key, Layout::separate(sizes.keys, sizes)),
                value: (value, Layout::separate(sizes.keys, sizes)),
            },
        }
    }
}
