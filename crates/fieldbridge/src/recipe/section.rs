//! The tables of a recipe, read one by one so that an error knows where it is.

use std::collections::BTreeMap;
use std::path::Path;

use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::error::{Fault, dotted};
use super::lines::Lines;
use super::{Recipe, Top};
use crate::bridge::{
    AffineFlowRecipe, BridgeKind, ContinuousFlowRecipe, DiffusionRecipe, FlowMatchingRecipe, ImageFlowRecipe,
    InterpolantRecipe, MixtureDensityRecipe, ResidualFlowRecipe, SplineFlowRecipe,
};
use crate::check::CheckRecipe;
use crate::data::fields::ObservationRecipe;
use crate::data::{DataRecipe, ModalityRecipe, TargetRecipe};
use crate::network::Reading;
use crate::train::TrainRecipe;

/// Every key at the top of a recipe.
pub(super) const KEYS: [&str; 21] = [
    "title",
    "seed",
    "bridge",
    "pretrained",
    "simulation",
    "data",
    "target",
    "context",
    "observation",
    "spline_flow",
    "affine_flow",
    "image_flow",
    "residual_flow",
    "mixture_density",
    "flow_matching",
    "diffusion",
    "interpolant",
    "continuous_flow",
    "train",
    "check",
    "when",
];

/// The table that says what is observed of simulations, and the modality they are observed in.
pub(super) const OBSERVATION: &str = "observation";

/// All tables of a recipe.
pub(super) struct Sections {
    top: Top,
    simulation: Option<Table>,
    data: DataRecipe,
    target: TargetRecipe,
    context: BTreeMap<String, ModalityRecipe>,
    reading: Option<Reading>,
    observation: Option<ObservationRecipe>,
    spline_flow: SplineFlowRecipe,
    affine_flow: AffineFlowRecipe,
    image_flow: ImageFlowRecipe,
    residual_flow: ResidualFlowRecipe,
    mixture_density: MixtureDensityRecipe,
    flow_matching: FlowMatchingRecipe,
    diffusion: DiffusionRecipe,
    interpolant: InterpolantRecipe,
    continuous_flow: ContinuousFlowRecipe,
    train: TrainRecipe,
    check: CheckRecipe,
}

/// The bridge a recipe names.
pub(super) fn bridge(table: &Table) -> Result<BridgeKind, Fault> {
    table
        .get("bridge")
        .map_or(Ok(BridgeKind::default()), |value| read("bridge", value.clone()))
}

fn read<T: DeserializeOwned>(section: &str, value: Value) -> Result<T, Fault> {
    value.try_into().map_err(|error| Fault::from_reader(section, &error))
}

fn missing(key: &str, hint: &str) -> Fault {
    Fault {
        key: key.to_owned(),
        reason: "is missing".to_owned(),
        hint: hint.to_owned(),
    }
}

fn required<T: DeserializeOwned>(table: &mut Table, section: &str, hint: &str) -> Result<T, Fault> {
    let value = table.remove(section).ok_or_else(|| missing(section, hint))?;
    if !value.is_table() {
        return Err(not_a_table(section, &value));
    }
    read(section, value)
}

fn optional<T: DeserializeOwned + Default>(table: &mut Table, section: &str) -> Result<T, Fault> {
    match table.remove(section) {
        None => Ok(T::default()),
        Some(value) if value.is_table() => read(section, value),
        Some(value) => Err(not_a_table(section, &value)),
    }
}

fn not_a_table(key: &str, value: &Value) -> Fault {
    Fault {
        key: key.to_owned(),
        reason: format!("is a {}, expected a table", value.type_str()),
        hint: format!("write [{key}] and its keys below"),
    }
}

/// What is observed of simulations.
fn observation(table: &mut Table, simulated: bool) -> Result<Option<ObservationRecipe>, Fault> {
    let Some(value) = table.remove(OBSERVATION) else {
        return Ok(None);
    };
    if !value.is_table() {
        return Err(not_a_table(OBSERVATION, &value));
    }
    if !simulated {
        return Err(Fault {
            key: OBSERVATION.to_owned(),
            reason: "says what is observed of simulated fields, but there is no [simulation]".to_owned(),
            hint: "add [simulation], or leave it out".to_owned(),
        });
    }
    read(OBSERVATION, value).map(Some)
}

