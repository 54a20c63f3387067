//! Masks and shear.

use super::*;
use crate::bridge::Rows;
use crate::error::Error;

/// Pixels of the store.
const AREA: usize = PIXELS * PIXELS;

fn observation(text: &str) -> ObservationRecipe {
    let observation: ObservationRecipe = toml::from_str(text).unwrap();
    observation.check(false).unwrap();
    observation
}

const MASK: &str = "[mask]\nedge = 0.3\nholes_per_degree2 = 0.4\nhole_arcmin = [10.0, 30.0]";

fn seen_as(simulations: &FieldSimulations, text: &str) -> FieldDataset {
    let (data, target) = recipes();
    observed_as(simulations, (&data, &target), &observation(text))
}

/// `E` and `B` of each bin, and which places are flagged as observed.
type Modes = (Vec<[Vec<f32>; 2]>, Vec<bool>);

/// What a network is given of row `row` of shear.
fn given(rows: &Rows, row: usize) -> Modes {
    let channels = 2 * BINS + 1;
    let own = row * AREA * channels..(row + 1) * AREA * channels;
    let (values, mask) = (&rows.context[own.clone()], &rows.mask[own]);
    let modes = (0..BINS).map(|bin| {
        [0, 1].map(|mode| {
            let places = values.chunks_exact(channels);
            places.map(|place| place[2 * bin + mode]).collect()
        })
    });
    let flags = mask.chunks_exact(channels).zip(values.chunks_exact(channels));
    let seen = flags.map(|(flags, values)| {
        assert!(
            flags[..2 * BINS].iter().all(|flag| *flag == 1.0),
            "E and B are given everywhere"
        );
        assert_eq!(flags[2 * BINS], values[2 * BINS]);
        flags[2 * BINS] == 1.0
    });
    (modes.collect(), seen.collect())
}

#[test]
fn hidden_pixels_are_zero_and_flagged_in_all_bins_and_the_rest_is_as_without_a_mask() {
    let path = store("masked", 200);
    let simulations = FieldSimulations::open(&path, None).unwrap();
    let (masked, whole) = (seen_as(&simulations, MASK), dataset(&path));
    let (train, test) = (masked.places(Part::Train), masked.places(Part::Test));
    let stream = Stream::new(1, "fresh", 7);
    let rows = masked.fresh(&train, 0, &stream).unwrap();
    assert_eq!(rows, masked.fresh(&train, 0, &stream).unwrap());
    // held-out rows and fresh ones: those of whole maps, with what is hidden taken out
    for (rows, plain) in [
        (&rows, whole.fresh(&train, 0, &stream).unwrap()),
        (&masked.gather(&test).unwrap(), whole.gather(&test).unwrap()),
    ] {
        assert_eq!(rows.data, plain.data);
        let mut masks = std::collections::BTreeSet::new();
        for (mask, (seen, own)) in rows
            .mask
            .chunks_exact(SIZE)
            .zip(rows.context.chunks_exact(SIZE).zip(plain.context.chunks_exact(SIZE)))
        {
            assert!(mask.contains(&1.0));
            for at in 0..SIZE {
                assert_eq!(mask[at], mask[at / BINS * BINS]);
                assert_eq!(seen[at], if mask[at] == 1.0 { own[at] } else { 0.0 });
            }
            masks.insert(mask.iter().map(|flag| *flag as u8).collect::<Vec<u8>>());
        }
        assert!(
            masks.len() > rows.count / 4,
            "{} masks of {} rows",
            masks.len(),
            rows.count
        );
        assert!(rows.mask.contains(&0.0));
    }
    // a new mask at the next use; held-out rows keep theirs, which follow their own seed
    assert!(rows.mask != masked.fresh(&train, 0, &Stream::new(1, "fresh", 8)).unwrap().mask);
    let held_out = masked.gather(&test).unwrap();
    assert_eq!(
        masked.scaling.encode_simulations(&simulations, &test).unwrap().rows,
        held_out
    );
    let other = seen_as(&simulations, &format!("seed = 1\n{MASK}"));
    assert!(other.gather(&test).unwrap().mask != held_out.mask);
    // rows of a training part that are asked for as they are have a mask as well
    assert!(masked.gather(&train).unwrap().mask.contains(&0.0));
    std::fs::remove_dir_all(&path).unwrap();
}

