//! Simulations that were made otherwise than those a model learned from.

use std::path::Path;

use fieldbridge::model::Model;
use fieldbridge_files::ZarrStore;
use serde_json::Value;

use crate::simulate::recipe::SimulationRecipe;

/// Tables of a recipe that decide what maps of a universe are like and what is seen of them.
const TABLES: [&str; 3] = ["sources", "spectra", "field"];
/// Noise that differs more than this, as a share, is told.
const SAME: f64 = 1e-6;

/// A warning that names every key in which the recipe of a store differs from that of the simulations the model learned from,
/// with both values, and the noise of every bin that differs; none where nothing does, or where one of the two says nothing.
///
/// # Errors
/// When the store cannot be read.
pub(crate) fn warning(model: &Model, path: &Path) -> anyhow::Result<Option<String>> {
    let store = ZarrStore::open(path)?;
    let mut found = Vec::new();
    if let (Some(learned), Some(held)) = (learned(model), store.attributes().get("recipe")) {
        let learned = learned.of_simulations();
        for table in TABLES {
            differences(table, &learned[table], &held[table], &mut found);
        }
    }
    if let Some(fields) = &model.manifest.scaling.fields {
        let noise = store.read("noise", 0..fields.geometry.bins)?.to_f64()?;
        for (bin, (own, other)) in fields.noise.iter().zip(noise).enumerate() {
            if (other / own - 1.0).abs() > SAME {
                found.push(format!("noise of bin {bin} is {other:.5}, was {own:.5}"));
            }
        }
    }
    Ok((!found.is_empty()).then(|| {
        format!(
            "{} holds other simulations than those the model learned from, and its posterior will be wrong: {}",
            path.display(),
            found.join("; ")
        )
    }))
}

/// The recipe of the simulations that a model learned from.
pub(super) fn learned(model: &Model) -> Option<SimulationRecipe> {
    let whole: toml::Table = model.manifest.recipe.parse().ok()?;
    let mut table = whole.get("simulation")?.as_table()?.clone();
    table
        .entry("title")
        .or_insert_with(|| toml::Value::String(String::new()));
    table.try_into().ok()
}

/// Every key below `key` whose values differ.
fn differences(key: &str, was: &Value, is: &Value, found: &mut Vec<String>) {
    match (was, is) {
        (Value::Object(left), Value::Object(right)) => {
            let mut names: Vec<&String> = left.keys().chain(right.keys()).collect();
            names.sort();
            names.dedup();
            for name in names {
                differences(&format!("{key}.{name}"), &was[name], &is[name], found);
            }
        }
        _ if was != is => found.push(format!("`{key}` is {is}, was {was}")),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_key_that_differs_is_named_with_both_values() {
        let was = json!({"bins": 2, "scale": 0.11, "inner": {"a": 1, "b": [1.0]}});
        let is = json!({"bins": 2, "scale": 0.2, "inner": {"a": 1, "b": [2.0]}, "new": "x"});
        let mut found = Vec::new();
        differences("sources", &was, &is, &mut found);
        assert_eq!(
            found,
            [
                "`sources.inner.b` is [2.0], was [1.0]",
                "`sources.new` is \"x\", was null",
                "`sources.scale` is 0.2, was 0.11"
            ]
        );
        found.clear();
        differences("sources", &was, &was, &mut found);
        assert!(found.is_empty());
    }
}
