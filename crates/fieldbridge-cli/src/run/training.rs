//! From a recipe to a model file.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Instant;

use anyhow::Context;
use fieldbridge::Error;
use fieldbridge::base::BaseKind;
use fieldbridge::bridge::{self, BridgeRecipe};
use fieldbridge::data::fields::FieldSimulations;
use fieldbridge::data::{Part, Scaling, base_points};
use fieldbridge::device::Device;
use fieldbridge::model::{FORMAT_VERSION, Manifest, Model, TrainingSummary};
use fieldbridge::network::Parameters;
use fieldbridge::random::Stream;
use fieldbridge::recipe::Recipe;
use fieldbridge::train::{Checkpoint, Training};
use fieldbridge_files::atomic::write_atomically;

use super::prepared::{Origin, Prepared, bound_by_priors};
use super::record::{Record, quoted};
use super::split;
use crate::arguments::RunArguments;
use crate::console::Console;
use crate::directory::RunDirectory;
use crate::interrupt::{STOP, saving_state};
use crate::progress::TaskProgress;
use crate::simulate::recipe::table_of_shifts;

/// Rows whose answers are kept in the model file.
const KNOWN_ANSWERS: usize = 8;
/// The same for fields, which are long.
const KNOWN_FIELD_ANSWERS: usize = 1;

/// A run with its model.
pub(crate) struct Trained {
    pub(crate) recipe: Recipe,
    pub(crate) directory: RunDirectory,
    pub(crate) record: Record,
    pub(crate) model: Model,
    /// Hash of the data file.
    pub(crate) fingerprint: String,
}

/// `runs/RECIPE` unless another directory is named.
pub(crate) fn directory_of(arguments: &RunArguments) -> PathBuf {
    arguments.out.clone().unwrap_or_else(|| {
        let stem = arguments.recipe.file_stem().unwrap_or_default();
        Path::new("runs").join(stem)
    })
}

/// The shell command that makes the run again.
pub(crate) fn command(verb: &str, arguments: &RunArguments) -> String {
    let mut words = vec![
        "fieldbridge".to_owned(),
        verb.to_owned(),
        quoted(&arguments.recipe.to_string_lossy()),
    ];
    for setting in &arguments.set {
        words.extend(["--set".to_owned(), quoted(setting)]);
    }
    if let Some(out) = &arguments.out {
        words.extend(["--out".to_owned(), quoted(&out.to_string_lossy())]);
    }
    words.join(" ")
}

/// Trains the model of a recipe, or finds that it is trained already.
pub(crate) fn train(
    verb: &str,
    arguments: &RunArguments,
    device: &Device,
    console: &Console,
) -> anyhow::Result<Trained> {
    let mut recipe = Recipe::read(&arguments.recipe, &arguments.set)?;
    // rows that cannot be had leave no directory behind
    let origin = Origin::of(&recipe).map_err(|error| located(&recipe, error))?;
    bound_by_priors(&mut recipe, &origin);
    let directory = RunDirectory::create(&directory_of(arguments))?;
    let simulations = origin.simulations(&directory, console)?;
    let fingerprint = match &simulations {
        Some(simulations) => simulations.fingerprint(),
        None => recipe.fingerprint()?,
    };
    let mut record = Record::read(&directory);
    record.describe(&recipe, command(verb, arguments), &fingerprint);
    let identity = recipe.model_identity(&fingerprint);
    if record.is_done(&directory, "train", &identity, &["model.safetensors", "split.npy"]) {
        match directory.model(device) {
            Ok(model) => {
                console.note("the model is trained already");
                return Ok(Trained {
                    recipe,
                    directory,
                    record,
                    model,
                    fingerprint,
                });
            }
            Err(error) => console.note(&format!("the model is made again: {error:#}")),
        }
    }
    let rows = (simulations.as_ref(), fingerprint.as_str());
    let model = match &recipe.pretrained {
        Some(path) => adopted(&recipe, path, &directory, rows.0, device).and_then(|model| {
            record.finish(&directory, "train", &identity, 0.0)?;
            Ok(model)
        }),
        None => fit(&recipe, &directory, &mut record, rows, device, console),
    }
    .map_err(|error| located(&recipe, error))?;
    Ok(Trained {
        recipe,
        directory,
        record,
        model,
        fingerprint,
    })
}

