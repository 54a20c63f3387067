//! Simulations made ready for training.

use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;

use super::shift_fit::Skewness;
use super::waves::WavePowers;
use super::{FieldScaling, FieldSimulations, MadeUniverse, ObservationRecipe, PatchSymmetry, Renewal};
use crate::bridge::Rows;
use crate::data::recipe::{DataRecipe, MapScale, TargetRecipe};
use crate::data::report::DataReport;
use crate::data::rows::{RowStore, RowWriter, chunks};
use crate::data::scaling::Scaling;
use crate::data::split::{Part, Split};
use crate::data::target::{TargetScaling, TargetSums, as_single};
use crate::error::Error;
use crate::network::Reading;
use crate::random::Stream;
use crate::train::TrainingRows;
use crate::transform::Bijection;

/// Simulations read at a time.
const CHUNK: usize = 256;

/// Scaled simulations with their division.
///
/// Training rows are observed with new noise, and behind a new mask where there are masks, at every use and moved by a random
/// [`PatchSymmetry`], and may become other universes ([`Renewal`]); the others keep one observation.
#[derive(Debug)]
pub struct FieldDataset {
    store: RowStore,
    split: Split,
    /// Where the universes of training rows come from, when not from the store.
    renewal: Option<Renewal>,
    /// Places of the learned parameters among all.
    columns: Vec<usize>,
    /// Scaled observations of rows that are not trained on, one after the other; flags of what is missing only where something
    /// can be.
    observed: Rows,
    /// Where the observation of a row is, for those rows.
    observed_place: Vec<Option<usize>>,
    /// What was fitted to the training rows.
    pub scaling: Scaling,
    /// What was found.
    pub report: DataReport,
}

/// The learned parameters of rows of all parameters.
fn chosen(all: &[f64], width: usize, columns: &[usize]) -> Vec<Vec<f64>> {
    all.chunks_exact(width)
        .map(|row| columns.iter().map(|&column| row[column]).collect())
        .collect()
}

/// The refusal of a parameter outside its bounds.
fn outside(source_name: String, column: &str, value: f64, bijection: &Bijection) -> Error {
    Error::Data {
        source_name,
        column: column.to_owned(),
        reason: format!("is {value}, expected a value {}", bijection.interval()),
        hint: format!("widen `target.bounds.{column}`, or cut the prior"),
    }
}

