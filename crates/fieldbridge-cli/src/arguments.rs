//! What can be said on the command line.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use fieldbridge::check::distance::DistanceKind;

const EXIT_CODES: &str = "Exit codes: 0 done, 1 failure, 2 wrong usage, 3 not calibrated (check --require calibrated), \
130 interrupted with the state saved.";

/// Learn a bridge between two probability distributions, and use it.
#[derive(Debug, Parser)]
#[command(name = "fieldbridge", version, after_help = EXIT_CODES, propagate_version = true)]
pub(crate) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) verb: Verb,
    /// What holds for every verb.
    #[command(flatten)]
    pub(crate) common: Common,
}

/// Arguments of every verb.
#[derive(Clone, Debug, Args)]
pub(crate) struct Common {
    /// Threads to work on; all cores by default. No result depends on it
    #[arg(long, global = true, value_name = "N", value_parser = threads)]
    pub(crate) threads: Option<usize>,
    /// Where to compute; gpu needs a build with the feature wgpu or cuda
    #[arg(long, global = true, default_value = "cpu", value_name = "NAME", value_parser = fieldbridge::device::NAMES)]
    pub(crate) device: String,
    /// Print one JSON object as the last line of standard output
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Say nothing but results and errors
    #[arg(long, global = true)]
    pub(crate) quiet: bool,
}

fn threads(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count) if (1..=1024).contains(&count) => Ok(count),
        _ => Err("expected a number from 1 to 1024".to_owned()),
    }
}

fn at_least_four(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count) if count > 3 => Ok(count),
        _ => Err("expected a whole number, at least 4".to_owned()),
    }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count) if count > 0 => Ok(count),
        _ => Err("expected a whole number, at least 1".to_owned()),
    }
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Do all that a recipe names: train, check, write posteriors and a report
    #[command(after_help = "Example:\n  fieldbridge run recipes/photoz.toml --set seed=2 --out runs/photoz-2")]
    Run(RunArguments),
    /// Train the model of a recipe and nothing more
    #[command(
        after_help = "Example:\n  fieldbridge train recipes/photoz.toml --set bridge=flow_matching --out runs/photoz-flow-matching"
    )]
    Train(RunArguments),
    /// Make simulated surveys, any number, in parallel; killed and started again it goes on where it was
    #[command(
        after_help = "Example:\n  fieldbridge simulate recipes/lensing-lssty10.toml --set simulations=100 --out runs/lensing"
    )]
    Simulate(RunArguments),
    /// Draw from the posterior of maps and universe of a survey by field-level Markov chains; killed and started again they go on
    #[command(
        after_help = "Examples:\n  fieldbridge mcmc recipes/lensing-lssty10.toml --out runs/posterior\n  fieldbridge mcmc recipes/lensing-lssty10.toml --observation map.npy --draws 2000 --out runs/posterior"
    )]
    Mcmc(McmcArguments),
    /// Draw from a trained model
    #[command(
        after_help = "Examples:\n  fieldbridge sample runs/buzzard --count 10000 --out galaxies.parquet\n  fieldbridge sample runs/flow-matching --count 500 --walk 20 --out walk.parquet\n  fieldbridge sample runs/bridging --count 1000 --sampler euler_maruyama --steps 50 --noise 2 --out noisy.parquet"
    )]
    Sample(SampleArguments),
    /// Ask for the log-density of every row of a file
    #[command(
        after_help = "Example:\n  fieldbridge density runs/photoz --data data/dc2/test_dc2_training_9816.hdf5 --json"
    )]
    Density(DensityArguments),
    /// Draw posteriors for every row of a file
    #[command(
        after_help = "Examples:\n  fieldbridge infer runs/photoz --data data/dc2/test_dc2_training_9816.hdf5 --draws 100 --out posteriors.parquet\n  fieldbridge infer runs/jade-gaussian --observation map.npy --draws 200 --out parameters.parquet --maps maps.zarr\n  fieldbridge infer models/jade --observation convergence.fits --draws 200 --out parameters.parquet\n  fieldbridge infer models/jade --observation healpix.fits --group CUT_OUT --draws 200 --out parameters.parquet"
    )]
    Infer(InferArguments),
    /// Check whether posteriors are calibrated
    #[command(after_help = "Example:\n  fieldbridge check runs/photoz --require calibrated")]
    Check(CheckArguments),
    /// Measure how far a sample is from a reference
    #[command(
        after_help = "Example:\n  fieldbridge compare truth.parquet draws.parquet --metrics sliced_wasserstein,c2st --rows 2000"
    )]
    Compare(CompareArguments),
    /// Write the report of a finished run again
    #[command(after_help = "Example:\n  fieldbridge report runs/photoz")]
    Report(ReportArguments),
}

