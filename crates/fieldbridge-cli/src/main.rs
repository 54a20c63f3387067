//! The `fieldbridge` command line.
//!
//! Results go to standard output, everything else to standard error. Exit codes: 0 done, 1 failure, 2 wrong usage, 3 not
//! calibrated when `--require calibrated` was given, 130 interrupted with the state saved.

mod arguments;
mod console;
mod directory;
mod drawing;
mod failure;
mod interrupt;
mod mcmc;
mod progress;
mod report;
mod rows;
mod run;
mod samples;
mod simulate;
mod verb;
mod ways;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Arguments, Verb};
use crate::console::Console;

/// Keeps the memory of tensors that are made and dropped at every operation.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What a verb came to when it did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All was done.
    Done,
    /// All was done, and the model is not calibrated though it had to be.
    NotCalibrated,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let console = Console::new(&arguments.common);
    let result = failure::without_panics(|| {
        interrupt::listen()?;
        let device = fieldbridge::device::device(&arguments.common.device)?;
        if device != fieldbridge::device::cpu() {
            console.note(&format!("computing on {}", fieldbridge::device::describe(&device)));
        }
        fieldbridge::threads::on_threads(arguments.common.threads, || match &arguments.verb {
            Verb::Run(verb) => verb::run::execute(verb, &device, &console),
            Verb::Train(verb) => verb::train::execute(verb, &device, &console),
            Verb::Simulate(verb) => verb::simulate::execute(verb, &console),
            Verb::Mcmc(verb) => verb::mcmc::execute(verb, &console),
            Verb::Sample(verb) => verb::sample::execute(verb, &device, &console),
            Verb::Density(verb) => verb::density::execute(verb, &device, &console),
            Verb::Infer(verb) => verb::infer::execute(verb, &device, &console),
            Verb::Check(verb) => verb::check::execute(verb, &device, &console),
            Verb::Compare(verb) => verb::compare::execute(verb, &console),
            Verb::Report(verb) => verb::report::execute(verb, &device, &console),
        })?
    });
    failure::exit_code(result)
}
