//! What the arrays of a store of simulations are.

use fieldbridge_files::{ColumnValues, ZarrArray, ZarrKind};
use fieldbridge_sky::inference::ThirdMoments;
use fieldbridge_sky::{PARAMETERS, Simulation, Simulator};
use serde_json::{Value, json};

use super::recipe::{MapName, SimulationRecipe};

/// Bytes of maps in a chunk, about.
const CHUNK_BYTES: usize = 4 << 20;

/// Simulations in one file of a store without maps.
const ROWS_WITHOUT_MAPS: usize = 32;

/// Simulations in one file of the store.
pub(crate) fn rows_per_chunk(recipe: &SimulationRecipe) -> usize {
    let map = recipe.patch.pixels * recipe.patch.pixels * recipe.sources.bins * size_of::<f32>();
    let usual = match recipe.store.maps.as_slice() {
        // what a kill costs is the time of one file
        [] => ROWS_WITHOUT_MAPS,
        _ => (CHUNK_BYTES / map.max(1)).clamp(1, 256),
    };
    let wanted = recipe.store.simulations_per_chunk.unwrap_or(usual);
    wanted.clamp(1, recipe.simulations.max(1))
}

/// One array of a row for each simulation, and its row.
pub(crate) struct Series {
    pub(crate) array: ZarrArray,
    pub(crate) row: fn(&Simulator, &Simulation) -> ColumnValues,
}

fn array(
    name: &str,
    kind: ZarrKind,
    dimensions: &[(&str, usize)],
    rows_per_chunk: usize,
    attributes: Value,
) -> ZarrArray {
    ZarrArray {
        name: name.to_owned(),
        kind,
        shape: dimensions.iter().map(|(_, length)| *length).collect(),
        rows_per_chunk,
        dimensions: dimensions.iter().map(|(name, _)| (*name).to_owned()).collect(),
        attributes: attributes.as_object().cloned().unwrap_or_default(),
    }
}

fn single(values: &[f64]) -> ColumnValues {
    ColumnValues::Float32(values.iter().map(|&value| value as f32).collect())
}

/// The arrays that hold simulations, `rows` of them.
pub(crate) fn series(
    recipe: &SimulationRecipe,
    simulator: &Simulator,
    rows: usize,
    rows_per_chunk: usize,
) -> Vec<Series> {
    let (bins, pixels) = (simulator.field.bins(), simulator.field.patch().pixels());
    let map = [("simulation", rows), ("bin", bins), ("y", pixels), ("x", pixels)];
    let spectra = [
        ("simulation", rows),
        ("pair", bins * (bins + 1) / 2),
        ("multipole", simulator.bands.multipoles().len()),
    ];
    let mut all = vec![
        Series {
            array: array(
                "parameters",
                ZarrKind::Float64,
                &[("simulation", rows), ("parameter", PARAMETERS.len())],
                rows_per_chunk,
                json!({"units": "1", "long_name": "cosmological parameters, drawn from the prior", "names": PARAMETERS}),
            ),
            row: |_, simulation| ColumnValues::Float64(simulation.cosmology.parameters().to_vec()),
        },
        Series {
            array: array(
                "spectra",
                ZarrKind::Float64,
                &spectra,
                rows_per_chunk,
                json!({"units": "sr", "long_name": "angular power of the observation in bands of multipoles, with its noise"}),
            ),
            row: |simulator, simulation| ColumnValues::Float64(simulator.bands.measure(&simulation.observation)),
        },
        Series {
            array: array(
                "theory",
                ZarrKind::Float64,
                &spectra,
                rows_per_chunk,
                json!({"units": "sr", "long_name": "expectation of the angular power of the convergence, without noise"}),
            ),
            row: |_, simulation| ColumnValues::Float64(simulation.theory.clone()),
        },
    ];
    if simulator.third_moments.is_some() {
        let shape = [("simulation", rows), ("moment", ThirdMoments::count(bins))];
        all.push(Series {
            array: array(
                "third_moments",
                ZarrKind::Float64,
                &shape,
                rows_per_chunk,
                json!({"units": "1", "long_name": "third moments of the filtered observation, over the deviations of its three maps"}),
            ),
            row: |simulator, simulation| {
                let moments = simulator.third_moments.as_ref();
                ColumnValues::Float64(moments.map_or_else(Vec::new, |moments| moments.measure(&simulation.observation)))
            },
        });
    }
    for name in &recipe.store.maps {
        let (name, long_name, row): (_, _, fn(&Simulator, &Simulation) -> ColumnValues) = match name {
            MapName::Convergence => ("convergence", "convergence without noise", |_, simulation| {
                single(&simulation.convergence)
            }),
            MapName::Observation => ("observation", "convergence with shape noise", |_, simulation| {
                single(&simulation.observation)
            }),
        };
        if all.iter().all(|series| series.array.name != name) {
            let attributes = json!({"units": "1", "long_name": long_name});
            let array = array(name, ZarrKind::Float32, &map, rows_per_chunk, attributes);
            all.push(Series { array, row });
        }
    }
    all
}

/// The arrays that say what the axes are, with their values.
pub(crate) fn coordinates(simulator: &Simulator) -> Vec<(ZarrArray, ColumnValues)> {
    let (bins, patch) = (simulator.field.bins(), simulator.field.patch());
    let line = |name: &str, kind, attributes, values: ColumnValues| {
        (
            array(name, kind, &[(name, values.len())], values.len(), attributes),
            values,
        )
    };
    let degrees: Vec<f64> = (0..patch.pixels())
        .map(|pixel| (pixel as f64 + 0.5) * patch.width_degrees() / patch.pixels() as f64)
        .collect();
    let side = |name: &str| {
        let attributes = json!({"units": "degree", "long_name": "centres of the pixels on the flat, periodic patch"});
        line(
            name,
            ZarrKind::Float64,
            attributes,
            ColumnValues::Float64(degrees.clone()),
        )
    };
    let pairs = (0..bins).flat_map(|first| (first..bins).map(move |second| format!("{first}-{second}")));
    let mut noise = line(
        "noise",
        ZarrKind::Float64,
        json!({"units": "1", "long_name": "deviation of the noise of a pixel of convergence"}),
        ColumnValues::Float64(simulator.noise.clone()),
    );
    noise.0.dimensions = vec!["bin".to_owned()];
    vec![
        line(
            "parameter",
            ZarrKind::Text,
            json!({"long_name": "name of the parameter"}),
            ColumnValues::Text(PARAMETERS.map(str::to_owned).to_vec()),
        ),
        line(
            "bin",
            ZarrKind::Int64,
            json!({"long_name": "tomographic bin, from 0, by redshift"}),
            ColumnValues::Int64((0..bins as i64).collect()),
        ),
        line(
            "pair",
            ZarrKind::Text,
            json!({"long_name": "pair of tomographic bins"}),
            ColumnValues::Text(pairs.collect()),
        ),
        line(
            "multipole",
            ZarrKind::Float64,
            json!({"units": "1", "long_name": "mean multipole of the modes of a band", "edges": simulator.bands.edges()}),
            ColumnValues::Float64(simulator.bands.multipoles().to_vec()),
        ),
        side("y"),
        side("x"),
        noise,
    ]
}
