use serde_json::json;

use super::*;
use crate::{ColumnValues, FileError};

fn maps(rows: usize) -> ZarrArray {
    ZarrArray {
        name: "maps".into(),
        kind: ZarrKind::Float32,
        shape: vec![rows, 2, 3],
        rows_per_chunk: 2,
        dimensions: ["simulation", "y", "x"].map(str::to_owned).to_vec(),
        attributes: json!({"units": "1"}).as_object().cloned().unwrap(),
    }
}

fn store(folder: &std::path::Path, rows: usize) -> ZarrStore {
    ZarrStore::write(&folder.join("a.zarr"), serde_json::Map::new(), vec![maps(rows)]).unwrap()
}

#[test]
fn what_is_written_is_read_and_what_is_not_there_is_not_a_number() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path(), 5);
    let values: Vec<f32> = (0..12).map(|value| value as f32).collect();
    store
        .write_chunk("maps", 1, &ColumnValues::Float32(values.clone()))
        .unwrap();
    // the last chunk has one row only
    store
        .write_chunk("maps", 2, &ColumnValues::Float32(vec![7.0; 6]))
        .unwrap();
    assert_eq!(
        [0, 1, 2].map(|chunk| store.has_chunk("maps", chunk).unwrap()),
        [false, true, true]
    );
    let opened = ZarrStore::open(&folder.path().join("a.zarr")).unwrap();
    assert_eq!(opened, store);
    let ColumnValues::Float32(read) = opened.read("maps", 1..5).unwrap() else {
        panic!("another type")
    };
    assert!(read[..6].iter().all(|value| value.is_nan()));
    assert_eq!(read[6..18], values);
    assert_eq!(read[18..], [7.0; 6]);
    assert!(matches!(opened.read("maps", 4..6), Err(FileError::RowRange { .. })));
    assert!(matches!(
        opened.read("map", 0..1),
        Err(FileError::NoColumn { nearest: Some(_), .. })
    ));
}

#[test]
fn a_store_grows() {
    let folder = tempfile::tempdir().unwrap();
    let small = store(folder.path(), 2);
    small
        .write_chunk("maps", 0, &ColumnValues::Float32(vec![1.0; 12]))
        .unwrap();
    let large = store(folder.path(), 4);
    assert_eq!(large.array("maps").unwrap().chunks(), 2);
    assert!(large.has_chunk("maps", 0).unwrap() && !large.has_chunk("maps", 1).unwrap());
}

#[test]
fn chunks_that_do_not_fit_or_are_cut_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path(), 4);
    for values in [
        ColumnValues::Float32(vec![0.0; 18]),
        ColumnValues::Float32(vec![0.0; 5]),
        ColumnValues::Float64(vec![0.0; 6]),
    ] {
        assert!(matches!(
            store.write_chunk("maps", 0, &values),
            Err(FileError::Misfit { .. })
        ));
    }
    store
        .write_chunk("maps", 0, &ColumnValues::Float32(vec![1.0; 12]))
        .unwrap();
    let path = folder.path().join("a.zarr/maps/c/0/0/0");
    std::fs::write(&path, [0; 20]).unwrap();
    assert!(!store.has_chunk("maps", 0).unwrap());
    assert!(matches!(store.read("maps", 0..1), Err(FileError::Truncated { .. })));
}

#[test]
fn stores_of_others_are_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.zarr");
    assert!(matches!(ZarrStore::open(&path), Err(FileError::Missing { .. })));
    store(folder.path(), 4);
    let file = path.join("zarr.json");
    let text = std::fs::read_to_string(&file).unwrap();
    let with = |from: &str, to: &str| {
        assert!(text.contains(from));
        std::fs::write(&file, text.replace(from, to)).unwrap();
        ZarrStore::open(&path).unwrap_err().to_string()
    };
    assert!(with("float32", "complex64").contains("complex64"));
    assert!(with("little", "big").contains("codecs"));
    assert!(with("\"group\"", "\"array\"").contains("group"));
    assert!(with("{", "").contains("JSON"));
}
