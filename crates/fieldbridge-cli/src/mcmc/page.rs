//! The report of the chains.

use std::path::Path;

use anyhow::Context;
use fieldbridge::infer::markov_chain::{Chains, Convergence};
use fieldbridge_files::atomic::write_atomically;
use fieldbridge_report::{
    Axis, Block, Corner, Curve, LineChart, Report, SampleSet, Section, Tone, Verdict, format_number,
};
use serde_json::{Value, json};

use super::maps;
use super::observation::Observed;
use super::target::{BEFORE_POWERS, Target};
use crate::report::figures::Figures;

/// Above this chains do not agree.
pub(crate) const MOST_R_HAT: f64 = 1.01;
/// Fewest effective draws of a converged number.
pub(crate) const FEWEST_DRAWS: f64 = 400.0;
/// Most points of a trace.
const TRACE: usize = 400;

/// What the chains came to.
pub(crate) struct Findings {
    /// Of the sampled parameters, by name.
    pub(crate) parameters: Vec<(usize, Convergence)>,
    /// Of the powers, `[bin][band]`; none where nothing can be said.
    pub(crate) powers: Vec<Vec<Option<Convergence>>>,
    /// Divergent trajectories among the kept draws.
    pub(crate) divergent: usize,
    /// Gradients of a draw.
    pub(crate) gradients: f64,
}

impl Findings {
    pub(crate) fn of(target: &Target, chains: &Chains) -> Self {
        let priors = target.posterior.parameters().priors().each();
        let free = (0..priors.len()).filter(|&index| !priors[index].is_fixed());
        let transitions: Vec<_> = chains.chains.iter().flat_map(|chain| &chain.transitions).collect();
        let gradients: u64 = transitions.iter().map(|transition| transition.gradients).sum();
        Self {
            parameters: free
                .filter_map(|index| Some((index, Convergence::of(&chains.number(index))?)))
                .collect(),
            powers: (BEFORE_POWERS..chains.names.len())
                .map(|index| Convergence::of(&chains.number(index)))
                .collect::<Vec<_>>()
                .chunks(target.bands.multipoles().len())
                .map(<[_]>::to_vec)
                .collect(),
            divergent: transitions.iter().filter(|transition| transition.divergent).count(),
            gradients: gradients as f64 / transitions.len().max(1) as f64,
        }
    }

    fn all(&self) -> impl Iterator<Item = &Convergence> {
        let powers = self.powers.iter().flatten().flatten();
        self.parameters.iter().map(|(_, found)| found).chain(powers)
    }

    /// The largest of parameters and powers.
    pub(crate) fn worst_r_hat(&self) -> f64 {
        self.all().map(|found| found.r_hat).fold(1.0, f64::max)
    }

    /// The smallest of parameters and powers.
    pub(crate) fn fewest_draws(&self) -> f64 {
        self.all()
            .map(|found| found.bulk.min(found.tail))
            .fold(f64::INFINITY, f64::min)
    }

    pub(crate) fn converged(&self) -> bool {
        self.worst_r_hat() < MOST_R_HAT && self.fewest_draws() >= FEWEST_DRAWS && self.all().next().is_some()
    }

    pub(crate) fn json(&self, chains: &Chains) -> Value {
        let parameters: serde_json::Map<String, Value> = self
            .parameters
            .iter()
            .map(|(index, found)| {
                let object = json!({
                    "mean": found.mean,
                    "deviation": found.deviation,
                    "error": found.error,
                    "r_hat": found.r_hat,
                    "bulk": found.bulk,
                    "tail": found.tail,
                });
                (chains.names[*index].clone(), object)
            })
            .collect();
        json!({
            "converged": self.converged(),
            "parameters": parameters,
            "largest_r_hat": self.worst_r_hat(),
            "fewest_effective_draws": self.fewest_draws(),
            "chains": chains.chains.len(),
            "draws": chains.draws(),
            "divergent": self.divergent,
            "gradients_per_draw": self.gradients,
            "warm_up_gradients": chains.warm_up_gradients,
            "seconds": chains.seconds,
        })
    }
}

/// Writes `report.html`, `summary.json` and the figures.
pub(crate) fn write(
    directory: &Path,
    title: &str,
    command: &str,
    target: &Target,
    chains: &Chains,
    findings: &Findings,
    observed: &Observed,
) -> anyhow::Result<()> {
    let mut figures = Figures::default();
    let report = Report {
        title: format!("{title}: posterior"),
        subtitle: format!(
            "{}; {} chains of {} draws; {} coordinates",
            observed.source,
            chains.chains.len(),
            chains.draws(),
            target.posterior.dimension()
        ),
        verdict: Some(verdict(findings)),
        sections: vec![
            Section::new("Parameters", parameters(findings, chains, observed, &mut figures)),
            Section::new("Chains", traces(findings, chains, &mut figures)),
            Section::new("Maps", maps::blocks(target, chains, findings, observed, &mut figures)),
            Section::new(
                "How to reproduce",
                vec![Block::Code {
                    language: "sh".to_owned(),
                    text: format!("{command}\n"),
                }],
            ),
        ],
        footer: concat!("fieldbridge ", env!("CARGO_PKG_VERSION")).to_owned(),
    };
    let html = report.html();
    figures.write(directory)?;
    write_atomically(&directory.join("report.html"), |file| file.write_all(html.as_bytes()))
        .context("the report cannot be written")?;
    let summary = serde_json::to_string_pretty(&findings.json(chains))?;
    write_atomically(&directory.join("summary.json"), |file| {
        file.write_all(summary.as_bytes())
    })?;
    Ok(())
}

