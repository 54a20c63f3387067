//! Recipes of any other form than that of a run.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::error::{Fault, RecipeError, dotted};
use super::lines::Lines;
use super::{merge, read_text};

/// A recipe of form `T`, and where its keys stand.
#[derive(Clone, Debug, PartialEq)]
pub struct RecipeFile<T> {
    /// What it says.
    pub recipe: T,
    /// The file it was read from.
    pub path: PathBuf,
    lines: Lines,
    /// The table of its file that holds it; empty when that is all of it.
    section: &'static str,
}

impl<T: DeserializeOwned> RecipeFile<T> {
    /// Reads a recipe and lays `overrides` over it, as [`Recipe::read`](super::Recipe::read) does.
    ///
    /// # Errors
    /// [`RecipeError`] with file, line and key when the file cannot be read, is not TOML, or is not of this form.
    pub fn read(path: &Path, overrides: &[String]) -> Result<Self, RecipeError> {
        let text = read_text(path)?;
        let mut table: toml::Table = text.parse().map_err(|error| RecipeError::syntax(path, &text, &error))?;
        let lines = Lines::of(&text);
        merge::apply(&mut table, &merge::parse_overrides(overrides)?)?;
        let recipe = table
            .try_into()
            .map_err(|error| Fault::from_reader("", &error).in_file(path, &lines))?;
        Ok(Self {
            recipe,
            path: path.to_owned(),
            lines,
            section: "",
        })
    }
}

impl<T> RecipeFile<T> {
    /// One that is a table of another recipe.
    pub(super) fn inside(recipe: T, path: &Path, lines: Lines, section: &'static str) -> Self {
        Self {
            recipe,
            path: path.to_owned(),
            lines,
            section,
        }
    }

    /// Folder at which relative paths start.
    pub fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// The error that a key has a value that cannot be used.
    pub fn refused(&self, key: &str, reason: impl Into<String>, hint: impl Into<String>) -> RecipeError {
        let key = dotted(self.section, key);
        RecipeError::Key {
            path: self.path.clone(),
            line: self.lines.of_key(&key),
            key,
            reason: reason.into(),
            hint: hint.into(),
        }
    }
}
