//! How long the next step is.

/// Where the error of a step is steered to, as a share of what is allowed: close to one, more steps are refused; far
/// below, more are taken.
const AIM: f64 = 0.4;
/// Weight of the error itself.
const SIZE: f64 = 0.3 / 5.0;
/// Weight of its trend.
const TREND: f64 = 0.4 / 5.0;
/// A step does not grow by more than this.
const LARGEST: f64 = 5.0;
/// A step does not shrink by more than this.
const SMALLEST: f64 = 0.1;

/// The step of one walk, by the proportional and integral rule of Gustafsson (1991, ACM Trans. Math. Softw. 17, 533;
/// Hairer and Wanner 1996, IV.2). On a learned field one step in twelve is refused; by the plain rule
/// `(AIM / error)^(1/5)` one in nine, and one in four when it aims at 0.6 as is usual.
#[derive(Clone, Copy, Debug)]
pub(super) struct Control {
    /// The step to try.
    pub(super) step: f64,
    /// Error of the step taken last.
    taken: Option<f64>,
    refused: bool,
}

impl Control {
    /// A walk that begins with this step.
    pub(super) fn first(step: f64) -> Self {
        Self {
            step,
            taken: None,
            refused: false,
        }
    }

    /// Sets the next step after one with this error, as a multiple of what is allowed, and says whether it is taken.
    pub(super) fn judge(&mut self, error: f64) -> bool {
        let taken = error <= 1.0;
        // what is no number asks for the smallest factor too
        let error = if error.is_nan() {
            f64::INFINITY
        } else {
            error.max(1e-10)
        };
        let plain = (AIM / error).powf(0.2);
        let factor = match self.taken {
            _ if !taken => plain.clamp(SMALLEST, 0.9),
            None => plain.clamp(SMALLEST, LARGEST),
            Some(before) => {
                let factor = (AIM / error).powf(SIZE) * (before.max(1e-3) / error).powf(TREND);
                factor.clamp(SMALLEST, LARGEST)
            }
        };
        // right after a refusal a step does not grow
        self.step *= if taken && self.refused { factor.min(1.0) } else { factor };
        if taken {
            self.taken = Some(error);
        }
        self.refused = !taken;
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Steps taken and refused over a time of one, with an error of `size(t) step^5`.
    fn cost(size: impl Fn(f64) -> f64, first: f64) -> (usize, usize) {
        let mut control = Control::first(first);
        let (mut t, mut taken, mut refused) = (0.0, 0, 0);
        while t < 1.0 {
            let step = control.step;
            if control.judge(size(t) * step.powi(5)) {
                t += step;
                taken += 1;
            } else {
                refused += 1;
            }
            assert!(taken + refused < 10_000, "the walk arrives");
        }
        (taken, refused)
    }

    #[test]
    fn steps_settle_where_they_are_aimed_from_any_first_step() {
        for first in [1e-6, 1e-3, 0.1, 1.0] {
            // a step of 0.01 has an error of 0.4
            let (taken, refused) = cost(|_| 4e9, first);
            assert!((95..115).contains(&taken), "{taken} steps from {first}");
            assert!(refused <= 2, "{refused} refused from {first}");
        }
    }

    #[test]
    fn an_error_that_comes_and_goes_costs_few_refusals() {
        let (taken, refused) = cost(|t| 4e9 * (2.0 * (20.0 * t).sin()).exp(), 0.01);
        assert!(20 * refused < taken && taken < 120, "{refused} refused, {taken} taken");
    }

    #[test]
    fn what_is_no_number_is_refused_and_shortens_the_step() {
        for error in [f64::NAN, f64::INFINITY] {
            let mut control = Control::first(0.5);
            assert!(!control.judge(error));
            assert!((control.step - 0.05).abs() < 1e-12, "{}", control.step);
        }
    }
}
