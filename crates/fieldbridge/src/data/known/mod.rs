//! Distributions in the plane whose density is known, as data to learn from.
//!
//! A trained bridge can be held against them: [`Known::log_density`] is exact, by a closed form or, for the noisy
//! curves, by a quadrature that has converged. A recipe names one with `generate` in `[data]`; its table has the columns
//! `x` and `y`, and `part`: which moon, Gaussian, circle, blade or arm the point belongs to, from 0.

mod circles;
mod curve;
mod gaussians;
mod moons;
mod pinwheel;
mod spirals;
mod squares;

use fieldbridge_files::{Column, ColumnValues, Table};
use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::random::Stream;

/// One drawn point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drawn {
    /// Where it is.
    pub point: [f64; 2],
    /// The part of the distribution it belongs to, from 0; always 0 where there is one part.
    pub part: usize,
}

/// A distribution in the plane with a density that can be computed.
pub trait Known: Send + Sync + std::fmt::Debug {
    /// One point.
    fn draw(&self, generator: &mut dyn Rng) -> Drawn;

    /// `ln p(point)`; minus infinity where there is no probability, or less than double precision holds.
    fn log_density(&self, point: [f64; 2]) -> f64;

    /// A square `[-edge, edge]^2` that holds all but a millionth of the probability.
    fn edge(&self) -> f64;
}

/// A distribution by name, as recipes write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KnownKind {
    /// `N(0, 1)` in both coordinates.
    StandardNormal,
    /// Normal with mean `(1, -1/2)`, variances 1 and 2, covariance 0.9.
    CorrelatedNormal,
    /// Uniform on `[-1, 1]^2`, the uniform base.
    UniformSquare,
    /// Two half circles of radius 1 in each other's way, noise 0.05 unless given: `(cos a + l - 1/2, sin a + l/2 - 1/4)`
    /// with `l = 1` on the lower half.
    TwoMoons,
    /// Eight equal Gaussians on a circle of radius `4 / sqrt(2)`, deviation `1 / (2 sqrt(2))` (toy data of FFJORD,
    /// Grathwohl et al. 2018, arXiv:1810.01367).
    EightGaussians,
    /// Uniform on the dark fields, each of side 2, of a board `[-4, 4]^2` (FFJORD).
    Checkerboard,
    /// Circles of radius 1.5 and 3, noise 0.24 unless given (FFJORD).
    TwoCircles,
    /// Five bent blades (FFJORD; after Johnson et al. 2016, arXiv:1603.06277).
    Pinwheel,
    /// Two arms of one and a half turns, noise 0.1 unless given (FFJORD).
    TwoSpirals,
}

impl KnownKind {
    /// The distribution it names; `noise` is the deviation across a curve, for those that are curves with noise.
    ///
    /// # Errors
    /// [`Error::Recipe`] for a noise that is not positive, or of a distribution that has none.
    pub fn build(self, noise: Option<f64>) -> Result<Box<dyn Known>, Error> {
        let refuse = |reason: String, hint: &str| Error::Recipe {
            key: "data.noise".to_owned(),
            reason,
            hint: hint.to_owned(),
        };
        let default = match self {
            Self::TwoMoons => 0.05,
            Self::TwoCircles => 0.24,
            Self::TwoSpirals => 0.1,
            _ if noise.is_some() => {
                return Err(refuse(
                    format!("is given, but `{}` has no such setting", self.name()),
                    "leave it out; `two_moons`, `two_circles` and `two_spirals` have it",
                ));
            }
            _ => 0.0,
        };
        let noise = noise.unwrap_or(default);
        if default > 0.0 && !(1e-3..=10.0).contains(&noise) {
            return Err(refuse(format!("is {noise}"), "use a number from 0.001 to 10"));
        }
        Ok(match self {
            Self::StandardNormal => Box::new(gaussians::standard()),
            Self::CorrelatedNormal => Box::new(gaussians::correlated()),
            Self::UniformSquare => Box::new(squares::UniformSquare),
            Self::TwoMoons => Box::new(moons::TwoMoons { noise }),
            Self::EightGaussians => Box::new(gaussians::eight()),
            Self::Checkerboard => Box::new(squares::Checkerboard),
            Self::TwoCircles => Box::new(circles::TwoCircles { noise }),
            Self::Pinwheel => Box::new(pinwheel::Pinwheel),
            Self::TwoSpirals => Box::new(spirals::TwoSpirals::new(noise)),
        })
    }

