//! How the network was trained.

use fieldbridge_report::{Block, Curve, LossCurve, format_number};

use super::{FieldInput, wording};
use crate::report::figures::Figures;
use crate::report::wording::{count, duration};

pub(super) fn blocks(input: &FieldInput<'_>, figures: &mut Figures) -> Vec<Block> {
    let train = &input.recipe.train;
    let mut facts = vec![
        ("Trained parameters".to_owned(), count(input.parameters)),
        (
            "Steps".to_owned(),
            format!(
                "{} of {} rows",
                count(train.total_steps(input.manifest.data.train)),
                train.batch
            ),
        ),
        (
            "Optimiser".to_owned(),
            format!(
                "AdamW, learning rate {} after {} steps, then a cosine down to {} of it",
                format_number(train.learning_rate),
                count(train.warmup),
                format_number(train.final_share)
            ),
        ),
    ];
    if let Some(step) = input.record.steps.get("train") {
        facts.push(("Time of training".to_owned(), duration(step.seconds)));
    }
    let mut blocks = vec![
        Block::Paragraph(format!(
            "Every row is observed {} at every step and moved by a random symmetry of the periodic patch. The loss is a \
             weighted squared error, with a floor above zero. The kept parameters are a moving average over recent steps, at the evaluation \
             with the smallest validation loss.",
            wording::renewed(input)
        )),
        Block::KeyValues(facts),
    ];
    for (member, history) in input
        .history
        .iter()
        .enumerate()
        .filter(|(_, history)| !history.is_empty())
    {
        let steps = |step: usize| step as f64;
        let validated = || {
            history
                .iter()
                .filter_map(|at| Some((steps(at.step), at.validation_loss?)))
        };
        let losses = LossCurve {
            training: Curve::new(
                "training",
                history.iter().map(|at| steps(at.step)).collect(),
                history.iter().map(|at| at.training_loss).collect(),
            ),
            validation: Curve::new(
                "validation",
                validated().map(|pair| pair.0).collect(),
                validated().map(|pair| pair.1).collect(),
            ),
            best_step: input.manifest.training.best_steps.get(member).map(|&step| steps(step)),
            ..LossCurve::default()
        };
        blocks.push(figures.add("loss", "Loss against step.", |theme| losses.svg(theme)));
    }
    blocks
}
