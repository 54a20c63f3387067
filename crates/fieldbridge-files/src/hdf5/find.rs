//! Where in an HDF5 file the table is.

use std::path::Path;

use hdf5_pure::{Dataset, Datatype, File, Group};

use super::hdf5_error;
use crate::FileError;

/// Groups deeper than this are not searched; also ends hard-link cycles.
const DEPTH: usize = 6;

/// No more groups than this are searched.
const SEARCHED: usize = 2000;

/// What makes up a table.
pub(super) enum Place {
    /// The datasets of a group.
    Group(Group),
    /// The fields of the records of one dataset.
    Compound(Dataset),
}

pub(super) fn table(path: &Path, file: &File, wanted: Option<&str>) -> Result<Place, FileError> {
    let mut candidates = Vec::new();
    let mut searched = 0;
    search(path, &file.root(), "", DEPTH, &mut searched, &mut candidates)?;
    let name = match wanted.map(|name| name.trim_matches('/')) {
        Some(wanted) => match candidates.iter().find(|candidate| candidate.as_str() == wanted) {
            Some(found) => found.clone(),
            None => return Err(groups(path, format!("no group {wanted:?} holds a table"), candidates)),
        },
        // The root's own columns are the table, whatever else the file holds.
        None if candidates.iter().any(String::is_empty) => String::new(),
        None => match candidates.as_slice() {
            [only] => only.clone(),
            [] => return Err(groups(path, "no group holds a dataset with rows".into(), candidates)),
            _ => {
                return Err(groups(
                    path,
                    format!("{} groups hold tables", candidates.len()),
                    candidates,
                ));
            }
        },
    };
    if name.is_empty() {
        return Ok(Place::Group(file.root()));
    }
    match file.group(&name) {
        Ok(group) => Ok(Place::Group(group)),
        Err(_) => file
            .dataset(&name)
            .map(Place::Compound)
            .map_err(|error| hdf5_error(path, error)),
    }
}

fn groups(path: &Path, reason: String, candidates: Vec<String>) -> FileError {
    let groups = candidates
        .into_iter()
        .map(|name| if name.is_empty() { "/".into() } else { name })
        .collect();
    FileError::Groups {
        path: path.to_path_buf(),
        reason,
        groups,
    }
}

fn search(
    path: &Path,
    group: &Group,
    name: &str,
    depth: usize,
    searched: &mut usize,
    candidates: &mut Vec<String>,
) -> Result<(), FileError> {
    let error = |error| hdf5_error(path, error);
    let inside = |child: &str| {
        if name.is_empty() {
            child.to_owned()
        } else {
            format!("{name}/{child}")
        }
    };
    let mut has_columns = false;
    let mut compounds = Vec::new();
    for child in group.datasets().map_err(error)? {
        let dataset = group.dataset(&child).map_err(error)?;
        if dataset.shape().map_err(error)?.is_empty() {
            continue;
        }
        match dataset.datatype().map_err(error)? {
            Datatype::Compound { .. } => compounds.push(inside(&child)),
            _ => has_columns = true,
        }
    }
    if has_columns {
        candidates.push(name.to_owned());
    }
    candidates.append(&mut compounds);
    *searched += 1;
    if depth == 0 || *searched > SEARCHED {
        return Ok(());
    }
    for child in group.groups().map_err(error)? {
        let subgroup = group.group(&child).map_err(error)?;
        search(path, &subgroup, &inside(&child), depth - 1, searched, candidates)?;
    }
    Ok(())
}
