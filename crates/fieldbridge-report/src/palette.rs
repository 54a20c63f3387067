//! At most 256 colours for pictures that have few: files of a third of the size.

use std::collections::HashMap;

/// Most colours of an indexed PNG.
const MOST: usize = 256;

type Colour = [u8; 3];

/// The most frequent colours of some pictures, the others replaced by the nearest of them. Flat figures have a dozen
/// colours and the shades of their edges.
pub(crate) struct Palette {
    colours: Vec<Colour>,
    places: HashMap<Colour, u8>,
}

impl Palette {
    /// Of opaque pictures, each a row of red, green, blue and opacity.
    pub(crate) fn of<'a>(pictures: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut counts: HashMap<Colour, usize> = HashMap::new();
        for pixels in pictures {
            for colour in colours(pixels) {
                *counts.entry(colour).or_default() += 1;
            }
        }
        let mut ordered: Vec<(Colour, usize)> = counts.into_iter().collect();
        ordered.sort_by_key(|&(colour, count)| (std::cmp::Reverse(count), colour));
        let colours: Vec<Colour> = ordered.iter().take(MOST).map(|&(colour, _)| colour).collect();
        let nearest = |wanted: Colour| {
            let distance = |colour: &Colour| -> i32 {
                let each = colour.iter().zip(wanted);
                each.map(|(&one, other)| (i32::from(one) - i32::from(other)).pow(2))
                    .sum()
            };
            let found = (0..colours.len()).min_by_key(|&place| distance(&colours[place]));
            found.expect("a picture has a colour") as u8
        };
        let places = ordered.iter().map(|&(colour, _)| (colour, nearest(colour))).collect();
        Self { colours, places }
    }

    /// Red, green and blue of all colours.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.colours.concat()
    }

    /// The picture by the places of its colours.
    pub(crate) fn places(&self, pixels: &[u8]) -> Vec<u8> {
        colours(pixels).map(|colour| self.places[&colour]).collect()
    }
}

fn colours(pixels: &[u8]) -> impl Iterator<Item = Colour> {
    // colours are stored times their opacity, which is below one where the last row is cut
    let whole = |colour: u8, opacity: u8| (255 * u16::from(colour) / u16::from(opacity).max(1)).min(255) as u8;
    let opaque = move |pixel: &[u8]| match pixel[3] {
        255 => [pixel[0], pixel[1], pixel[2]],
        opacity => [pixel[0], pixel[1], pixel[2]].map(|colour| whole(colour, opacity)),
    };
    pixels.chunks_exact(4).map(opaque)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_row_has_the_colour_of_its_ground() {
        let pixels = [255, 255, 255, 255, 128, 128, 128, 128];
        let palette = Palette::of(std::iter::once(&pixels[..]));
        assert_eq!((palette.bytes(), palette.places(&pixels)), (vec![255; 3], vec![0, 0]));
    }

    #[test]
    fn few_colours_stay_and_rare_ones_take_the_nearest() {
        let common: Vec<u8> = (0..MOST).flat_map(|place| [place as u8, 0, 0, 255].repeat(2)).collect();
        let mut all = common.clone();
        all.extend([7, 3, 0, 255]);
        let palette = Palette::of(std::iter::once(all.as_slice()));
        let bytes = palette.bytes();
        let back: Vec<u8> = palette
            .places(&all)
            .iter()
            .flat_map(|&place| bytes[3 * usize::from(place)..3 * usize::from(place) + 3].to_vec())
            .collect();
        let wanted: Vec<u8> = colours(&common).flatten().chain([7, 0, 0]).collect();
        assert_eq!(back, wanted);
    }
}
