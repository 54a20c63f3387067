//! Two tables as sets of points of the same columns.

use std::path::Path;

use anyhow::{bail, ensure};
use fieldbridge::check::distance::Points;
use fieldbridge::random::Stream;
use fieldbridge_files::{Column, ColumnKind, TableFile, nearest_name};
use rand::RngExt;
use serde::Serialize;

use crate::progress::TaskProgress;
use crate::rows::pieces;

/// What was read of one table.
#[derive(Debug)]
pub(crate) struct Sample {
    /// Kept rows, flat.
    values: Vec<f64>,
    /// What the table holds.
    pub(crate) found: Found,
    /// Smallest and largest value of every coordinate over all usable rows.
    ranges: Vec<(f64, f64)>,
}

/// Rows of one table.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Found {
    /// Rows in the table.
    pub(crate) rows: usize,
    /// Rows without a number in some column.
    pub(crate) rows_skipped: usize,
    /// The first of them, from zero, and its column.
    pub(crate) first_skipped: Option<(usize, String)>,
}

/// Columns two tables have in common, as asked for.
#[derive(Debug)]
pub(crate) struct Common {
    /// Names and widths of those compared.
    pub(crate) columns: Vec<(String, usize)>,
    /// Those in one table only or not of numbers, with the reason.
    pub(crate) left_out: Vec<String>,
}

/// The columns to compare: those named, or all columns of numbers in both tables.
pub(crate) fn common_columns(reference: &TableFile, sample: &TableFile, named: &[String]) -> anyhow::Result<Common> {
    let mut common = Common {
        columns: Vec::new(),
        left_out: Vec::new(),
    };
    if named.is_empty() {
        for column in reference.columns() {
            let other = sample.columns().iter().find(|other| other.name == column.name);
            let numeric = |kind: ColumnKind| !matches!(kind, ColumnKind::Text | ColumnKind::Other);
            match other {
                None => common
                    .left_out
                    .push(format!("`{}` is in the reference only", column.name)),
                Some(other) if !numeric(column.kind) || !numeric(other.kind) => {
                    common.left_out.push(format!("`{}` does not hold numbers", column.name));
                }
                Some(_) => common.columns.push((column.name.clone(), column.width)),
            }
        }
        for column in sample.columns() {
            if reference.columns().iter().all(|other| other.name != column.name) {
                common.left_out.push(format!("`{}` is in the sample only", column.name));
            }
        }
        if common.columns.is_empty() {
            let names = |file: &TableFile| {
                file.columns()
                    .iter()
                    .map(|column| column.name.clone())
                    .collect::<Vec<_>>()
            };
            let (ours, theirs) = (names(reference), names(sample));
            let near = ours
                .iter()
                .find_map(|name| nearest_name(name, theirs.iter().map(String::as_str)));
            bail!(
                "{} and {} have no column of numbers in common: {} and {}{}",
                reference.path().display(),
                sample.path().display(),
                ours.join(", "),
                theirs.join(", "),
                near.map(|near| format!("; rename one of them to match `{near}`"))
                    .unwrap_or_default()
            );
        }
    } else {
        for (place, name) in named.iter().enumerate() {
            ensure!(
                !named[..place].contains(name),
                "column `{name}` is named twice in --columns; name it once"
            );
            common.columns.push((name.clone(), reference.column(name)?.width));
            sample.column(name)?;
        }
    }
    for (name, width) in &common.columns {
        let other = sample.column(name)?.width;
        ensure!(
            *width == other,
            "column `{name}` has {width} values a row in {} and {other} in {}; compare columns of one width",
            reference.path().display(),
            sample.path().display()
        );
    }
    Ok(common)
}

