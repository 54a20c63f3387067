//! Fourier transforms of square planes.

use std::sync::{Mutex, PoisonError};

use rustfft::num_complex::Complex;
use rustfft::{FftDirection, FftNum, FftPlanner};

/// Two-dimensional transform in place, without a factor. Plans are made once for each length.
pub(super) fn transform<T: FftNum>(
    plans: &Mutex<FftPlanner<T>>,
    plane: &mut [Complex<T>],
    side: usize,
    direction: FftDirection,
) {
    let plan = plans
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .plan_fft(side, direction);
    let mut turned = plane.to_vec();
    for _ in 0..2 {
        plan.process(plane);
        for (place, value) in plane.iter().enumerate() {
            turned[place % side * side + place / side] = *value;
        }
        plane.copy_from_slice(&turned);
    }
}
