//! Catalogues as published. Two lie in the repository; the others may lie beside it, and a test without its file says so
//! and passes.

use std::path::PathBuf;

use fieldbridge_files::{ColumnKind, ColumnValues, TableFile};

/// A catalogue that is part of the repository.
fn committed(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../data").join(name)
}

fn published(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data")
        .join(name);
    if path.is_file() {
        return Some(path);
    }
    eprintln!("skipped: {name} is not beside the repository");
    None
}

fn mean(file: &TableFile, name: &str) -> f64 {
    let values = file.read(&[name], 0..file.rows()).unwrap().columns()[0]
        .to_f64()
        .unwrap();
    values.iter().sum::<f64>() / values.len() as f64
}

#[test]
fn dc2_training_galaxies() {
    let path = committed("dc2/test_dc2_training_9816.hdf5");
    let file = TableFile::open(&path).unwrap();
    assert_eq!((file.rows(), file.columns().len()), (10225, 14));
    assert_eq!(file.column("id").unwrap().kind, ColumnKind::Integer);
    assert!((mean(&file, "redshift") - DC2_MEAN_REDSHIFT).abs() < 1e-9);
    let message = TableFile::open_group(&path, "photomtry").unwrap_err().to_string();
    assert!(message.contains("photometry"), "{message}");
    let part = file.read(&["mag_i_lsst", "redshift"], 5000..5003).unwrap();
    let whole = file.read(&["mag_i_lsst"], 0..file.rows()).unwrap();
    assert_eq!(
        part.columns()[0].to_f64().unwrap(),
        whole.columns()[0].to_f64().unwrap()[5000..5003]
    );
}

#[test]
fn every_fourth_buzzard_galaxy() {
    let file = TableFile::open(&committed("buzzard/galaxies.parquet")).unwrap();
    assert_eq!((file.rows(), file.columns().len()), (20000, 7));
    assert!((mean(&file, "redshift") - FOURTH_BUZZARD_MEAN_REDSHIFT).abs() < 1e-9);
    let last = file.read(&["y", "u"], 19999..20000).unwrap();
    for (column, expected) in last.columns().iter().zip(FOURTH_BUZZARD_LAST_Y_U) {
        assert_eq!(column.values, ColumnValues::Float32(vec![expected]), "{}", column.name);
    }
}

#[test]
fn all_buzzard_galaxies() {
    let Some(path) = published("buzzard/galaxies_train.parquet") else {
        return;
    };
    let file = TableFile::open(&path).unwrap();
    assert_eq!((file.rows(), file.columns().len()), (80000, 7));
    assert!((mean(&file, "redshift") - BUZZARD_MEAN_REDSHIFT).abs() < 1e-9);
}

#[test]
fn galaxies_with_vectors_in_four_row_groups() {
    let Some(path) = published("galaxies/galaxies_train.parquet") else {
        return;
    };
    let file = TableFile::open(&path).unwrap();
    assert_eq!((file.rows(), file.columns().len()), (40000, 19));
    assert_eq!(file.column("lsst_mag").unwrap().width, 6);
    assert_eq!(file.column("sfh_n").unwrap().kind, ColumnKind::Integer);
    let across = file.read(&["lsst_mag", "redshift"], 9998..10003).unwrap();
    let ColumnValues::Float32(magnitudes) = &across.columns()[0].values else {
        panic!("single precision")
    };
    for (found, expected) in magnitudes.iter().zip(GALAXIES_MAGNITUDES_9998) {
        assert_eq!(*found, expected);
    }
    assert_eq!(magnitudes.len(), 30);
}

#[test]
fn kcorrect_galaxies() {
    let Some(path) = published("kcorrect/galaxies_train.fits") else {
        return;
    };
    let file = TableFile::open(&path).unwrap();
    assert_eq!((file.rows(), file.columns().len()), (8000, 18));
    assert_eq!(file.column("MODELFLUX").unwrap().width, 5);
    assert!((mean(&file, "Z") - KCORRECT_MEAN_REDSHIFT).abs() < 1e-9);
    let last = file.read(&["MODELFLUX"], 7999..8000).unwrap();
    assert_eq!(
        last.columns()[0].values,
        ColumnValues::Float32(KCORRECT_LAST_FLUX.to_vec())
    );
}

// Values by h5py, pyarrow and astropy.
const DC2_MEAN_REDSHIFT: f64 = 0.9180462362859559;
const FOURTH_BUZZARD_MEAN_REDSHIFT: f64 = 1.0067132317715324;
const FOURTH_BUZZARD_LAST_Y_U: [f32; 2] = [24.722797, 28.665268];
const BUZZARD_MEAN_REDSHIFT: f64 = 1.0109696758705309;
const GALAXIES_MAGNITUDES_9998: [f32; 12] = [
    28.19629, 26.884766, 25.89746, 24.708984, 24.186523, 23.386719, 23.02246, 22.874023, 22.467773, 21.795898,
    21.480469, 21.40918,
];
const KCORRECT_MEAN_REDSHIFT: f64 = 0.10912065587076358;
const KCORRECT_LAST_FLUX: [f32; 5] = [44.666355, 246.61331, 567.1484, 893.82996, 1240.0239];
