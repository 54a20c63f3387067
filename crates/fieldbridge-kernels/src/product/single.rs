//! Products on one thread.

use super::factor::{Factor, Form};
use super::instructions::Instructions;
use super::matrix::{Matrix, MatrixMut, Start};
use super::packing::with_scratch;

/// Most numbers of B packed at once: they stay in the second cache.
const PACKED: usize = 1 << 16;

/// Fewest rows of A for which a narrow product with a transposed A is computed transposed.
const TURNED_ROWS: usize = 16;

/// `C = A B`, or `C += A B`.
///
/// # Panics
/// When shapes do not fit.
pub(super) fn product(
    instructions: &'static Instructions,
    a: Matrix<'_>,
    b: Matrix<'_>,
    mut c: MatrixMut<'_>,
    start: Start,
) {
    assert_eq!(a.columns, b.rows, "columns of A are rows of B");
    assert_eq!(
        (a.rows, b.columns),
        (c.rows, c.columns),
        "C has the rows of A and the columns of B"
    );
    assert!(
        a.lies_inside() && b.lies_inside() && c.lies_inside(),
        "matrices lie inside their slices"
    );
    if c.rows == 0 || c.columns == 0 || a.columns == 0 {
        if start == Start::Zero {
            c.each_row().for_each(|row| row.fill(0.0));
        }
        return;
    }
    if b.columns < instructions.width && a.row_stride == 1 && a.column_stride > 1 && a.rows >= TURNED_ROWS {
        return turned(instructions, a, b, c, start);
    }
    let form = Form::of(b, a.rows);
    let depth_most = if form == Form::Narrow {
        a.columns
    } else {
        a.columns.min(instructions.depth)
    };
    let panel = instructions.panel();
    let columns_most = if form == Form::Narrow {
        b.columns
    } else {
        (PACKED / depth_most / panel).max(1) * panel
    };
    // of nearly equal size
    let columns_most = b
        .columns
        .div_ceil(b.columns.div_ceil(columns_most))
        .next_multiple_of(panel);
    let depth_most = a.columns.div_ceil(a.columns.div_ceil(depth_most));
    // a narrower last part may need memory where whole panels are read in place
    let parts = [columns_most.min(b.columns), b.columns % columns_most];
    let lengths = parts.map(|columns| form.length(instructions, depth_most, columns));
    with_scratch(lengths[0].max(lengths[1]), |memory| {
        for column in (0..b.columns).step_by(columns_most) {
            let columns = columns_most.min(b.columns - column);
            for step in (0..a.columns).step_by(depth_most) {
                let depth = depth_most.min(a.columns - step);
                let b = b.columns_from(column, columns).rows_from(step, depth);
                let memory = &mut memory[..form.length(instructions, depth, columns)];
                let factor = Factor::new(instructions, form, b, memory);
                let mut c = MatrixMut {
                    data: &mut c.data[column..],
                    rows: c.rows,
                    columns,
                    row_stride: c.row_stride,
                };
                factor.multiply(a.columns_from(step, depth), &mut c, start == Start::Keep || step > 0);
            }
        }
    });
}

/// The product with few columns and a transposed A, as `Cᵀ = Bᵀ Aᵀ`: the few columns become rows of a tile, and the
/// vectors run along the rows of `Aᵀ`.
fn turned(instructions: &'static Instructions, a: Matrix<'_>, b: Matrix<'_>, mut c: MatrixMut<'_>, start: Start) {
    with_scratch(c.rows * c.columns, |memory| {
        let (rows, columns) = (c.rows, c.columns);
        if start == Start::Keep {
            for (row, numbers) in c.each_row().enumerate() {
                for (column, &number) in numbers.iter().enumerate() {
                    memory[column * rows + row] = number;
                }
            }
        }
        product(
            instructions,
            b.transposed(),
            a.transposed(),
            MatrixMut::new(memory, columns, rows),
            start,
        );
        for (row, numbers) in c.each_row().enumerate() {
            for (column, number) in numbers.iter_mut().enumerate() {
                *number = memory[column * rows + row];
            }
        }
    });
}
