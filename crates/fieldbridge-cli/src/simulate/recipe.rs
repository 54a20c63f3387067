//! The recipe of simulations, and the simulator it describes.

use std::sync::Arc;

use anyhow::Context;
use fieldbridge::data::Bounds;
use fieldbridge::recipe::RecipeFile;
use fieldbridge_files::read_array;
use fieldbridge_sky::field::{Convention, Law, LensingField, Patch, Shifts};
use fieldbridge_sky::inference::ThirdMoments;
use fieldbridge_sky::statistics::{BandPowers, PixelWindow};
use fieldbridge_sky::{
    Nonlinearity, PARAMETERS, Prior, Priors, RedshiftDistribution, Scheme, Settings, ShiftReading, ShiftTable,
    Simulator, SkyError, Smail, TomographicBin, equal_count_bins, pixel_noise,
};
use serde::{Deserialize, Serialize};

/// Everything about a set of simulations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SimulationRecipe {
    /// What it is about, for people.
    pub(crate) title: String,
    /// Seed of every random number.
    #[serde(default = "one")]
    pub(crate) seed: u64,
    /// How many there are to be.
    pub(crate) simulations: usize,
    pub(crate) patch: PatchRecipe,
    pub(crate) sources: SourcesRecipe,
    #[serde(default)]
    pub(crate) spectra: SpectraRecipe,
    #[serde(default)]
    pub(crate) field: FieldRecipe,
    pub(crate) prior: PriorsRecipe,
    #[serde(default)]
    pub(crate) store: StoreRecipe,
    /// What `mcmc` is to explain.
    #[serde(default)]
    pub(crate) observation: ObservationRecipe,
    /// How `mcmc` goes about it.
    #[serde(default)]
    pub(crate) mcmc: McmcRecipe,
}

fn one() -> u64 {
    1
}

/// The square of sky.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PatchRecipe {
    pub(crate) pixels: usize,
    pub(crate) width_degrees: f64,
}

/// The galaxies: `n(z) ~ z^rise e^(-(z/scale)^fall)`, in bins with as many each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SourcesRecipe {
    pub(crate) rise: f64,
    pub(crate) fall: f64,
    pub(crate) scale: f64,
    #[serde(default = "ten")]
    pub(crate) largest_redshift: f64,
    pub(crate) bins: usize,
    /// Deviation of photometric redshifts over `1 + z`.
    pub(crate) photometric_smearing: f64,
    pub(crate) galaxies_per_arcmin2: f64,
    /// Deviation of one component of the ellipticity.
    pub(crate) ellipticity: f64,
}

fn ten() -> f64 {
    10.0
}

/// How spectra are computed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SpectraRecipe {
    pub(crate) scheme: SchemeName,
    pub(crate) nonlinearity: NonlinearityName,
}

/// See [`Scheme`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SchemeName {
    #[default]
    Converged,
    JaxCosmo,
}

/// See [`Nonlinearity`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NonlinearityName {
    #[default]
    Halofit,
    Linear,
}

/// What maps are like.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct FieldRecipe {
    pub(crate) law: LawName,
    pub(crate) convention: ConventionName,
    pub(crate) shifts: ShiftsRecipe,
    /// How a table of shifts is read.
    pub(crate) reading: ReadingName,
}

/// See [`Law`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LawName {
    #[default]
    LogNormal,
    Gaussian,
}

/// See [`Convention`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ConventionName {
    #[default]
    SelfConsistent,
    SbiLens,
}

/// See [`ShiftReading`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReadingName {
    #[default]
    Labelled,
    SbiLens,
}

/// `"lsst_year_10"`, the name of an npy file, or a number for each bin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "expected \"lsst_year_10\", the name of an npy file with a table, or a list of a number for each bin"
)]
pub(crate) enum ShiftsRecipe {
    Named(String),
    Constant(Vec<f64>),
}

const FITTED: &str = "lsst_year_10";

