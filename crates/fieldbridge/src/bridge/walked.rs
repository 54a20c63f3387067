//! What the recipes of all walked bridges share: checks of their choices, and the parts every one of them has.

use super::build::{positive, refuse};
use crate::base::BaseKind;
use crate::coupling::CouplingKind;
use crate::error::Error;
use crate::likelihood::TraceKind;
use crate::network::Modality;
use crate::path::{Head, PathKind};
use crate::solver::{SamplerKind, SolverKind};

/// Most dimensions an exact trace is taken in; each costs a Jacobian-vector product per evaluation.
const EXACT_TRACE_LIMIT: usize = 256;

/// Refuses settings of one table of a recipe.
#[derive(Clone, Copy)]
pub(super) struct Checks {
    /// Name of the table.
    pub(super) table: &'static str,
}

impl Checks {
    fn refuse(self, key: &str, reason: impl Into<String>, hint: &str) -> Error {
        refuse(&format!("{}.{key}", self.table), reason, hint)
    }

    pub(super) fn positive(self, key: &str, value: usize) -> Result<(), Error> {
        positive(&format!("{}.{key}", self.table), value)
    }

    pub(super) fn positive_number(self, key: &str, value: f64) -> Result<(), Error> {
        if value > 0.0 && value.is_finite() {
            Ok(())
        } else {
            Err(self.refuse(key, format!("is {value}"), "use a positive number"))
        }
    }

    pub(super) fn at_least_zero(self, key: &str, value: f64) -> Result<(), Error> {
        if value >= 0.0 && value.is_finite() {
            Ok(())
        } else {
            Err(self.refuse(key, format!("is {value}"), "use a number, at least 0"))
        }
    }

    pub(super) fn solver(self, key: &str, solver: SolverKind) -> Result<(), Error> {
        if let SolverKind::Euler { steps } | SolverKind::Heun { steps } | SolverKind::RungeKutta { steps } = solver {
            self.positive(&format!("{key}.steps"), steps)?;
        }
        if let SolverKind::DormandPrince { tolerance, .. } = solver
            && !(tolerance > 1e-7 && tolerance < 1.0)
        {
            return Err(self.refuse(
                &format!("{key}.tolerance"),
                format!("is {tolerance}"),
                "use a number between 1e-7 and 1, such as 1e-5",
            ));
        }
        Ok(())
    }

    /// `probes`: fewest that make sense.
    pub(super) fn trace(self, key: &str, trace: TraceKind, dimension: usize, probes: usize) -> Result<(), Error> {
        match trace {
            TraceKind::Exact if dimension > EXACT_TRACE_LIMIT => Err(self.refuse(
                key,
                format!(
                    "an exact trace in {dimension} dimensions costs {dimension} Jacobian-vector products an evaluation"
                ),
                "use `{ trace = \"hutchinson\", probes = 8 }`",
            )),
            TraceKind::Hutchinson { probes: found } if found < probes => Err(self.refuse(
                &format!("{key}.probes"),
                format!("is {found}"),
                if probes > 1 {
                    "use at least 2, so that their spread gives an error"
                } else {
                    "use at least 1"
                },
            )),
            _ => Ok(()),
        }
    }

    pub(super) fn path(self, path: PathKind, base: &BaseKind) -> Result<(), Error> {
        if let PathKind::ConditionalGaussian { sigma_min } = path
            && !(1e-4..1.0).contains(&sigma_min)
        {
            return Err(self.refuse(
                "path.conditional_gaussian.sigma_min",
                format!("is {sigma_min}"),
                "use a number from 1e-4 up to 1, such as 0.01; `path = \"linear\"` is the limit of 0",
            ));
        }
        if path.needs_normal_base() && *base != BaseKind::Normal {
            return Err(self.refuse(
                "base",
                format!(
                    "the path is that of a diffusion, whose noise is normal; a {} base does not fit",
                    base.name()
                ),
                "use `base = \"normal\"`, or a path that begins at its base: \"linear\", \"trigonometric\", \"cosine\"",
            ));
        }
        Ok(())
    }

