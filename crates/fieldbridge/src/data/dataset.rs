//! A catalogue made ready for training.

use std::collections::BTreeMap;
use std::path::Path;

use super::columns::{check_columns, column_names, scalar_units};
use super::modality::{ModalityScaling, ModalitySums, derive, observe};
use super::recipe::{DataRecipe, ModalityRecipe, TargetRecipe};
use super::report::{DataReport, column_reports, count};
use super::rows::{RowStore, RowWriter, chunks};
use super::scaling::{Matrix, Scaling, unusable_target};
use super::split::{Part, Split};
use super::target::{TargetScaling, TargetSums};
use crate::bridge::{Bridge, Rows, rectified};
use crate::error::Error;
use crate::network::Weights;
use crate::random::Stream;

/// Rows read at a time.
const CHUNK: usize = 1 << 16;

/// Encoded rows with their division and what was found on the way.
#[derive(Debug)]
pub struct Dataset {
    store: RowStore,
    split: Split,
    source_rows: Vec<usize>,
    pairs: Option<Pairs>,
    /// What was fitted to the training rows.
    pub scaling: Scaling,
    /// What was found.
    pub report: DataReport,
}

/// Base and data points of every row, flat, in place of its own data.
#[derive(Debug)]
struct Pairs {
    base: Vec<f32>,
    data: Vec<f32>,
}

impl Dataset {
    /// Reads, checks, divides, scales and encodes the rows a recipe names; `cache` is where they go when they exceed
    /// the memory limit.
    ///
    /// # Errors
    /// When the file cannot be read, a column is absent, not numeric or constant, a target value is outside its bounds,
    /// or too few rows are usable.
    pub fn prepare(
        data: &DataRecipe,
        target: &TargetRecipe,
        context: &BTreeMap<String, ModalityRecipe>,
        folder: &Path,
        cache: &Path,
    ) -> Result<Self, Error> {
        let file = data.open(folder)?;
        let source_name = file.path().display().to_string();
        check_columns(target, context)?;
        let units = scalar_units(&file, target, &source_name)?;
        let mut report = DataReport {
            file: data.source_name(),
            fingerprint: data.fingerprint(folder)?,
            rows: file.rows(),
            ..DataReport::default()
        };
        let bijections = TargetScaling::bijections(target)?;

        // first pass: which rows can be used
        let mut usable = Vec::new();
        let mut left_out: BTreeMap<String, usize> = BTreeMap::new();
        let target_names: Vec<&str> = target.columns.iter().map(String::as_str).collect();
        for range in chunks(file.rows(), CHUNK) {
            let matrix = Matrix::of(&file.read(&target_names, range.clone())?, &target.columns)?;
            for row in range.clone() {
                let found = matrix.row(row - range.start);
                if let Some((column, reason)) = unusable_target(&target.columns, &target.missing, &found) {
                    let kind = reason
                        .rsplit_once("` ")
                        .map_or("cannot be used", |(_, kind)| kind)
                        .to_owned();
                    *left_out
                        .entry(format!("`{}` {kind}", target.columns[column]))
                        .or_default() += 1;
                    continue;
                }
                for ((value, bijection), column) in found.iter().zip(&bijections).zip(&target.columns) {
                    if !bijection.contains(*value) {
                        return Err(Error::Data {
                            source_name,
                            column: column.clone(),
                            reason: format!("row {row} holds {value}, expected a value {}", bijection.interval()),
                            hint: format!("widen `target.bounds.{column}`, or mark the value in `target.missing`"),
                        });
                    }
                }
                usable.push(row);
            }
        }
        report.left_out = left_out.into_iter().collect();
        let split = Split::draw(data, usable.len(), &source_name)?;

        // second pass: moments of the training rows, and what is missing
        let mut target_sums = TargetSums::new(target.columns.len());
        let mut readers: Vec<(String, ModalityRecipe, Vec<usize>, ModalitySums)> = Vec::new();
        let names = column_names(target, context);
        let mut next = 0;
        for range in chunks(file.rows(), CHUNK) {
            let table = file.read(&names, range.clone())?;
            let targets = Matrix::of(&table, &target.columns)?;
            let mut matrices = Vec::with_capacity(context.len());
            for (index, (name, recipe)) in context.iter().enumerate() {
                let matrix = Matrix::of(&table, &recipe.columns)?;
                if readers.len() == index {
                    let inputs: usize = matrix.widths.iter().sum();
                    let width = if recipe.differences { 2 * inputs - 1 } else { inputs };
                    report.columns.extend(column_reports(&file, recipe, &matrix.widths));
                    readers.push((
                        name.clone(),
                        recipe.clone(),
                        matrix.widths.clone(),
                        ModalitySums::new(width),
                    ));
                }
                matrices.push(matrix);
            }
            for row in range.clone() {
                if usable.get(next) != Some(&row) {
                    continue;
                }
                if split.part(next) == Part::Train {
                    target_sums.add(&bijections, &targets.row(row - range.start));
                }
                let mut first_column = 0;
                for ((_, recipe, _, sums), matrix) in readers.iter_mut().zip(&matrices) {
                    let values = matrix.row(row - range.start);
                    for (index, &value) in values.iter().enumerate() {
                        count(&mut report.columns[first_column + index], observe(recipe, value));
                    }
                    first_column += values.len();
                    if split.part(next) == Part::Train {
                        sums.add(&derive(recipe, &values));
                    }
                }
                next += 1;
            }
        }
        let scaling = Scaling {
            target: TargetScaling::fit(target, bijections, units, &target_sums, &source_name)?,
            context: fit_context(&readers, &source_name)?,
            fields: None,
        };

        // third pass: encode
        let width = scaling.target.dimension() + 2 * scaling.context_width();
        let on_disk = usable.len() as u64 * width as u64 * 4 > data.memory_limit.saturating_mul(1 << 20);
        let mut writer = RowWriter::new(width, on_disk.then_some(cache))?;
        let mut kept_parts = Vec::with_capacity(usable.len());
        let mut source_rows = Vec::with_capacity(usable.len());
        let mut part_of = usable
            .iter()
            .enumerate()
            .map(|(place, &row)| (row, split.part(place)))
            .peekable();
        let mut without_context = 0;
        for range in chunks(file.rows(), CHUNK) {
            let encoded = scaling.encode(&file.read(&names, range.clone())?, range.start, true)?;
            for (place, &row) in encoded.source_rows.iter().enumerate() {
                while part_of.next_if(|(usable_row, _)| *usable_row < row).is_some() {
                    without_context += 1;
                }
                let Some((_, part)) = part_of.next_if(|(usable_row, _)| *usable_row == row) else {
                    continue;
                };
                let one = encoded.rows.slice(place, place + 1);
                writer.push(one.data.into_iter().chain(one.context).chain(one.mask))?;
                kept_parts.push(part);
                source_rows.push(row);
            }
        }
        without_context += part_of.count();
        if without_context > 0 {
            report
                .left_out
                .push(("nothing of the context was observed".to_owned(), without_context));
        }
        let split = Split::from_parts(kept_parts);
        report.train = split.rows(Part::Train).len();
        report.validation = split.rows(Part::Validation).len();
        report.test = split.rows(Part::Test).len();
        if report.train == 0 {
            return Err(Error::TooFewRows {
                source_name,
                found: 0,
                needed: 1,
                hint: "no training row has any observed context; check `missing` and `valid` in the recipe".to_owned(),
            });
        }
        Ok(Self {
            store: writer.finish()?,
            split,
            source_rows,
            pairs: None,
            scaling,
            report,
        })
    }