/// The name of the file with shifts in a table `[simulation]`, when it names one.
pub(crate) fn table_of_shifts(simulation: &mut toml::Table) -> Option<&mut String> {
    match simulation.get_mut("field")?.get_mut("shifts")? {
        toml::Value::String(name) if name != FITTED => Some(name),
        _ => None,
    }
}

impl Default for ShiftsRecipe {
    fn default() -> Self {
        Self::Named(FITTED.to_owned())
    }
}

/// Priors by name of the parameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PriorsRecipe {
    omega_c: PriorRecipe,
    omega_b: PriorRecipe,
    sigma_8: PriorRecipe,
    h_0: PriorRecipe,
    n_s: PriorRecipe,
    w_0: PriorRecipe,
}

/// A number, a range, or a normal distribution that may be cut.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "expected a number, { low = ..., high = ... }, or { mean = ..., deviation = ... } with low and high if it is cut"
)]
pub(crate) enum PriorRecipe {
    Fixed(f64),
    Normal(NormalRecipe),
    Uniform(UniformRecipe),
}

/// Normal, cut where it is said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NormalRecipe {
    mean: f64,
    deviation: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    low: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    high: Option<f64>,
}

/// Uniform.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UniformRecipe {
    low: f64,
    high: f64,
}

/// What is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct StoreRecipe {
    /// Maps to keep.
    pub(crate) maps: Vec<MapName>,
    /// Bands of the spectra.
    pub(crate) bands: usize,
    /// Whether third moments of observed maps are kept.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) third_moments: bool,
    /// Simulations in one file of the store; about 4 MiB of maps when it is not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) simulations_per_chunk: Option<usize>,
}

/// The observation of `mcmc`: a file, or a simulation of the recipe.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ObservationRecipe {
    /// An npy file with convergence, `[row, column, bin]`, `[bin, row, column]`, or `[row, column]` for one bin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<String>,
    /// Side of its pixels, arc minutes, when it is to be checked against the patch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pixel_arcmin: Option<f64>,
    /// Number of the simulation when there is no file.
    pub(crate) simulation: u64,
}

/// The chains of `mcmc`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct McmcRecipe {
    pub(crate) chains: usize,
    /// Draws of each chain that are thrown away.
    pub(crate) warmup: usize,
    /// Draws of each chain that are kept.
    pub(crate) draws: usize,
    /// Draws between two savings of the state.
    pub(crate) block: usize,
    /// Mean acceptance that steps are chosen for.
    pub(crate) target_acceptance: f64,
    /// Most doublings of a trajectory.
    pub(crate) most_doublings: u64,
}

impl Default for McmcRecipe {
    fn default() -> Self {
        Self {
            chains: 4,
            warmup: 200,
            draws: 1000,
            block: 25,
            target_acceptance: 0.8,
            most_doublings: 8,
        }
    }
}

impl Default for StoreRecipe {
    fn default() -> Self {
        Self {
            maps: vec![MapName::Convergence, MapName::Observation],
            bands: 12,
            third_moments: false,
            simulations_per_chunk: None,
        }
    }
}

impl StoreRecipe {
    /// Bands of the spectra of maps of a patch.
    pub(super) fn bands(&self, patch: Patch) -> Result<BandPowers, SkyError> {
        BandPowers::logarithmic(patch, self.bands, PixelWindow::None)
    }
}

/// A kind of map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MapName {
    /// Without noise.
    Convergence,
    /// With noise.
    Observation,
}

impl PriorRecipe {
    fn prior(&self) -> Prior {
        match self {
            Self::Fixed(value) => Prior::Fixed(*value),
            Self::Uniform(range) => Prior::Uniform {
                low: range.low,
                high: range.high,
            },
            Self::Normal(normal) => Prior::Normal {
                mean: normal.mean,
                deviation: normal.deviation,
                low: normal.low.unwrap_or(f64::NEG_INFINITY),
                high: normal.high.unwrap_or(f64::INFINITY),
            },
        }
    }
}

