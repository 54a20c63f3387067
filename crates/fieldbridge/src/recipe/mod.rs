//! One file that describes a whole run.
//!
//! ```toml
//! title = "Redshifts from six LSST magnitudes"
//! seed = 1
//! bridge = "spline_flow"            # or "affine_flow", "mixture_density", "flow_matching", "diffusion", "interpolant" ...
//!
//! pretrained = "model.safetensors"  # a trained model to ask instead of training one
//!
//! [simulation]                      # simulated fields to learn from, as `fieldbridge simulate` takes them; or
//! [data]                            # where the rows are: see DataRecipe
//! file = "catalogue.parquet"        # starts at the recipe's folder; or generate = "two_moons"
//!
//! [target]                          # what is learned: see TargetRecipe
//! columns = ["redshift"]
//!
//! [context.photometry]              # what is conditioned on, any number of named modalities: see ModalityRecipe
//! columns = ["u", "g", "r"]
//!
//! [context.observation]             # beside [simulation]: a network that reads the observed maps, so that the parameters alone
//! network = { kind = "compressor", shape = [64, 64] }   # are learned: see Reading
//!
//! [observation]                     # beside [simulation]: what is observed, see ObservationRecipe
//! kind = "shear"
//!
//! [spline_flow]                     # see SplineFlowRecipe
//! [affine_flow]                     # see AffineFlowRecipe
//! [image_flow]                      # see ImageFlowRecipe
//! [residual_flow]                   # see ResidualFlowRecipe
//! [mixture_density]                 # see MixtureDensityRecipe
//! [flow_matching]                   # see FlowMatchingRecipe
//! [diffusion]                       # see DiffusionRecipe
//! [interpolant]                     # see InterpolantRecipe
//! [continuous_flow]                 # see ContinuousFlowRecipe
//! [train]                           # see TrainRecipe
//! [check]                           # see CheckRecipe
//!
//! [when.flow_matching.train]        # laid over [train] when that bridge is chosen
//! epochs = 200
//! ```
//!
//! [`Recipe::read`] refuses a key that is unknown, missing or contradictory, names its line, and suggests the nearest.

mod error;
mod file;
mod identity;
mod lines;
mod merge;
mod section;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::base::BaseKind;
use crate::bridge::{
    AffineFlowRecipe, BridgeKind, BridgeRecipe, ContinuousFlowRecipe, DiffusionRecipe, FlowMatchingRecipe,
    ImageFlowRecipe, InterpolantRecipe, MixtureDensityRecipe, ResidualFlowRecipe, SplineFlowRecipe,
};
use crate::check::CheckRecipe;
use crate::data::fields::ObservationRecipe;
use crate::data::{DataRecipe, ModalityRecipe, TargetRecipe, fingerprint};
use crate::error::Error;
use crate::network::Reading;
use crate::train::TrainRecipe;

use error::Fault;
pub use error::RecipeError;
pub use file::RecipeFile;
use lines::Lines;

/// Everything a run does, as its file says with all defaults filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    /// What it is about, for people.
    pub title: String,
    /// Seed of every random number of the run but the division of the rows.
    pub seed: u64,
    /// The chosen family of bridges.
    pub bridge: BridgeKind,
    /// A trained model to ask instead of training one. A relative path starts at the recipe's folder.
    pub pretrained: Option<PathBuf>,
    /// The simulations the rows are, as `fieldbridge simulate` takes them.
    pub simulation: Option<toml::Table>,
    /// Where the rows are.
    pub data: DataRecipe,
    /// What is learned.
    pub target: TargetRecipe,
    /// What is conditioned on, by name.
    pub context: BTreeMap<String, ModalityRecipe>,
    /// What reads the observed maps of simulations, when the parameters alone are learned.
    pub reading: Option<Reading>,
    /// What is observed of simulations, when the recipe says it.
    pub observation: Option<ObservationRecipe>,
    /// Settings of a spline flow.
    pub spline_flow: SplineFlowRecipe,
    /// Settings of an affine flow.
    pub affine_flow: AffineFlowRecipe,
    /// Settings of a flow of images.
    pub image_flow: ImageFlowRecipe,
    /// Settings of a residual flow.
    pub residual_flow: ResidualFlowRecipe,
    /// Settings of a mixture of Gaussians.
    pub mixture_density: MixtureDensityRecipe,
    /// Settings of flow matching.
    pub flow_matching: FlowMatchingRecipe,
    /// Settings of a diffusion.
    pub diffusion: DiffusionRecipe,
    /// Settings of a stochastic interpolant.
    pub interpolant: InterpolantRecipe,
    /// Settings of a continuous flow.
    pub continuous_flow: ContinuousFlowRecipe,
    /// Settings of training.
    pub train: TrainRecipe,
    /// Settings of the checks.
    pub check: CheckRecipe,
    /// Folder at which relative paths start.
    pub folder: PathBuf,
    /// The file it was read from.
    pub path: PathBuf,
    lines: Lines,
}

