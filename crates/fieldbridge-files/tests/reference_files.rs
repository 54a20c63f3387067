//! Files of the reference writers (`fixtures/make.py`): row i has x = i / 4, k = i - 2, v = (i, 10 i, 100 i).

use std::path::PathBuf;

use fieldbridge_files::{ColumnKind, ColumnValues, FileError, TableFile, read_array};

const ROWS: usize = 6;

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

fn open(name: &str) -> TableFile {
    TableFile::open(&fixture(name)).unwrap()
}

/// Values as seen through every range of rows, so that row groups, chunks and offsets are all crossed.
fn numbers(file: &TableFile, name: &str) -> Vec<f64> {
    let width = file.column(name).unwrap().width;
    let whole = file.read(&[name], 0..ROWS).unwrap().columns()[0].to_f64().unwrap();
    assert_eq!(whole.len(), ROWS * width, "{name}");
    for start in 0..=ROWS {
        for end in start..=ROWS {
            let part = file.read(&[name], start..end).unwrap().columns()[0].to_f64().unwrap();
            let expected = &whole[start * width..end * width];
            assert!(
                same(&part, expected),
                "{name} {start}..{end}: {part:?} where {expected:?}"
            );
        }
    }
    whole
}

fn texts(file: &TableFile, name: &str) -> Vec<String> {
    match file.read(&[name], 0..ROWS).unwrap().into_columns().remove(0).values {
        ColumnValues::Text(texts) => texts,
        other => panic!("{name}: {other:?}"),
    }
}

fn same(left: &[f64], right: &[f64]) -> bool {
    left.len() == right.len()
        && left
            .iter()
            .zip(right)
            .all(|(a, b)| a == b || (a.is_nan() && b.is_nan()))
}

fn check(file: &TableFile, name: &str, expected: impl Fn(f64) -> f64) {
    let expected: Vec<f64> = (0..ROWS).map(|row| expected(row as f64)).collect();
    let found = numbers(file, name);
    assert!(same(&found, &expected), "{name}: {found:?} where {expected:?}");
}

fn vectors() -> Vec<f64> {
    (0..ROWS)
        .flat_map(|row| [1.0, 10.0, 100.0].map(|factor| factor * row as f64))
        .collect()
}

fn missing_at(row: f64, value: f64) -> impl Fn(f64) -> f64 {
    move |i| if i == row { f64::NAN } else { i + value }
}

fn galaxies() -> Vec<String> {
    (0..ROWS).map(|row| format!("galaxy {row}")).collect()
}

fn refusal(file: &TableFile, name: &str) -> String {
    assert_eq!(file.column(name).unwrap().kind, ColumnKind::Other, "{name}");
    let error = file.read(&[name], 0..1).unwrap_err();
    assert!(matches!(error, FileError::Unsupported { .. }), "{error}");
    error.to_string()
}

#[test]
fn parquet_of_every_codec_and_page_version() {
    for name in [
        "none.parquet",
        "snappy.parquet",
        "zstd.parquet",
        "gzip.parquet",
        "version2.parquet",
    ] {
        let file = open(name);
        assert_eq!(file.rows(), ROWS);
        check(&file, "x", |i| if i == 1.0 { f64::NAN } else { i / 4.0 });
        check(&file, "single", |i| i / 4.0);
        check(&file, "half", |i| i / 4.0);
        check(&file, "k", missing_at(2.0, -2.0));
        check(&file, "byte", |i| i - 2.0);
        check(&file, "huge", |i| 18_446_744_073_709_551_615.0 - i);
        check(&file, "small", |i| 4_294_967_295.0 - i);
        check(&file, "flag", |i| f64::from(i % 2.0 == 0.0));
        check(&file, "inside.deep", |i| i);
        check(&file, "price", |i| i * 125.0);
        check(&file, "day", |i| i);
        assert_eq!(
            file.column("day").unwrap().unit.as_deref(),
            Some("days since 1970-01-01")
        );
        assert_eq!(file.column("flag").unwrap().kind, ColumnKind::Boolean);
        assert_eq!(texts(&file, "category"), galaxies());
        let mut expected = galaxies();
        expected[3].clear();
        assert_eq!(texts(&file, "name"), expected);
        let mut expected = vectors();
        expected[12..15].fill(f64::NAN);
        assert!(same(&numbers(&file, "v"), &expected));
        assert!(same(&numbers(&file, "fixed"), &vectors()));
        let mut expected: Vec<f64> = (0..ROWS).flat_map(|row| [row as f64; 2]).collect();
        expected[11] = f64::NAN;
        assert!(same(&numbers(&file, "w"), &expected));
        assert!(refusal(&file, "nested").contains("lists of lists"));
        let ragged = file.read(&["ragged"], 0..ROWS).unwrap_err();
        assert!(
            matches!(
                ragged,
                FileError::Ragged {
                    row: 4,
                    expected: 1,
                    found: 2,
                    ..
                }
            ),
            "{ragged}"
        );
        assert!(file.read(&["ragged"], 0..4).is_ok());
    }
}