#[test]
fn shear_of_the_whole_patch_holds_the_map_in_e_and_equal_noise_in_both_modes() {
    let path = store("shear", 400);
    let simulations = FieldSimulations::open(&path, None).unwrap();
    let dataset = seen_as(&simulations, "kind = \"shear\"");
    let fields = dataset.scaling.fields.as_ref().unwrap();
    assert_eq!((fields.observed_size(), fields.context_width()), (2 * SIZE, AREA * 5));
    assert_eq!(dataset.scaling.modalities()[0].width, AREA * 5);
    let (train, test) = (dataset.places(Part::Train), dataset.places(Part::Test));
    for rows in [
        dataset.fresh(&train, 0, &Stream::new(1, "fresh", 7)).unwrap(),
        dataset.gather(&test).unwrap(),
    ] {
        let mut squares = [[0.0; 2]; BINS];
        for row in 0..rows.count {
            let (modes, seen) = given(&rows, row);
            assert!(!seen.contains(&false));
            let point = dataset
                .scaling
                .decode(&rows.data[row * (SIZE + 1)..(row + 1) * (SIZE + 1)]);
            for (bin, [e_mode, b_mode]) in modes.iter().enumerate() {
                let map = |place: usize| point[1 + place * BINS + bin];
                let mean = (0..AREA).map(map).sum::<f64>() / AREA as f64;
                let whole = fields.observed_deviation(bin);
                for place in 0..AREA {
                    squares[bin][0] += (f64::from(e_mode[place]) * whole - map(place) + mean).powi(2);
                    squares[bin][1] += (f64::from(b_mode[place]) * whole).powi(2);
                }
            }
        }
        for (bin, noise) in [1.0_f64, 12.0].into_iter().enumerate() {
            for square in squares[bin] {
                // one of sixteen modes, the mean, is lost
                let found = (square / (rows.count * (AREA - 1)) as f64).sqrt();
                assert!((found / noise - 1.0).abs() < 0.06, "{found} {noise}");
            }
        }
    }
    let encoded = dataset.scaling.encode_simulations(&simulations, &test).unwrap();
    assert_eq!(encoded.rows, dataset.gather(&test).unwrap());
    let text = serde_json::to_string(&dataset.scaling).unwrap();
    assert_eq!(
        serde_json::from_str::<crate::data::Scaling>(&text).unwrap(),
        dataset.scaling
    );
    std::fs::remove_dir_all(&path).unwrap();
}

