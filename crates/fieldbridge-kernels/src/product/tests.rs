//! Products against naive sums in double precision.

use super::instructions::Instructions;
use super::single::product;
use super::{Matrix, MatrixMut, PackedMatrix, Precision, Start, multiply, multiply_parallel, multiply_rows};
use crate::pairs::to_bf16;

/// Numbers in [-1, 1) from a linear congruence (Knuth's multiplier).
pub(super) struct Numbers(u64);

impl Numbers {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        self.next() as usize % end
    }

    pub(super) fn vector(&mut self, length: usize) -> Vec<f32> {
        (0..length)
            .map(|_| self.next() as f32 / (1_u64 << 30) as f32 - 1.0)
            .collect()
    }
}

/// Shapes of products: rows, shared index, columns.
pub(super) fn shapes(numbers: &mut Numbers) -> Vec<(usize, usize, usize)> {
    let mut shapes = vec![
        (0, 3, 4),
        (3, 0, 4),
        (3, 4, 0),
        (1, 1, 1),
        (14, 400, 32),
        (43, 770, 33),
        (64, 32, 261),
        (61, 261, 32),
        (330, 34, 96),
        (256, 40, 2),
        (17, 1024, 70),
        // wider than what is held at once, with a rest narrower than a panel
        (5, 300, 2309),
        (4, 24, 5000),
    ];
    for _ in 0..60 {
        shapes.push((numbers.below(40), numbers.below(50), numbers.below(100)));
    }
    for _ in 0..20 {
        shapes.push((numbers.below(400), numbers.below(10), numbers.below(12)));
    }
    shapes
}

/// A view of `rows` times `columns` of random numbers, of the given kind.
pub(super) fn view<'a>(data: &'a [f32], rows: usize, columns: usize, kind: usize) -> Matrix<'a> {
    match kind {
        0 => Matrix::new(&data[..rows * columns], rows, columns),
        1 => Matrix::new(&data[..rows * columns], columns, rows).transposed(),
        2 => Matrix::strided(data, rows, columns, columns + 5, 1),
        3 => Matrix::strided(data, columns, rows, rows + 3, 1).transposed(),
        _ => Matrix::strided(data, rows, columns, 3 * columns + 1, 3),
    }
}

/// Room for every kind of [`view`].
pub(super) fn room(rows: usize, columns: usize) -> usize {
    (rows + 5) * (columns + 5) * 4
}

fn element(matrix: Matrix<'_>, row: usize, column: usize) -> f64 {
    f64::from(matrix.data[row * matrix.row_stride + column * matrix.column_stride])
}

/// Asserts that C is the product, added to `before`. Each of the K roundings of a sum, and that of the start, is at most
/// half a unit in the last place of a partial sum, which the sum of all magnitudes bounds.
pub(super) fn assert_product(a: Matrix<'_>, b: Matrix<'_>, c: &[f32], row_stride: usize, before: Option<&[f32]>) {
    for row in 0..a.rows {
        for column in 0..b.columns {
            let place = row * row_stride + column;
            let mut sum = before.map_or(0.0, |before| f64::from(before[place]));
            let mut magnitude = sum.abs();
            for step in 0..a.columns {
                let term = element(a, row, step) * element(b, step, column);
                sum += term;
                magnitude += term.abs();
            }
            // the portable path rounds each product as well
            let bound = (2 * a.columns + 4) as f64 * f64::from(f32::EPSILON) / 2.0 * magnitude;
            let error = (f64::from(c[place]) - sum).abs();
            assert!(error <= bound, "{row} {column}: {} instead of {sum}", c[place]);
        }
    }
}

#[test]
fn every_path_computes_the_product() {
    let mut numbers = Numbers::new(1);
    for (rows, depth, columns) in shapes(&mut numbers) {
        let (a, b) = (numbers.vector(room(rows, depth)), numbers.vector(room(depth, columns)));
        let (kind_a, kind_b) = (numbers.below(5), numbers.below(5));
        let (a, b) = (view(&a, rows, depth, kind_a), view(&b, depth, columns, kind_b));
        let row_stride = columns + numbers.below(3);
        let before = numbers.vector(rows * row_stride);
        for instructions in Instructions::available() {
            for start in [Start::Zero, Start::Keep] {
                let mut c = before.clone();
                product(
                    instructions,
                    a,
                    b,
                    MatrixMut::strided(&mut c, rows, columns, row_stride),
                    start,
                );
                assert_product(a, b, &c, row_stride, (start == Start::Keep).then_some(&before));
                for (place, (after, before)) in c.iter().zip(&before).enumerate() {
                    assert!(
                        place % row_stride.max(1) < columns || after == before,
                        "written between rows"
                    );
                }
            }
        }
    }
}

/// The instructions for pairs see the same, whatever the order in which the memory of a factor is read.
#[test]
fn pairs_of_rounded_numbers_keep_what_is_not_finite_in_its_place() {
    let (rows, depth, columns) = (31, 37, 50);
    for transposed in [0, 1, 4] {
        let mut numbers = Numbers::new(5);
        let (mut a, mut b) = (numbers.vector(room(rows, depth)), numbers.vector(room(depth, columns)));
        let place = {
            let view = view(&a, rows, depth, transposed);
            (rows - 2) * view.row_stride + (depth - 1) * view.column_stride
        };
        a[place] = f32::NAN;
        let place = {
            let view = view(&b, depth, columns, transposed);
            (depth - 1) * view.row_stride + 3 * view.column_stride
        };
        b[place] = f32::INFINITY;
        let (a, b) = (view(&a, rows, depth, transposed), view(&b, depth, columns, transposed));
        let mut c = vec![0.0; rows * columns];
        let into = MatrixMut::new(&mut c, rows, columns);
        multiply_rows(Precision::Bf16, a, b, into, Start::Zero, |_, _| {});
        for (place, number) in c.iter().enumerate() {
            match (place / columns == rows - 2, place % columns == 3) {
                (true, _) => assert!(number.is_nan()),
                (false, true) => assert!(number.is_infinite()),
                (false, false) => assert!(number.is_finite()),
            }
        }
    }
}

