//! What a recipe says of a network.

use serde::{Deserialize, Serialize};

use super::{Activation, Mlp, Network, Registry, ResidualMlp};
use crate::error::Error;

/// Networks a recipe can name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NetworkKind {
    /// Residual perceptron, conditions in every block.
    #[default]
    Residual,
    /// Plain perceptron.
    Mlp,
}

/// A network with its sizes: a table of a recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NetworkRecipe {
    /// Which network.
    pub kind: NetworkKind,
    /// Width of the hidden layers.
    pub width: usize,
    /// Residual blocks, or hidden layers of a plain perceptron.
    pub blocks: usize,
    /// Nonlinearity.
    pub activation: Activation,
}

impl Default for NetworkRecipe {
    fn default() -> Self {
        Self {
            kind: NetworkKind::Residual,
            width: 128,
            blocks: 3,
            activation: Activation::Silu,
        }
    }
}

impl NetworkRecipe {
    /// The network, from rows of `inputs` numbers to rows of `outputs`. It is told the time by `frequencies`
    /// frequencies (not at all with none), and a context embedding of `context_width` numbers (0 for none).
    ///
    /// # Errors
    /// [`Error::Recipe`] when sizes do not fit, with what would; its keys start with `key_prefix` and a dot.
    pub fn build(
        &self,
        registry: &mut Registry,
        key_prefix: &str,
        inputs: usize,
        frequencies: Option<usize>,
        context_width: usize,
        outputs: usize,
    ) -> Result<Box<dyn Network>, Error> {
        for (key, value) in [("width", self.width), ("blocks", self.blocks)] {
            if value == 0 {
                return Err(Error::Recipe {
                    key: format!("{key_prefix}.{key}"),
                    reason: "is 0".to_owned(),
                    hint: "use at least 1".to_owned(),
                });
            }
        }
        Ok(match self.kind {
            NetworkKind::Residual => Box::new(ResidualMlp::new(
                registry,
                inputs,
                frequencies,
                context_width,
                self.width,
                self.blocks,
                outputs,
                self.activation,
            )),
            NetworkKind::Mlp => Box::new(Mlp::new(
                registry,
                inputs,
                frequencies,
                context_width,
                &vec![self.width; self.blocks],
                outputs,
                self.activation,
            )),
        })
    }
}
