//! `fieldbridge infer`: posterior draws for every row of a file.

use anyhow::bail;
use fieldbridge::device::Device;
use fieldbridge::model::Model;
use fieldbridge_files::{Column, ColumnValues, Table, TableFile, require_writable, write_table};
use serde_json::{Value, json};

use crate::Outcome;
use crate::arguments::InferArguments;
use crate::console::Console;
use crate::directory::RunDirectory;
use crate::drawing::redrawn;
use crate::progress::TaskProgress;
use crate::rows;
use crate::verb::infer_fields;

/// Rows whose draws are made together.
const ROWS_TOGETHER: usize = 1 << 12;
/// Rows without an answer told on the command line; the file holds all.
const TOLD: usize = 10;

/// Draws of many rows, column by column.
#[derive(Debug, Default)]
pub(crate) struct Posteriors {
    rows: Vec<i64>,
    draws: Vec<i64>,
    values: Vec<Vec<f64>>,
    outside: Vec<i64>,
    /// Rows with an answer.
    pub(crate) answered: usize,
    /// Rows with an answer that have a context value outside the training range.
    pub(crate) outside_rows: usize,
    /// Rows without an answer, with the reason.
    pub(crate) skipped: Vec<(usize, String)>,
}

impl Posteriors {
    /// Draws for every row of a file.
    pub(crate) fn draw(
        model: &Model,
        file: &TableFile,
        each: usize,
        seed: u64,
        console: &Console,
    ) -> anyhow::Result<Self> {
        let dimension = model.target_columns().len();
        let mut found = Self {
            values: vec![Vec::new(); dimension],
            ..Self::default()
        };
        let mut progress = TaskProgress::new(console, "rows");
        for piece in rows::pieces(file) {
            let mut encoded = rows::encode(model, file, piece, false)?;
            found.skipped.append(&mut encoded.skipped);
            for start in (0..encoded.rows.count).step_by(ROWS_TOGETHER) {
                let places: Vec<usize> = (start..(start + ROWS_TOGETHER).min(encoded.rows.count)).collect();
                let part = encoded.choose(&places);
                let drawn = model.posterior(&part, each, seed)?;
                for (place, values) in drawn.chunks_exact(each * dimension).enumerate() {
                    let outside = !part.outside[place].is_empty();
                    found.outside_rows += usize::from(outside);
                    for (draw, point) in values.chunks_exact(dimension).enumerate() {
                        found.rows.push(part.source_rows[place] as i64);
                        found.draws.push(draw as i64);
                        found.outside.push(i64::from(outside));
                        for (column, value) in found.values.iter_mut().zip(point) {
                            column.push(*value);
                        }
                    }
                }
                found.answered += places.len();
                let done = part.source_rows.last().map_or(0, |row| row + 1);
                progress.at(done as u64, file.rows() as u64, || {
                    format!("{} without an answer", found.skipped.len())
                });
            }
        }
        Ok(found)
    }

    /// Columns row, draw, the target's, outside_training_range.
    pub(crate) fn into_table(self, model: &Model) -> anyhow::Result<Table> {
        let mut table = Table::new();
        table.push(Column::new("row", ColumnValues::Int64(self.rows)))?;
        table.push(Column::new("draw", ColumnValues::Int64(self.draws)))?;
        for (name, values) in model.target_columns().iter().zip(self.values) {
            table.push(Column::new(name.clone(), ColumnValues::Float64(values)))?;
        }
        table.push(Column::new("outside_training_range", ColumnValues::Int64(self.outside)))?;
        Ok(table)
    }
}

pub(crate) fn execute(arguments: &InferArguments, device: &Device, console: &Console) -> anyhow::Result<Outcome> {
    // what cannot be written is told before the work, not after it
    require_writable(&arguments.out)?;
    let model = RunDirectory::read_only(&arguments.directory)?.model(device)?;
    let model = redrawn(model, &arguments.drawing, device)?;
    if let Some(observation) = &arguments.observation {
        return infer_fields::execute(&model, arguments, observation, console);
    }
    infer_fields::refuse_columns(&model)?;
    let Some(data) = &arguments.data else {
        bail!("give the rows to answer with --data");
    };
    if !model.is_conditional() {
        bail!(
            "the model in {} has no context to infer from; use `fieldbridge sample`",
            arguments.directory.display()
        );
    }
    let file = rows::open_for(&model, data, arguments.group.as_deref())?;
    let seed = arguments.seed.unwrap_or(model.manifest.seed);
    let mut found = Posteriors::draw(&model, &file, arguments.draws, seed, console)?;
    let skipped = std::mem::take(&mut found.skipped);
    let (answered, outside) = (found.answered, found.outside_rows);
    if answered == 0 {
        let first = skipped.first().map(|(row, reason)| format!(", row {row}: {reason}"));
        bail!(
            "{} has no row that can be answered: {} rows{}",
            file.path().display(),
            file.rows(),
            first.unwrap_or_default()
        );
    }
    write_table(&arguments.out, &found.into_table(&model)?)?;
    let mut words = format!(
        "{answered} rows answered with {} draws each: {}\n{outside} of them have a context outside the training range",
        arguments.draws,
        arguments.out.display()
    );
    let mut list = Value::Null;
    if !skipped.is_empty() {
        let path = arguments.out.with_extension("skipped.csv");
        let mut table = Table::new();
        let places = skipped.iter().map(|(row, _)| *row as i64).collect();
        table.push(Column::new("row", ColumnValues::Int64(places)))?;
        let reasons = skipped.iter().map(|(_, reason)| reason.clone()).collect();
        table.push(Column::new("reason", ColumnValues::Text(reasons)))?;
        write_table(&path, &table)?;
        words.push_str(&format!(
            "\n{} rows cannot be answered: {}",
            skipped.len(),
            path.display()
        ));
        for (row, reason) in skipped.iter().take(TOLD) {
            words.push_str(&format!("\n  row {row}: {reason}"));
        }
        list = json!(path);
    }
    let reasons: Vec<Value> = skipped
        .iter()
        .take(1000)
        .map(|(row, reason)| json!({ "row": row, "reason": reason }))
        .collect();
    let object = json!({
        "rows": answered,
        "draws": arguments.draws,
        "out": arguments.out,
        "outside_training_range": outside,
        "rows_skipped": skipped.len(),
        "skipped": reasons,
        "skipped_file": list,
    });
    console.result(&words, &object)?;
    Ok(Outcome::Done)
}
