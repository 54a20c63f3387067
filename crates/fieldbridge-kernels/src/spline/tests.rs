//! Splines against their definition in double precision.

mod gradients;
pub(crate) mod naive;
mod operation;
mod values;

use super::{Boundary, Direction, Spline};

const BOUNDARIES: [Boundary; 2] = [Boundary::Linear, Boundary::Circular];
const DIRECTIONS: [Direction; 2] = [Direction::Forward, Direction::Inverse];
const BOUND: f32 = 3.0;

fn spline(bins: usize, boundary: Boundary) -> Spline {
    Spline {
        bins,
        bound: BOUND,
        boundary,
    }
}

/// Numbers that look uniform in `[-1, 1)`, the same on every run.
pub(crate) struct Draws(pub(crate) u64);

impl Draws {
    pub(crate) fn next(&mut self) -> f32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    pub(crate) fn take(&mut self, count: usize, scale: f32) -> Vec<f32> {
        (0..count).map(|_| self.next() * scale).collect()
    }
}

fn evaluate(spline: Spline, direction: Direction, numbers: &[f32], parameters: &[f32]) -> (Vec<f32>, Vec<f32>) {
    let mut values = vec![0.0; numbers.len()];
    let mut log_slopes = values.clone();
    spline.evaluate(direction, numbers, parameters, &mut values, &mut log_slopes);
    (values, log_slopes)
}

/// Gradients with respect to numbers and parameters.
fn differentiate(
    spline: Spline,
    direction: Direction,
    numbers: &[f32],
    parameters: &[f32],
    of_values: &[f32],
    of_log_slopes: &[f32],
) -> (Vec<f32>, Vec<f32>) {
    let mut of_numbers = vec![f32::NAN; numbers.len()];
    let mut of_parameters = vec![f32::NAN; parameters.len()];
    spline.differentiate(
        direction,
        numbers,
        parameters,
        of_values,
        of_log_slopes,
        &mut of_numbers,
        &mut of_parameters,
    );
    (of_numbers, of_parameters)
}

pub(crate) fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// The same bits with 1, 2 and 4 threads.
pub(crate) fn assert_same_on_any_number_of_threads(run: impl Fn() -> (Vec<f32>, Vec<f32>) + Sync) {
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let (first, second) = pool.install(&run);
        (bits(&first), bits(&second))
    };
    let one = on(1);
    assert_eq!(one, on(2));
    assert_eq!(one, on(4));
}
