//! Everything fitted to the training rows before a bridge sees them.

use fieldbridge_files::Table;
use serde::{Deserialize, Serialize};

use super::fields::FieldScaling;
use super::modality::{ModalityScaling, is_sentinel};
use super::target::{TargetScaling, as_single};
use crate::bridge::Rows;
use crate::error::Error;
use crate::network::Modality;

/// The scaling of the target and of every modality, stored with the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scaling {
    /// What is learned.
    pub target: TargetScaling,
    /// What is conditioned on, in the order of the encoding.
    pub context: Vec<ModalityScaling>,
    /// Maps that are observed, and learned beside the target's columns unless a network reads them for these alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields: Option<FieldScaling>,
}

/// Rows ready for a bridge, with what is needed to return to the user's units.
#[derive(Clone, Debug, Default)]
pub struct Encoded {
    /// The usable rows, scaled.
    pub rows: Rows,
    /// Place of each usable row in its source, from zero.
    pub source_rows: Vec<usize>,
    /// Target values of each usable row in the user's units, row by row; empty without a target.
    pub target: Vec<f64>,
    /// `log |det dy/dx|` of the scaling of each usable row; empty without a target.
    pub log_volume: Vec<f64>,
    /// Names of context values outside the training range, for each usable row.
    pub outside: Vec<Vec<String>>,
    /// Rows that cannot be used, with the reason.
    pub skipped: Vec<(usize, String)>,
}

impl Encoded {
    /// The usable rows at these places, in this order.
    pub fn choose(&self, places: &[usize]) -> Self {
        let mut chosen = Self {
            rows: self.rows.choose(places),
            ..Self::default()
        };
        let dimension = self.target.len() / self.rows.count.max(1);
        for &place in places {
            chosen.source_rows.push(self.source_rows[place]);
            chosen
                .target
                .extend_from_slice(&self.target[place * dimension..(place + 1) * dimension]);
            chosen.log_volume.extend(self.log_volume.get(place));
            chosen.outside.push(self.outside[place].clone());
        }
        chosen
    }

    /// Adds a row that asks for the density of `answer`, in the user's units, given the context of row `place` of
    /// `others`. Answers to one row, pushed one after the other, share its context.
    pub fn push_answer(&mut self, scaling: &TargetScaling, others: &Self, place: usize, answer: &[f64]) {
        let (scaled, log_volume) = scaling.encode(answer);
        let mut one = Rows {
            count: 1,
            data: as_single(&scaled),
            ..Rows::default()
        };
        if self.source_rows.last() == Some(&others.source_rows[place]) {
            let given = self.rows.given.last().copied();
            self.rows.given.extend(given);
            self.rows.data.append(&mut one.data);
            self.rows.count += 1;
        } else {
            let asked = others.rows.slice(place, place + 1);
            one.given = vec![0];
            (one.context, one.mask) = (asked.context, asked.mask);
            self.rows.append(one);
        }
        self.source_rows.push(others.source_rows[place]);
        self.target.extend_from_slice(answer);
        self.log_volume.push(log_volume);
        self.outside.push(Vec::new());
    }
}

/// Columns of a table as numbers, side by side.
pub(super) struct Matrix {
    pub(super) widths: Vec<usize>,
    columns: Vec<Vec<f64>>,
}

impl Matrix {
    /// The named columns.
    pub(super) fn of(table: &Table, names: &[String]) -> Result<Self, Error> {
        let mut widths = Vec::with_capacity(names.len());
        let mut columns = Vec::with_capacity(names.len());
        for name in names {
            let column = table.column(name).ok_or_else(|| Error::Data {
                source_name: "table".to_owned(),
                column: name.clone(),
                reason: "is not there".to_owned(),
                hint: "read it along with the others".to_owned(),
            })?;
            widths.push(column.width);
            columns.push(column.to_f64()?);
        }
        Ok(Self { widths, columns })
    }

    /// One row, all columns side by side.
    pub(super) fn row(&self, row: usize) -> Vec<f64> {
        let mut values = Vec::with_capacity(self.widths.iter().sum());
        for (column, &width) in self.columns.iter().zip(&self.widths) {
            values.extend_from_slice(&column[row * width..(row + 1) * width]);
        }
        values
    }
}

/// Why a row of target values cannot be used, when it cannot.
pub(super) fn unusable_target(columns: &[String], missing: &[f64], row: &[f64]) -> Option<(usize, String)> {
    row.iter().enumerate().find_map(|(index, &value)| {
        let name = &columns[index];
        if value.is_nan() {
            Some((index, format!("`{name}` is not a number")))
        } else if value.is_infinite() {
            Some((index, format!("`{name}` is infinite")))
        } else if is_sentinel(missing, value) {
            Some((index, format!("`{name}` is {value}, which stands for missing")))
        } else {
            None
        }
    })
}

