//! What can be wrong with a recipe, with file, line and key.

use std::path::{Path, PathBuf};

use fieldbridge_files::nearest_name;

use super::lines::{Lines, line_at};

/// Why a recipe cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RecipeError {
    /// The file cannot be read.
    #[error("recipe {}: {reason}; {hint}", path.display())]
    File {
        /// The recipe.
        path: PathBuf,
        /// Why not.
        reason: String,
        /// Likely fix.
        hint: String,
    },
    /// The file is not TOML.
    #[error("recipe {}, line {line}: {reason}; a recipe is TOML: `key = value` under [table] headings", path.display())]
    Syntax {
        /// The recipe.
        path: PathBuf,
        /// Line, from one.
        line: usize,
        /// What was expected and found.
        reason: String,
    },
    /// A key is unknown, missing, contradictory, or has a value of the wrong kind.
    #[error("recipe {}{}: key `{key}` {reason}; {hint}", path.display(), line.map(|line| format!(", line {line}")).unwrap_or_default())]
    Key {
        /// The recipe.
        path: PathBuf,
        /// Line, from one; none for keys that are not in the file.
        line: Option<usize>,
        /// Dotted name.
        key: String,
        /// What is wrong.
        reason: String,
        /// Likely fix.
        hint: String,
    },
    /// An override is not of the form `key=value`.
    #[error("--set {given}: {reason}; write --set train.steps=50")]
    Override {
        /// What was given.
        given: String,
        /// What is wrong.
        reason: String,
    },
}

impl RecipeError {
    pub(super) fn syntax(path: &Path, text: &str, error: &toml::de::Error) -> Self {
        Self::Syntax {
            path: path.to_owned(),
            line: error.span().map_or(1, |span| line_at(text, span.start)),
            reason: error.message().replace('\n', ", "),
        }
    }
}

/// A key at fault, not yet found in its file.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) key: String,
    pub(super) reason: String,
    pub(super) hint: String,
}

impl Fault {
    pub(super) fn in_file(self, path: &Path, lines: &Lines) -> RecipeError {
        RecipeError::Key {
            path: path.to_owned(),
            line: lines.of_key(&self.key),
            key: self.key,
            reason: self.reason,
            hint: self.hint,
        }
    }

    /// A key that is none of those known.
    pub(super) fn unknown(section: &str, key: &str, known: &[&str]) -> Self {
        let place = if section.is_empty() {
            "the top of a recipe".to_owned()
        } else {
            format!("[{section}]")
        };
        Self {
            key: dotted(section, key),
            reason: "is unknown".to_owned(),
            hint: suggestion(key, known, &format!("the keys of {place} are")),
        }
    }

    /// What the reader of section `section` complained of.
    pub(super) fn from_reader(section: &str, error: &toml::de::Error) -> Self {
        let message = error.message().trim();
        let named: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
        // a key inside the section, where the reader tells
        let inner = error.to_string().lines().find_map(|line| {
            line.strip_prefix("in `")
                .and_then(|rest| rest.strip_suffix('`'))
                .map(str::to_owned)
        });
        let section = inner.map_or_else(|| section.to_owned(), |inner| dotted(section, &inner));
        match named.split_first() {
            Some((name, known)) if message.starts_with("unknown field") => Self::unknown(&section, name, known),
            Some((name, known)) if message.starts_with("unknown variant") => Self {
                key: section,
                reason: format!("is \"{name}\", which is unknown"),
                hint: suggestion(name, known, "choose one of"),
            },
            Some((name, _)) if message.starts_with("missing field") => Self {
                key: dotted(&section, name),
                reason: "is missing".to_owned(),
                hint: if section.is_empty() {
                    format!("add `{name} = ...`, or a table [{name}]")
                } else {
                    format!("add `{name} = ...` under [{section}]")
                },
            },
            _ => Self {
                key: section,
                reason: format!("cannot be read: {message}"),
                hint: "give a value of the expected kind".to_owned(),
            },
        }
    }
}

fn suggestion(wanted: &str, known: &[&str], introduction: &str) -> String {
    let all = format!("{introduction} {}", known.join(", "));
    match nearest_name(wanted, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`? {all}"),
        None => all,
    }
}

pub(super) fn dotted(section: &str, key: &str) -> String {
    if section.is_empty() {
        key.to_owned()
    } else {
        format!("{section}.{key}")
    }
}
