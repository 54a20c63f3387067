//! Which times are used.

/// Times from `from` to `to`, in `[0, 1]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// First time, at the base.
    pub from: f64,
    /// Last time, at the data.
    pub to: f64,
}

impl Interval {
    /// All of `[0, 1]`.
    pub const WHOLE: Self = Self { from: 0.0, to: 1.0 };

    /// The first time at which something that stays true has become true; the last time when it never does. Bisection, to
    /// the spacing of single precision.
    pub fn first_time(&self, reached: impl Fn(f64) -> bool) -> f64 {
        let (mut low, mut high) = (self.from, self.to);
        if reached(low) {
            return low;
        }
        for _ in 0..50 {
            let middle = 0.5 * (low + high);
            if reached(middle) {
                high = middle;
            } else {
                low = middle;
            }
        }
        high
    }

    /// A time of the whole `[0, 1]` moved into the interval.
    pub fn clamp(&self, t: f64) -> f64 {
        t.clamp(self.from, self.to)
    }
}
