//! A store of simulations as data.

use std::ops::Range;
use std::path::{Path, PathBuf};

use fieldbridge_files::{FileError, ZarrStore};

use super::FieldGeometry;
use crate::error::Error;

/// Simulated convergence with its observation, in a Zarr store made by `fieldbridge simulate`.
#[derive(Debug)]
pub struct FieldSimulations {
    store: ZarrStore,
    path: PathBuf,
    /// Names of the parameters.
    pub names: Vec<String>,
    /// The patch.
    pub geometry: FieldGeometry,
    /// Deviation of the noise of a pixel in each bin, convergence.
    pub noise: Vec<f64>,
    /// Simulations to use, the first ones of the store.
    pub count: usize,
}

impl FieldSimulations {
    /// The first `count` simulations of a store; all with none.
    ///
    /// # Errors
    /// When the store cannot be read, or holds fewer simulations.
    pub fn open(path: &Path, count: Option<usize>) -> Result<Self, Error> {
        let store = ZarrStore::open(path)?;
        let parameters = store.array("parameters")?;
        let held = parameters.shape[0];
        let names: Vec<String> = parameters
            .attributes
            .get("names")
            .and_then(serde_json::Value::as_array)
            .map(|names| {
                names
                    .iter()
                    .filter_map(|name| name.as_str().map(str::to_owned))
                    .collect()
            })
            .unwrap_or_default();
        let corrupt = |what: String| {
            Error::from(FileError::Corrupt {
                path: path.to_owned(),
                reason: what,
            })
        };
        let length =
            |name: &str| -> Result<usize, Error> { Ok(store.array(name)?.shape.first().copied().unwrap_or(0)) };
        let (bins, pixels) = (length("noise")?, length("x")?);
        if names.len() != parameters.shape.get(1).copied().unwrap_or(0) {
            return Err(corrupt(format!("it has {} names of parameters", names.len())));
        }
        // a store may keep summaries alone
        if let Ok(maps) = store.array("convergence")
            && maps.shape.get(1..) != Some(&[bins, pixels, pixels][..])
        {
            return Err(corrupt(format!(
                "its maps have the shape {:?}, expected simulations, {bins} bins, {pixels} rows and columns",
                maps.shape
            )));
        }
        let wanted = count.unwrap_or(held);
        if wanted > held {
            return Err(Error::TooFewRows {
                source_name: path.display().to_string(),
                found: held,
                needed: wanted,
                hint: "make more with `fieldbridge simulate`".to_owned(),
            });
        }
        let noise = store.read("noise", 0..bins)?.to_f64()?;
        let first = store.read("x", 0..1)?.to_f64()?;
        Ok(Self {
            path: path.to_owned(),
            names,
            geometry: FieldGeometry {
                bins,
                pixels,
                // the first centre is half a pixel from the edge
                width_degrees: 2.0 * first.first().copied().unwrap_or(f64::NAN) * pixels as f64,
            },
            noise,
            count: wanted,
            store,
        })
    }

    /// BLAKE3 hash of what decides the simulations and of how many are used, hexadecimal.
    pub fn fingerprint(&self) -> String {
        let recipe = self.store.attributes().get("recipe");
        let text = serde_json::to_string(&(recipe, self.count)).expect("attributes are plain data");
        blake3::hash(text.as_bytes()).to_hex().to_string()
    }

    /// Where each of these parameters stands among those of the store; the first that is not there when one is not.
    ///
    /// # Errors
    /// The name of that one.
    pub fn places_of<'a>(&self, parameters: &'a [String]) -> Result<Vec<usize>, &'a str> {
        let place = |parameter: &'a String| {
            let found = self.names.iter().position(|name| name == parameter);
            found.ok_or(parameter.as_str())
        };
        parameters.iter().map(place).collect()
    }

    /// Where the store is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Parameters of some simulations, `rows * names`.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn parameters(&self, rows: Range<usize>) -> Result<Vec<f64>, Error> {
        Ok(self.store.read("parameters", rows)?.to_f64()?)
    }

    /// Convergence of some simulations, `[simulation, row, column, bin]`.
    ///
    /// # Errors
    /// When it cannot be read, or is not there.
    pub fn convergence(&self, rows: Range<usize>) -> Result<Vec<f32>, Error> {
        self.maps("convergence", rows)
    }

    /// Convergence with noise, likewise.
    ///
    /// # Errors
    /// As [`FieldSimulations::convergence`].
    pub fn observation(&self, rows: Range<usize>) -> Result<Vec<f32>, Error> {
        self.maps("observation", rows)
    }

    /// Numbers of an array that has some for each simulation, simulation by simulation, and how many each has.
    ///
    /// # Errors
    /// When they cannot be read, or are not there.
    pub fn numbers(&self, name: &str) -> Result<(Vec<f64>, usize), Error> {
        let shape = &self.store.array(name)?.shape;
        let width = shape.iter().skip(1).product();
        let values = self.store.read(name, 0..self.count)?.to_f64()?;
        match values.iter().position(|value| !value.is_finite()) {
            Some(at) => Err(self.not_made(name, at / width)),
            None => Ok((values, width)),
        }
    }

    fn not_made(&self, name: &str, simulation: usize) -> Error {
        Error::Data {
            source_name: self.path.display().to_string(),
            column: name.to_owned(),
            reason: format!("simulation {simulation} is not made, or not finite"),
            hint: "run `fieldbridge simulate` with the same recipe to the end".to_owned(),
        }
    }

    fn maps(&self, name: &str, rows: Range<usize>) -> Result<Vec<f32>, Error> {
        let first = rows.start;
        let values = self.store.read(name, rows)?.to_f64()?;
        let maps: Vec<f32> = values.into_iter().map(|value| value as f32).collect();
        let size = self.geometry.size();
        if let Some(at) = maps.iter().position(|value| !value.is_finite()) {
            return Err(self.not_made(name, first + at / size));
        }
        Ok(maps
            .chunks_exact(size)
            .flat_map(|maps| self.geometry.by_place(maps))
            .collect())
    }
}
