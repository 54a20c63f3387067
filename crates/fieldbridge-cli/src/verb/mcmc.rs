//! `fieldbridge mcmc`: the posterior of a survey by field-level Markov chains.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context;
use fieldbridge::infer::markov_chain::{Sampler, SamplerSettings, Whitening};
use fieldbridge::recipe::RecipeFile;
use fieldbridge_files::atomic::write_atomically;
use fieldbridge_sky::inference::{FieldPosterior, Observation, SpectrumPosterior};

use crate::Outcome;
use crate::arguments::McmcArguments;
use crate::console::Console;
use crate::directory::RunDirectory;
use crate::interrupt::{STOP, saving_state};
use crate::mcmc::observation::observed;
use crate::mcmc::target::Target;
use crate::mcmc::{outputs, page};
use crate::progress::waiting_for;
use crate::run::training::{command, directory_of};
use crate::simulate::recipe::SimulationRecipe;
use crate::simulate::simulator::simulator;

pub(crate) fn execute(arguments: &McmcArguments, console: &Console) -> anyhow::Result<Outcome> {
    let mut file = RecipeFile::<SimulationRecipe>::read(&arguments.run.recipe, &arguments.run.set)?;
    let mcmc = &mut file.recipe.mcmc;
    mcmc.chains = arguments.chains.unwrap_or(mcmc.chains);
    mcmc.warmup = arguments.warmup.unwrap_or(mcmc.warmup);
    mcmc.draws = arguments.draws.unwrap_or(mcmc.draws);
    let simulator = simulator(&file)?;
    let observed = observed(
        &file,
        &simulator,
        arguments.observation.as_deref(),
        arguments.simulation,
    )?;
    let observation = Observation::new(&simulator.field, &observed.convergence, &simulator.noise)
        .with_context(|| observed.source.clone())?;
    let peak = SpectrumPosterior::new(&simulator.field, simulator.priors, &observation)
        .peak()
        .context("the medians of the priors are no possible universe")?;
    let start = Whitening::new(peak.location, peak.root).context("the priors are too wide to begin with")?;
    let target = Target {
        posterior: FieldPosterior::new(simulator.field, simulator.priors, observation)?,
        bands: simulator.bands,
    };
    // what cannot be sampled leaves no directory behind
    let directory = RunDirectory::create_plain(&directory_of(&arguments.run))?;
    let text = format!("# {}\n{}", line(arguments), toml::to_string(&file.recipe)?);
    write_atomically(&directory.file("recipe.toml"), |sink| sink.write_all(text.as_bytes()))?;
    let mcmc = &file.recipe.mcmc;
    let progress = AtomicU64::new(0);
    let sampler = Sampler {
        posterior: &target,
        settings: SamplerSettings {
            chains: mcmc.chains,
            warm_up: mcmc.warmup,
            draws: mcmc.draws,
            block: mcmc.block,
            seed: file.recipe.seed,
            target_acceptance: mcmc.target_acceptance,
            most_doublings: mcmc.most_doublings,
        },
        start,
        identity: identity(&file.recipe, &observed.convergence),
        stop: &STOP,
        progress: &progress,
    };
    let state = directory.file("chains.safetensors");
    let total = sampler.total();
    let work = || saving_state(|| sampler.run(&state, |_| ()));
    let chains = waiting_for(console, "draws of all chains", (&progress, total, "made"), work)?;
    progress.store(total, Ordering::Relaxed);
    let name = arguments
        .run
        .recipe
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let findings = page::Findings::of(&target, &chains);
    let truth = observed.truth.as_ref();
    outputs::write(directory.path(), &name, &target, &chains, &findings, truth)?;
    page::write(
        directory.path(),
        &file.recipe.title,
        &line(arguments),
        &target,
        &chains,
        &findings,
        &observed,
    )?;
    let mut words = format!(
        "{}: {} chains of {} draws in {:.0} s, {}\n",
        directory.path().display(),
        chains.chains.len(),
        chains.draws(),
        chains.seconds,
        if findings.converged() {
            "converged"
        } else {
            "NOT converged: the same command with more --draws goes on"
        }
    );
    for (index, found) in &findings.parameters {
        words += &format!(
            "{:8} {:8.4} +- {:.4}   R-hat {:.4}, effective draws {:.0} (bulk) {:.0} (tail)\n",
            chains.names[*index], found.mean, found.deviation, found.r_hat, found.bulk, found.tail
        );
    }
    words += &format!(
        "largest R-hat of parameters and powers {:.4}, fewest effective draws {:.0}, {} divergent",
        findings.worst_r_hat(),
        findings.fewest_draws(),
        findings.divergent
    );
    console.result(&words, &findings.json(&chains))?;
    Ok(Outcome::Done)
}

/// What decides the draws, but for what the sampler adds.
fn identity(recipe: &SimulationRecipe, observation: &[f64]) -> String {
    let mut recipe = recipe.of_simulations();
    if let Some(table) = recipe.as_object_mut() {
        // the seed is that of the sampler
        table.remove("seed");
        if let Some(store) = table.get_mut("store").and_then(serde_json::Value::as_object_mut) {
            store.remove("maps");
        }
    }
    // NaN of any kind is a masked pixel
    let bits = observation
        .iter()
        .map(|value| if value.is_nan() { u64::MAX } else { value.to_bits() });
    // FNV-1a over the bytes
    let hash = bits
        .flat_map(u64::to_le_bytes)
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    format!("recipe {recipe}, observation {hash:016x}")
}

/// The command that makes the chains again.
fn line(arguments: &McmcArguments) -> String {
    let mut line = command("mcmc", &arguments.run);
    if let Some(observation) = &arguments.observation {
        // the name alone: where it lies is another matter on another computer
        let name = observation.file_name().unwrap_or_default().to_string_lossy();
        line += &format!(" --observation {name}");
    }
    let numbers = [
        ("--simulation", arguments.simulation),
        ("--chains", arguments.chains.map(|count| count as u64)),
        ("--warmup", arguments.warmup.map(|count| count as u64)),
        ("--draws", arguments.draws.map(|count| count as u64)),
    ];
    for (flag, number) in numbers {
        if let Some(number) = number {
            line += &format!(" {flag} {number}");
        }
    }
    line
}
