//! One word for a calibration check, with the evidence and the size of the effect behind it.
//!
//! Each set of ranks is tested by [`uniformity`](super::uniformity::uniformity()); the p-values are adjusted for the
//! number of sets by Holm's rule (1979). At a level of 1 %:
//!
//! - *rejected*: the set is named by its largest standardised effect. With `n` rows the mean of uniform ranks is
//!   `1/2 ± sqrt(1/12n)` and their variance `1/12 ± sqrt(1/180n)`. A shifted mean is `biased`; a variance too large
//!   (U-shaped histogram) `overconfident`, too small (∩-shaped) `underconfident`. For highest-density ranks a mean
//!   above 1/2 is `overconfident`, below `underconfident`. If neither moment stands out, the coverage of central
//!   intervals decides, and the sentence says that the error is one of shape.
//! - *not rejected*: `calibrated` if a width error of 20 % would have been found, otherwise `inconclusive`. Where there
//!   are sets of single parameters, they alone decide this: the joint posterior, ranked on fewer rows for its cost, can
//!   reject and never leaves the verdict open.
//!
//! Rows are taken as independent. With very many rows a tiny error is rejected: p-value and size are both reported.

use super::error::{CheckError, require_count, require_within};
use super::finding::{RankFinding, RankKind, RankSet, covered, find};
use super::sentence;
use super::uniformity::UniformityLaw;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Probability of rejecting calibrated posteriors.
pub const REJECTION_LEVEL: f64 = 0.01;
/// A check that cannot see a relative width error of this size is inconclusive unless it rejects.
pub const REQUIRED_WIDTH_SENSITIVITY: f64 = 0.2;
/// Fewer rows than this never give `calibrated`.
pub const LEAST_ROWS: usize = 100;
/// Standardised effects beyond this stand out (two-sided 1 %).
pub(super) const STANDS_OUT: f64 = 2.576;
/// The verdict on a set of posteriors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// No departure found, and one of 20 % in width would have been.
    Calibrated,
    /// Posteriors too narrow: truths fall outside too often.
    Overconfident,
    /// Posteriors too wide.
    Underconfident,
    /// Posteriors shifted against the truths.
    Biased,
    /// No departure found, but too few rows to see one.
    Inconclusive,
}

impl Verdict {
    /// The verdict as one lower-case word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Calibrated => "calibrated",
            Self::Overconfident => "overconfident",
            Self::Underconfident => "underconfident",
            Self::Biased => "biased",
            Self::Inconclusive => "inconclusive",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

/// The verdict with its evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// The word.
    pub verdict: Verdict,
    /// Smallest adjusted p-value: probability of ranks at least this uneven if all is calibrated.
    pub p_value: f64,
    /// The verdict in words, with the size of the effect.
    pub sentence: String,
    /// What was found in each set, in the order given.
    pub findings: Vec<RankFinding>,
}

/// Judges the ranks of all parameters (and of the joint posterior, if given).
///
/// # Errors
/// No set, an empty set, ranks outside [0, 1] or not finite (the row is named).
pub fn judge(sets: &[RankSet<'_>]) -> Result<Judgement, CheckError> {
    require_count("sets of ranks to judge", 1, sets.len())?;
    sets.iter()
        .try_for_each(|set| require_within("ranks to judge", set.ranks, 0.0, 1.0))?;
    let p_values = uniformity_of(sets);
    let adjusted = holm(&p_values);
    let mut findings = Vec::with_capacity(sets.len());
    for (index, set) in sets.iter().enumerate() {
        findings.push(find(set, p_values[index], adjusted[index], sets.len())?);
    }
    let leading = leading_finding(&findings);
    Ok(Judgement {
        verdict: leading.verdict,
        p_value: adjusted.iter().copied().fold(1.0, f64::min),
        sentence: sentence::of(leading, &findings),
        findings,
    })
}

/// p-value of each set; sets of equal size share their simulated law.
fn uniformity_of(sets: &[RankSet<'_>]) -> Vec<f64> {
    let mut law: Option<(usize, UniformityLaw)> = None;
    sets.iter()
        .map(|set| {
            let rows = set.ranks.len();
            let kept = law.take().filter(|(size, _)| *size == rows);
            let (_, current) = law.insert(kept.unwrap_or_else(|| (rows, UniformityLaw::new(rows))));
            current.p_value(set.ranks)
        })
        .collect()
}

/// Holm's step-down adjustment, in the original order.
fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|first, second| p_values[*first].total_cmp(&p_values[*second]));
    let mut adjusted = vec![1.0; p_values.len()];
    let mut largest = 0.0_f64;
    for (place, index) in order.into_iter().enumerate() {
        largest = largest.max((p_values.len() - place) as f64 * p_values[index]).min(1.0);
        adjusted[index] = largest;
    }
    adjusted
}

/// The word for a rejected set.
pub(super) fn name_departure(
    kind: RankKind,
    mean_effect: f64,
    variance_effect: f64,
    smallest_levels: &[f64],
) -> Verdict {
    let by_sign = |effect: f64| {
        if effect > 0.0 {
            Verdict::Overconfident
        } else {
            Verdict::Underconfident
        }
    };
    match kind {
        RankKind::Parameter if mean_effect.abs().max(variance_effect.abs()) >= STANDS_OUT => {
            if mean_effect.abs() >= variance_effect.abs() {
                Verdict::Biased
            } else {
                by_sign(variance_effect)
            }
        }
        RankKind::HighestDensity if mean_effect.abs() >= STANDS_OUT => by_sign(mean_effect),
        _ => by_sign(-largest_coverage_effect(smallest_levels)),
    }
}

/// Standardised difference of coverage from its level, where it is largest.
fn largest_coverage_effect(smallest_levels: &[f64]) -> f64 {
    [0.5, 0.68, 0.9, 0.95, 0.99]
        .into_iter()
        .map(|level| {
            let found = covered(smallest_levels, level);
            let spread: f64 = f64::max(level * (1.0 - level), found * (1.0 - found));
            (found - level) * (smallest_levels.len() as f64 / spread).sqrt()
        })
        .fold(
            0.0,
            |largest: f64, effect| if effect.abs() > largest.abs() { effect } else { largest },
        )
}

/// The rejected finding with the largest effect; else, of the parameters if there are any, the one that saw least.
fn leading_finding(findings: &[RankFinding]) -> &RankFinding {
    let effect = |finding: &&RankFinding| finding.mean_effect.abs().max(finding.variance_effect.abs());
    let unseen = |finding: &&RankFinding| finding.detectable_width_error.unwrap_or(f64::INFINITY);
    let rejected = findings
        .iter()
        .filter(|finding| finding.adjusted_p_value <= REJECTION_LEVEL);
    rejected
        .max_by(|first, second| effect(first).total_cmp(&effect(second)))
        .or_else(|| {
            let parameters = findings.iter().any(|finding| finding.kind == RankKind::Parameter);
            findings
                .iter()
                .filter(|finding| !parameters || finding.kind == RankKind::Parameter)
                .max_by(|first, second| unseen(first).total_cmp(&unseen(second)))
        })
        .expect("at least one set is judged")
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
