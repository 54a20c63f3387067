//! Networks of sets from their description in a recipe.

use super::NetworkRecipe;
use super::build::Place;
use crate::error::Error;
use crate::network::cells::Cells;
use crate::network::{PeriodicPairs, Registry, SetTransformer};

impl NetworkRecipe {
    pub(super) fn set_transformer(&self, registry: &mut Registry, place: Place<'_>) -> Result<SetTransformer, Error> {
        let tokens = self.tokens(place)?;
        let Some(points) = self.points else {
            return Err(place.refuse("points", "is missing", "say how many points a row holds"));
        };
        place.positive("points", points)?;
        let features = match self.features {
            Some(features) => place.positive("features", features)?,
            None => (place.inputs.min(place.outputs) / points).max(1),
        };
        let cells = Cells {
            count: points,
            channels: features,
        };
        let channels = place.channels("points", cells, "points")?;
        let coordinates = place.positive("coordinates", self.coordinates.unwrap_or(features.min(3)))?;
        if coordinates > features {
            return Err(place.refuse(
                "coordinates",
                format!("are {coordinates} of the {features} numbers of a point"),
                format!("use at most {features}"),
            ));
        }
        if self.coordinates.is_some() && self.box_side.is_none() {
            return Err(place.refuse(
                "coordinates",
                "are read in a periodic box only",
                "give `box_side`, or leave them out",
            ));
        }
        let pairs = match self.box_side {
            Some(side) if side > 0.0 && side.is_finite() => Some(PeriodicPairs { coordinates, side }),
            Some(side) => return Err(place.refuse("box_side", format!("is {side}"), "use a positive number")),
            None => None,
        };
        Ok(SetTransformer::new(
            registry,
            [points, features],
            pairs,
            &tokens,
            channels,
            place.frequencies,
            place.context,
        ))
    }
}
