//! Section "How to reproduce": everything needed to make the run again.

use fieldbridge_report::Block;
use serde_json::Value;

use super::ReportInput;
use super::wording::{code, count, duration, note};

/// The blocks of the section.
pub(super) fn blocks(input: &ReportInput) -> Vec<Block> {
    let mut blocks = Vec::new();
    if input.reproduce.trim().is_empty() {
        blocks.push(note(
            "The command of this run was not recorded; the recipe below is complete.",
        ));
    } else {
        blocks.push(Block::Paragraph(
            "With the same version, recipe and data file this command gives the same model, whatever the number of threads; only the \
             timings differ."
                .to_owned(),
        ));
        blocks.push(Block::Code {
            language: "sh".to_owned(),
            text: format!("{}\n", input.reproduce.trim()),
        });
    }
    blocks.push(Block::KeyValues(facts(input)));
    let recipe = input.manifest.recipe.trim();
    if recipe.is_empty() {
        blocks.push(note("The model file holds no recipe."));
    } else {
        blocks.push(Block::Paragraph(
            "The recipe as it ran, with every default written out:".to_owned(),
        ));
        blocks.push(Block::Code {
            language: "toml".to_owned(),
            text: format!("{recipe}\n"),
        });
    }
    blocks
}

fn facts(input: &ReportInput) -> Vec<(String, String)> {
    let manifest = &input.manifest;
    let data = &manifest.data;
    let mut facts = vec![
        ("Fieldbridge".to_owned(), manifest.fieldbridge_version.clone()),
        ("Model file format".to_owned(), manifest.format_version.to_string()),
        ("Seed".to_owned(), manifest.seed.to_string()),
        (
            "Seed of the division of rows".to_owned(),
            input.recipe.data.split_seed.to_string(),
        ),
        match input.recipe.data.generate {
            Some(_) => (
                "Data drawn from".to_owned(),
                format!("{}, {} rows", code(&data.file), count(data.rows)),
            ),
            None => (
                "Data file".to_owned(),
                format!(
                    "{} (from the folder of the recipe), {} rows",
                    code(&data.file),
                    count(data.rows)
                ),
            ),
        },
        ("Data fingerprint (BLAKE3)".to_owned(), code(&data.fingerprint)),
    ];
    facts.extend(recorded(&input.run));
    facts
}

/// What the run recorded of itself: threads, machine, and the time each step took.
fn recorded(run: &Value) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    if let Some(threads) = run["threads"].as_u64() {
        facts.push(("Threads".to_owned(), threads.to_string()));
    }
    if let Some(machine) = run["machine"].as_str().filter(|machine| !machine.is_empty()) {
        facts.push(("Machine".to_owned(), machine.to_owned()));
    }
    for (name, step) in run["steps"].as_object().into_iter().flatten() {
        if let Some(seconds) = step["seconds"].as_f64() {
            facts.push((format!("Time of the step `{name}`"), duration(seconds)));
        }
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_gives_threads_machine_and_times_and_no_place_on_a_disk() {
        let run = serde_json::json!({
            "threads": 2,
            "machine": "x86_64 linux",
            "data": {"file": "/home/somebody/catalogue.parquet"},
            "steps": {"train": {"inputs": "9f2d", "seconds": 71.2}, "check": {"inputs": "6c1e"}},
        });
        let expected = [
            ("Threads", "2"),
            ("Machine", "x86_64 linux"),
            ("Time of the step `train`", "71 s"),
        ];
        assert_eq!(
            recorded(&run),
            expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
        assert!(recorded(&Value::Null).is_empty());
    }
}
