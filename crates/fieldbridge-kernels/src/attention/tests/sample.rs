//! Random cases in single and double precision.

use pulp::Arch;

use super::super::backward::backward_on;
use super::super::forward::forward_on;
use super::super::{Destination, Inputs, Normalisation, Rotation, Sizes, Source, WeightGradients};
use super::reference::Case;

/// Numbers of a linear congruential generator, rounded to single precision.
pub(super) struct Random(pub(super) u64);

impl Random {
    /// Uniform between minus one and one.
    pub(super) fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        f64::from((self.0 >> 40) as f32 / (1_u32 << 23) as f32 - 1.0)
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.next();
        (self.0 >> 33) as usize % bound
    }

    pub(super) fn numbers(&mut self, count: usize, scale: f64) -> Vec<f64> {
        (0..count).map(|_| f64::from((scale * self.next()) as f32)).collect()
    }
}

/// Which options a case has.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Options {
    pub(super) normalise: bool,
    pub(super) turn: bool,
    pub(super) mask: bool,
}

/// A case of sizes `[batch, queries, keys, heads, width]`.
pub(super) fn case(random: &mut Random, sizes: [usize; 5], options: Options) -> Case {
    let [batch, queries, keys, heads, width] = sizes;
    let row = heads * width;
    let when = |wanted: bool, count: usize| if wanted { count } else { 0 };
    let weights = when(options.normalise, width);
    Case {
        batch,
        queries,
        keys,
        heads,
        width,
        query: random.numbers(batch * queries * row, 2.0),
        key: random.numbers(batch * keys * row, 2.0),
        value: random.numbers(batch * keys * row, 1.0),
        query_weight: random.numbers(weights, 1.5),
        key_weight: random.numbers(weights, 1.5),
        epsilon: f64::from(1e-3_f32),
        query_angle: random.numbers(when(options.turn, queries * (width / 2)), 3.0),
        key_angle: random.numbers(when(options.turn, keys * (width / 2)), 3.0),
        mask: (0..when(options.mask, batch * keys))
            .map(|_| if random.next() > -0.3 { 1.0 } else { 0.0 })
            .collect(),
    }
}

pub(super) fn single(numbers: &[f64]) -> Vec<f32> {
    numbers.iter().map(|&x| x as f32).collect()
}

/// Gradients of everything that has one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Results {
    pub(super) output: Vec<f32>,
    pub(super) query: Vec<f32>,
    pub(super) key: Vec<f32>,
    pub(super) value: Vec<f32>,
    pub(super) weights: Option<WeightGradients>,
}

impl Results {
    /// All numbers as bits.
    pub(super) fn bits(&self) -> Vec<u32> {
        let weights = self
            .weights
            .iter()
            .flat_map(|weights| weights.query.iter().chain(&weights.key));
        let all = self
            .output
            .iter()
            .chain(&self.query)
            .chain(&self.key)
            .chain(&self.value)
            .chain(weights);
        all.map(|x| x.to_bits()).collect()
    }
}

/// Interleaves queries, keys and values, `[tokens][row]` each.
fn join(parts: [&[f32]; 3], row: usize) -> Vec<f32> {
    let tokens = parts[0].len() / row.max(1);
    (0..tokens)
        .flat_map(|token| parts.iter().flat_map(move |part| part[token * row..][..row].to_vec()))
        .collect()
}

/// Forward and backward, with joint memory or separate; what is to be overwritten is full of `NaN` before.
pub(super) fn run(arch: Arch, case: &Case, gradient: &[f64], joint: bool) -> Results {
    let Case {
        batch,
        queries,
        keys,
        heads,
        width,
        ..
    } = *case;
    let sizes = Sizes {
        batch,
        queries,
        keys,
        heads,
        width,
    };
    let [query, key, value] = [&case.query, &case.key, &case.value].map(|numbers| single(numbers));
    let both = if joint {
        join([&query, &key, &value], heads * width)
    } else {
        Vec::new()
    };
    let source = match joint {
        true => Source::Joint(&both),
        false => Source::Separate {
            query: &query,
            key: &key,
            value: &value,
        },
    };
    let (query_weight, key_weight) = (single(&case.query_weight), single(&case.key_weight));
    let normalisation = Normalisation {
        query: &query_weight,
        key: &key_weight,
        epsilon: case.epsilon as f32,
    };
    let tables = [&case.query_angle, &case.key_angle].map(|angles| {
        let cosine: Vec<f64> = angles.iter().map(|angle| angle.cos()).collect();
        let sine: Vec<f64> = angles.iter().map(|angle| angle.sin()).collect();
        (single(&cosine), single(&sine))
    });
    let [query_rotation, key_rotation] = tables
        .each_ref()
        .map(|(cosine, sine)| (!cosine.is_empty()).then_some(Rotation { cosine, sine }));
    let mask = single(&case.mask);
    let inputs = Inputs {
        sizes,
        source,
        normalisation: (!query_weight.is_empty()).then_some(normalisation),
        query_rotation,
        key_rotation,
        mask: (!mask.is_empty()).then_some(&mask),
    };
    let mut output = vec![f32::NAN; sizes.output()];
    let mut log_sums = vec![f32::NAN; sizes.score_rows()];
    forward_on(arch, &inputs, &mut output, Some(&mut log_sums));
    let gradient = single(gradient);
    let [mut query, mut key, mut value] = [&query, &key, &value].map(|numbers| vec![f32::NAN; numbers.len()]);
    let weights = if joint {
        let mut all = vec![f32::NAN; both.len()];
        let weights = backward_on(
            arch,
            &inputs,
            &output,
            &log_sums,
            &gradient,
            Destination::Joint(&mut all),
        );
        let row = heads * width;
        for (token, all) in all.chunks_exact(3 * row.max(1)).enumerate() {
            for (part, target) in [&mut query, &mut key, &mut value].into_iter().enumerate() {
                target[token * row..][..row].copy_from_slice(&all[part * row..][..row]);
            }
        }
        weights
    } else {
        let destination = Destination::Separate {
            query: &mut query,
            key: &mut key,
            value: &mut value,
        };
        backward_on(arch, &inputs, &output, &log_sums, &gradient, destination)
    };
    Results {
        output,
        query,
        key,
        value,
        weights,
    }
}