impl PriorsRecipe {
    /// In the order of [`PARAMETERS`].
    fn each(&self) -> [&PriorRecipe; 6] {
        debug_assert_eq!(PARAMETERS[5], "w_0");
        [
            &self.omega_c,
            &self.omega_b,
            &self.sigma_8,
            &self.h_0,
            &self.n_s,
            &self.w_0,
        ]
    }

    /// Where the prior of a parameter is cut, as bounds that no draw leaves.
    pub(crate) fn bounds(&self, name: &str) -> Option<Bounds> {
        let at = PARAMETERS.iter().position(|parameter| *parameter == name)?;
        let (low, high, softness) = match self.each()[at] {
            PriorRecipe::Fixed(_) => (None, None, None),
            PriorRecipe::Uniform(range) => (Some(range.low), Some(range.high), None),
            // straight from half a deviation above the cut on
            PriorRecipe::Normal(normal) => (normal.low, normal.high, Some(0.5 * normal.deviation)),
        };
        low.map(|low| Bounds {
            low: Some(low),
            high,
            softness: softness.filter(|_| high.is_none()),
        })
    }
}

impl SimulationRecipe {
    /// The recipe without what has no say in a simulation.
    pub(crate) fn of_simulations(&self) -> serde_json::Value {
        let mut value = serde_json::to_value(self).expect("a recipe is plain data");
        if let Some(table) = value.as_object_mut() {
            for key in ["title", "simulations", "observation", "mcmc"] {
                table.remove(key);
            }
            if let Some(store) = table.get_mut("store").and_then(serde_json::Value::as_object_mut) {
                store.remove("simulations_per_chunk");
            }
        }
        value
    }
}

/// The simulator of a recipe.
///
/// # Errors
/// With file, line and key for what cannot be simulated.
pub(crate) fn simulator(file: &RecipeFile<SimulationRecipe>) -> anyhow::Result<Simulator> {
    let recipe = &file.recipe;
    let within = |table: &'static str| {
        move |error: SkyError| match &error {
            SkyError::Prior {
                name,
                what,
                value,
                expected,
                hint,
            } => file.refused(
                &format!("prior.{name}"),
                format!("has the {what} {value}, expected {expected}"),
                *hint,
            ),
            SkyError::Survey {
                name,
                value,
                expected,
                hint,
            } => file.refused(table, format!("{name} = {value}, expected {expected}"), *hint),
            _ => file.refused(table, format!("cannot be used: {error}"), "see docs/src/simulate.md"),
        }
    };
    if recipe.simulations == 0 {
        return Err(file
            .refused("simulations", "is 0, expected at least 1", "say how many to make")
            .into());
    }
    let survey = Survey::of(recipe).map_err(|(table, error)| within(table)(error))?;
    let law = match recipe.field.law {
        LawName::LogNormal => Law::LogNormal,
        LawName::Gaussian => Law::Gaussian,
    };
    let shifts = (law == Law::LogNormal).then(|| shifts(file)).transpose()?;
    let field = survey.field(law, shifts).map_err(within("field"))?;
    // any root gives fields of the same law, and triangles cost a fraction of symmetric ones
    let field = field.with_triangular_roots();
    Ok(Simulator {
        field,
        bands: recipe.store.bands(survey.patch).map_err(within("store.bands"))?,
        third_moments: survey.third_moments(recipe).map_err(within("store.third_moments"))?,
        noise: survey.noise,
        priors: survey.priors,
    })
}

/// What a recipe says of universes, sky and galaxies, whatever the law of the field.
pub(super) struct Survey {
    priors: Priors,
    patch: Patch,
    bins: Vec<TomographicBin>,
    noise: Vec<f64>,
    settings: Settings,
    convention: Convention,
}

