//! `fieldbridge sample`: draws of what was learned.

use anyhow::{anyhow, bail};
use fieldbridge::device::Device;
use fieldbridge::model::Model;
use fieldbridge_files::{Column, ColumnValues, Table, require_writable, write_table};
use serde_json::json;

use super::infer::Posteriors;
use crate::Outcome;
use crate::arguments::SampleArguments;
use crate::console::Console;
use crate::directory::RunDirectory;
use crate::drawing::redrawn;
use crate::rows;
use crate::ways::Ways;

pub(crate) fn execute(arguments: &SampleArguments, device: &Device, console: &Console) -> anyhow::Result<Outcome> {
    if let Some(out) = &arguments.out {
        require_writable(out)?;
    }
    let model = RunDirectory::read_only(&arguments.directory)?.model(device)?;
    super::infer_fields::refuse_columns(&model)?;
    let model = redrawn(model, &arguments.drawing, device)?;
    let seed = arguments.seed.unwrap_or(model.manifest.seed);
    let mut skipped = Vec::new();
    let table = match (&arguments.context, model.is_conditional()) {
        (None, false) => match arguments.walk {
            None => unconditional(&model, arguments.count, seed)?,
            Some(pieces) => Ways::unconditional(&model, arguments.count, seed, pieces)?.into_table(&model)?,
        },
        (Some(path), true) => {
            let file = rows::open_for(&model, path, arguments.group.as_deref())?;
            let (answered, table) = match arguments.walk {
                None => {
                    let mut found = Posteriors::draw(&model, &file, arguments.count, seed, console)?;
                    skipped = std::mem::take(&mut found.skipped);
                    (found.answered, found.into_table(&model)?)
                }
                Some(pieces) => {
                    let mut found = Ways::given(&model, &file, arguments.count, (seed, pieces), console)?;
                    skipped = std::mem::take(&mut found.skipped);
                    (found.answered, found.into_table(&model)?)
                }
            };
            for (row, reason) in skipped.iter().take(10) {
                console.note(&format!("row {row} cannot be answered: {reason}"));
            }
            if answered == 0 {
                bail!(
                    "{} has no row that can be answered: {} rows, {} of them skipped",
                    path.display(),
                    file.rows(),
                    skipped.len()
                );
            }
            table
        }
        (None, true) => bail!(
            "the model in {} is conditional; give the rows to condition on with --context FILE",
            arguments.directory.display()
        ),
        (Some(_), false) => bail!(
            "the model in {} is not conditional; leave --context out",
            arguments.directory.display()
        ),
    };
    let rows = table.rows();
    let object = json!({ "rows": rows, "out": arguments.out, "rows_skipped": skipped.len() });
    match &arguments.out {
        Some(path) => {
            write_table(path, &table)?;
            let what = if arguments.walk.is_some() {
                "places of draws"
            } else {
                "draws"
            };
            console.result(&format!("{rows} {what}: {}", path.display()), &object)?;
        }
        None => {
            console.raw(comma_separated(&table)?.as_bytes())?;
            if console.json {
                console.result("", &object)?;
            }
        }
    }
    Ok(Outcome::Done)
}

fn unconditional(model: &Model, count: usize, seed: u64) -> anyhow::Result<Table> {
    let drawn = model.sample(count, seed)?;
    let dimension = model.target_columns().len();
    let mut table = Table::new();
    for (index, name) in model.target_columns().iter().enumerate() {
        let values = drawn.iter().skip(index).step_by(dimension).copied().collect();
        table.push(Column::new(name.clone(), ColumnValues::Float64(values)))?;
    }
    Ok(table)
}

/// A table of numbers as text.
fn comma_separated(table: &Table) -> anyhow::Result<String> {
    let names: Vec<&str> = table.columns().iter().map(|column| column.name.as_str()).collect();
    let mut text = names.join(",");
    text.push('\n');
    for row in 0..table.rows() {
        for (place, column) in table.columns().iter().enumerate() {
            if place > 0 {
                text.push(',');
            }
            match &column.values {
                ColumnValues::Int64(values) => text.push_str(&values[row].to_string()),
                ColumnValues::Float64(values) => text.push_str(&values[row].to_string()),
                _ => return Err(anyhow!("column `{}` does not hold draws", column.name)),
            }
        }
        text.push('\n');
    }
    Ok(text)
}