/// The trained model a recipe names, taken into the run directory; every simulation counts as held out.
fn adopted(
    recipe: &Recipe,
    path: &Path,
    directory: &RunDirectory,
    simulations: Option<&FieldSimulations>,
    device: &Device,
) -> anyhow::Result<Model> {
    let model = Model::load(&recipe.folder.join(path), device)?;
    let refused = |reason: String, hint: &str| Error::Recipe {
        key: "pretrained".to_owned(),
        reason,
        hint: hint.to_owned(),
    };
    let Some(simulations) = simulations else {
        let reason = "stands beside a table; only simulations can be new to a trained model".to_owned();
        return Err(refused(reason, "ask the model with `fieldbridge check DIR --data FILE`").into());
    };
    let known = model.manifest.scaling.fields.as_ref().map(|fields| fields.geometry);
    if known != Some(simulations.geometry) || model.target_columns() != recipe.target.columns {
        let reason = format!(
            "is a model of {:?} and {known:?}, the recipe has {:?} and {:?}",
            model.target_columns(),
            recipe.target.columns,
            simulations.geometry
        );
        return Err(refused(reason, "simulate what the model was trained on").into());
    }
    let learned = model.manifest.scaling.fields.as_ref().map(|fields| &fields.observation);
    if let (Some(wanted), Some(learned)) = (&recipe.observation, learned)
        && wanted != learned
    {
        return Err(Error::Recipe {
            key: "observation".to_owned(),
            reason: format!(
                "is {}, but the model of `pretrained` learned from {}",
                serde_json::to_string(wanted)?,
                serde_json::to_string(learned)?
            ),
            hint: "leave it out: the model knows what it observes".to_owned(),
        }
        .into());
    }
    let text = as_run(recipe, directory);
    write_atomically(&directory.file("recipe.toml"), |file| file.write_all(text.as_bytes()))?;
    split::write(&directory.file("split.npy"), &vec![Some(Part::Test); simulations.count])?;
    model.save(&directory.model_path())?;
    Ok(model)
}

/// Puts file and line before an error about a key of the recipe.
fn located(recipe: &Recipe, error: anyhow::Error) -> anyhow::Error {
    match error.downcast_ref::<Error>().and_then(|error| recipe.place_of(error)) {
        Some(place) => error.context(place),
        None => error,
    }
}

