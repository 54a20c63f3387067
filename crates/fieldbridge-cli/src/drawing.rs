//! Choices of how draws are made that are free after training.

use anyhow::{anyhow, bail};
use fieldbridge::Error;
use fieldbridge::device::Device;
use fieldbridge::model::Model;
use fieldbridge::solver::{SamplerKind, SolverKind};
use serde_json::{Value, json};

use crate::arguments::DrawingArguments;

/// Samplers with a strength of noise.
const NOISY: [&str; 3] = ["ddim", "euler_maruyama", "stochastic_heun"];

/// The model with these choices in place of its own.
///
/// # Errors
/// When the bridge leaves no such choice, or the choices do not fit together.
pub(crate) fn redrawn(model: Model, wanted: &DrawingArguments, device: &Device) -> anyhow::Result<Model> {
    let DrawingArguments {
        sampler,
        solver,
        steps,
        noise,
        guidance,
    } = wanted;
    if sampler.is_none() && solver.is_none() && steps.is_none() && noise.is_none() && guidance.is_none() {
        return Ok(model);
    }
    let mut bridge = model.manifest.bridge.clone();
    let kind = serde_json::to_value(bridge.kind)?;
    let refused = |flag: &str, which: &str| anyhow!("{flag} has no meaning for a bridge {kind}; {which}");
    if let Some(weight) = guidance {
        *bridge
            .guidance_mut()
            .ok_or_else(|| refused("--guidance", "it needs a diffusion"))? = *weight;
    }
    let mut by_solver = true;
    match bridge.sampler_mut() {
        Some(present) => {
            *present = changed_sampler(*present, wanted)?;
            by_solver = *present == SamplerKind::ProbabilityFlow;
        }
        None => {
            for (flag, given) in [("--sampler", sampler.is_some()), ("--noise", noise.is_some())] {
                if given {
                    return Err(refused(flag, "it needs flow matching, a diffusion or an interpolant"));
                }
            }
        }
    }
    if solver.is_some() && !by_solver {
        bail!("--solver has no meaning for this sampler, which steps by itself; add --sampler probability_flow");
    }
    if by_solver && (solver.is_some() || steps.is_some()) {
        let flag = if solver.is_some() { "--solver" } else { "--steps" };
        let present = bridge
            .solver_mut()
            .ok_or_else(|| refused(flag, "it is crossed in jumps"))?;
        *present = changed_solver(*present, wanted)?;
    }
    model.with_bridge(bridge, device).map_err(|error| match error {
        // the key is one of the recipe; what was said here are flags
        Error::Recipe { key, reason, hint } => anyhow!("`{key}` {reason}; {hint}"),
        other => other.into(),
    })
}

fn method(kind: &Value) -> String {
    kind["method"].as_str().unwrap_or_default().to_owned()
}

fn changed_sampler(present: SamplerKind, wanted: &DrawingArguments) -> anyhow::Result<SamplerKind> {
    let before = serde_json::to_value(present)?;
    let name = wanted.sampler.clone().unwrap_or_else(|| method(&before));
    let mut after = if name == method(&before) {
        before
    } else {
        json!({ "method": name })
    };
    if name != "probability_flow" {
        let steps = wanted.steps.or(present.steps());
        after["steps"] = json!(steps.ok_or_else(|| anyhow!("--sampler {name} needs --steps N, such as --steps 50"))?);
    }
    if let Some(noise) = wanted.noise {
        if !NOISY.contains(&name.as_str()) {
            bail!(
                "--noise has no meaning for the sampler {name}; use --sampler {}",
                NOISY.join(" or ")
            );
        }
        after["noise"] = json!(noise);
    }
    Ok(serde_json::from_value(after)?)
}

fn changed_solver(present: SolverKind, wanted: &DrawingArguments) -> anyhow::Result<SolverKind> {
    let adaptive = matches!(present, SolverKind::DormandPrince { .. });
    // so many steps ask for a method with fixed ones
    let default = if adaptive && wanted.steps.is_some() {
        "heun".to_owned()
    } else {
        method(&serde_json::to_value(present)?)
    };
    let name = wanted.solver.clone().unwrap_or(default);
    if name == "dormand_prince" {
        if wanted.steps.is_some() {
            bail!(
                "--steps has no meaning for dormand_prince, which chooses its own; leave it out, or use another --solver"
            );
        }
        return Ok(if adaptive { present } else { SolverKind::default() });
    }
    let steps = wanted.steps.or(match present {
        SolverKind::Euler { steps } | SolverKind::Heun { steps } | SolverKind::RungeKutta { steps } => Some(steps),
        SolverKind::DormandPrince { .. } => None,
    });
    let steps = steps.ok_or_else(|| anyhow!("--solver {name} needs --steps N, such as --steps 50"))?;
    Ok(serde_json::from_value(json!({ "method": name, "steps": steps }))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(
        sampler: Option<&str>,
        solver: Option<&str>,
        steps: Option<usize>,
        noise: Option<f64>,
    ) -> DrawingArguments {
        DrawingArguments {
            sampler: sampler.map(str::to_owned),
            solver: solver.map(str::to_owned),
            steps,
            noise,
            guidance: None,
        }
    }

    #[test]
    fn samplers_keep_what_is_not_changed() {
        let present = SamplerKind::EulerMaruyama { steps: 80, noise: 0.5 };
        let change = |sampler, steps, noise| changed_sampler(present, &wanted(sampler, None, steps, noise));
        assert_eq!(
            change(None, Some(20), None).unwrap(),
            SamplerKind::EulerMaruyama { steps: 20, noise: 0.5 }
        );
        assert_eq!(
            change(None, None, Some(2.0)).unwrap(),
            SamplerKind::EulerMaruyama { steps: 80, noise: 2.0 }
        );
        assert_eq!(
            change(Some("probability_flow"), None, None).unwrap(),
            SamplerKind::ProbabilityFlow
        );
        assert_eq!(
            change(Some("stochastic_heun"), None, None).unwrap(),
            SamplerKind::StochasticHeun { steps: 80, noise: 1.0 }
        );
        assert!(change(Some("heun"), None, Some(1.0)).is_err());
        let walked = changed_sampler(
            SamplerKind::ProbabilityFlow,
            &wanted(Some("ancestral"), None, None, None),
        );
        assert!(walked.unwrap_err().to_string().contains("--steps"));
    }

    #[test]
    fn a_number_of_steps_asks_for_fixed_ones() {
        let adaptive = SolverKind::default();
        let change = |solver, steps| changed_solver(adaptive, &wanted(None, solver, steps, None));
        assert_eq!(change(None, Some(9)).unwrap(), SolverKind::Heun { steps: 9 });
        assert_eq!(change(Some("euler"), Some(9)).unwrap(), SolverKind::Euler { steps: 9 });
        assert_eq!(change(Some("dormand_prince"), None).unwrap(), adaptive);
        assert!(change(Some("euler"), None).is_err());
        assert!(change(Some("dormand_prince"), Some(9)).is_err());
    }
}
