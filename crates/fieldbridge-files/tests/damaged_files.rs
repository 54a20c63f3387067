//! Files cut short or with changed bytes give errors, never a panic, an abort or an endless request for memory.

use std::path::{Path, PathBuf};

use fieldbridge_files::{FileError, FitsKind, TableFile, fits_units, read_array};

fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension != "py"))
        .collect();
    paths.sort();
    assert!(paths.len() >= 15, "the fixtures are made");
    paths
}

/// Opens and reads everything there is; what matters is that it returns.
fn read_all(path: &Path) -> Result<(), FileError> {
    let named = |wanted: &str| path.extension().is_some_and(|extension| extension == wanted);
    let array = if named("npy") {
        read_array(path).map(drop)
    } else if named("fits") {
        read_images(path)
    } else {
        Ok(())
    };
    let file = match TableFile::open(path) {
        Err(FileError::Groups { groups, .. }) if groups.is_empty() && has_image(path) => return array,
        Err(FileError::Groups { groups, .. }) => {
            let group = groups.first().cloned().unwrap_or_default();
            TableFile::open_group(path, group.split(" (").next().unwrap_or_default())
        }
        other => other,
    }?;
    let mut first = Ok(());
    for column in file.columns() {
        let rows = file.rows().min(1000);
        if let Err(error) = file.read(&[&column.name], 0..rows)
            && !matches!(error, FileError::Unsupported { .. } | FileError::Ragged { .. })
        {
            first = first.and(Err(error));
        }
    }
    first.and(array)
}

/// Whether a FITS file holds an image.
fn has_image(path: &Path) -> bool {
    fits_units(path).is_ok_and(|units| units.iter().any(|unit| unit.kind == FitsKind::Image))
}

/// Reads every image of a FITS file.
fn read_images(path: &Path) -> Result<(), FileError> {
    for unit in fits_units(path)? {
        if unit.kind == FitsKind::Image {
            unit.read_image()?;
            unit.pixel_degrees()?;
        }
    }
    Ok(())
}

#[test]
fn cut_at_many_places() {
    let folder = tempfile::tempdir().unwrap();
    for path in fixtures() {
        let bytes = std::fs::read(&path).unwrap();
        let copy = folder.path().join(path.file_name().unwrap());
        let name = path.display();
        for part in 0..40 {
            let length = bytes.len() * part / 40;
            std::fs::write(&copy, &bytes[..length]).unwrap();
            let outcome = read_all(&copy);
            // FITS ends in padding; text has no end that could be missed; a second table may be cut off whole.
            let harmless = bytes[length..].iter().all(|&byte| byte == 0)
                || name.to_string().ends_with(".csv")
                || name.to_string().ends_with("two.fits");
            assert!(
                outcome.is_err() || harmless,
                "{name} cut to {length} of {} bytes was read",
                bytes.len()
            );
            if let Err(error) = outcome {
                assert!(
                    error
                        .to_string()
                        .contains(&*copy.file_name().unwrap().to_string_lossy()),
                    "{error}"
                );
            }
        }
    }
}

#[test]
fn with_changed_bytes() {
    let folder = tempfile::tempdir().unwrap();
    // A linear congruential generator: the same damage on every run.
    let mut state = 20_260_115_u64;
    let mut random = move |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    for path in fixtures() {
        let bytes = std::fs::read(&path).unwrap();
        let copy = folder.path().join(path.file_name().unwrap());
        for round in 0..60 {
            let mut damaged = bytes.clone();
            for _ in 0..=round % 4 {
                let place = random(bytes.len());
                damaged[place] = match round % 3 {
                    0 => 0xff,
                    1 => damaged[place] ^ (1 << random(8)),
                    _ => random(256) as u8,
                };
            }
            std::fs::write(&copy, &damaged).unwrap();
            // Changed values may well be valid; returning at all is the test.
            let _ = read_all(&copy);
        }
    }
}

#[test]
fn announced_sizes_are_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.npy");
    let header = "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000000, 3), }\n";
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    std::fs::write(&path, &bytes).unwrap();
    assert!(matches!(TableFile::open(&path), Err(FileError::Truncated { .. })));
    assert!(matches!(read_array(&path), Err(FileError::Truncated { .. })));

    let path = folder.path().join("large.fits");
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/table.fits");
    let text = std::fs::read(fixture).unwrap();
    let place = text.windows(10).position(|card| card == b"NAXIS2  = ").unwrap();
    let mut damaged = text.clone();
    damaged[place + 10..place + 30].copy_from_slice(b"     900000000000000");
    std::fs::write(&path, &damaged).unwrap();
    let error = TableFile::open(&path).unwrap_err();
    assert!(matches!(error, FileError::Truncated { .. }), "{error}");
}