    pub(super) fn head(self, head: Head, base: &BaseKind) -> Result<(), Error> {
        let divides = matches!(head, Head::Noise | Head::Score);
        if *base != BaseKind::Normal && (head.needs_normal_base() || divides) {
            return Err(self.refuse(
                "head",
                format!(
                    "{head:?} is read with the noise of a normal base; the base is {}",
                    base.name()
                ),
                "use `head = \"velocity\"` or \"clean_data\", or `base = \"normal\"`",
            ));
        }
        Ok(())
    }

    pub(super) fn coupling(
        self,
        coupling: CouplingKind,
        modalities: &[Modality],
        allow_biased: bool,
    ) -> Result<(), Error> {
        if let CouplingKind::Sinkhorn { deviation } = coupling {
            self.positive_number("coupling.sinkhorn.deviation", deviation)?;
        }
        let plain = matches!(coupling, CouplingKind::Assignment | CouplingKind::Sinkhorn { .. });
        if plain && !modalities.is_empty() && !allow_biased {
            return Err(self.refuse(
                "coupling",
                "plain optimal transport with a context biases the model (the base would depend on the context)",
                "use `coupling = \"conditional\"` or \"independent\", or say `allow_biased_coupling = true`",
            ));
        }
        if coupling == CouplingKind::Conditional && modalities.is_empty() {
            return Err(self.refuse(
                "coupling",
                "there is no context to be conditional on",
                "use `coupling = \"assignment\"`",
            ));
        }
        Ok(())
    }

    /// Samplers that put noise back need the base to be normal and independent of the data.
    pub(super) fn sampler(self, sampler: SamplerKind, base: &BaseKind, coupling: CouplingKind) -> Result<(), Error> {
        if let Some(steps) = sampler.steps() {
            self.positive("sampler.steps", steps)?;
        } else {
            return Ok(());
        }
        match sampler {
            SamplerKind::Ddim { noise, .. } if !(0.0..=1.0).contains(&noise) => {
                return Err(self.refuse("sampler.noise", format!("is {noise}"), "use a share from 0 to 1"));
            }
            SamplerKind::EulerMaruyama { noise, .. } | SamplerKind::StochasticHeun { noise, .. } => {
                self.at_least_zero("sampler.noise", noise)?;
            }
            SamplerKind::Churn { churn, .. } => {
                self.at_least_zero("sampler.churn.strength", churn.strength)?;
                self.positive_number("sampler.churn.deviation", churn.deviation)?;
            }
            _ => {}
        }
        if let SamplerKind::Ancestral { levels, .. }
        | SamplerKind::Ddim { levels, .. }
        | SamplerKind::Heun { levels, .. }
        | SamplerKind::Multistep { levels, .. }
        | SamplerKind::Churn { levels, .. } = sampler
        {
            self.positive_number("sampler.levels.lowest", levels.lowest)?;
            self.positive_number("sampler.levels.exponent", levels.exponent)?;
            if !(levels.highest > levels.lowest && levels.highest.is_finite()) {
                return Err(self.refuse(
                    "sampler.levels.highest",
                    format!("is {}, not above the lowest, {}", levels.highest, levels.lowest),
                    "give lowest < highest, such as 0.002 and 80",
                ));
            }
        }
        let hint = "use `sampler = { method = \"probability_flow\" }`, or a normal base with independent coupling";
        if *base != BaseKind::Normal {
            return Err(self.refuse(
                "sampler",
                format!("puts normal noise back, but the base is {}", base.name()),
                hint,
            ));
        }
        if coupling != CouplingKind::Independent {
            return Err(self.refuse(
                "sampler",
                "puts noise back that knows nothing of the data, but the coupling joins them",
                hint,
            ));
        }
        Ok(())
    }
}
