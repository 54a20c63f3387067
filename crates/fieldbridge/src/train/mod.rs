//! Fitting the parameters of a bridge to data.
//!
//! [`Training`] runs the loop: batches in an order fixed by the seed, gradients of fixed shards of each batch added in
//! a fixed order, [`AdamW`] under a [`Schedule`](schedule::learning_rate), a moving average of the parameters, and
//! early stopping on validation rows. Its whole state goes into a [`Checkpoint`], so that a run killed at any moment
//! continues to the same bytes, and no result depends on the number of threads.

mod checkpoint;
mod events;
mod optimiser;
mod recipe;
mod rows;
pub mod schedule;
mod step;
mod training;

pub use checkpoint::{Checkpoint, Evaluation};
pub use events::EventLog;
pub use optimiser::{AdamW, Average, Step};
pub use recipe::TrainRecipe;
pub use rows::TrainingRows;
pub use step::{Gradient, Objective, gradient, mean_loss};
pub use training::{Progress, Status, Training};
