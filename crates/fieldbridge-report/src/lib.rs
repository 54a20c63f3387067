//! Figures and the self-contained HTML report of a run.
//!
//! Plain numbers go in; strings and bytes come out, and the caller decides where they are written:
//!
//! * a figure is a struct with public fields; `svg(theme)` draws it. [`Theme::Light`] gives a stand-alone picture for
//!   the disk, [`Theme::Page`] one whose colours follow the report around it;
//! * [`png()`] turns a stand-alone picture into a PNG file, with a font carried by this crate; [`animated_png`] several
//!   into one that moves;
//! * [`Report::html`] writes one page that needs nothing from the network.
//!
//! Values that cannot be drawn (NaN, infinities) are skipped; a figure without any drawable value says "no data".
//!
//! ```
//! use fieldbridge_report::{Block, Curve, LossCurve, Report, Section, Theme, png};
//!
//! let losses = LossCurve {
//!     training: Curve::new("training", vec![1.0, 2.0, 3.0], vec![0.9, 0.5, 0.4]),
//!     validation: Curve::new("validation", vec![1.0, 3.0], vec![0.8, 0.45]),
//!     best_step: Some(3.0),
//!     ..LossCurve::default()
//! };
//! let picture = png(&losses.svg(Theme::Light), 920)?;
//! assert_eq!(&picture[1..4], b"PNG");
//!
//! let report = Report {
//!     title: "A run".to_owned(),
//!     sections: vec![Section::new("Training", vec![Block::figure("loss", "Loss against step.", losses.svg(Theme::Page))])],
//!     ..Report::default()
//! };
//! assert!(report.html().starts_with("<!doctype html>"));
//! # Ok::<(), fieldbridge_report::ReportError>(())
//! ```

mod drawing;
mod error;
mod figure;
mod number;
mod palette;
mod png;
mod report;
mod theme;

pub use drawing::Axis;
pub use error::ReportError;
pub use figure::{
    Corner, CoverageCurve, Curve, CurveBand, CurveStyle, EcdfDifference, Histogram, LineChart, LossCurve, Mark,
    PairedHistograms, PairedPanel, PosteriorGallery, PosteriorPanel, PredictedAgainstTruth, RankHistogram,
    ResidualScale, SampleSet, SkyMap, SkyMaps, TimeSlices,
};
pub use number::{format_count, format_number, format_with_error};
pub use png::{animated_png, png};
pub use report::{Block, NoticeKind, Report, Section, Tone, Verdict};
pub use theme::Theme;
