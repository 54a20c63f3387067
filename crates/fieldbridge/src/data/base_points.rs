//! A base that is given by the rows of a table.

use std::path::Path;

use fieldbridge_files::TableFile;

use super::rows::chunks;
use super::scaling::Matrix;
use super::target::TargetScaling;
use crate::base::BaseKind;
use crate::error::Error;

/// Most numbers of a base: they are kept in the model file.
const MOST: usize = 4_000_000;
/// Rows read at once.
const CHUNK: usize = 4096;

/// The base, its table read: points of its rows, scaled as the data are, so that both ends of the bridge live in one
/// space. Rows need no partner among the data. `folder` is where a relative path starts, `key` names the base in the recipe.
///
/// # Errors
/// When the table cannot be read, has no such columns, or a row that is not finite or outside the target's bounds.
pub fn base_points(base: &BaseKind, key: &str, scaling: &TargetScaling, folder: &Path) -> Result<BaseKind, Error> {
    let BaseKind::Table { file, columns } = base else {
        return Ok(base.clone());
    };
    let refuse = |reason: String, hint: &str| Error::Recipe {
        key: key.to_owned(),
        reason,
        hint: hint.to_owned(),
    };
    let dimension = scaling.dimension();
    let columns = if columns.is_empty() { &scaling.columns } else { columns };
    if columns.len() != dimension {
        return Err(refuse(
            format!("names {} columns, the target has {dimension}", columns.len()),
            "name one for each target column, in their order",
        ));
    }
    let table = TableFile::open(&folder.join(file))?;
    let source_name = table.path().display().to_string();
    if table.rows() == 0 {
        return Err(refuse(format!("{source_name} has no rows"), "give a table with rows"));
    }
    if table.rows().saturating_mul(dimension) > MOST {
        return Err(refuse(
            format!("{source_name} has {} rows of {dimension} numbers", table.rows()),
            "a base is kept in the model file: leave at most 4,000,000 numbers, any random part of the rows serves",
        ));
    }
    let names: Vec<&str> = columns.iter().map(String::as_str).collect();
    let mut points = Vec::with_capacity(table.rows() * dimension);
    for range in chunks(table.rows(), CHUNK) {
        let matrix = Matrix::of(&table.read_numbers(&names, range.clone())?, columns)?;
        if let Some(at) = matrix.widths.iter().position(|&width| width != 1) {
            return Err(Error::Data {
                source_name,
                column: columns[at].clone(),
                reason: format!("expected one number per row, found {}", matrix.widths[at]),
                hint: format!("name a numeric scalar column in `{key}`"),
            });
        }
        for row in range.clone() {
            let values = matrix.row(row - range.start);
            let unusable =
                (0..dimension).find(|&at| !values[at].is_finite() || !scaling.bijections[at].contains(values[at]));
            if let Some(at) = unusable {
                return Err(Error::Data {
                    source_name,
                    column: columns[at].clone(),
                    reason: format!(
                        "row {row} holds {}, expected {}",
                        values[at],
                        scaling.bijections[at].interval()
                    ),
                    hint: "take such rows out of the table".to_owned(),
                });
            }
            points.extend(scaling.encode(&values).0.into_iter().map(|value| value as f32));
        }
    }
    Ok(BaseKind::Empirical { points })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transform::Bijection;

    fn scaling() -> TargetScaling {
        TargetScaling {
            columns: vec!["x".to_owned(), "y".to_owned()],
            units: vec![None, None],
            bijections: vec![Bijection::Identity, Bijection::Log { low: 0.0 }],
            mean: vec![1.0, 0.5],
            factor: vec![2.0, 0.0, 0.0, 4.0],
            range: vec![[0.0, 1.0]; 2],
            missing: Vec::new(),
        }
    }

    fn read(text: &str, columns: &[&str]) -> Result<BaseKind, Error> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("start.csv"), text).unwrap();
        let base = BaseKind::Table {
            file: "start.csv".into(),
            columns: columns.iter().map(|&name| name.to_owned()).collect(),
        };
        base_points(&base, "flow_matching.base", &scaling(), folder.path())
    }

    #[test]
    fn points_are_scaled_as_the_data_are() {
        let points = vec![1.0, 0.125, 0.0, -0.125];
        let expected = BaseKind::Empirical { points };
        let e = std::f64::consts::E;
        assert_eq!(read(&format!("x,y\n3,{e}\n1,1\n"), &[]).unwrap(), expected);
        let other = format!("a,b\n{e},3\n1,1\n");
        assert_eq!(read(&other, &["b", "a"]).unwrap(), expected);
        // another base is left as it is
        let normal = base_points(&BaseKind::Normal, "base", &scaling(), Path::new("nowhere"));
        assert_eq!(normal.unwrap(), BaseKind::Normal);
    }

    #[test]
    fn rows_and_columns_that_cannot_be_points_are_named() {
        for (text, columns, words) in [
            ("x,y\n1,2\n1,-3\n", &[][..], &["row 1", "-3", "above 0", "`y`"][..]),
            ("x,y\n1,2\nnan,3\n", &[], &["row 1", "NaN", "`x`"]),
            ("x,y\n", &[], &["no rows"]),
            ("x,y\n1,2\n", &["x"], &["names 1 columns", "2"]),
            ("x,y\n1,2\n", &["x", "z"], &["z"]),
        ] {
            let said = read(text, columns).unwrap_err().to_string();
            for word in words {
                assert!(said.contains(word), "{text:?} {columns:?}: {said}");
            }
        }
    }
}
