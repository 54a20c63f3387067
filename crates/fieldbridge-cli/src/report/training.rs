//! Section "Training": how the loss fell and why it ended.

use fieldbridge::bridge::{BridgeKind, BridgeRecipe, Layers, build};
use fieldbridge::network::NetworkRecipe;
use fieldbridge::train::Evaluation;
use fieldbridge_report::{Block, Curve, LossCurve, format_number};

use super::ReportInput;
use super::figures::Figures;
use super::wording::{count, counted, duration, note, percent};

/// Members whose loss is drawn.
const MOST_CURVES: usize = 6;

/// The blocks of the section.
pub(super) fn blocks(input: &ReportInput, figures: &mut Figures) -> Vec<Block> {
    let mut blocks = vec![Block::Paragraph(what(input)), Block::KeyValues(settings(input))];
    if input.history.iter().all(Vec::is_empty) {
        blocks.push(note("No evaluation was recorded, so there is no loss to show."));
    }
    for (member, history) in input.history.iter().enumerate().take(MOST_CURVES) {
        if !history.is_empty() {
            blocks.push(figure(input, figures, member, history));
        }
    }
    if input.history.len() > MOST_CURVES {
        blocks.push(note(format!(
            "The losses of the first {MOST_CURVES} members are drawn; the table holds all."
        )));
    }
    blocks.extend(table(input));
    blocks
}

fn what(input: &ReportInput) -> String {
    let by_likelihood = "by maximum likelihood: its loss is the mean of −log p over the rows, in nats, of the data after \
         scaling. It differs from the log density under Scores by the Jacobian of that scaling, so the two are not to be compared.";
    let floor = "It has a floor above zero that depends on the data, and it is not a density.";
    let loss = match input.manifest.bridge.kind {
        BridgeKind::FlowMatching => format!(
            "A velocity field that carries the base distribution to the data is fitted by least squares to paths between pairs of \
             points (conditional flow matching, Lipman et al. 2022, arXiv:2210.02747). Its loss is a squared error, summed over \
             columns. {floor}"
        ),
        BridgeKind::Diffusion => format!(
            "A network is fitted by least squares to undo noise of every level that was added to the data (Song et al. 2020, \
             arXiv:2011.13456). Its loss is a squared error, summed over columns. {floor}"
        ),
        BridgeKind::Interpolant => format!(
            "The drift of a stochastic interpolant between the base and the data is fitted by least squares (Albergo et al. 2023, \
             arXiv:2303.08797). Its loss is a squared error, summed over columns. {floor}"
        ),
        BridgeKind::ContinuousFlow => {
            format!(
                "The velocity is fitted, through the steps of a solver, {by_likelihood} Penalties of the recipe are part of it."
            )
        }
        BridgeKind::MixtureDensity => format!("The mixture is fitted {by_likelihood}"),
        BridgeKind::SplineFlow | BridgeKind::AffineFlow | BridgeKind::ResidualFlow | BridgeKind::ImageFlow => {
            format!("The flow is fitted {by_likelihood}")
        }
    };
    let kept = "The parameters that are kept are a moving average over recent steps, at the evaluation with the smallest validation loss.";
    let kept = if has_validation(input) {
        kept
    } else {
        "Without validation rows the last parameters are kept, a moving average over recent steps."
    };
    let rows = match (&input.manifest.scaling.fields, input.recipe.data.renew_every) {
        (None, _) => String::new(),
        (Some(_), renewed) => format!(
            " Every row is observed with new noise at every step and moved by a random symmetry of the periodic patch.{}",
            renewed.map_or(String::new(), |every| format!(
                " After {} it becomes a new universe; the stored training simulations only scale the numbers.",
                counted(every, "use")
            ))
        ),
    };
    let members = match input.members() {
        1 => String::new(),
        members => format!(
            " {members} members were trained from different starts; the answer is their equal mixture (Lakshminarayanan et al. \
             2017, arXiv:1612.01474)."
        ),
    };
    format!("{loss} {kept}{rows}{members}")
}

fn has_validation(input: &ReportInput) -> bool {
    input.manifest.data.validation > 0
}

