//! Simpler answers in words.

use super::SPECTRA;
use super::found::{Baselines, RelativeError, SpectraMethod};

/// What the posterior of the spectra is, and how many observations it was asked about; none behind masks.
pub(crate) fn method(baselines: &Baselines) -> Option<(String, usize)> {
    let of_spectra = baselines.parameters.iter().find(|answer| answer.answer == SPECTRA);
    let observations = of_spectra.map_or(0, |answer| answer.observations);
    let words = match baselines.spectra.as_ref()? {
        SpectraMethod::Exact => {
            "the fields are Gaussian, so that the spectra say all there is to know of the parameters".to_owned()
        }
        SpectraMethod::Grid { cells: [first, second] } => {
            format!(
                "spectra of all modes with the scatter of Gaussian fields, on a grid of {first} by {second} universes"
            )
        }
        SpectraMethod::WeightedDraws {
            draws,
            median_effective,
            least_effective,
        } => format!(
            "spectra of all modes with the scatter of Gaussian fields, by {draws} weighted draws for each of {observations} observations, \
             worth {median_effective:.0} in the median and {least_effective:.0} at least"
        ),
    };
    Some((words, observations))
}

/// What is told where there are masks.
pub(crate) const BEHIND_MASKS: &str = "Behind masks there are no power spectra of the patch, and a filter of modes is not the best one: both are left out";

/// A few lines for people.
pub(crate) fn lines(baselines: &Baselines) -> Vec<String> {
    let wide = |name: &str| format!("{name:<15}");
    let mut lines = vec![
        "simpler answers: error of the mean over the deviation of the prior, and in brackets the width of the answer"
            .to_owned(),
    ];
    for answer in &baselines.parameters {
        let scores = answer.parameters.iter().map(|score| {
            let RelativeError { error, .. } = score.error;
            format!("{} {error:.3} ({:.3})", score.name, score.width)
        });
        let scores: Vec<String> = scores.collect();
        lines.push(format!("  {} {}", wide(&answer.answer), scores.join(", ")));
    }
    lines.push(match method(baselines) {
        Some((spectra, _)) => format!("  ({SPECTRA}: {spectra})"),
        None => format!("  ({BEHIND_MASKS})"),
    });
    lines.push("and of maps: error over the deviation of true pixels, bin by bin".to_owned());
    for answer in &baselines.maps {
        let errors: Vec<String> = answer.bins.iter().map(|bin| format!("{:.3}", bin.error)).collect();
        lines.push(format!("  {} {}", wide(&answer.answer), errors.join(", ")));
    }
    lines
}
