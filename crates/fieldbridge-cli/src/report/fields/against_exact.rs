//! The numbers beside the exact posterior.

use fieldbridge::check::median;
use fieldbridge_report::{Block, Curve, CurveStyle, Histogram, LineChart, NoticeKind, format_number};

use super::FieldInput;
use crate::report::figures::Figures;

pub(super) fn blocks(input: &FieldInput<'_>, figures: &mut Figures) -> Vec<Block> {
    let Some(exact) = &input.found.exact else {
        return Vec::new();
    };
    let number = |value: f64| format!("{value:.3}");
    let rows = exact.criteria.iter().map(|criterion| {
        vec![
            criterion.name.clone(),
            number(criterion.value),
            criterion.exact_draws.map_or("–".to_owned(), number),
            criterion.demand.clone(),
            if criterion.met { "met" } else { "missed" }.to_owned(),
        ]
    });
    let parameters = exact.parameters.iter().map(|parameter| {
        vec![
            parameter.name.clone(),
            number(parameter.offset),
            format!("{:+.3}", parameter.bias),
            number(parameter.width),
        ]
    });
    let mut blocks = vec![
        Block::Paragraph(
            "Gaussian fields with white noise are independent from mode to mode, so the posterior is known: parameters on a grid under \
             their prior, and given these, Wiener's mean and covariance for the maps. The column `exact draws` holds what as many \
             draws of that posterior itself give: the part that comes from the number of draws and observations alone."
                .to_owned(),
        ),
        Block::Table {
            caption: format!(
                "Demands on the model, over {} observations with {} draws each.",
                input.found.observations, input.found.draws
            ),
            header: ["", "model", "exact draws", "demanded", ""].map(str::to_owned).to_vec(),
            rows: rows.collect(),
            numeric: vec![false, true, true, false, false],
        },
        Block::Table {
            caption: "Every parameter: offset and bias of the mean in exact deviations, deviation over the exact one.".to_owned(),
            header: ["parameter", "|offset|", "bias", "width"].map(str::to_owned).to_vec(),
            rows: parameters.collect(),
            numeric: vec![false, true, true, true],
        },
    ];
    let missed: Vec<&str> = exact
        .criteria
        .iter()
        .filter(|criterion| !criterion.met)
        .map(|criterion| criterion.name.as_str())
        .collect();
    if !missed.is_empty() {
        blocks.push(Block::Notice {
            kind: NoticeKind::Warning,
            text: format!("Not as demanded: {}.", missed.join("; ")),
        });
    }
    if let (Some(ratio), Some(error)) = (&input.found.spectra.ratio, &input.found.spectra.ratio_error) {
        blocks.push(ratios(input, figures, ratio, error));
    }
    let histogram = Histogram {
        title: "Classifier on parameters".to_owned(),
        x: fieldbridge_report::Axis::linear("accuracy (0.5: cannot tell)"),
        ..histogram(&exact.c2st)
    };
    blocks.push(figures.add(
        "classifier",
        format!(
            "How often a classifier tells the parameters of a draw from those of an exact draw, for every observation. Two sets of exact draws \
             give {} in the median.",
            format_number(median(&mut exact.c2st_floor.clone()))
        ),
        |theme| histogram.svg(theme),
    ));
    blocks
}

fn histogram(values: &[f64]) -> Histogram {
    Histogram::of_values(values, 24)
}

/// Power of the draws over that of exact draws.
fn ratios(input: &FieldInput<'_>, figures: &mut Figures, ratio: &[f64], error: &[f64]) -> Block {
    let spectra = &input.found.spectra;
    let (bands, bins) = (spectra.multipoles.len(), input.found.bins);
    let ends = |value: f64| {
        Curve::new(
            "",
            vec![spectra.multipoles[0], spectra.multipoles[bands - 1]],
            vec![value; 2],
        )
        .with_style(CurveStyle::Reference)
    };
    let mut chart = LineChart {
        title: "Power of drawn maps over that of exact draws".to_owned(),
        x: fieldbridge_report::Axis::logarithmic("multipole"),
        y: fieldbridge_report::Axis::linear("ratio"),
        curves: vec![ends(1.0), ends(0.95), ends(1.05)],
        ..LineChart::default()
    };
    for bin in 0..bins {
        let pair = bin * bins - bin * bin.saturating_sub(1) / 2;
        let of = |values: &[f64]| values[pair * bands..(pair + 1) * bands].to_vec();
        let (ratio, error) = (of(ratio), of(error));
        chart.bands.push(fieldbridge_report::CurveBand {
            name: String::new(),
            x: spectra.multipoles.clone(),
            lower: ratio.iter().zip(&error).map(|(ratio, error)| ratio - error).collect(),
            upper: ratio.iter().zip(&error).map(|(ratio, error)| ratio + error).collect(),
        });
        chart
            .curves
            .push(Curve::new(format!("bin {bin}"), spectra.multipoles.clone(), ratio));
    }
    figures.add(
        "power-ratio",
        "Mean over observations of the power of drawn maps over that of exact draws of the same posterior, with its standard error; grey \
         lines at 1 and 5 % from it.",
        move |theme| chart.svg(theme),
    )
}