/// Arguments of `run`, `train` and `simulate`.
#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    /// The recipe, a TOML file
    pub(crate) recipe: PathBuf,
    /// Run directory; runs/RECIPE by default
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Replace a setting of the recipe, such as train.steps=50; may be given more than once
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
}

/// Arguments of `mcmc`.
#[derive(Debug, Args)]
pub(crate) struct McmcArguments {
    /// Recipe, directory and settings.
    #[command(flatten)]
    pub(crate) run: RunArguments,
    /// An npy file with a noisy map of convergence, [row, column, bin] or [bin, row, column], NaN where nothing was observed; a
    /// simulation of the recipe by default
    #[arg(long, value_name = "FILE", conflicts_with = "simulation")]
    pub(crate) observation: Option<PathBuf>,
    /// Number of the simulation of the recipe to observe
    #[arg(long, value_name = "NUMBER")]
    pub(crate) simulation: Option<u64>,
    /// Number of chains; the recipe's by default
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(crate) chains: Option<usize>,
    /// Draws of each chain that are thrown away; the recipe's by default
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(crate) warmup: Option<usize>,
    /// Draws of each chain that are kept; the recipe's by default, and more later
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(crate) draws: Option<usize>,
}

/// Arguments of `sample`.
#[derive(Debug, Args)]
pub(crate) struct SampleArguments {
    /// Run directory with a trained model
    pub(crate) directory: PathBuf,
    /// Number of draws; for each row of the context when there is one
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(crate) count: usize,
    /// File with the context columns, for a conditional model
    #[arg(long, value_name = "FILE")]
    pub(crate) context: Option<PathBuf>,
    /// Also give where each draw was on its way from the base, in at most so many pieces: a line for every draw and time t
    #[arg(long, value_name = "PIECES", value_parser = at_least_one)]
    pub(crate) walk: Option<usize>,
    /// Group of an HDF5 file or extension of a FITS file; the recipe's by default
    #[arg(long, value_name = "NAME")]
    pub(crate) group: Option<String>,
    /// File to write; CSV on standard output by default
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Seed of the draws; the run's by default
    #[arg(long, value_name = "NUMBER")]
    pub(crate) seed: Option<u64>,
    /// How draws are made.
    #[command(flatten)]
    pub(crate) drawing: DrawingArguments,
}

/// How draws are made, in place of what the recipe says: choices that are free after training.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct DrawingArguments {
    /// Method of the draws, for flow matching, diffusions and interpolants
    #[arg(long, value_name = "METHOD", value_parser = SAMPLERS)]
    pub(crate) sampler: Option<String>,
    /// Method by which a velocity is walked, for the sampler probability_flow and for continuous flows
    #[arg(long, value_name = "METHOD", value_parser = SOLVERS)]
    pub(crate) solver: Option<String>,
    /// Steps of the sampler, or of the solver when that makes the draws
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(crate) steps: Option<usize>,
    /// Strength of the noise on the way, for the samplers that have one; 0 for none
    #[arg(long, value_name = "NUMBER")]
    pub(crate) noise: Option<f64>,
    /// Weight of the context, for a diffusion trained with an unconditional share; 1 is the model
    #[arg(long, value_name = "NUMBER")]
    pub(crate) guidance: Option<f64>,
}

const SAMPLERS: [&str; 8] = [
    "probability_flow",
    "ancestral",
    "ddim",
    "heun",
    "multistep",
    "churn",
    "euler_maruyama",
    "stochastic_heun",
];

const SOLVERS: [&str; 4] = ["euler", "heun", "runge_kutta", "dormand_prince"];