/// Names of the bridges, as recipes write them.
const BRIDGES: [(&str, BridgeKind); 9] = [
    ("spline_flow", BridgeKind::SplineFlow),
    ("affine_flow", BridgeKind::AffineFlow),
    ("image_flow", BridgeKind::ImageFlow),
    ("residual_flow", BridgeKind::ResidualFlow),
    ("mixture_density", BridgeKind::MixtureDensity),
    ("flow_matching", BridgeKind::FlowMatching),
    ("diffusion", BridgeKind::Diffusion),
    ("interpolant", BridgeKind::Interpolant),
    ("continuous_flow", BridgeKind::ContinuousFlow),
];

/// Whether a setting is the one of older releases, which did not write it: recipes and models of theirs stay the same.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Recipe {
    /// Reads a recipe and lays `overrides` over it: each `key=value` with a dotted key, the value as TOML, or as a
    /// string when it is not TOML.
    ///
    /// # Errors
    /// [`RecipeError`] with file, line and key when the file cannot be read, is not TOML, or does not describe a run.
    pub fn read(path: &Path, overrides: &[String]) -> Result<Self, RecipeError> {
        let text = read_text(path)?;
        let table: toml::Table = text.parse().map_err(|error| RecipeError::syntax(path, &text, &error))?;
        let lines = Lines::of(&text);
        let at = |key: &str, reason: String, hint: String| RecipeError::Key {
            path: path.to_owned(),
            line: lines.of_key(key),
            key: key.to_owned(),
            reason,
            hint,
        };
        let over = BRIDGES.map(|(name, _)| format!("when.{name}.train"));
        for section in std::iter::once("train").chain(over.iter().map(String::as_str)) {
            if contains(&table, section, "steps") && contains(&table, section, "epochs") {
                return Err(at(
                    &format!("{section}.steps"),
                    format!("contradicts `{section}.epochs`: both say how long to train"),
                    "keep one of them".to_owned(),
                ));
            }
        }
        let settings = merge::parse_overrides(overrides)?;
        let mut set = table;
        merge::apply(&mut set, &settings)?;
        let chosen = section::bridge(&set).map_err(|fault| fault.in_file(path, &lines))?;
        let mut recipe = None;
        // the other bridges are read too, so that a slip in its tables does not wait for the day it is chosen
        for (name, kind) in BRIDGES {
            let mut merged = merge::when(&set, name).map_err(|fault| fault.in_file(path, &lines))?;
            merge::apply(&mut merged, &settings)?;
            let sections = section::Sections::read(merged).map_err(|fault| fault.in_file(path, &lines))?;
            if kind == chosen {
                recipe = Some(sections.into_recipe(path, lines.clone(), kind));
            }
        }
        let recipe = recipe.expect("the chosen bridge is one of them");
        let settled = recipe
            .data
            .check_beside(recipe.simulation.is_some())
            .and_then(|()| match &recipe.observation {
                Some(observation) => observation.check(recipe.reading.is_some()),
                None => Ok(()),
            })
            .and_then(|()| recipe.check_summaries())
            .and_then(|()| recipe.train.check())
            .and_then(|()| recipe.check.check(&recipe.target.columns));
        match settled {
            Err(Error::Recipe { key, reason, hint }) => Err(at(&key, reason, hint)),
            _ => Ok(recipe),
        }
    }

    /// Refuses what has no meaning where summaries of simulated maps are the context.
    fn check_summaries(&self) -> Result<(), Error> {
        let told = self.simulation.is_some() && !self.context.is_empty();
        let given = [
            ("data.renew_every", self.data.renew_every.is_some()),
            ("observation", self.observation.is_some()),
        ];
        match given.iter().find(|(_, given)| told && *given) {
            Some((key, _)) => Err(Error::Recipe {
                key: (*key).to_owned(),
                reason: "has no meaning where the context is what the simulations keep of whole observed maps"
                    .to_owned(),
                hint: "leave it out, or let a network read the maps with [context.observation]".to_owned(),
            }),
            None => Ok(()),
        }
    }

    /// The chosen bridge with its settings.
    pub fn bridge_recipe(&self) -> BridgeRecipe {
        BridgeRecipe {
            kind: self.bridge,
            spline_flow: self.spline_flow.clone(),
            affine_flow: self.affine_flow.clone(),
            image_flow: self.image_flow.clone(),
            residual_flow: self.residual_flow.clone(),
            mixture_density: self.mixture_density.clone(),
            flow_matching: self.flow_matching.clone(),
            diffusion: self.diffusion.clone(),
            interpolant: self.interpolant.clone(),
            continuous_flow: self.continuous_flow.clone(),
        }
    }

    /// Where the chosen bridge starts; none for families that start from normal numbers alone.
    pub fn base_mut(&mut self) -> Option<&mut BaseKind> {
        Some(match self.bridge {
            BridgeKind::SplineFlow => &mut self.spline_flow.base,
            BridgeKind::AffineFlow => &mut self.affine_flow.base,
            BridgeKind::FlowMatching => &mut self.flow_matching.base,
            BridgeKind::Diffusion => &mut self.diffusion.base,
            BridgeKind::Interpolant => &mut self.interpolant.base,
            BridgeKind::ContinuousFlow => &mut self.continuous_flow.base,
            BridgeKind::ImageFlow | BridgeKind::ResidualFlow | BridgeKind::MixtureDensity => return None,
        })
    }

    /// The dotted key of what [`Recipe::base_mut`] gives.
    pub fn base_key(&self) -> String {
        let chosen = BRIDGES.iter().find(|(_, kind)| *kind == self.bridge);
        format!("{}.base", chosen.expect("it is one of them").0)
    }

    /// Hash of the bytes that are learned from: those of the data, and of the table of the base when there is one.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn fingerprint(&self) -> Result<String, Error> {
        let data = self.data.fingerprint(&self.folder)?;
        let mut recipe = self.clone();
        let Some(table) = recipe.base_mut().and_then(|base| base.table()) else {
            return Ok(data);
        };
        let both = data + &fingerprint(&self.folder.join(table))?;
        Ok(blake3::hash(both.as_bytes()).to_hex().to_string())
    }

    /// The data file, its relative path made to start where the program was started; none when the rows are drawn.
    pub fn data_path(&self) -> Option<PathBuf> {
        Some(self.folder.join(self.data.file.as_ref()?))
    }

    /// The recipe with all defaults filled in, as TOML that [`Recipe::read`] reads.
    pub fn to_toml(&self) -> String {
        let whole = Whole {
            title: &self.title,
            seed: self.seed,
            bridge: self.bridge,
            pretrained: self.pretrained.as_ref(),
            simulation: self.simulation.as_ref(),
            data: &self.data,
            target: &self.target,
            context: self.context_tables(),
            observation: self.observation.as_ref(),
            spline_flow: (self.bridge == BridgeKind::SplineFlow).then_some(&self.spline_flow),
            affine_flow: (self.bridge == BridgeKind::AffineFlow).then_some(&self.affine_flow),
            image_flow: (self.bridge == BridgeKind::ImageFlow).then_some(&self.image_flow),
            residual_flow: (self.bridge == BridgeKind::ResidualFlow).then_some(&self.residual_flow),
            mixture_density: (self.bridge == BridgeKind::MixtureDensity).then_some(&self.mixture_density),
            flow_matching: (self.bridge == BridgeKind::FlowMatching).then_some(&self.flow_matching),
            diffusion: (self.bridge == BridgeKind::Diffusion).then_some(&self.diffusion),
            interpolant: (self.bridge == BridgeKind::Interpolant).then_some(&self.interpolant),
            continuous_flow: (self.bridge == BridgeKind::ContinuousFlow).then_some(&self.continuous_flow),
            train: &self.train,
            check: &self.check,
        };
        let text = toml::to_string(&whole).expect("a recipe is plain data");
        let mut table: toml::Table = text.parse().expect("it was just written");
        if self.train.steps.is_some()
            && let Some(train) = table.get_mut("train").and_then(toml::Value::as_table_mut)
        {
            train.remove("epochs");
        }
        toml::to_string(&table).expect("a table is plain data")
    }

    /// The tables below `[context]`.
    fn context_tables(&self) -> toml::Table {
        match &self.reading {
            Some(reading) => toml::Table::try_from(BTreeMap::from([(section::OBSERVATION, reading)])),
            None => toml::Table::try_from(&self.context),
        }
        .expect("a context is plain data")
    }

    /// What the recipe says of its simulations, in the form `T` of a recipe of them, with the recipe's title; none when its
    /// rows come from elsewhere.
    ///
    /// # Errors
    /// [`RecipeError`] when it is not of this form.
    pub fn simulations<T: DeserializeOwned>(&self) -> Result<Option<RecipeFile<T>>, RecipeError> {
        const SECTION: &str = "simulation";
        let Some(mut table) = self.simulation.clone() else {
            return Ok(None);
        };
        table
            .entry("title")
            .or_insert_with(|| toml::Value::String(self.title.clone()));
        let recipe = table
            .try_into()
            .map_err(|error| Fault::from_reader(SECTION, &error).in_file(&self.path, &self.lines))?;
        Ok(Some(RecipeFile::inside(
            recipe,
            &self.path,
            self.lines.clone(),
            SECTION,
        )))
    }

    /// Where in its file the key of an error stands: `recipes/photoz.toml, line 12`; none for other errors, or a key that
    /// is not in the file.
    pub fn place_of(&self, error: &Error) -> Option<String> {
        match error {
            Error::Recipe { key, .. } => {
                let line = self.lines.of_key(key)?;
                Some(format!("{}, line {line}", self.path.display()))
            }
            _ => None,
        }
    }
}

