//! What becomes of a catalogue.

use super::super::Part;
use super::{Catalogue, numbers};

const ROWS: usize = 200;

/// Redshifts, two magnitudes with every kind of missing value, and their errors.
fn columns() -> Vec<(&'static str, Vec<f64>)> {
    let z: Vec<f64> = numbers("z", ROWS).iter().map(|n| 0.5 + 0.1 * n.abs()).collect();
    let mut z = z;
    z[3] = f64::NAN;
    z[4] = f64::NAN;
    z[5] = f64::INFINITY;
    z[6] = -99.0;
    let mut g: Vec<f64> = numbers("g", ROWS).iter().map(|n| 24.0 + n).collect();
    let mut r: Vec<f64> = numbers("r", ROWS).iter().map(|n| 23.0 + 0.5 * n).collect();
    g[10] = f64::NAN;
    g[11] = 99.0;
    g[12] = 99.0;
    g[13] = f64::NEG_INFINITY;
    g[14] = 60.0;
    r[10] = f64::NAN;
    r[20] = 99.0;
    vec![("z", z), ("g", g), ("r", r)]
}

const RECIPE: &str = "
    [data]
    test = 0.25
    validation = 0.1
    [target]
    columns = ['z']
    missing = [-99.0]
    bounds = { z = { low = 0.0 } }
    [context.photometry]
    columns = ['g', 'r']
    missing = [99.0]
    valid = [0.0, 40.0]
    differences = true
";

#[test]
fn what_is_missing_is_counted_by_kind() {
    for file in ["galaxies.parquet", "galaxies.csv"] {
        let dataset = Catalogue::new(file, &columns(), RECIPE).prepare().unwrap();
        let report = &dataset.report;
        assert_eq!(report.rows, ROWS);
        let found: Vec<(&str, usize, usize, usize, usize)> = report
            .columns
            .iter()
            .map(|c| (c.name.as_str(), c.not_a_number, c.infinite, c.sentinel, c.invalid))
            .collect();
        assert_eq!(found, [("g", 1, 1, 2, 1), ("r", 1, 0, 1, 0)], "{file}");
        let left_out: usize = report.left_out.iter().map(|(_, count)| count).sum();
        assert_eq!(left_out, 5, "{:?}", report.left_out);
        let reason = |word: &str| {
            let found = report.left_out.iter().find(|(reason, _)| reason.contains(word));
            found.unwrap_or_else(|| panic!("{word} in {:?}", report.left_out)).1
        };
        assert_eq!(reason("not a number"), 2);
        assert_eq!(reason("infinite"), 1);
        assert_eq!(reason("stands for missing"), 1);
        // row 10 has neither magnitude
        assert_eq!(reason("nothing of the context"), 1);
        assert_eq!(report.train + report.validation + report.test, ROWS - 5);
        assert_eq!(report.fingerprint.len(), 64);
    }
}

#[test]
fn parts_are_disjoint_complete_and_the_same_every_time() {
    let catalogue = Catalogue::new("galaxies.parquet", &columns(), RECIPE);
    let dataset = catalogue.prepare().unwrap();
    let rows = |part| -> Vec<usize> {
        let places = dataset.places(part);
        places.into_iter().map(|place| dataset.source_row(place)).collect()
    };
    let mut all = [rows(Part::Train), rows(Part::Validation), rows(Part::Test)].concat();
    all.sort_unstable();
    let usable: Vec<usize> = (0..ROWS).filter(|row| ![3, 4, 5, 6, 10].contains(row)).collect();
    assert_eq!(all, usable);
    for (row, part) in dataset.parts_by_source_row().into_iter().enumerate() {
        assert_eq!(part.is_some(), usable.contains(&row));
        if let Some(part) = part {
            assert!(rows(part).contains(&row));
        }
    }
    // 196 rows have a usable target
    assert_eq!(
        rows(Part::Test).len().abs_diff(49),
        usize::from(!rows(Part::Test).len().eq(&49))
    );
    let again = catalogue.prepare().unwrap();
    assert_eq!(again.parts_by_source_row(), dataset.parts_by_source_row());
    let mut other = Catalogue::new("galaxies.parquet", &columns(), RECIPE);
    other.data.split_seed = 1;
    assert_ne!(
        other.prepare().unwrap().parts_by_source_row(),
        dataset.parts_by_source_row()
    );
}

#[test]
fn rows_on_disk_are_the_rows_in_memory() {
    let mut catalogue = Catalogue::new("galaxies.parquet", &columns(), RECIPE);
    let in_memory = catalogue.prepare().unwrap();
    assert!(!catalogue.cache().exists());
    catalogue.data.memory_limit = 0;
    let on_disk = catalogue.prepare().unwrap();
    let width = 1 + 2 * 3;
    let bytes = std::fs::metadata(catalogue.cache()).unwrap().len();
    assert_eq!(bytes, ((ROWS - 5) * width * 4) as u64);
    for part in [Part::Train, Part::Validation, Part::Test] {
        let mut places = in_memory.places(part);
        places.reverse();
        assert_eq!(in_memory.gather(&places).unwrap(), on_disk.gather(&places).unwrap());
    }
    assert_eq!(in_memory.scaling, on_disk.scaling);
}

