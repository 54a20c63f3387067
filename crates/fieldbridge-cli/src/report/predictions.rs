//! Section "Predictions": what the model says, beside what is true.

use fieldbridge::check::ColumnChecks;
use fieldbridge_report::{
    Block, Corner, PairedHistograms, PairedPanel, PosteriorGallery, PosteriorPanel, PredictedAgainstTruth,
    ResidualScale, SampleSet, format_number, format_with_error,
};

use super::ReportInput;
use super::figures::Figures;
use super::wording::{code, count, note, percent_with_error, with_unit};

/// Columns predicted against truth, one figure each.
const MOST_SCATTERS: usize = 8;
/// Posteriors in the gallery.
const MOST_POSTERIORS: usize = 12;
/// Columns in the corner figure; more panels are too small to read.
const MOST_CORNER: usize = 8;
/// Columns up to which the corner figure needs no more than half the page.
const LARGEST_SINGLE_CORNER: usize = 4;
/// Columns in the paired histograms.
const MOST_PAIRS: usize = 32;

/// The blocks of the section.
pub(super) fn blocks(input: &ReportInput, figures: &mut Figures) -> Vec<Block> {
    let mut blocks = Vec::new();
    let columns: Vec<&ColumnChecks> = input
        .held_out
        .columns
        .iter()
        .filter(|column| !column.median.is_empty())
        .collect();
    let several = columns.len() > 1;
    for (place, column) in columns.iter().take(MOST_SCATTERS).enumerate() {
        blocks.push(scatter(figures, column, several, place == 0));
    }
    if columns.len() > MOST_SCATTERS {
        blocks.push(note(format!(
            "The first {MOST_SCATTERS} of {} columns are shown.",
            columns.len()
        )));
    }
    blocks.extend(gallery(input, figures));
    if let Some((data, drawn)) = &input.samples {
        blocks.extend(draws(input, figures, data, drawn));
    }
    if blocks.is_empty() {
        blocks.push(note(
            "Neither posteriors nor draws were kept, so there is no prediction to show.",
        ));
    }
    blocks
}

fn scatter(figures: &mut Figures, column: &ColumnChecks, several: bool, first: bool) -> Block {
    let name = with_unit(&column.name, column.unit.as_deref());
    let mut chart = PredictedAgainstTruth {
        title: format!("Predicted against true {}", column.name),
        symbol: column.name.clone(),
        truth_label: format!("true {name}"),
        predicted_label: format!("predicted {name} (posterior median)"),
        truth: column.truth.clone(),
        predicted: column.median.clone(),
        residual: ResidualScale::Absolute,
        outlier_threshold: None,
        scores: Vec::new(),
    };
    let mut caption = "The median of each posterior against the truth, with the residual below; points on the diagonal are right, and \
                       bands away from it are degeneracies, where a median alone misleads and the whole posterior is needed."
        .to_owned();
    if let Some(point) = &column.point {
        chart.symbol = "z".to_owned();
        chart.residual = ResidualScale::OnePlusTruth;
        chart.outlier_threshold = Some(point.outlier_threshold);
        let outliers = percent_with_error(point.outlier_fraction.value, point.outlier_fraction.standard_error);
        chart.scores = vec![
            (
                "bias".to_owned(),
                format_with_error(point.bias.value, point.bias.standard_error),
            ),
            (
                "σ_NMAD".to_owned(),
                format_with_error(point.sigma_nmad.value, point.sigma_nmad.standard_error),
            ),
            ("outliers".to_owned(), outliers),
        ];
        caption.push_str(&format!(
            " Lines mark |Δz| / (1 + z) = {}, beyond which a redshift counts as an outlier.",
            format_number(point.outlier_threshold)
        ));
    }
    if several && !first {
        caption = format!("The same for {}.", code(&column.name));
    }
    let file = if several {
        format!("predicted-against-true-{}", column.name)
    } else {
        "predicted-against-true".to_owned()
    };
    figures.add(&file, caption, |theme| chart.svg(theme))
}

