//! Queries and keys as they enter the scores: normalised and turned, by columns; and the way back for gradients.

use pulp::Simd;

use super::inputs::Rotation;
use super::tile::PANEL;
use super::transpose::{Rows, columns_of};

/// The tokens of one example that exist, and their angles.
pub(super) struct Tokens {
    /// Their indices.
    pub(super) indices: Vec<u32>,
    /// For each panel cosines, then sines, each `[width / 2][PANEL]`.
    angles: Option<Vec<f32>>,
}

impl Tokens {
    pub(super) fn new(indices: Vec<u32>, rotation: Option<Rotation<'_>>, width: usize) -> Self {
        let half = width / 2;
        let angles = rotation.filter(|_| half > 0).map(|rotation| {
            let mut angles = vec![0.0; indices.len().div_ceil(PANEL) * 2 * half * PANEL];
            for (panel, tokens) in angles.chunks_exact_mut(2 * half * PANEL).zip(indices.chunks(PANEL)) {
                let (cosine, sine) = panel.split_at_mut(half * PANEL);
                columns_of(
                    Rows {
                        data: rotation.cosine,
                        start: 0,
                        stride: half,
                    },
                    tokens,
                    half,
                    cosine,
                );
                columns_of(
                    Rows {
                        data: rotation.sine,
                        start: 0,
                        stride: half,
                    },
                    tokens,
                    half,
                    sine,
                );
            }
            angles
        });
        Self { indices, angles }
    }

    /// All `count` tokens.
    pub(super) fn all(count: usize, rotation: Option<Rotation<'_>>, width: usize) -> Self {
        Self::new((0..count as u32).collect(), rotation, width)
    }

    pub(super) fn panels(&self) -> usize {
        self.indices.len().div_ceil(PANEL)
    }

    /// Indices of the tokens of a panel.
    pub(super) fn panel(&self, panel: usize) -> &[u32] {
        &self.indices[panel * PANEL..self.indices.len().min((panel + 1) * PANEL)]
    }

    fn angles(&self, panel: usize, width: usize) -> Option<(&[f32], &[f32])> {
        let length = width / 2 * PANEL;
        self.angles
            .as_ref()
            .map(|angles| angles[panel * 2 * length..][..2 * length].split_at(length))
    }
}

/// How the tokens of one head, queries or keys, become what enters the scores.
pub(super) struct Preparation<'a> {
    pub(super) rows: Rows<'a>,
    pub(super) tokens: &'a Tokens,
    /// Weights and epsilon of the normalisation.
    pub(super) weight: Option<(&'a [f32], f32)>,
    pub(super) width: usize,
    /// Multiplies all at the end.
    pub(super) scale: f32,
}

