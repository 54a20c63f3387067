//! Kinds of places that a filter tells apart.

use burn_tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::{Dual, Repeat};

/// Which places the filter of a [`JointTransformer`](super::JointTransformer) treats alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FilterRegions {
    /// All.
    #[default]
    One,
    /// Observed ones, and those where anything is missing: the filter takes every map whole and with zeros in all observed places,
    /// and answers for both kinds of places apart. Behind a mask a map is known through the base alone, or not at all.
    Hidden,
}

impl FilterRegions {
    /// How often the filter takes and gives each map.
    pub(super) fn count(self) -> usize {
        match self {
            Self::One => 1,
            Self::Hidden => 2,
        }
    }

    /// Places where anything is missing, as ones among zeros, `[batch, 1, places]`, of a context of `values` numbers at each place followed
    /// by flags of those that are missing; none when all places are treated alike.
    pub(super) fn hidden_places(self, context: &Tensor<2>, values: usize) -> Option<Tensor<3>> {
        if self == Self::One {
            return None;
        }
        let [batch, numbers] = context.dims();
        let places = numbers / (2 * values);
        let flags = context.clone().narrow(1, numbers / 2, numbers / 2);
        let missing = flags.reshape([batch, places, values]).sum_dim(2);
        Some(missing.clamp(0.0, 1.0).reshape([batch, 1, places]))
    }
}

/// Maps, then the same maps with zeros outside of `hidden` places.
pub(super) fn apart(maps: Dual<3>, hidden: Option<&Tensor<3>>) -> Dual<3> {
    let Some(hidden) = hidden else { return maps };
    let cut = within(maps.clone(), hidden);
    maps.with(cut, |maps, cut| Tensor::cat(vec![maps, cut], 1))
}

/// The first half of the maps, and in `hidden` places the second half too.
pub(super) fn together(maps: Dual<3>, hidden: Option<&Tensor<3>>) -> Dual<3> {
    let Some(hidden) = hidden else { return maps };
    let count = maps.dims()[1] / 2;
    let half = |at: usize| {
        maps.clone()
            .linear(move |maps: Tensor<3>| maps.narrow(1, at * count, count))
    };
    half(0).with(within(half(1), hidden), |everywhere, hidden| everywhere + hidden)
}

/// Maps times `hidden`.
fn within(maps: Dual<3>, hidden: &Tensor<3>) -> Dual<3> {
    maps.curved(|maps| {
        (maps * hidden.clone(), |change: Tensor<3>, repeat: Repeat| {
            change * repeat.rows(hidden.clone())
        })
    })
}
