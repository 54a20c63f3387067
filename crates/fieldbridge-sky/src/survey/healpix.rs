//! Equal-area pixels of the sphere (Gorski et al. 2005, arXiv:astro-ph/0409513).

#[cfg(test)]
mod tests;

use std::f64::consts::{FRAC_PI_2, PI};

use crate::SkyError;

/// Order in which pixels are numbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PixelOrder {
    /// Along rings of equal latitude, from north to south.
    Ring,
    /// By position in quarters of quarters of the twelve faces.
    Nested,
}

/// HEALPix pixels: the sphere in twelve faces of `nside` by `nside` pixels of equal area.
///
/// Directions are unit vectors; `z` points to the north pole, `x` to longitude zero on the equator.
///
/// ```
/// use fieldbridge_sky::survey::{Healpix, PixelOrder};
///
/// let sphere = Healpix::new(64, PixelOrder::Ring)?;
/// assert_eq!(sphere.pixels(), 49_152);
/// assert!((sphere.pixel_arcmin() - 54.97).abs() < 0.01);
/// assert_eq!(sphere.pixel_of(sphere.direction_of(4711)), 4711);
/// # Ok::<(), fieldbridge_sky::SkyError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Healpix {
    nside: u64,
    order: PixelOrder,
}

/// A pixel by face and place on it.
struct Place {
    face: u64,
    x: u64,
    y: u64,
}

/// Ring of the southern corner of a face, in units of `nside`.
const CORNER: [u64; 12] = [2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4];
/// Longitude of a face, in eighths of a turn.
const EIGHTH: [u64; 12] = [1, 3, 5, 7, 0, 2, 4, 6, 1, 3, 5, 7];

/// A ring: pixels before it, a quarter of its pixels, whether the centre of its first pixel is at longitude zero, and `z`.
struct Ring {
    before: u64,
    quarter: u64,
    at_zero: bool,
    z: f64,
}

impl Healpix {
    /// The sphere with `nside` pixels along the side of a face, in an order.
    ///
    /// # Errors
    /// [`SkyError::Survey`] for zero or more than `2^29`, or not a power of two in nested order.
    pub fn new(nside: u64, order: PixelOrder) -> Result<Self, SkyError> {
        let refused = |expected, hint| {
            Err(SkyError::Survey {
                name: "NSIDE of HEALPix",
                value: nside as f64,
                expected,
                hint,
            })
        };
        if nside == 0 || nside > 1 << 29 {
            return refused("1 to 2^29", "look at the keyword NSIDE of the file");
        }
        if order == PixelOrder::Nested && !nside.is_power_of_two() {
            return refused("a power of two in nested order", "the order may be RING");
        }
        Ok(Self { nside, order })
    }

    /// Number of pixels, `12 nside^2`.
    #[must_use]
    pub fn pixels(&self) -> u64 {
        12 * self.nside * self.nside
    }

    /// Root of the area of a pixel, arc minutes.
    #[must_use]
    pub fn pixel_arcmin(&self) -> f64 {
        (4.0 * PI / self.pixels() as f64).sqrt().to_degrees() * 60.0
    }

    /// The pixel that a direction, a vector of any length, lies in.
    #[must_use]
    pub fn pixel_of(&self, [x, y, z]: [f64; 3]) -> u64 {
        let length = (x * x + y * y + z * z).sqrt();
        let place = self.place_of(z / length, x.hypot(y) / length, y.atan2(x));
        match self.order {
            PixelOrder::Nested => place.face * self.nside * self.nside + spread(place.x) + 2 * spread(place.y),
            PixelOrder::Ring => {
                let across = CORNER[place.face as usize] * self.nside - place.x - place.y - 1;
                let ring = self.ring(across);
                // in eighths of a turn over `quarter`, with a whole turn more so that it is positive
                let eighths = (EIGHTH[place.face as usize] + 8) * ring.quarter + place.x - place.y;
                ring.before + (eighths - u64::from(!ring.at_zero)) / 2 % (4 * ring.quarter)
            }
        }
    }