fn settings(input: &ReportInput) -> Vec<(String, String)> {
    let train = &input.recipe.train;
    let mut pairs = vec![("Bridge", bridge(&input.manifest.bridge))];
    if let Some(parameters) = parameters(input) {
        pairs.push(("Trained parameters", parameters));
    }
    let batch = train.batch.min(input.manifest.data.train.max(1));
    pairs.push(("Batch", counted(batch, "row")));
    pairs.push((
        "Optimiser",
        format!(
            "AdamW, learning rate {} after {}, then a cosine down to {} of it, weight decay {}",
            format_number(train.learning_rate),
            counted(train.warmup, "warm-up step"),
            percent(train.final_share),
            format_number(train.weight_decay)
        ),
    ));
    pairs.push((
        "Most steps",
        format!(
            "{} ({} per pass over the training rows)",
            count(train.total_steps(input.manifest.data.train)),
            count(train.steps_per_epoch(input.manifest.data.train))
        ),
    ));
    pairs.push(("Stopping rule", rule(input)));
    if let Some(seconds) = input.run["steps"]["train"]["seconds"].as_f64() {
        pairs.push(("Time of training", duration(seconds)));
    }
    pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// How many numbers were trained; none when the bridge cannot be built again.
fn parameters(input: &ReportInput) -> Option<String> {
    let manifest = &input.manifest;
    let dimension = manifest.scaling.target.dimension();
    let (_, one) = build(
        &manifest.bridge,
        dimension,
        &manifest.scaling.modalities(),
        manifest.seed,
    )
    .ok()?;
    Some(match input.members() {
        1 => count(one.count()),
        members => format!("{} in each of {members} members", count(one.count())),
    })
}

fn rule(input: &ReportInput) -> String {
    match input.recipe.train.patience {
        _ if !has_validation(input) => "after the last step".to_owned(),
        0 => "after the last step; the best evaluation is kept".to_owned(),
        patience => format!(
            "after {} without gain, at the latest after the last step",
            counted(patience, "evaluation")
        ),
    }
}

/// The family with its sizes.
fn bridge(recipe: &BridgeRecipe) -> String {
    let network = |network: &NetworkRecipe| {
        format!(
            "{:?} network of {}, width {}",
            network.kind,
            counted(network.blocks, "block"),
            network.width
        )
    };
    match recipe.kind {
        BridgeKind::FlowMatching => {
            let settings = &recipe.flow_matching;
            format!(
                "velocity network of {}, width {}; {:?} coupling, {:?} path",
                counted(settings.blocks, "block"),
                settings.width,
                settings.coupling,
                settings.path
            )
            .to_lowercase()
        }
        BridgeKind::Diffusion => {
            let settings = &recipe.diffusion;
            format!(
                "{}; {:?} path, {:?} head",
                network(&settings.network),
                settings.path,
                settings.head
            )
            .to_lowercase()
        }
        BridgeKind::Interpolant => {
            let settings = &recipe.interpolant;
            format!(
                "{}; {:?} form, {:?} path, {:?} latent noise",
                network(&settings.network),
                settings.form,
                settings.path,
                settings.latent.shape
            )
            .to_lowercase()
        }
        BridgeKind::ContinuousFlow => network(&recipe.continuous_flow.network).to_lowercase(),
        BridgeKind::SplineFlow => {
            let settings = &recipe.spline_flow;
            format!(
                "{}, {} rational-quadratic splines of {} on ±{}, networks of width {}",
                counted(settings.transforms, "transform"),
                layers(settings.layers),
                counted(settings.bins, "bin"),
                format_number(f64::from(settings.bound)),
                settings.width
            )
        }
        BridgeKind::AffineFlow => {
            let settings = &recipe.affine_flow;
            format!(
                "{}, {} shifts and scales, networks of width {}",
                counted(settings.transforms, "transform"),
                layers(settings.layers),
                settings.width
            )
        }
        BridgeKind::ResidualFlow => {
            let settings = &recipe.residual_flow;
            format!(
                "{} by {}, networks of {} of width {}",
                counted(settings.transforms, "contraction"),
                format_number(settings.contraction),
                counted(settings.hidden, "hidden layer"),
                settings.width
            )
        }
        BridgeKind::ImageFlow => {
            let settings = &recipe.image_flow;
            format!(
                "{} of {}, networks of {} channels",
                counted(settings.scales, "scale"),
                counted(settings.steps, "step"),
                settings.width
            )
        }
        BridgeKind::MixtureDensity => counted(recipe.mixture_density.components, "Gaussian"),
    }
}

fn layers(layers: Layers) -> &'static str {
    match layers {
        Layers::Autoregressive => "autoregressive",
        Layers::InverseAutoregressive => "inverse autoregressive",
        Layers::Coupling => "coupling",
    }
}

