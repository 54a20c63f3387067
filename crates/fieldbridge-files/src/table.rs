//! A table in memory: named columns of equal numbers of rows.

use crate::FileError;

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// Real numbers.
    Number,
    /// Whole numbers.
    Integer,
    /// True and false, read as 1 and 0.
    Boolean,
    /// Text.
    Text,
    /// Something that cannot be read as a column; [`TableFile::read`](crate::TableFile::read) says why.
    Other,
}

/// What is known of a column before any of its values is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnInfo {
    /// Name, as stored.
    pub name: String,
    /// What its values are.
    pub kind: ColumnKind,
    /// Values per row: 1 for a scalar, the length of the vector otherwise.
    pub width: usize,
    /// Unit, as stored (FITS `TUNITn`, HDF5 attribute `unit` or `units`).
    pub unit: Option<String>,
}

/// Values of a column, row after row; a vector column holds its `width` values of each row next to each other.
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnValues {
    /// Double precision.
    Float64(Vec<f64>),
    /// Single precision, also for half precision files.
    Float32(Vec<f32>),
    /// Whole numbers and booleans.
    Int64(Vec<i64>),
    /// Text; a missing text is empty.
    Text(Vec<String>),
}

impl ColumnValues {
    /// Number of values: rows times width.
    pub fn len(&self) -> usize {
        match self {
            ColumnValues::Float64(values) => values.len(),
            ColumnValues::Float32(values) => values.len(),
            ColumnValues::Int64(values) => values.len(),
            ColumnValues::Text(values) => values.len(),
        }
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values in double precision. Exact but for integers beyond 2^53.
    ///
    /// # Errors
    /// [`FileError::NotNumeric`] for text, even text that looks like numbers; [`Column::to_f64`] also names the column.
    pub fn to_f64(&self) -> Result<Vec<f64>, FileError> {
        match self {
            ColumnValues::Float64(values) => Ok(values.clone()),
            ColumnValues::Float32(values) => Ok(values.iter().map(|&value| f64::from(value)).collect()),
            ColumnValues::Int64(values) => Ok(values.iter().map(|&value| value as f64).collect()),
            ColumnValues::Text(values) => {
                let row = values
                    .iter()
                    .position(|text| text.trim().parse::<f64>().is_err())
                    .unwrap_or(0);
                let found = values.get(row).cloned().unwrap_or_default();
                Err(FileError::NotNumeric {
                    path: None,
                    column: String::new(),
                    row,
                    found,
                })
            }
        }
    }
}

/// A named column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Name.
    pub name: String,
    /// Values per row: 1 for a scalar.
    pub width: usize,
    /// The values, row after row: `rows * width` of them.
    pub values: ColumnValues,
    /// Unit, if known.
    pub unit: Option<String>,
}

impl Column {
    /// A column of one value per row, without a unit.
    pub fn new(name: impl Into<String>, values: ColumnValues) -> Self {
        Column {
            name: name.into(),
            width: 1,
            values,
            unit: None,
        }
    }

    /// A column of `width` values per row, without a unit; `values` holds them row after row.
    ///
    /// # Errors
    /// [`FileError::Misfit`] when `width` is zero or does not divide the number of values.
    pub fn vector(name: impl Into<String>, width: usize, values: ColumnValues) -> Result<Self, FileError> {
        let column = Column {
            name: name.into(),
            width,
            values,
            unit: None,
        };
        column.check()?;
        Ok(column)
    }

    /// The same column with a unit.
    pub fn with_unit(mut self, unit: impl Into<String>) -> Self {
        self.unit = Some(unit.into());
        self
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.values.len() / self.width.max(1)
    }

    /// The values in double precision, `rows * width` of them.
    ///
    /// # Errors
    /// [`FileError::NotNumeric`], naming the column, the row and the text, for a column of text.
    pub fn to_f64(&self) -> Result<Vec<f64>, FileError> {
        self.values.to_f64().map_err(|error| match error {
            FileError::NotNumeric { path, row, found, .. } => FileError::NotNumeric {
                path,
                column: self.name.clone(),
                row: row / self.width.max(1),
                found,
            },
            other => other,
        })
    }

    fn check(&self) -> Result<(), FileError> {
        if self.width == 0 || !self.values.len().is_multiple_of(self.width) {
            return Err(FileError::Misfit {
                column: self.name.clone(),
                expected: format!("a multiple of its width {}, which is at least 1", self.width),
                found: format!("{} values", self.values.len()),
            });
        }
        Ok(())
    }
}

/// Named columns of equal numbers of rows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    columns: Vec<Column>,
}

impl Table {
    /// A table without columns.
    pub fn new() -> Self {
        Table::default()
    }

    /// Adds a column on the right.
    ///
    /// # Errors
    /// [`FileError::Misfit`] when its rows are not as many as the table's, its name is taken, or its width does not
    /// divide its values.
    pub fn push(&mut self, column: Column) -> Result<(), FileError> {
        column.check()?;
        if self.column(&column.name).is_some() {
            return Err(FileError::Misfit {
                column: column.name.clone(),
                expected: "a name not yet in the table".into(),
                found: "the same name twice".into(),
            });
        }
        if let Some(first) = self.columns.first()
            && first.rows() != column.rows()
        {
            return Err(FileError::Misfit {
                column: column.name.clone(),
                expected: format!("{} rows, as in column {:?}", first.rows(), first.name),
                found: format!("{} rows", column.rows()),
            });
        }
        self.columns.push(column);
        Ok(())
    }

    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// All columns, from left to right.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The columns themselves, from left to right.
    pub fn into_columns(self) -> Vec<Column> {
        self.columns
    }

    /// Number of rows; 0 without columns.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, Column::rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_must_fit() {
        let mut table = Table::new();
        table.push(Column::new("a", ColumnValues::Int64(vec![1, 2]))).unwrap();
        let short = table.push(Column::new("b", ColumnValues::Int64(vec![1]))).unwrap_err();
        assert!(short.to_string().contains("2 rows, as in column \"a\""), "{short}");
        assert!(table.push(Column::new("a", ColumnValues::Int64(vec![1, 2]))).is_err());
        assert!(Column::vector("v", 2, ColumnValues::Int64(vec![1, 2, 3])).is_err());
        assert!(Column::vector("v", 0, ColumnValues::Int64(vec![])).is_err());
        assert_eq!(table.rows(), 2);
    }

    #[test]
    fn text_is_no_number() {
        let column = Column::new("name", ColumnValues::Text(vec!["3".into(), "NGC 4993".into()]));
        let message = column.to_f64().unwrap_err().to_string();
        assert!(
            message.contains("\"name\"") && message.contains("row 1") && message.contains("NGC 4993"),
            "{message}"
        );
    }
}