fn verdict(findings: &Findings) -> Verdict {
    let numbers = format!(
        "the largest R-hat of parameters and powers is {:.4} (below {MOST_R_HAT} is agreement), the fewest effective draws are {:.0} \
         (at least {FEWEST_DRAWS:.0})",
        findings.worst_r_hat(),
        findings.fewest_draws()
    );
    if findings.converged() {
        Verdict {
            word: "converged".to_owned(),
            tone: Tone::Good,
            sentence: format!("The chains agree: {numbers}."),
            p_value: None,
        }
    } else {
        Verdict {
            word: "not converged".to_owned(),
            tone: Tone::Bad,
            sentence: format!("The chains must go on: {numbers}. The same command with more --draws continues them."),
            p_value: None,
        }
    }
}

fn parameters(findings: &Findings, chains: &Chains, observed: &Observed, figures: &mut Figures) -> Vec<Block> {
    let rows = findings.parameters.iter().map(|(index, found)| {
        let truth = observed.truth.as_ref();
        vec![
            chains.names[*index].clone(),
            format!("{:.4}", found.mean),
            format!("{:.4}", found.deviation),
            truth.map_or("unknown".to_owned(), |truth| format!("{:.4}", truth.parameters[*index])),
            format!("{:.5}", found.error),
            format!("{:.4}", found.r_hat),
            format!("{:.0}", found.bulk),
            format!("{:.0}", found.tail),
        ]
    });
    let header = [
        "parameter",
        "mean",
        "deviation",
        "truth",
        "error of the mean",
        "R-hat",
        "bulk",
        "tail",
    ];
    let table = Block::Table {
        caption: "Posterior of the parameters. R-hat is of normal scores of ranks in split chains; bulk and tail are effective \
                  numbers of independent draws (Vehtari et al. 2021, arXiv:1903.08008)."
            .to_owned(),
        header: header.map(str::to_owned).to_vec(),
        rows: rows.collect(),
        numeric: [false].into_iter().chain([true; 7]).collect(),
    };
    let corner = Corner {
        title: "Posterior".to_owned(),
        names: findings
            .parameters
            .iter()
            .map(|(index, _)| chains.names[*index].clone())
            .collect(),
        sets: vec![SampleSet {
            name: "chains".to_owned(),
            columns: findings
                .parameters
                .iter()
                .map(|(index, _)| chains.number(*index).concat())
                .collect(),
        }],
        truth: observed.truth.as_ref().map(|truth| {
            findings
                .parameters
                .iter()
                .map(|(index, _)| truth.parameters[*index])
                .collect()
        }),
    };
    let caption = "Contours hold 68 % and 95 % of the draws; lines mark the truth where it is known.";
    vec![
        table,
        figures.add_wide("corner", caption, |theme| corner.svg(theme), None),
    ]
}

fn traces(findings: &Findings, chains: &Chains, figures: &mut Figures) -> Vec<Block> {
    let transitions: Vec<_> = chains.chains.iter().flat_map(|chain| &chain.transitions).collect();
    let deepest = transitions
        .iter()
        .map(|transition| transition.depth())
        .max()
        .unwrap_or(0);
    let depth = transitions
        .iter()
        .map(|transition| f64::from(transition.depth()))
        .sum::<f64>();
    let step = chains.chains.first().map_or(f64::NAN, |chain| chain.step_size);
    let kept: u64 = transitions.iter().map(|transition| transition.gradients).sum();
    let facts = [
        ("Time", format!("{:.0} s", chains.seconds)),
        (
            "Gradients",
            format!("{} kept, {} in the warm-up", kept, chains.warm_up_gradients),
        ),
        ("Gradients for a draw", format!("{:.1}", findings.gradients)),
        (
            "Doublings of a trajectory",
            format!(
                "{:.2} in the mean, {deepest} at most",
                depth / transitions.len().max(1) as f64
            ),
        ),
        ("Step size", format!("{} radian", format_number(step))),
        ("Divergent trajectories", findings.divergent.to_string()),
        ("Largest R-hat", format!("{:.4}", findings.worst_r_hat())),
        (
            "Effective draws in a second",
            format!("{:.3} at least", findings.fewest_draws() / chains.seconds.max(1e-9)),
        ),
    ];
    let mut blocks = vec![Block::KeyValues(
        facts
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    )];
    for (index, _) in &findings.parameters {
        let name = &chains.names[*index];
        let every = chains.draws().div_ceil(TRACE).max(1);
        let curves = chains.number(*index).into_iter().enumerate().map(|(chain, values)| {
            let (x, y) = values
                .iter()
                .enumerate()
                .step_by(every)
                .map(|(draw, &value)| (draw as f64, value))
                .unzip();
            Curve::new(format!("chain {chain}"), x, y)
        });
        let chart = LineChart {
            title: name.clone(),
            x: Axis::linear("draw"),
            y: Axis::linear(name.clone()),
            curves: curves.collect(),
            ..LineChart::default()
        };
        let caption = format!("Draws of {name}, every {every} of them.");
        blocks.push(figures.add(&format!("trace-{name}"), caption, |theme| chart.svg(theme)));
    }
    blocks
}
