//! From SVG to pixels, with the one font the crate carries.

use std::sync::{Arc, LazyLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb::Database};

use crate::error::ReportError;
use crate::palette::Palette;

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
    let drawn = picture(svg, width_px)?;
    let palette = Palette::of(std::iter::once(drawn.data()));
    let mut file = Vec::new();
    let mut writer = encoder(&mut file, &drawn, &palette).write_header().map_err(encoding)?;
    writer
        .write_image_data(&palette.places(drawn.data()))
        .map_err(encoding)?;
    writer.finish().map_err(encoding)?;
    Ok(file)
}

/// For pictures of this size with these colours. Stand-alone figures stand on an opaque ground.
fn encoder<'a>(file: &'a mut Vec<u8>, first: &Pixmap, palette: &Palette) -> png::Encoder<'a, &'a mut Vec<u8>> {
    let mut encoder = png::Encoder::new(file, first.width(), first.height());
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(palette.bytes());
    encoder
}

fn encoding(error: impl std::fmt::Display) -> ReportError {
    ReportError::Encoding {
        reason: error.to_string(),
    }
}

/// Most frames of an animation.
const MOST_FRAMES: usize = 1000;

/// Draws stand-alone figures of one size as an animated PNG that repeats without end: every frame is shown for
/// `hundredths` of a second, the last one for a second and a half.
///
/// # Errors
/// As for [`png()`]; [`ReportError::Frames`] without frames, above a thousand, or when their sizes differ.
pub fn animated_png(frames: &[String], width_px: u32, hundredths: u16) -> Result<Vec<u8>, ReportError> {
    let refuse = |reason: String| Err(ReportError::Frames { reason });
    if frames.is_empty() || frames.len() > MOST_FRAMES {
        return refuse(format!("{} frames; expected 1 to {MOST_FRAMES}", frames.len()));
    }
    let drawn: Vec<Pixmap> = frames
        .iter()
        .map(|frame| picture(frame, width_px))
        .collect::<Result<_, _>>()?;
    let size = (drawn[0].width(), drawn[0].height());
    let palette = Palette::of(drawn.iter().map(Pixmap::data));
    let mut file = Vec::new();
    let mut encoder = encoder(&mut file, &drawn[0], &palette);
    encoder.set_compression(png::Compression::High);
    encoder.set_animated(frames.len() as u32, 0).map_err(encoding)?;
    encoder.set_frame_delay(hundredths, 100).map_err(encoding)?;
    let mut writer = encoder.write_header().map_err(encoding)?;
    for (index, drawn) in drawn.iter().enumerate() {
        let found = (drawn.width(), drawn.height());
        if found != size {
            return refuse(format!("frame {index} has {found:?} pixels, the first one {size:?}"));
        }
        if index + 1 == frames.len() {
            writer.set_frame_delay(150, 100).map_err(encoding)?;
        }
        writer
            .write_image_data(&palette.places(drawn.data()))
            .map_err(encoding)?;
    }
    writer.finish().map_err(encoding)?;
    Ok(file)
}

/// The pixels of a stand-alone figure.
fn picture(svg: &str, width_px: u32) -> Result<Pixmap, ReportError> {
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
    Ok(picture)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Theme, TimeSlices};

    fn frames(count: usize) -> Vec<String> {
        let slices = TimeSlices {
            times: (0..count).map(|index| index as f64).collect(),
            points: (0..count).map(|index| vec![(index as f64, 0.0), (0.0, 1.0)]).collect(),
            ..TimeSlices::default()
        };
        (0..count).map(|index| slices.frame(index, Theme::Light)).collect()
    }

    #[test]
    fn an_animation_has_its_frames_and_repeats() {
        let file = animated_png(&frames(3), 200, 5).unwrap();
        let decoder = png::Decoder::new(std::io::Cursor::new(&file));
        let mut reader = decoder.read_info().unwrap();
        let control = *reader.info().animation_control().expect("it is animated");
        assert_eq!((control.num_frames, control.num_plays), (3, 0));
        let mut seen = Vec::new();
        for _ in 0..3 {
            let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
            reader.next_frame(&mut pixels).unwrap();
            seen.push(pixels);
        }
        assert!(seen[0] != seen[1] && seen[1] != seen[2]);
        assert_eq!(file, animated_png(&frames(3), 200, 5).unwrap());
    }

    #[test]
    fn animations_that_cannot_be_are_refused() {
        assert!(matches!(animated_png(&[], 200, 5), Err(ReportError::Frames { .. })));
        let mut odd = frames(1);
        odd.push("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"10\" height=\"90\"/>".to_owned());
        assert!(matches!(animated_png(&odd, 200, 5), Err(ReportError::Frames { .. })));
        assert!(matches!(
            animated_png(&frames(1), 0, 5),
            Err(ReportError::PictureSize { .. })
        ));
    }
}
