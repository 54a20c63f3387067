//! A transformer of parameters and fields together, told what was observed of the fields.

use burn_tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::attention::Places;
use super::filter_regions;
use super::token_head::TokenHead;
use super::{
    ConditionEmbedding, Conditions, Dual, DualNetwork, FilterLayers, FilterRegions, Initial, IsotropicFilter, Linear,
    PatchEmbedding, Patches, Registry, RotaryPositions, RowMaps, RowPowers, Slot, TokenShape, ToldPowers,
    TransformerBlock, Weights,
};

/// What a row of a [`JointTransformer`] holds, and what it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JointRows {
    /// Numbers before those of the fields, such as cosmological parameters.
    pub parameters: usize,
    /// Tokens that carry them.
    pub parameter_tokens: usize,
    /// The grid of the fields, with its channels.
    pub field: Patches,
    /// The grid of what was observed: values, then, as the second part, which of them are missing.
    pub observed: Option<Patches>,
    /// Channels of an observed place, missing flags included.
    pub observed_channels: usize,
    /// Where patches of the observation stand.
    pub observation: ObservationTokens,
    /// Bands of the filter whose answer is added to that of the patches; 0 for none.
    pub bands: usize,
    /// Kinds of places that the filter tells apart: one, or observed and hidden ones.
    pub filter_regions: FilterRegions,
    /// Layers of the part of the filter that bends.
    pub filter_layers: Option<FilterLayers>,
    /// Powers that parameter tokens are told.
    pub powers: Option<RowPowers>,
}

/// Where a [`JointTransformer`] puts patches of the observation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObservationTokens {
    /// In tokens of their own, before those of the fields.
    #[default]
    Own,
    /// In the token of the fields' patch at the same place: half as many tokens, and no attention is spent on bringing
    /// together what was seen of a place and what is there.
    Shared,
}

/// One sequence of parameter tokens, patches of the observation and patches of the fields, which all attend to each other:
/// the joint posterior `p(parameters, fields | observation)` from one network (Remy, Chang and Willett 2026,
/// arXiv:2606.31988).
///
/// A row is `[parameters, fields]`. A linear layer spreads the parameters over their tokens; their answer is read from the
/// mean of these. Positions turn queries and keys of patches, the observed ones as those of the field at the same
/// place, and leave parameter tokens alone. [`ObservationTokens`] says whether the observation has tokens of its own, and
/// speaks through attention, or is added to those of the fields. The time modulates every [block](TransformerBlock). Heads
/// start as zero. With `bands`, a linear [filter](IsotropicFilter) of the fields and of what was observed of them, chosen by the
/// parameter tokens when all blocks have spoken, is added to what the patches say. With `powers`, the parameter tokens start
/// from [those](ToldPowers) of the observed maps, or of all, too, which patches would have to gather from each other, and from
/// third moments of the same maps when asked to.
#[derive(Clone, Debug)]
pub struct JointTransformer {
    rows: JointRows,
    parameters: Linear,
    parameter_places: Slot,
    observation: Option<PatchEmbedding>,
    powers: Option<ToldPowers>,
    field: PatchEmbedding,
    positions: RotaryPositions,
    time: Option<ConditionEmbedding>,
    blocks: Vec<TransformerBlock>,
    parameter_head: TokenHead,
    field_head: TokenHead,
    filter: Option<IsotropicFilter>,
    width: usize,
}

