//! Tables, chains and maps.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context;
use fieldbridge::infer::markov_chain::{Chains, Convergence};
use fieldbridge_files::atomic::write_atomically;
use fieldbridge_files::{Array, Column, ColumnValues, Table, write_npy, write_table};
use fieldbridge_sky::{PARAMETERS, Prior};

use super::observation::Truth;
use super::page::Findings;
use super::target::Target;

/// Writes everything but the report.
pub(crate) fn write(
    directory: &Path,
    name: &str,
    target: &Target,
    chains: &Chains,
    findings: &Findings,
    truth: Option<&Truth>,
) -> anyhow::Result<()> {
    write_table(&directory.join("posterior.parquet"), &posterior(chains)?)?;
    write_table(&directory.join("powers.csv"), &powers(target, findings, truth)?)?;
    for_getdist(&directory.join("chains"), name, target, chains)?;
    maps(directory, target, chains)
}

/// Chain, draw and the parameters.
fn posterior(chains: &Chains) -> anyhow::Result<Table> {
    let draws = chains.draws() as i64;
    let count = chains.chains.len() as i64;
    let mut table = Table::new();
    let each = |value: fn(i64, i64) -> i64| {
        let values = (0..count).flat_map(|chain| (0..draws).map(move |draw| value(chain, draw)));
        ColumnValues::Int64(values.collect())
    };
    table.push(Column::new("chain", each(|chain, _| chain)))?;
    table.push(Column::new("draw", each(|_, draw| draw)))?;
    for (index, parameter) in PARAMETERS.iter().enumerate() {
        let values = ColumnValues::Float64(chains.number(index).concat());
        table.push(Column::new(*parameter, values))?;
    }
    Ok(table)
}

/// Power of the convergence in each bin and band, after the data.
fn powers(target: &Target, findings: &Findings, truth: Option<&Truth>) -> anyhow::Result<Table> {
    let multipoles = target.bands.multipoles();
    let area = target.posterior.field().patch().area_pixels();
    let mut columns: [Vec<f64>; 6] = Default::default();
    let mut bins = Vec::new();
    for (bin, found) in findings.powers.iter().enumerate() {
        let true_powers = truth.map(|truth| target.bands.measure(&truth.convergence[bin * area..][..area]));
        for (band, (&multipole, found)) in multipoles.iter().zip(found).enumerate() {
            let number = |value: fn(&Convergence) -> f64| found.as_ref().map_or(f64::NAN, value);
            bins.push(bin as i64);
            let row = [
                multipole,
                number(|found| found.mean),
                number(|found| found.deviation),
                true_powers.as_ref().map_or(f64::NAN, |powers| powers[band]),
                number(|found| found.r_hat),
                number(|found| found.bulk),
            ];
            for (column, value) in columns.iter_mut().zip(row) {
                column.push(value);
            }
        }
    }
    let mut table = Table::new();
    table.push(Column::new("bin", ColumnValues::Int64(bins)))?;
    let names = ["multipole", "mean", "deviation", "truth", "r_hat", "effective_draws"];
    for (name, column) in names.into_iter().zip(columns) {
        table.push(Column::new(name, ColumnValues::Float64(column)))?;
    }
    Ok(table)
}

/// `chains/NAME_1.txt` and so on, as GetDist reads them: weight, minus the logarithm of the posterior, parameters. The density is
/// that of parameters and map together.
fn for_getdist(folder: &Path, name: &str, target: &Target, chains: &Chains) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    const LABELS: [&str; 6] = ["\\Omega_c", "\\Omega_b", "\\sigma_8", "h", "n_s", "w_0"];
    let priors = target.posterior.parameters().priors().each();
    let free: Vec<usize> = (0..PARAMETERS.len())
        .filter(|&index| !priors[index].is_fixed())
        .collect();
    let (mut names, mut ranges) = (String::new(), String::new());
    for &index in &free {
        let limit = |value: f64| {
            if value.is_finite() {
                value.to_string()
            } else {
                "N".to_owned()
            }
        };
        let (low, high) = match priors[index] {
            Prior::Fixed(value) => (value, value),
            Prior::Uniform { low, high } | Prior::Normal { low, high, .. } => (low, high),
        };
        let _ = writeln!(names, "{} {}", PARAMETERS[index], LABELS[index]);
        let _ = writeln!(ranges, "{} {} {}", PARAMETERS[index], limit(low), limit(high));
    }
    let width = chains.names.len();
    for (number, chain) in chains.chains.iter().enumerate() {
        let mut text = String::new();
        for draw in chain.numbers.chunks_exact(width) {
            let _ = write!(text, "1 {:.10e}", -draw[PARAMETERS.len()]);
            for &index in &free {
                let _ = write!(text, " {:.12e}", draw[index]);
            }
            text.push('\n');
        }
        let path = folder.join(format!("{name}_{}.txt", number + 1));
        write_atomically(&path, |file| file.write_all(text.as_bytes()))?;
    }
    for (ending, text) in [("paramnames", names), ("ranges", ranges)] {
        let path = folder.join(format!("{name}.{ending}"));
        write_atomically(&path, |file| file.write_all(text.as_bytes()))?;
    }
    Ok(())
}

/// Mean and deviation of the convergence in each pixel, `[bin, row, column]`.
fn maps(directory: &Path, target: &Target, chains: &Chains) -> anyhow::Result<()> {
    let moments = chains.moments();
    let side = target.posterior.field().patch().pixels();
    let shape = vec![target.posterior.field().bins(), side, side];
    let deviation = moments.deviation();
    for (name, values) in [("mean", moments.mean()), ("deviation", &deviation[..])] {
        let values = ColumnValues::Float32(values.iter().map(|&value| value as f32).collect());
        let array = Array::new(shape.clone(), values)?;
        write_npy(&directory.join(format!("convergence_{name}.npy")), &array)?;
    }
    Ok(())
}
