//! Normalisation backward.

use pulp::Arch;

use super::layout::Layout;
use super::{Kind, Modulation, Normalisation, row};
use crate::workspace::Buffer;

/// Gradients with respect to what a normalisation is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradients {
    /// Of the rows.
    pub x: Buffer,
    /// Of the weight, when there is one.
    pub weight: Option<Buffer>,
    /// Of the bias, when there is one.
    pub bias: Option<Buffer>,
    /// Of scale and shift, when there are any.
    pub modulation: Option<(Buffer, Buffer)>,
}

/// Gradients from that of `y` with the rows `x` that were normalised and their `statistics` as the forward pass wrote
/// them.
///
/// With a residual, `x` is the sum that was normalised; `residual` is the gradient that reaches it by other ways. It is
/// added to that of the rows in the same pass and the result is the gradient of both terms of the sum.
///
/// # Panics
/// When a length is not that of the layout.
pub fn backward(
    normalisation: Normalisation<'_>,
    layout: Layout,
    x: &[f32],
    statistics: &[f32],
    gradient: &[f32],
    residual: Option<&[f32]>,
) -> Gradients {
    normalisation.check(layout);
    let (width, count) = (layout.width, layout.count());
    assert_eq!(
        (x.len(), gradient.len(), statistics.len()),
        (count, count, 2 * layout.rows()),
        "the layout's lengths"
    );
    assert!(
        residual.is_none_or(|residual| residual.len() == count),
        "the layout's lengths"
    );
    let mut found = Buffer::stale(count);
    let (mut sums, mut products) = (
        Buffer::zeros(layout.pieces() * width),
        Buffer::zeros(layout.pieces() * width),
    );
    layout.run(
        [(&mut found, width)],
        [&mut sums, &mut products],
        |task, [found], [sums, products]| {
            if width == 0 {
                return;
            }
            let mut factor = vec![0.0; width];
            let start = layout.piece(task.start).1.start;
            let mut found = found.chunks_exact_mut(width);
            let mut row = start;
            let mut known = None;
            Arch::new().dispatch(
                #[inline(always)]
                || {
                    let pieces = sums.chunks_exact_mut(width).zip(products.chunks_exact_mut(width));
                    for (piece, (sums, products)) in task.zip(pieces) {
                        let (element, range) = layout.piece(piece);
                        if known != Some(element) {
                            normalisation.factor(element, &mut factor);
                            known = Some(element);
                        }
                        for found in found.by_ref().take(range.len()) {
                            let part = row * width..row * width + width;
                            let (x, gradient) = (&x[part.clone()], &gradient[part.clone()]);
                            let statistic = [statistics[2 * row], statistics[2 * row + 1]];
                            let mut means = row::means(statistic, x, &factor, gradient);
                            if normalisation.kind == Kind::RootMeanSquare {
                                means[0] = 0.0;
                            }
                            row::collect(statistic, x, gradient, sums, products);
                            row::through(statistic, means, x, &factor, gradient, found);
                            if let Some(residual) = residual {
                                found
                                    .iter_mut()
                                    .zip(&residual[part])
                                    .for_each(|(found, more)| *found += more);
                            }
                            row += 1;
                        }
                    }
                },
            );
        },
    );
    of_parameters(normalisation, found, layout.gather(sums), layout.gather(products))
}

/// The other gradients from the sums, over the rows of each element, of the gradient and of its products with the
/// normalised rows.
fn of_parameters(normalisation: Normalisation<'_>, x: Buffer, sums: Buffer, products: Buffer) -> Gradients {
    let over_elements = |values: &[f32], length: usize| {
        let mut total = Buffer::zeros(length);
        for (element, values) in values.chunks_exact(length.max(1)).enumerate() {
            match normalisation.modulation {
                Some(Modulation { scale, .. }) => {
                    let values = values.iter().zip(&scale[element * length..]);
                    total
                        .iter_mut()
                        .zip(values)
                        .for_each(|(total, (value, scale))| *total += value * (1.0 + scale));
                }
                None => total.iter_mut().zip(values).for_each(|(total, value)| *total += value),
            }
        }
        total
    };
    let weight = normalisation
        .weight
        .map(|weight| over_elements(&products, weight.len()));
    let bias = normalisation.bias.map(|bias| over_elements(&sums, bias.len()));
    let modulation = normalisation.modulation.map(|_| {
        // scale multiplies n weight + bias
        let mut scale = products;
        if let Some(weight) = normalisation.weight {
            for row in scale.chunks_exact_mut(weight.len().max(1)) {
                row.iter_mut().zip(weight).for_each(|(value, weight)| *value *= weight);
            }
        }
        if let Some(bias) = normalisation.bias {
            let width = bias.len().max(1);
            for (row, sums) in scale.chunks_exact_mut(width).zip(sums.chunks_exact(width)) {
                row.iter_mut()
                    .zip(sums.iter().zip(bias))
                    .for_each(|(value, (sum, bias))| *value += sum * bias);
            }
        }
        (scale, sums)
    });
    Gradients {
        x,
        weight,
        bias,
        modulation,
    }
}
