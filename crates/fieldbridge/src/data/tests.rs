//! From small catalogues to rows and back.

mod preparing;
mod refusing;
mod scaling;

use std::collections::BTreeMap;
use std::path::Path;

use fieldbridge_files::{Column, ColumnValues, Table, write_table};

use super::{DataRecipe, Dataset, ModalityRecipe, TargetRecipe};
use crate::error::Error;

/// A catalogue in a folder of its own.
struct Catalogue {
    folder: tempfile::TempDir,
    data: DataRecipe,
    target: TargetRecipe,
    context: BTreeMap<String, ModalityRecipe>,
}

fn table(columns: &[(&str, Vec<f64>)]) -> Table {
    let mut table = Table::new();
    for (name, values) in columns {
        table
            .push(Column::new(*name, ColumnValues::Float64(values.clone())))
            .unwrap();
    }
    table
}

impl Catalogue {
    /// Writes the columns as `file` and reads `recipe`, the tables `[data]`, `[target]` and `[context.*]`.
    fn new(file: &str, columns: &[(&str, Vec<f64>)], recipe: &str) -> Self {
        #[derive(serde::Deserialize)]
        struct Tables {
            data: toml::Table,
            target: TargetRecipe,
            #[serde(default)]
            context: BTreeMap<String, ModalityRecipe>,
        }
        let folder = tempfile::tempdir().unwrap();
        write_table(&folder.path().join(file), &table(columns)).unwrap();
        let mut tables: Tables = toml::from_str(recipe).unwrap();
        tables.data.insert("file".to_owned(), file.into());
        Self {
            folder,
            data: tables.data.try_into().unwrap(),
            target: tables.target,
            context: tables.context,
        }
    }

    fn cache(&self) -> std::path::PathBuf {
        self.folder.path().join("rows.cache")
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn prepare(&self) -> Result<Dataset, Error> {
        Dataset::prepare(&self.data, &self.target, &self.context, self.folder(), &self.cache())
    }
}

/// `count` numbers that look random and are always the same.
fn numbers(purpose: &str, count: usize) -> Vec<f64> {
    let stream = crate::random::Stream::new(31, purpose, 0);
    stream.normals(count).into_iter().map(f64::from).collect()
}
