//! Networks of grids from their description in a recipe.

use super::NetworkRecipe;
use super::build::Place;
use crate::error::Error;
use crate::network::cells::Cells;
use crate::network::{Compressor, CompressorShape, Patches, Registry, Transformer, UNet, UNetShape};

impl NetworkRecipe {
    pub(super) fn unet(&self, registry: &mut Registry, place: Place<'_>) -> Result<UNet, Error> {
        let grid = self.grid(place)?;
        let cells = self.grid_cells(&grid);
        let channels = place.channels("shape", cells, "places")?;
        let groups = self.groups.unwrap_or(8);
        let heads = self.heads.unwrap_or(0);
        place.positive("groups", groups)?;
        let levels = self.halvings(place, &grid)?;
        if !self.width.is_multiple_of(groups) {
            return Err(place.refuse(
                "groups",
                format!("{} channels cannot be split into {groups} groups", self.width),
                "use a width that is a multiple of the groups",
            ));
        }
        if heads > 0 && !(self.width << levels).is_multiple_of(heads) {
            return Err(place.refuse(
                "heads",
                format!(
                    "the {} channels of the coarsest level cannot be split among {heads} heads",
                    self.width << levels
                ),
                "use a number of heads that divides them, or 0 for no attention",
            ));
        }
        let shape = UNetShape {
            grid,
            padding: self.padding.unwrap_or_default().kernel(),
            channels: cells.channels,
            width: self.width,
            blocks: self.blocks,
            levels,
            groups,
            heads,
            activation: self.activation,
        };
        Ok(UNet::new(registry, &shape, channels, place.frequencies, place.context))
    }

    pub(super) fn compressor(&self, registry: &mut Registry, place: Place<'_>) -> Result<Compressor, Error> {
        let grid = self.grid(place)?;
        let cells = self.grid_cells(&grid);
        let numbers = cells.count.saturating_mul(cells.channels);
        // half a map is no map: rows of several parts, which other networks of grids take, are refused
        if numbers != place.inputs {
            return Err(place.refuse(
                "shape",
                format!(
                    "{} places of {} make {numbers} numbers, but a map has {}",
                    cells.count, cells.channels, place.inputs
                ),
                format!("describe maps of {} numbers with `shape` and `channels`", place.inputs),
            ));
        }
        let patch = self.patch_of(place, &grid)?;
        let patches: Vec<usize> = grid.iter().map(|size| size / patch).collect();
        let shape = CompressorShape {
            levels: self.halvings(place, &patches)?,
            padding: self.padding.unwrap_or_default().kernel(),
            channels: cells.channels,
            patch,
            width: self.width,
            blocks: self.blocks,
            bands: self.bands_of(place, &grid, "bands", self.bands)?,
            grid,
            activation: self.activation,
        };
        Ok(Compressor::new(
            registry,
            &shape,
            place.outputs,
            place.frequencies,
            place.context,
        ))
    }

    /// How often a grid is halved.
    fn halvings(&self, place: Place<'_>, grid: &[usize]) -> Result<usize, Error> {
        let levels = self.levels.unwrap_or(2);
        let most = grid.iter().map(|size| size.trailing_zeros()).min().unwrap_or(0) as usize;
        if levels <= most {
            return Ok(levels);
        }
        let step = 1_usize.checked_shl(levels as u32).unwrap_or(0);
        let near: Vec<String> = grid
            .iter()
            .map(|&size| size.checked_next_multiple_of(step).unwrap_or(0).to_string())
            .collect();
        let other = match step {
            // such grids are larger than any that fit
            0 => String::new(),
            _ if levels > 16 => String::new(),
            step => format!(", or sizes that are multiples of {step}, such as {}", near.join(" x ")),
        };
        let sizes: Vec<String> = grid.iter().map(usize::to_string).collect();
        Err(place.refuse(
            "levels",
            format!("a grid of {} cannot be halved {levels} times", sizes.join(" x ")),
            format!("use `levels = {most}`{other}"),
        ))
    }

    pub(super) fn transformer(&self, registry: &mut Registry, place: Place<'_>) -> Result<Transformer, Error> {
        let tokens = self.turned_tokens(place)?;
        let grid = match &self.shape {
            Some(_) => self.grid(place)?,
            None => {
                let channels = place.positive("channels", self.channels.unwrap_or(1))?;
                vec![place.inputs.min(place.outputs) / channels]
            }
        };
        let cells = self.grid_cells(&grid);
        let channels = place.channels("shape", cells, "places")?;
        let patch = self.patch_of(place, &grid)?;
        let patches = Patches::new(&grid, cells.channels, patch);
        Ok(Transformer::new(
            registry,
            patches,
            &tokens,
            channels,
            place.frequencies,
            place.context,
        ))
    }

    /// Places of a patch along every axis of a grid.
    pub(super) fn patch_of(&self, place: Place<'_>, grid: &[usize]) -> Result<usize, Error> {
        let patch = place.positive("patch", self.patch.unwrap_or(1))?;
        if let Some(&size) = grid.iter().find(|size| !size.is_multiple_of(patch)) {
            let common = grid.iter().copied().fold(0, greatest_common_divisor);
            let fitting: Vec<String> = (1..=common)
                .filter(|patch| common.is_multiple_of(*patch))
                .map(|patch| patch.to_string())
                .collect();
            return Err(place.refuse(
                "patch",
                format!("patches of {patch} do not fill an axis of {size}"),
                format!("use one of {}", fitting.join(", ")),
            ));
        }
        Ok(patch)
    }

    /// Bands of wave numbers as `key` says; 0 for none.
    pub(super) fn bands_of(
        &self,
        place: Place<'_>,
        grid: &[usize],
        key: &'static str,
        bands: Option<usize>,
    ) -> Result<usize, Error> {
        let Some(bands) = bands else { return Ok(0) };
        if bands < 3 {
            return Err(place.refuse(
                key,
                format!("is {bands}, but the constant has a band of its own and a range has two ends"),
                "use at least 3, or leave it out",
            ));
        }
        if grid.len() != 2 || grid.iter().all(|&side| side == 1) {
            return Err(place.refuse(
                key,
                format!("waves are those of grids of two axes, but the grid is {grid:?}"),
                "leave it out, or use a `shape` of two axes",
            ));
        }
        Ok(bands)
    }

    pub(super) fn grid(&self, place: Place<'_>) -> Result<Vec<usize>, Error> {
        let Some(shape) = &self.shape else {
            return Err(place.refuse(
                "shape",
                "is missing",
                "give the places along each axis, such as `shape = [16, 16]`",
            ));
        };
        if !(1..=3).contains(&shape.len()) {
            return Err(place.refuse("shape", format!("has {} axes", shape.len()), "use one, two or three"));
        }
        for &size in shape {
            place.positive("shape", size)?;
        }
        place.positive("channels", self.channels.unwrap_or(1))?;
        Ok(shape.clone())
    }

    pub(super) fn grid_cells(&self, grid: &[usize]) -> Cells {
        Cells {
            count: grid.iter().fold(1, |product, &size| product.saturating_mul(size)),
            channels: self.channels.unwrap_or(1),
        }
    }
}

fn greatest_common_divisor(one: usize, other: usize) -> usize {
    if other == 0 {
        one
    } else {
        greatest_common_divisor(other, one % other)
    }
}
