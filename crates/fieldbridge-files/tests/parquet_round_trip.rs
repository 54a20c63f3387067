//! What is written to Parquet comes back, and only what is asked for.

use fieldbridge_files::{Column, ColumnKind, ColumnValues, FileError, Table, TableFile, write_table};

fn catalogue(rows: usize) -> Table {
    let mut table = Table::new();
    let redshift = (0..rows)
        .map(|row| if row == 3 { f64::NAN } else { row as f64 * 1e-3 })
        .collect();
    table
        .push(Column::new("redshift", ColumnValues::Float64(redshift)).with_unit("1"))
        .unwrap();
    let magnitude = (0..2 * rows).map(|place| 20.0 + place as f32 * 0.01).collect();
    table
        .push(
            Column::vector("magnitude", 2, ColumnValues::Float32(magnitude))
                .unwrap()
                .with_unit("mag"),
        )
        .unwrap();
    table
        .push(Column::new(
            "id",
            ColumnValues::Int64((0..rows as i64).map(|row| row - 5).collect()),
        ))
        .unwrap();
    table
        .push(Column::new(
            "name",
            ColumnValues::Text((0..rows).map(|row| format!("galaxy {row}")).collect()),
        ))
        .unwrap();
    table
}

#[test]
fn every_kind_comes_back_from_every_range() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalogue.parquet");
    // Vectors of two: more than one row group.
    let (rows, step) = (600_000, 250_000);
    let table = catalogue(rows);
    write_table(&path, &table).unwrap();
    let file = TableFile::open(&path).unwrap();
    assert_eq!(file.rows(), rows);
    let described: Vec<_> = file
        .columns()
        .iter()
        .map(|c| (c.name.as_str(), c.kind, c.width, c.unit.as_deref()))
        .collect();
    assert_eq!(
        described,
        [
            ("redshift", ColumnKind::Number, 1, Some("1")),
            ("magnitude", ColumnKind::Number, 2, Some("mag")),
            ("id", ColumnKind::Integer, 1, None),
            ("name", ColumnKind::Text, 1, None),
        ]
    );
    for start in (0..rows).step_by(step) {
        let range = start..(start + step).min(rows);
        let read = file
            .read(&["name", "id", "magnitude", "redshift"], range.clone())
            .unwrap();
        let original = |name: &str| table.column(name).unwrap();
        let (ColumnValues::Text(names), ColumnValues::Text(all)) =
            (&read.columns()[0].values, &original("name").values)
        else {
            panic!("text")
        };
        assert_eq!(names[..], all[range.clone()]);
        assert_eq!(
            read.columns()[1].to_f64().unwrap(),
            original("id").to_f64().unwrap()[range.clone()]
        );
        let vectors = 2 * range.start..2 * range.end;
        assert_eq!(
            read.columns()[2].to_f64().unwrap(),
            original("magnitude").to_f64().unwrap()[vectors]
        );
        let bits = |values: Vec<f64>| values.into_iter().map(f64::to_bits).collect::<Vec<_>>();
        assert_eq!(
            bits(read.columns()[3].to_f64().unwrap()),
            bits(original("redshift").to_f64().unwrap()[range].to_vec())
        );
    }
}

#[test]
fn no_rows_is_a_table_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("empty.parquet");
    write_table(&path, &catalogue(0)).unwrap();
    let file = TableFile::open(&path).unwrap();
    assert_eq!((file.rows(), file.columns().len()), (0, 4));
    assert_eq!(file.read(&["redshift"], 0..0).unwrap().rows(), 0);
}

#[test]
fn wrong_questions_get_helpful_answers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalogue.parquet");
    write_table(&path, &catalogue(10)).unwrap();
    let file = TableFile::open(&path).unwrap();
    let wrong = file.read(&["redhsift"], 0..1).unwrap_err();
    assert!(
        matches!(&wrong, FileError::NoColumn { nearest: Some(name), .. } if name == "redshift"),
        "{wrong}"
    );
    assert!(
        wrong.to_string().contains("catalogue.parquet") && wrong.to_string().contains("magnitude"),
        "{wrong}"
    );
    assert!(matches!(
        file.read(&["id"], 5..11),
        Err(FileError::RowRange { rows: 10, end: 11, .. })
    ));
    #[expect(clippy::reversed_empty_ranges)]
    let reversed = file.read(&["id"], 5..4);
    assert!(matches!(reversed, Err(FileError::RowRange { .. })));
    let text = file.read_numbers(&["id", "name"], 4..6).unwrap_err();
    assert!(
        matches!(&text, FileError::NotNumeric { row: 4, found, .. } if found == "galaxy 4"),
        "{text}"
    );
    assert!(text.to_string().contains("catalogue.parquet"), "{text}");
    assert!(file.read_numbers(&["id", "redshift"], 4..6).is_ok());
    assert!(matches!(file.read(&["id", "id"], 0..1), Err(FileError::Misfit { .. })));
}
