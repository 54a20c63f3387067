//! What was found, in words and for scripts.

use serde_json::{Value, json};

use super::baselines;
use super::criteria::autos;
use super::found::{Extremes, FieldFound, PixelClasses, Ratios, Scores};

/// A few lines for people.
pub(crate) fn words(found: &FieldFound) -> String {
    let mut lines = vec![format!(
        "{} ({} observations, {} draws each): {}",
        found.judgement.verdict, found.observations, found.draws, found.judgement.sentence
    )];
    for (name, scores) in [
        ("parameters", &found.calibration.parameters),
        ("parameters and maps", &found.calibration.joint),
    ] {
        lines.push(format!(
            "{name}: Mira {:.4} +- {:.4} ({:.4} expected), coverage off by {:.3} at most",
            scores.mira.score, scores.mira.standard_error, scores.mira.expected, scores.tarp.maximum_deviation
        ));
    }
    lines.extend(maps(found));
    lines.extend(baselines::words::lines(&found.baselines));
    for region in &found.regions {
        lines.push(format!(
            "pixels {} ({:.0} % of all): central intervals off by {:.3} at most ({:.1} standard errors), spread {:.3} and error {:.3} of \
             the maps' deviation",
            region.name,
            100.0 * region.share,
            region.maximum_deviation,
            region.maximum_errors,
            region.spread,
            region.error
        ));
    }
    if let Some(exact) = &found.exact {
        let met = exact.criteria.iter().filter(|criterion| criterion.met).count();
        lines.push(format!(
            "beside the exact posterior: {met} of {} demands met",
            exact.criteria.len()
        ));
        for criterion in &exact.criteria {
            let floor = criterion
                .exact_draws
                .map_or(String::new(), |value| format!(" (exact draws {value:.4})"));
            lines.push(format!(
                "  {} {}: {:.4}{floor}; {}",
                if criterion.met { "met " } else { "MISSED" },
                criterion.name,
                criterion.value,
                criterion.demand
            ));
        }
    }
    lines.join("\n")
}

/// What drawn maps are like beside true ones.
pub(crate) fn maps(found: &FieldFound) -> Vec<String> {
    let mut lines = Vec::new();
    let spectra = &found.spectra;
    let bands = spectra.multipoles.len();
    let places = autos(found.bins).flat_map(|pair| pair * bands..(pair + 1) * bands);
    let own: Vec<usize> = places.filter(|&at| at < spectra.over_truth.values.len()).collect();
    if let Some(at) = spectra.over_truth.farthest(own.iter().copied()) {
        let values = own.iter().map(|&at| spectra.over_truth.values[at]);
        let bin = own.iter().position(|&other| other == at).unwrap_or(0) / bands;
        lines.push(format!(
            "power of drawn maps over that of true maps: {}; {} in bin {bin} around l = {:.0}",
            range(values),
            farthest(&spectra.over_truth, at),
            spectra.multipoles[at % bands]
        ));
    }
    let amplitudes = &spectra.amplitudes;
    if let Some(at) = amplitudes.farthest(0..amplitudes.values.len()) {
        lines.push(format!(
            "error of the logarithm of the power of true maps over its spread among draws, 1 when calibrated: {}; {} in bin {} \
             around l = {:.0}",
            range(amplitudes.values.iter().copied()),
            farthest(amplitudes, at),
            at / bands,
            spectra.multipoles[at % bands]
        ));
    }
    let all = &found.one_point.beside;
    let of_bins = all.iter().enumerate().filter_map(|(bin, classes)| {
        let at = classes.over_truth.farthest(0..classes.over_truth.values.len())?;
        Some((bin, at, classes))
    });
    let distance = |(_, at, classes): &(usize, usize, &PixelClasses)| (classes.over_truth.values[*at] - 1.0).abs();
    if let Some((bin, at, classes)) = of_bins.max_by(|a, b| distance(a).total_cmp(&distance(b))) {
        let edge = |at: Option<usize>| at.and_then(|at| classes.edges.get(at));
        let place = match (edge(at.checked_sub(1)), edge(Some(at))) {
            (None, Some(high)) => format!("below {high:.4}"),
            (Some(low), None) => format!("above {low:.4}"),
            (Some(low), Some(high)) => format!("from {low:.4} to {high:.4}"),
            (None, None) => "anywhere".into(),
        };
        lines.push(format!(
            "drawn pixels over true ones, in classes of a twentieth of them: {}; {} in bin {bin}, convergence {place}",
            range(all.iter().flat_map(|classes| classes.over_truth.values.iter().copied())),
            farthest(&classes.over_truth, at),
        ));
    }
    let Extremes { lowest, highest } = &found.extremes;
    for (which, ranks) in [("lowest", lowest), ("highest", highest)] {
        let distance = |at: usize| (ranks.mean[at] - 0.5).abs();
        if let Some(bin) = (0..ranks.mean.len()).max_by(|&a, &b| distance(a).total_cmp(&distance(b))) {
            lines.push(format!(
                "rank of the {which} pixel of true maps among those of draws, in the mean 0.5 when calibrated: {}; farthest {:.3} +- {:.3} in bin {bin}",
                range(ranks.mean.iter().copied()),
                ranks.mean[bin],
                ranks.errors[bin],
            ));
        }
    }
    lines
}

fn farthest(ratios: &Ratios, at: usize) -> String {
    format!("farthest {:.3} +- {:.3}", ratios.values[at], ratios.errors[at])
}

fn range(values: impl Iterator<Item = f64>) -> String {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    format!("{low:.3} to {high:.3}")
}

fn scores(scores: &Scores) -> Value {
    json!({
        "tarp_maximum_deviation": scores.tarp.maximum_deviation,
        "tarp_p_value": scores.tarp.p_value,
        "mira": scores.mira,
    })
}

/// What was found, for scripts.
pub(crate) fn object(found: &FieldFound) -> anyhow::Result<Value> {
    let exact = found.exact.as_ref().map(|exact| {
        json!({
            "truth": "exact",
            "cells": exact.cells,
            "criteria": exact.criteria,
            "all_met": exact.criteria.iter().all(|criterion| criterion.met),
            "parameters": exact.parameters,
            "map_offset": exact.map_offset,
            "variance": exact.variance,
            "variance_scatter": exact.variance_scatter,
            "exact_draws": {
                "parameters": scores(&exact.calibration.parameters),
                "joint": scores(&exact.calibration.joint),
            },
        })
    });
    let mut object = json!({
        "verdict": found.judgement.verdict,
        "p_value": found.judgement.p_value,
        "sentence": found.judgement.sentence,
        "observations": found.observations,
        "draws": found.draws,
        "drawing_seconds": found.drawing_seconds,
        "parameters": scores(&found.calibration.parameters),
        "joint": scores(&found.calibration.joint),
        "spectra": found.spectra,
        "pixel_classes": found.one_point.beside,
        "pixel_extremes": found.extremes,
        "baselines": found.baselines,
        "exact": exact,
    });
    if !found.regions.is_empty() {
        object["pixels"] = json!(found.regions);
    }
    Ok(object)
}
