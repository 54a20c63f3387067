//! `fieldbridge compare`: how far a sample is from a reference.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context;
use fieldbridge::check::distance::{CompareSettings, Comparison, DistanceKind, compare};
use fieldbridge::random::Stream;
use serde_json::{Value, json};

use crate::Outcome;
use crate::arguments::CompareArguments;
use crate::console::Console;
use crate::progress::{TaskProgress, waiting_for};
use crate::rows::open;
use crate::samples::{Found, common_columns, read, without_constants};

/// Columns left out that are told in words; JSON has all.
const TOLD: usize = 8;

pub(crate) fn execute(arguments: &CompareArguments, console: &Console) -> anyhow::Result<Outcome> {
    let (reference_path, sample_path) = (&arguments.reference, &arguments.sample);
    let reference_file = open(reference_path, arguments.reference_group.as_deref(), None)?;
    let sample_file = open(sample_path, arguments.sample_group.as_deref(), None)?;
    let mut common = common_columns(&reference_file, &sample_file, &arguments.columns)?;
    let settings = CompareSettings {
        rows: arguments.rows,
        seed: arguments.seed,
        ..CompareSettings::default()
    };
    let stream = |purpose| Stream::new(arguments.seed, purpose, 0);
    let mut progress = TaskProgress::new(console, "rows");
    // the reference is cut in two for the floor
    let most = arguments.rows.saturating_mul(2);
    let mut reference = read(
        &reference_file,
        &common.columns,
        most,
        &stream("reference rows"),
        &mut progress,
    )?;
    let mut sample = read(
        &sample_file,
        &common.columns,
        arguments.rows,
        &stream("sample rows"),
        &mut progress,
    )?;
    drop(progress);
    let constant = without_constants(
        &mut common.columns,
        (reference_path.as_path(), &mut reference),
        (sample_path.as_path(), &mut sample),
    )?;
    let dimension = common.columns.iter().map(|(_, width)| width).sum();
    let mut reference_points = reference.points("reference", dimension)?;
    let mut sample_points = sample.points("sample", dimension)?;
    if !arguments.unscaled {
        let (means, deviations) = (reference_points.means(), reference_points.deviations());
        reference_points = reference_points.standardised(&means, &deviations);
        sample_points = sample_points.standardised(&means, &deviations);
    }
    let kinds = if arguments.metrics.is_empty() {
        DistanceKind::ALL.to_vec()
    } else {
        arguments.metrics.clone()
    };
    let done = AtomicU64::new(0);
    let total = (kinds.len() * (1 + settings.splits)) as u64;
    let found = waiting_for(console, "distances", (&done, total, "evaluations"), || {
        kinds
            .iter()
            .map(|kind| {
                let distance = kind.build(&reference_points, &sample_points);
                let told = || {
                    done.fetch_add(1, Ordering::Relaxed);
                };
                let comparison = compare(distance.as_ref(), &reference_points, &sample_points, &settings, &told);
                Ok((*kind, comparison.with_context(|| format!("metric `{}`", kind.name()))?))
            })
            .collect::<anyhow::Result<Vec<_>>>()
    })?;
    let names: Vec<&str> = common.columns.iter().map(|(name, _)| name.as_str()).collect();
    let mut words = table(&found);
    let rows = settings.rows_of_each(&reference_points, &sample_points);
    words.push_str(&format!(
        "\n{rows} rows of each, columns {}{}\n",
        names.join(", "),
        if arguments.unscaled {
            ""
        } else {
            ", scaled by mean and deviation of the reference"
        }
    ));
    words.push_str(&told_of_rows("reference", &reference.found));
    words.push_str(&told_of_rows("sample", &sample.found));
    if !constant.is_empty() {
        words.push_str(&format!("left out, constant in both: {}\n", constant.join(", ")));
    }
    for reason in common.left_out.iter().take(TOLD) {
        words.push_str(&format!("left out: {reason}\n"));
    }
    if common.left_out.len() > TOLD {
        words.push_str(&format!("left out: {} more\n", common.left_out.len() - TOLD));
    }
    let object = json!({
        "metrics": found.iter().map(|(kind, found)| entry(*kind, found)).collect::<Vec<Value>>(),
        "rows": rows,
        "columns": names,
        "scaled": !arguments.unscaled,
        "seed": arguments.seed,
        "reference": reference.found,
        "sample": sample.found,
        "constant_columns": constant,
        "left_out": common.left_out,
    });
    console.result(&words, &object)?;
    Ok(Outcome::Done)
}

fn entry(kind: DistanceKind, found: &Comparison) -> Value {
    json!({
        "name": kind.name(),
        "value": found.value,
        "standard_error": found.standard_error,
        "floor": found.floor,
        "floor_spread": found.floor_spread,
        "excess": found.excess(),
    })
}

/// One line for each distance.
fn table(found: &[(DistanceKind, Comparison)]) -> String {
    let mut text = format!(
        "{:<19}{:>11}  {:>9}{:>12}  {:>9}{:>9}\n",
        "metric", "value", "+- error", "floor", "+- spread", "excess"
    );
    for (kind, found) in found {
        let excess = found.excess().map_or("-".to_owned(), |excess| format!("{excess:.1}"));
        text.push_str(&format!(
            "{:<19}{:>11.5}  {:>9.5}{:>12.5}  {:>9.5}{excess:>9}  {}\n",
            kind.name(),
            found.value,
            found.standard_error,
            found.floor,
            found.floor_spread,
            kind.describe()
        ));
    }
    text.push_str(
        "floor: the same between two parts of the reference; excess: (value - floor) / spread, beyond +-3 there is a difference",
    );
    text
}

fn told_of_rows(what: &str, found: &Found) -> String {
    match &found.first_skipped {
        Some((row, column)) => format!(
            "{what}: {} of {} rows skipped, not numbers; the first is row {row} in column `{column}`\n",
            found.rows_skipped, found.rows
        ),
        None => String::new(),
    }
}
