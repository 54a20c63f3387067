//! Inverses against one pass of the whole network for every dimension, in double precision.

use super::{BATCH, Form, Layer, Map, Network, NotAutoregressive, Prepared, TASK};
use crate::activation::Activation;
use crate::spline::tests::naive::{Naive, double};
use crate::spline::tests::{Draws, assert_same_on_any_number_of_threads, bits};
use crate::spline::{Boundary, Direction, Spline};

const SPLINE: Map = Map::Spline(Spline {
    bins: 8,
    bound: 3.0,
    boundary: Boundary::Linear,
});
const AFFINE: Map = Map::Affine { limit: 6.0 };

/// One layer with memory of its own.
struct Owned {
    weights: Vec<f32>,
    mask: Vec<f32>,
    bias: Option<Vec<f32>>,
    context: Option<Vec<f32>>,
    inputs: usize,
    outputs: usize,
}

/// A masked network as it is usually made: places of dimensions from one, hidden units of degrees in turn.
struct Masked {
    places: Vec<usize>,
    context: usize,
    form: Form,
    layers: Vec<Owned>,
    map: Map,
}

impl Masked {
    fn new(draws: &mut Draws, places: &[usize], context: usize, form: Form, map: Map) -> Self {
        let dimension = places.len();
        // degree zero sees the context only
        let lowest = usize::from(context == 0 && dimension > 1);
        let hidden = |width: usize| {
            (0..width)
                .map(|unit| lowest + unit % (dimension - lowest).max(1))
                .collect()
        };
        let each = map.parameters();
        let widths: &[usize] = match form {
            Form::Plain => &[19, 31, 23],
            Form::Residual => &[21, 21, 21, 21, 21],
        };
        let mut degrees: Vec<Vec<usize>> = vec![places.to_vec()];
        degrees.extend(widths.iter().map(|&width| hidden(width)));
        degrees.push(places.iter().flat_map(|&place| vec![place; each]).collect());
        let count = degrees.len() - 1;
        let layers = degrees.windows(2).enumerate().map(|(index, pair)| {
            let [from, to] = pair else { unreachable!() };
            let sees = |input: usize, output: usize| {
                if index + 1 == count {
                    input < output
                } else {
                    input <= output
                }
            };
            let mask = from
                .iter()
                .flat_map(|&from| to.iter().map(move |&to| f32::from(u8::from(sees(from, to)))));
            Owned {
                mask: mask.collect(),
                weights: draws.take(from.len() * to.len(), 2.0 / (from.len() as f32).sqrt()),
                bias: (index != 1).then(|| draws.take(to.len(), 0.5)),
                context: (context > 0 && index != 2).then(|| draws.take(context * to.len(), 0.5)),
                inputs: from.len(),
                outputs: to.len(),
            }
        });
        Self {
            places: places.to_vec(),
            context,
            form,
            layers: layers.collect(),
            map,
        }
    }

    fn network(&self) -> Network<'_> {
        Network {
            dimension: self.places.len(),
            context: self.context,
            activation: Activation::Silu,
            form: self.form,
            layers: self.layers.iter().map(Owned::layer).collect(),
        }
    }

    fn prepared(&self) -> Prepared {
        Prepared::new(&self.network()).unwrap()
    }

    /// Parameters of all dimensions.
    fn parameters(&self, x: &[f64], context: &[f32]) -> Vec<f64> {
        let silu = |values: &[f64]| values.iter().map(|z| z / (1.0 + (-z).exp())).collect::<Vec<f64>>();
        let last = self.layers.len() - 1;
        let mut outputs: Vec<Vec<f64>> = Vec::new();
        for (index, layer) in self.layers.iter().enumerate() {
            let inputs = outputs.last().map_or(x.to_vec(), |before| silu(before));
            let mut sums = layer.naive(&inputs, context);
            if self.form == Form::Residual && [2, 4].contains(&index) && index < last {
                sums.iter_mut()
                    .zip(&outputs[index - 2])
                    .for_each(|(sum, other)| *sum += other);
            }
            outputs.push(sums);
        }
        outputs.pop().unwrap()
    }

    /// One row, one whole network for each place.
    fn inverse(&self, z: &[f32], context: &[f32]) -> (Vec<f64>, f64) {
        let (mut x, mut total) = (vec![0.0; z.len()], 0.0);
        for place in 1..=z.len() {
            let index = self.places.iter().position(|&at| at == place).unwrap();
            let each = self.map.parameters();
            let parameters = &self.parameters(&x, context)[index * each..][..each];
            let z = f64::from(z[index]);
            let (value, log_slope) = match self.map {
                Map::Spline(spline) => Naive::new(spline, parameters).evaluate(Direction::Inverse, z),
                Map::Affine { limit } => {
                    let limit = f64::from(limit);
                    let scale = limit * (parameters[1] / limit).tanh();
                    ((z - parameters[0]) * (-scale).exp(), -scale)
                }
            };
            x[index] = value;
            total += log_slope;
        }
        (x, total)
    }
}