impl FieldDataset {
    /// Divides, scales and encodes simulations; `cache` is where they go when they exceed the memory limit. `observation` says what is
    /// observed; where something reads it, the parameters alone are learned. With a `renewal` training rows are new ones, and
    /// those of the store only say how numbers are scaled.
    ///
    /// # Errors
    /// When a parameter is not among the simulated ones, is constant or outside its bounds, there are too few simulations,
    /// or they cannot be read.
    pub fn prepare(
        data: &DataRecipe,
        target: &TargetRecipe,
        simulations: &FieldSimulations,
        fingerprint: &str,
        cache: &Path,
        (observation, reading): (&ObservationRecipe, Option<&Reading>),
        renewal: Option<Renewal>,
    ) -> Result<Self, Error> {
        let source_name = simulations.path().display().to_string();
        let columns = simulations.places_of(&target.columns).map_err(|column| Error::Recipe {
            key: "target.columns".to_owned(),
            reason: format!("names `{column}`, which is no simulated parameter"),
            hint: format!("the parameters are: {}", simulations.names.join(", ")),
        })?;
        let (count, geometry) = (simulations.count, simulations.geometry);
        let split = Split::draw(data, count, &source_name)?;
        let bijections = TargetScaling::bijections(target)?;
        let parameters = chosen(&simulations.parameters(0..count)?, simulations.names.len(), &columns);
        for (row, found) in parameters.iter().enumerate() {
            for ((value, bijection), column) in found.iter().zip(&bijections).zip(&target.columns) {
                if !bijection.contains(*value) {
                    return Err(outside(
                        format!("{source_name}, simulation {row}"),
                        column,
                        *value,
                        bijection,
                    ));
                }
            }
        }

        // first pass: moments of the training rows
        let mut sums = TargetSums::new(columns.len());
        let mut maps = vec![(0.0, 0.0); geometry.bins];
        let mut pixels = 0.0;
        let mut skewness = (target.maps == MapScale::Logarithm).then(Skewness::default);
        let mut powers = (target.maps == MapScale::Waves).then(|| WavePowers::new(geometry.bins, geometry.pixels));
        for range in chunks(count, CHUNK) {
            let fields = simulations.convergence(range.clone())?;
            for (row, field) in range.zip(fields.chunks_exact(geometry.size())) {
                if split.part(row) != Part::Train {
                    continue;
                }
                sums.add(&bijections, &parameters[row]);
                for (at, &value) in field.iter().enumerate() {
                    let (sum, squares) = &mut maps[at % geometry.bins];
                    *sum += f64::from(value);
                    *squares += f64::from(value).powi(2);
                }
                pixels += (geometry.pixels * geometry.pixels) as f64;
                if let Some(powers) = &mut powers {
                    powers.add(field);
                }
                if let Some(skewness) = &mut skewness {
                    skewness.add(field, geometry.bins);
                }
            }
        }
        let mean: Vec<f64> = maps.iter().map(|(sum, _)| sum / pixels).collect();
        let deviation: Vec<f64> = maps
            .iter()
            .zip(&mean)
            .map(|((_, squares), mean)| (squares / pixels - mean * mean).sqrt())
            .collect();
        let units = vec![None; columns.len()];
        let target = TargetScaling::fit(target, bijections, units, &sums, &source_name)?;
        let logarithm = skewness.map(|skewness| {
            let rows = split.rows(Part::Train);
            let scaled: Vec<Vec<f32>> = rows
                .iter()
                .map(|&row| as_single(&target.encode(&parameters[row]).0))
                .collect();
            skewness.fit(&scaled, &deviation)
        });
        let scaling = Scaling {
            target,
            context: Vec::new(),
            fields: Some(FieldScaling {
                geometry,
                noise: simulations.noise.clone(),
                mean,
                waves: powers.map(|powers| powers.scaling(&deviation)),
                logarithm,
                deviation,
                reading: reading.cloned(),
                observation: observation.clone(),
            }),
        };

        // second pass: encode
        let fields = scaling.fields.as_ref().expect("it was just made");
        let width = columns.len() + geometry.size();
        let on_disk = count as u64 * width as u64 * 4 > data.memory_limit.saturating_mul(1 << 20);
        let mut writer = RowWriter::new(width, on_disk.then_some(cache))?;
        let (mut observed, mut observed_place) = (Rows::default(), vec![None; count]);
        for range in chunks(count, CHUNK) {
            let maps = simulations.convergence(range.clone())?;
            for (row, map) in range.zip(maps.chunks_exact(geometry.size())) {
                let (point, _) = scaling.target.encode(&parameters[row]);
                let mut values = as_single(&point);
                values.extend(fields.encode(map, &values));
                writer.push(values.into_iter())?;
                if split.part(row) != Part::Train {
                    observed_place[row] = Some(observed.context.len() / fields.context_width());
                    fields.encode_observation(&fields.simulated(simulations, row)?, &mut observed);
                    if observation.mask.is_none() {
                        observed.mask.clear();
                    }
                }
            }
        }
        let report = DataReport {
            file: simulations
                .path()
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            fingerprint: fingerprint.to_owned(),
            rows: count,
            train: split.rows(Part::Train).len(),
            validation: split.rows(Part::Validation).len(),
            test: split.rows(Part::Test).len(),
            ..DataReport::default()
        };
        Ok(Self {
            store: writer.finish()?,
            split,
            renewal,
            columns,
            observed,
            observed_place,
            scaling,
            report,
        })
    }

    /// The part of every simulation.
    pub fn parts_by_source_row(&self) -> Vec<Option<Part>> {
        (0..self.report.rows).map(|row| Some(self.split.part(row))).collect()
    }

