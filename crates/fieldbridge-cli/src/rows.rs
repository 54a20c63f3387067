//! Rows of a data file, in pieces, as a model wants them.

use std::ops::Range;
use std::path::Path;

use anyhow::Context;
use fieldbridge::data::{Encoded, fingerprint};
use fieldbridge::model::Model;
use fieldbridge_files::{FileError, Format, TableFile};

use crate::console::Console;

/// Rows read at a time.
const CHUNK: usize = 1 << 16;

/// Opens a data file: the named group, else the recipe's where the file has one of that name, else its only table.
pub(crate) fn open(path: &Path, group: Option<&str>, recipe_group: Option<&str>) -> anyhow::Result<TableFile> {
    if let Some(group) = group {
        return Ok(TableFile::open_group(path, group)?);
    }
    let has_groups = matches!(Format::of_path(path), Ok(Format::Hdf5 | Format::Fits));
    match recipe_group.filter(|_| has_groups) {
        Some(group) => match TableFile::open_group(path, group) {
            Err(FileError::Groups { .. }) => Ok(TableFile::open(path)
                .with_context(|| format!("the recipe's group `{group}` is not there; name one with --group"))?),
            other => Ok(other?),
        },
        None => Ok(TableFile::open(path)?),
    }
}

/// The group the recipe of a model names.
pub(crate) fn recipe_group(model: &Model) -> Option<String> {
    let recipe: toml::Table = model.manifest.recipe.parse().ok()?;
    Some(recipe.get("data")?.get("group")?.as_str()?.to_owned())
}

/// Opens a data file for a model.
pub(crate) fn open_for(model: &Model, path: &Path, group: Option<&str>) -> anyhow::Result<TableFile> {
    open(path, group, recipe_group(model).as_deref())
}

/// The pieces in which a file is read.
pub(crate) fn pieces(file: &TableFile) -> impl Iterator<Item = Range<usize>> + use<> {
    let rows = file.rows();
    (0..rows)
        .step_by(CHUNK)
        .map(move |start| start..(start + CHUNK).min(rows))
}

/// One piece of a file, encoded.
pub(crate) fn encode(
    model: &Model,
    file: &TableFile,
    piece: Range<usize>,
    with_target: bool,
) -> anyhow::Result<Encoded> {
    let table = file.read_numbers(&model.columns(with_target), piece.clone())?;
    model
        .encode(&table, piece.start, with_target)
        .with_context(|| file.path().display().to_string())
}

/// Puts the rows of `more` after those of `all`.
pub(crate) fn append(all: &mut Encoded, mut more: Encoded) {
    all.rows.count += more.rows.count;
    all.rows.data.append(&mut more.rows.data);
    all.rows.context.append(&mut more.rows.context);
    all.rows.mask.append(&mut more.rows.mask);
    all.source_rows.append(&mut more.source_rows);
    all.target.append(&mut more.target);
    all.log_volume.append(&mut more.log_volume);
    all.outside.append(&mut more.outside);
    all.skipped.append(&mut more.skipped);
}

/// All rows of a file that can be used, with those that cannot.
pub(crate) fn all(model: &Model, file: &TableFile) -> anyhow::Result<Encoded> {
    let mut all = Encoded::default();
    for piece in pieces(file) {
        append(&mut all, encode(model, file, piece, true)?);
    }
    Ok(all)
}

/// The rows of a file for which `wanted` is true, in file order.
pub(crate) fn wanted(model: &Model, file: &TableFile, wanted: impl Fn(usize) -> bool) -> anyhow::Result<Encoded> {
    let mut chosen = Encoded::default();
    for piece in pieces(file) {
        let encoded = encode(model, file, piece, true)?;
        let places: Vec<usize> = (0..encoded.rows.count)
            .filter(|&place| wanted(encoded.source_rows[place]))
            .collect();
        append(&mut chosen, encoded.choose(&places));
    }
    Ok(chosen)
}

/// Says so when a file is the one the model was trained on: scores on rows it has learned from are too kind.
pub(crate) fn note_if_learned_from(model: &Model, path: &Path, console: &Console) -> anyhow::Result<()> {
    let learned = &model.manifest.data;
    if fingerprint(path)? == learned.fingerprint {
        console.note(&format!(
            "{} is the file the model was trained on: it has learned from {} of its {} rows, so the scores are too kind; \
             leave --data out, or give other rows",
            path.display(),
            learned.train,
            learned.rows
        ));
    }
    Ok(())
}
