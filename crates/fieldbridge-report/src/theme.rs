//! Colours. Every drawn element carries a class; a theme says what the classes look like.

/// Where a figure will be seen, and so where its colours come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// A stand-alone picture on white; the one to write to disk and to print.
    #[default]
    Light,
    /// A stand-alone picture on a dark ground.
    Dark,
    /// Inside a [`Report`](crate::Report): transparent, colours follow the page (light, dark, print).
    Page,
}

/// Names of the colours and their values on a light and on a dark ground.
///
/// Series colours follow Okabe and Ito (2008), which stay distinct under the common colour-vision deficiencies;
/// on the dark ground they are lightened to keep a contrast above 3:1.
pub(crate) const COLOURS: [(&str, &str, &str); 12] = [
    ("paper", "#ffffff", "#12171d"),
    ("ink", "#1b1f24", "#e6edf3"),
    ("muted", "#59636e", "#9aa7b4"),
    ("grid", "#e4e7eb", "#262d36"),
    ("axis", "#59636e", "#8b98a5"),
    ("band", "#ccd6e0", "#33414f"),
    ("s0", "#0072b2", "#56b4e9"),
    ("s1", "#d55e00", "#ff9a57"),
    ("s2", "#00815d", "#3ccfa5"),
    ("s3", "#b3599a", "#e3a3c6"),
    ("s4", "#8a6d00", "#f0c64a"),
    ("s5", "#4d4d4d", "#c9d1d9"),
];

/// Number of distinct series colours; more series start again from the first.
pub(crate) const SERIES: usize = 6;

/// Rules shared by every figure; `$name` stands for a colour.
const RULES: &str = ".fb-text{fill:$ink}.fb-muted{fill:$muted}\
.fb-grid{stroke:$grid;stroke-width:1;fill:none}.fb-axis{stroke:$axis;stroke-width:1;fill:none}\
.fb-reference{stroke:$muted;stroke-width:1.2;fill:none;stroke-dasharray:5 4}\
.fb-truth{stroke:$ink;stroke-width:1.6;fill:none}\
.fb-band{fill:$band}.fb-paper{fill:$paper}\
.fb-line{fill:none;stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}\
.fb-thin{fill:none;stroke-width:1.1;stroke-linejoin:round}\
.fb-dashed{stroke-dasharray:6 4}.fb-dotted{stroke-dasharray:1.5 4}";

/// The style sheet of figures, with colours given by `value`.
fn style_sheet(value: impl Fn(&str) -> String) -> String {
    let mut sheet = RULES.to_owned();
    for index in 0..SERIES {
        sheet.push_str(&format!(
            ".fb-s{index}{{stroke:$s{index}}}.fb-f{index}{{fill:$s{index}}}"
        ));
    }
    // Longer names first, so that `$s1` never eats the start of another name.
    let mut names: Vec<&str> = COLOURS.iter().map(|colour| colour.0).collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    for name in names {
        sheet = sheet.replace(&format!("${name}"), &value(name));
    }
    sheet
}

impl Theme {
    /// The style sheet embedded in a stand-alone figure; none for [`Theme::Page`].
    pub(crate) fn embedded_style(self) -> Option<String> {
        let pick = |name: &str, dark: bool| {
            COLOURS
                .iter()
                .find(|colour| colour.0 == name)
                .map(|colour| if dark { colour.2 } else { colour.1 })
                .expect("only names of the table are asked for")
                .to_owned()
        };
        match self {
            Theme::Light => Some(style_sheet(|name| pick(name, false))),
            Theme::Dark => Some(style_sheet(|name| pick(name, true))),
            Theme::Page => None,
        }
    }
}

/// Style sheet of the figures inside a page: the same rules, colours through CSS variables.
pub(crate) fn page_rules() -> String {
    style_sheet(|name| format!("var(--{name})"))
}

/// Declarations of the CSS variables for one ground.
pub(crate) fn page_variables(dark: bool) -> String {
    COLOURS
        .iter()
        .map(|(name, light, night)| format!("--{name}:{};", if dark { night } else { light }))
        .collect()
}
