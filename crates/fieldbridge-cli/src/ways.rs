//! Draws on their way, as a table.

use fieldbridge::data::Encoded;
use fieldbridge::model::{Model, Passed};
use fieldbridge_files::{Column, ColumnValues, Table, TableFile};

use crate::console::Console;
use crate::progress::TaskProgress;
use crate::rows;

/// Rows whose draws walk together.
const ROWS_TOGETHER: usize = 1 << 12;

/// Places of draws, one line for each draw and time.
#[derive(Debug, Default)]
pub(crate) struct Ways {
    rows: Vec<i64>,
    draws: Vec<i64>,
    times: Vec<f64>,
    values: Vec<Vec<f64>>,
    /// Rows with an answer.
    pub(crate) answered: usize,
    /// Rows without one, with the reason.
    pub(crate) skipped: Vec<(usize, String)>,
}

impl Ways {
    /// The ways of `count` draws of an unconditional model.
    pub(crate) fn unconditional(model: &Model, count: usize, seed: u64, pieces: usize) -> anyhow::Result<Self> {
        let mut ways = Self::of(model);
        ways.add(&model.walk(count, seed, pieces)?, |draw| (None, draw));
        Ok(ways)
    }

    /// The ways of `each` draws for every row of a file.
    pub(crate) fn given(
        model: &Model,
        file: &TableFile,
        each: usize,
        (seed, pieces): (u64, usize),
        console: &Console,
    ) -> anyhow::Result<Self> {
        let mut ways = Self::of(model);
        let mut progress = TaskProgress::new(console, "rows");
        for piece in rows::pieces(file) {
            let mut encoded = rows::encode(model, file, piece, false)?;
            ways.skipped.append(&mut encoded.skipped);
            for start in (0..encoded.rows.count).step_by(ROWS_TOGETHER) {
                let places: Vec<usize> = (start..(start + ROWS_TOGETHER).min(encoded.rows.count)).collect();
                let part: Encoded = encoded.choose(&places);
                let passed = model.walk_given(&part, each, seed, pieces)?;
                ways.add(&passed, |draw| (Some(part.source_rows[draw / each]), draw % each));
                ways.answered += places.len();
                let done = part.source_rows.last().map_or(0, |row| row + 1);
                progress.at(done as u64, file.rows() as u64, || "walking".to_owned());
            }
        }
        Ok(ways)
    }

    fn of(model: &Model) -> Self {
        Self {
            values: vec![Vec::new(); model.target_columns().len()],
            ..Self::default()
        }
    }

    /// Adds ways; `name` gives the row, if there are any, and the number of a draw.
    fn add(&mut self, passed: &[Passed], name: impl Fn(usize) -> (Option<usize>, usize)) {
        let dimension = self.values.len();
        let count = passed.first().map_or(0, |stop| stop.points.len() / dimension);
        for draw in 0..count {
            let (row, number) = name(draw);
            for stop in passed {
                self.rows.extend(row.map(|row| row as i64));
                self.draws.push(number as i64);
                self.times.push(stop.time);
                let point = &stop.points[draw * dimension..(draw + 1) * dimension];
                for (column, value) in self.values.iter_mut().zip(point) {
                    column.push(*value);
                }
            }
        }
    }

    /// Columns row (of a conditional model), draw, t, and the target's.
    pub(crate) fn into_table(self, model: &Model) -> anyhow::Result<Table> {
        let mut table = Table::new();
        if model.is_conditional() {
            table.push(Column::new("row", ColumnValues::Int64(self.rows)))?;
        }
        table.push(Column::new("draw", ColumnValues::Int64(self.draws)))?;
        table.push(Column::new("t", ColumnValues::Float64(self.times)))?;
        for (name, values) in model.target_columns().iter().zip(self.values) {
            table.push(Column::new(name.clone(), ColumnValues::Float64(values)))?;
        }
        Ok(table)
    }
}
