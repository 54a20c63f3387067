//! The symmetries of a periodic square patch.

use rand::RngExt;

use crate::random::Stream;

/// A whole number of pixels along each side, mirrors of both sides and the exchange of the two: every move of a periodic
/// square grid onto itself. The law of homogeneous, isotropic fields is the same after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PatchSymmetry {
    /// Rows moved.
    pub down: usize,
    /// Columns moved.
    pub right: usize,
    /// Whether rows are mirrored.
    pub rows_mirrored: bool,
    /// Whether columns are mirrored.
    pub columns_mirrored: bool,
    /// Whether rows and columns are exchanged.
    pub exchanged: bool,
}

impl PatchSymmetry {
    /// One of all `8 pixels^2`, each as likely.
    pub fn draw(pixels: usize, stream: &Stream) -> Self {
        let mut random = stream.generator();
        Self {
            down: random.random_range(0..pixels),
            right: random.random_range(0..pixels),
            rows_mirrored: random.random(),
            columns_mirrored: random.random(),
            exchanged: random.random(),
        }
    }

    /// Where the pixel at `(row, column)` of the moved map was.
    fn origin(self, row: usize, column: usize, pixels: usize) -> usize {
        let axis = |place: usize, moved: usize, mirrored: bool| {
            let place = (place + moved) % pixels;
            if mirrored { pixels - 1 - place } else { place }
        };
        let row = axis(row, self.down, self.rows_mirrored);
        let column = axis(column, self.right, self.columns_mirrored);
        match self.exchanged {
            true => column * pixels + row,
            false => row * pixels + column,
        }
    }

    /// The moved map, put at the end of `into`; `map` has `channels` numbers at each of `pixels * pixels` places.
    pub fn apply(self, map: &[f32], pixels: usize, channels: usize, into: &mut Vec<f32>) {
        for row in 0..pixels {
            for column in 0..pixels {
                let at = self.origin(row, column, pixels) * channels;
                into.extend_from_slice(&map[at..at + channels]);
            }
        }
    }
}