    /// The name in a recipe.
    pub fn name(self) -> &'static str {
        match self {
            Self::StandardNormal => "standard_normal",
            Self::CorrelatedNormal => "correlated_normal",
            Self::UniformSquare => "uniform_square",
            Self::TwoMoons => "two_moons",
            Self::EightGaussians => "eight_gaussians",
            Self::Checkerboard => "checkerboard",
            Self::TwoCircles => "two_circles",
            Self::Pinwheel => "pinwheel",
            Self::TwoSpirals => "two_spirals",
        }
    }

    /// Parts it has: moons, Gaussians, circles, blades, arms.
    pub fn parts(self) -> usize {
        match self {
            Self::StandardNormal | Self::CorrelatedNormal | Self::UniformSquare => 1,
            Self::TwoMoons | Self::TwoCircles | Self::TwoSpirals => 2,
            Self::Pinwheel => 5,
            Self::EightGaussians | Self::Checkerboard => 8,
        }
    }

    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::StandardNormal,
        Self::CorrelatedNormal,
        Self::UniformSquare,
        Self::TwoMoons,
        Self::EightGaussians,
        Self::Checkerboard,
        Self::TwoCircles,
        Self::Pinwheel,
        Self::TwoSpirals,
    ];
}

/// `rows` points; more rows begin with the same points.
pub fn draw(known: &dyn Known, rows: usize, stream: &Stream) -> Vec<Drawn> {
    let mut generator = stream.generator();
    (0..rows).map(|_| known.draw(&mut generator)).collect()
}

/// A point for each start, from the part with the number of the start's part, counted around the `parts` there are.
pub(super) fn draw_from(known: &dyn Known, parts: usize, starts: &[Drawn], stream: &Stream) -> Vec<Drawn> {
    let mut generator = stream.generator();
    let mut point = |start: &Drawn| loop {
        let drawn = known.draw(&mut generator);
        if drawn.part == start.part % parts {
            return drawn;
        }
    };
    starts.iter().map(&mut point).collect()
}

/// The points as a table with the columns `x`, `y` and `part`, and their starts, if they have any, with `start_x`,
/// `start_y` and `start_part`.
pub(super) fn table(points: &[Drawn], starts: &[Drawn]) -> Table {
    let mut table = Table::new();
    for (before, drawn) in [("", points), ("start_", starts)] {
        if drawn.is_empty() {
            continue;
        }
        let coordinate = |axis: usize| ColumnValues::Float64(drawn.iter().map(|one| one.point[axis]).collect());
        let parts = ColumnValues::Int64(drawn.iter().map(|one| one.part as i64).collect());
        for (name, values) in [("x", coordinate(0)), ("y", coordinate(1)), ("part", parts)] {
            table
                .push(Column::new(format!("{before}{name}"), values))
                .expect("columns of equal length");
        }
    }
    table
}

/// Uniform on `[0, 1)`, 53 bits.
fn uniform(generator: &mut dyn Rng) -> f64 {
    (generator.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

/// Standard normal.
fn normal(generator: &mut dyn Rng) -> f64 {
    use rand_distr::{Distribution, StandardNormal};
    StandardNormal.sample(generator)
}

/// One of `count`, all equally likely.
fn choice(count: usize, generator: &mut dyn Rng) -> usize {
    ((uniform(generator) * count as f64) as usize).min(count - 1)
}

/// `ln sum_i exp(v_i)`.
fn log_sum(values: &[f64]) -> f64 {
    let highest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if highest == f64::NEG_INFINITY {
        return highest;
    }
    highest + values.iter().map(|value| (value - highest).exp()).sum::<f64>().ln()
}

#[cfg(test)]
mod tests;
