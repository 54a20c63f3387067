//! Settings of training, table `[train]` of a recipe.

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::model::Stored;
use crate::network::Precision;
use crate::recipe::is_default;

/// How a bridge is trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainRecipe {
    /// Most passes over the training rows.
    pub epochs: usize,
    /// Most steps; overrides `epochs` when given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<usize>,
    /// Rows of a batch.
    pub batch: usize,
    /// Rows of a batch that share one pass of the network; shards of a batch run in parallel.
    pub shard: usize,
    /// How exactly layers take the factors of their products, forward and backward; validation, and all that is done
    /// with the model later, is in single precision.
    #[serde(skip_serializing_if = "is_default")]
    pub precision: Precision,
    /// Precision of the weights in the model file; those of checkpoints are single.
    #[serde(skip_serializing_if = "is_default")]
    pub stored: Stored,
    /// Highest learning rate.
    pub learning_rate: f64,
    /// Steps over which the learning rate rises to its highest.
    pub warmup: usize,
    /// Learning rate at the end, as a share of the highest.
    pub final_share: f64,
    /// Decoupled weight decay of matrices.
    pub weight_decay: f64,
    /// Largest norm of a gradient; longer ones are shortened to it.
    pub clip: f64,
    /// Memory of the moving average of the parameters.
    pub average: f64,
    /// Share of hidden units left out at random.
    pub dropout: f32,
    /// Evaluations without improvement after which training stops; 0 never stops early.
    pub patience: usize,
    /// Steps between evaluations; by default one pass over the training rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evaluate_every: Option<usize>,
    /// Models trained from different starts; the result is their equal mixture (Lakshminarayanan et al. 2017,
    /// arXiv:1612.01474).
    pub members: usize,
    /// Seconds between checkpoints: at most this much work is lost when a run is killed.
    pub checkpoint_seconds: f64,
}

impl Default for TrainRecipe {
    fn default() -> Self {
        Self {
            epochs: 100,
            steps: None,
            batch: 256,
            shard: 128,
            precision: Precision::Single,
            stored: Stored::Single,
            learning_rate: 2e-3,
            warmup: 100,
            final_share: 0.01,
            weight_decay: 1e-2,
            clip: 5.0,
            average: 0.995,
            dropout: 0.0,
            patience: 30,
            evaluate_every: None,
            members: 1,
            checkpoint_seconds: 5.0,
        }
    }
}

impl TrainRecipe {
    /// Refuses settings that cannot work.
    ///
    /// # Errors
    /// [`Error::Recipe`] naming the key.
    pub fn check(&self) -> Result<(), Error> {
        let refuse = |key: &str, reason: String, hint: &str| {
            Err(Error::Recipe {
                key: format!("train.{key}"),
                reason,
                hint: hint.to_owned(),
            })
        };
        for (key, value) in [("batch", self.batch), ("shard", self.shard), ("members", self.members)] {
            if value == 0 {
                return refuse(key, "is 0".to_owned(), "use at least 1");
            }
        }
        if self.epochs == 0 && self.steps.is_none() || self.steps == Some(0) {
            return refuse(
                "epochs",
                "leaves no step to take".to_owned(),
                "use at least one epoch or step",
            );
        }
        if self.evaluate_every == Some(0) {
            return refuse("evaluate_every", "is 0".to_owned(), "use at least 1");
        }
        if !(self.learning_rate > 0.0 && self.learning_rate < 10.0) {
            return refuse(
                "learning_rate",
                format!("is {}", self.learning_rate),
                "use a small positive number such as 1e-3",
            );
        }
        if self.clip.is_nan() || self.clip <= 0.0 {
            return refuse("clip", format!("is {}", self.clip), "use a positive number such as 5");
        }
        if !(self.checkpoint_seconds >= 0.0 && self.checkpoint_seconds < 1e9) {
            return refuse(
                "checkpoint_seconds",
                format!("is {}", self.checkpoint_seconds),
                "use a number of seconds such as 5",
            );
        }
        for (key, value) in [
            ("average", self.average),
            ("dropout", f64::from(self.dropout)),
            ("final_share", self.final_share),
        ] {
            if !(0.0..1.0).contains(&value) {
                return refuse(
                    key,
                    format!("is {value}"),
                    "use a number from 0 up to, not including, 1",
                );
            }
        }
        if !(self.weight_decay >= 0.0 && self.weight_decay.is_finite()) {
            return refuse(
                "weight_decay",
                format!("is {}", self.weight_decay),
                "use 0 or a small positive number",
            );
        }
        Ok(())
    }

    /// Batches of one pass over `rows` training rows.
    pub fn steps_per_epoch(&self, rows: usize) -> usize {
        (rows / self.batch.min(rows).max(1)).max(1)
    }

    /// Most steps over `rows` training rows.
    pub fn total_steps(&self, rows: usize) -> usize {
        self.steps.unwrap_or_else(|| self.epochs * self.steps_per_epoch(rows))
    }
}
