//! A network by its name alone or by a table.

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::{NetworkKind, NetworkRecipe};

/// `network = "residual"`, with its sizes elsewhere, or `network = { kind = "unet", shape = [16, 16] }`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
#[expect(clippy::large_enum_variant, reason = "a recipe has one")]
pub enum NetworkChoice {
    /// A name.
    Kind(NetworkKind),
    /// A table.
    Recipe(NetworkRecipe),
}

impl Default for NetworkChoice {
    fn default() -> Self {
        Self::Kind(NetworkKind::default())
    }
}

impl From<NetworkKind> for NetworkChoice {
    fn from(kind: NetworkKind) -> Self {
        Self::Kind(kind)
    }
}

impl From<NetworkRecipe> for NetworkChoice {
    fn from(recipe: NetworkRecipe) -> Self {
        Self::Recipe(recipe)
    }
}

// by hand, because an untagged enum does not say which key of the table is at fault
impl<'de> Deserialize<'de> for NetworkChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Choice;

        impl<'de> Visitor<'de> for Choice {
            type Value = NetworkChoice;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("the name of a network, or a table with its `kind`")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
                let name = serde::de::value::StrDeserializer::new(name);
                NetworkKind::deserialize(name).map(NetworkChoice::Kind)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                NetworkRecipe::deserialize(MapAccessDeserializer::new(map)).map(NetworkChoice::Recipe)
            }
        }

        deserializer.deserialize_any(Choice)
    }
}
