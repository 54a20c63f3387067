//! Normalisation forward.

use pulp::Arch;

use super::layout::Layout;
use super::{Normalisation, row};

/// Writes the normalised rows into `y`, and for each row what was taken off it and the inverse of what it was divided by
/// into `statistics`, `[rows, 2]`.
///
/// With a residual `r`, the rows are those of `x + r`, which are written out in the same pass: `residual` is `r` and the
/// place for the sum.
///
/// # Panics
/// When a length is not that of the layout.
pub fn forward(
    normalisation: Normalisation<'_>,
    layout: Layout,
    x: &[f32],
    residual: Option<(&[f32], &mut [f32])>,
    y: &mut [f32],
    statistics: &mut [f32],
) {
    normalisation.check(layout);
    let (width, count) = (layout.width, layout.count());
    assert_eq!(
        (x.len(), y.len(), statistics.len()),
        (count, count, 2 * layout.rows()),
        "the layout's lengths"
    );
    let by_row = |task, [y, statistics]: [&mut [f32]; 2], x: &[f32]| {
        normalise(normalisation, layout, task, x, y, statistics);
    };
    match residual {
        None => layout.run([(y, width), (statistics, 2)], [], |task, arrays, []| {
            let start = layout.piece(task.start).1.start * width;
            let length = arrays[0].len();
            by_row(task, arrays, &x[start..start + length]);
        }),
        Some((addend, sum)) => {
            assert_eq!((addend.len(), sum.len()), (count, count), "the layout's lengths");
            layout.run(
                [(y, width), (statistics, 2), (sum, width)],
                [],
                |task, [y, statistics, sum], []| {
                    // piece by piece, so that the sum is still near when it is normalised
                    let start = layout.piece(task.start).1.start * width;
                    let length = sum.len();
                    let terms = x[start..start + length].iter().zip(&addend[start..start + length]);
                    sum.iter_mut()
                        .zip(terms)
                        .for_each(|(sum, (x, addend))| *sum = x + addend);
                    by_row(task, [y, statistics], sum);
                },
            );
        }
    }
}

/// The rows of one task; `x`, `y` and `statistics` begin with them.
fn normalise(
    normalisation: Normalisation<'_>,
    layout: Layout,
    task: std::ops::Range<usize>,
    x: &[f32],
    y: &mut [f32],
    statistics: &mut [f32],
) {
    let width = layout.width;
    if width == 0 {
        for statistic in statistics.chunks_exact_mut(2) {
            statistic.copy_from_slice(&row::statistics(normalisation.kind, normalisation.epsilon, &[]));
        }
        return;
    }
    let (mut factor, mut offset) = (vec![0.0; width], vec![0.0; width]);
    let mut rows = x
        .chunks_exact(width)
        .zip(y.chunks_exact_mut(width).zip(statistics.chunks_exact_mut(2)));
    let mut known = None;
    Arch::new().dispatch(
        #[inline(always)]
        || {
            for piece in task {
                let (element, range) = layout.piece(piece);
                if known != Some(element) {
                    normalisation.factor(element, &mut factor);
                    normalisation.offset(element, &mut offset);
                    known = Some(element);
                }
                for (x, (y, statistic)) in rows.by_ref().take(range.len()) {
                    let found = row::statistics(normalisation.kind, normalisation.epsilon, x);
                    statistic.copy_from_slice(&found);
                    row::scale(found, x, &factor, &offset, y);
                }
            }
        },
    );
}
