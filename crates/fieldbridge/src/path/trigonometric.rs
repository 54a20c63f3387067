//! A quarter of a circle.

use std::f64::consts::FRAC_PI_2;

use super::{Path, Schedule};

/// `x_t = sin(pi t / 2) x1 + cos(pi t / 2) x0`: the variance stays one between a base and data of unit variance
/// (Albergo and Vanden-Eijnden 2022, arXiv:2209.15571).
#[derive(Clone, Copy, Debug, Default)]
pub struct Trigonometric;

impl Path for Trigonometric {
    fn schedule(&self, t: f64) -> Schedule {
        let (data, base) = (FRAC_PI_2 * t).sin_cos();
        Schedule {
            data,
            // the cosine of a rounded right angle is not zero
            base: if t == 1.0 { 0.0 } else { base },
            data_rate: FRAC_PI_2 * base,
            base_rate: -FRAC_PI_2 * data,
        }
    }
}