/// Reads a table and keeps at most `most` of its usable rows, each set of rows being as likely (reservoir sampling, Vitter
/// 1985); which, the stream decides.
pub(crate) fn read(
    file: &TableFile,
    columns: &[(String, usize)],
    most: usize,
    stream: &Stream,
    progress: &mut TaskProgress,
) -> anyhow::Result<Sample> {
    let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    let width: usize = columns.iter().map(|(_, width)| width).sum();
    let mut sample = Sample {
        values: Vec::new(),
        found: Found {
            rows: file.rows(),
            rows_skipped: 0,
            first_skipped: None,
        },
        ranges: vec![(f64::INFINITY, f64::NEG_INFINITY); width],
    };
    let mut generator = stream.generator();
    let mut usable = 0;
    for piece in pieces(file) {
        let table = file.read_numbers(&names, piece.clone())?;
        let numbers = table
            .columns()
            .iter()
            .map(Column::to_f64)
            .collect::<Result<Vec<_>, _>>()?;
        for row in 0..piece.len() {
            let cells = columns.iter().zip(&numbers);
            let point: Vec<f64> = cells
                .clone()
                .flat_map(|((_, width), values)| &values[row * width..(row + 1) * width])
                .copied()
                .collect();
            if point.iter().any(|value| !value.is_finite()) {
                sample.found.rows_skipped += 1;
                let mut cells = cells;
                let spoiled = cells.find(|((_, width), values)| {
                    values[row * width..(row + 1) * width]
                        .iter()
                        .any(|value| !value.is_finite())
                });
                let name = spoiled.map(|((name, _), _)| name.clone()).unwrap_or_default();
                sample.found.first_skipped.get_or_insert((piece.start + row, name));
                continue;
            }
            for ((low, high), value) in sample.ranges.iter_mut().zip(&point) {
                (*low, *high) = (low.min(*value), high.max(*value));
            }
            if usable < most {
                sample.values.extend_from_slice(&point);
            } else {
                let place = generator.random_range(0..=usable);
                if place < most {
                    sample.values[place * width..(place + 1) * width].copy_from_slice(&point);
                }
            }
            usable += 1;
        }
        progress.at(piece.end as u64, file.rows() as u64, || "reading".to_owned());
    }
    if usable < 2 {
        let first = sample.found.first_skipped.as_ref();
        bail!(
            "{} has {usable} usable row(s), at least 2 are needed; it has {} rows, {} of them without a number{}",
            file.path().display(),
            file.rows(),
            sample.found.rows_skipped,
            first
                .map(|(row, name)| format!(", the first row {row} in column `{name}`"))
                .unwrap_or_default()
        );
    }
    Ok(sample)
}

/// Takes out columns with one and the same value in all rows of both tables, and names them.
///
/// # Errors
/// When a column is constant in the reference and not the same in the sample: scaling has no sense, and the two differ.
pub(crate) fn without_constants(
    columns: &mut Vec<(String, usize)>,
    reference: (&Path, &mut Sample),
    sample: (&Path, &mut Sample),
) -> anyhow::Result<Vec<String>> {
    let (mut kept, mut constant, mut start) = (Vec::new(), Vec::new(), 0);
    let mut remaining = Vec::new();
    for (name, width) in columns.drain(..) {
        let places = start..start + width;
        start += width;
        let is_constant = |ranges: &[(f64, f64)]| ranges[places.clone()].iter().all(|(low, high)| low == high);
        let same = reference.1.ranges[places.clone()] == sample.1.ranges[places.clone()];
        match (is_constant(&reference.1.ranges), is_constant(&sample.1.ranges)) {
            (true, true) if same => constant.push(name),
            (true, _) => bail!(
                "{}: column `{name}` is {} in every row, in {} it is not; the tables differ in it for certain: leave it out \
                 with --columns",
                reference.0.display(),
                reference.1.ranges[places.start].0,
                sample.0.display()
            ),
            _ => {
                kept.extend(places);
                remaining.push((name, width));
            }
        }
    }
    let width = start;
    for table in [reference.1, sample.1] {
        table.values = table
            .values
            .chunks_exact(width)
            .flat_map(|row| kept.iter().map(|&place| row[place]))
            .collect();
    }
    ensure!(
        !remaining.is_empty(),
        "every column is constant in both tables ({}); there is nothing to compare",
        constant.join(", ")
    );
    *columns = remaining;
    Ok(constant)
}

impl Sample {
    /// The kept rows.
    pub(crate) fn points(&self, what: &'static str, dimension: usize) -> anyhow::Result<Points> {
        Ok(Points::new(what, &self.values, dimension)?)
    }
}
