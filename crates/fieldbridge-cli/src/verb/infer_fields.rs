//! `fieldbridge infer --observation`: draws of parameters and maps given one observed map.

use std::path::Path;

use anyhow::{Context, bail};
use fieldbridge::data::fields::{FieldGeometry, FieldSimulations, Observable};
use fieldbridge::model::Model;
use fieldbridge_files::{
    Column, ColumnValues, Format, Table, ZarrArray, ZarrKind, ZarrStore, read_array, require_writable, write_table,
};
use serde_json::{Map, Value, json};

use super::{observed_fits, observed_shear, observed_summaries, odd_maps, other_simulations};
use crate::Outcome;
use crate::arguments::InferArguments;
use crate::console::Console;
use crate::mcmc::observation::in_planes;
use crate::progress::waiting;

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
    let scaling = &model.manifest.scaling;
    let summaries = observed_summaries::told(model)?;
    let (geometry, kind) = match (&scaling.fields, &summaries) {
        (Some(fields), _) => (fields.geometry, fields.observation.kind),
        (None, Some(summaries)) => (summaries.geometry, Observable::Convergence),
        (None, None) => bail!("the model is not one of maps; give a table with --data"),
    };
    require_writable(&arguments.out)?;
    if arguments.maps.is_some() && scaling.learned_fields().is_none() {
        bail!("the model learned the parameters alone and draws no maps; leave --maps out");
    }
    let mut notes = Vec::new();
    let maps = match stored(observation, arguments.row, geometry)? {
        Some((simulations, row)) => match &scaling.fields {
            Some(fields) => fields.simulated(&simulations, row)?,
            None => simulations.observation(row..row + 1)?,
        },
        None => read(observation, arguments, (geometry, kind), &mut notes)?,
    };
    let number = arguments.row.unwrap_or(0);
    let encoded = match &summaries {
        Some(summaries) => observed_summaries::encode(model, summaries, &maps, number),
        None => scaling.encode_observation(&maps, number).map_err(anyhow::Error::from),
    }
    .with_context(|| observation.display().to_string())?;
    if observation.is_dir() {
        notes.extend(other_simulations::warning(model, observation)?);
    }
    match &scaling.fields {
        Some(fields) => notes.extend(odd_maps::oddities(&maps, fields)),
        None => notes.extend(observed_summaries::oddity(&encoded)),
    }
    notes.iter().for_each(|note| console.note(&format!("warning: {note}")));
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
        write_maps(geometry, &drawn, (width, arguments.draws), path)?;
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
    let mut object = json!({
        "draws": arguments.draws,
        "out": arguments.out,
        "maps": arguments.maps,
        "parameters": summary,
        "warnings": notes,
    });
    let masked = scaling
        .fields
        .as_ref()
        .filter(|fields| fields.observation.mask.is_some());
    if let Some(fields) = masked {
        let (hidden, places) = odd_maps::hidden(&maps, fields);
        words.push_str(&format!("\n{hidden} of {places} places are masked"));
        object["masked_places"] = json!(hidden);
    }
    console.result(&words, &object)?;
    Ok(Outcome::Done)
}

/// The simulation of a Zarr store that is the observation; none for a file.
fn stored(
    path: &Path,
    row: Option<usize>,
    geometry: FieldGeometry,
) -> anyhow::Result<Option<(FieldSimulations, usize)>> {
    if !path.is_dir() {
        return Ok(None);
    }
    let simulations = FieldSimulations::open(path, None)?;
    let found = simulations.geometry;
    if found != geometry {
        bail!(
            "{} holds {} bins of {} by {} pixels, {} degrees wide; the model knows {}",
            path.display(),
            found.bins,
            found.pixels,
            found.pixels,
            found.width_degrees,
            patch(geometry)
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
    Ok(Some((simulations, row)))
}

fn patch(geometry: FieldGeometry) -> String {
    format!(
        "{} bins of {} by {} pixels, {} degrees wide",
        geometry.bins, geometry.pixels, geometry.pixels, geometry.width_degrees
    )
}

/// The observed maps of a file, place by place; of shear, the second component after the first. What is unlike the model's patch in
/// how they were written goes to `notes`.
fn read(
    path: &Path,
    arguments: &InferArguments,
    (geometry, kind): (FieldGeometry, Observable),
    notes: &mut Vec<String>,
) -> anyhow::Result<Vec<f32>> {
    if arguments.row.is_some() {
        bail!(
            "--row chooses a simulation of a Zarr store; {} is a file",
            path.display()
        );
    }
    if kind == Observable::Shear {
        return observed_shear::read(path, geometry);
    }
    let planes = if matches!(Format::of_path(path), Ok(Format::Fits)) {
        observed_fits::read(path, arguments.group.as_deref(), geometry, notes)?
    } else {
        let array = read_array(path).context(
            "an observed map is an npy file, a FITS image or HEALPix cut-out (.fits), or a Zarr store of simulations",
        )?;
        let Some(planes) = in_planes(&array.shape, &array.to_f64()?, geometry.bins, geometry.pixels) else {
            bail!(
                "{} has the shape {:?}; the model knows {}, [{bins}, {n}, {n}] or [{n}, {n}, {bins}]",
                path.display(),
                array.shape,
                patch(geometry),
                bins = geometry.bins,
                n = geometry.pixels
            );
        };
        planes
    };
    let values: Vec<f32> = planes.into_iter().map(|value| value as f32).collect();
    Ok(geometry.by_place(&values))
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
