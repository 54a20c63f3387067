//! Words and numbers that several sections share.

use fieldbridge::bridge::BridgeKind;
pub(super) use fieldbridge_report::format_count as count;
use fieldbridge_report::{Block, NoticeKind, format_number};

use super::ReportInput;

/// A count with its noun: `1 row`, `2,000 rows`.
pub(super) fn counted(number: usize, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

/// A p-value to two digits, as a relation: `= 0.042`, `< 0.0001`.
pub(super) fn p_value(value: f64) -> String {
    match value {
        value if !value.is_finite() => "is not known".to_owned(),
        value if value < 1e-4 => "< 0.0001".to_owned(),
        value if value < 0.001 => format!("= {value:.4}"),
        value if value < 0.1 => format!("= {value:.3}"),
        value => format!("= {value:.2}"),
    }
}

/// A share in percent, with one decimal where it is small.
pub(super) fn percent(share: f64) -> String {
    let value = 100.0 * share;
    if !value.is_finite() {
        "–".to_owned()
    } else if value == 0.0 || value.abs() >= 9.95 {
        format!("{value:.0} %")
    } else if value.abs() < 0.05 {
        "< 0.1 %".to_owned()
    } else {
        format!("{value:.1} %")
    }
}

/// A share with its standard error, both in percent.
pub(super) fn percent_with_error(share: f64, error: f64) -> String {
    if !share.is_finite() {
        return "–".to_owned();
    }
    if !error.is_finite() || error <= 0.0 {
        return percent(share);
    }
    let decimals = 1_i32.saturating_sub((100.0 * error).log10().floor() as i32).clamp(0, 3) as usize;
    format!("({:.decimals$} ± {:.decimals$}) %", 100.0 * share, 100.0 * error)
}

/// A duration as a person says it.
pub(super) fn duration(seconds: f64) -> String {
    match seconds {
        seconds if !seconds.is_finite() || seconds < 0.0 => "not recorded".to_owned(),
        seconds if seconds < 0.095 => format!("{:.0} ms", 1e3 * seconds),
        seconds if seconds < 10.0 => format!("{seconds:.1} s"),
        seconds if seconds < 120.0 => format!("{seconds:.0} s"),
        seconds if seconds < 7200.0 => format!("{:.1} min", seconds / 60.0),
        seconds => format!("{:.1} h", seconds / 3600.0),
    }
}

/// A list in a sentence: `a`, `a and b`, `a, b and c`.
pub(super) fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// A column name as code; a backtick inside it would end the mark.
pub(super) fn code(name: &str) -> String {
    format!("`{}`", name.replace('`', "'"))
}

/// A name with its unit, as axes show it.
pub(super) fn with_unit(name: &str, unit: Option<&str>) -> String {
    match unit.map(str::trim) {
        None | Some("") => name.to_owned(),
        Some(unit) => format!("{name} [{unit}]"),
    }
}

/// An interval of two numbers, or a dash.
pub(super) fn interval(low: f64, high: f64) -> String {
    if low <= high {
        format!("{} … {}", format_number(low), format_number(high))
    } else {
        "–".to_owned()
    }
}

/// A remark.
pub(super) fn note(text: impl Into<String>) -> Block {
    Block::Notice {
        kind: NoticeKind::Note,
        text: text.into(),
    }
}

/// A remark that limits what may be concluded.
pub(super) fn warning(text: impl Into<String>) -> Block {
    Block::Notice {
        kind: NoticeKind::Warning,
        text: text.into(),
    }
}

impl ReportInput {
    /// Whether the model is conditioned on something.
    pub(super) fn is_conditional(&self) -> bool {
        self.manifest.scaling.is_conditional()
    }

    /// Names of the learned columns.
    pub(super) fn targets(&self) -> &[String] {
        &self.manifest.scaling.target.columns
    }

    /// Name of the data file without its folders.
    pub(super) fn file_name(&self) -> &str {
        let file = self.manifest.data.file.as_str();
        file.rsplit(['/', '\\']).next().unwrap_or(file)
    }

    /// Members of the mixture, at least one.
    pub(super) fn members(&self) -> usize {
        self.manifest.training.members.max(1)
    }

    /// The learned density as a formula: `p(z | magnitudes, errors)`; long lists are shortened.
    pub(super) fn formula(&self) -> String {
        let short = |names: Vec<&str>| match names.as_slice() {
            [first, .., last] if names.len() > 8 => format!("{first}, …, {last}"),
            _ => names.join(", "),
        };
        let targets = short(self.targets().iter().map(String::as_str).collect());
        let modalities = self.manifest.scaling.modalities();
        let given = short(modalities.iter().map(|modality| modality.name.as_str()).collect());
        if given.is_empty() {
            code(&format!("p({targets})"))
        } else {
            code(&format!("p({targets} | {given})"))
        }
    }

    /// The bridge with its article: `a neural spline flow`, `an equal mixture of 3 neural spline flows`.
    pub(super) fn bridge_in_words(&self) -> String {
        let (family, trained) = match self.manifest.bridge.kind {
            BridgeKind::SplineFlow => ("neural spline flow", ""),
            BridgeKind::AffineFlow => ("affine flow", ""),
            BridgeKind::ResidualFlow => ("residual flow", ""),
            BridgeKind::ImageFlow => ("image flow", ""),
            BridgeKind::MixtureDensity => ("mixture density network", ""),
            BridgeKind::FlowMatching => ("continuous flow", " trained by flow matching"),
            BridgeKind::Diffusion => ("diffusion model", ""),
            BridgeKind::Interpolant => ("stochastic interpolant", ""),
            BridgeKind::ContinuousFlow => ("continuous flow", " trained by maximum likelihood"),
        };
        match self.members() {
            1 => format!("a {family}{trained}"),
            members => format!("an equal mixture of {members} {family}s{trained}"),
        }
    }

    /// What one answer of the model is called.
    pub(super) fn answer(&self) -> &'static str {
        if self.is_conditional() {
            "posterior"
        } else {
            "distribution"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!([count(0), count(999), count(1_234_567)], ["0", "999", "1,234,567"]);
        assert_eq!([counted(1, "row"), counted(2000, "row")], ["1 row", "2,000 rows"]);
        assert_eq!(
            [p_value(0.412), p_value(0.0421), p_value(3e-9)],
            ["= 0.41", "= 0.042", "< 0.0001"]
        );
        assert_eq!(
            [percent(0.0), percent(0.0234), percent(0.5), percent(1e-5)],
            ["0 %", "2.3 %", "50 %", "< 0.1 %"]
        );
        assert_eq!(percent_with_error(0.0278, 0.0011), "(2.78 ± 0.11) %");
        assert_eq!(
            [duration(0.02), duration(71.2), duration(600.0)],
            ["20 ms", "71 s", "10.0 min"]
        );
    }

    #[test]
    fn lists_and_names_read_well() {
        let words = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(
            [list(&words[..1]), list(&words[..2]), list(&words)],
            ["a", "a and b", "a, b and c"]
        );
        assert_eq!(with_unit("z", Some(" ")), "z");
        assert_eq!(interval(f64::INFINITY, f64::NEG_INFINITY), "–");
        assert_eq!(code("a`b"), "`a'b`");
    }
}