impl Sections {
    /// Reads all tables; `when` has been taken out before.
    pub(super) fn read(mut table: Table) -> Result<Self, Fault> {
        if let Some(unknown) = table.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(Fault::unknown("", unknown, &KEYS));
        }
        let mut top = Table::new();
        for key in ["title", "seed", "pretrained"] {
            if let Some(value) = table.remove(key) {
                top.insert(key.to_owned(), value);
            }
        }
        if !top.contains_key("title") {
            return Err(missing("title", "start the recipe with `title = \"...\"`"));
        }
        let top = read("", Value::Table(top))?;
        let simulated = table.contains_key("simulation");
        let (mut context, mut reading) = (BTreeMap::new(), None);
        match table.remove("context") {
            None => {}
            Some(Value::Table(modalities)) => {
                for (name, value) in modalities {
                    let section = dotted("context", &name);
                    if !value.is_table() {
                        return Err(not_a_table("context.NAME", &value));
                    }
                    if simulated && name == OBSERVATION {
                        reading = Some(read(&section, value)?);
                    } else {
                        context.insert(name, read(&section, value)?);
                    }
                }
            }
            Some(other) => return Err(not_a_table("context.NAME", &other)),
        }
        if let (Some(name), Some(_)) = (context.keys().next(), &reading) {
            return Err(Fault {
                key: dotted("context", name),
                reason: format!("stands beside [context.{OBSERVATION}]: a network reads maps, or summaries of them"),
                hint: "leave one of them out".to_owned(),
            });
        }
        let simulation = match table.remove("simulation") {
            None => None,
            Some(Value::Table(simulation)) => Some(simulation),
            Some(other) => return Err(not_a_table("simulation", &other)),
        };
        if simulation.is_some() {
            // rows are made: nothing has to be said of where they are
            table.entry("data").or_insert_with(|| Value::Table(Table::new()));
        }
        Ok(Self {
            top,
            simulation,
            data: required(
                &mut table,
                "data",
                "add [data] with `file = \"...\"` or `generate = \"...\"`, or [simulation]",
            )?,
            target: required(&mut table, "target", "add [target] with `columns = [\"...\"]`")?,
            context,
            reading,
            observation: observation(&mut table, simulated)?,
            spline_flow: optional(&mut table, "spline_flow")?,
            affine_flow: optional(&mut table, "affine_flow")?,
            image_flow: optional(&mut table, "image_flow")?,
            residual_flow: optional(&mut table, "residual_flow")?,
            mixture_density: optional(&mut table, "mixture_density")?,
            flow_matching: optional(&mut table, "flow_matching")?,
            diffusion: optional(&mut table, "diffusion")?,
            interpolant: optional(&mut table, "interpolant")?,
            continuous_flow: optional(&mut table, "continuous_flow")?,
            train: optional(&mut table, "train")?,
            check: optional(&mut table, "check")?,
        })
    }

    /// The recipe of file `path`.
    pub(super) fn into_recipe(self, path: &Path, lines: Lines, bridge: BridgeKind) -> Recipe {
        Recipe {
            title: self.top.title,
            seed: self.top.seed,
            bridge,
            pretrained: self.top.pretrained,
            simulation: self.simulation,
            data: self.data,
            target: self.target,
            context: self.context,
            reading: self.reading,
            observation: self.observation,
            spline_flow: self.spline_flow,
            affine_flow: self.affine_flow,
            image_flow: self.image_flow,
            residual_flow: self.residual_flow,
            mixture_density: self.mixture_density,
            flow_matching: self.flow_matching,
            diffusion: self.diffusion,
            interpolant: self.interpolant,
            continuous_flow: self.continuous_flow,
            train: self.train,
            check: self.check,
            folder: path.parent().map(Path::to_owned).unwrap_or_default(),
            path: path.to_owned(),
            lines,
        }
    }
}
