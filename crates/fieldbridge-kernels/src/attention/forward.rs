//! The forward pass.

use pulp::{Arch, Simd, WithSimd};

use super::heads::{Shared, for_each_head};
use super::inputs::{Inputs, Layout, Parts, Sizes};
use super::panel::{Preparation, Tokens};
use super::rows::{copy_row, write_row};
use super::scratch::with_scratch;
use super::softmax::Softmax;
use super::tile::{Combination, PANEL, Scores, padded_width};

/// Keys whose scores are held at once.
pub(super) const BLOCK: usize = 2 * PANEL;

/// Attention of all heads into `output`, `[batch, queries, heads, width]`.
///
/// `log_sums`, `[batch, heads, queries]`, is filled with what [`backward`](super::backward()) needs: the logarithm to
/// base two of the sum of all exponentials of each row of scores.
///
/// # Panics
/// When a slice has not the length that the sizes say.
pub fn forward(inputs: &Inputs<'_>, output: &mut [f32], log_sums: Option<&mut [f32]>) {
    forward_on(Arch::new(), inputs, output, log_sums);
}

/// [`forward`] with the instructions of `arch`.
pub(super) fn forward_on(arch: Arch, inputs: &Inputs<'_>, output: &mut [f32], log_sums: Option<&mut [f32]>) {
    inputs.check();
    let sizes = &inputs.sizes;
    assert_eq!(output.len(), sizes.output(), "an output for each query");
    if let Some(log_sums) = &log_sums {
        assert_eq!(log_sums.len(), sizes.score_rows(), "a sum for each row of scores");
    }
    if output.is_empty() {
        return;
    }
    let parts = inputs.parts();
    let (queries, keys) = tokens(inputs);
    let output = Shared::new(output);
    let log_sums = log_sums.map(Shared::new);
    for_each_head(sizes, 2, |batch, head| {
        let keys = &keys[batch.min(keys.len() - 1)];
        let (width, padded) = (sizes.width, padded_width(sizes.width));
        let key_tokens = keys.panels() * PANEL;
        let lengths = [
            key_tokens * width,
            key_tokens * padded,
            PANEL * width,
            PANEL * padded,
            BLOCK.min(key_tokens) * PANEL,
        ];
        with_scratch(&lengths, |mut scratch| {
            arch.dispatch(Head {
                sizes,
                batch,
                head,
                query: query_preparation(inputs, &parts, batch, head, &queries),
                key: key_preparation(inputs, &parts, batch, head, keys),
                value: parts.value,
                output: &output,
                log_sums: log_sums.as_ref(),
                buffers: lengths.map(|length| scratch.take(length)),
            });
        });
    });
}

/// Tokens that ask, and tokens that are asked: those that exist, of each example, or one list for all examples.
pub(super) fn tokens(inputs: &Inputs<'_>) -> (Tokens, Vec<Tokens>) {
    let sizes = &inputs.sizes;
    let queries = Tokens::all(sizes.queries, inputs.query_rotation, sizes.width);
    let keys = match inputs.mask {
        Some(mask) if sizes.keys > 0 => mask
            .chunks_exact(sizes.keys)
            .map(|mask| {
                let existing = (0..)
                    .zip(mask)
                    .filter(|&(_, &mask)| mask != 0.0)
                    .map(|(index, _)| index);
                Tokens::new(existing.collect(), inputs.key_rotation, sizes.width)
            })
            .collect(),
        _ => vec![Tokens::all(sizes.keys, inputs.key_rotation, sizes.width)],
    };
    (queries, keys)
}

/// How queries enter the scores: with the scale of the scores and the change from base e to base two.
pub(super) fn query_preparation<'a>(
    inputs: &Inputs<'a>,
    parts: &Parts<'a>,
    batch: usize,
    head: usize,
    tokens: &'a Tokens,
) -> Preparation<'a> {
    Preparation {
        rows: parts.query.1.rows(parts.query.0, batch, head),
        tokens,
        weight: inputs
            .normalisation
            .map(|normalisation| (normalisation.query, normalisation.epsilon)),
        width: inputs.sizes.width,
        scale: score_scale(&inputs.sizes) * std::f32::consts::LOG2_E,
    }
}

