//! Two normal numbers from two uniform ones.

use std::f32::consts::PI;

use burn_tensor::Tensor;

use super::{Transform, total};
use crate::angle::principal_angle;
use crate::network::Weights;

/// Half the spacing of the uniform numbers that are drawn: the smallest `u_1`, so that no draw is infinite. Draws thus
/// stay within a radius of `sqrt(-2 ln 2^-25) = 5.89`, beyond which lies 3e-8 of the normal distribution.
const SMALLEST: f32 = 1.0 / (1u32 << 25) as f32;

/// The transform of Box and Muller (1958, Ann. Math. Stat. 29, 610), from pairs of normal numbers `x` to pairs uniform
/// on `[-1, 1]^2`, the [uniform base](crate::base::Uniform), and back:
///
/// `x_1 = sqrt(-2 ln u_1) cos(2 pi u_2)`, `x_2 = sqrt(-2 ln u_1) sin(2 pi u_2)` with `u = (z + 1) / 2`.
///
/// Its volume is exact: `|det dz/dx| = 4 exp(-|x|^2 / 2) / (2 pi)` for each pair. On a uniform base, density `1/4`, that
/// leaves the standard normal density.
///
/// The edges of the square are limits of the plane: `u_1 = 0` is infinitely far and is taken as 2^-25; `u_2 = 0` and
/// `u_2 = 1` are the same direction. Far points keep their density but not their place: beyond a radius of 5.8 single
/// precision rounds `z_1` to -1.
#[derive(Clone, Copy, Debug, Default)]
pub struct BoxMuller;

/// Even and odd columns of `[batch, 2 P]`, each `[batch, P]`.
fn pairs(x: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
    let [batch, dimension] = x.dims();
    assert!(
        dimension.is_multiple_of(2),
        "Box and Muller's transform takes pairs of numbers, found {dimension}"
    );
    let pairs = x.reshape([batch, dimension / 2, 2]);
    let column = |at: usize| pairs.clone().narrow(2, at, 1).reshape([batch, dimension / 2]);
    (column(0), column(1))
}

fn joined(first: Tensor<2>, second: Tensor<2>) -> Tensor<2> {
    let [batch, count] = first.dims();
    Tensor::stack::<3>(vec![first, second], 2).reshape([batch, 2 * count])
}

impl Transform for BoxMuller {
    fn forward(&self, _weights: &Weights, x: Tensor<2>, _context: Option<&Tensor<2>>) -> (Tensor<2>, Tensor<1>) {
        let (first, second) = pairs(x);
        let half_square = (first.clone().square() + second.clone().square()) * 0.5;
        let log_volume = half_square.clone().neg() + (2.0 / PI).ln();
        // the direction opposite to (x_1, x_2), whose angle runs over (-pi, pi] as that of (x_1, x_2) over (0, 2 pi]
        let angle = second.neg().atan2(first.neg());
        let z = joined(half_square.neg().exp() * 2.0 - 1.0, angle * (1.0 / PI));
        (z.clamp(-1.0, 1.0), total(log_volume))
    }

    fn inverse(&self, _weights: &Weights, z: Tensor<2>, _context: Option<&Tensor<2>>) -> (Tensor<2>, Tensor<1>) {
        let (first, second) = pairs(z);
        let u = ((first + 1.0) * 0.5).clamp(SMALLEST, 1.0);
        let half_square = u.log().neg();
        let radius = (half_square.clone() * 2.0).sqrt();
        let angle = principal_angle((second + 1.0) * PI);
        let x = joined(radius.clone() * angle.clone().cos(), radius * angle.sin());
        (x, total(half_square - (2.0 / PI).ln()))
    }
}
