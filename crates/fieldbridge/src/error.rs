//! What can go wrong, with the values that went wrong and what to do about it.

use std::path::PathBuf;

use fieldbridge_files::FileError;

/// Every error of the library.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A check could not be made of what it was given.
    #[error(transparent)]
    Check(#[from] crate::check::CheckError),
    /// Two tensors or tables do not fit together.
    #[error("{what}: expected {expected}, found {found}")]
    Shape {
        /// What was looked at.
        what: String,
        /// What fits.
        expected: String,
        /// What was given.
        found: String,
    },
    /// The recipe asks for something that cannot be done.
    #[error("recipe key `{key}`: {reason}; {hint}")]
    Recipe {
        /// Dotted name of the key.
        key: String,
        /// What is wrong.
        reason: String,
        /// What would be right.
        hint: String,
    },
    /// The data cannot be learned from.
    #[error("{source_name}, column `{column}`: {reason}; {hint}")]
    Data {
        /// File or set.
        source_name: String,
        /// Column at fault.
        column: String,
        /// What is wrong.
        reason: String,
        /// Likely fix.
        hint: String,
    },
    /// An observed map cannot be answered.
    #[error("the observation cannot be answered: {reason}; {hint}")]
    Observation {
        /// What is wrong with it.
        reason: String,
        /// Likely fix.
        hint: String,
    },
    /// A set has no rows where at least one is needed.
    #[error("{source_name} has {found} usable rows, at least {needed} are needed; {hint}")]
    TooFewRows {
        /// File or set.
        source_name: String,
        /// Usable rows.
        found: usize,
        /// Fewest that work.
        needed: usize,
        /// Likely fix.
        hint: String,
    },
    /// The loss stopped being a number.
    #[error(
        "the loss is not finite at step {step}: {count} of {batch} rows, the first being data row {first_row} \
         (all: {rows:?}); look at these rows, lower `train.learning_rate`, or set `train.clip`"
    )]
    NonFiniteLoss {
        /// Training step.
        step: usize,
        /// Rows at fault.
        count: usize,
        /// Rows in the batch.
        batch: usize,
        /// First row at fault, counted in the data file from zero.
        first_row: usize,
        /// Rows at fault, at most ten.
        rows: Vec<usize>,
    },
    /// A walk did not arrive.
    #[error(
        "the solver stopped at t = {time:.6} with step {step:.3e} in row {row} after {evaluations} evaluations \
         (limit {limit}); the velocity field is stiff there: loosen `tolerance`, raise `max_evaluations`, or train longer"
    )]
    Solver {
        /// Where it stopped.
        time: f64,
        /// Last step tried.
        step: f64,
        /// Row of the batch.
        row: usize,
        /// Field evaluations done.
        evaluations: usize,
        /// Most that were allowed.
        limit: usize,
    },
    /// A log-density was asked of a bridge that has none.
    #[error("there is no log-density: {reason}; {hint}")]
    NoDensity {
        /// Why.
        reason: String,
        /// What can be asked instead.
        hint: String,
    },
    /// A model file cannot be used.
    #[error("{path}: {reason}; {hint}", path = path.display())]
    Model {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
        /// Likely fix.
        hint: String,
    },
    /// A device that cannot be used.
    #[error("device `{wanted}`: {reason}; {hint}")]
    Device {
        /// What was asked for.
        wanted: String,
        /// Why it cannot be used, with what was found in its place.
        reason: String,
        /// Likely fix.
        hint: String,
    },
    /// The run was asked to stop; its state is saved.
    #[error("interrupted at step {step}; the state is saved in {path}, the same command continues it", path = path.display())]
    Interrupted {
        /// Steps done.
        step: usize,
        /// Checkpoint.
        path: PathBuf,
    },
}

/// Shorthand for a shape error.
pub(crate) fn shape(what: &str, expected: impl ToString, found: impl ToString) -> Error {
    Error::Shape {
        what: what.to_owned(),
        expected: expected.to_string(),
        found: found.to_string(),
    }
}