/// How keys enter the scores.
pub(super) fn key_preparation<'a>(
    inputs: &Inputs<'a>,
    parts: &Parts<'a>,
    batch: usize,
    head: usize,
    tokens: &'a Tokens,
) -> Preparation<'a> {
    Preparation {
        rows: parts.key.1.rows(parts.key.0, batch, head),
        tokens,
        weight: inputs
            .normalisation
            .map(|normalisation| (normalisation.key, normalisation.epsilon)),
        width: inputs.sizes.width,
        scale: 1.0,
    }
}

/// `1 / sqrt(width)`.
pub(super) fn score_scale(sizes: &Sizes) -> f32 {
    1.0 / (sizes.width as f32).sqrt()
}

/// One head of one example.
struct Head<'a> {
    sizes: &'a Sizes,
    batch: usize,
    head: usize,
    query: Preparation<'a>,
    key: Preparation<'a>,
    value: (&'a [f32], Layout),
    output: &'a Shared<'a>,
    log_sums: Option<&'a Shared<'a>>,
    buffers: [&'a mut [f32]; 5],
}

impl WithSimd for Head<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            sizes,
            batch,
            head,
            query,
            key,
            value,
            output,
            log_sums,
            buffers,
        } = self;
        let [key_columns, value_rows, query_columns, sums, scores] = buffers;
        let (width, padded) = (sizes.width, padded_width(sizes.width));
        let keys = key.tokens.indices.len();
        for (index, panel) in key_columns.chunks_exact_mut(width * PANEL).enumerate() {
            key.fill(simd, index, panel);
        }
        let values = value.1.rows(value.0, batch, head);
        for (&token, row) in key.tokens.indices.iter().zip(value_rows.chunks_exact_mut(padded)) {
            copy_row(simd, values.row(token as usize, width), row);
        }
        let layout = Layout::separate(sizes.queries, sizes);
        for panel in 0..query.tokens.panels() {
            let tokens = query.tokens.panel(panel);
            query.fill(simd, panel, query_columns);
            let mut softmax = Softmax::new();
            sums.fill(0.0);
            for first in (0..keys).step_by(BLOCK) {
                let here = BLOCK.min(keys - first);
                let panels = key_columns[first * width..].chunks_exact(width * PANEL);
                for ((rows, out), done) in panels
                    .zip(scores.chunks_exact_mut(PANEL * PANEL))
                    .zip((0..here).step_by(PANEL))
                {
                    Scores {
                        rows,
                        queries: query_columns,
                        width,
                        start: &[0.0; PANEL],
                        factor: None,
                        out,
                    }
                    .compute(simd, PANEL.min(here - done), tokens.len());
                }
                softmax.add(simd, &mut scores[..here * PANEL], tokens.len());
                Combination::<1, PANEL> {
                    weights: scores,
                    terms: &value_rows[first * padded..],
                    depth: here,
                    padded,
                    scale: Some(&softmax.shrink),
                    out: sums,
                }
                .compute(simd, tokens.len());
            }
            for ((&token, sums), &sum) in tokens.iter().zip(sums.chunks_exact(padded)).zip(&softmax.sum) {
                // SAFETY: the rows of this query and head are written by this call only.
                let row =
                    unsafe { output.part(layout.start(batch, head) + token as usize * layout.token_stride, width) };
                write_row(simd, sums, if keys == 0 { 0.0 } else { 1.0 / sum }, row);
            }
            if let Some(log_sums) = log_sums {
                let start = (batch * sizes.heads + head) * sizes.queries + panel * PANEL;
                // SAFETY: the sums of these queries and this head are written by this call only.
                let log_sums = unsafe { log_sums.part(start, tokens.len()) };
                for ((log_sum, &maximum), &sum) in log_sums.iter_mut().zip(&softmax.maximum).zip(&softmax.sum) {
                    *log_sum = maximum + sum.log2();
                }
            }
        }
    }
}
