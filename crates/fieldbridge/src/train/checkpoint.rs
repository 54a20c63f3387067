//! The whole state of a training, so that it can go on as if nothing had happened.

use std::collections::HashMap;
use std::path::Path;

use fieldbridge_files::atomic::write_atomically;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};

use super::optimiser::AdamW;
use crate::error::Error;
use crate::network::Parameters;

/// One look at the validation rows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Steps done.
    pub step: usize,
    /// Mean loss of the batches since the evaluation before.
    pub training_loss: f64,
    /// Mean loss of the averaged parameters over the validation rows; none without any.
    pub validation_loss: Option<f64>,
    /// Learning rate of the last step.
    pub learning_rate: f64,
}

/// State after a whole number of steps.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// Values as the optimiser has them.
    pub parameters: Parameters,
    /// The optimiser.
    pub optimiser: AdamW,
    /// Moving average of the values.
    pub average: Vec<f32>,
    /// The average at the best evaluation.
    pub best: Vec<f32>,
    /// Everything that is not a long vector.
    pub state: State,
}

/// The short part of a checkpoint.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// What the training was made of: recipe, data and version.
    pub identity: String,
    /// Steps done.
    pub step: usize,
    /// Whether the training came to its end.
    pub finished: bool,
    /// Sum of the losses since the last evaluation.
    pub loss_sum: f64,
    /// Number of them.
    pub loss_count: usize,
    /// Step of the best evaluation.
    pub best_step: usize,
    /// Its validation loss.
    pub best_loss: Option<f64>,
    /// All evaluations so far.
    pub history: Vec<Evaluation>,
}

const KEY: &str = "fieldbridge_checkpoint";

impl Checkpoint {
    /// The state before the first step.
    pub fn start(parameters: Parameters, identity: String) -> Self {
        let values = parameters.values().to_vec();
        Self {
            optimiser: AdamW::new(values.len()),
            average: values.clone(),
            best: values,
            parameters,
            state: State {
                identity,
                ..State::default()
            },
        }
    }

    /// The losses and rates of the state, one after another; NaN for none. They are stored as they are: a number read
    /// back from JSON may differ in its last bit, and with it the model a continued training ends with.
    fn numbers(&self) -> Vec<f64> {
        let mut numbers = vec![self.state.loss_sum, self.state.best_loss.unwrap_or(f64::NAN)];
        for evaluation in &self.state.history {
            let validation = evaluation.validation_loss.unwrap_or(f64::NAN);
            numbers.extend([evaluation.training_loss, validation, evaluation.learning_rate]);
        }
        numbers
    }

    /// Writes the state; the file appears whole or not at all.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        let vectors = [
            ("average", &self.average[..]),
            ("best", &self.best),
            ("first_moment", &self.optimiser.first),
            ("second_moment", &self.optimiser.second),
            ("values", self.parameters.values()),
        ]
        .map(|(name, values)| {
            (
                name,
                values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>(),
                values.len(),
            )
        });
        let numbers = self.numbers();
        let number_bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        let numbers = TensorView::new(Dtype::F64, vec![numbers.len()], &number_bytes).expect("eight bytes a number");
        let views = vectors.iter().map(|(name, bytes, length)| {
            let view = TensorView::new(Dtype::F32, vec![*length], bytes).expect("four bytes a value");
            (*name, view)
        });
        let views = views.chain([("numbers", numbers)]);
        let state = serde_json::to_string(&self.state).expect("a state is plain data");
        let bytes = safetensors::serialize(views, Some(HashMap::from([(KEY.to_owned(), state)])))
            .expect("vectors of four-byte values are valid tensors");
        Ok(write_atomically(path, |file| file.write_all(&bytes))?)
    }

    /// Reads a state back; none when there is no file.
    ///
    /// # Errors
    /// [`Error::Model`] when the file is damaged or belongs to another recipe, data set or version.
    pub fn load(path: &Path, parameters: &Parameters, identity: &str) -> Result<Option<Self>, Error> {
        let damaged = |reason: String| Error::Model {
            path: path.to_owned(),
            reason: format!("the checkpoint cannot be read: {reason}"),
            hint: "remove it to start this training again".to_owned(),
        };
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(damaged(error.to_string())),
        };
        let (_, metadata) = SafeTensors::read_metadata(&bytes).map_err(|error| damaged(error.to_string()))?;
        let text = metadata
            .metadata()
            .as_ref()
            .and_then(|map| map.get(KEY))
            .ok_or_else(|| damaged("no state".into()))?;
        let mut state: State = serde_json::from_str(text).map_err(|error| damaged(error.to_string()))?;
        if state.identity != identity {
            return Err(Error::Model {
                path: path.to_owned(),
                reason: "belongs to another recipe, data file or version of Fieldbridge".to_owned(),
                hint: "choose another directory with --out, or remove this one to start again".to_owned(),
            });
        }
        let tensors = SafeTensors::deserialize(&bytes).map_err(|error| damaged(error.to_string()))?;
        let vector = |name: &str| -> Result<Vec<f32>, Error> {
            let tensor = tensors.tensor(name).map_err(|error| damaged(error.to_string()))?;
            let values: Vec<f32> = tensor
                .data()
                .chunks_exact(4)
                .map(|four| f32::from_le_bytes(four.try_into().expect("four bytes")))
                .collect();
            if values.len() == parameters.count() {
                Ok(values)
            } else {
                Err(damaged(format!(
                    "`{name}` holds {} values, expected {}",
                    values.len(),
                    parameters.count()
                )))
            }
        };
        let numbers = tensors.tensor("numbers").map_err(|error| damaged(error.to_string()))?;
        let numbers: Vec<f64> = numbers
            .data()
            .chunks_exact(8)
            .map(|eight| f64::from_le_bytes(eight.try_into().expect("eight bytes")))
            .collect();
        if numbers.len() != 2 + 3 * state.history.len() {
            return Err(damaged(format!("`numbers` holds {} values", numbers.len())));
        }
        let some = |number: f64| (!number.is_nan()).then_some(number);
        (state.loss_sum, state.best_loss) = (numbers[0], some(numbers[1]));
        for (evaluation, three) in state.history.iter_mut().zip(numbers[2..].chunks_exact(3)) {
            evaluation.training_loss = three[0];
            evaluation.validation_loss = some(three[1]);
            evaluation.learning_rate = three[2];
        }
        let optimiser = AdamW {
            first: vector("first_moment")?,
            second: vector("second_moment")?,
            steps: state.step as u64,
        };
        Ok(Some(Self {
            parameters: parameters.with_values(vector("values")?),
            optimiser,
            average: vector("average")?,
            best: vector("best")?,
            state,
        }))
    }
}