#[test]
fn what_is_not_finite_goes_where_it_belongs_and_nowhere_else() {
    for instructions in Instructions::available() {
        for (rows, depth, columns) in [(5, 37, 3), (31, 37, 50), (330, 37, 50)] {
            for transposed in [false, true] {
                let mut numbers = Numbers::new(2);
                let (mut a, mut b) = (numbers.vector(rows * depth), numbers.vector(depth * columns));
                let (row, column, step) = (rows - 2, columns - 1, depth - 1);
                a[if transposed {
                    step * rows + row
                } else {
                    row * depth + step
                }] = f32::NAN;
                b[step * columns + column] = f32::INFINITY;
                let a = view(&a, rows, depth, usize::from(transposed));
                let mut c = vec![0.0; rows * columns];
                let b = Matrix::new(&b, depth, columns);
                product(instructions, a, b, MatrixMut::new(&mut c, rows, columns), Start::Zero);
                for (place, number) in c.iter().enumerate() {
                    match (place / columns == row, place % columns == column) {
                        (true, _) => assert!(number.is_nan()),
                        (false, true) => assert!(number.is_infinite()),
                        (false, false) => assert!(number.is_finite()),
                    }
                }
            }
        }
    }
}

/// The bits of C.
fn bits(c: &[f32]) -> Vec<u32> {
    c.iter().map(|number| number.to_bits()).collect()
}

#[test]
fn products_of_blocks_are_the_same_on_any_number_of_threads_and_finish_each_row_once() {
    let pools = [1, 2, 4].map(|threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap());
    let mut numbers = Numbers::new(3);
    let mut shapes = shapes(&mut numbers);
    // large enough for more than one thread
    shapes.extend([(500, 130, 150), (333, 400, 65), (2000, 1100, 4), (9000, 30, 40)]);
    for (rows, depth, columns) in shapes {
        let (a, b) = (numbers.vector(room(rows, depth)), numbers.vector(room(depth, columns)));
        let (a, b) = (
            view(&a, rows, depth, numbers.below(5)),
            view(&b, depth, columns, numbers.below(5)),
        );
        let row_stride = columns + numbers.below(2);
        let before = numbers.vector(rows * row_stride);
        let start = if numbers.below(2) == 0 {
            Start::Zero
        } else {
            Start::Keep
        };
        let finish = |first: usize, block: &mut [f32]| {
            for (row, numbers) in block.chunks_mut(row_stride.max(1)).enumerate() {
                numbers[..columns]
                    .iter_mut()
                    .for_each(|number| *number += (first + row) as f32);
            }
        };
        let with = |run: &dyn Fn(MatrixMut<'_>)| {
            let mut c = before.clone();
            run(MatrixMut::strided(&mut c, rows, columns, row_stride));
            c
        };
        let packed = PackedMatrix::new(b);
        assert_eq!((packed.rows(), packed.columns()), (depth, columns));
        let plain = with(&|c| packed.multiply(a, c, start));
        let kept = (start == Start::Keep).then_some(&before[..]);
        assert_product(a, b, &plain, row_stride, kept);
        if columns > 4 {
            assert_eq!(
                bits(&plain),
                bits(&with(&|c| multiply(a, b, c, start))),
                "one order of sums"
            );
        }
        let mut finished = plain.clone();
        finish(0, &mut finished);
        for pool in &pools {
            pool.install(|| {
                assert_eq!(
                    bits(&finished),
                    bits(&with(&|c| packed.multiply_rows(a, c, start, finish)))
                );
                assert_eq!(
                    bits(&finished),
                    bits(&with(&|c| multiply_rows(Precision::Single, a, b, c, start, finish)))
                );
            });
        }
        let rounded = [a, b].map(|matrix| matrix.data.iter().copied().map(to_bf16).collect::<Vec<f32>>());
        for precision in [Precision::Single, Precision::Bf16] {
            let (taken_a, taken_b) = match precision {
                Precision::Single => (a, b),
                Precision::Bf16 => (Matrix { data: &rounded[0], ..a }, Matrix { data: &rounded[1], ..b }),
            };
            let parallel = with(&|c| multiply_parallel(precision, a, b, c, start));
            assert_product(taken_a, taken_b, &parallel, row_stride, kept);
            let in_rows = with(&|c| multiply_rows(precision, a, b, c, start, |_, _| {}));
            assert_product(taken_a, taken_b, &in_rows, row_stride, kept);
            for pool in &pools {
                pool.install(|| {
                    let again = with(&|c| multiply_parallel(precision, a, b, c, start));
                    assert_eq!(bits(&parallel), bits(&again));
                    let again = with(&|c| multiply_rows(precision, a, b, c, start, |_, _| {}));
                    assert_eq!(bits(&in_rows), bits(&again));
                });
            }
        }
    }
}
