//! From a finished run to `report.html` and its figures.
//!
//! One file writes one section. Each takes what it needs from [`ReportInput`], says so where something is missing, and
//! hands back blocks of the page; the figures among them are also written to `figures/` as SVG and PNG.

pub(crate) mod bin_maps;
mod calibration;
mod columns;
mod data;
mod evidence;
pub(crate) mod fields;
pub(crate) mod figures;
mod headline;
mod input;
mod predictions;
mod reference;
mod reproduction;
mod scores;
mod training;
mod walk;
mod wording;

use anyhow::Context;
use fieldbridge_files::atomic::write_atomically;
use fieldbridge_report::{Report, Section};

use figures::Figures;
pub(crate) use input::{GalleryRow, ReportInput};

/// Writes `report.html`, `figures/NAME.svg` and `figures/NAME.png` into the run directory; each file appears whole or
/// not at all.
///
/// # Errors
/// When a file cannot be written or a figure cannot be turned into a picture.
pub(crate) fn write(input: &ReportInput) -> anyhow::Result<()> {
    let mut figures = Figures::default();
    let page = page(input, &mut figures)?;
    figures.write(&input.directory)?;
    let path = input.directory.join("report.html");
    write_atomically(&path, |file| file.write_all(page.html().as_bytes())).context("the report cannot be written")
}

/// The page, with its figures noted on the way.
fn page(input: &ReportInput, figures: &mut Figures) -> anyhow::Result<Report> {
    Ok(Report {
        title: headline::title(input),
        subtitle: headline::subtitle(input),
        verdict: Some(headline::verdict(input)),
        sections: vec![
            Section::new("Data", data::blocks(input)),
            Section::new("Training", training::blocks(input, figures)),
            Section::new("Calibration", calibration::blocks(input, figures)),
            Section::new("Predictions", predictions::blocks(input, figures)),
            Section::new("The way", walk::blocks(input, figures)?),
            Section::new("Scores", scores::blocks(input)),
            Section::new("How to reproduce", reproduction::blocks(input)),
        ]
        .into_iter()
        .filter(|section| !section.blocks.is_empty())
        .collect(),
        footer: headline::footer(input),
    })
}

#[cfg(test)]
mod tests;
