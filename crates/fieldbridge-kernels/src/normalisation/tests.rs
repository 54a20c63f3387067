//! Normalisation and gates against double precision, gradients against its finite differences.

use rayon::ThreadPoolBuilder;

use super::{Kind, Layout, Modulation, Normalisation, backward, forward, gate, gate_backward};

const EPSILON: f32 = 1e-5;

/// Numbers between -1 and 1 without a pattern.
fn numbers(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(99);
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 8_388_608.0 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// Small, empty and odd shapes, and two whose elements or sums are cut into several pieces.
fn layouts() -> Vec<Layout> {
    let shapes = [
        [0, 3, 4],
        [2, 0, 5],
        [2, 3, 0],
        [1, 1, 1],
        [3, 1, 7],
        [2, 5, 33],
        [1, 7, 64],
        [4, 2, 31],
        [2, 1301, 65],
        [2500, 1, 48],
    ];
    shapes
        .map(|[batch, tokens, width]| Layout { batch, tokens, width })
        .to_vec()
}

/// Inputs in double precision: x, weight, bias, scale, shift.
type Inputs = [Vec<f64>; 5];

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().copied().map(f64::from).collect()
}

fn naive(kind: Kind, layout: Layout, [x, weight, bias, scale, shift]: &Inputs) -> Vec<f64> {
    let Layout { tokens, width, .. } = layout;
    let mut y = Vec::new();
    for (index, row) in x.chunks(width.max(1)).enumerate() {
        let element = index / tokens * width;
        let mean = if kind == Kind::Layer {
            row.iter().sum::<f64>() / width as f64
        } else {
            0.0
        };
        let square = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / width as f64;
        for (i, x) in row.iter().enumerate() {
            let n = (x - mean) / (square + f64::from(EPSILON)).sqrt();
            y.push((n * weight[i] + bias[i]) * (1.0 + scale[element + i]) + shift[element + i]);
        }
    }
    y
}

fn loss(y: &[f64], gradient: &[f64]) -> f64 {
    y.iter().zip(gradient).map(|(y, gradient)| y * gradient).sum()
}

/// The derivative of `value` along a direction of input `which`.
fn along<const N: usize>(
    inputs: &[Vec<f64>; N],
    which: usize,
    direction: &[f32],
    value: impl Fn(&[Vec<f64>; N]) -> f64,
) -> f64 {
    let step = 1e-5;
    let moved = |step: f64| {
        let mut inputs = inputs.clone();
        inputs[which]
            .iter_mut()
            .zip(direction)
            .for_each(|(x, d)| *x += step * f64::from(*d));
        value(&inputs)
    };
    (moved(step) - moved(-step)) / (2.0 * step)
}

/// Compares a gradient with derivatives along single entries and along random directions.
fn assert_gradient(found: &[f32], derivative: impl Fn(&[f32]) -> f64, what: &str) {
    let mut directions = vec![numbers(found.len(), 77), numbers(found.len(), 78)];
    for i in (0..found.len()).step_by(found.len() / 3 + 1) {
        let mut single = vec![0.0; found.len()];
        single[i] = 1.0;
        directions.push(single);
    }
    for direction in directions {
        let terms = found.iter().zip(&direction).map(|(g, d)| f64::from(*g) * f64::from(*d));
        let (sum, size) = terms.fold((0.0, 0.0), |(sum, size), term| (sum + term, size + term * term));
        let expected = derivative(&direction);
        // entries are off by some units of single precision of sums over up to 2602 rows and 65 numbers, independently of
        // each other; the differences by the rounding of the loss over their step, below 1e-6
        let allowed = 1e-5 * (f64::sqrt(size) + expected.abs()) + 1e-5;
        assert!((sum - expected).abs() < allowed, "{what}: {sum}, not {expected}");
    }
}

