//! What simpler answers give about the same observations.

use fieldbridge_report::{Block, format_number, format_with_error};

use super::FieldInput;
use crate::run::fields::baselines::found::{Baselines, RelativeError};
use crate::run::fields::baselines::words;

/// One column for each answer: errors and widths of parameters, errors of maps.
pub(super) fn blocks(input: &FieldInput<'_>) -> Vec<Block> {
    let baselines = &input.found.baselines;
    let (columns, bins) = (&input.found.columns, input.found.bins);
    let map = |bin: usize| match bins {
        1 => "map".to_owned(),
        _ => format!("map of bin {bin}"),
    };
    let labels: Vec<String> = columns
        .iter()
        .flat_map(|name| [format!("{name}, error"), format!("{name}, width")])
        .chain((0..bins).map(map))
        .collect();
    let names = names(baselines);
    let answers: Vec<Vec<String>> = names
        .iter()
        .map(|name| numbers(baselines, name, (columns.len(), bins)))
        .collect();
    let header: Vec<String> = std::iter::once("of")
        .chain(names.iter().copied())
        .map(str::to_owned)
        .collect();
    let rows = labels.into_iter().enumerate().map(|(at, label)| {
        let own = answers.iter().map(|answer| answer[at].clone());
        std::iter::once(label).chain(own).collect()
    });
    vec![
        Block::Paragraph(
            "Parameters: error of the posterior mean, root mean square over observations, and mean width of the posterior, both over \
             the deviation of the prior. Where a posterior is right its width is about its error; a width well below it claims too \
             much. Maps: error of the mean map over the deviation of true pixels. Smaller errors are better, and what the number of draws \
             adds to the mean of the model's is taken out. ± is the standard error from the scatter of observations."
                .to_owned(),
        ),
        Block::Table {
            caption: format!("The same {} observations answered in simpler ways.", input.found.observations),
            numeric: std::iter::once(false).chain(vec![true; header.len() - 1]).collect(),
            header,
            rows: rows.collect(),
        },
        Block::Paragraph(explanation(baselines)),
    ]
}

/// What every answer is.
fn explanation(baselines: &Baselines) -> String {
    let simple = "**Prior**: its mean, and maps of zero. **Observed map**: the convergence with its noise, which is what inverting shear \
                  gives (Kaiser and Squires 1993), and zero where nothing is observed.";
    let Some((spectra, asked)) = words::method(baselines) else {
        return format!("{simple} {}.", words::BEHIND_MASKS);
    };
    let fiducial: Vec<String> = baselines
        .fiducial
        .iter()
        .map(|(name, value)| format!("`{name}` {}", format_number(*value)))
        .collect();
    format!(
        "{simple} **Power spectra**: the posterior of the parameters given auto- and cross-spectra alone, of {asked} of the observations: \
         {spectra}. **Wiener filter**: the best linear estimate, all bins together, with the spectra of the universe of the prior's \
         medians, {}, taken for granted whatever the map says; what better answers gain on it comes from learning the universe from the \
         map and, in fields that are not Gaussian, from what spectra do not hold.",
        fiducial.join(", ")
    )
}

/// All answers, simplest first.
fn names(baselines: &Baselines) -> Vec<&str> {
    let mut names = vec![
        "prior",
        "observed map",
        "power spectra",
        "Wiener filter",
        "model",
        "exact posterior",
    ];
    names.retain(|name| {
        baselines.parameters.iter().any(|answer| answer.answer == *name)
            || baselines.maps.iter().any(|answer| answer.answer == *name)
    });
    names
}

/// Errors and widths of parameters, then errors of maps, of one answer.
fn numbers(baselines: &Baselines, name: &str, (parameters, bins): (usize, usize)) -> Vec<String> {
    let number = |error: &RelativeError| format_with_error(error.error, error.standard_error);
    let nothing = |count: usize| vec!["–".to_owned(); count];
    let of_parameters = baselines.parameters.iter().find(|answer| answer.answer == name);
    let of_maps = baselines.maps.iter().find(|answer| answer.answer == name);
    let scores: Vec<String> = of_parameters.map_or_else(
        || nothing(2 * parameters),
        |answer| {
            let scores = answer.parameters.iter();
            scores
                .flat_map(|score| [number(&score.error), format!("{:.3}", score.width)])
                .collect()
        },
    );
    let maps: Vec<String> = of_maps.map_or_else(|| nothing(bins), |answer| answer.bins.iter().map(number).collect());
    scores.into_iter().chain(maps).collect()
}
