//! From SVG to pixels, with the one font the crate carries.

use std::sync::{Arc, LazyLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb::Database};

use crate::error::ReportError;

/// DejaVu Sans reduced to Latin, Greek and mathematical signs; its licence is beside it.
const FONT: &[u8] = include_bytes!("../fonts/DejaVuSans-subset.ttf");

/// Largest accepted side of a picture, in pixels.
const LARGEST_SIDE: u32 = 8192;

/// Read once: every figure uses the same font, and none depends on what the machine has installed.
static FONTS: LazyLock<Arc<Database>> = LazyLock::new(|| {
    let mut database = Database::new();
    database.load_font_data(FONT.to_vec());
    Arc::new(database)
});

/// Draws a stand-alone figure as a PNG file of the given width; the height follows from its shape.
///
/// The same string gives the same bytes on every machine: the font is embedded in the crate.
///
/// # Errors
/// [`ReportError::UnreadableSvg`] if the string is not SVG, [`ReportError::ColoursOutsideFigure`] if it was drawn with
/// [`Theme::Page`](crate::Theme::Page), [`ReportError::PictureSize`] if a side is zero or above 8192 pixels.
pub fn png(svg: &str, width_px: u32) -> Result<Vec<u8>, ReportError> {
    if svg.contains(crate::drawing::PAGE_MARK) {
        return Err(ReportError::ColoursOutsideFigure);
    }
    let options = Options {
        fontdb: Arc::clone(&FONTS),
        font_family: "DejaVu Sans".to_owned(),
        ..Options::default()
    };
    let tree = Tree::from_str(svg, &options).map_err(|error| ReportError::UnreadableSvg {
        reason: error.to_string(),
    })?;
    let scale = width_px as f32 / tree.size().width();
    let height_px = (tree.size().height() * scale).round() as u32;
    let size = || ReportError::PictureSize {
        width: width_px,
        height: height_px,
        maximum: LARGEST_SIDE,
    };
    if width_px > LARGEST_SIDE || height_px > LARGEST_SIDE {
        return Err(size());
    }
    let mut picture = Pixmap::new(width_px, height_px).ok_or_else(size)?;
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut picture.as_mut());
    picture.encode_png().map_err(|error| ReportError::Encoding {
        reason: error.to_string(),
    })
}
