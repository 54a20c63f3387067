//! What was found in a data file.

use fieldbridge_files::TableFile;
use serde::{Deserialize, Serialize};

use super::modality::Absent;
use super::recipe::ModalityRecipe;

/// What was found in one column.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ColumnReport {
    /// Column, or entry of a vector column.
    pub name: String,
    /// Unit, where the file gives one.
    pub unit: Option<String>,
    /// Values that are not a number.
    pub not_a_number: usize,
    /// Infinite values.
    pub infinite: usize,
    /// Values that stand for missing.
    pub sentinel: usize,
    /// Values outside their valid interval.
    pub invalid: usize,
}

/// What was found in the file and what became of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DataReport {
    /// File, as the recipe names it.
    pub file: String,
    /// BLAKE3 hash of its bytes, hexadecimal.
    pub fingerprint: String,
    /// Rows in the file.
    pub rows: usize,
    /// Rows learned from.
    pub train: usize,
    /// Rows that decide when to stop.
    pub validation: usize,
    /// Rows held out.
    pub test: usize,
    /// Rows left out, with the reason and how many.
    pub left_out: Vec<(String, usize)>,
    /// What is missing in each context column.
    pub columns: Vec<ColumnReport>,
}

pub(super) fn column_reports(file: &TableFile, recipe: &ModalityRecipe, widths: &[usize]) -> Vec<ColumnReport> {
    let mut reports = Vec::new();
    for (name, &width) in recipe.columns.iter().zip(widths) {
        let unit = file
            .columns()
            .iter()
            .find(|info| info.name == *name)
            .and_then(|info| info.unit.clone());
        for entry in 0..width {
            let name = if width == 1 {
                name.clone()
            } else {
                format!("{name}[{entry}]")
            };
            reports.push(ColumnReport {
                name,
                unit: unit.clone(),
                ..ColumnReport::default()
            });
        }
    }
    reports
}

pub(super) fn count(report: &mut ColumnReport, value: Result<f64, Absent>) {
    match value {
        Ok(_) => {}
        Err(Absent::NotANumber) => report.not_a_number += 1,
        Err(Absent::Infinite) => report.infinite += 1,
        Err(Absent::Sentinel) => report.sentinel += 1,
        Err(Absent::Invalid) => report.invalid += 1,
    }
}
