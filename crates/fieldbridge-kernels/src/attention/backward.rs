//! The backward pass.

use pulp::{Arch, Simd, WithSimd};

use super::destination::{Destination, Targets};
use super::finish::Finish;
use super::forward::{BLOCK, key_preparation, query_preparation, score_scale, tokens};
use super::heads::{Shared, for_each_head};
use super::inputs::{Inputs, Layout, Sizes};
use super::panel::Preparation;
use super::power::power_of_two;
use super::rows::{copy_row, product, write_row};
use super::scratch::with_scratch;
use super::tile::{Combination, PANEL, Scores, padded_width};
use super::transpose::{Rows, columns_of, rows_of};

/// Gradients of the weights of [`Normalisation`](super::Normalisation).
#[derive(Clone, Debug, PartialEq)]
pub struct WeightGradients {
    /// `[width]`.
    pub query: Vec<f32>,
    /// `[width]`.
    pub key: Vec<f32>,
}

/// Gradients from that of the output, `[batch, queries, heads, width]`, into all of `destination`.
///
/// With `g` the gradient of the output and `p` the weights of the softmax, computed again from `log_sums`,
///
/// ```text
/// dv_j = sum over i of p_ij g_i,    ds_ij = p_ij (g_i . v_j - g_i . o_i),
/// dq_i = sum over j of ds_ij k_j / sqrt(width),    dk_j = sum over i of ds_ij q_i / sqrt(width).
/// ```
///
/// `output` and `log_sums` are those of [`forward`](super::forward()). Returns the gradients of the weights of the
/// normalisation, if there is one: sums over heads and examples in the order of their indices.
///
/// # Panics
/// When a slice has not the length that the sizes say.
pub fn backward(
    inputs: &Inputs<'_>,
    output: &[f32],
    log_sums: &[f32],
    gradient: &[f32],
    destination: Destination<'_>,
) -> Option<WeightGradients> {
    backward_on(Arch::new(), inputs, output, log_sums, gradient, destination)
}

/// [`backward`] with the instructions of `arch`.
pub(super) fn backward_on(
    arch: Arch,
    inputs: &Inputs<'_>,
    output: &[f32],
    log_sums: &[f32],
    gradient: &[f32],
    destination: Destination<'_>,
) -> Option<WeightGradients> {
    inputs.check();
    let sizes = &inputs.sizes;
    let lengths = (output.len(), gradient.len(), log_sums.len());
    assert_eq!(
        lengths,
        (sizes.output(), sizes.output(), sizes.score_rows()),
        "an output for each query"
    );
    let (width, padded) = (sizes.width, padded_width(sizes.width));
    let mut weight_parts = vec![
        0.0;
        if inputs.normalisation.is_some() {
            2 * width * sizes.batch * sizes.heads
        } else {
            0
        }
    ];
    let parts = inputs.parts();
    let (queries, keys) = tokens(inputs);
    let targets = Targets::new(destination, sizes);
    let weight_target = Shared::new(&mut weight_parts);
    if width > 0 {
        for_each_head(sizes, 5, |batch, head| {
            let keys = &keys[batch.min(keys.len() - 1)];
            let key_tokens = keys.panels() * PANEL;
            let block = BLOCK.min(key_tokens) * PANEL;
            let lengths = [
                [key_tokens * width; 2].as_slice(),
                &[key_tokens * padded; 3],
                &[PANEL * width; 6],
                &[PANEL * padded; 3],
                &[block; 2],
            ]
            .concat();
            with_scratch(&lengths, |mut scratch| {
                arch.dispatch(Head {
                    sizes,
                    batch,
                    head,
                    query: query_preparation(inputs, &parts, batch, head, &queries),
                    key: key_preparation(inputs, &parts, batch, head, keys),
                    value: parts.value.1.rows(parts.value.0, batch, head),
                    output,
                    log_sums: &log_sums[(batch * sizes.heads + head) * sizes.queries..][..sizes.queries],
                    gradient,
                    targets: &targets,
                    weight_target: inputs.normalisation.is_some().then_some(&weight_target),
                    by_key: KeyBuffers {
                        key_columns: scratch.take(key_tokens * width),
                        value_columns: scratch.take(key_tokens * width),
                        key_rows: scratch.take(key_tokens * padded),
                        key_gradient: scratch.take(key_tokens * padded),
                        value_gradient: scratch.take(key_tokens * padded),
                    },
                    columns: [(); 6].map(|()| scratch.take(PANEL * width)),
                    rows: [(); 3].map(|()| scratch.take(PANEL * padded)),
                    blocks: [(); 2].map(|()| scratch.take(block)),
                });
            });
        });
    }
    inputs.normalisation.map(|_| {
        let mut sums = WeightGradients {
            query: vec![0.0; width],
            key: vec![0.0; width],
        };
        for part in weight_parts.chunks_exact(2 * width.max(1)) {
            let (query, key) = part.split_at(width);
            sums.query.iter_mut().zip(query).for_each(|(sum, part)| *sum += part);
            sums.key.iter_mut().zip(key).for_each(|(sum, part)| *sum += part);
        }
        sums
    })
}