fn figure(input: &ReportInput, figures: &mut Figures, member: usize, history: &[Evaluation]) -> Block {
    let steps: Vec<f64> = history.iter().map(|evaluation| evaluation.step as f64).collect();
    let training = history.iter().map(|evaluation| evaluation.training_loss).collect();
    let judged: Vec<(f64, f64)> = history
        .iter()
        .filter_map(|evaluation| Some((evaluation.step as f64, evaluation.validation_loss?)))
        .collect();
    let (validation_steps, validation) = judged.iter().copied().unzip();
    let several = input.members() > 1;
    let chart = LossCurve {
        title: if several {
            format!("Loss of member {} of {}", member + 1, input.members())
        } else {
            "Loss during training".to_owned()
        },
        training: Curve::new("training", steps, training),
        validation: if judged.is_empty() {
            Curve::default()
        } else {
            Curve::new("validation", validation_steps, validation)
        },
        best_step: input
            .manifest
            .training
            .best_steps
            .get(member)
            .filter(|_| !judged.is_empty())
            .map(|&step| step as f64),
        note: Some(ending(input, member)),
        loss_label: match input.manifest.bridge.kind {
            BridgeKind::FlowMatching => "loss  ⟨|v − target|²⟩",
            BridgeKind::Diffusion | BridgeKind::Interpolant => "loss  ⟨|output − target|²⟩",
            _ => "loss  −⟨log p⟩ of scaled data [nats]",
        }
        .to_owned(),
        ..LossCurve::default()
    };
    let caption = match (several, member) {
        (true, 1..) => format!("The same for member {}.", member + 1),
        _ if judged.is_empty() => "Mean loss since the evaluation before against training step; it should fall and level off. \
                                   Without validation rows it cannot show whether the model learns its rows by heart."
            .to_owned(),
        _ => "Mean loss against training step. The validation loss is of rows the model does not learn from: where it rises while \
              the training loss falls, the model begins to learn its rows by heart; the dotted line marks the parameters that were kept. The training loss \
              may lie above: it is a mean since the evaluation before, of parameters not yet averaged, with dropout where the recipe uses it."
            .to_owned(),
    };
    let name = if several {
        format!("loss-{}", member + 1)
    } else {
        "loss".to_owned()
    };
    figures.add(&name, caption, |theme| chart.svg(theme))
}

/// A loss with digits enough to compare evaluations.
fn loss(value: f64) -> String {
    if (1e-3..1e4).contains(&value.abs()) {
        format!("{value:.4}").replace('-', "−")
    } else {
        format_number(value)
    }
}

/// Why a member stopped.
fn ending(input: &ReportInput, member: usize) -> String {
    let most = input.recipe.train.total_steps(input.manifest.data.train);
    match input.manifest.training.steps.get(member) {
        Some(&steps) if steps < most => format!("stopped early at step {}", count(steps)),
        Some(&steps) => format!("ran all {}", counted(steps, "step")),
        None => "end not recorded".to_owned(),
    }
}

fn table(input: &ReportInput) -> Option<Block> {
    let training = &input.manifest.training;
    if training.steps.is_empty() {
        return None;
    }
    let number = |value: Option<f64>| value.map_or("–".to_owned(), loss);
    let rows = (0..training.steps.len())
        .map(|member| {
            let best = training.best_steps.get(member).copied();
            let loss_there = input.history.get(member).and_then(|history| {
                let found = history.iter().find(|evaluation| Some(evaluation.step) == best)?;
                Some(found.training_loss)
            });
            vec![
                (member + 1).to_string(),
                count(training.steps[member]),
                best.map_or("–".to_owned(), count),
                number(training.validation_losses.get(member).copied().flatten()),
                number(loss_there),
                ending(input, member),
            ]
        })
        .collect();
    let head = [
        "member",
        "steps",
        "kept step",
        "validation loss there",
        "training loss there",
        "end",
    ];
    Some(Block::Table {
        caption: "How training ended. A validation loss well above the training loss means that the model learned details of its rows."
            .to_owned(),
        header: head.map(str::to_owned).to_vec(),
        rows,
        numeric: vec![true, true, true, true, true, false],
    })
}
