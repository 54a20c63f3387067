//! Filling a store with the simulations that are not there yet.

use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use anyhow::{Context, bail};
use fieldbridge::random::Stream;
use fieldbridge_files::{ColumnValues, FileError, ZarrStore};
use fieldbridge_sky::{PARAMETERS, Simulation, Simulator};
use rayon::prelude::*;
use serde_json::{Map, Value, json};

use super::arrays::{self, Series};
use super::recipe::SimulationRecipe;
use crate::console::Console;
use crate::interrupt::{STOP, saving_state};
use crate::progress::waiting_for;

/// What became of a store.
pub(crate) struct Made {
    /// Simulations it holds.
    pub(crate) simulations: usize,
    /// Simulations made now.
    pub(crate) new: u64,
}

/// A store and the simulator that fills it.
pub(crate) struct Making<'a> {
    simulator: &'a Simulator,
    seed: u64,
    series: Vec<Series>,
    store: ZarrStore,
    rows: usize,
    rows_per_chunk: usize,
}

/// The first key that differs, and its two values.
fn difference(key: &str, old: &Value, new: &Value) -> Option<(String, Value, Value)> {
    match (old, new) {
        (Value::Object(left), Value::Object(right)) => {
            let keys = left.keys().chain(right.keys());
            keys.filter(|name| left.get(*name) != right.get(*name))
                .find_map(|name| {
                    let key = if key.is_empty() {
                        name.clone()
                    } else {
                        format!("{key}.{name}")
                    };
                    difference(&key, &old[name], &new[name])
                })
        }
        _ => (old != new).then(|| (key.to_owned(), old.clone(), new.clone())),
    }
}

impl<'a> Making<'a> {
    /// Opens the store at `path`, or makes it.
    pub(crate) fn open(path: &Path, recipe: &SimulationRecipe, simulator: &'a Simulator) -> anyhow::Result<Self> {
        let old = match ZarrStore::open(path) {
            Ok(store) => Some(store),
            Err(FileError::Missing { .. }) => None,
            Err(error) => return Err(error).with_context(|| "choose another directory with --out".to_owned()),
        };
        let identity = recipe.of_simulations();
        let (mut rows, mut rows_per_chunk) = (recipe.simulations, arrays::rows_per_chunk(recipe));
        if let Some(old) = &old {
            if let Some((key, was, is)) = difference("", &old.attributes()["recipe"], &identity) {
                bail!(
                    "{} holds simulations of another recipe: `{key}` was {was} and is now {is}; choose another directory with --out",
                    path.display()
                );
            }
            let parameters = old.array("parameters")?;
            rows = rows.max(parameters.shape[0]);
            rows_per_chunk = parameters.rows_per_chunk;
        }
        let series = arrays::series(recipe, simulator, rows, rows_per_chunk);
        let coordinates = arrays::coordinates(simulator);
        let all = series
            .iter()
            .map(|series| &series.array)
            .chain(coordinates.iter().map(|(array, _)| array));
        let mut attributes = Map::new();
        attributes.insert("title".to_owned(), json!(recipe.title));
        attributes.insert(
            "source".to_owned(),
            json!(concat!("fieldbridge ", env!("CARGO_PKG_VERSION"))),
        );
        attributes.insert("recipe".to_owned(), identity);
        let store = ZarrStore::write(path, attributes, all.cloned().collect())?;
        for (array, values) in &coordinates {
            store.write_chunk(&array.name, 0, values)?;
        }
        Ok(Self {
            simulator,
            seed: recipe.seed,
            series,
            store,
            rows,
            rows_per_chunk,
        })
    }