fn fit(
    recipe: &Recipe,
    directory: &RunDirectory,
    record: &mut Record,
    (simulations, fingerprint): (Option<&FieldSimulations>, &str),
    device: &Device,
    console: &Console,
) -> anyhow::Result<Model> {
    let clock = Instant::now();
    let mut dataset = Prepared::new(recipe, simulations, fingerprint, directory)?;
    let report = dataset.report();
    console.note(&format!(
        "{}: {} rows; {} train, {} decide when to stop, {} are held out",
        recipe
            .data_path()
            .map_or_else(|| report.file.clone(), |path| path.display().to_string()),
        report.rows,
        report.train,
        report.validation,
        report.test
    ));
    for (reason, count) in &report.left_out {
        console.note(&format!("left out {count} rows: {reason}"));
    }
    let dimension = dataset.scaling().dimension();
    let modalities = dataset.scaling().modalities();
    let settings = with_base_points(recipe, dataset.scaling())?;
    let (bridge, layout) = bridge::build(&settings, dimension, &modalities, recipe.seed)?;
    console.note(&format!(
        "{} parameters in each of {} members",
        layout.count(),
        recipe.train.members
    ));

    let identity = recipe.training_identity(fingerprint);
    forget_another_training(directory, record, &identity, console)?;
    let recipe_text = as_run(recipe, directory);
    write_atomically(&directory.file("recipe.toml"), |file| {
        file.write_all(recipe_text.as_bytes())
    })?;
    split::write(&directory.file("split.npy"), &dataset.parts_by_source_row())?;

    let mut summary = TrainingSummary {
        members: recipe.train.members,
        ..TrainingSummary::default()
    };
    let mut parameters: Vec<Parameters> = Vec::new();
    for member in 0..recipe.train.members {
        // the same bridge, other starting values
        let seed = recipe
            .seed
            .wrapping_add((member as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let (_, start) = bridge::build(&settings, dimension, &modalities, seed)?;
        let mut start = layout.with_values(start.values().to_vec());
        let rounds = settings.rectifications();
        let mut round = 0;
        let trained: Checkpoint = loop {
            let named = |name: String| {
                if round == 0 {
                    name
                } else {
                    format!("{name}, round {round} of {rounds} on its own pairs")
                }
            };
            let training = Training {
                bridge: bridge.as_ref(),
                dataset: dataset.rows(),
                recipe: &recipe.train,
                seed: recipe.seed,
                member,
                identity: named(identity.clone()),
                device,
                stop: &STOP,
            };
            let path = match round {
                0 => directory.checkpoint(member),
                _ => directory
                    .checkpoint(member)
                    .with_extension(format!("round{round}.safetensors")),
            };
            let label = named(format!("member {} of {}", member + 1, recipe.train.members));
            let mut progress = TaskProgress::new(console, label);
            let trained = saving_state(|| training.run(start, &path, &directory.events(), &mut progress))?;
            drop(progress);
            if round == rounds {
                break trained;
            }
            round += 1;
            start = trained.parameters.with_values(trained.best.clone());
            let stream = Stream::new(recipe.seed, "rectify", round as u64).child("member", member as u64);
            dataset.rectify(bridge.as_ref(), &start.on(device), &stream)?;
        };
        dataset.forget_pairs();
        let state = &trained.state;
        console.note(&format!(
            "member {} of {}: {} steps, best validation loss {} at step {}",
            member + 1,
            recipe.train.members,
            state.step,
            state.best_loss.map_or("none".to_owned(), |loss| format!("{loss:.4}")),
            state.best_step
        ));
        summary.steps.push(state.step);
        summary.best_steps.push(state.best_step);
        summary.validation_losses.push(state.best_loss);
        parameters.push(trained.parameters.with_values(trained.best.clone()));
    }

    let manifest = Manifest {
        format_version: FORMAT_VERSION,
        fieldbridge_version: env!("CARGO_PKG_VERSION").to_owned(),
        title: recipe.title.clone(),
        seed: recipe.seed,
        bridge: settings,
        scaling: dataset.scaling().clone(),
        data: dataset.report().clone(),
        training: summary,
        stored: recipe.train.stored,
        recipe: recipe.to_toml(),
        known_answers: Vec::new(),
    };
    let mut places = dataset.rows().places(Part::Validation);
    if places.is_empty() {
        places = dataset.rows().places(Part::Train);
    }
    places.truncate(if simulations.is_some() {
        KNOWN_FIELD_ANSWERS
    } else {
        KNOWN_ANSWERS
    });
    let model = Model::new(manifest, parameters, &dataset.rows().gather(&places)?, device)?;
    model.save(&directory.model_path())?;
    if STOP.load(Ordering::SeqCst) {
        return Err(Error::Interrupted {
            step: model.manifest.training.steps.last().copied().unwrap_or(0),
            path: directory.model_path(),
        }
        .into());
    }
    let seconds = clock.elapsed().as_secs_f64();
    record.finish(directory, "train", &recipe.model_identity(fingerprint), seconds)?;
    Ok(model)
}

/// The chosen bridge; when it starts from the rows of a table, with these.
fn with_base_points(recipe: &Recipe, scaling: &Scaling) -> Result<BridgeRecipe, Error> {
    let mut recipe = recipe.clone();
    let (key, folder) = (recipe.base_key(), recipe.folder.clone());
    if let Some(base) = recipe.base_mut() {
        *base = base_points(base, &key, &scaling.target, &folder)?;
    }
    Ok(recipe.bridge_recipe())
}

/// Removes what another recipe, data file or release left in the directory.
fn forget_another_training(
    directory: &RunDirectory,
    record: &mut Record,
    identity: &str,
    console: &Console,
) -> anyhow::Result<()> {
    let path = directory.file("checkpoints/identity");
    if std::fs::read_to_string(&path).is_ok_and(|found| found == identity) {
        return Ok(());
    }
    let mut found = false;
    let folder = directory.file("checkpoints");
    let entries = std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries.flatten() {
        found |= entry
            .path()
            .extension()
            .is_some_and(|extension| extension == "safetensors");
        std::fs::remove_file(entry.path()).with_context(|| format!("cannot remove {}", entry.path().display()))?;
    }
    if found {
        console.note("recipe, data or release changed since this directory was made: training starts again");
    }
    for name in ["events.jsonl", "model.safetensors"] {
        let file = directory.file(name);
        if file.exists() {
            std::fs::remove_file(&file).with_context(|| format!("cannot remove {}", file.display()))?;
        }
    }
    record.steps.clear();
    record.write(directory)?;
    // last, so that a run killed before starts by removing again
    Ok(write_atomically(&path, |file| file.write_all(identity.as_bytes()))?)
}

/// The recipe for the run directory, its data file found from there.
fn as_run(recipe: &Recipe, directory: &RunDirectory) -> String {
    let mut moved = recipe.clone();
    let pretrained = recipe.pretrained.as_ref();
    moved.pretrained = pretrained.map(|path| path_from(directory.path(), &recipe.folder.join(path)));
    if let Some(shifts) = moved.simulation.as_mut().and_then(table_of_shifts) {
        *shifts = path_from(directory.path(), &recipe.folder.join(&*shifts))
            .to_string_lossy()
            .into_owned();
    }
    moved.data.file = recipe.data_path().map(|path| path_from(directory.path(), &path));
    if let Some(BaseKind::Table { file, .. }) = moved.base_mut() {
        *file = path_from(directory.path(), &recipe.folder.join(&file));
    }
    moved.to_toml()
}

/// `file` as seen from `folder`; both are there.
fn path_from(folder: &Path, file: &Path) -> PathBuf {
    let (Ok(folder), Ok(file)) = (folder.canonicalize(), file.canonicalize()) else {
        return file.to_owned();
    };
    let shared = folder
        .components()
        .zip(file.components())
        .take_while(|(left, right)| left == right)
        .count();
    let up = folder.components().skip(shared).map(|_| "..");
    let down: PathBuf = file.components().skip(shared).collect();
    up.collect::<PathBuf>().join(down)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_found_again_from_another_folder() {
        let root = std::env::temp_dir().join(format!("fieldbridge-path-{}", std::process::id()));
        std::fs::create_dir_all(root.join("runs/one")).unwrap();
        std::fs::create_dir_all(root.join("data")).unwrap();
        std::fs::write(root.join("data/rows.csv"), "x\n").unwrap();
        let found = path_from(&root.join("runs/one"), &root.join("data/rows.csv"));
        std::fs::remove_dir_all(&root).unwrap();
        assert_eq!(found, Path::new("../../data/rows.csv"));
    }
}
