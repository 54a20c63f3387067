//! Memorises or generalises?

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::check::error::{CheckError, require_count, require_finite, require_length};

/// A draw is called a copy when it is nearer to a training row than all but this share of fresh draws.
const RARE: f64 = 0.01;
/// More copies than this and the model memorises.
const MANY_COPIES: f64 = 0.5;
/// It generalises with no more copies than this ...
const FEW_COPIES: f64 = 0.1;
/// ... and no fewer pairs that agree.
const MOST_AGREE: f64 = 0.9;
/// Fewest draws and fresh rows: a rare one must be among them.
const LEAST_ROWS: usize = 20;

/// Draws of two models and what they were trained on; every table `[rows, dimension]`, flat, the mean of the data taken off.
#[derive(Clone, Copy, Debug)]
pub struct TwoHalves<'a> {
    /// Draws of the model of the first half.
    pub first: &'a [f64],
    /// Draws of the model of the second half from the same noise, row by row.
    pub second: &'a [f64],
    /// The first half.
    pub first_training: &'a [f64],
    /// The second half.
    pub second_training: &'a [f64],
    /// Rows of the truth that neither model has seen.
    pub fresh: &'a [f64],
    /// Numbers in a row.
    pub dimension: usize,
}

/// What a model does with its training data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemorisationVerdict {
    /// More than half of the draws are copies of training rows.
    Memorises,
    /// At least nine pairs of ten agree, and at most one draw in ten is a copy.
    Generalises,
    /// Neither: on the way from the one to the other, or too weak for both.
    Between,
}

/// Similarities `a.b / (|a| |b|)` of draws, training rows and the truth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Memorisation {
    /// Rows of each half.
    pub training_rows: usize,
    /// Mean similarity of the two draws from the same noise.
    pub similarity: f64,
    /// Its standard error.
    pub similarity_error: f64,
    /// Mean similarity of a draw with the training row most similar to it, over both models.
    pub nearest: f64,
    /// The same for fresh rows.
    pub nearest_of_fresh: f64,
    /// Share of draws more similar to a training row than 99 % of fresh rows are.
    pub copies: f64,
    /// Share of pairs more similar than 99 % of pairs of unrelated fresh rows.
    pub agreeing: f64,
    /// What it comes to.
    pub verdict: MemorisationVerdict,
    /// The verdict with its numbers.
    pub sentence: String,
}

/// Compares draws of two models with each other and with their training data.
///
/// # Errors
/// Fewer than 20 draws or fresh rows, no training row, tables that do not fit together, numbers that are not finite.
pub fn memorisation(halves: &TwoHalves<'_>) -> Result<Memorisation, CheckError> {
    let width = halves.dimension;
    require_count("numbers in a row", 1, width)?;
    for (what, table) in [
        ("draws of the first model", halves.first),
        ("draws of the second model", halves.second),
        ("training rows of the first model", halves.first_training),
        ("training rows of the second model", halves.second_training),
        ("fresh rows", halves.fresh),
    ] {
        if table.is_empty() {
            return Err(CheckError::NoPoints { what });
        }
        require_finite(what, table, width)?;
        require_length(what, table.len().div_ceil(width) * width, table.len())?;
    }
    require_length("draws of the second model", halves.first.len(), halves.second.len())?;
    require_count("draws of the first model", LEAST_ROWS, halves.first.len() / width)?;
    require_count("fresh rows", LEAST_ROWS, halves.fresh.len() / width)?;
    let nearest = |table: &[f64], training: &[f64]| -> Vec<f64> {
        let most = |row: &[f64]| {
            let similarities = training.chunks_exact(width).map(|other| similarity(row, other));
            similarities.fold(f64::NEG_INFINITY, f64::max)
        };
        table.par_chunks_exact(width).map(most).collect()
    };
    let both = |first: &[f64], second: &[f64]| {
        [
            nearest(first, halves.first_training),
            nearest(second, halves.second_training),
        ]
        .concat()
    };
    let of_draws = both(halves.first, halves.second);
    let of_fresh = both(halves.fresh, halves.fresh);
    let pairs: Vec<f64> = rows_of(halves.first, width)
        .zip(rows_of(halves.second, width))
        .map(|(a, b)| similarity(a, b))
        .collect();
    let strangers: Vec<f64> = rows_of(halves.fresh, width)
        .enumerate()
        .flat_map(|(at, a)| rows_of(halves.fresh, width).skip(at + 1).map(move |b| similarity(a, b)))
        .collect();
    let copies = share_above(&of_draws, rarely_passed(&of_fresh));
    let agreeing = share_above(&pairs, rarely_passed(&strangers));
    let verdict = if copies > MANY_COPIES {
        MemorisationVerdict::Memorises
    } else if copies <= FEW_COPIES && agreeing >= MOST_AGREE {
        MemorisationVerdict::Generalises
    } else {
        MemorisationVerdict::Between
    };
    let (similarity, spread) = mean_and_spread(&pairs);
    let mut found = Memorisation {
        training_rows: halves.first_training.len() / width,
        similarity,
        similarity_error: spread / (pairs.len() as f64).sqrt(),
        nearest: mean_and_spread(&of_draws).0,
        nearest_of_fresh: mean_and_spread(&of_fresh).0,
        copies,
        agreeing,
        verdict,
        sentence: String::new(),
    };
    found.sentence = sentence(&found);
    Ok(found)
}

