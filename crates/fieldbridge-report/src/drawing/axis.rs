use super::sample::is_drawable;

/// What one axis shows. Units belong into the label: `"redshift z"`, `"k [h/Mpc]"`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Axis {
    /// Name and unit, written along the axis.
    pub label: String,
    /// Whether decades take equal space; values at or below zero are then not drawn.
    pub logarithmic: bool,
    /// First and last value shown; `None` fits the axis to the data.
    pub range: Option<(f64, f64)>,
}

impl Axis {
    /// A linear axis that fits its data.
    pub fn linear(label: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            logarithmic: false,
            range: None,
        }
    }

    /// A logarithmic axis that fits its data.
    pub fn logarithmic(label: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            logarithmic: true,
            range: None,
        }
    }

    /// The same axis from `low` to `high`.
    #[must_use]
    pub fn with_range(mut self, low: f64, high: f64) -> Self {
        self.range = Some((low, high));
        self
    }

    /// The scale for this axis: its own range if it is usable, else that of the values widened by `padding` of itself.
    pub(crate) fn scale(&self, values: impl Iterator<Item = f64>, padding: f64) -> Scale {
        let usable = |value: f64| is_drawable(value) && (!self.logarithmic || value > 0.0);
        if let Some((low, high)) = self.range
            && usable(low)
            && usable(high)
            && low < high
        {
            return Scale::new(low, high, self.logarithmic);
        }
        let extremes = values
            .filter(|&value| usable(value))
            .fold(None, |range: Option<(f64, f64)>, value| {
                Some(range.map_or((value, value), |(low, high)| (low.min(value), high.max(value))))
            });
        match (extremes, self.logarithmic) {
            (None, false) => Scale::new(0.0, 1.0, false),
            (None, true) => Scale::new(0.1, 10.0, true),
            (Some((low, high)), false) => {
                let margin = padding * (high - low);
                Scale::new(low - margin, high + margin, false)
            }
            (Some((low, high)), true) => {
                let factor = (high / low).powf(padding).min(1e10);
                Scale::new(low / factor, high * factor, true)
            }
        }
    }
}

/// Maps values of an axis to fractions of its length.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scale {
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) logarithmic: bool,
}

impl Scale {
    /// A scale of non-zero length around the two values.
    pub(crate) fn new(low: f64, high: f64, logarithmic: bool) -> Self {
        if logarithmic {
            // The ends keep clear of those of f64, where quotients and powers of ten overflow.
            let (low, high) = (low.clamp(1e-300, 1e300), high.clamp(1e-300, 1e300));
            if high / low < 1.05 {
                return Self {
                    low: low / 2.0,
                    high: high * 2.0,
                    logarithmic,
                };
            }
            return Self { low, high, logarithmic };
        }
        // Below this relative width the labels of neighbouring ticks would be the same number.
        let (low, high) = (low.clamp(-1e300, 1e300), high.clamp(-1e300, 1e300));
        let least = (1e-6 * low.abs().max(high.abs())).max(1e-290);
        if high - low > least {
            return Self { low, high, logarithmic };
        }
        let half = if least > 1e-290 {
            0.1 * low.abs().max(high.abs())
        } else {
            0.5
        };
        let centre = 0.5 * low + 0.5 * high;
        Self {
            low: centre - half,
            high: centre + half,
            logarithmic,
        }
    }

    /// Position of a value, 0 at the low end and 1 at the high end; `None` if it has no place on the axis.
    pub(crate) fn fraction(&self, value: f64) -> Option<f64> {
        if !is_drawable(value) || (self.logarithmic && value <= 0.0) {
            return None;
        }
        Some(if self.logarithmic {
            (value.ln() - self.low.ln()) / (self.high.ln() - self.low.ln())
        } else {
            (value - self.low) / (self.high - self.low)
        })
    }
}