/// One in which of weight, bias and modulation it has.
struct Case {
    kind: Kind,
    layout: Layout,
    affine: bool,
    modulated: bool,
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for layout in layouts() {
        for (affine, modulated) in [(false, false), (true, false), (false, true), (true, true)] {
            for kind in [Kind::Layer, Kind::RootMeanSquare] {
                cases.push(Case {
                    kind,
                    layout,
                    affine,
                    modulated,
                });
            }
        }
    }
    cases
}

impl Case {
    fn arrays(&self) -> [Vec<f32>; 5] {
        let Layout { batch, width, .. } = self.layout;
        let counts = [self.layout.count(), width, width, batch * width, batch * width];
        let mut seed = 0;
        let arrays = counts.map(|count| {
            seed += 1;
            numbers(count, seed)
        });
        let [mut x, mut weight, mut bias, mut scale, mut shift] = arrays;
        x.iter_mut().for_each(|x| *x = 2.0 * *x + 0.5);
        if !self.affine {
            weight.fill(1.0);
            bias.fill(0.0);
        }
        if !self.modulated {
            scale.fill(0.0);
            shift.fill(0.0);
        }
        [x, weight, bias, scale, shift]
    }

    fn normalisation<'a>(&self, [_, weight, bias, scale, shift]: &'a [Vec<f32>; 5]) -> Normalisation<'a> {
        Normalisation {
            kind: self.kind,
            epsilon: EPSILON,
            weight: self.affine.then_some(weight),
            bias: self.affine.then_some(bias),
            modulation: self.modulated.then_some(Modulation { scale, shift }),
        }
    }

    fn name(&self) -> String {
        format!(
            "{:?} {:?} affine {} modulated {}",
            self.kind, self.layout, self.affine, self.modulated
        )
    }
}

#[test]
fn values_and_gradients_are_those_of_the_formula() {
    for case in cases() {
        let (layout, arrays) = (case.layout, case.arrays());
        let normalisation = case.normalisation(&arrays);
        let (mut y, mut statistics) = (vec![f32::NAN; layout.count()], vec![0.0; 2 * layout.rows()]);
        forward(normalisation, layout, &arrays[0], None, &mut y, &mut statistics);
        let inputs = arrays.each_ref().map(|values| wide(values));
        for (found, expected) in y.iter().zip(naive(case.kind, layout, &inputs)) {
            // a row of one number is zero but for rounding, which the root of epsilon makes 300 times larger
            assert!(
                (f64::from(*found) - expected).abs() < 1e-5 * (1.0 + expected.abs()),
                "{found} {expected}"
            );
        }
        let gradient = numbers(layout.count(), 50);
        let found = backward(normalisation, layout, &arrays[0], &statistics, &gradient, None);
        assert_eq!(
            (found.weight.is_some(), found.bias.is_some()),
            (case.affine, case.affine)
        );
        assert_eq!(found.modulation.is_some(), case.modulated);
        let (scale, shift) = found.modulation.unzip();
        let gradients = [Some(found.x), found.weight, found.bias, scale, shift];
        let wide_gradient = wide(&gradient);
        for (which, found) in gradients.into_iter().enumerate() {
            let Some(found) = found else { continue };
            let value = |inputs: &Inputs| loss(&naive(case.kind, layout, inputs), &wide_gradient);
            let what = format!("input {which} of {}", case.name());
            assert_eq!(found.len(), arrays[which].len(), "{what}");
            assert_gradient(&found, |direction| along(&inputs, which, direction, value), &what);
        }
    }
}