/// What is held for all keys.
struct KeyBuffers<'a> {
    key_columns: &'a mut [f32],
    value_columns: &'a mut [f32],
    key_rows: &'a mut [f32],
    key_gradient: &'a mut [f32],
    value_gradient: &'a mut [f32],
}

/// One head of one example.
struct Head<'a> {
    sizes: &'a Sizes,
    batch: usize,
    head: usize,
    query: Preparation<'a>,
    key: Preparation<'a>,
    value: Rows<'a>,
    output: &'a [f32],
    log_sums: &'a [f32],
    gradient: &'a [f32],
    targets: &'a Targets<'a>,
    weight_target: Option<&'a Shared<'a>>,
    by_key: KeyBuffers<'a>,
    columns: [&'a mut [f32]; 6],
    rows: [&'a mut [f32]; 3],
    blocks: [&'a mut [f32]; 2],
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
            targets,
            by_key,
            ..
        } = self;
        let KeyBuffers {
            key_columns,
            value_columns,
            key_rows,
            key_gradient,
            value_gradient,
        } = by_key;
        let [
            query_columns,
            gradient_columns,
            own_columns,
            raw,
            query_weights,
            key_weights,
        ] = self.columns;
        let [query_rows, gradient_rows, query_gradient] = self.rows;
        let [weights, score_gradients] = self.blocks;
        let (width, padded) = (sizes.width, padded_width(sizes.width));
        let keys = key.tokens.indices.len();

        for (panel, columns) in key_columns.chunks_exact_mut(width * PANEL).enumerate() {
            key.fill(simd, panel, columns);
            rows_of(
                columns,
                key.tokens.panel(panel).len(),
                width,
                padded,
                &mut key_rows[panel * PANEL * padded..],
            );
        }
        for (panel, columns) in value_columns.chunks_exact_mut(width * PANEL).enumerate() {
            columns_of(value, key.tokens.panel(panel), width, columns);
        }
        for sums in [&mut *key_gradient, value_gradient, query_weights, key_weights] {
            sums.fill(0.0);
        }

        let layout = Layout::separate(sizes.queries, sizes);
        let outputs = layout.rows(self.output, batch, head);
        let gradients = layout.rows(self.gradient, batch, head);
        for panel in 0..query.tokens.panels() {
            let tokens = query.tokens.panel(panel);
            query.fill(simd, panel, query_columns);
            rows_of(query_columns, tokens.len(), width, padded, query_rows);
            columns_of(gradients, tokens, width, gradient_columns);
            let (mut minus_log_sum, mut minus_along) = ([0.0; PANEL], [0.0; PANEL]);
            for (i, (&token, row)) in tokens.iter().zip(gradient_rows.chunks_exact_mut(padded)).enumerate() {
                let gradient = gradients.row(token as usize, width);
                copy_row(simd, gradient, row);
                minus_along[i] = -product(simd, gradient, outputs.row(token as usize, width));
                minus_log_sum[i] = -self.log_sums[token as usize];
            }
            query_gradient.fill(0.0);
            for first in (0..keys).step_by(BLOCK) {
                let here = BLOCK.min(keys - first);
                for done in (0..here).step_by(PANEL) {
                    Scores {
                        rows: &key_columns[(first + done) * width..],
                        queries: query_columns,
                        width,
                        start: &minus_log_sum,
                        factor: None,
                        out: &mut weights[done * PANEL..],
                    }
                    .compute(simd, PANEL.min(here - done), tokens.len());
                }
                for weight in S::as_mut_simd_f32s(&mut weights[..here * PANEL]).0 {
                    *weight = power_of_two(simd, *weight);
                }
                for done in (0..here).step_by(PANEL) {
                    Scores {
                        rows: &value_columns[(first + done) * width..],
                        queries: gradient_columns,
                        width,
                        start: &minus_along,
                        factor: Some(&weights[done * PANEL..]),
                        out: &mut score_gradients[done * PANEL..],
                    }
                    .compute(simd, PANEL.min(here - done), tokens.len());
                }
                for (weights, terms, out) in [
                    (&*weights, &*gradient_rows, &mut *value_gradient),
                    (&*score_gradients, &*query_rows, &mut *key_gradient),
                ] {
                    let out = &mut out[first * padded..];
                    Combination::<PANEL, 1> {
                        weights,
                        terms,
                        depth: tokens.len(),
                        padded,
                        scale: None,
                        out,
                    }
                    .compute(simd, here);
                }
                Combination::<1, PANEL> {
                    weights: score_gradients,
                    terms: &key_rows[first * padded..],
                    depth: here,
                    padded,
                    scale: None,
                    out: query_gradient,
                }
                .compute(simd, tokens.len());
            }
            let finish = Finish {
                preparation: &query,
                factor: score_scale(sizes),
                targets,
                target: &targets.query,
            };
            finish.write(
                simd,
                (batch, head),
                panel,
                query_gradient,
                [&mut *own_columns, raw, query_weights],
            );
        }

        // queries entered the scores in base two, which is undone here
        let finish = Finish {
            preparation: &key,
            factor: std::f32::consts::LN_2,
            targets,
            target: &targets.key,
        };
        for (panel, rows) in key_gradient.chunks_exact_mut(PANEL * padded).enumerate() {
            finish.write(simd, (batch, head), panel, rows, [&mut *own_columns, raw, key_weights]);
        }
        for (&token, values) in key.tokens.indices.iter().zip(value_gradient.chunks_exact(padded)) {
            // SAFETY: this head is worked on by this call only, and the row is held alone.
            let row = unsafe { targets.row(&targets.value, (batch, head), token as usize, width) };
            write_row(simd, values, 1.0, row);
        }
        let mut existing = key.tokens.indices.iter().peekable();
        for token in 0..sizes.keys {
            if existing.next_if(|&&index| index as usize == token).is_none() {
                for target in [&targets.key, &targets.value] {
                    // SAFETY: as above.
                    unsafe { targets.row(target, (batch, head), token, width) }.fill(0.0);
                }
            }
        }
        if let Some(weight_target) = self.weight_target {
            // SAFETY: the part of this head is written by this call only.
            let part = unsafe { weight_target.part((batch * sizes.heads + head) * 2 * width, 2 * width) };
            let sums = query_weights.chunks_exact(PANEL).chain(key_weights.chunks_exact(PANEL));
            for (part, sums) in part.iter_mut().zip(sums) {
                *part = sums.iter().sum();
            }
        }
    }
}