impl Owned {
    fn layer(&self) -> Layer<'_> {
        Layer {
            weights: &self.weights,
            mask: Some(&self.mask),
            bias: self.bias.as_deref(),
            context: self.context.as_deref(),
            outputs: self.outputs,
        }
    }

    fn naive(&self, inputs: &[f64], context: &[f32]) -> Vec<f64> {
        let product = |inputs: &[f64], weights: &dyn Fn(usize) -> f64, to: usize| -> f64 {
            (0..inputs.len())
                .map(|from| inputs[from] * weights(from * self.outputs + to))
                .sum()
        };
        assert_eq!(inputs.len(), self.inputs);
        let weight = |at: usize| f64::from(self.weights[at] * self.mask[at]);
        let context = double(context);
        let output = |to: usize| {
            let bias = self.bias.as_ref().map_or(0.0, |bias| f64::from(bias[to]));
            let from_context = match &self.context {
                Some(weights) => product(&context, &|at| f64::from(weights[at]), to),
                None => 0.0,
            };
            bias + from_context + product(inputs, &weight, to)
        };
        (0..self.outputs).map(output).collect()
    }
}

const ORDERS: [&[usize]; 5] = [&[1], &[2, 1], &[1, 2], &[3, 1, 6, 2, 5, 4], &[8, 1, 3, 7, 5, 2, 4, 6]];

fn for_every_network(check: impl Fn(&mut Draws, &Masked)) {
    let mut draws = Draws(21);
    for places in ORDERS {
        for context in [0, 3] {
            for form in [Form::Plain, Form::Residual] {
                for map in [SPLINE, AFFINE] {
                    let network = Masked::new(&mut draws, places, context, form, map);
                    check(&mut draws, &network);
                }
            }
        }
    }
}

#[test]
fn inverses_are_those_of_one_network_pass_for_each_dimension() {
    for_every_network(|draws, network| {
        let (dimension, width) = (network.places.len(), network.context);
        let prepared = network.prepared();
        for rows in [0, 1, 5, BATCH + 1] {
            let z = draws.take(rows * dimension, 2.5);
            let context = draws.take(rows * width, 1.0);
            let (x, log_slopes) = prepared.transform(Direction::Inverse, &z, &context, network.map);
            for (row, log_slope) in log_slopes.iter().enumerate() {
                let of = |each: usize| row * each..(row + 1) * each;
                let (expected, slope) = network.inverse(&z[of(dimension)], &context[of(width)]);
                let mut worst = (f64::from(*log_slope) - slope).abs();
                for (x, expected) in x[of(dimension)].iter().zip(&expected) {
                    worst = worst.max((f64::from(*x) - expected).abs() / (1.0 + expected.abs()));
                }
                // rounding of single precision, stretched by the slopes of one dimension after the other
                assert!(
                    worst < 3e-4,
                    "{:?} {} {:?}: {worst}",
                    network.form,
                    dimension,
                    network.map
                );
            }
        }
    });
}

