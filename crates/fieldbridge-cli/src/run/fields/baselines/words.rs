//! Simpler answers in words.

use super::found::{Baselines, RelativeError, SpectraMethod};

/// What the posterior of the spectra is, and for how many observations it was asked.
pub(crate) fn method(baselines: &Baselines, observations: usize) -> String {
    match &baselines.spectra {
        SpectraMethod::Exact => {
            "the fields are Gaussian, so that the spectra say all there is to know of the parameters".to_owned()
        }
        SpectraMethod::Grid { cells: [first, second] } => format!(
            "spectra of all modes with the scatter of Gaussian fields, on a grid of {first} by {second} universes"
        ),
        SpectraMethod::WeightedDraws {
            draws,
            median_effective,
            least_effective,
        } => format!(
            "spectra of all modes with the scatter of Gaussian fields, by {draws} weighted draws for each of {observations} observations \
             (as many as {median_effective:.0} draws in the median, {least_effective:.0} at least)"
        ),
    }
}

/// Observations that the posterior of the spectra was asked about.
pub(crate) fn asked_of_spectra(baselines: &Baselines) -> usize {
    let of_spectra = baselines
        .parameters
        .iter()
        .find(|answer| answer.answer == super::SPECTRA);
    of_spectra.map_or(0, |answer| answer.observations)
}

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
        lines.push(format!(
            "  {} {}",
            wide(&answer.answer),
            scores.collect::<Vec<_>>().join(", ")
        ));
    }
    let spectra = method(baselines, asked_of_spectra(baselines));
    lines.push(format!("  ({}: {spectra})", super::SPECTRA));
    lines.push("and of maps: error over the deviation of true pixels, bin by bin".to_owned());
    for answer in &baselines.maps {
        let errors = answer.bins.iter().map(|bin| format!("{:.3}", bin.error));
        lines.push(format!(
            "  {} {}",
            wide(&answer.answer),
            errors.collect::<Vec<_>>().join(", ")
        ));
    }
    lines
}