    fn fields(&self) -> &FieldScaling {
        self.scaling.fields.as_ref().expect("there are fields")
    }

    /// What is learned of parameters and maps, scaled.
    fn learned<'a>(&self, row: &'a [f32]) -> &'a [f32] {
        &row[..self.scaling.dimension()]
    }

    /// Parameters and maps of a new universe, scaled.
    fn scaled(&self, made: &MadeUniverse) -> Result<Vec<f32>, Error> {
        let own: Vec<f64> = self.columns.iter().map(|&column| made.parameters[column]).collect();
        let target = &self.scaling.target;
        if let Some(at) = (0..own.len()).find(|&at| !target.bijections[at].contains(own[at])) {
            return Err(outside(
                "a new universe".to_owned(),
                &target.columns[at],
                own[at],
                &target.bijections[at],
            ));
        }
        let mut row = as_single(&target.encode(&own).0);
        let fields = self.fields();
        let maps = fields.geometry.by_place(&as_single(&made.convergence));
        row.extend(fields.encode(&maps, &row));
        Ok(row)
    }

    /// One training row: its data and its observation.
    fn fresh_row(&self, place: usize, epoch: usize, stream: &Stream) -> Result<Rows, Error> {
        let (fields, parameters) = (self.fields(), self.columns.len());
        let geometry = fields.geometry;
        let row = match &self.renewal {
            Some(renewal) => renewal.row(place, epoch, |made| self.scaled(made))?,
            None => {
                let mut row = Vec::with_capacity(parameters + geometry.size());
                self.store.read(place, &mut row)?;
                Arc::new(row)
            }
        };
        let mut moved = row[..parameters].to_vec();
        let symmetry = PatchSymmetry::draw(geometry.pixels, &stream.child("symmetry", 0));
        symmetry.apply(&row[parameters..], geometry.pixels, geometry.bins, &mut moved);
        let mut rows = Rows {
            count: 1,
            ..Rows::default()
        };
        fields.observe(moved.split_at(parameters), &stream.child("noise", 0), &mut rows);
        moved.truncate(self.scaling.dimension());
        rows.data = moved;
        Ok(rows)
    }
}

impl TrainingRows for FieldDataset {
    fn places(&self, part: Part) -> Vec<usize> {
        self.split.rows(part)
    }

    fn source_row(&self, place: usize) -> usize {
        place
    }

    /// Rows as the store has them; training rows, whose observation is not kept, with noise and mask of their own that are
    /// always the same.
    fn gather(&self, places: &[usize]) -> Result<Rows, Error> {
        let fields = self.fields();
        let width = fields.context_width();
        let mut rows = Rows {
            count: places.len(),
            ..Rows::default()
        };
        let mut row = Vec::with_capacity(self.columns.len() + fields.geometry.size());
        for &place in places {
            row.clear();
            self.store.read(place, &mut row)?;
            rows.data.extend_from_slice(self.learned(&row));
            match self.observed_place[place] {
                Some(at) => {
                    let own = at * width..(at + 1) * width;
                    rows.context.extend_from_slice(&self.observed.context[own.clone()]);
                    match self.observed.mask.get(own) {
                        Some(mask) => rows.mask.extend_from_slice(mask),
                        None => rows.mask.extend(std::iter::repeat_n(1.0, width)),
                    }
                }
                None => {
                    let noise = Stream::new(0, "noise of a training row", place as u64);
                    fields.observe(row.split_at(self.columns.len()), &noise, &mut rows);
                }
            }
        }
        Ok(rows)
    }

    fn fresh(&self, places: &[usize], epoch: usize, stream: &Stream) -> Result<Rows, Error> {
        let made: Vec<Rows> = places
            .par_iter()
            .enumerate()
            .map(|(row, &place)| self.fresh_row(place, epoch, &stream.child("row", row as u64)))
            .collect::<Result<_, Error>>()?;
        let mut rows = Rows::default();
        for one in made {
            rows.append(one);
        }
        Ok(rows)
    }
}
