//! Mean and spread of groups.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::layout::{Layout, first};
use crate::vectors::Instructions;

/// Mean and sum of squared distances from it.
#[derive(Clone, Copy, Debug, Default)]
struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    /// Moments of two sets together (Chan, Golub & LeVeque 1983, doi:10.1080/00031305.1983.10483115).
    fn with(self, other: Self) -> Self {
        let count = self.count + other.count;
        if other.count == 0.0 {
            return self;
        }
        let distance = other.mean - self.mean;
        let share = other.count / count;
        Self {
            count,
            mean: self.mean + distance * share,
            squares: self.squares + other.squares + distance * distance * self.count * share,
        }
    }
}

/// Mean and reciprocal standard deviation of each group of a sample, one after the other.
///
/// Blocks are small enough to be read twice, for their means and for the squared distances from them.
pub(super) fn statistics(
    instructions: impl Instructions,
    layout: &Layout,
    sample: &[f32],
    epsilon: f32,
) -> Vec<[f32; 2]> {
    let group = layout.spread(|channel| layout.group(channel));
    let blocks: Vec<Vec<Moments>> = sample
        .par_chunks(layout.block())
        .with_min_len(layout.blocks_together())
        .map(|values| block_moments(instructions, layout.groups, &group, values))
        .collect();
    let mut groups = vec![Moments::default(); layout.groups];
    for block in &blocks {
        groups
            .iter_mut()
            .zip(block)
            .for_each(|(group, &block)| *group = group.with(block));
    }
    let parts = |group: Moments| {
        let variance = group.squares / group.count;
        [group.mean as f32, (1.0 / (variance + f64::from(epsilon)).sqrt()) as f32]
    };
    groups.into_iter().map(parts).collect()
}

/// Moments of each group in a block; `group` says which one a column belongs to.
fn block_moments(instructions: impl Instructions, groups: usize, group: &[usize], values: &[f32]) -> Vec<Moments> {
    let mut sums = vec![0.0; group.len()];
    instructions.run(Sums {
        values,
        centre: None,
        sums: &mut sums,
    });
    let count = (values.len() / groups) as f64;
    let mut moments = vec![
        Moments {
            count,
            ..Moments::default()
        };
        groups
    ];
    for (&group, &sum) in group.iter().zip(&sums) {
        moments[group].mean += f64::from(sum);
    }
    moments.iter_mut().for_each(|moments| moments.mean /= count);
    let centre: Vec<f32> = group.iter().map(|&group| moments[group].mean as f32).collect();
    instructions.run(Sums {
        values,
        centre: Some(&centre),
        sums: &mut sums,
    });
    for (&group, &sum) in group.iter().zip(&sums) {
        moments[group].squares += f64::from(sum);
    }
    // the distances were those from the rounded means
    for moments in &mut moments {
        let rounding = moments.mean - f64::from(moments.mean as f32);
        moments.squares = (moments.squares - moments.count * rounding * rounding).max(0.0);
    }
    moments
}

/// Sums of the columns of a block, or of the squares of their distances from a centre.
struct Sums<'a> {
    values: &'a [f32],
    centre: Option<&'a [f32]>,
    sums: &'a mut [f32],
}

impl WithSimd for Sums<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let vectors = self.sums.len() / S::F32_LANES;
        let mut vector = 0;
        while vector < vectors {
            vector += match (self.centre, vectors - vector) {
                (None, 4..) => sums::<S, 4, false>(simd, vector, self.values, &[], self.sums),
                (None, _) => sums::<S, 1, false>(simd, vector, self.values, &[], self.sums),
                (Some(centre), 4..) => sums::<S, 4, true>(simd, vector, self.values, centre, self.sums),
                (Some(centre), _) => sums::<S, 1, true>(simd, vector, self.values, centre, self.sums),
            };
        }
    }
}

/// The sums of `WIDE` vectors of columns.
#[inline(always)]
fn sums<S: Simd, const WIDE: usize, const SQUARES: bool>(
    simd: S,
    vector: usize,
    values: &[f32],
    centre: &[f32],
    sums: &mut [f32],
) -> usize {
    let columns = sums.len();
    let stride = columns / S::F32_LANES;
    let rows = values.len() / columns;
    let (whole, rest) = values.split_at(rows * columns);
    let (whole, _) = S::as_simd_f32s(whole);
    let mut centres = [simd.splat_f32s(0.0); WIDE];
    if SQUARES {
        let (centre, _) = S::as_simd_f32s(centre);
        centres.copy_from_slice(&centre[vector..vector + WIDE]);
    }
    let mut found = [simd.splat_f32s(0.0); WIDE];
    for row in 0..rows {
        let values = &whole[row * stride + vector..][..WIDE];
        for wide in 0..WIDE {
            if SQUARES {
                let distance = simd.sub_f32s(values[wide], centres[wide]);
                found[wide] = simd.mul_add_e_f32s(distance, distance, found[wide]);
            } else {
                found[wide] = simd.add_f32s(found[wide], values[wide]);
            }
        }
    }
    for wide in 0..WIDE {
        let count = in_last_row::<S>(rest, vector + wide);
        if count > 0 {
            let value = simd.partial_load_f32s(&rest[(vector + wide) * S::F32_LANES..][..count]);
            if SQUARES {
                let distance = simd.mul_f32s(simd.sub_f32s(value, centres[wide]), first(simd, count));
                found[wide] = simd.mul_add_e_f32s(distance, distance, found[wide]);
            } else {
                found[wide] = simd.add_f32s(found[wide], value);
            }
        }
    }
    let (sums, _) = S::as_mut_simd_f32s(sums);
    sums[vector..vector + WIDE].copy_from_slice(&found);
    WIDE
}

/// How many numbers of a vector lie in a row that is not whole.
#[inline(always)]
fn in_last_row<S: Simd>(row: &[f32], vector: usize) -> usize {
    row.len().saturating_sub(vector * S::F32_LANES).min(S::F32_LANES)
}