impl JointTransformer {
    /// A network of `shape` for rows of `channels` numbers at each place of the field, told `frequencies` of the time.
    ///
    /// # Panics
    /// When the width is not a multiple of the heads, or their width odd, or a field with a filter has not two axes.
    pub fn new(
        registry: &mut Registry,
        rows: JointRows,
        shape: &TokenShape,
        channels: usize,
        frequencies: Option<usize>,
    ) -> Self {
        let width = shape.width;
        let time = ConditionEmbedding::new(registry, frequencies, 0, width, shape.activation);
        let told = time.as_ref().map_or(0, ConditionEmbedding::width);
        let own = rows.observed.is_some() && rows.observation == ObservationTokens::Own;
        let grids = if own { 2 } else { 1 };
        let [_, height, across] = rows.field.sides();
        let sides = [height, across];
        let observed = rows.observed.map_or(0, |_| rows.observed_channels / 2);
        Self {
            parameters: Linear::new(registry, "parameters", rows.parameters, rows.parameter_tokens * width),
            parameter_places: registry.parameter(
                "parameter_places",
                &[rows.parameter_tokens, width],
                Initial::Normal(0.02),
            ),
            observation: rows.observed.map(|patches| {
                registry.scope("observation", |registry| {
                    PatchEmbedding::new(registry, patches, rows.observed_channels, width)
                })
            }),
            powers: rows.powers.map(|RowPowers { of, bands, moments }| {
                let (maps, told) = match of {
                    RowMaps::Observed => (observed, 0),
                    RowMaps::All => (channels + observed, told),
                };
                let tokens = [rows.parameter_tokens, width];
                ToldPowers::new(registry, sides, [maps, bands, moments], told, tokens, shape.activation)
            }),
            field: PatchEmbedding::new(registry, rows.field, channels, width),
            positions: RotaryPositions::after(
                registry,
                rows.parameter_tokens,
                grids,
                rows.field.counts(),
                width / shape.heads,
            ),
            time,
            blocks: shape.stack(registry, told, 0),
            parameter_head: registry.scope("parameter", |registry| {
                TokenHead::new(registry, width, rows.parameters, told)
            }),
            field_head: TokenHead::new(registry, width, rows.field.places() * channels, told),
            filter: (rows.bands > 0).then(|| {
                let regions = rows.observed.map_or(1, |_| rows.filter_regions.count());
                let maps = [regions * (channels + observed), regions * channels];
                IsotropicFilter::new(registry, sides, maps, rows.bands, rows.filter_layers, [width, told])
            }),
            rows,
            width,
        }
    }

    /// Whose powers the parameter tokens are told.
    fn told_maps(&self) -> Option<RowMaps> {
        self.rows.powers.map(|powers| powers.of)
    }

    /// Tokens of the parameters, told what the powers of these maps say.
    fn parameter_tokens(
        &self,
        weights: &Weights,
        rows: Dual<2>,
        maps: Option<Dual<3>>,
        time: Option<&Tensor<2>>,
    ) -> Dual<3> {
        let (count, width) = (self.rows.parameter_tokens, self.width);
        let places: Tensor<2> = weights.get(self.parameter_places);
        let tokens = self
            .parameters
            .carry(weights, rows)
            .linear(|rows: Tensor<2>| {
                let batch = rows.dims()[0];
                rows.reshape([batch, count, width])
            })
            .plus(places.reshape([1, count, width]));
        let (Some(powers), Some(maps)) = (&self.powers, maps) else {
            return tokens;
        };
        let told = powers.forward(weights, maps, time);
        match self.told_maps() {
            Some(RowMaps::All) => tokens.with(told, |tokens: Tensor<3>, told: Tensor<3>| tokens + told),
            // these do not change with the row
            _ => tokens.plus(told.into_value()),
        }
    }

    /// What was observed, map by map: `[batch, maps, places]`.
    fn observed_maps(&self, conditions: &Conditions) -> Option<Tensor<3>> {
        let patches = self.rows.observed?;
        let context = conditions.context.clone()?;
        let values = patches.places() * patches.tokens() * (self.rows.observed_channels / 2);
        let values = context.narrow(1, 0, values);
        Some(self.rows.field.maps(Dual::alone(values)).into_value())
    }

    /// Tokens of the observation before those of the field, or in them; they do not change with the row.
    fn with_observation(&self, weights: &Weights, field: Dual<3>, conditions: &Conditions) -> Dual<3> {
        let (Some(embedding), Some(context)) = (&self.observation, &conditions.context) else {
            return field;
        };
        let observed = embedding.forward(weights, Dual::alone(context.clone())).into_value();
        if self.rows.observation == ObservationTokens::Shared {
            return field.plus(observed);
        }
        let (count, width) = (observed.dims()[1], self.width);
        field.affine(
            |field| Tensor::cat(vec![observed, field], 1),
            |change: Tensor<3>| {
                let still = Tensor::zeros([change.dims()[0], count, width], &change.device());
                Tensor::cat(vec![still, change], 1)
            },
        )
    }