#[test]
fn hdf5_group() {
    let file = open("group.hdf5");
    assert_eq!(file.rows(), ROWS);
    for name in ["x", "big", "half"] {
        check(&file, name, |i| i / 4.0);
    }
    check(&file, "k", |i| i - 2.0);
    check(&file, "huge", |i| 18_446_744_073_709_551_615.0 - i);
    check(&file, "flag", |i| f64::from(i % 2.0 == 0.0));
    assert_eq!(file.column("x").unwrap().unit.as_deref(), Some("Mpc"));
    assert_eq!(file.column("flag").unwrap().kind, ColumnKind::Boolean);
    assert_eq!(texts(&file, "name"), galaxies());
    assert_eq!(texts(&file, "fixed_name"), galaxies());
    assert_eq!(numbers(&file, "v"), vectors());
    assert!(refusal(&file, "other_length").contains("3 rows where the table has 6"));
    assert!(file.columns().iter().all(|column| column.name != "scalar"));
    assert_eq!(
        TableFile::open_group(&fixture("group.hdf5"), "/catalogue/")
            .unwrap()
            .rows(),
        ROWS
    );
}

#[test]
fn hdf5_records() {
    let file = open("compound.h5");
    check(&file, "x", |i| i / 4.0);
    check(&file, "k", |i| i - 2.0);
    assert_eq!(numbers(&file, "v"), vectors());
    assert_eq!(texts(&file, "name"), galaxies());
    assert_eq!(
        TableFile::open_group(&fixture("compound.h5"), "deep/records")
            .unwrap()
            .columns()
            .len(),
        4
    );
}

#[test]
fn hdf5_of_several_groups_asks_which() {
    let error = TableFile::open(&fixture("several.hdf5")).unwrap_err();
    assert!(
        matches!(&error, FileError::Groups { groups, .. } if groups == &["first", "second"]),
        "{error}"
    );
    assert_eq!(
        TableFile::open_group(&fixture("several.hdf5"), "second")
            .unwrap()
            .rows(),
        ROWS
    );
}

#[test]
fn fits_table() {
    let file = open("table.fits");
    assert_eq!(file.rows(), ROWS);
    check(&file, "x", |i| i / 4.0);
    check(&file, "single", |i| i / 4.0);
    check(&file, "k", missing_at(2.0, -2.0));
    check(&file, "short", |i| i - 2.0);
    check(&file, "long", |i| i - 2.0);
    check(&file, "byte", |i| i);
    check(&file, "flag", |i| f64::from(i % 2.0 == 0.0));
    check(&file, "unsigned", |i| 4_294_967_295.0 - i);
    check(&file, "scaled", |i| 10.0 + i / 4.0);
    assert_eq!(numbers(&file, "v"), vectors());
    assert_eq!(texts(&file, "name"), galaxies());
    let kind = |name: &str| file.column(name).unwrap().kind;
    assert_eq!(
        (kind("flag"), kind("unsigned"), kind("scaled")),
        (ColumnKind::Boolean, ColumnKind::Integer, ColumnKind::Number)
    );
    assert_eq!(file.column("x").unwrap().unit.as_deref(), Some("Mpc"));
    assert!(refusal(&file, "varying").contains("varying length"));
    assert!(refusal(&file, "complex").contains("complex"));
    assert!(refusal(&file, "bits").contains("bits"));
}