fn sentence(found: &Memorisation) -> String {
    let word = match found.verdict {
        MemorisationVerdict::Memorises => "memorises",
        MemorisationVerdict::Generalises => "generalises",
        MemorisationVerdict::Between => "neither memorises nor generalises",
    };
    format!(
        "{word} with {} training rows: {:.0} % of draws lie nearer to a training row than 99 % of fresh rows do (similarity \
         {:.2}, fresh {:.2}), and {:.0} % of pairs of draws from the same noise agree (similarity {:.2} +- {:.2})",
        found.training_rows,
        100.0 * found.copies,
        found.nearest,
        found.nearest_of_fresh,
        100.0 * found.agreeing,
        found.similarity,
        found.similarity_error
    )
}

fn rows_of(table: &[f64], width: usize) -> std::slice::ChunksExact<'_, f64> {
    table.chunks_exact(width)
}

/// `a.b / (|a| |b|)`; zero when either is zero.
fn similarity(a: &[f64], b: &[f64]) -> f64 {
    let (mut dot, mut first, mut second) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        dot += a * b;
        first += a * a;
        second += b * b;
    }
    let length = (first * second).sqrt();
    if length > 0.0 { dot / length } else { 0.0 }
}

/// The value that a share [`RARE`] of these exceeds.
fn rarely_passed(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = ((1.0 - RARE) * sorted.len() as f64).ceil() as usize;
    sorted[place.clamp(1, sorted.len()) - 1]
}

fn share_above(values: &[f64], limit: f64) -> f64 {
    values.iter().filter(|&&value| value > limit).count() as f64 / values.len() as f64
}

fn mean_and_spread(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let square: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (square / (count - 1.0).max(1.0)).sqrt())
}

#[cfg(test)]
mod tests {
    use super::super::{Denoiser, GaussianField, TrainingSet, Wiener, draw_from_noise};
    use super::*;
    use crate::random::Stream;

    const SIDE: usize = 8;

    fn judged(rows: usize, denoisers: impl Fn(&[f64]) -> Vec<f64>) -> Memorisation {
        let field = GaussianField::new(SIDE, 2.0);
        let half = |index| field.draw(rows, &Stream::new(1, "half", index));
        let (first_training, second_training) = (half(0), half(1));
        let fresh = field.draw(200, &Stream::new(1, "fresh", 0));
        memorisation(&TwoHalves {
            first: &denoisers(&first_training),
            second: &denoisers(&second_training),
            first_training: &first_training,
            second_training: &second_training,
            fresh: &fresh,
            dimension: SIDE * SIDE,
        })
        .unwrap()
    }

    fn drawn(denoiser: &dyn Denoiser) -> Vec<f64> {
        let noise = Stream::new(2, "noise", 0).normals(60 * SIDE * SIDE);
        let noise: Vec<f64> = noise.into_iter().map(f64::from).collect();
        draw_from_noise(denoiser, &noise, 60).unwrap()
    }

    #[test]
    fn the_optimum_of_the_truth_generalises_and_that_of_the_training_rows_memorises() {
        for rows in [1, 10, 100, 1000] {
            let field = GaussianField::new(SIDE, 2.0);
            let learned = judged(rows, |_| drawn(&Wiener(&field)));
            assert_eq!(
                learned.verdict,
                MemorisationVerdict::Generalises,
                "{}",
                learned.sentence
            );
            assert!(
                learned.similarity > 1.0 - 1e-12 && learned.copies < 0.06,
                "{}",
                learned.sentence
            );
            let dimension = SIDE * SIDE;
            let copied = judged(rows, |training| {
                drawn(&TrainingSet {
                    rows: training,
                    dimension,
                })
            });
            assert_eq!(copied.verdict, MemorisationVerdict::Memorises, "{}", copied.sentence);
            assert!(
                copied.nearest > 0.999 && (rows > 100 || copied.agreeing < 0.5),
                "{}",
                copied.sentence
            );
        }
    }

    #[test]
    fn unrelated_draws_of_the_truth_are_neither() {
        let field = GaussianField::new(SIDE, 2.0);
        let index = std::sync::atomic::AtomicU64::new(0);
        let found = judged(100, |_| {
            let index = index.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            field.draw(60, &Stream::new(7, "draws", index))
        });
        assert_eq!(found.verdict, MemorisationVerdict::Between, "{}", found.sentence);
        assert!(found.agreeing < 0.2 && found.copies < 0.1, "{}", found.sentence);
    }

    #[test]
    fn tables_that_do_not_fit_are_refused() {
        let table = vec![0.5; 80];
        let halves = TwoHalves {
            first: &table,
            second: &table,
            first_training: &table[..2],
            second_training: &table[..2],
            fresh: &table,
            dimension: 2,
        };
        assert!(memorisation(&halves).is_ok());
        let refused = |halves: TwoHalves<'_>, word: &str| {
            let message = memorisation(&halves).unwrap_err().to_string();
            assert!(message.contains(word), "{message}");
        };
        refused(
            TwoHalves {
                second: &table[..40],
                ..halves
            },
            "second model",
        );
        refused(
            TwoHalves {
                fresh: &table[..10],
                ..halves
            },
            "fresh rows",
        );
        refused(
            TwoHalves {
                first_training: &[],
                ..halves
            },
            "training rows of the first",
        );
        refused(
            TwoHalves {
                first_training: &table[..3],
                ..halves
            },
            "training rows of the first",
        );
        let spoiled = [f64::NAN, 1.0];
        refused(
            TwoHalves {
                second_training: &spoiled,
                ..halves
            },
            "row 0 holds NaN",
        );
    }
}