fn gallery(input: &ReportInput, figures: &mut Figures) -> Option<Block> {
    let rows = &input.gallery;
    if rows.is_empty() {
        return None;
    }
    let target = &input.manifest.scaling.target;
    let name = target.columns.first().map_or("", String::as_str);
    let unit = target.units.first().and_then(Option::as_deref);
    let chart = PosteriorGallery {
        title: "Example posteriors".to_owned(),
        x_label: with_unit(name, unit),
        panels: rows
            .iter()
            .take(MOST_POSTERIORS)
            .map(|row| PosteriorPanel {
                label: row.label.clone(),
                grid: row.grid.clone(),
                density: row.density.clone(),
                truth: row.truth,
            })
            .collect(),
        ..PosteriorGallery::default()
    };
    let shown = chart.panels.len();
    let truths = if rows.iter().take(shown).any(|row| row.truth.is_some()) {
        " Vertical lines mark the truths; about one in three should lie outside the shading."
    } else {
        ""
    };
    let caption = format!(
        "Posterior density of {} for {shown} held-out rows, each scaled to its peak; the central 68 % are shaded.{truths}",
        code(name)
    );
    Some(figures.add_wide(
        "example-posteriors",
        caption,
        |theme| chart.svg(theme),
        Some(&|theme| chart.narrow_svg(theme)),
    ))
}

/// Held-out data and draws of the model side by side.
fn draws(input: &ReportInput, figures: &mut Figures, data: &[Vec<f64>], drawn: &[Vec<f64>]) -> Vec<Block> {
    let target = &input.manifest.scaling.target;
    let names: Vec<String> = target
        .columns
        .iter()
        .enumerate()
        .map(|(index, name)| with_unit(name, target.units.get(index).and_then(Option::as_deref)))
        .collect();
    let rows = |columns: &[Vec<f64>]| count(columns.first().map_or(0, Vec::len));
    let sizes = format!("{} held-out rows and {} draws", rows(data), rows(drawn));
    let pairs = PairedHistograms {
        title: "Each column: held-out data and draws".to_owned(),
        data_name: "held-out data".to_owned(),
        model_name: "draws".to_owned(),
        panels: names
            .iter()
            .zip(data.iter().zip(drawn))
            .take(MOST_PAIRS)
            .map(|(label, (data, model))| PairedPanel {
                label: label.clone(),
                data: data.clone(),
                model: model.clone(),
            })
            .collect(),
        columns: names.len().clamp(1, 4),
        ..PairedHistograms::default()
    };
    let caption = format!(
        "Distribution of each column in {sizes}, scaled to the same area: where the line leaves the filled shape, the model is wrong \
         by more than chance only if its ranks above leave their band too."
    );
    let mut blocks = vec![figures.add_wide(
        "marginals",
        caption,
        |theme| pairs.svg(theme),
        Some(&|theme| pairs.narrow_svg(theme)),
    )];
    if names.len() > 1 {
        let shown = names.len().min(MOST_CORNER);
        let set = |name: &str, columns: &[Vec<f64>]| SampleSet {
            name: name.to_owned(),
            columns: columns.iter().take(shown).cloned().collect(),
        };
        let corner = Corner {
            title: "Pairs of columns: held-out data and draws".to_owned(),
            names: names[..shown].to_vec(),
            sets: vec![set("held-out data", data), set("draws", drawn)],
            truth: None,
        };
        let mut caption = "All pairs of columns, with contours that hold 68 % and 95 % of the points: filled for the held-out data, lines \
                           for the draws; they should lie on each other."
            .to_owned();
        if shown < names.len() {
            caption.push_str(&format!(" The first {shown} of {} columns are shown.", names.len()));
        }
        blocks.push(if shown > LARGEST_SINGLE_CORNER {
            figures.add_wide("corner", caption, |theme| corner.svg(theme), None)
        } else {
            figures.add("corner", caption, |theme| corner.svg(theme))
        });
    }
    blocks
}
