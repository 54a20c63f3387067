//! Why a training ends early, or does not begin.

use burn_tensor::Tensor;
use fieldbridge::Error;
use fieldbridge::bridge::{Bridge, Rows, build};
use fieldbridge::data::Part;
use fieldbridge::likelihood::LogDensity;
use fieldbridge::network::{Context, Weights};
use fieldbridge::random::Stream;
use fieldbridge::train::TrainRecipe;

use super::{prepared, recipes, run, short, train};

/// A bridge whose loss is no number where the first coordinate is large.
#[derive(Debug)]
struct Poisoned(Box<dyn Bridge>);

const POISON: f32 = 2.2;

impl Bridge for Poisoned {
    fn dimension(&self) -> usize {
        self.0.dimension()
    }
    fn join(&self, rows: &mut Rows, stream: &Stream) {
        self.0.join(rows, stream);
    }
    fn loss(&self, weights: &Weights, rows: &Rows) -> Tensor<1> {
        let bad: Vec<f32> = rows
            .data
            .chunks_exact(2)
            .map(|x| if x[0] > POISON { f32::NAN } else { 0.0 })
            .collect();
        self.0.loss(weights, rows) + Tensor::<1>::from_floats(&bad[..], weights.device())
    }
    fn transport(&self, weights: &Weights, base: Tensor<2>, context: Option<&Context>) -> Result<Tensor<2>, Error> {
        self.0.transport(weights, base, context)
    }
    fn draw_base(&self, rows: usize, stream: &Stream) -> Vec<f32> {
        self.0.draw_base(rows, stream)
    }
    fn log_density(
        &self,
        weights: &Weights,
        x: Tensor<2>,
        context: Option<&Context>,
        stream: &Stream,
    ) -> Result<LogDensity, Error> {
        self.0.log_density(weights, x, context, stream)
    }
}

#[test]
fn a_loss_that_is_no_number_names_the_rows_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = prepared(folder.path(), false);
    let poisonous: Vec<usize> = dataset
        .places(Part::Train)
        .into_iter()
        .filter(|&place| dataset.gather(&[place]).unwrap().data[0] > POISON)
        .map(|place| dataset.source_row(place))
        .collect();
    assert!(!poisonous.is_empty() && poisonous.len() < 20, "{poisonous:?}");
    for (name, recipe) in recipes() {
        let folder = tempfile::tempdir().unwrap();
        let (bridge, start) = build(&recipe, 2, &[], 1).unwrap();
        match run(folder.path(), &dataset, (&Poisoned(bridge), start, &short()), 0, None) {
            Err(Error::NonFiniteLoss {
                count,
                batch,
                first_row,
                rows,
                ..
            }) => {
                assert_eq!((batch, rows.len(), rows[0]), (64, count, first_row), "{name}");
                assert!(
                    rows.iter().all(|row| poisonous.contains(row)),
                    "{name}: {rows:?} of {poisonous:?}"
                );
            }
            other => panic!("{name}: {:?}", other.map(|end| end.state)),
        }
    }
}

#[test]
fn training_stops_when_nothing_improves() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = prepared(folder.path(), false);
    let recipe = TrainRecipe {
        // too small to move anything
        learning_rate: 1e-30,
        weight_decay: 0.0,
        dropout: 0.0,
        steps: Some(400),
        evaluate_every: Some(10),
        patience: 3,
        ..short()
    };
    let end = train(folder.path(), &dataset, (&recipes()[0].1, &recipe), 0, None).unwrap();
    assert!(end.state.finished);
    assert_eq!((end.state.best_step, end.state.step), (10, 40));
    let patient = TrainRecipe { patience: 0, ..recipe };
    let folder = tempfile::tempdir().unwrap();
    let end = train(folder.path(), &dataset, (&recipes()[0].1, &patient), 0, None).unwrap();
    assert_eq!(end.state.step, 400);
}

#[test]
fn learning_lowers_the_validation_loss_and_keeps_the_best() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = prepared(folder.path(), true);
    for (name, recipe) in recipes() {
        let folder = tempfile::tempdir().unwrap();
        let longer = TrainRecipe {
            steps: Some(200),
            ..short()
        };
        let end = train(folder.path(), &dataset, (&recipe, &longer), 0, None).unwrap();
        let losses: Vec<f64> = end
            .state
            .history
            .iter()
            .map(|evaluation| evaluation.validation_loss.unwrap())
            .collect();
        let best = losses.iter().copied().fold(f64::INFINITY, f64::min);
        assert_eq!(end.state.best_loss, Some(best));
        assert!(best < losses[0] - 0.05, "{name}: {losses:?}");
    }
}

#[test]
fn a_checkpoint_of_another_run_or_a_damaged_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = prepared(folder.path(), false);
    let recipe = &recipes()[0].1;
    assert!(train(folder.path(), &dataset, (recipe, &short()), 0, Some(10)).is_err());
    let path = folder.path().join("checkpoint");
    let (_, parameters) = build(recipe, 2, &[], 7).unwrap();
    let load = |identity: &str| fieldbridge::train::Checkpoint::load(&path, &parameters, identity);
    assert!(load("this run").unwrap().is_some());
    let error = load("another run").unwrap_err().to_string();
    assert!(error.contains("another recipe") && error.contains("--out"), "{error}");
    let bytes = std::fs::read(&path).unwrap();
    for length in [0, 1, 7, 8, 100, bytes.len() / 2, bytes.len() - 1] {
        std::fs::write(&path, &bytes[..length]).unwrap();
        assert!(matches!(load("this run"), Err(Error::Model { .. })), "{length} bytes");
    }
    std::fs::remove_file(&path).unwrap();
    assert!(load("this run").unwrap().is_none());
}
