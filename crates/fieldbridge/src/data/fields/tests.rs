use std::path::PathBuf;

use fieldbridge_files::{ColumnValues, ZarrArray, ZarrKind, ZarrStore};
use serde_json::{Map, json};

use super::*;
use crate::data::{DataRecipe, MapScale, Part, Scaling, TargetRecipe};
use crate::network::Reading;
use crate::random::Stream;
use crate::train::TrainingRows;

mod observing;

const BINS: usize = 2;
const PIXELS: usize = 4;
const SIZE: usize = BINS * PIXELS * PIXELS;

fn folder(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("fieldbridge-fields-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    path
}

/// A store of `count` simulations whose maps are normal numbers with deviation 2 in the first bin and 5 in the second, and
/// whose observation is the map plus one.
fn store(name: &str, count: usize) -> PathBuf {
    let path = folder(name);
    let array = |name: &str, kind, shape: &[usize], attributes: serde_json::Value| ZarrArray {
        name: name.to_owned(),
        kind,
        shape: shape.to_vec(),
        rows_per_chunk: shape[0],
        dimensions: shape.iter().enumerate().map(|(at, _)| format!("d{at}")).collect(),
        attributes: attributes.as_object().cloned().unwrap_or_default(),
    };
    let maps = [count, BINS, PIXELS, PIXELS];
    let arrays = vec![
        array(
            "parameters",
            ZarrKind::Float64,
            &[count, 2],
            json!({"names": ["a", "b"]}),
        ),
        array("convergence", ZarrKind::Float32, &maps, json!({})),
        array("observation", ZarrKind::Float32, &maps, json!({})),
        array("noise", ZarrKind::Float64, &[BINS], json!({})),
        array("x", ZarrKind::Float64, &[PIXELS], json!({})),
    ];
    let mut attributes = Map::new();
    attributes.insert("recipe".to_owned(), json!({"seed": 1}));
    let store = ZarrStore::write(&path, attributes, arrays).unwrap();
    let normals = Stream::new(5, "maps", 0).normals(count * SIZE);
    let values: Vec<f32> = normals
        .iter()
        .enumerate()
        .map(|(at, z)| {
            z * if (at / (PIXELS * PIXELS)).is_multiple_of(BINS) {
                2.0
            } else {
                5.0
            }
        })
        .collect();
    let observed = values.iter().map(|value| value + 1.0).collect();
    let parameters = (0..2 * count).map(|at| at as f64).collect();
    for (name, values) in [
        ("parameters", ColumnValues::Float64(parameters)),
        ("convergence", ColumnValues::Float32(values)),
        ("observation", ColumnValues::Float32(observed)),
        ("noise", ColumnValues::Float64(vec![1.0, 12.0])),
        ("x", ColumnValues::Float64(vec![0.25, 0.75, 1.25, 1.75])),
    ] {
        store.write_chunk(name, 0, &values).unwrap();
    }
    path
}

fn recipes() -> (DataRecipe, TargetRecipe) {
    (
        toml::from_str("test = 0.2\nvalidation = 0.2").unwrap(),
        toml::from_str("columns = [\"b\"]").unwrap(),
    )
}

fn dataset(path: &std::path::Path) -> FieldDataset {
    dataset_in(path, MapScale::Pixels)
}

fn dataset_in(path: &std::path::Path, maps: MapScale) -> FieldDataset {
    let simulations = FieldSimulations::open(path, None).unwrap();
    let (data, mut target) = recipes();
    target.maps = maps;
    observed_as(&simulations, (&data, &target), &ObservationRecipe::default())
}

/// The dataset of simulations whose maps are learned, observed as a recipe says.
fn observed_as(
    simulations: &FieldSimulations,
    (data, target): (&DataRecipe, &TargetRecipe),
    observation: &ObservationRecipe,
) -> FieldDataset {
    let cache = simulations.path().join("cache");
    FieldDataset::prepare(data, target, simulations, "print", &cache, (observation, None), None).unwrap()
}

#[test]
fn symmetries_move_every_pixel_once_and_keep_neighbours() {
    let pixels = 6;
    let map: Vec<f32> = (0..pixels * pixels).map(|at| at as f32).collect();
    let mut seen = std::collections::BTreeSet::new();
    for index in 0..200 {
        let symmetry = PatchSymmetry::draw(pixels, &Stream::new(1, "symmetry", index));
        let mut moved = Vec::new();
        symmetry.apply(&map, pixels, 1, &mut moved);
        let mut sorted = moved.clone();
        sorted.sort_by(f32::total_cmp);
        assert_eq!(sorted, map);
        // neighbours on the torus stay neighbours
        let place = |value: f32| (value as usize / pixels, value as usize % pixels);
        for row in 0..pixels {
            for column in 0..pixels {
                let here = place(moved[row * pixels + column]);
                let right = place(moved[row * pixels + (column + 1) % pixels]);
                let steps = |a: usize, b: usize| {
                    let gap = a.abs_diff(b);
                    gap.min(pixels - gap)
                };
                assert_eq!(steps(here.0, right.0) + steps(here.1, right.1), 1);
            }
        }
        seen.insert(format!("{symmetry:?}"));
    }
    assert!(seen.len() > 130, "{} of 288 symmetries", seen.len());
    let mut same = Vec::new();
    PatchSymmetry::default().apply(&map, pixels, 1, &mut same);
    assert_eq!(same, map);
}

/// Maps scaled in two ways are the same maps, and are observed alike.
fn come_back(name: &str, scale: MapScale) -> Scaling {
    let path = store(name, 60);
    let [pixels, other] = [MapScale::Pixels, scale].map(|maps| dataset_in(&path, maps));
    let places = other.places(Part::Test);
    let [of_pixels, of_other] = [&pixels, &other].map(|dataset| dataset.gather(&places).unwrap());
    assert_eq!(of_pixels.context, of_other.context);
    assert!(of_pixels.data != of_other.data);
    let size = SIZE + 1;
    for row in 0..places.len() {
        let [one, two] = [(&pixels, &of_pixels), (&other, &of_other)]
            .map(|(dataset, rows)| dataset.scaling.decode(&rows.data[row * size..(row + 1) * size]));
        for (one, two) in one.iter().zip(&two) {
            assert!((one - two).abs() < 1e-4, "{one} and {two}");
        }
    }
    let training = other.places(Part::Train);
    let [one, two] =
        [&pixels, &other].map(|dataset| dataset.fresh(&training[..4], 0, &Stream::new(2, "fresh", 0)).unwrap());
    for (one, two) in one.context.iter().zip(&two.context) {
        assert!((one - two).abs() < 1e-5);
    }
    let text = serde_json::to_string(&other.scaling).unwrap();
    assert_eq!(serde_json::from_str::<Scaling>(&text).unwrap(), other.scaling);
    let simulations = FieldSimulations::open(&path, None).unwrap();
    let volumes = [&pixels, &other].map(|dataset| {
        let encoded = dataset.scaling.encode_simulations(&simulations, &places).unwrap();
        assert_eq!(encoded.rows, dataset.gather(&places).unwrap());
        encoded.log_volume
    });
    assert!(volumes[0] != volumes[1]);
    std::fs::remove_dir_all(&path).unwrap();
    other.scaling
}

#[test]
fn maps_scaled_by_waves_come_back_and_are_observed_as_pixels_are() {
    assert!(come_back("waves", MapScale::Waves).fields.unwrap().waves.is_some());
}

#[test]
fn maps_through_logarithms_come_back_and_are_observed_as_pixels_are() {
    assert!(
        come_back("logarithms", MapScale::Logarithm)
            .fields
            .unwrap()
            .logarithm
            .is_some()
    );
}

#[test]
fn maps_are_scaled_by_bin_and_come_back() {
    let path = store("scaled", 400);
    let dataset = dataset(&path);
    let fields = dataset.scaling.fields.as_ref().unwrap();
    assert_eq!(fields.geometry.width_degrees, 2.0);
    assert!((fields.deviation[0] / 2.0 - 1.0).abs() < 0.05 && (fields.deviation[1] / 5.0 - 1.0).abs() < 0.05);
    let places = dataset.places(Part::Test);
    let rows = dataset.gather(&places).unwrap();
    assert_eq!((rows.data.len(), rows.context.len()), (80 * (SIZE + 1), 80 * SIZE));
    let simulations = FieldSimulations::open(&path, None).unwrap();
    let encoded = dataset.scaling.encode_simulations(&simulations, &places).unwrap();
    assert_eq!(encoded.rows, rows);
    let truth = simulations.convergence(places[3]..places[3] + 1).unwrap();
    let decoded = dataset.scaling.decode(&rows.data[3 * (SIZE + 1)..4 * (SIZE + 1)]);
    assert!((decoded[0] - (2.0 * places[3] as f64 + 1.0)).abs() < 1e-3);
    for (found, exact) in decoded[1..].iter().zip(&truth) {
        assert!((found - f64::from(*exact)).abs() < 1e-5);
    }
    // the observation of the store is what is given
    let one = rows.context[3 * SIZE];
    let exact = (f64::from(truth[0]) + 1.0 - fields.mean[0]) / fields.observed_deviation(0);
    assert!((f64::from(one) - exact).abs() < 1e-5);
    // a difference of two log-volumes in single numbers
    let step = (encoded.log_volume[0] + 16.0 * (fields.deviation[0] * fields.deviation[1]).ln()).abs();
    assert!((step - dataset.scaling.target.factor[0].ln()).abs() < 1e-9);
    std::fs::remove_dir_all(&path).unwrap();
}

#[test]
fn training_rows_have_new_noise_of_the_right_size_and_their_stream_decides_it() {
    let path = store("noise", 400);
    let dataset = dataset(&path);
    let places = dataset.places(Part::Train);
    let stream = Stream::new(1, "fresh", 7);
    let rows = dataset.fresh(&places, 0, &stream).unwrap();
    assert_eq!(rows, dataset.fresh(&places, 0, &stream).unwrap());
    assert_ne!(rows, dataset.fresh(&places, 0, &Stream::new(1, "fresh", 8)).unwrap());
    let fields = dataset.scaling.fields.as_ref().unwrap();
    let mut squares = [0.0; BINS];
    for row in 0..rows.count {
        for at in 0..SIZE {
            let bin = at % BINS;
            let whole = f64::from(rows.context[row * SIZE + at]) * fields.observed_deviation(bin);
            let map = f64::from(rows.data[row * (SIZE + 1) + 1 + at]) * fields.deviation[bin];
            squares[bin] += (whole - map).powi(2);
        }
    }
    let count = (rows.count * PIXELS * PIXELS) as f64;
    for (bin, noise) in [1.0, 12.0].into_iter().enumerate() {
        let found = (squares[bin] / count).sqrt();
        assert!((found / noise - 1.0).abs() < 0.05, "{found} {noise}");
    }
    std::fs::remove_dir_all(&path).unwrap();
}

#[test]
fn what_does_not_fit_is_refused() {
    let path = store("refused", 40);
    let (data, _) = recipes();
    let simulations = FieldSimulations::open(&path, Some(40)).unwrap();
    let other: TargetRecipe = toml::from_str("columns = [\"c\"]").unwrap();
    let plain = ObservationRecipe::default();
    let cache = path.join("cache");
    let error = FieldDataset::prepare(&data, &other, &simulations, "", &cache, (&plain, None), None).unwrap_err();
    assert!(
        error.to_string().contains('c') && format!("{error:?}").contains("a, b"),
        "{error}"
    );
    assert!(FieldSimulations::open(&path, Some(41)).is_err());
    let dataset = dataset(&path);
    let error = dataset
        .scaling
        .encode_observation(&[0.0; 5], 0)
        .unwrap_err()
        .to_string();
    assert!(error.contains("32") && error.contains('5'), "{error}");
    std::fs::remove_dir_all(&path).unwrap();
}

/// Maps that tell their universe.
#[derive(Debug)]
struct Telling;

impl Universes for Telling {
    fn make(&self, stream: &Stream) -> Result<MadeUniverse, crate::error::Error> {
        let value = f64::from(stream.uniforms(1)[0]);
        Ok(MadeUniverse {
            parameters: vec![-1.0, value],
            // bin by bin
            convergence: (0..SIZE).map(|at| value + at as f64).collect(),
        })
    }
}

#[test]
fn parameters_alone_are_learned_from_maps_that_are_read() {
    let path = store("read", 400);
    let reading: Reading = toml::from_str("network = { kind = \"compressor\", shape = [4, 4], channels = 2 }").unwrap();
    let simulations = FieldSimulations::open(&path, None).unwrap();
    let (data, target) = recipes();
    let made = |renewal: Option<Renewal>| {
        let cache = path.join("cache");
        let observation = (&ObservationRecipe::default(), Some(&reading));
        FieldDataset::prepare(&data, &target, &simulations, "", &cache, observation, renewal).unwrap()
    };
    let (read, whole) = (made(None), dataset(&path));
    assert_eq!((read.scaling.dimension(), whole.scaling.dimension()), (1, SIZE + 1));
    assert!(read.scaling.learned_fields().is_none());
    assert_eq!(read.scaling.modalities()[0].reading.as_ref(), Some(&reading));
    let (train, test) = (read.places(Part::Train), read.places(Part::Test));
    let stream = Stream::new(1, "fresh", 7);
    // the same observations of the same universes, and of the data the parameters
    for (rows, other) in [
        (read.gather(&test).unwrap(), whole.gather(&test).unwrap()),
        (
            read.fresh(&train, 0, &stream).unwrap(),
            whole.fresh(&train, 0, &stream).unwrap(),
        ),
    ] {
        assert_eq!((&rows.context, &rows.mask), (&other.context, &other.mask));
        let parameters: Vec<f32> = other.data.chunks_exact(SIZE + 1).map(|row| row[0]).collect();
        assert_eq!(rows.data, parameters);
    }
    let encoded = read.scaling.encode_simulations(&simulations, &test).unwrap();
    assert_eq!(encoded.rows, read.gather(&test).unwrap());
    assert_eq!(
        encoded.target,
        test.iter().map(|&row| 2.0 * row as f64 + 1.0).collect::<Vec<_>>()
    );
    // new universes: their noise is that of the step, and they change by turns, an epoch each way
    let renewing = |every| made(Some(Renewal::new(Box::new(Telling), every, 5)));
    let new = renewing(3);
    let rows = new.fresh(&train, 0, &stream).unwrap();
    assert_eq!(rows, new.fresh(&train, 0, &stream).unwrap());
    let again = new.fresh(&train, 0, &Stream::new(1, "fresh", 8)).unwrap();
    assert!(again.data == rows.data && again.context != rows.context);
    let changed = |one: &[f32], other: &[f32]| one.iter().zip(other).filter(|(one, other)| one != other).count();
    let mut before = rows.data.clone();
    for epoch in 1..4 {
        let data = new.fresh(&train, epoch, &stream).unwrap().data;
        let turn = train.iter().filter(|&&place| (place + epoch).is_multiple_of(3)).count();
        assert_eq!(changed(&before, &data), turn);
        before = data;
    }
    assert_eq!(
        changed(&before, &rows.data),
        train.len(),
        "after three epochs all are others"
    );
    // one that starts there has the same
    assert_eq!(renewing(3).fresh(&train, 3, &stream).unwrap().data, before);
    let always = renewing(1);
    let first = always.fresh(&train, 0, &stream).unwrap();
    assert_eq!(
        changed(&first.data, &always.fresh(&train, 1, &stream).unwrap().data),
        train.len()
    );
    assert_eq!(rows.count, train.len());
    let fields = new.scaling.fields.as_ref().unwrap();
    let mut means = 0.0;
    for row in 0..rows.count {
        let value = new.scaling.decode(&rows.data[row..=row])[0];
        assert!((0.0..1.0).contains(&value), "{value}");
        // the noise of a map of 16 pixels, in the first bin with deviation 1
        let first = (0..PIXELS * PIXELS).map(|place| {
            let seen = f64::from(rows.context[row * SIZE + place * BINS]);
            seen * fields.observed_deviation(0) + fields.mean[0] - place as f64 - value
        });
        means += first.sum::<f64>() / 16.0 / rows.count as f64;
    }
    assert!(means.abs() < 5.0 / (16.0 * rows.count as f64).sqrt(), "{means}");
    // those that are not trained on stay
    assert_eq!(new.gather(&test).unwrap(), read.gather(&test).unwrap());
    std::fs::remove_dir_all(&path).unwrap();
}
