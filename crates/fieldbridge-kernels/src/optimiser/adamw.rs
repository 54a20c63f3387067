//! Adam with decoupled weight decay, shortening of the gradient and a moving average, in one pass.

use pulp::Arch;
use rayon::prelude::*;

use super::{CHUNK, PARALLEL_FROM};

/// Neighbouring values that all decay or all do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// How many.
    pub length: usize,
    /// Whether they decay.
    pub decays: bool,
}

/// What a step is made with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Number of this step, from one.
    pub step: u64,
    /// Length of a step.
    pub learning_rate: f64,
    /// Share of a value lost for each unit of length.
    pub decay: f64,
    /// Factor of the gradient, from [`shortening`](super::shortening).
    pub shorten: f32,
    /// Weights of the running means of gradient and squared gradient.
    pub betas: (f32, f32),
    /// Added to the root of the squared gradient.
    pub epsilon: f32,
    /// Share of the moving average that stays.
    pub memory: f32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            step: 1,
            learning_rate: 1e-3,
            decay: 0.0,
            shorten: 1.0,
            betas: (0.9, 0.999),
            epsilon: 1e-8,
            memory: 0.0,
        }
    }
}

/// One step of AdamW (Kingma and Ba 2014, arXiv:1412.6980; Loshchilov and Hutter 2017, arXiv:1711.05101): with the
/// gradient `g` shortened,
///
/// `m += (1 - b1) (g - m)`, `v += (1 - b2) (g^2 - v)`,
/// `p = (1 - rate decay) p - rate m' / (sqrt(v') + epsilon)`, where `m' = m / (1 - b1^step)` and `v' = v / (1 - b2^step)`;
/// then `average = memory average + (1 - memory) p`.
///
/// No operation is fused with another, so that results are the same bits on all processors.
///
/// # Panics
/// When lengths differ or the segments do not cover the values.
pub fn step(
    parameters: &mut [f32],
    gradient: &[f32],
    first: &mut [f32],
    second: &mut [f32],
    average: Option<&mut [f32]>,
    segments: &[Segment],
    settings: Settings,
) {
    let count = parameters.len();
    assert!(
        [gradient.len(), first.len(), second.len()] == [count; 3],
        "as many of each as parameters"
    );
    let ends: Vec<usize> = segments
        .iter()
        .scan(0, |end, segment| {
            *end += segment.length;
            Some(*end)
        })
        .collect();
    assert_eq!(
        ends.last().copied().unwrap_or(0),
        count,
        "segments cover the parameters"
    );
    let factors = Factors::new(settings);
    let mut tasks: Vec<Task<'_>> = Vec::with_capacity(count.div_ceil(CHUNK));
    let mut averages = average.map(|average| {
        assert_eq!(average.len(), count, "as many averages as parameters");
        average.chunks_mut(CHUNK)
    });
    let values = parameters.chunks_mut(CHUNK).zip(gradient.chunks(CHUNK));
    let moments = first.chunks_mut(CHUNK).zip(second.chunks_mut(CHUNK));
    for ((parameters, gradient), (first, second)) in values.zip(moments) {
        let average = averages.as_mut().and_then(Iterator::next);
        tasks.push(Task {
            parameters,
            gradient,
            first,
            second,
            average,
        });
    }
    let run = |(index, task): (usize, Task<'_>)| task.run(index * CHUNK, segments, &ends, factors);
    if count < PARALLEL_FROM {
        tasks.into_iter().enumerate().for_each(run);
    } else {
        tasks.into_par_iter().enumerate().for_each(run);
    }
}

/// Numbers that are the same for all values.
#[derive(Clone, Copy)]
struct Factors {
    shorten: f32,
    first: f32,
    second: f32,
    second_bias: f32,
    rate: f32,
    keep: f32,
    epsilon: f32,
    memory: f32,
}

impl Factors {
    fn new(settings: Settings) -> Self {
        let exponent = i32::try_from(settings.step).unwrap_or(i32::MAX);
        let (first, second) = settings.betas;
        Self {
            shorten: settings.shorten,
            first: 1.0 - first,
            second: 1.0 - second,
            second_bias: 1.0 - second.powi(exponent),
            rate: settings.learning_rate as f32 / (1.0 - first.powi(exponent)),
            keep: (1.0 - settings.learning_rate * settings.decay) as f32,
            epsilon: settings.epsilon,
            memory: settings.memory,
        }
    }
}

/// Neighbouring values of all vectors.
struct Task<'a> {
    parameters: &'a mut [f32],
    gradient: &'a [f32],
    first: &'a mut [f32],
    second: &'a mut [f32],
    average: Option<&'a mut [f32]>,
}

impl Task<'_> {
    /// The step of the values from `start` on, segment by segment.
    fn run(mut self, start: usize, segments: &[Segment], ends: &[usize], factors: Factors) {
        let length = self.parameters.len();
        let mut from = 0;
        for index in ends.partition_point(|&end| end <= start).. {
            if from == length {
                break;
            }
            let to = (ends[index] - start).min(length);
            let keep = if segments[index].decays { factors.keep } else { 1.0 };
            let mut part = Task {
                parameters: &mut self.parameters[from..to],
                gradient: &self.gradient[from..to],
                first: &mut self.first[from..to],
                second: &mut self.second[from..to],
                average: self.average.as_deref_mut().map(|average| &mut average[from..to]),
            };
            part.advance(Factors { keep, ..factors });
            from = to;
        }
    }

    fn advance(&mut self, factors: Factors) {
        Arch::new().dispatch(
            #[inline(always)]
            || {
                let values = self.parameters.iter_mut().zip(self.gradient);
                let values = values.zip(self.first.iter_mut().zip(self.second.iter_mut()));
                match &mut self.average {
                    Some(average) => {
                        let (memory, new) = (factors.memory, 1.0 - factors.memory);
                        for (((value, &slope), (first, second)), average) in values.zip(average.iter_mut()) {
                            let next = factors.next(*value, slope, first, second);
                            *value = next;
                            *average = memory * *average + new * next;
                        }
                    }
                    None => {
                        for ((value, &slope), (first, second)) in values {
                            *value = factors.next(*value, slope, first, second);
                        }
                    }
                }
            },
        );
    }
}

impl Factors {
    /// The next value of a parameter, and its moments in place.
    #[inline(always)]
    fn next(self, value: f32, slope: f32, first: &mut f32, second: &mut f32) -> f32 {
        let slope = slope * self.shorten;
        *first += self.first * (slope - *first);
        *second += self.second * (slope * slope - *second);
        value * self.keep - self.rate * *first / ((*second / self.second_bias).sqrt() + self.epsilon)
    }
}
