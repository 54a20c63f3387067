//! FITS images: values, axes, and sizes of pixels.

#[allow(dead_code, reason = "every test file uses its own part")]
mod fits_writer;

use std::path::{Path, PathBuf};

use fieldbridge_files::{FileError, FitsKind, FitsUnit, fits_units};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// The only unit of a file with a two by three image and these cards.
fn with_cards(cards: &[fits_writer::Card<'_>]) -> FitsUnit {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.fits");
    let values = [1.0, 2.0, 3.0, f64::NAN, 5.0, 6.0];
    std::fs::write(&path, fits_writer::image(&[2, 3], &values, cards)).unwrap();
    fits_units(&path).unwrap().remove(0)
}

#[test]
fn an_image_by_astropy_has_its_values_and_pixels() {
    let units = fits_units(&fixture("image.fits")).unwrap();
    assert_eq!((units.len(), units[0].kind), (1, FitsKind::Image));
    let array = units[0].read_image().unwrap();
    assert_eq!(array.shape, [2, 3, 4]);
    for (place, value) in array.to_f64().unwrap().into_iter().enumerate() {
        if place == 14 {
            assert!(value.is_nan(), "BLANK is {value}");
        } else {
            assert_eq!(value, 10.0 + 0.5 * place as f64);
        }
    }
    let [x, y] = units[0].pixel_degrees().unwrap().unwrap();
    assert!((x - 0.1).abs() < 1e-14 && (y - 0.05).abs() < 1e-14, "{x} {y}");
    assert_eq!(units[0].text("CTYPE1"), Some("RA---TAN"));
}

#[test]
fn units_are_listed_with_what_they_hold() {
    let units = fits_units(&fixture("two.fits")).unwrap();
    let kinds: Vec<FitsKind> = units.iter().map(|unit| unit.kind).collect();
    assert_eq!(
        kinds,
        [FitsKind::Other, FitsKind::Table, FitsKind::Image, FitsKind::Table]
    );
    assert_eq!(units[2].read_image().unwrap().shape, [4, 5]);
    assert!(units[3].is_called("stars") && units[3].is_called("3") && !units[3].is_called("1"));
    let refused = units[1].read_image().unwrap_err();
    assert!(matches!(refused, FileError::Unsupported { .. }), "{refused}");
    assert!(fits_units(&fixture("cube.npy")).is_err());
}

#[test]
fn pixels_are_measured_by_whatever_matrix_the_header_has() {
    let sides = |cards: &[fits_writer::Card<'_>]| with_cards(cards).pixel_degrees().unwrap();
    let close = |found: Option<[f64; 2]>, exact: [f64; 2]| {
        let found = found.unwrap();
        assert!(
            found.iter().zip(exact).all(|(a, b)| (a / b - 1.0).abs() < 1e-12),
            "{found:?} {exact:?}"
        );
    };
    close(sides(&[("CDELT1", "-0.15625"), ("CDELT2", "0.15")]), [0.15625, 0.15]);
    close(sides(&[("CD1_1", "-2.0D-2"), ("CD2_2", "0.03")]), [0.02, 0.03]);
    // a rotation that swaps the axes of the sky: x of the image runs along the second
    let swapped = [
        ("CDELT1", "0.2"),
        ("CDELT2", "0.4"),
        ("PC1_1", "0"),
        ("PC1_2", "1"),
        ("PC2_1", "1"),
        ("PC2_2", "0"),
    ];
    close(sides(&swapped), [0.4, 0.2]);
    let minutes = [
        ("CDELT1", "6.0"),
        ("CDELT2", "3600.0"),
        ("CUNIT1", "'arcmin'"),
        ("CUNIT2", "'arcsec'"),
    ];
    close(sides(&minutes), [0.1, 1.0]);
    assert_eq!(sides(&[]), None);
    assert_eq!(sides(&[("CDELT1", "0.1")]), None);
    assert_eq!(sides(&[("CDELT1", "1"), ("CDELT2", "1"), ("CUNIT1", "'Hz'")]), None);
    for (cards, word) in [
        ([("CDELT1", "0.0"), ("CDELT2", "0.1")], "0 by 0.1"),
        ([("CDELT1", "wide"), ("CDELT2", "0.1")], "\"wide\", not a number"),
    ] {
        let error = with_cards(&cards).pixel_degrees().unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn an_image_that_ends_too_early_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.fits");
    let bytes = fits_writer::image(&[20, 30], &[0.5; 600], &[]);
    std::fs::write(&path, &bytes[..5000]).unwrap();
    assert!(matches!(fits_units(&path), Err(FileError::Truncated { .. })));
    let values = with_cards(&[]).read_image();
    // the file is gone by now
    assert!(matches!(values, Err(FileError::Missing { .. })), "{values:?}");
}
