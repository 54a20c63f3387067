//! `fieldbridge infer --observation`: draws of parameters and maps given one observed map.

use std::path::Path;

use anyhow::{Context, bail};
use fieldbridge::data::fields::{FieldGeometry, FieldScaling, FieldSimulations};
use fieldbridge::model::Model;
use fieldbridge_files::{
    Column, ColumnValues, Format, Table, ZarrArray, ZarrKind, ZarrStore, read_array, require_writable, write_table,
};
use serde_json::{Map, Value, json};

use crate::Outcome;
use crate::arguments::InferArguments;
use crate::console::Console;
use crate::mcmc::observation::in_planes;
use crate::progress::waiting;
use crate::verb::{observed_fits, other_simulations};

/// Noise this far from that of training, as a ratio, is told.
const ODD_NOISE: f64 = 1.25;

/// The refusal of a verb that asks for columns.
pub(crate) fn refuse_columns(model: &Model) -> anyhow::Result<()> {
    if model.manifest.scaling.fields.is_some() {
        bail!(
            "the model answers observed maps; ask it with `fieldbridge infer DIR --observation MAP --draws N --out FILE`"
        );
    }
    Ok(())
}

pub(crate) fn execute(
    model: &Model,
    arguments: &InferArguments,
    observation: &Path,
    console: &Console,
) -> anyhow::Result<Outcome> {
    let Some(fields) = &model.manifest.scaling.fields else {
        bail!("the model is not one of maps; give a table with --data");
    };
    require_writable(&arguments.out)?;
    if arguments.maps.is_some() && fields.reading.is_some() {
        bail!("the model learned the parameters alone and draws no maps; leave --maps out");
    }
    let mut notes = Vec::new();
    let maps = read(observation, arguments, fields, &mut notes)?;
    if observation.is_dir() {
        notes.extend(other_simulations::warning(model, observation)?);
    }
    notes.extend(oddities(&maps, fields));
    notes.iter().for_each(|note| console.note(&format!("warning: {note}")));
    let number = arguments.row.unwrap_or(0);
    let encoded = model.manifest.scaling.encode_observation(&maps, number)?;
    let seed = arguments.seed.unwrap_or(model.manifest.seed);
    let drawn = waiting(console, "drawing", || model.posterior(&encoded, arguments.draws, seed))?;
    let width = model.manifest.scaling.dimension();
    write_parameters(model, &drawn, width, &arguments.out)?;
    let mut words = format!(
        "{} draws of {}: {}",
        arguments.draws,
        model.target_columns().join(", "),
        arguments.out.display()
    );
    if let Some(path) = &arguments.maps {
        write_maps(fields.geometry, &drawn, (width, arguments.draws), path)?;
        words.push_str(&format!("\n{} draws of the maps: {}", arguments.draws, path.display()));
    }
    let parameters = model.target_columns().len();
    let mut summary = Map::new();
    for (at, name) in model.target_columns().iter().enumerate() {
        let values: Vec<f64> = drawn.iter().skip(at).step_by(width).copied().collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let squares = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
        let deviation = (squares / (values.len() as f64 - 1.0).max(1.0)).sqrt();
        words.push_str(&format!("\n{name}: {mean:.4} +- {deviation:.4}"));
        summary.insert(name.clone(), json!({ "mean": mean, "deviation": deviation }));
    }
    debug_assert_eq!(parameters, summary.len());
    let object = json!({
        "draws": arguments.draws,
        "out": arguments.out,
        "maps": arguments.maps,
        "parameters": summary,
        "warnings": notes,
    });
    console.result(&words, &object)?;
    Ok(Outcome::Done)
}

/// The observed maps, place by place; what is unlike the model's in how they were written goes to `notes`.
fn read(
    path: &Path,
    arguments: &InferArguments,
    fields: &FieldScaling,
    notes: &mut Vec<String>,
) -> anyhow::Result<Vec<f32>> {
    let (geometry, row) = (fields.geometry, arguments.row);
    let expected = format!(
        "{} bins of {} by {} pixels, {} degrees wide",
        geometry.bins, geometry.pixels, geometry.pixels, geometry.width_degrees
    );
    let (maps, names): (Vec<f32>, String) = if path.is_dir() {
        let simulations = FieldSimulations::open(path, None)?;
        let found = simulations.geometry;
        if found != geometry {
            bail!(
                "{} holds {} bins of {} by {} pixels, {} degrees wide; the model knows {expected}",
                path.display(),
                found.bins,
                found.pixels,
                found.pixels,
                found.width_degrees
            );
        }
        let row = row.unwrap_or(0);
        if row >= simulations.count {
            bail!(
                "{} holds {} simulations, there is no number {row}",
                path.display(),
                simulations.count
            );
        }
        (
            simulations.observation(row..row + 1)?,
            format!("simulation {row} of {}", path.display()),
        )
    } else {
        if row.is_some() {
            bail!(
                "--row chooses a simulation of a Zarr store; {} is a file",
                path.display()
            );
        }
        let planes = if matches!(Format::of_path(path), Ok(Format::Fits)) {
            observed_fits::read(path, arguments.group.as_deref(), geometry, notes)?
        } else {
            let array = read_array(path).context(
                "an observed map is an npy file, a FITS image or HEALPix cut-out (.fits), or a Zarr store of simulations",
            )?;
            let Some(planes) = in_planes(&array.shape, &array.to_f64()?, geometry.bins, geometry.pixels) else {
                bail!(
                    "{} has the shape {:?}; the model knows {expected}, [{bins}, {n}, {n}] or [{n}, {n}, {bins}]",
                    path.display(),
                    array.shape,
                    bins = geometry.bins,
                    n = geometry.pixels
                );
            };
            planes
        };
        let values: Vec<f32> = planes.into_iter().map(|value| value as f32).collect();
        (geometry.by_place(&values), path.display().to_string())
    };
    let missing = maps.iter().filter(|value| !value.is_finite()).count();
    if missing > 0 {
        bail!(
            "{names}: {missing} of {} pixels are not finite; this model learned from whole maps and cannot be asked about masked ones",
            maps.len()
        );
    }
    Ok(maps)
}

