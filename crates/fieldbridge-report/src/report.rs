//! The report as plain data, and the one page it becomes.

mod html;
mod style;

/// Everything one report says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    /// What was done.
    pub title: String,
    /// One line below it: recipe, data, date.
    pub subtitle: String,
    /// What the checks conclude, shown first.
    pub verdict: Option<Verdict>,
    /// The body; its titles become the table of contents.
    pub sections: Vec<Section>,
    /// Small print at the end, such as the version of the program.
    pub footer: String,
}

/// The conclusion of the checks.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Verdict {
    /// One word: calibrated, overconfident, underconfident, biased, inconclusive.
    pub word: String,
    /// How good the news is.
    pub tone: Tone,
    /// What the word means here, in one sentence.
    pub sentence: String,
    /// Probability of a result at least this far from calibration if the model were calibrated.
    pub p_value: Option<f64>,
}

/// Colour and sign of a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    /// All is well.
    Good,
    /// Use with care.
    Caution,
    /// Do not use as it is.
    Bad,
    /// Nothing can be said.
    #[default]
    Neutral,
}

/// A titled part of the report.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Section {
    /// Its heading.
    pub title: String,
    /// Its content, in order. Figures that follow one another share rows on a wide screen.
    pub blocks: Vec<Block>,
}

impl Section {
    /// A section.
    pub fn new(title: impl Into<String>, blocks: Vec<Block>) -> Self {
        Self {
            title: title.into(),
            blocks,
        }
    }
}

/// How a notice is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NoticeKind {
    /// Good to know.
    #[default]
    Note,
    /// Limits what may be concluded.
    Warning,
}

/// One piece of a section.
///
/// All texts are escaped. In paragraphs, captions and notices a pair of backticks makes `code`, and a pair of double
/// asterisks makes **strong** text; an empty line starts a new paragraph.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// Prose.
    Paragraph(String),
    /// Rows of cells.
    Table {
        /// What the table shows.
        caption: String,
        /// Heads of the columns.
        header: Vec<String>,
        /// Cells, row by row.
        rows: Vec<Vec<String>>,
        /// Which columns hold numbers and are aligned at the right; missing entries mean text.
        numeric: Vec<bool>,
    },
    /// A figure drawn with [`Theme::Page`](crate::Theme::Page).
    Figure {
        /// Anchor in the page; also the natural file name.
        id: String,
        /// What is seen and what it means.
        caption: String,
        /// The same for those who do not see it; the caption is used if it is empty.
        alt: String,
        /// The figure.
        svg: String,
        /// Another layout of it for narrow screens.
        narrow_svg: Option<String>,
        /// Whether it takes the whole width of the page.
        wide: bool,
    },
    /// A picture of pixels, such as an animation.
    Picture {
        /// Anchor in the page.
        id: String,
        /// What is seen and what it means; also read to those who do not see it.
        caption: String,
        /// A complete PNG or APNG file, which becomes part of the page.
        png: Vec<u8>,
    },
    /// Program text or a file.
    Code {
        /// Its language, such as `toml`.
        language: String,
        /// The text.
        text: String,
    },
    /// Something to take note of.
    Notice {
        /// How it is meant.
        kind: NoticeKind,
        /// What it says.
        text: String,
    },
    /// Names and their values.
    KeyValues(Vec<(String, String)>),
}

impl Block {
    /// A figure that may share its row with another.
    pub fn figure(id: impl Into<String>, caption: impl Into<String>, svg: String) -> Self {
        Self::Figure {
            id: id.into(),
            caption: caption.into(),
            alt: String::new(),
            svg,
            narrow_svg: None,
            wide: false,
        }
    }

    /// A figure over the whole width, with another layout for narrow screens if there is one.
    pub fn wide_figure(
        id: impl Into<String>,
        caption: impl Into<String>,
        svg: String,
        narrow_svg: Option<String>,
    ) -> Self {
        Self::Figure {
            id: id.into(),
            caption: caption.into(),
            alt: String::new(),
            svg,
            narrow_svg,
            wide: true,
        }
    }
}

impl Report {
    /// The report as one HTML page that needs nothing else: no network, no scripts.
    pub fn html(&self) -> String {
        html::page(self)
    }
}
