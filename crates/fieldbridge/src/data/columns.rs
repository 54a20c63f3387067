//! The columns a recipe names, before any value is read.

use std::collections::BTreeMap;

use fieldbridge_files::{ColumnKind, TableFile};

use super::recipe::{ModalityRecipe, TargetRecipe};
use crate::error::Error;

/// Refuses names that cannot stand together.
pub(super) fn check_columns(target: &TargetRecipe, context: &BTreeMap<String, ModalityRecipe>) -> Result<(), Error> {
    let refuse = |key: &str, reason: String, hint: &str| {
        Err(Error::Recipe {
            key: key.to_owned(),
            reason,
            hint: hint.to_owned(),
        })
    };
    if target.columns.is_empty() {
        return refuse(
            "target.columns",
            "names no column".to_owned(),
            "name at least one column to learn",
        );
    }
    for (index, column) in target.columns.iter().enumerate() {
        if target.columns[..index].contains(column) {
            return refuse(
                "target.columns",
                format!("names `{column}` twice"),
                "name every column once",
            );
        }
    }
    for (name, modality) in context {
        let key = format!("context.{name}.columns");
        if modality.columns.is_empty() {
            return refuse(
                &key,
                "names no column".to_owned(),
                "name columns, or take the modality out",
            );
        }
        if let Some(column) = modality.columns.iter().find(|column| target.columns.contains(column)) {
            return refuse(
                &key,
                format!("holds `{column}`, which is also a target"),
                "a column is either learned or conditioned on",
            );
        }
        if let Some([low, high]) = modality.valid
            && (low >= high || low.is_nan() || high.is_nan())
        {
            return refuse(
                &format!("context.{name}.valid"),
                format!("[{low}, {high}] is empty"),
                "give low < high",
            );
        }
    }
    Ok(())
}

/// Every column to read, each once.
pub(super) fn column_names<'a>(
    target: &'a TargetRecipe,
    context: &'a BTreeMap<String, ModalityRecipe>,
) -> Vec<&'a str> {
    let mut names: Vec<&str> = target.columns.iter().map(String::as_str).collect();
    for column in context.values().flat_map(|modality| &modality.columns) {
        if !names.contains(&column.as_str()) {
            names.push(column);
        }
    }
    names
}

/// Units of the target columns, which must be scalars.
pub(super) fn scalar_units(
    file: &TableFile,
    target: &TargetRecipe,
    source_name: &str,
) -> Result<Vec<Option<String>>, Error> {
    let names: Vec<&str> = target.columns.iter().map(String::as_str).collect();
    // also refuses absent columns, with the nearest name
    file.read(&names, 0..0)?;
    target
        .columns
        .iter()
        .map(|name| {
            let info = file.columns().iter().find(|info| info.name == *name);
            let (width, unit, kind) = info.map_or((1, None, ColumnKind::Number), |info| {
                (info.width, info.unit.clone(), info.kind)
            });
            if width != 1 || matches!(kind, ColumnKind::Text | ColumnKind::Other) {
                return Err(Error::Data {
                    source_name: source_name.to_owned(),
                    column: name.clone(),
                    reason: format!("expected one number per row, found {width} per row of kind {kind:?}"),
                    hint: "name a numeric scalar column in `target.columns`".to_owned(),
                });
            }
            Ok(unit)
        })
        .collect()
}
