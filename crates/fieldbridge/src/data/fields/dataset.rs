//! Simulations made ready for training.

use std::path::Path;

use rayon::prelude::*;

use super::{FieldScaling, FieldSimulations, PatchSymmetry};
use crate::bridge::Rows;
use crate::data::recipe::{DataRecipe, TargetRecipe};
use crate::data::report::DataReport;
use crate::data::rows::{RowStore, RowWriter, chunks};
use crate::data::scaling::Scaling;
use crate::data::split::{Part, Split};
use crate::data::target::{TargetScaling, TargetSums};
use crate::error::Error;
use crate::random::Stream;
use crate::train::TrainingRows;

/// Simulations read at a time.
const CHUNK: usize = 256;

/// Scaled simulations with their division.
///
/// Training rows are observed with new noise at every use and moved by a random [`PatchSymmetry`]; the others keep the
/// noise of the store.
#[derive(Debug)]
pub struct FieldDataset {
    store: RowStore,
    split: Split,
    /// Scaled observations of rows that are not trained on, one after the other.
    observed: Vec<f32>,
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

impl FieldDataset {
    /// Divides, scales and encodes simulations; `cache` is where they go when they exceed the memory limit.
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
                    return Err(Error::Data {
                        source_name,
                        column: column.clone(),
                        reason: format!(
                            "simulation {row} has {value}, expected a value {}",
                            bijection.interval()
                        ),
                        hint: format!("widen `target.bounds.{column}`, or cut the prior"),
                    });
                }
            }
        }

        // first pass: moments of the training rows
        let mut sums = TargetSums::new(columns.len());
        let mut maps = vec![(0.0, 0.0); geometry.bins];
        let mut pixels = 0.0;
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
            }
        }
        let mean: Vec<f64> = maps.iter().map(|(sum, _)| sum / pixels).collect();
        let deviation = maps
            .iter()
            .zip(&mean)
            .map(|((_, squares), mean)| (squares / pixels - mean * mean).sqrt())
            .collect();
        let units = vec![None; columns.len()];
        let scaling = Scaling {
            target: TargetScaling::fit(target, bijections, units, &sums, &source_name)?,
            context: Vec::new(),
            fields: Some(FieldScaling {
                geometry,
                noise: simulations.noise.clone(),
                mean,
                deviation,
            }),
        };

        // second pass: encode
        let fields = scaling.fields.as_ref().expect("it was just made");
        let width = scaling.dimension();
        let on_disk = count as u64 * width as u64 * 4 > data.memory_limit.saturating_mul(1 << 20);
        let mut writer = RowWriter::new(width, on_disk.then_some(cache))?;
        let (mut observed, mut observed_place) = (Vec::new(), vec![None; count]);
        for range in chunks(count, CHUNK) {
            let maps = simulations.convergence(range.clone())?;
            for (row, map) in range.zip(maps.chunks_exact(geometry.size())) {
                let (point, _) = scaling.target.encode(&parameters[row]);
                let mut values: Vec<f32> = point.iter().map(|&value| value as f32).collect();
                fields.encode(map, &mut values);
                writer.push(values.into_iter())?;
                if split.part(row) != Part::Train {
                    observed_place[row] = Some(observed.len() / geometry.size());
                    fields.encode_observation(&simulations.observation(row..row + 1)?, &mut observed);
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

    fn size(&self) -> usize {
        self.scaling.dimension() - self.scaling.target.dimension()
    }

    /// One training row: its data and its observation.
    fn fresh_row(&self, place: usize, stream: &Stream) -> Result<(Vec<f32>, Vec<f32>), Error> {
        let fields = self.scaling.fields.as_ref().expect("fields are learned");
        let (parameters, geometry) = (self.scaling.target.dimension(), fields.geometry);
        let mut row = Vec::with_capacity(self.scaling.dimension());
        self.store.read(place, &mut row)?;
        let mut data = row[..parameters].to_vec();
        let symmetry = PatchSymmetry::draw(geometry.pixels, &stream.child("symmetry", 0));
        symmetry.apply(&row[parameters..], geometry.pixels, geometry.bins, &mut data);
        let noise = stream.child("noise", 0).normals(geometry.size());
        let mut context = Vec::with_capacity(geometry.size());
        fields.observe(&data[parameters..], &noise, &mut context);
        Ok((data, context))
    }
}

impl TrainingRows for FieldDataset {
    fn places(&self, part: Part) -> Vec<usize> {
        self.split.rows(part)
    }

    fn source_row(&self, place: usize) -> usize {
        place
    }

    /// Rows as the store has them; training rows, whose observation is not kept, with noise of their own that is always
    /// the same.
    fn gather(&self, places: &[usize]) -> Result<Rows, Error> {
        let parameters = self.scaling.target.dimension();
        let fields = self.scaling.fields.as_ref().expect("fields are learned");
        let mut rows = Rows {
            count: places.len(),
            mask: vec![1.0; places.len() * self.size()],
            ..Rows::default()
        };
        for &place in places {
            let start = rows.data.len();
            self.store.read(place, &mut rows.data)?;
            match self.observed_place[place] {
                Some(at) => rows
                    .context
                    .extend_from_slice(&self.observed[at * self.size()..(at + 1) * self.size()]),
                None => {
                    let noise = Stream::new(0, "noise of a training row", place as u64).normals(self.size());
                    fields.observe(&rows.data[start + parameters..], &noise, &mut rows.context);
                }
            }
        }
        Ok(rows)
    }

    fn fresh(&self, places: &[usize], stream: &Stream) -> Result<Rows, Error> {
        let made: Vec<(Vec<f32>, Vec<f32>)> = places
            .par_iter()
            .enumerate()
            .map(|(row, &place)| self.fresh_row(place, &stream.child("row", row as u64)))
            .collect::<Result<_, Error>>()?;
        let mut rows = Rows {
            count: places.len(),
            mask: vec![1.0; places.len() * self.size()],
            ..Rows::default()
        };
        for (data, context) in made {
            rows.data.extend(data);
            rows.context.extend(context);
        }
        Ok(rows)
    }
}