#[test]
fn fits_of_several_tables_asks_which() {
    let path = fixture("two.fits");
    let error = TableFile::open(&path).unwrap_err();
    assert!(
        matches!(&error, FileError::Groups { groups, .. } if groups.len() == 2),
        "{error}"
    );
    assert!(error.to_string().contains("STARS (number 3)"), "{error}");
    for name in ["stars", "3"] {
        check(&TableFile::open_group(&path, name).unwrap(), "y", |i| i / 2.0);
    }
    check(&TableFile::open_group(&path, "1").unwrap(), "x", |i| i / 4.0);
    assert!(matches!(
        TableFile::open_group(&path, "2"),
        Err(FileError::Groups { .. })
    ));
}

#[test]
fn npy_as_a_table() {
    for name in ["matrix.npy", "matrix_fortran.npy"] {
        let file = open(name);
        assert_eq!(
            file.columns()
                .iter()
                .map(|column| column.name.as_str())
                .collect::<Vec<_>>(),
            ["0", "1", "2"]
        );
        check(&file, "0", |i| i);
        check(&file, "2", |i| 100.0 * i);
    }
    check(&open("list.npy"), "0", |i| i - 2.0);
    let file = open("record.npy");
    check(&file, "x", |i| i / 4.0);
    check(&file, "k", |i| i - 2.0);
    assert_eq!(numbers(&file, "v"), vectors());
    assert_eq!(texts(&file, "name"), galaxies());
    let error = TableFile::open(&fixture("cube.npy")).unwrap_err();
    assert!(matches!(error, FileError::Unsupported { .. }), "{error}");
}

#[test]
fn npz_as_a_table() {
    for name in ["arrays.npz", "compressed.npz"] {
        let file = open(name);
        assert_eq!(file.rows(), ROWS);
        check(&file, "x", |i| i / 4.0);
        check(&file, "k", |i| i - 2.0);
        check(&file, "flag", |i| f64::from(i % 2.0 == 0.0));
        check(&file, "records.k", |i| i - 2.0);
        assert_eq!(numbers(&file, "v"), vectors());
        assert_eq!(numbers(&file, "f"), vectors());
        assert_eq!(numbers(&file, "records.v"), vectors());
        assert_eq!(texts(&file, "name"), galaxies());
        assert!(refusal(&file, "single").contains("single value"));
        assert!(refusal(&file, "z").contains("<c16"));
    }
}

#[test]
fn npy_as_an_array() {
    let counted: Vec<f64> = (0..24).map(f64::from).collect();
    let cube = read_array(&fixture("cube.npy")).unwrap();
    assert_eq!(cube.shape, [2, 3, 4]);
    assert!(matches!(cube.values, ColumnValues::Float32(_)));
    assert_eq!(cube.to_f64().unwrap(), counted);
    let fortran = read_array(&fixture("cube_fortran.npy")).unwrap();
    assert!(matches!(fortran.values, ColumnValues::Int64(_)));
    assert_eq!((fortran.to_f64().unwrap(), fortran.shape), (counted, vec![2, 3, 4]));
    assert_eq!(
        read_array(&fixture("matrix_fortran.npy")).unwrap().to_f64().unwrap(),
        vectors()
    );
    assert!(matches!(
        read_array(&fixture("record.npy")),
        Err(FileError::Unsupported { .. })
    ));
    assert!(matches!(
        read_array(&fixture("arrays.npz")),
        Err(FileError::Unsupported { .. })
    ));
}