#[test]
fn a_residual_is_added_on_the_way() {
    for case in cases() {
        let (layout, arrays) = (case.layout, case.arrays());
        let (normalisation, addend) = (case.normalisation(&arrays), numbers(layout.count(), 60));
        let expected_sum: Vec<f32> = arrays[0].iter().zip(&addend).map(|(x, r)| x + r).collect();
        let rows = 2 * layout.rows();
        let (mut expected, mut expected_statistics) = (vec![0.0; layout.count()], vec![0.0; rows]);
        forward(
            normalisation,
            layout,
            &expected_sum,
            None,
            &mut expected,
            &mut expected_statistics,
        );
        let (mut y, mut sum, mut statistics) = (expected.clone(), vec![f32::NAN; layout.count()], vec![0.0; rows]);
        y.fill(f32::NAN);
        forward(
            normalisation,
            layout,
            &arrays[0],
            Some((&addend, &mut sum)),
            &mut y,
            &mut statistics,
        );
        assert!(y == expected && sum == expected_sum, "{}", case.name());
        let (gradient, other) = (numbers(layout.count(), 50), numbers(layout.count(), 51));
        let mut expected = backward(normalisation, layout, &sum, &statistics, &gradient, None);
        expected.x.iter_mut().zip(&other).for_each(|(x, other)| *x += other);
        let found = backward(normalisation, layout, &sum, &statistics, &gradient, Some(&other));
        assert!(found == expected, "{}", case.name());
    }
}

#[test]
fn gates_are_those_of_the_formula() {
    for layout in layouts() {
        let Layout { batch, tokens, width } = layout;
        let arrays = [
            numbers(layout.count(), 1),
            numbers(layout.count(), 2),
            numbers(batch * width, 3),
        ];
        let naive = |[residual, branch, gate]: &[Vec<f64>; 3]| -> Vec<f64> {
            let element = |i: usize| i / (tokens * width) * width + i % width;
            (0..residual.len())
                .map(|i| residual[i] + gate[element(i)] * branch[i])
                .collect()
        };
        let mut out = vec![f32::NAN; layout.count()];
        gate(layout, &arrays[0], &arrays[1], &arrays[2], &mut out);
        let inputs = arrays.each_ref().map(|values| wide(values));
        for (found, expected) in out.iter().zip(naive(&inputs)) {
            assert!(
                (f64::from(*found) - expected).abs() < 1e-6 * 2.0,
                "{layout:?}: {found}, not {expected}"
            );
        }
        let gradient = numbers(layout.count(), 4);
        let found = gate_backward(layout, &arrays[1], &arrays[2], &gradient);
        let value = |inputs: &[Vec<f64>; 3]| loss(&naive(inputs), &wide(&gradient));
        for (which, found) in [(1, found.branch), (2, found.gate)] {
            let what = format!("input {which} of {layout:?}");
            assert_eq!(found.len(), arrays[which].len(), "{what}");
            assert_gradient(&found, |direction| along(&inputs, which, direction, value), &what);
        }
    }
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    for case in cases().into_iter().filter(|case| case.layout.count() > 1 << 16) {
        let (layout, arrays) = (case.layout, case.arrays());
        let gradient = numbers(layout.count(), 50);
        let run = |threads: usize| {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| {
                let normalisation = case.normalisation(&arrays);
                let (mut y, mut statistics) = (vec![0.0; layout.count()], vec![0.0; 2 * layout.rows()]);
                forward(normalisation, layout, &arrays[0], None, &mut y, &mut statistics);
                let gradients = backward(normalisation, layout, &arrays[0], &statistics, &gradient, None);
                let gated = gate_backward(layout, &y, &arrays[3], &gradient);
                (y, gradients, gated)
            })
        };
        let expected = run(1);
        assert!(run(2) == expected && run(4) == expected, "{}", case.name());
    }
}

#[test]
fn nan_stays_in_its_row() {
    let layout = Layout {
        batch: 1,
        tokens: 3,
        width: 5,
    };
    let mut x = numbers(15, 1);
    x[7] = f32::NAN;
    let plain = Normalisation {
        kind: Kind::Layer,
        epsilon: EPSILON,
        weight: None,
        bias: None,
        modulation: None,
    };
    let (mut y, mut statistics) = (vec![0.0; 15], vec![0.0; 6]);
    forward(plain, layout, &x, None, &mut y, &mut statistics);
    for (i, y) in y.into_iter().enumerate() {
        assert_eq!(y.is_nan(), (5..10).contains(&i), "{i}");
    }
}