    /// The fields, then what was observed of them, map by map: `[batch, maps, places]`.
    fn all_maps(&self, fields: Dual<2>, conditions: &Conditions) -> Dual<3> {
        let grid = &self.rows.field;
        let places = grid.places() * grid.tokens();
        let fields = grid.maps(fields);
        let Some(observed) = self.observed_maps(conditions) else {
            return fields;
        };
        let values = observed.dims()[1];
        fields.affine(
            |fields| Tensor::cat(vec![fields, observed], 1),
            |change: Tensor<3>| {
                let still = Tensor::zeros([change.dims()[0], values, places], &change.device());
                Tensor::cat(vec![change, still], 1)
            },
        )
    }
}

impl DualNetwork for JointTransformer {
    fn carry(&self, weights: &Weights, rows: Dual<2>, conditions: &Conditions) -> Dual<2> {
        let parameters = self.rows.parameters;
        let fields = rows.dims()[1] - parameters;
        let part = |start: usize, length: usize| {
            rows.clone()
                .linear(move |rows: Tensor<2>| rows.narrow(1, start, length))
        };
        let time = self.time.as_ref().map(|embedding| {
            let alone = Conditions {
                t: conditions.t.clone(),
                context: None,
            };
            embedding.forward(weights, &alone)
        });
        let field = self.field.forward(weights, part(parameters, fields));
        let all_told = self.told_maps() == Some(RowMaps::All);
        let maps = (self.filter.is_some() || all_told).then(|| self.all_maps(part(parameters, fields), conditions));
        let told = match self.told_maps() {
            None => None,
            Some(RowMaps::All) => maps.clone(),
            Some(RowMaps::Observed) => self.observed_maps(conditions).map(Dual::alone),
        };
        let context = conditions.context.as_ref().filter(|_| self.rows.observed.is_some());
        let hidden = context.and_then(|context| {
            let values = self.rows.observed_channels / 2;
            self.rows.filter_regions.hidden_places(context, values)
        });
        let patches = self.with_observation(weights, field, conditions);
        let tokens = self
            .parameter_tokens(weights, part(0, parameters), told, time.as_ref())
            .with(patches, |first, rest| Tensor::cat(vec![first, rest], 1));
        let angles = self.positions.angles(weights);
        let places = Places {
            angles: Some(&angles),
            pairs: None,
        };
        let tokens = self
            .blocks
            .iter()
            .fold(tokens, |x, block| block.forward(weights, x, places, time.as_ref()));
        let (all, count, patches) = (tokens.dims()[1], self.rows.parameter_tokens, self.rows.field.tokens());
        let mean = tokens
            .clone()
            .linear(|tokens: Tensor<3>| tokens.narrow(1, 0, count).mean_dim(1));
        let filtered = self.filter.as_ref().zip(maps).map(|(filter, maps)| {
            let maps = filter_regions::apart(maps, hidden.as_ref());
            let answer = filter.forward(weights, mean.clone(), maps, time.as_ref());
            Patches::place_by_place(filter_regions::together(answer, hidden.as_ref()))
        });
        let answer = self
            .parameter_head
            .forward(weights, mean, time.as_ref())
            .linear(|answer: Tensor<3>| {
                let batch = answer.dims()[0];
                answer.reshape([batch, parameters])
            });
        let field = tokens.linear(|tokens: Tensor<3>| tokens.narrow(1, all - patches, patches));
        let field = self
            .rows
            .field
            .join(self.field_head.forward(weights, field, time.as_ref()));
        let field = match filtered {
            Some(filtered) => field.with(filtered, |field, filtered| field + filtered),
            None => field,
        };
        answer.with(field, |answer, field| Tensor::cat(vec![answer, field], 1))
    }
}
