//! Networks from their description in a recipe.

use super::{NetworkKind, NetworkRecipe};
use crate::error::Error;
use crate::network::cells::Cells;
use crate::network::{Mlp, Network, Registry, ResidualMlp, TokenShape};

/// What a network is built for.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) key_prefix: &'a str,
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    pub(super) frequencies: Option<usize>,
    pub(super) context: usize,
}

impl Place<'_> {
    pub(super) fn refuse(&self, key: &str, reason: impl Into<String>, hint: impl Into<String>) -> Error {
        Error::Recipe {
            key: format!("{}.{key}", self.key_prefix),
            reason: reason.into(),
            hint: hint.into(),
        }
    }

    pub(super) fn positive(&self, key: &str, value: usize) -> Result<usize, Error> {
        match value {
            0 => Err(self.refuse(key, "is 0", "use at least 1")),
            value => Ok(value),
        }
    }

    /// Channels of input and output at each of the cells; `key` says how many cells there are.
    pub(super) fn channels(&self, key: &str, cells: Cells, what: &str) -> Result<[usize; 2], Error> {
        let channels = |numbers: usize| {
            cells.channels_of(numbers).ok_or_else(|| {
                let part = cells.count.saturating_mul(cells.channels);
                self.refuse(
                    key,
                    format!(
                        "{} {what} of {} make {part} numbers, but a row has {numbers}",
                        cells.count, cells.channels
                    ),
                    format!("describe rows of {numbers} numbers"),
                )
            })
        };
        Ok([channels(self.inputs)?, channels(self.outputs)?])
    }
}

impl NetworkRecipe {
    /// The network, from rows of `inputs` numbers to rows of `outputs`. It is told the time by `frequencies`
    /// frequencies (not at all with none), and a context embedding of `context_width` numbers (0 for none).
    ///
    /// Networks of grids and sets take rows of several parts, such as a state and what it starts from: the numbers of a
    /// row are then a multiple of those of a grid or set.
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
        let place = Place {
            key_prefix,
            inputs,
            outputs,
            frequencies,
            context: context_width,
        };
        place.positive("width", self.width)?;
        place.positive("blocks", self.blocks)?;
        self.refuse_foreign_keys(place)?;
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
            NetworkKind::UNet => Box::new(self.unet(registry, place)?),
            NetworkKind::Transformer => Box::new(self.transformer(registry, place)?),
            NetworkKind::SetTransformer => Box::new(self.set_transformer(registry, place)?),
            NetworkKind::JointTransformer => Box::new(self.joint_transformer(registry, place)?),
            NetworkKind::Compressor => Box::new(self.compressor(registry, place)?),
        })
    }

    /// Whether the network reads the context as it is, missing values marked, instead of a learned embedding.
    pub fn reads_plain_context(&self) -> bool {
        self.kind == NetworkKind::JointTransformer
    }

    /// A key that this kind does not read would be obeyed by nobody.
    fn refuse_foreign_keys(&self, place: Place<'_>) -> Result<(), Error> {
        use NetworkKind::{Compressor, JointTransformer, SetTransformer, Transformer, UNet};
        let given: [(&str, bool, &[NetworkKind]); 23] = [
            (
                "shape",
                self.shape.is_some(),
                &[UNet, Transformer, JointTransformer, Compressor],
            ),
            (
                "channels",
                self.channels.is_some(),
                &[UNet, Transformer, JointTransformer, Compressor],
            ),
            ("padding", self.padding.is_some(), &[UNet, Compressor]),
            ("levels", self.levels.is_some(), &[UNet, Compressor]),
            ("groups", self.groups.is_some(), &[UNet]),
            (
                "patch",
                self.patch.is_some(),
                &[Transformer, JointTransformer, Compressor],
            ),
            ("parameters", self.parameters.is_some(), &[JointTransformer]),
            ("parameter_tokens", self.parameter_tokens.is_some(), &[JointTransformer]),
            ("observed", self.observed.is_some(), &[JointTransformer]),
            ("observation", self.observation.is_some(), &[JointTransformer]),
            ("bands", self.bands.is_some(), &[JointTransformer, Compressor]),
            ("filter_regions", self.filter_regions.is_some(), &[JointTransformer]),
            ("filter_channels", self.filter_channels.is_some(), &[JointTransformer]),
            ("filter_layers", self.filter_layers.is_some(), &[JointTransformer]),
            ("observed_bands", self.observed_bands.is_some(), &[JointTransformer]),
            ("all_bands", self.all_bands.is_some(), &[JointTransformer]),
            ("moment_channels", self.moment_channels.is_some(), &[JointTransformer]),
            (
                "heads",
                self.heads.is_some(),
                &[UNet, Transformer, SetTransformer, JointTransformer],
            ),
            (
                "gated",
                self.gated.is_some(),
                &[Transformer, SetTransformer, JointTransformer],
            ),
            ("points", self.points.is_some(), &[SetTransformer]),
            ("features", self.features.is_some(), &[SetTransformer]),
            ("coordinates", self.coordinates.is_some(), &[SetTransformer]),
            ("box_side", self.box_side.is_some(), &[SetTransformer]),
        ];
        for (key, given, readers) in given {
            if given && !readers.contains(&self.kind) {
                let names: Vec<&str> = readers.iter().map(|kind| kind.name()).collect();
                return Err(place.refuse(
                    key,
                    format!("means nothing to a network of kind \"{}\"", self.kind.name()),
                    format!("leave it out, or use kind = \"{}\"", names.join("\" or \"")),
                ));
            }
        }
        Ok(())
    }

    /// Tokens whose heads have components in pairs.
    pub(super) fn turned_tokens(&self, place: Place<'_>) -> Result<TokenShape, Error> {
        let tokens = self.tokens(place)?;
        let head_width = tokens.width / tokens.heads;
        if !head_width.is_multiple_of(2) {
            return Err(place.refuse(
                "heads",
                format!("heads of {head_width} components, but positions turn components in pairs"),
                format!("use a width that is a multiple of {}", 2 * tokens.heads),
            ));
        }
        Ok(tokens)
    }

    pub(super) fn tokens(&self, place: Place<'_>) -> Result<TokenShape, Error> {
        let heads = place.positive("heads", self.heads.unwrap_or(4))?;
        if !self.width.is_multiple_of(heads) {
            return Err(place.refuse(
                "heads",
                format!("{} components cannot be split among {heads} heads", self.width),
                "use a width that is a multiple of the heads",
            ));
        }
        Ok(TokenShape {
            width: self.width,
            blocks: self.blocks,
            heads,
            gated: self.gated.unwrap_or(true),
            activation: self.activation,
        })
    }
}

impl NetworkKind {
    /// Its name in recipes.
    fn name(self) -> &'static str {
        match self {
            Self::Residual => "residual",
            Self::Mlp => "mlp",
            Self::UNet => "unet",
            Self::Transformer => "transformer",
            Self::SetTransformer => "set_transformer",
            Self::JointTransformer => "joint_transformer",
            Self::Compressor => "compressor",
        }
    }
}