/// Arguments of `density`.
#[derive(Debug, Args)]
pub(crate) struct DensityArguments {
    /// Run directory with a trained model
    pub(crate) directory: PathBuf,
    /// File with the target and context columns
    #[arg(long, value_name = "FILE")]
    pub(crate) data: PathBuf,
    /// Group of an HDF5 file or extension of a FITS file; the recipe's by default
    #[arg(long, value_name = "NAME")]
    pub(crate) group: Option<String>,
    /// File for row, log_density and error_estimate
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// Arguments of `infer`.
#[derive(Debug, Args)]
pub(crate) struct InferArguments {
    /// Run directory with a trained model
    pub(crate) directory: PathBuf,
    /// File with the context columns
    #[arg(
        long,
        value_name = "FILE",
        required_unless_present = "observation",
        conflicts_with = "observation"
    )]
    pub(crate) data: Option<PathBuf>,
    /// Observed map, for a model of maps: an npy file [bin, y, x] or [y, x, bin], a FITS image [bin, y, x], a HEALPix cut-out in a
    /// FITS table, or a Zarr store of simulations
    #[arg(long, value_name = "MAP")]
    pub(crate) observation: Option<PathBuf>,
    /// Which simulation of a Zarr store is the observation; the first by default
    #[arg(long, value_name = "N", requires = "observation")]
    pub(crate) row: Option<usize>,
    /// Zarr store to write drawn maps to
    #[arg(long, value_name = "STORE", requires = "observation")]
    pub(crate) maps: Option<PathBuf>,
    /// Group of an HDF5 file or extension of a FITS file; the recipe's by default
    #[arg(long, value_name = "NAME")]
    pub(crate) group: Option<String>,
    /// Posterior draws for each row
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(crate) draws: usize,
    /// File to write: row, draw, the target columns, outside_training_range
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Seed of the draws; the run's by default
    #[arg(long, value_name = "NUMBER")]
    pub(crate) seed: Option<u64>,
    /// How draws are made.
    #[command(flatten)]
    pub(crate) drawing: DrawingArguments,
}

/// What a check can insist on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Requirement {
    /// The verdict must be `calibrated`.
    Calibrated,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    /// Run directory with a trained model
    pub(crate) directory: PathBuf,
    /// File with target and context columns; the run's own held-out rows by default
    #[arg(long, value_name = "FILE")]
    pub(crate) data: Option<PathBuf>,
    /// Group of an HDF5 file or extension of a FITS file; the recipe's by default
    #[arg(long, value_name = "NAME")]
    pub(crate) group: Option<String>,
    /// Exit with code 3 unless the verdict is this
    #[arg(long, value_name = "VERDICT")]
    pub(crate) require: Option<Requirement>,
    /// How draws are made.
    #[command(flatten)]
    pub(crate) drawing: DrawingArguments,
}

/// Arguments of `compare`.
#[derive(Debug, Args)]
pub(crate) struct CompareArguments {
    /// Table of the truth: held-out data, reference draws
    pub(crate) reference: PathBuf,
    /// Table of what is judged, such as the output of `sample`
    pub(crate) sample: PathBuf,
    /// Distances, separated by commas; all by default
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = metrics())]
    pub(crate) metrics: Vec<DistanceKind>,
    /// Columns, separated by commas; all columns of numbers in both tables by default
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) columns: Vec<String>,
    /// Most rows of the sample, and of each of two parts of the reference
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = at_least_four)]
    pub(crate) rows: usize,
    /// Seed of all random choices
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Compare in the units of the files, not scaled by the reference
    #[arg(long)]
    pub(crate) unscaled: bool,
    /// Group of an HDF5 reference or extension of a FITS one
    #[arg(long, value_name = "NAME")]
    pub(crate) reference_group: Option<String>,
    /// Group of an HDF5 sample or extension of a FITS one
    #[arg(long, value_name = "NAME")]
    pub(crate) sample_group: Option<String>,
}

/// A distance by name; clap lists the names there are.
fn metrics() -> impl TypedValueParser<Value = DistanceKind> {
    PossibleValuesParser::new(DistanceKind::ALL.map(DistanceKind::name)).map(|name| {
        let found = DistanceKind::ALL.into_iter().find(|kind| kind.name() == name);
        found.expect("the parser lets only these names pass")
    })
}

/// Arguments of `report`.
#[derive(Debug, Args)]
pub(crate) struct ReportArguments {
    /// Run directory of a finished run
    pub(crate) directory: PathBuf,
}