/// Whether the table with this dotted name holds a key.
fn contains(table: &toml::Table, section: &str, key: &str) -> bool {
    let inner = section
        .split('.')
        .try_fold(table, |table, part| table.get(part)?.as_table());
    inner.is_some_and(|inner| inner.contains_key(key))
}

/// The order in which a recipe is written.
#[derive(Serialize)]
struct Whole<'a> {
    title: &'a str,
    seed: u64,
    bridge: BridgeKind,
    pretrained: Option<&'a PathBuf>,
    simulation: Option<&'a toml::Table>,
    data: &'a DataRecipe,
    target: &'a TargetRecipe,
    context: toml::Table,
    observation: Option<&'a ObservationRecipe>,
    spline_flow: Option<&'a SplineFlowRecipe>,
    affine_flow: Option<&'a AffineFlowRecipe>,
    image_flow: Option<&'a ImageFlowRecipe>,
    residual_flow: Option<&'a ResidualFlowRecipe>,
    mixture_density: Option<&'a MixtureDensityRecipe>,
    flow_matching: Option<&'a FlowMatchingRecipe>,
    diffusion: Option<&'a DiffusionRecipe>,
    interpolant: Option<&'a InterpolantRecipe>,
    continuous_flow: Option<&'a ContinuousFlowRecipe>,
    train: &'a TrainRecipe,
    check: &'a CheckRecipe,
}

fn read_text(path: &Path) -> Result<String, RecipeError> {
    let fault = |reason: String, hint: &str| RecipeError::File {
        path: path.to_owned(),
        reason,
        hint: hint.to_owned(),
    };
    match std::fs::read(path) {
        Ok(bytes) => String::from_utf8(bytes).map_err(|_| {
            fault(
                "is not text".to_owned(),
                "name a recipe, a file such as recipes/photoz.toml",
            )
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(fault(
            "does not exist".to_owned(),
            "name a recipe, a file such as recipes/photoz.toml",
        )),
        Err(error) if error.kind() == std::io::ErrorKind::IsADirectory => Err(fault(
            "is a directory".to_owned(),
            "name a recipe, a file such as recipes/photoz.toml",
        )),
        Err(error) => Err(fault(format!("cannot be read: {error}"), "see to its permissions")),
    }
}

/// The short settings at the top of a recipe.
#[derive(Deserialize)]
struct Top {
    title: String,
    #[serde(default = "first_seed")]
    seed: u64,
    #[serde(default)]
    pretrained: Option<PathBuf>,
}

fn first_seed() -> u64 {
    1
}

#[cfg(test)]
mod tests;
