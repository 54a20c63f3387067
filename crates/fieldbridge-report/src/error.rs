use thiserror::Error;

/// What can go wrong while a figure is turned into pixels.
///
/// Drawing figures and writing HTML cannot fail: values that cannot be drawn (NaN, infinities) are skipped.
#[derive(Debug, Error)]
pub enum ReportError {
    /// The string is not an SVG document the rasteriser can read.
    #[error("the figure is not a readable SVG document ({reason}); pass the string returned by a figure's `svg`")]
    UnreadableSvg {
        /// What the SVG reader said.
        reason: String,
    },
    /// The figure takes its colours from the page around it and would come out black.
    #[error(
        "the figure was drawn with `Theme::Page`, whose colours live in the report's style sheet; \
         expected `Theme::Light` or `Theme::Dark` for a stand-alone picture"
    )]
    ColoursOutsideFigure,
    /// The picture asked for is empty or too large to hold.
    #[error("a picture of {width} x {height} pixels was asked for; expected a width from 1 to {maximum} pixels")]
    PictureSize {
        /// Width asked for, in pixels.
        width: u32,
        /// Height that follows from the shape of the figure, in pixels.
        height: u32,
        /// Largest side that is accepted, in pixels.
        maximum: u32,
    },
    /// The frames do not make an animation.
    #[error("the animation cannot be made: {reason}")]
    Frames {
        /// What is wrong with them.
        reason: String,
    },
    /// The PNG encoder failed.
    #[error("the picture could not be encoded as PNG: {reason}")]
    Encoding {
        /// What the encoder said.
        reason: String,
    },
}