#[test]
fn a_given_shear_map_is_turned_into_modes_with_zeros_where_it_is_not_a_number() {
    let path = store("given", 60);
    let simulations = FieldSimulations::open(&path, None).unwrap();
    let dataset = seen_as(&simulations, &format!("kind = \"shear\"\n{MASK}"));
    let fields = dataset.scaling.fields.as_ref().unwrap();
    // the row that check asks about is the row that its own observation encodes to
    let row = dataset.places(Part::Test)[2];
    let maps = fields.simulated(&simulations, row).unwrap();
    assert!(maps.iter().any(|value| value.is_nan()));
    let encoded = dataset.scaling.encode_observation(&maps, row).unwrap();
    let kept = dataset.gather(&[row]).unwrap();
    assert_eq!((&encoded.rows.context, &encoded.rows.mask), (&kept.context, &kept.mask));
    let (modes, seen) = given(&encoded.rows, 0);
    assert_eq!(seen, fields.seen(&maps));
    // E, back in convergence, is what is shown, and both modes hold the masked shear, but for its mean
    let shown = fields.shown(&maps);
    let lens = KaiserSquires::new(PIXELS);
    for (bin, [e_mode, b_mode]) in modes.iter().enumerate() {
        let whole = fields.observed_deviation(bin);
        let (one, two) = lens.shear(e_mode, b_mode);
        let masked = |place: usize, component: usize| match seen[place] {
            true => f64::from(maps[component * SIZE + place * BINS + bin]),
            false => 0.0,
        };
        let mean = [0, 1].map(|component| (0..AREA).map(|place| masked(place, component)).sum::<f64>() / AREA as f64);
        for place in 0..AREA {
            assert!((f64::from(e_mode[place]) * whole - shown[place * BINS + bin]).abs() < 1e-4);
            for (component, value) in [one[place], two[place]].into_iter().enumerate() {
                let exact = masked(place, component) - mean[component];
                assert!((f64::from(value) * whole - exact).abs() < 1e-4 * (1.0 + exact.abs()));
            }
        }
    }
    // one number that is missing hides its place; what else stands there does not matter
    let mut hidden = vec![1.0; 2 * SIZE];
    hidden[SIZE + 3 * BINS] = f32::NAN;
    let one = dataset.scaling.encode_observation(&hidden, 0).unwrap();
    hidden[3 * BINS + 1] = 7.0;
    assert_eq!(one.rows, dataset.scaling.encode_observation(&hidden, 0).unwrap().rows);
    assert_eq!(given(&one.rows, 0).1.iter().filter(|seen| !**seen).count(), 1);
    std::fs::remove_dir_all(&path).unwrap();
}

#[test]
fn observations_that_cannot_be_answered_say_why() {
    let path = store("unanswered", 60);
    let simulations = FieldSimulations::open(&path, None).unwrap();
    let (masked, whole) = (seen_as(&simulations, MASK), dataset(&path));
    let complaint = |dataset: &FieldDataset, maps: &[f32]| {
        let error = dataset.scaling.encode_observation(maps, 0).unwrap_err();
        assert!(matches!(error, Error::Observation { .. }), "{error}");
        error.to_string()
    };
    let mut maps = vec![0.5; SIZE];
    maps[3] = f32::NAN;
    let rows = masked.scaling.encode_observation(&maps, 0).unwrap().rows;
    assert_eq!((rows.mask[2], rows.mask[3], rows.mask[4]), (0.0, 0.0, 1.0));
    assert_eq!(rows.count, 1);
    let text = complaint(&whole, &maps);
    assert!(
        text.contains("1 of 32") && text.contains("[observation.mask]"),
        "{text}"
    );
    maps[5] = f32::INFINITY;
    assert!(complaint(&masked, &maps).contains("1 of 32 pixels are infinite"));
    // every place lacks one of its numbers
    let lacking: Vec<f32> = (0..SIZE)
        .map(|at| if at % BINS == 0 { f32::NAN } else { 1.0 })
        .collect();
    for maps in [&lacking[..], &[f32::NAN; SIZE][..]] {
        assert!(complaint(&masked, maps).contains("all of its 16 places are masked"));
    }
    let shear = seen_as(&simulations, "kind = \"shear\"");
    let error = shear.scaling.encode_observation(&maps, 0).unwrap_err().to_string();
    assert!(error.contains("64") && error.contains("32"), "{error}");
    std::fs::remove_dir_all(&path).unwrap();
}

/// The scaling of a model from before observations could be chosen reads, and is written as it was.
#[test]
fn a_scaling_without_an_observation_is_of_convergence_in_every_pixel() {
    let text = "{\"geometry\":{\"bins\":1,\"pixels\":4,\"width_degrees\":2.0},\"noise\":[1.0],\"mean\":[0.0],\"deviation\":[2.0]}";
    let scaling: FieldScaling = serde_json::from_str(text).unwrap();
    assert!(scaling.observation.is_plain());
    assert_eq!(serde_json::to_string(&scaling).unwrap(), text);
}