    /// Places of the rows of a part, for [`Dataset::gather`].
    pub fn places(&self, part: Part) -> Vec<usize> {
        self.split.rows(part)
    }

    /// Row of the file behind a place.
    pub fn source_row(&self, place: usize) -> usize {
        self.source_rows[place]
    }

    /// The part of every row of the file: none for rows left out.
    pub fn parts_by_source_row(&self) -> Vec<Option<Part>> {
        let mut parts = vec![None; self.report.rows];
        for (place, &row) in self.source_rows.iter().enumerate() {
            parts[row] = Some(self.split.part(place));
        }
        parts
    }

    /// Puts pairs of a trained bridge's own walks in place of the data of all rows, in memory; see [`rectified`].
    ///
    /// # Errors
    /// When a walk does not arrive, or rows kept on disk cannot be read.
    pub fn rectify(&mut self, bridge: &dyn Bridge, weights: &Weights, stream: &Stream) -> Result<(), Error> {
        self.pairs = None;
        let places: Vec<usize> = (0..self.source_rows.len()).collect();
        let mut pairs = Pairs {
            base: Vec::new(),
            data: Vec::new(),
        };
        for (index, places) in places.chunks(CHUNK).enumerate() {
            let rows = rectified(
                bridge,
                weights,
                &self.gather(places)?,
                &stream.child("rows", index as u64),
            )?;
            pairs.base.extend(rows.base);
            pairs.data.extend(rows.data);
        }
        self.pairs = Some(pairs);
        Ok(())
    }

    /// Returns to the data themselves.
    pub fn forget_pairs(&mut self) {
        self.pairs = None;
    }

    /// The rows at these places, in this order.
    ///
    /// # Errors
    /// When rows kept on disk cannot be read.
    pub fn gather(&self, places: &[usize]) -> Result<Rows, Error> {
        let dimension = self.scaling.target.dimension();
        let context = self.scaling.context_width();
        let mut rows = Rows {
            count: places.len(),
            ..Rows::default()
        };
        let mut row = Vec::with_capacity(dimension + 2 * context);
        for &place in places {
            row.clear();
            self.store.read(place, &mut row)?;
            match &self.pairs {
                None => rows.data.extend_from_slice(&row[..dimension]),
                Some(pairs) => {
                    let own = place * dimension..(place + 1) * dimension;
                    rows.data.extend_from_slice(&pairs.data[own.clone()]);
                    rows.base.extend_from_slice(&pairs.base[own]);
                }
            }
            rows.context.extend_from_slice(&row[dimension..dimension + context]);
            rows.mask.extend_from_slice(&row[dimension + context..]);
        }
        Ok(rows)
    }
}

fn fit_context(
    readers: &[(String, ModalityRecipe, Vec<usize>, ModalitySums)],
    source_name: &str,
) -> Result<Vec<ModalityScaling>, Error> {
    let mut fitted = Vec::with_capacity(readers.len());
    for (name, recipe, widths, sums) in readers {
        let scaling = ModalityScaling::fit(name, recipe, widths.clone(), sums);
        if let Some(index) = sums.observed()[..scaling.inputs()]
            .iter()
            .position(|&count| count == 0.0)
        {
            return Err(Error::Data {
                source_name: source_name.to_owned(),
                column: scaling.value_name(index),
                reason: "is missing in every training row".to_owned(),
                hint: format!("take it out of `context.{name}.columns`, or check `missing` and `valid`"),
            });
        }
        fitted.push(scaling);
    }
    Ok(fitted)
}