impl Survey {
    /// Of a recipe.
    ///
    /// # Errors
    /// With the table of the recipe that cannot be.
    pub(super) fn of(recipe: &SimulationRecipe) -> Result<Self, (&'static str, SkyError)> {
        let within = |table: &'static str| move |error: SkyError| (table, error);
        let priors = Priors::new(recipe.prior.each().map(PriorRecipe::prior)).map_err(within("prior"))?;
        let patch = Patch::new(recipe.patch.pixels, recipe.patch.width_degrees).map_err(within("patch"))?;
        let sources = &recipe.sources;
        let smail = Smail::new(sources.rise, sources.fall, sources.scale, sources.largest_redshift);
        let smail: Arc<dyn RedshiftDistribution> = Arc::new(smail.map_err(within("sources"))?);
        let bins = equal_count_bins(
            &smail,
            sources.bins,
            sources.photometric_smearing,
            sources.galaxies_per_arcmin2,
        )
        .map_err(within("sources"))?;
        let noise = bins
            .iter()
            .map(|bin| pixel_noise(sources.ellipticity, bin.galaxies_per_arcmin2, patch.pixel_arcmin()));
        let noise = noise.collect::<Result<_, _>>().map_err(within("sources"))?;
        let settings = Settings {
            scheme: match recipe.spectra.scheme {
                SchemeName::Converged => Scheme::Converged,
                SchemeName::JaxCosmo => Scheme::JaxCosmo,
            },
            nonlinearity: match recipe.spectra.nonlinearity {
                NonlinearityName::Halofit => Nonlinearity::Halofit,
                NonlinearityName::Linear => Nonlinearity::Linear,
            },
            ..Settings::default()
        };
        let convention = match recipe.field.convention {
            ConventionName::SelfConsistent => Convention::SelfConsistent,
            ConventionName::SbiLens => Convention::SbiLens,
        };
        Ok(Self {
            priors,
            patch,
            bins,
            noise,
            settings,
            convention,
        })
    }

    fn field(&self, law: Law, shifts: Option<Shifts>) -> Result<LensingField, SkyError> {
        LensingField::new(self.patch, &self.bins, self.settings, law, self.convention, shifts)
    }

    /// Third moments of observed maps, when they are wanted: filtered as is best for a Gaussian field in the universe of the medians of the prior.
    pub(super) fn third_moments(&self, recipe: &SimulationRecipe) -> Result<Option<ThirdMoments>, SkyError> {
        let moments = || {
            let field = self.field(Law::Gaussian, None)?;
            ThirdMoments::new(&field, &self.noise, &self.priors.centre())
        };
        recipe.store.third_moments.then(moments).transpose()
    }
}

fn shifts(file: &RecipeFile<SimulationRecipe>) -> anyhow::Result<Shifts> {
    let key = "field.shifts";
    match &file.recipe.field.shifts {
        ShiftsRecipe::Named(name) if name == FITTED => Ok(Shifts::LsstYear10),
        ShiftsRecipe::Named(name) => {
            let path = file.folder().join(name);
            let place = || {
                file.refused(
                    key,
                    "is no table of shifts",
                    "name an npy file, \"lsst_year_10\", or numbers",
                )
            };
            let array = read_array(&path)
                .map_err(anyhow::Error::new)
                .with_context(|| place().to_string())?;
            let reading = match file.recipe.field.reading {
                ReadingName::Labelled => ShiftReading::Labelled,
                ReadingName::SbiLens => ShiftReading::SbiLens,
            };
            let values = array.to_f64().with_context(|| place().to_string())?;
            let table = ShiftTable::new(&array.shape, &values, reading);
            Ok(Shifts::Table(
                table.with_context(|| format!("{}: {}", place(), path.display()))?,
            ))
        }
        ShiftsRecipe::Constant(values) => {
            if let Some((bin, value)) = values
                .iter()
                .enumerate()
                .find(|(_, value)| !(**value > 0.0 && value.is_finite()))
            {
                let reason = format!("has {value} for bin {bin}, expected a positive convergence");
                let hint = "a log-normal field is never below minus its shift; LSST year 10 has 0.005 to 0.1";
                return Err(file.refused(key, reason, hint).into());
            }
            Ok(Shifts::Constant(values.clone()))
        }
    }
}