impl Preparation<'_> {
    /// Whether rows enter the scores as they are but for the scale.
    pub(super) fn is_plain(&self) -> bool {
        self.weight.is_none() && self.tokens.angles.is_none()
    }

    /// Fills a panel by columns.
    #[inline(always)]
    pub(super) fn fill<S: Simd>(&self, simd: S, index: usize, panel: &mut [f32]) {
        columns_of(self.rows, self.tokens.panel(index), self.width, panel);
        let panel = S::as_mut_simd_f32s(&mut panel[..self.width * PANEL]).0;
        let lanes = PANEL / S::F32_LANES;
        if let Some((weight, epsilon)) = self.weight {
            for lane in 0..lanes {
                let inverse = inverse_root(simd, panel, lane, self.width, epsilon);
                for (d, &weight) in weight.iter().enumerate() {
                    let value = &mut panel[d * lanes + lane];
                    *value = simd.mul_f32s(simd.mul_f32s(*value, inverse), simd.splat_f32s(weight));
                }
            }
        }
        if let Some((cosine, sine)) = self.tokens.angles(index, self.width) {
            turn(simd, panel, cosine, sine, 1.0);
        }
        if self.scale != 1.0 {
            let scale = simd.splat_f32s(self.scale);
            panel.iter_mut().for_each(|value| *value = simd.mul_f32s(*value, scale));
        }
    }

    /// Takes `factor` times the gradient of a panel by columns back to the tensor's own numbers, and adds the
    /// gradients of the weights, `[width][PANEL]`, to be summed over the panel. `raw` is filled with the tensor's own
    /// numbers.
    #[inline(always)]
    pub(super) fn take_back<S: Simd>(
        &self,
        simd: S,
        index: usize,
        factor: f32,
        gradient: &mut [f32],
        raw: &mut [f32],
        weight_gradient: &mut [f32],
    ) {
        let length = self.width * PANEL;
        let lanes = PANEL / S::F32_LANES;
        let gradient = S::as_mut_simd_f32s(&mut gradient[..length]).0;
        let factor = simd.splat_f32s(factor);
        gradient
            .iter_mut()
            .for_each(|value| *value = simd.mul_f32s(*value, factor));
        if let Some((cosine, sine)) = self.tokens.angles(index, self.width) {
            turn(simd, gradient, cosine, sine, -1.0);
        }
        let Some((weight, epsilon)) = self.weight else {
            return;
        };
        columns_of(self.rows, self.tokens.panel(index), self.width, raw);
        let raw = S::as_simd_f32s(&raw[..length]).0;
        let weight_gradient = S::as_mut_simd_f32s(&mut weight_gradient[..length]).0;
        let count = simd.splat_f32s(1.0 / self.width as f32);
        for lane in 0..lanes {
            let inverse = inverse_root(simd, raw, lane, self.width, epsilon);
            let mut sum = simd.splat_f32s(0.0);
            for (d, &weight) in weight.iter().enumerate() {
                let place = d * lanes + lane;
                let unit = simd.mul_f32s(raw[place], inverse);
                let part = simd.mul_f32s(gradient[place], unit);
                weight_gradient[place] = simd.add_f32s(weight_gradient[place], part);
                sum = simd.mul_add_e_f32s(part, simd.splat_f32s(weight), sum);
            }
            let mean = simd.mul_f32s(sum, count);
            for (d, &weight) in weight.iter().enumerate() {
                let place = d * lanes + lane;
                let unit = simd.mul_f32s(raw[place], inverse);
                let weighted = simd.mul_f32s(gradient[place], simd.splat_f32s(weight));
                let along = simd.mul_f32s(unit, mean);
                gradient[place] = simd.mul_f32s(inverse, simd.sub_f32s(weighted, along));
            }
        }
    }
}

/// `1 / sqrt(mean(x^2) + epsilon)` of the tokens in one vector of a panel.
#[inline(always)]
fn inverse_root<S: Simd>(simd: S, panel: &[S::f32s], lane: usize, width: usize, epsilon: f32) -> S::f32s {
    let lanes = PANEL / S::F32_LANES;
    let mut sum = simd.splat_f32s(0.0);
    for d in 0..width {
        let value = panel[d * lanes + lane];
        sum = simd.mul_add_e_f32s(value, value, sum);
    }
    let mean = simd.mul_add_e_f32s(sum, simd.splat_f32s(1.0 / width as f32), simd.splat_f32s(epsilon));
    simd.div_f32s(simd.splat_f32s(1.0), simd.sqrt_f32s(mean))
}

/// Turns pairs of components; `direction` is one or, for the way back, minus one.
#[inline(always)]
fn turn<S: Simd>(simd: S, panel: &mut [S::f32s], cosine: &[f32], sine: &[f32], direction: f32) {
    let lanes = PANEL / S::F32_LANES;
    let direction = simd.splat_f32s(direction);
    let (cosine, sine) = (S::as_simd_f32s(cosine).0, S::as_simd_f32s(sine).0);
    let angles = cosine.chunks_exact(lanes).zip(sine.chunks_exact(lanes));
    for (pair, (cosine, sine)) in panel.chunks_exact_mut(2 * lanes).zip(angles) {
        let (even, odd) = pair.split_at_mut(lanes);
        for lane in 0..lanes {
            let (x, y) = (even[lane], odd[lane]);
            let sine = simd.mul_f32s(sine[lane], direction);
            even[lane] = simd.negate_mul_add_e_f32s(y, sine, simd.mul_f32s(x, cosine[lane]));
            odd[lane] = simd.mul_add_e_f32s(x, sine, simd.mul_f32s(y, cosine[lane]));
        }
    }
}
