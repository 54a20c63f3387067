//! Laying settings over a recipe.

use toml::{Table, Value};

use super::error::{Fault, RecipeError};
use super::section::KEYS;

/// One `key=value` of the command line.
#[derive(Debug)]
pub(super) struct Setting {
    given: String,
    path: Vec<String>,
    value: Value,
}

/// The settings of the command line.
pub(super) fn parse_overrides(overrides: &[String]) -> Result<Vec<Setting>, RecipeError> {
    overrides
        .iter()
        .map(|given| {
            let fault = |reason: &str| RecipeError::Override {
                given: given.clone(),
                reason: reason.to_owned(),
            };
            let (key, text) = given.split_once('=').ok_or_else(|| fault("has no `=`"))?;
            let path: Vec<String> = key.trim().split('.').map(|part| part.trim().to_owned()).collect();
            if path.iter().any(String::is_empty) {
                return Err(fault("has an empty key"));
            }
            let read = format!("value = {text}").parse::<Table>().ok();
            let value = read
                .filter(|table| table.len() == 1)
                .and_then(|mut table| table.remove("value"))
                .unwrap_or_else(|| Value::String(text.trim().to_owned()));
            Ok(Setting {
                given: given.clone(),
                path,
                value,
            })
        })
        .collect()
}

/// Lays the settings over a recipe.
pub(super) fn apply(table: &mut Table, settings: &[Setting]) -> Result<(), RecipeError> {
    for setting in settings {
        let (last, sections) = setting.path.split_last().expect("a split gives at least one part");
        let mut inner = &mut *table;
        for section in sections {
            let entry = inner
                .entry(section.clone())
                .or_insert_with(|| Value::Table(Table::new()));
            inner = entry.as_table_mut().ok_or_else(|| RecipeError::Override {
                given: setting.given.clone(),
                reason: format!("`{section}` is not a table"),
            })?;
        }
        settle_length(inner, last);
        inner.insert(last.clone(), setting.value.clone());
    }
    Ok(())
}

/// Steps and epochs both say how long to train: the one laid over takes the place of the other.
fn settle_length(table: &mut Table, key: &str) {
    match key {
        "steps" => table.remove("epochs"),
        "epochs" => table.remove("steps"),
        _ => None,
    };
}

/// The recipe with `[when.BRIDGE]` laid over it and `when` taken out.
pub(super) fn when(table: &Table, bridge: &str) -> Result<Table, Fault> {
    let mut merged = table.clone();
    let Some(when) = merged.remove("when") else {
        return Ok(merged);
    };
    let names: Vec<&str> = super::BRIDGES.iter().map(|(name, _)| *name).collect();
    let when = table_of("when", when)?;
    for (name, over) in when {
        if !names.contains(&name.as_str()) {
            return Err(Fault::unknown("when", &name, &names));
        }
        let key = format!("when.{name}");
        let over = table_of(&key, over)?;
        let allowed: Vec<&str> = KEYS
            .iter()
            .copied()
            .filter(|known| *known != "bridge" && *known != "when")
            .collect();
        if let Some(unknown) = over.keys().find(|found| !allowed.contains(&found.as_str())) {
            return Err(Fault::unknown(&key, unknown, &allowed));
        }
        if name == bridge {
            lay(&mut merged, over);
        }
    }
    Ok(merged)
}

fn table_of(key: &str, value: Value) -> Result<Table, Fault> {
    match value {
        Value::Table(table) => Ok(table),
        other => Err(Fault {
            key: key.to_owned(),
            reason: format!("is a {}, expected a table", other.type_str()),
            hint: format!("write [{key}.train] and the keys below it"),
        }),
    }
}

fn lay(under: &mut Table, over: Table) {
    for (key, value) in over {
        settle_length(under, &key);
        match (under.get_mut(&key), value) {
            (Some(Value::Table(inner)), Value::Table(value)) => lay(inner, value),
            (_, value) => {
                under.insert(key, value);
            }
        }
    }
}