/// What is unlike the observations the model learned from.
fn oddities(maps: &[f32], fields: &FieldScaling) -> Vec<String> {
    let FieldGeometry { bins, pixels, .. } = fields.geometry;
    let mut notes = Vec::new();
    for bin in 0..bins {
        let at = |row: usize, column: usize| f64::from(maps[(row * pixels + column) * bins + bin]);
        // half the checkered difference of four neighbours has the deviation of the noise and little of the signal
        let blocks = (0..pixels / 2).flat_map(|row| (0..pixels / 2).map(move |column| (2 * row, 2 * column)));
        let squares: Vec<f64> = blocks
            .map(|(row, column)| {
                let checkered = at(row, column) - at(row, column + 1) - at(row + 1, column) + at(row + 1, column + 1);
                0.25 * checkered * checkered
            })
            .collect();
        let noise = (squares.iter().sum::<f64>() / squares.len() as f64).sqrt();
        // between that of the noise alone and, where neighbours hardly know of each other, that of noise and signal
        let (least, most) = (fields.noise[bin], fields.observed_deviation(bin));
        let odd = if noise < least / ODD_NOISE {
            Some((noise / least, "less"))
        } else if noise > most * ODD_NOISE {
            Some((noise / most, "more"))
        } else {
            None
        };
        if let Some((ratio, word)) = odd {
            notes.push(format!(
                "bin {bin} scatters by about {noise:.4} from pixel to pixel, {ratio:.2} times as much as the model learned with: \
                 {word} than {least:.4} of noise alone and {most:.4} with all of the signal; its posterior will be wrong",
            ));
        }
        let count = (pixels * pixels) as f64;
        let mean = (0..pixels * pixels)
            .map(|place| f64::from(maps[place * bins + bin]))
            .sum::<f64>()
            / count;
        let expected = fields.noise[bin] / pixels as f64;
        if (mean - fields.mean[bin]).abs() > 5.0 * expected {
            notes.push(format!(
                "bin {bin} has a mean of {mean:.5}; simulated maps have none, and noise alone gives {expected:.5}"
            ));
        }
    }
    notes
}

fn write_parameters(model: &Model, drawn: &[f64], width: usize, path: &Path) -> anyhow::Result<()> {
    let count = drawn.len() / width;
    let mut table = Table::new();
    table.push(Column::new("draw", ColumnValues::Int64((0..count as i64).collect())))?;
    for (at, name) in model.target_columns().iter().enumerate() {
        let values = drawn.iter().skip(at).step_by(width).copied().collect();
        table.push(Column::new(name.clone(), ColumnValues::Float64(values)))?;
    }
    Ok(write_table(path, &table)?)
}

fn write_maps(
    geometry: FieldGeometry,
    drawn: &[f64],
    (width, count): (usize, usize),
    path: &Path,
) -> anyhow::Result<()> {
    let attributes = json!({"units": "1", "long_name": "drawn convergence"});
    let array = ZarrArray {
        name: "convergence".to_owned(),
        kind: ZarrKind::Float32,
        shape: vec![count, geometry.bins, geometry.pixels, geometry.pixels],
        rows_per_chunk: count,
        dimensions: ["draw", "bin", "y", "x"].map(str::to_owned).to_vec(),
        attributes: attributes.as_object().cloned().unwrap_or_default(),
    };
    let mut about = Map::new();
    about.insert("width_degrees".to_owned(), Value::from(geometry.width_degrees));
    let store = ZarrStore::write(path, about, vec![array])?;
    let first = width - geometry.size();
    let maps: Vec<f32> = drawn
        .chunks_exact(width)
        .flat_map(|draw| geometry.by_bin(&draw[first..]))
        .map(|value| value as f32)
        .collect();
    Ok(store.write_chunk("convergence", 0, &ColumnValues::Float32(maps))?)
}
