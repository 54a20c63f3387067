//! `posteriors.parquet`: one line for each held-out row.

use fieldbridge::check::{Asked, Draws, HeldOut, pit_values};
use fieldbridge::data::Encoded;
use fieldbridge::model::Model;
use fieldbridge_files::{Column, ColumnValues, Table, write_table};

use crate::directory::RunDirectory;

/// Name in the run directory.
pub(crate) const FILE: &str = "posteriors.parquet";

/// Percentiles given of every column, with the ends of their names.
const PERCENTILES: [(&str, f64); 5] = [
    ("p2_5", 0.025),
    ("p16", 0.16),
    ("median", 0.5),
    ("p84", 0.84),
    ("p97_5", 0.975),
];

/// Value below which a share of the sorted values lies, interpolated linearly.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (place - below as f64) * (sorted[above] - sorted[below])
}

/// Mean, deviation and percentiles of the draws of one column.
#[derive(Default)]
struct Summary {
    mean: Vec<f64>,
    deviation: Vec<f64>,
    percentiles: [Vec<f64>; 5],
}

impl Summary {
    fn add(&mut self, mut draws: Vec<f64>) {
        let count = draws.len() as f64;
        let mean = draws.iter().sum::<f64>() / count;
        let squares: f64 = draws.iter().map(|draw| (draw - mean).powi(2)).sum();
        draws.sort_by(f64::total_cmp);
        self.mean.push(mean);
        self.deviation.push((squares / (count - 1.0).max(1.0)).sqrt());
        for (values, (_, share)) in self.percentiles.iter_mut().zip(PERCENTILES) {
            values.push(quantile(&draws, share));
        }
    }
}

/// Writes row, truth, density and, for a conditional model, what the draws say of each target column, for every checked row.
pub(crate) fn write(
    model: &Model,
    encoded: &Encoded,
    found: &HeldOut,
    asked: &Asked,
    seed: u64,
    directory: &RunDirectory,
) -> anyhow::Result<()> {
    let dimension = model.target_columns().len();
    let checked = encoded.choose(&asked.places);
    let mut table = Table::new();
    let rows = checked.source_rows.iter().map(|&row| row as i64).collect();
    table.push(Column::new("row", ColumnValues::Int64(rows)))?;
    for (index, name) in model.target_columns().iter().enumerate() {
        let truth: Vec<f64> = checked.target.iter().skip(index).step_by(dimension).copied().collect();
        let mut columns = vec![("truth", truth)];
        if model.is_conditional() {
            let mut summary = Summary::default();
            for row in asked.draws.chunks_exact(found.draws * dimension) {
                summary.add(row.iter().skip(index).step_by(dimension).copied().collect());
            }
            columns.extend([("mean", summary.mean), ("deviation", summary.deviation)]);
            columns.extend(PERCENTILES.iter().map(|(end, _)| *end).zip(summary.percentiles));
            let draws = Draws::new(&asked.draws, checked.rows.count, found.draws, dimension)
                .map_err(fieldbridge::Error::from)?;
            let pit = pit_values(&draws, &checked.target, index, seed).map_err(fieldbridge::Error::from)?;
            columns.push(("pit", pit));
        }
        for (end, values) in columns {
            table.push(Column::new(format!("{name}_{end}"), ColumnValues::Float64(values)))?;
        }
    }
    let flags = checked
        .outside
        .iter()
        .map(|names| i64::from(!names.is_empty()))
        .collect();
    if !asked.densities.is_empty() {
        let densities = || asked.places.iter().map(|&place| asked.densities[place]);
        let values = densities().map(|density| density.value).collect();
        let errors = densities().map(|density| density.error).collect();
        table.push(Column::new("log_density", ColumnValues::Float64(values)))?;
        table.push(Column::new("error_estimate", ColumnValues::Float64(errors)))?;
    }
    table.push(Column::new("outside_training_range", ColumnValues::Int64(flags)))?;
    Ok(write_table(&directory.file(FILE), &table)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_interpolated_between_draws() {
        let sorted: Vec<f64> = (0..=10).map(f64::from).collect();
        assert_eq!(quantile(&sorted, 0.5), 5.0);
        assert!((quantile(&sorted, 0.16) - 1.6).abs() < 1e-12);
        assert_eq!(quantile(&[3.0], 0.975), 3.0);
    }
}
