//! Separations of points in a periodic box.

use std::f32::consts::PI;

use burn_tensor::{Tensor, TensorData};

use super::Dual;
use crate::angle::principal_angle;

/// Widths of the radial features, as shares of the box.
const RADII: [f32; 4] = [0.25, 0.125, 0.0625, 0.03125];

/// Features of every pair of points of a box of side `L`, all smooth and with the period `L` in every coordinate, so
/// that a separation and its nearest image are the same:
///
/// `c_a = cos(2 pi d_a / L)`, `s_a = sin(2 pi d_a / L)` for the separations `d_a = x_ja - x_ia`, and, with the squared
/// distance `r^2 = (L^2 / 2 pi^2) sum_a (1 - c_a)`, which is that of the nearest image when points are close,
/// `g_j = exp(-r^2 / 2 l_j^2)` and `s_a g_j` for the lengths `l_j` = `L / 4` to `L / 32`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PeriodicPairs {
    /// Coordinates of a point: its first features.
    pub coordinates: usize,
    /// Side of the box, in the units the network sees.
    pub side: f32,
}

impl PeriodicPairs {
    /// Number of features.
    pub fn features(&self) -> usize {
        let (axes, radii) = (self.coordinates, RADII.len());
        2 * axes + radii + axes * radii
    }

    /// `points`: `[batch, points, features of a point]`; output: `[batch, points, points, features]`.
    pub fn forward(&self, points: Dual<3>) -> Dual<4> {
        let (axes, side) = (self.coordinates, self.side);
        let [_, count, _] = points.dims();
        // phases of `j` as seen from `i`
        let phases = points.linear(|points: Tensor<3>| {
            let batch = points.dims()[0];
            let positions = points.narrow(2, 0, axes);
            let others = positions.clone().reshape([batch, 1, count, axes]);
            (others - positions.reshape([batch, count, 1, axes])) * (2.0 * PI / side)
        });
        phases.curved(|phases| {
            let phases = principal_angle(phases);
            let (cosine, sine) = (phases.clone().cos(), phases.sin());
            // `-r^2 / 2 l_j^2 = -(1 - c) (L / 2 pi l_j)^2`, summed over axes
            let rates: Vec<f32> = RADII.iter().map(|radius| (2.0 * PI * radius).powi(-2)).collect();
            let rates = Tensor::<1>::from_data(TensorData::new(rates, [RADII.len()]), &cosine.device()).reshape([
                1,
                1,
                1,
                RADII.len(),
            ]);
            let radial = ((cosine.clone() - 1.0).sum_dim(3) * rates.clone()).exp();
            let directed = products(sine.clone(), radial.clone());
            let value = Tensor::cat(vec![cosine.clone(), sine.clone(), radial.clone(), directed], 3);
            (value, move |change: Tensor<4>, repeat: super::dual::Repeat| {
                let [cosine, sine, radial] = [cosine, sine, radial].map(|feature| repeat.rows(feature));
                let d_cosine = change.clone() * sine.clone().neg();
                let d_sine = change * cosine;
                let d_radial = radial.clone() * d_cosine.clone().sum_dim(3) * rates;
                let d_directed = products(d_sine.clone(), radial) + products(sine, d_radial.clone());
                Tensor::cat(vec![d_cosine, d_sine, d_radial, d_directed], 3)
            })
        })
    }
}

/// Every product of an entry of the last dimension of one with an entry of that of the other.
fn products(one: Tensor<4>, other: Tensor<4>) -> Tensor<4> {
    let [batch, rows, columns, first] = one.dims();
    let second = other.dims()[3];
    let product = one.reshape([batch, rows, columns, first, 1]) * other.reshape([batch, rows, columns, 1, second]);
    product.reshape([batch, rows, columns, first * second])
}
