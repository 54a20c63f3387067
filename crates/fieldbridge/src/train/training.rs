//! The training loop.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use burn_tensor::DType;
use serde::Serialize;

use super::checkpoint::{Checkpoint, Evaluation};
use super::events::EventLog;
use super::optimiser::{Average, Step};
use super::recipe::TrainRecipe;
use super::rows::TrainingRows;
use super::schedule::learning_rate;
use super::step::{gradient, mean_loss};
use crate::bridge::{Bridge, Rows};
use crate::data::Part;
use crate::device::Device;
use crate::error::Error;
use crate::network::{Parameters, Precision};
use crate::random::Stream;

/// Where a training stands, for a progress bar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Status {
    /// Which of the members, from zero.
    pub member: usize,
    /// Steps done.
    pub step: usize,
    /// Steps at most.
    pub total: usize,
    /// Mean loss since the last evaluation.
    pub training_loss: f64,
    /// Last validation loss.
    pub validation_loss: Option<f64>,
    /// Smallest validation loss so far.
    pub best_loss: Option<f64>,
}

/// Is told where a training stands.
pub trait Progress {
    /// Called after every step.
    fn update(&mut self, status: &Status);
}

/// Everything a training is made of.
pub struct Training<'a> {
    /// What is trained.
    pub bridge: &'a dyn Bridge,
    /// What it learns from.
    pub dataset: &'a dyn TrainingRows,
    /// How.
    pub recipe: &'a TrainRecipe,
    /// Seed of the run.
    pub seed: u64,
    /// Which of the members, from zero.
    pub member: usize,
    /// Hash of recipe, data and version; a checkpoint of another one is refused.
    pub identity: String,
    /// Where it computes.
    pub device: &'a Device,
    /// Set to stop after the current step.
    pub stop: &'a AtomicBool,
}

#[derive(Serialize)]
struct Event<'a> {
    event: &'a str,
    member: usize,
    #[serde(flatten)]
    evaluation: Evaluation,
    best_step: usize,
}

