//! What was found, in words and for scripts.

use serde_json::{Value, json};

use super::baselines;
use super::found::{FieldFound, Scores};

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
        "baselines": found.baselines,
        "exact": exact,
    });
    if !found.regions.is_empty() {
        object["pixels"] = json!(found.regions);
    }
    Ok(object)
}