impl Scaling {
    /// Length of a data point: columns, then maps.
    pub fn dimension(&self) -> usize {
        let maps = self.learned_fields().map_or(0, |fields| fields.geometry.size());
        self.target.dimension() + maps
    }

    /// Maps that are learned beside the target's columns.
    pub fn learned_fields(&self) -> Option<&FieldScaling> {
        self.fields.as_ref().filter(|fields| fields.reading.is_none())
    }

    /// Whether anything is conditioned on.
    pub fn is_conditional(&self) -> bool {
        !self.context.is_empty() || self.fields.is_some()
    }

    /// A data point in the user's units.
    pub fn decode(&self, scaled: &[f32]) -> Vec<f64> {
        let (columns, maps) = scaled.split_at(self.target.dimension());
        let mut point = self.target.decode(columns);
        if let Some(fields) = self.learned_fields() {
            point.extend(fields.decode(maps, columns));
        }
        point
    }

    /// Modalities as a bridge sees them.
    pub fn modalities(&self) -> Vec<Modality> {
        if let Some(fields) = &self.fields {
            return vec![Modality {
                reading: fields.reading.clone(),
                ..Modality::new("observation", fields.context_width())
            }];
        }
        self.context
            .iter()
            .map(|modality| Modality::new(&modality.name, modality.width()))
            .collect()
    }

    /// Length of an encoded context, without its mask.
    pub fn context_width(&self) -> usize {
        self.context.iter().map(ModalityScaling::width).sum()
    }

    /// Every column the scaling reads.
    pub fn columns(&self, with_target: bool) -> Vec<&str> {
        let target = self.target.columns.iter().filter(|_| with_target);
        let context = self.context.iter().flat_map(|modality| &modality.recipe.columns);
        let mut names: Vec<&str> = Vec::new();
        for name in target.chain(context) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    }

    /// Encodes a table whose first row is row `first_row` of its source.
    ///
    /// Rows are skipped, with the reason, when the target is missing or outside its bounds, or when nothing of the
    /// context was observed.
    ///
    /// # Errors
    /// When a column is absent, not numeric, or a vector of another length than in training.
    pub fn encode(&self, table: &Table, first_row: usize, with_target: bool) -> Result<Encoded, Error> {
        let target = with_target
            .then(|| Matrix::of(table, &self.target.columns))
            .transpose()?;
        let mut context = Vec::with_capacity(self.context.len());
        for modality in &self.context {
            let matrix = Matrix::of(table, &modality.recipe.columns)?;
            if matrix.widths != modality.widths {
                return Err(crate::error::shape(
                    &format!("widths of the columns of modality `{}`", modality.name),
                    format!("{:?}", modality.widths),
                    format!("{:?}", matrix.widths),
                ));
            }
            context.push(matrix);
        }
        let mut encoded = Encoded::default();
        for row in 0..table.rows() {
            self.encode_row(&mut encoded, row, first_row + row, target.as_ref(), &context);
        }
        encoded.rows.count = encoded.source_rows.len();
        Ok(encoded)
    }

    fn encode_row(
        &self,
        encoded: &mut Encoded,
        row: usize,
        source_row: usize,
        target: Option<&Matrix>,
        context: &[Matrix],
    ) {
        let (mut values, mut mask, mut outside) = (Vec::new(), Vec::new(), Vec::new());
        for (modality, matrix) in self.context.iter().zip(context) {
            let beyond = modality.encode(&matrix.row(row), &mut values, &mut mask);
            outside.extend(beyond.into_iter().map(|index| modality.value_name(index)));
        }
        if !self.context.is_empty() && mask.iter().all(|&seen| seen == 0.0) {
            encoded
                .skipped
                .push((source_row, "nothing of the context was observed".to_owned()));
            return;
        }
        if let Some(matrix) = target {
            let found = matrix.row(row);
            if let Some((_, reason)) = unusable_target(&self.target.columns, &self.target.missing, &found) {
                encoded.skipped.push((source_row, reason));
                return;
            }
            for ((&value, bijection), name) in found.iter().zip(&self.target.bijections).zip(&self.target.columns) {
                if !bijection.contains(value) {
                    let reason = format!("`{name}` = {value} is outside its bounds ({})", bijection.interval());
                    encoded.skipped.push((source_row, reason));
                    return;
                }
            }
            let (scaled, log_volume) = self.target.encode(&found);
            encoded.rows.data.extend(as_single(&scaled));
            encoded.log_volume.push(log_volume);
            encoded.target.extend(found);
        }
        encoded.rows.context.append(&mut values);
        encoded.rows.mask.append(&mut mask);
        encoded.outside.push(outside);
        encoded.source_rows.push(source_row);
    }
}