impl Training<'_> {
    fn stream(&self, purpose: &str, index: u64) -> Stream {
        Stream::new(self.seed, purpose, index).child("member", self.member as u64)
    }

    /// Trains to the end, or from the checkpoint to the end, and returns the final state.
    ///
    /// # Errors
    /// [`Error::Recipe`] for settings that cannot work; [`Error::NonFiniteLoss`] naming the rows; [`Error::Interrupted`] once the state is saved; file errors.
    pub fn run(
        &self,
        start: Parameters,
        checkpoint_path: &Path,
        events_path: &Path,
        progress: &mut dyn Progress,
    ) -> Result<Checkpoint, Error> {
        self.recipe.check()?;
        self.check_precision()?;
        let mut now = match Checkpoint::load(checkpoint_path, &start, &self.identity)? {
            Some(checkpoint) => checkpoint,
            None => Checkpoint::start(start, self.identity.clone()),
        };
        if now.state.finished {
            return Ok(now);
        }
        let mut events = EventLog::open(events_path, self.member, now.state.step)?;
        let places = self.dataset.places(Part::Train);
        let batch = self.recipe.batch.min(places.len());
        let steps_per_epoch = self.recipe.steps_per_epoch(places.len());
        let total = self.recipe.total_steps(places.len());
        let evaluate_every = self.recipe.evaluate_every.unwrap_or(steps_per_epoch).min(total);
        let validation = self.validation_rows(evaluate_every)?;
        let mut order = (usize::MAX, Vec::new());
        let checkpoint_every = Duration::from_secs_f64(self.recipe.checkpoint_seconds);
        let mut saved = Instant::now();
        while now.state.step < total && !now.state.finished {
            let step = now.state.step;
            let (epoch, place) = (step / steps_per_epoch, step % steps_per_epoch);
            if order.0 != epoch {
                order = (epoch, self.stream("shuffle", epoch as u64).permutation(places.len()));
            }
            let chosen: Vec<usize> = order.1[place * batch..(place + 1) * batch]
                .iter()
                .map(|&at| places[at])
                .collect();
            let mut rows = self.dataset.fresh(&chosen, epoch, &self.stream("fresh", step as u64))?;
            self.bridge.join(&mut rows, &self.stream("join", step as u64));
            let dropout = self.stream("dropout", step as u64);
            let result = gradient(
                self.bridge,
                &now.parameters,
                &rows,
                self.recipe.shard,
                (self.recipe.dropout, &dropout),
                self.recipe.precision,
                self.device,
            );
            self.check_finite(step, &result.non_finite, &result.values, &chosen)?;
            let rate = learning_rate(
                step,
                total,
                self.recipe.warmup,
                self.recipe.learning_rate,
                self.recipe.final_share,
            );
            // short memory at first, so that the start is soon forgotten
            let memory = self.recipe.average.min((1.0 + step as f64) / (10.0 + step as f64)) as f32;
            let values = &mut now.average;
            now.optimiser.step(
                &mut now.parameters,
                &result.values,
                Step {
                    learning_rate: rate,
                    decay: self.recipe.weight_decay,
                    clip: self.recipe.clip,
                },
                Some(Average { values, memory }),
            );
            now.state.loss_sum += result.loss;
            now.state.loss_count += 1;
            now.state.step += 1;
            if now.state.step.is_multiple_of(evaluate_every) || now.state.step == total {
                self.evaluate(&mut now, validation.as_ref(), rate, evaluate_every);
                now.state.finished |= now.state.step == total;
                let evaluation = *now.state.history.last().expect("just evaluated");
                let best_step = now.state.best_step;
                events.record(&Event {
                    event: "evaluation",
                    member: self.member,
                    evaluation,
                    best_step,
                })?;
            }
            progress.update(&self.status(&now, total));
            let stopping = self.stop.load(Ordering::Relaxed);
            if now.state.finished || stopping || saved.elapsed() > checkpoint_every {
                now.save(checkpoint_path)?;
                saved = Instant::now();
            }
            if stopping && !now.state.finished {
                return Err(Error::Interrupted {
                    step: now.state.step,
                    path: checkpoint_path.to_owned(),
                });
            }
        }
        Ok(now)
    }

    /// Validation rows with base points and times drawn once, so that evaluations compare. Where a loss depends on a drawn
    /// time, one draw says little of a row: rows then come several times, as far as an evaluation costs little beside the
    /// `steps` steps of training before it.
    fn validation_rows(&self, steps: usize) -> Result<Option<Rows>, Error> {
        /// Draws that show which of two models is better.
        const DRAWS: usize = 8;
        let places = self.dataset.places(Part::Validation);
        if places.is_empty() {
            return Ok(None);
        }
        let rows = self.dataset.gather(&places)?;
        // couplings are made for batches
        let size = self.recipe.batch;
        let joined = |draw: usize| {
            let purpose = if draw == 0 { "validation" } else { "validation again" };
            let batches = rows.count.div_ceil(size);
            let mut joined = Rows::default();
            for (index, start) in (0..rows.count).step_by(size).enumerate() {
                let mut part = rows.slice(start, (start + size).min(rows.count));
                let index = (draw.saturating_sub(1) * batches + index) as u64;
                self.bridge.join(&mut part, &Stream::new(self.seed, purpose, index));
                joined.append(part);
            }
            joined
        };
        let mut all = joined(0);
        if !all.time.is_empty() {
            // a row costs a third of what it costs in training: a quarter more work in all
            let draws = (3 * steps * size / (4 * rows.count)).clamp(1, DRAWS);
            (1..draws).for_each(|draw| all.append(joined(draw)));
        }
        Ok(Some(all))
    }

    /// Refuses a precision that the device cannot compute with.
    fn check_precision(&self) -> Result<(), Error> {
        if self.recipe.precision == Precision::Bf16 && !self.device.supports_dtype(DType::BF16) {
            return Err(Error::Recipe {
                key: "train.precision".to_owned(),
                reason: "is \"bf16\", which this device cannot compute with".to_owned(),
                hint: "use \"single\", or train on the processor".to_owned(),
            });
        }
        Ok(())
    }

    fn check_finite(&self, step: usize, losses: &[usize], values: &[f32], chosen: &[usize]) -> Result<(), Error> {
        if losses.is_empty() && values.iter().all(|value| value.is_finite()) {
            return Ok(());
        }
        // a gradient can overflow while every loss is finite: then any row may be at fault
        let rows: Vec<usize> = if losses.is_empty() {
            chosen.iter().map(|&place| self.dataset.source_row(place)).collect()
        } else {
            losses.iter().map(|&row| self.dataset.source_row(chosen[row])).collect()
        };
        Err(Error::NonFiniteLoss {
            step,
            count: rows.len(),
            batch: chosen.len(),
            first_row: rows[0],
            rows: rows.into_iter().take(10).collect(),
        })
    }

    fn evaluate(&self, now: &mut Checkpoint, validation: Option<&Rows>, rate: f64, evaluate_every: usize) {
        let validation_loss = validation.map(|rows| {
            let average = now.parameters.with_values(now.average.clone());
            mean_loss(self.bridge, &average, rows, self.device)
        });
        let state = &mut now.state;
        let better = match (validation_loss, state.best_loss) {
            (Some(loss), Some(best)) => loss < best,
            (Some(loss), None) => loss.is_finite(),
            // nothing to judge by: the last is the best
            (None, _) => true,
        };
        state.history.push(Evaluation {
            step: state.step,
            training_loss: state.loss_sum / state.loss_count.max(1) as f64,
            validation_loss,
            learning_rate: rate,
        });
        (state.loss_sum, state.loss_count) = (0.0, 0);
        if better {
            state.best_loss = validation_loss;
            state.best_step = state.step;
            now.best.copy_from_slice(&now.average);
        } else if self.recipe.patience > 0 && state.step - state.best_step >= self.recipe.patience * evaluate_every {
            state.finished = true;
        }
    }

    fn status(&self, now: &Checkpoint, total: usize) -> Status {
        let last = now.state.history.last();
        let training_loss = if now.state.loss_count > 0 {
            now.state.loss_sum / now.state.loss_count as f64
        } else {
            last.map_or(f64::NAN, |evaluation| evaluation.training_loss)
        };
        Status {
            member: self.member,
            step: now.state.step,
            total,
            training_loss,
            validation_loss: last.and_then(|evaluation| evaluation.validation_loss),
            best_loss: now.state.best_loss,
        }
    }
}