    /// Makes what is missing.
    pub(crate) fn fill(&self, path: &Path, console: &Console) -> anyhow::Result<Made> {
        let mut missing = Vec::new();
        let chunks = self.rows.div_ceil(self.rows_per_chunk);
        for chunk in 0..chunks {
            for series in &self.series {
                if !self.store.has_chunk(&series.array.name, chunk)? {
                    missing.push(chunk);
                    break;
                }
            }
        }
        let done = AtomicU64::new(0);
        let total = (missing.len() * self.rows_per_chunk) as u64;
        let work = || saving_state(|| self.make_all(&missing, &done));
        waiting_for(console, "simulations", (&done, total, "made"), work)?;
        let new = done.load(Ordering::Relaxed);
        if STOP.load(Ordering::SeqCst) && new < total {
            return Err(fieldbridge::Error::Interrupted {
                step: self.rows.saturating_sub((total - new) as usize),
                path: path.to_owned(),
            }
            .into());
        }
        // the last file is made whole, for the day more are wanted
        let beyond = match missing.last() {
            Some(&last) if last + 1 == chunks => chunks * self.rows_per_chunk - self.rows,
            _ => 0,
        };
        Ok(Made {
            simulations: self.rows,
            new: new.saturating_sub(beyond as u64),
        })
    }

    /// Makes chunks, whatever the order of threads with the failure of the first that fails.
    fn make_all(&self, chunks: &[usize], done: &AtomicU64) -> anyhow::Result<()> {
        let failed = AtomicUsize::new(usize::MAX);
        let first = chunks
            .par_iter()
            .filter_map(|&chunk| {
                if failed.load(Ordering::Relaxed) < chunk {
                    return None;
                }
                let error = self.make(chunk, done).err()?;
                failed.fetch_min(chunk, Ordering::Relaxed);
                Some((chunk, error))
            })
            .min_by_key(|(chunk, _)| *chunk);
        first.map_or(Ok(()), |(_, error)| Err(error))
    }

    /// Makes a chunk; all of its rows, so that the number of simulations can grow. Nothing when the user wants to stop.
    fn make(&self, chunk: usize, done: &AtomicU64) -> anyhow::Result<()> {
        let mut columns: Vec<Option<ColumnValues>> = vec![None; self.series.len()];
        for row in 0..self.rows_per_chunk {
            if STOP.load(Ordering::Relaxed) {
                done.fetch_sub(row as u64, Ordering::Relaxed);
                return Ok(());
            }
            let simulation = simulation(self.simulator, self.seed, (chunk * self.rows_per_chunk + row) as u64)?;
            for (series, column) in self.series.iter().zip(&mut columns) {
                append(column, (series.row)(self.simulator, &simulation));
            }
            done.fetch_add(1, Ordering::Relaxed);
        }
        for (series, column) in self.series.iter().zip(&columns) {
            if let Some(values) = column {
                self.store.write_chunk(&series.array.name, chunk, values)?;
            }
        }
        Ok(())
    }
}

/// Simulation number `index`.
pub(crate) fn simulation(simulator: &Simulator, seed: u64, index: u64) -> anyhow::Result<Simulation> {
    let stream = |purpose| Stream::new(seed, purpose, index).generator();
    let made = simulator.simulate(
        &mut stream("simulated universe"),
        &mut stream("simulated fluctuations"),
        &mut stream("simulated noise"),
    );
    made.with_context(|| {
        let universe = simulator.priors.sample(&mut stream("simulated universe")).parameters();
        format!(
            "simulation {index} ({}) cannot be made; cut the prior so that it holds no such universe",
            named(universe)
        )
    })
}

/// A universe in words.
pub(crate) fn named(universe: [f64; 6]) -> String {
    let named: Vec<String> = PARAMETERS
        .iter()
        .zip(universe)
        .map(|(name, value)| format!("{name} = {value:.4}"))
        .collect();
    named.join(", ")
}

fn append(column: &mut Option<ColumnValues>, values: ColumnValues) {
    match (column, values) {
        (Some(ColumnValues::Float32(column)), ColumnValues::Float32(values)) => column.extend(values),
        (Some(ColumnValues::Float64(column)), ColumnValues::Float64(values)) => column.extend(values),
        (column, values) => *column = Some(values),
    }
}