    /// Direction of the centre of a pixel.
    ///
    /// # Panics
    /// When there is no such pixel.
    #[must_use]
    pub fn direction_of(&self, pixel: u64) -> [f64; 3] {
        assert!(pixel < self.pixels(), "there are {} pixels", self.pixels());
        let (across, eighths) = match self.order {
            PixelOrder::Nested => {
                let area = self.nside * self.nside;
                let (face, inside) = (pixel / area, pixel % area);
                let (x, y) = (gather(inside), gather(inside >> 1));
                let across = CORNER[face as usize] * self.nside - x - y - 1;
                let quarter = self.ring(across).quarter;
                (across, ((EIGHTH[face as usize] + 8) * quarter + x - y) as f64)
            }
            PixelOrder::Ring => {
                let across = self.ring_of(pixel);
                let ring = self.ring(across);
                let along = 2 * (pixel - ring.before) + u64::from(!ring.at_zero);
                (across, along as f64)
            }
        };
        let ring = self.ring(across);
        let longitude = 0.5 * FRAC_PI_2 * eighths / ring.quarter as f64;
        let across = ((1.0 - ring.z) * (1.0 + ring.z)).sqrt();
        [across * longitude.cos(), across * longitude.sin(), ring.z]
    }

    /// A ring, counted from 1 in the north.
    fn ring(&self, number: u64) -> Ring {
        let (n, all) = (self.nside, self.pixels());
        let cap = |quarter: u64| (quarter * quarter) as f64 / (3 * n * n) as f64;
        if number < n {
            Ring {
                before: 2 * number * (number - 1),
                quarter: number,
                at_zero: false,
                z: 1.0 - cap(number),
            }
        } else if number > 3 * n {
            let quarter = 4 * n - number;
            Ring {
                before: all - 2 * quarter * (quarter + 1),
                quarter,
                at_zero: false,
                z: cap(quarter) - 1.0,
            }
        } else {
            Ring {
                before: 2 * n * (n - 1) + (number - n) * 4 * n,
                quarter: n,
                at_zero: (number - n) % 2 == 1,
                z: 2.0 * (2.0 * n as f64 - number as f64) / (3 * n) as f64,
            }
        }
    }

    /// The ring of a pixel in ring order.
    fn ring_of(&self, pixel: u64) -> u64 {
        let (mut low, mut high) = (1, 4 * self.nside - 1);
        while low < high {
            let middle = (low + high).div_ceil(2);
            if self.ring(middle).before <= pixel {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        low
    }

    /// Face and place of a height `z`, the distance `across` from the axis and a longitude.
    fn place_of(&self, z: f64, across: f64, longitude: f64) -> Place {
        let (n, side) = (self.nside, self.nside as f64);
        let quarters = (longitude / FRAC_PI_2).rem_euclid(4.0);
        if z.abs() <= 2.0 / 3.0 {
            let (middle, tilt) = (side * (0.5 + quarters), side * z * 0.75);
            let (rising, falling) = ((middle - tilt) as u64, (middle + tilt) as u64);
            let (first, second) = (rising / n, falling / n);
            let face = match first.cmp(&second) {
                std::cmp::Ordering::Equal => (first % 4) + 4,
                std::cmp::Ordering::Less => first % 4,
                std::cmp::Ordering::Greater => second % 4 + 8,
            };
            return Place {
                face,
                x: falling % n,
                y: n - rising % n - 1,
            };
        }
        let quarter = (quarters as u64).min(3);
        let inside = quarters - quarter as f64;
        // sqrt(3 (1 - |z|)) without loss of digits at the poles
        let radius = side * across * (3.0 / (1.0 + z.abs())).sqrt();
        let rising = ((inside * radius) as u64).min(n - 1);
        let falling = (((1.0 - inside) * radius) as u64).min(n - 1);
        if z > 0.0 {
            Place {
                face: quarter,
                x: n - falling - 1,
                y: n - rising - 1,
            }
        } else {
            Place {
                face: quarter + 8,
                x: rising,
                y: falling,
            }
        }
    }
}

/// The bits of a number on even places.
fn spread(number: u64) -> u64 {
    (0..32).fold(0, |bits, bit| bits | (number >> bit & 1) << (2 * bit))
}

/// The number whose bits these are.
fn gather(bits: u64) -> u64 {
    (0..32).fold(0, |number, bit| number | (bits >> (2 * bit) & 1) << bit)
}
