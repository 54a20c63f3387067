use super::{axis::Scale, text_width::text_width};
use crate::number::{superscript, without_trailing_zeros};

/// Places and labels of the ticks of one axis.
pub(crate) struct Ticks {
    /// Value and label of each labelled tick.
    pub(crate) major: Vec<(f64, String)>,
    /// Values between them, drawn as short strokes.
    pub(crate) minor: Vec<f64>,
    /// The labels are to be multiplied by ten to this power; zero for plain numbers.
    pub(crate) exponent: i32,
}

impl Ticks {
    /// The densest readable ticks on an axis of `length` pixels. Labels stand side by side (`along`) or one above the
    /// other; neighbouring labels keep a distance of about one character.
    pub(crate) fn new(scale: &Scale, length: f64, font_size: f64, along: bool) -> Self {
        if scale.logarithmic && scale.high / scale.low >= 8.0 {
            return Self::decades(scale, length, font_size, along);
        }
        let densest = if along {
            length / (3.2 * font_size)
        } else {
            length / (2.4 * font_size)
        };
        let fits = |ticks: &Self| {
            let places: Vec<(f64, f64)> = (ticks.major.iter())
                .filter_map(|(value, label)| Some((scale.fraction(*value)? * length, text_width(label, font_size))))
                .collect();
            places.windows(2).all(|pair| {
                let distance = pair[1].0 - pair[0].0;
                if along {
                    distance - 0.5 * (pair[0].1 + pair[1].1) >= 0.8 * font_size
                } else {
                    distance >= 1.5 * font_size
                }
            })
        };
        let mut wanted = densest.clamp(2.0, 8.0).floor();
        let mut ticks = Self::linear(scale, wanted);
        while wanted > 1.0 && !fits(&ticks) {
            wanted -= 1.0;
            ticks = Self::linear(scale, wanted);
        }
        // One or two labels do not show a scale; more are taken if there is any room.
        for more in 1..=8 {
            if ticks.major.len() >= 3 {
                break;
            }
            let denser = Self::linear(scale, wanted + f64::from(more));
            if fits(&denser) {
                ticks = denser;
            }
        }
        ticks
    }

    /// Multiples of 1, 2 or 5 times a power of ten, about `wanted` of them.
    fn linear(scale: &Scale, wanted: f64) -> Self {
        let rough = (scale.high - scale.low) / wanted.max(1.0);
        let power = rough.log10().floor() as i32;
        let unit = 10f64.powi(power);
        let (multiple, parts) = match rough / unit {
            ratio if ratio <= 1.0 => (1.0, 5),
            ratio if ratio <= 2.0 => (2.0, 4),
            ratio if ratio <= 5.0 => (5.0, 5),
            _ => (10.0, 5),
        };
        let step = multiple * unit;
        let largest = scale.low.abs().max(scale.high.abs());
        let magnitude = largest.log10().floor() as i32;
        let exponent = if (-3..5).contains(&magnitude) { 0 } else { magnitude };
        // Digits after the point that tell neighbouring ticks apart, once the common power of ten is taken out.
        let step_power = step.log10().floor() as i32;
        let decimals = (exponent - step_power).clamp(0, 12) as usize;
        let inside = |value: f64| {
            scale
                .fraction(value)
                .is_some_and(|place| (-1e-9..=1.0 + 1e-9).contains(&place))
        };
        let multiples = |spacing: f64| {
            let first = (scale.low / spacing).ceil() as i64 - 1;
            (0..400)
                .map(move |index| (first + index) as f64 * spacing)
                .take_while(move |&value| value <= scale.high + spacing)
        };
        let label = |value: f64| {
            let shown = value / 10f64.powi(exponent);
            let text = format!("{:.decimals$}", shown.abs());
            let is_zero = text.chars().all(|character| matches!(character, '0' | '.'));
            if shown < 0.0 && !is_zero {
                format!("−{text}")
            } else {
                text
            }
        };
        let major: Vec<(f64, String)> = multiples(step)
            .filter(|&value| inside(value))
            .map(|value| (value, label(value)))
            .collect();
        let minor = multiples(step / f64::from(parts))
            .filter(|&value| inside(value))
            .collect();
        Self { major, minor, exponent }
    }

    /// Powers of ten, thinned until their labels fit.
    fn decades(scale: &Scale, length: f64, font_size: f64, along: bool) -> Self {
        let (first, last) = (scale.low.log10().ceil() as i32, scale.high.log10().floor() as i32);
        let plain = first >= -2 && last <= 4;
        let label = |power: i32| match (plain, power) {
            (true, 0..) => format!("{}", 10i64.pow(power.unsigned_abs())),
            (true, _) => without_trailing_zeros(&format!("{:.2}", 10f64.powi(power))).to_owned(),
            (false, 0) => "1".to_owned(),
            (false, _) => format!("10{}", superscript(power)),
        };
        let widest = (first..=last)
            .map(|power| text_width(&label(power), font_size))
            .fold(0.0, f64::max);
        let room = if along { widest + font_size } else { 1.6 * font_size };
        let decade = length / (scale.high.log10() - scale.low.log10());
        let every = ((room / decade).ceil() as i32).max(1);
        let major: Vec<(f64, String)> = (first..=last)
            .filter(|power| power.rem_euclid(every) == 0)
            .map(|power| (10f64.powi(power), label(power)))
            .collect();
        let minor = if decade < 12.0 {
            Vec::new()
        } else {
            (first - 1..=last)
                .flat_map(|power| (2..10).map(move |digit| f64::from(digit) * 10f64.powi(power)))
                .filter(|value| (scale.low..=scale.high).contains(value))
                .collect()
        };
        Self {
            major,
            minor,
            exponent: 0,
        }
    }
}
