//! What a network on a path predicts, and how it is read as anything else.

use burn_tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::{Interval, Path, Schedule};

/// What the output `F` of a network stands for; its best value is the mean over everything that passes `x_t`.
///
/// | head | `F` | read as noise `x0` | read as clean data `x1` |
/// |---|---|---|---|
/// | velocity | `v / k`, `k = sqrt((a'^2 + b'^2) / 2)` | `(a k F - a' x) / w` | `(b' x - b k F) / w` |
/// | noise | `x0` | `F` | `(x - b F) / a` |
/// | score | `b s`, `s = grad log p_t` | `-F` | `(x + b F) / a` |
/// | clean_data | `x1` | `(x - a F) / b` | `F` |
/// | preconditioned | `(b x1 - a x0) / r`, `r^2 = a^2 + b^2` | `(b x - a r F) / r^2` | `(a x + b r F) / r^2` |
///
/// with `w = a b' - b a'`; the velocity is `a' x1 + b' x0`, and for a normal base the score is `-x0 / b`. Each row holds
/// because `x = a x1 + b x0` and the velocity hold for the means as for single points. The preconditioned head is that of
/// Karras et al. 2022 (arXiv:2206.00364) for data of unit variance: in `y = x / a`, `s = b / a` it reads
/// `x1 = y / (s^2 + 1) + s / sqrt(s^2 + 1) F`. Noise and score divide by `a`, clean data by `b`: [`Head::interval`] says
/// where that is allowed. A score network divided by its deviation is that of Song et al. 2020 (arXiv:2011.13456).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Head {
    /// The velocity of the path.
    #[default]
    Velocity,
    /// The base point.
    Noise,
    /// The score of the points at a time, times `b`.
    Score,
    /// The data point.
    CleanData,
    /// The data point, less what is known of it from `x`.
    Preconditioned,
}

/// A linear reading `p x + q F`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// `p`.
    pub of_point: f64,
    /// `q`.
    pub of_output: f64,
}

/// Smallest `a` or `b` a head divides by; errors of the network grow by its inverse.
const SMALLEST_DIVISOR: (f64, f64) = (1e-2, 2e-3);

impl Head {
    /// How the output is read as the base point `x0`.
    pub fn noise(self, at: &Schedule) -> Reading {
        let (a, b, radius) = (at.data, at.base, at.radius());
        let (p, q) = match self {
            Self::Velocity => (-at.data_rate / at.determinant(), a * at.speed() / at.determinant()),
            Self::Noise => (0.0, 1.0),
            Self::Score => (0.0, -1.0),
            Self::CleanData => (1.0 / b, -a / b),
            Self::Preconditioned => (b / (radius * radius), -a / radius),
        };
        Reading {
            of_point: p,
            of_output: q,
        }
    }

    /// How the output is read as the data point `x1`.
    pub fn clean(self, at: &Schedule) -> Reading {
        let (a, b, radius) = (at.data, at.base, at.radius());
        let (p, q) = match self {
            Self::Velocity => (at.base_rate / at.determinant(), -b * at.speed() / at.determinant()),
            Self::Noise => (1.0 / a, -b / a),
            Self::Score => (1.0 / a, b / a),
            Self::CleanData => (0.0, 1.0),
            Self::Preconditioned => (a / (radius * radius), b / radius),
        };
        Reading {
            of_point: p,
            of_output: q,
        }
    }

    /// How the output is read as the velocity.
    pub fn velocity(self, at: &Schedule) -> Reading {
        if self == Self::Velocity {
            return Reading {
                of_point: 0.0,
                of_output: at.speed(),
            };
        }
        let (clean, noise) = (self.clean(at), self.noise(at));
        Reading {
            of_point: at.data_rate * clean.of_point + at.base_rate * noise.of_point,
            of_output: at.data_rate * clean.of_output + at.base_rate * noise.of_output,
        }
    }

    /// What `F` should be, as weights `(of x0, of x1)` of the joined points.
    pub fn target(self, at: &Schedule) -> (f64, f64) {
        match self {
            Self::Velocity => (at.base_rate / at.speed(), at.data_rate / at.speed()),
            Self::Noise => (1.0, 0.0),
            Self::Score => (-1.0, 0.0),
            Self::CleanData => (0.0, 1.0),
            Self::Preconditioned => (-at.data / at.radius(), at.base / at.radius()),
        }
    }

    /// What the network sees is the point times this: one where the spread stays below one, else scaled to one.
    pub fn input_scale(self, at: &Schedule) -> f64 {
        let radius = at.radius();
        if self == Self::Preconditioned || radius > 1.0 + 1e-9 {
            1.0 / radius
        } else {
            1.0
        }
    }

    /// The times at which the head can be read on a path: `a >= 0.01` for noise and score, `b >= 0.002` for clean data.
    /// Walks and trainings keep inside.
    pub fn interval(self, path: &dyn Path) -> Interval {
        let mut interval = path.interval();
        match self {
            Self::Noise | Self::Score => {
                interval.from = interval.first_time(|t| path.schedule(t).data >= SMALLEST_DIVISOR.0);
            }
            Self::CleanData => {
                let last = |t: f64| path.schedule(t).base < SMALLEST_DIVISOR.1;
                if last(interval.to) {
                    interval.to = interval.first_time(last) - 1e-6;
                }
            }
            Self::Velocity | Self::Preconditioned => {}
        }
        interval
    }

    /// Whether the reading as velocity needs a normal base.
    pub fn needs_normal_base(self) -> bool {
        matches!(self, Self::Score | Self::Preconditioned)
    }
}

impl Reading {
    /// `p x + q F` with one reading for all rows.
    pub(crate) fn apply(self, x: &Tensor<2>, output: Tensor<2>) -> Tensor<2> {
        let scaled = if self.of_output == 1.0 {
            output
        } else {
            output * self.of_output
        };
        if self.of_point == 0.0 {
            scaled
        } else {
            scaled + x.clone() * self.of_point
        }
    }
}

/// Weight of a row's squared error, as a function of its time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossWeight {
    /// One for the output of the head. With the preconditioned head that is the weight of Karras et al. 2022.
    #[default]
    Output,
    /// `d log(a/b) / dt` for the noise: the loss is the variational bound but for a constant (Kingma et al. 2021,
    /// arXiv:2107.00630; Song et al. 2021, arXiv:2101.09258).
    Likelihood,
    /// That of the error of the velocity, which the network's is read as: `q^2` with its reading `q`, and `q` no larger than
    /// 20. For clean data on straight lines `q = 1 / (1 - t)` (Li and He 2025, arXiv:2511.13720; Remy et al. 2026,
    /// arXiv:2606.31988).
    Velocity,
}

/// Largest reading of an output as velocity that [`LossWeight::Velocity`] weighs by.
const LARGEST_READING: f64 = 20.0;

impl LossWeight {
    /// The weight at a time.
    pub fn at(self, head: Head, at: &Schedule) -> f64 {
        match self {
            Self::Output => 1.0,
            Self::Velocity => head.velocity(at).of_output.abs().min(LARGEST_READING).powi(2),
            Self::Likelihood => {
                let error_of_noise = head.noise(at).of_output;
                let rate = -at.determinant() / (at.data * at.base);
                error_of_noise * error_of_noise * rate
            }
        }
    }
}
