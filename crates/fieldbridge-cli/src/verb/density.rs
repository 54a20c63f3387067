//! `fieldbridge density`: the log-density of every row of a file.

use anyhow::ensure;
use fieldbridge::device::Device;
use fieldbridge_files::{Column, ColumnValues, Table, require_writable, write_table};
use serde_json::json;

use crate::Outcome;
use crate::arguments::DensityArguments;
use crate::console::Console;
use crate::directory::RunDirectory;
use crate::progress::TaskProgress;
use crate::rows;

/// Mean and spread of numbers met one after another (Welford 1962).
#[derive(Default)]
struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    fn add(&mut self, value: f64) {
        self.count += 1.0;
        let before = value - self.mean;
        self.mean += before / self.count;
        self.squares += before * (value - self.mean);
    }

    /// Standard error of the mean; none for a single value.
    fn standard_error(&self) -> Option<f64> {
        (self.count > 1.0).then(|| (self.squares / (self.count - 1.0) / self.count).sqrt())
    }
}

pub(crate) fn execute(arguments: &DensityArguments, device: &Device, console: &Console) -> anyhow::Result<Outcome> {
    if let Some(out) = &arguments.out {
        require_writable(out)?;
    }
    let model = RunDirectory::read_only(&arguments.directory)?.model(device)?;
    super::infer_fields::refuse_columns(&model)?;
    let file = rows::open_for(&model, &arguments.data, arguments.group.as_deref())?;
    rows::note_if_learned_from(&model, &arguments.data, console)?;
    let (mut moments, mut largest_error, mut skipped) = (Moments::default(), 0.0_f64, Vec::new());
    let (mut source_rows, mut values, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    let mut progress = TaskProgress::new(console, "rows");
    for piece in rows::pieces(&file) {
        let end = piece.end;
        let mut encoded = rows::encode(&model, &file, piece, true)?;
        for density in model.log_density(&encoded)? {
            moments.add(density.value);
            largest_error = largest_error.max(density.error);
            if arguments.out.is_some() {
                values.push(density.value);
                errors.push(density.error);
            }
        }
        if arguments.out.is_some() {
            source_rows.extend(encoded.source_rows.iter().map(|&row| row as i64));
        }
        skipped.append(&mut encoded.skipped);
        progress.at(end as u64, file.rows() as u64, || {
            format!("mean log-density {:.4}", moments.mean)
        });
    }
    drop(progress);
    for (row, reason) in skipped.iter().take(10) {
        console.note(&format!("row {row} cannot be used: {reason}"));
    }
    if skipped.len() > 10 {
        console.note(&format!("... and {} more", skipped.len() - 10));
    }
    let rows = moments.count as usize;
    ensure!(
        rows > 0,
        "{} has no row whose density can be asked: {} rows, {} of them skipped{}",
        file.path().display(),
        file.rows(),
        skipped.len(),
        skipped
            .first()
            .map(|(row, reason)| format!(", row {row}: {reason}"))
            .unwrap_or_default()
    );
    if let Some(path) = &arguments.out {
        let mut table = Table::new();
        table.push(Column::new("row", ColumnValues::Int64(source_rows)))?;
        table.push(Column::new("log_density", ColumnValues::Float64(values)))?;
        table.push(Column::new("error_estimate", ColumnValues::Float64(errors)))?;
        write_table(path, &table)?;
    }
    let error = moments.standard_error();
    let words = format!(
        "mean log-density: {:.4}{} nats per row over {rows} rows, {} skipped (largest error estimate {largest_error:.2e})",
        moments.mean,
        error.map(|error| format!(" +- {error:.4}")).unwrap_or_default(),
        skipped.len()
    );
    let object = json!({
        "rows": rows,
        "mean_log_density": moments.mean,
        "standard_error": error,
        "max_error_estimate": largest_error,
        "rows_skipped": skipped.len(),
    });
    console.result(&words, &object)?;
    Ok(Outcome::Done)
}
