//! The JSON of arrays and groups (Zarr core specification 3.0; text as in the extension `string` with `vlen-utf8`).

use serde_json::{Map, Value, json};

use super::array::{ZarrArray, ZarrKind};

pub(super) fn of_array(array: &ZarrArray) -> Value {
    let mut chunk = array.shape.clone();
    chunk[0] = array.rows_per_chunk;
    let (fill, codec) = match array.kind {
        ZarrKind::Float64 | ZarrKind::Float32 => (
            json!("NaN"),
            json!({"name": "bytes", "configuration": {"endian": "little"}}),
        ),
        ZarrKind::Int64 => (
            json!(-1),
            json!({"name": "bytes", "configuration": {"endian": "little"}}),
        ),
        ZarrKind::Text => (json!(""), json!({"name": "vlen-utf8"})),
    };
    json!({
        "zarr_format": 3,
        "node_type": "array",
        "shape": array.shape,
        "data_type": array.kind.name(),
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": chunk}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": fill,
        "codecs": [codec],
        "dimension_names": array.dimensions,
        "attributes": array.attributes,
    })
}

/// A group that also holds what its arrays are, so that opening it reads one file.
pub(super) fn of_group(attributes: &Map<String, Value>, arrays: &[ZarrArray]) -> Value {
    let inside: Map<String, Value> = arrays
        .iter()
        .map(|array| (array.name.clone(), of_array(array)))
        .collect();
    json!({
        "zarr_format": 3,
        "node_type": "group",
        "attributes": attributes,
        "consolidated_metadata": {"kind": "inline", "must_understand": false, "metadata": inside},
    })
}

/// Reads an array's JSON, or tells what is not as this crate writes it.
pub(super) fn to_array(name: &str, value: &Value) -> Result<ZarrArray, String> {
    let at = |pointer: &str| {
        value
            .pointer(pointer)
            .ok_or_else(|| format!("array `{name}` has no {pointer}"))
    };
    let lengths = |pointer: &str| -> Result<Vec<usize>, String> {
        let list = at(pointer)?
            .as_array()
            .ok_or_else(|| format!("{pointer} of array `{name}` is no list"))?;
        let length = |value: &Value| value.as_u64().and_then(|value| usize::try_from(value).ok());
        let found: Option<Vec<usize>> = list.iter().map(length).collect();
        found.ok_or_else(|| format!("{pointer} of array `{name}` holds something that is no length"))
    };
    let shape = lengths("/shape")?;
    let chunk = lengths("/chunk_grid/configuration/chunk_shape")?;
    let kind = at("/data_type")?.as_str().and_then(ZarrKind::of_name);
    let kind = kind.ok_or_else(|| format!("array `{name}` has the type {}", value["data_type"]))?;
    let values = shape
        .iter()
        .chain(&chunk)
        .try_fold(1_usize, |product, length| product.checked_mul((*length).max(1)));
    if shape.is_empty() || chunk.len() != shape.len() || chunk[0] == 0 || chunk[1..] != shape[1..] || values.is_none() {
        return Err(format!(
            "array `{name}` of shape {shape:?} has chunks of {chunk:?}; they may divide the first axis only"
        ));
    }
    let array = ZarrArray {
        name: name.to_owned(),
        kind,
        rows_per_chunk: chunk[0],
        dimensions: match value.get("dimension_names").and_then(Value::as_array) {
            Some(names) => names
                .iter()
                .map(|name| name.as_str().unwrap_or_default().to_owned())
                .collect(),
            None => Vec::new(),
        },
        shape,
        attributes: value
            .get("attributes")
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default(),
    };
    let ours = of_array(&array);
    for key in ["zarr_format", "node_type", "codecs", "chunk_key_encoding"] {
        if value[key] != ours[key] {
            return Err(format!(
                "{key} of array `{name}` is {}, expected {}",
                value[key], ours[key]
            ));
        }
    }
    Ok(array)
}
