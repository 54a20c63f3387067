//! Numbers as a reader expects them.

/// Writes a value with its standard error, both rounded to the second significant digit of the error.
///
/// ```
/// use fieldbridge_report::format_with_error;
/// assert_eq!(format_with_error(1.2345, 0.012), "1.234 ± 0.012");
/// assert_eq!(format_with_error(-0.5, 0.25), "−0.50 ± 0.25");
/// assert_eq!(format_with_error(1234.5, 56.0), "1234 ± 56");
/// assert_eq!(format_with_error(3.0e-7, 2.0e-8), "(3.00 ± 0.20) × 10⁻⁷");
/// assert_eq!(format_with_error(2.0, f64::NAN), "2");
/// ```
///
/// An error that is zero, negative or not finite is left out; a value that is not finite is written as a dash.
pub fn format_with_error(value: f64, error: f64) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    if !error.is_finite() || error <= 0.0 {
        return format_number(value);
    }
    let largest = value.abs().max(error);
    let exponent = largest.log10().floor() as i32;
    if (-4..6).contains(&exponent) {
        let decimals = decimals_of_error(error);
        let sign = if value < 0.0 { "−" } else { "" };
        format!("{sign}{:.decimals$} ± {error:.decimals$}", value.abs())
    } else {
        // Two steps, because 10^exponent alone leaves the range of f64 at its ends.
        let scaled = |number: f64| number / 10f64.powi(exponent / 2) / 10f64.powi(exponent - exponent / 2);
        let decimals = decimals_of_error(scaled(error)).min(6);
        let sign = if value < 0.0 { "−" } else { "" };
        let (value, error) = (scaled(value.abs()), scaled(error));
        format!(
            "({sign}{value:.decimals$} ± {error:.decimals$}) × 10{}",
            superscript(exponent)
        )
    }
}

/// Decimals that keep two significant digits of a positive error.
fn decimals_of_error(error: f64) -> usize {
    // an error of zero has an exponent of minus infinity, cast to the smallest integer
    1_i32.saturating_sub(error.log10().floor() as i32).clamp(0, 12) as usize
}

/// Writes a number with at most four significant digits, a true minus sign and, far from one, a power of ten.
///
/// ```
/// use fieldbridge_report::format_number;
/// assert_eq!(format_number(0.123456), "0.1235");
/// assert_eq!(format_number(-3.0), "−3");
/// assert_eq!(format_number(1.5e9), "1.5 × 10⁹");
/// ```
pub fn format_number(value: f64) -> String {
    if value.is_nan() {
        return "–".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 {
            "∞".to_owned()
        } else {
            "−∞".to_owned()
        };
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    // The standard formatter rounds correctly and reports the exponent after rounding.
    let scientific = format!("{:.3e}", value.abs());
    let (digits, exponent) = scientific.split_once('e').expect("the e-format always holds an e");
    let exponent: i32 = exponent.parse().expect("the e-format always ends in an integer");
    let sign = if value < 0.0 { "−" } else { "" };
    if (-4..6).contains(&exponent) {
        let decimals = (3 - exponent).max(0) as usize;
        format!(
            "{sign}{}",
            without_trailing_zeros(&format!("{:.decimals$}", value.abs()))
        )
    } else {
        format!("{sign}{} × 10{}", without_trailing_zeros(digits), superscript(exponent))
    }
}

/// Drops zeros that follow the decimal point and carry no information.
pub(crate) fn without_trailing_zeros(text: &str) -> &str {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        text
    }
}

/// An integer in superscript characters.
pub(crate) fn superscript(exponent: i32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    exponent
        .to_string()
        .chars()
        .map(|character| character.to_digit(10).map_or('⁻', |digit| DIGITS[digit as usize]))
        .collect()
}

/// A count with a comma between groups of three digits.
pub fn format_count(count: usize) -> String {
    let digits = count.to_string();
    let mut written = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            written.push(',');
        }
        written.push(digit);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_stand_before_every_third_digit_from_the_end() {
        let written = [0, 12, 999, 1000, 12_345, 1_234_567].map(format_count);
        assert_eq!(written, ["0", "12", "999", "1,000", "12,345", "1,234,567"]);
    }

    #[test]
    fn any_pair_of_numbers_is_written() {
        let numbers = [
            0.0,
            1.0,
            -1e-300,
            5e-324,
            f64::MAX,
            f64::MIN,
            f64::INFINITY,
            f64::NAN,
            999.96,
            1e6,
        ];
        for value in numbers {
            for error in numbers {
                let text = format_with_error(value, error);
                assert!(!text.is_empty() && text.len() < 60, "{value} and {error}: {text}");
            }
        }
    }
}