#[test]
fn forward_undoes_the_inverse() {
    for_every_network(|draws, network| {
        let dimension = network.places.len();
        let prepared = network.prepared();
        let rows = TASK + 3;
        let z = draws.take(rows * dimension, 2.5);
        let context = draws.take(rows * network.context, 1.0);
        let (x, slopes_back) = prepared.transform(Direction::Inverse, &z, &context, network.map);
        let (again, slopes) = prepared.transform(Direction::Forward, &x, &context, network.map);
        // a rounding of x moves every parameter after it, and is stretched by slopes up to a hundred
        for (found, expected) in again.iter().zip(&z) {
            assert!((found - expected).abs() < 1e-3, "{found} for {expected}");
        }
        for (slope, back) in slopes.iter().zip(&slopes_back) {
            assert!((slope + back).abs() < 1e-2, "{slope} {back}");
        }
    });
}

#[test]
fn results_depend_neither_on_threads_nor_on_neighbours() {
    let mut draws = Draws(22);
    for form in [Form::Plain, Form::Residual] {
        let network = Masked::new(&mut draws, &[3, 1, 2], 2, form, SPLINE);
        let prepared = network.prepared();
        let rows = 3 * TASK + 17;
        let z = draws.take(rows * 3, 2.5);
        let context = draws.take(rows * 2, 1.0);
        for direction in [Direction::Forward, Direction::Inverse] {
            let run = |from: usize, to: usize| {
                prepared.transform(direction, &z[3 * from..3 * to], &context[2 * from..2 * to], network.map)
            };
            assert_same_on_any_number_of_threads(|| run(0, rows));
            let (all, all_slopes) = run(0, rows);
            for (from, to) in [(0, 1), (5, 6), (BATCH - 1, BATCH + 7), (13, 400), (rows - 20, rows)] {
                let (found, slopes) = run(from, to);
                assert_eq!(bits(&found), bits(&all[3 * from..3 * to]), "rows {from} to {to}");
                assert_eq!(bits(&slopes), bits(&all_slopes[from..to]), "rows {from} to {to}");
            }
        }
    }
}

#[test]
fn what_is_not_a_number_stays_in_its_row_and_after_its_place() {
    let mut draws = Draws(23);
    let network = Masked::new(&mut draws, &[2, 1, 3], 0, Form::Residual, SPLINE);
    let mut z = draws.take(30, 2.0);
    z[4 * 3] = f32::NAN;
    let (x, log_slopes) = network.prepared().transform(Direction::Inverse, &z, &[], SPLINE);
    for (row, x) in x.chunks(3).enumerate() {
        let broken = row == 4;
        // the second dimension is placed first
        assert_eq!(
            [x[0].is_nan(), x[1].is_nan(), x[2].is_nan()],
            [broken, false, broken],
            "row {row}"
        );
        assert_eq!(log_slopes[row].is_nan(), broken);
    }
}

#[test]
fn dimensions_that_do_not_see_each_other_share_a_level() {
    // the first two see nothing, the last two see the first two: as in a coupling
    let mut draws = Draws(24);
    let mut network = Masked::new(&mut draws, &[1, 1, 2, 2], 0, Form::Plain, AFFINE);
    let prepared = network.prepared();
    assert_eq!(prepared.levels(), 2);
    let z = draws.take(4 * 70, 1.0);
    let (x, _) = prepared.transform(Direction::Inverse, &z, &[], AFFINE);
    // places of their own make the same inverse, one dimension at a time
    network.places = vec![1, 2, 3, 4];
    for (x, z) in x.chunks(4).zip(z.chunks(4)) {
        let (expected, _) = network.inverse(z, &[]);
        for (x, expected) in x.iter().zip(expected) {
            assert!(
                (f64::from(*x) - expected).abs() < 1e-5 * (1.0 + expected.abs()),
                "{x} for {expected}"
            );
        }
    }
}

#[test]
fn a_dimension_that_sees_itself_is_refused() {
    let mut draws = Draws(25);
    let mut network = Masked::new(&mut draws, &[1, 2], 0, Form::Plain, AFFINE);
    // the first dimension's outputs now see all units
    let last = network.layers.last_mut().unwrap();
    last.mask.fill(1.0);
    assert_eq!(Prepared::new(&network.network()).unwrap_err(), NotAutoregressive);
}
