//! Summaries of observed maps, as columns of a table.
//!
//! | column | numbers of a row |
//! |---|---|
//! | `log_powers` | `ln C_ii(b)`, bin by bin, `C` in steradian |
//! | `correlations` | `C_ij(b) / sqrt(C_ii(b) C_jj(b))`, `i < j`, pair by pair |
//! | `third_moments` | third moments of filtered maps, pair by pair |

use anyhow::Context;
use fieldbridge::data::fields::{FieldGeometry, FieldSimulations};
use fieldbridge_files::{Column, ColumnValues, FileError, Table};

use fieldbridge_sky::inference::ThirdMoments;
use fieldbridge_sky::statistics::BandPowers;
use fieldbridge_sky::{PARAMETERS, SkyError};

use super::recipe::SimulationRecipe;
use super::survey::Survey;

/// Name of the column of third moments, and of their array in a store.
const THIRD_MOMENTS: &str = "third_moments";

/// What maps are summarised by.
pub(crate) struct Summaries {
    pub(crate) geometry: FieldGeometry,
    bands: BandPowers,
    third_moments: Option<ThirdMoments>,
}

/// Names of the columns that simulations of a recipe have, parameters among them.
pub(crate) fn column_names(recipe: &SimulationRecipe) -> Vec<&'static str> {
    let mut names = PARAMETERS.to_vec();
    names.push("log_powers");
    names.extend((recipe.sources.bins > 1).then_some("correlations"));
    names.extend(recipe.store.third_moments.then_some(THIRD_MOMENTS));
    names
}

impl Summaries {
    /// Those that simulations of a recipe keep.
    ///
    /// # Errors
    /// When the recipe cannot be simulated.
    pub(crate) fn of(recipe: &SimulationRecipe) -> Result<Self, SkyError> {
        let survey = Survey::of(recipe).map_err(|(_, error)| error)?;
        Ok(Self {
            geometry: FieldGeometry {
                bins: recipe.sources.bins,
                pixels: recipe.patch.pixels,
                width_degrees: recipe.patch.width_degrees,
            },
            bands: recipe.store.bands(survey.patch)?,
            third_moments: survey.third_moments(recipe)?,
        })
    }

    /// Of all simulations of a store, beside their parameters.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(crate) fn of_simulations(&self, simulations: &FieldSimulations) -> anyhow::Result<Table> {
        let mut table = Table::new();
        let (parameters, width) = simulations.numbers("parameters")?;
        for (at, name) in simulations.names.iter().enumerate() {
            let values = parameters.iter().skip(at).step_by(width).copied().collect();
            table.push(Column::new(name.clone(), ColumnValues::Float64(values)))?;
        }
        let (spectra, _) = simulations.numbers("spectra")?;
        let moments = match &self.third_moments {
            Some(_) => simulations.numbers(THIRD_MOMENTS)?.0,
            None => Vec::new(),
        };
        for column in self.columns(&spectra, moments)? {
            table.push(column)?;
        }
        Ok(table)
    }

    /// Of observed maps `[bin, row, column]`, a table of one row.
    ///
    /// # Errors
    /// When a map has no power.
    pub(crate) fn of_maps(&self, maps: &[f64]) -> anyhow::Result<Table> {
        let moments = self.third_moments.as_ref();
        let moments = moments.map_or_else(Vec::new, |moments| moments.measure(maps));
        let mut table = Table::new();
        for column in self.columns(&self.bands.measure(maps), moments)? {
            table.push(column)?;
        }
        Ok(table)
    }

    /// Columns of rows of spectra `[pair, band]` and of third moments.
    fn columns(&self, spectra: &[f64], moments: Vec<f64>) -> anyhow::Result<Vec<Column>> {
        let (bins, bands) = (self.geometry.bins, self.bands.multipoles().len());
        let pairs: Vec<[usize; 2]> = (0..bins).flat_map(|i| (i..bins).map(move |j| [i, j])).collect();
        // where the pair of a bin with itself stands
        let own: Vec<usize> = (0..pairs.len())
            .filter(|&pair| pairs[pair][0] == pairs[pair][1])
            .collect();
        let (mut powers, mut correlations) = (Vec::new(), Vec::new());
        for row in spectra.chunks_exact(pairs.len() * bands) {
            let spectrum = |pair: usize| &row[pair * bands..][..bands];
            for (pair, [i, j]) in pairs.iter().enumerate() {
                if i == j {
                    powers.extend(spectrum(pair).iter().map(|power| power.ln()));
                    continue;
                }
                let both = spectrum(own[*i]).iter().zip(spectrum(own[*j]));
                let found = spectrum(pair).iter().zip(both);
                correlations.extend(found.map(|(power, (one, other))| power / (one * other).sqrt()));
            }
        }
        if let Some(at) = powers.iter().position(|power| !power.is_finite()) {
            anyhow::bail!(
                "bin {} has no power in band {} of multipoles: is the map constant, or another array?",
                at % (bins * bands) / bands,
                at % bands
            );
        }
        let column = |name: &str, width: usize, values: Vec<f64>| -> Result<Column, FileError> {
            Column::vector(name, width, ColumnValues::Float64(values))
        };
        let mut found = vec![column("log_powers", bins * bands, powers)?];
        if bins > 1 {
            found.push(column("correlations", (pairs.len() - bins) * bands, correlations)?);
        }
        if self.third_moments.is_some() {
            found
                .push(column(THIRD_MOMENTS, ThirdMoments::count(bins), moments).context("third moments of the store")?);
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use fieldbridge::random::Stream;
    use fieldbridge_files::ColumnValues;

    use super::Summaries;

    #[test]
    fn summaries_of_maps_are_their_spectra_and_moments() {
        let recipe = toml::from_str(
            r#"
            title = "two bins"
            simulations = 1
            patch = { pixels = 16, width_degrees = 5.0 }
            sources = { rise = 2.0, fall = 0.68, scale = 0.11, bins = 2, photometric_smearing = 0.05, galaxies_per_arcmin2 = 27.0, ellipticity = 0.26 }
            prior = { omega_c = 0.26, omega_b = 0.05, sigma_8 = 0.8, h_0 = 0.7, n_s = 0.96, w_0 = -1.0 }
            store = { bands = 3, third_moments = true }
            "#,
        )
        .unwrap();
        let summaries = Summaries::of(&recipe).unwrap();
        let maps: Vec<f64> = Stream::new(1, "maps", 0)
            .normals(512)
            .into_iter()
            .map(f64::from)
            .collect();
        let table = summaries.of_maps(&maps).unwrap();
        let numbers = |name: &str| match &table.column(name).unwrap().values {
            ColumnValues::Float64(values) => values.clone(),
            other => panic!("{other:?}"),
        };
        let spectra = summaries.bands.measure(&maps);
        let (powers, correlations) = (numbers("log_powers"), numbers("correlations"));
        for band in 0..3 {
            assert!((powers[band].exp() / spectra[band] - 1.0).abs() < 1e-12);
            assert!((powers[3 + band].exp() / spectra[6 + band] - 1.0).abs() < 1e-12);
            let expected = spectra[3 + band] / (spectra[band] * spectra[6 + band]).sqrt();
            assert!((correlations[band] - expected).abs() < 1e-12);
        }
        assert_eq!(
            numbers("third_moments"),
            summaries.third_moments.as_ref().unwrap().measure(&maps)
        );
        let mut nothing = maps;
        nothing[256..].fill(0.0);
        let refusal = summaries.of_maps(&nothing).unwrap_err().to_string();
        assert!(refusal.contains("bin 1") && refusal.contains("band 0"), "{refusal}");
    }
}
