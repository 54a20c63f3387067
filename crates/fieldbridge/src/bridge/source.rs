//! A base point that is part of the context.

use std::ops::Range;

use burn_tensor::Tensor;

use super::Rows;
use crate::network::{Context, Modality};

/// The columns of one modality of the context, which hold the base point of each row: the data come in pairs. What was not
/// observed of it stands at zero, the mean of the scaled values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    columns: Range<usize>,
}

impl Source {
    /// The modality called `name`; none when there is none, or when it is not as long as a data point.
    pub fn find(name: &str, modalities: &[Modality], dimension: usize) -> Option<Self> {
        let place = modalities.iter().position(|modality| modality.name == name)?;
        let start = modalities[..place].iter().map(|modality| modality.width).sum();
        let columns = start..start + modalities[place].width;
        (columns.len() == dimension).then_some(Self { columns })
    }

    /// The base points of a context, `[batch, D]`.
    pub(super) fn of_context(&self, context: &Context) -> Tensor<2> {
        let part = |x: &Tensor<2>| x.clone().narrow(1, self.columns.start, self.columns.len());
        context.spread(part(&context.values).mask_fill(part(&context.mask).equal_elem(0.0), 0.0))
    }

    /// The base points of rows, flat.
    pub(super) fn of_rows(&self, rows: &Rows) -> Vec<f32> {
        let width = rows.context.len() / rows.count.max(1);
        let mut points = Vec::with_capacity(rows.count * self.columns.len());
        for row in 0..rows.count {
            for column in self.columns.clone() {
                let at = row * width + column;
                points.push(if rows.mask[at] == 0.0 { 0.0 } else { rows.context[at] });
            }
        }
        points
    }

    /// The context without these columns; none when nothing is left.
    pub(super) fn without(&self, context: &Context) -> Option<Context> {
        let width = context.values.dims()[1];
        let (before, after) = (self.columns.start, width - self.columns.end);
        if before + after == 0 {
            return None;
        }
        let part = |x: &Tensor<2>| {
            let mut parts = Vec::new();
            if before > 0 {
                parts.push(x.clone().narrow(1, 0, before));
            }
            if after > 0 {
                parts.push(x.clone().narrow(1, self.columns.end, after));
            }
            Tensor::cat(parts, 1)
        };
        Some(Context {
            values: part(&context.values),
            mask: part(&context.mask),
            given: context.given.clone(),
        })
    }
}
