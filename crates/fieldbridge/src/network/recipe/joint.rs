//! The network of parameters and fields from its description in a recipe.

use super::NetworkRecipe;
use super::build::Place;
use crate::error::Error;
use crate::network::joint_transformer::JointRows;
use crate::network::{FilterLayers, JointTransformer, Patches, Registry, RowMaps, RowPowers};

impl NetworkRecipe {
    pub(super) fn joint_transformer(
        &self,
        registry: &mut Registry,
        place: Place<'_>,
    ) -> Result<JointTransformer, Error> {
        let tokens = self.turned_tokens(place)?;
        let grid = self.grid(place)?;
        let cells = self.grid_cells(&grid);
        let Some(parameters) = self.parameters else {
            return Err(place.refuse(
                "parameters",
                "is missing",
                "say how many numbers of a row come before its fields",
            ));
        };
        place.positive("parameters", parameters)?;
        let parameter_tokens = place.positive("parameter_tokens", self.parameter_tokens.unwrap_or(4))?;
        let fields = cells.count.saturating_mul(cells.channels);
        if place.inputs != place.outputs || place.inputs != parameters.saturating_add(fields) {
            return Err(place.refuse(
                "parameters",
                format!(
                    "{parameters} parameters and {} places of {} make {} numbers, but a row has {}",
                    cells.count,
                    cells.channels,
                    parameters.saturating_add(fields),
                    place.inputs
                ),
                "target columns are the parameters first, then the fields, place by place",
            ));
        }
        let patch = self.patch_of(place, &grid)?;
        let observed_channels = self.observed.unwrap_or(cells.channels);
        let observed = match place.context {
            0 => None,
            // values and flags of what is missing
            context if context == 2 * cells.count * observed_channels => {
                Some(Patches::new(&grid, observed_channels, patch))
            }
            context => {
                return Err(place.refuse(
                    "observed",
                    format!(
                        "{} places of {observed_channels} make {} numbers, but the context has {}",
                        cells.count,
                        cells.count * observed_channels,
                        context / 2
                    ),
                    "the context is one map on the grid of the fields; say how many numbers it has at each place",
                ));
            }
        };
        let rows = JointRows {
            parameters,
            parameter_tokens,
            field: Patches::new(&grid, cells.channels, patch),
            observed,
            observed_channels: 2 * observed_channels,
            observation: self.observation.unwrap_or_default(),
            bands: self.bands_of(place, &grid, "bands", self.bands)?,
            filter_regions: self.filter_regions.unwrap_or_default(),
            filter_layers: self.filter_layers(place)?,
            powers: self.row_powers(place, &grid)?,
        };
        Ok(JointTransformer::new(
            registry,
            rows,
            &tokens,
            cells.channels,
            place.frequencies,
        ))
    }

    /// The powers that parameter tokens are told.
    fn row_powers(&self, place: Place<'_>, grid: &[usize]) -> Result<Option<RowPowers>, Error> {
        if self.observed_bands.is_some() && self.all_bands.is_some() {
            return Err(place.refuse(
                "all_bands",
                "is given together with observed_bands",
                "leave observed_bands out: all_bands tells the powers of the observation too",
            ));
        }
        let observed = self.bands_of(place, grid, "observed_bands", self.observed_bands)?;
        let all = self.bands_of(place, grid, "all_bands", self.all_bands)?;
        let moments = self.moments(place)?;
        let (of, bands) = match (observed, all) {
            (0, 0) => return Ok(None),
            (_, 0) if place.context == 0 => return Ok(None),
            (observed, 0) => (RowMaps::Observed, observed),
            (_, all) => (RowMaps::All, all),
        };
        Ok(Some(RowPowers { of, bands, moments }))
    }

    /// Filtered maps whose third moments parameter tokens are told.
    fn moments(&self, place: Place<'_>) -> Result<usize, Error> {
        let Some(filtered) = self.moment_channels else {
            return Ok(0);
        };
        if self.observed_bands.is_none() && self.all_bands.is_none() {
            return Err(place.refuse(
                "moment_channels",
                "is given without all_bands or observed_bands",
                "third moments are told beside powers: say in how many bands",
            ));
        }
        place.positive("moment_channels", filtered)
    }

    /// The part of the filter that bends.
    fn filter_layers(&self, place: Place<'_>) -> Result<Option<FilterLayers>, Error> {
        let Some(channels) = self.filter_channels else {
            return match self.filter_layers {
                Some(_) => Err(place.refuse(
                    "filter_layers",
                    "is given without filter_channels",
                    "say how many maps a layer makes",
                )),
                None => Ok(None),
            };
        };
        if self.bands.is_none() {
            return Err(place.refuse(
                "filter_channels",
                "is given without bands",
                "layers stand beside the filter that bands ask for",
            ));
        }
        Ok(Some(FilterLayers {
            channels: place.positive("filter_channels", channels)?,
            count: place.positive("filter_layers", self.filter_layers.unwrap_or(1))?,
            activation: self.activation,
        }))
    }
}