#[test]
fn encoded_context_has_the_moments_of_the_training_rows_and_differences() {
    let dataset = Catalogue::new("galaxies.parquet", &columns(), RECIPE)
        .prepare()
        .unwrap();
    let rows = dataset.gather(&dataset.places(Part::Train)).unwrap();
    let photometry = &dataset.scaling.context[0];
    assert_eq!((photometry.width(), photometry.inputs()), (3, 2));
    let names: Vec<String> = (0..3).map(|index| photometry.value_name(index)).collect();
    assert_eq!(names, ["g", "r", "g - r"]);
    let mut missing = 0;
    for index in 0..3 {
        let (mut count, mut sum, mut squares) = (0.0, 0.0, 0.0);
        for row in 0..rows.count {
            let value = f64::from(rows.context[row * 3 + index]);
            if rows.mask[row * 3 + index] == 1.0 {
                count += 1.0;
                sum += value;
                squares += value * value;
            } else {
                missing += 1;
                assert_eq!(value, 0.0);
            }
        }
        assert!((sum / count).abs() < 1e-4, "{}", sum / count);
        assert!((squares / count - 1.0).abs() < 1e-3, "{}", squares / count);
    }
    assert!(missing > 0);
    // the difference is that of the columns, and missing when either is
    let all = columns();
    for (place, source) in dataset
        .places(Part::Train)
        .into_iter()
        .map(|place| (place, dataset.source_row(place)))
    {
        let row = dataset.gather(&[place]).unwrap();
        let (g, r) = (all[1].1[source], all[2].1[source]);
        assert_eq!(row.mask[2], row.mask[0] * row.mask[1]);
        if row.mask[2] == 1.0 {
            let difference = f64::from(row.context[2]) * photometry.deviation[2] + photometry.mean[2];
            assert!((difference - (g - r)).abs() < 1e-5);
        }
    }
}

#[test]
fn columns_of_logarithms_hide_what_has_none() {
    let mut errors: Vec<f64> = numbers("errors", ROWS).iter().map(|n| (0.3 * n).exp()).collect();
    errors[7] = 0.0;
    errors[8] = -1.0;
    let recipe = "
        [data]
        [target]
        columns = ['z']
        [context.errors]
        columns = ['error', 'other']
        scale = 'log'
    ";
    let other: Vec<f64> = numbers("other", ROWS).iter().map(|n| n.exp()).collect();
    let columns = [("z", numbers("z", ROWS)), ("error", errors), ("other", other)];
    let dataset = Catalogue::new("errors.parquet", &columns, recipe).prepare().unwrap();
    assert_eq!(dataset.report.columns[0].invalid, 2);
    assert!((dataset.scaling.context[0].deviation[0] - 0.3).abs() < 0.05);
}

#[test]
fn a_saved_scaling_is_read_back_the_same() {
    // two columns never observed together: their difference was never seen; and marks that no JSON number can hold
    let (mut first, mut second) = (numbers("first", ROWS), numbers("second", ROWS));
    for row in 0..ROWS {
        if row % 2 == 0 {
            first[row] = f64::NAN
        } else {
            second[row] = f64::NAN
        }
    }
    let recipe = "
        [data]
        [target]
        columns = ['z']
        missing = [nan, -99.0]
        [context.pair]
        columns = ['first', 'second']
        differences = true
        missing = [inf, nan, 99.0]
        valid = [-inf, 10.0]
    ";
    let columns = [("z", numbers("z", ROWS)), ("first", first), ("second", second)];
    let dataset = Catalogue::new("pair.parquet", &columns, recipe).prepare().unwrap();
    let rows = dataset.gather(&dataset.places(Part::Train)).unwrap();
    assert!((0..rows.count).all(|row| rows.mask[row * 3 + 2] == 0.0));
    let text = serde_json::to_string(&dataset.scaling).unwrap();
    let back: crate::data::Scaling = serde_json::from_str(&text).unwrap();
    // the JSON reader may miss the last bit of a number
    let near = |back: f64, number: f64| (back - number).abs() <= 1e-15 * number.abs();
    assert!(near(back.target.mean[0], dataset.scaling.target.mean[0]));
    assert_eq!(back.target.missing, dataset.scaling.target.missing);
    let (back, pair) = (&back.context[0], &dataset.scaling.context[0]);
    assert_eq!(back.recipe, pair.recipe);
    for (back, pair) in back.range.iter().flatten().zip(pair.range.iter().flatten()) {
        assert!(near(*back, *pair), "{back} {pair}");
    }
}
