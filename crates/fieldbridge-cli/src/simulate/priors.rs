//! Priors of a recipe.

use fieldbridge::data::Bounds;
use fieldbridge_sky::{PARAMETERS, Prior, Priors, SkyError};
use serde::{Deserialize, Serialize};

/// Priors by name of the parameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PriorsRecipe {
    omega_c: PriorRecipe,
    omega_b: PriorRecipe,
    sigma_8: PriorRecipe,
    h_0: PriorRecipe,
    n_s: PriorRecipe,
    w_0: PriorRecipe,
}

/// A number, a range, or a normal distribution that may be cut.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "expected a number, { low = ..., high = ... }, or { mean = ..., deviation = ... } with low and high if it is cut"
)]
pub(crate) enum PriorRecipe {
    Fixed(f64),
    Normal(NormalRecipe),
    Uniform(UniformRecipe),
}

/// Normal, cut where it is said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NormalRecipe {
    mean: f64,
    deviation: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    low: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    high: Option<f64>,
}

/// Uniform.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UniformRecipe {
    low: f64,
    high: f64,
}

impl PriorRecipe {
    fn prior(&self) -> Prior {
        match self {
            Self::Fixed(value) => Prior::Fixed(*value),
            Self::Uniform(range) => Prior::Uniform {
                low: range.low,
                high: range.high,
            },
            Self::Normal(normal) => Prior::Normal {
                mean: normal.mean,
                deviation: normal.deviation,
                low: normal.low.unwrap_or(f64::NEG_INFINITY),
                high: normal.high.unwrap_or(f64::INFINITY),
            },
        }
    }
}

impl PriorsRecipe {
    /// As the simulator takes them.
    ///
    /// # Errors
    /// For one that cannot be.
    pub(super) fn priors(&self) -> Result<Priors, SkyError> {
        Priors::new(self.each().map(PriorRecipe::prior))
    }

    /// In the order of [`PARAMETERS`].
    fn each(&self) -> [&PriorRecipe; 6] {
        debug_assert_eq!(PARAMETERS[5], "w_0");
        [
            &self.omega_c,
            &self.omega_b,
            &self.sigma_8,
            &self.h_0,
            &self.n_s,
            &self.w_0,
        ]
    }

    /// Where the prior of a parameter is cut, as bounds that no draw leaves.
    pub(crate) fn bounds(&self, name: &str) -> Option<Bounds> {
        let at = PARAMETERS.iter().position(|parameter| *parameter == name)?;
        let (low, high, softness) = match self.each()[at] {
            PriorRecipe::Fixed(_) => (None, None, None),
            PriorRecipe::Uniform(range) => (Some(range.low), Some(range.high), None),
            // straight from half a deviation above the cut on
            PriorRecipe::Normal(normal) => (normal.low, normal.high, Some(0.5 * normal.deviation)),
        };
        low.map(|low| Bounds {
            low: Some(low),
            high,
            softness: softness.filter(|_| high.is_none()),
        })
    }
}
