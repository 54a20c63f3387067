//! npz, npy and CSV as written come back; CSV as others write it is understood.

use std::io::Write;
use std::path::Path;

use fieldbridge_files::{Array, Column, ColumnKind, ColumnValues, FileError, Table, TableFile, read_array};
use fieldbridge_files::{write_npy, write_table};

fn sample(text: bool) -> Table {
    let mut table = Table::new();
    table
        .push(Column::new(
            "x",
            ColumnValues::Float64(vec![0.1, f64::NAN, -1e300, f64::INFINITY]),
        ))
        .unwrap();
    table
        .push(
            Column::vector(
                "v",
                2,
                ColumnValues::Float32(vec![1.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 0.1]),
            )
            .unwrap(),
        )
        .unwrap();
    table
        .push(Column::new("count", ColumnValues::Int64(vec![-1, 0, i64::MAX, 7])))
        .unwrap();
    if text {
        let names = ["a, b", "", "z \"q\"", "Δz"].map(str::to_owned).to_vec();
        table.push(Column::new("it's", ColumnValues::Text(names))).unwrap();
    }
    table
}

fn read_all(path: &Path) -> Table {
    let file = TableFile::open(path).unwrap();
    let names: Vec<&str> = file.columns().iter().map(|column| column.name.as_str()).collect();
    file.read(&names, 0..file.rows()).unwrap()
}

fn assert_same(found: &Table, expected: &Table) {
    // NaN differs from itself; its notation does not.
    assert_eq!(format!("{found:?}"), format!("{expected:?}"));
}

#[test]
fn npz_npy_and_parquet_keep_everything() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("t.npz", true), ("t.parquet", true), ("t.npy", false)] {
        let path = folder.path().join(name);
        write_table(&path, &sample(text)).unwrap();
        assert_same(&read_all(&path), &sample(text));
    }
    let refused = write_table(&folder.path().join("text.npy"), &sample(true)).unwrap_err();
    assert!(
        matches!(&refused, FileError::NotNumeric { column, .. } if column == "it's"),
        "{refused}"
    );
    assert!(matches!(
        write_table(&folder.path().join("t.fits"), &sample(true)),
        Err(FileError::Unsupported { .. })
    ));
}

#[test]
fn a_table_of_one_column_is_a_plain_array() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.npy");
    let mut table = Table::new();
    let values = ColumnValues::Float64(vec![1.0, 2.0, 3.0, 4.0]);
    table.push(Column::vector("v", 2, values.clone()).unwrap()).unwrap();
    write_table(&path, &table).unwrap();
    assert_eq!(
        read_array(&path).unwrap(),
        Array {
            shape: vec![2, 2],
            values
        }
    );
}

#[test]
fn arrays_of_any_dimension() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.npy");
    for shape in [vec![], vec![1], vec![1, 1, 1, 1]] {
        let array = Array::new(shape, ColumnValues::Float32(vec![2.5])).unwrap();
        write_npy(&path, &array).unwrap();
        assert_eq!(read_array(&path).unwrap(), array);
    }
    let empty = Array::new(vec![3, 0], ColumnValues::Float64(vec![])).unwrap();
    write_npy(&path, &empty).unwrap();
    assert_eq!(read_array(&path).unwrap(), empty);
    assert!(matches!(
        Array::new(vec![2], ColumnValues::Int64(vec![1])),
        Err(FileError::Misfit { .. })
    ));
}

#[test]
fn csv_comes_back_with_vectors_spread() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    write_table(&path, &sample(true)).unwrap();
    let read = read_all(&path);
    let names: Vec<&str> = read.columns().iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["x", "v_0", "v_1", "count", "it's"]);
    let original = sample(true);
    let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
    let x = read.columns()[0].to_f64().unwrap();
    assert_eq!(bits(&x), bits(&original.columns()[0].to_f64().unwrap()));
    let second: Vec<f32> = read.columns()[2]
        .to_f64()
        .unwrap()
        .into_iter()
        .map(|value| value as f32)
        .collect();
    assert_eq!(second, [2.5, 4.0, 6.0, 0.1]);
    assert_eq!(read.columns()[3].values, original.columns()[2].values);
    assert_eq!(read.columns()[4].values, original.columns()[3].values);
}

fn csv(contents: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    std::fs::write(&path, contents).unwrap();
    (folder, path)
}

#[test]
fn csv_of_others() {
    let (_folder, path) = csv("\u{feff}# a comment\nOmega_m, sigma_8, ok\n0.2, 1, True\n,NA,false\n0.3,3,TRUE");
    let file = TableFile::open(&path).unwrap();
    let kinds: Vec<_> = file
        .columns()
        .iter()
        .map(|column| (column.name.as_str(), column.kind))
        .collect();
    assert_eq!(
        kinds,
        [
            ("Omega_m", ColumnKind::Number),
            ("sigma_8", ColumnKind::Integer),
            ("ok", ColumnKind::Boolean)
        ]
    );
    let read = file.read(&["Omega_m", "sigma_8", "ok"], 1..3).unwrap();
    let values: Vec<Vec<f64>> = read.columns().iter().map(|column| column.to_f64().unwrap()).collect();
    assert!(values[0][0].is_nan() && values[0][1] == 0.3 && values[1][0].is_nan() && values[1][1] == 3.0);
    assert_eq!(values[2], [0.0, 1.0]);

    let (_folder, path) = csv("#SOURCE:M87\n#time(UTC),T1,U\n0.7,AA,1\n0.8,LM,2\n");
    let file = TableFile::open(&path).unwrap();
    assert_eq!((file.rows(), file.columns()[0].name.as_str()), (2, "time(UTC)"));

    let (_folder, path) = csv("a;b\n1;2\n");
    assert_eq!(TableFile::open(&path).unwrap().columns().len(), 2);
    let (_folder, path) = csv("a,b\n");
    assert_eq!(TableFile::open(&path).unwrap().rows(), 0);
}

#[test]
fn csv_with_a_short_line_names_it() {
    let (_folder, path) = csv("# c\na,b\n1,2\n3\n");
    let message = TableFile::open(&path).unwrap_err().to_string();
    assert!(
        message.contains("line 4 has 1 cells where the header names 2"),
        "{message}"
    );
    let (_folder, path) = csv("# only a comment\n");
    assert!(matches!(TableFile::open(&path), Err(FileError::Truncated { .. })));
}

#[test]
fn csv_longer_than_a_landmark_is_read_from_the_middle() {
    let (_folder, path) = csv("");
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
    writeln!(file, "row,text").unwrap();
    for row in 0..10_000 {
        writeln!(file, "{row},\"line\n{row}\"").unwrap();
    }
    file.into_inner().unwrap();
    let file = TableFile::open(&path).unwrap();
    assert_eq!(file.rows(), 10_000);
    for start in [0, 4095, 4096, 4097, 8191, 8192, 9990] {
        let read = file.read(&["row"], start..start + 10).unwrap();
        let expected: Vec<f64> = (start..start + 10).map(|row| row as f64).collect();
        assert_eq!(read.columns()[0].to_f64().unwrap(), expected);
    }
}
