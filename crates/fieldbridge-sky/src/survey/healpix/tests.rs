//! Pixels against those of another program.

use super::*;

/// Pixels by healpy: see `tests/tables/healpix.py`.
const TABLE: &str = include_str!("../../../tests/tables/healpix.csv");

#[test]
fn pixels_and_centres_are_those_of_healpy() {
    let mut rows = 0;
    for line in TABLE.lines().filter(|line| !line.starts_with(['#', 'n'])) {
        let numbers: Vec<f64> = line.split(',').map(|number| number.parse().unwrap()).collect();
        let &[nside, x, y, z, ring, nested, ref centres @ ..] = numbers.as_slice() else {
            panic!("{line}");
        };
        let sphere = Healpix::new(nside as u64, PixelOrder::Ring).unwrap();
        assert_eq!(sphere.pixel_of([x, y, z]), ring as u64, "{line}");
        let near = |found: [f64; 3]| found.iter().zip(centres).all(|(a, b)| (a - b).abs() < 1e-12);
        assert!(near(sphere.direction_of(ring as u64)), "{line}");
        if nested >= 0.0 {
            let sphere = Healpix::new(nside as u64, PixelOrder::Nested).unwrap();
            assert_eq!(sphere.pixel_of([2.0 * x, 2.0 * y, 2.0 * z]), nested as u64, "{line}");
            assert!(near(sphere.direction_of(nested as u64)), "{line}");
        }
        rows += 1;
    }
    assert!(rows > 100, "{rows}");
}

#[test]
fn every_pixel_holds_its_centre() {
    for order in [PixelOrder::Ring, PixelOrder::Nested] {
        for nside in [1, 2, 8, 16] {
            let sphere = Healpix::new(nside, order).unwrap();
            for pixel in 0..sphere.pixels() {
                assert_eq!(sphere.pixel_of(sphere.direction_of(pixel)), pixel, "{order:?} {nside}");
            }
        }
    }
}

#[test]
fn impossible_spheres_are_refused() {
    for (nside, order) in [
        (0, PixelOrder::Ring),
        (6, PixelOrder::Nested),
        (1 << 30, PixelOrder::Nested),
    ] {
        let error = Healpix::new(nside, order).unwrap_err().to_string();
        assert!(error.contains("NSIDE") && error.contains(&nside.to_string()), "{error}");
    }
    assert_eq!(Healpix::new(6, PixelOrder::Ring).unwrap().pixels(), 432);
}
