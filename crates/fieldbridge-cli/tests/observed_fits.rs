//! Observed maps in FITS files, asked of the model that comes with the repository: images with the scale of their pixels, cut-outs of
//! the sphere, and simulations that were made otherwise.

#[path = "../../fieldbridge-files/tests/fits_writer/mod.rs"]
mod fits_writer;
#[macro_use]
mod scene;

use fieldbridge_sky::field::Patch;
use fieldbridge_sky::survey::{CutOut, Healpix, PixelOrder};
use scene::{Ended, Scene};

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/jade");
/// Side of a pixel of the model, degrees.
const PIXEL: &str = "0.15625";

/// Numbers with about the scatter of the maps the model learned from.
fn scatter(seed: u64, count: usize) -> Vec<f64> {
    let uniform = scene::numbers(seed, count).into_iter();
    uniform.map(|value| 0.014 * 12.0_f64.sqrt() * (value - 0.5)).collect()
}

fn ask(scene: &Scene, observation: &str, out: &str, more: &[&str]) -> Ended {
    scene.infer(MODEL, observation, &[&["--draws", "3", "--out", out], more].concat())
}

#[track_caller]
fn warns(ended: &Ended, words: &[&str]) {
    let warnings: Vec<&str> = ended.stderr.lines().filter(|line| line.contains("warning: ")).collect();
    for word in words {
        assert!(
            warnings.iter().any(|line| line.contains(word)),
            "`{word}`: {}",
            ended.stderr
        );
    }
    assert_eq!(warnings.is_empty(), words.is_empty(), "{}", ended.stderr);
}

#[test]
fn an_image_is_answered_like_its_numbers_and_pixels_of_another_size_are_told_or_refused() {
    let scene = Scene::new("observed-image");
    let map = scatter(7, 1024);
    let write = |name: &str, shape: &[usize], cards: &[fits_writer::Card<'_>]| {
        std::fs::write(scene.path(name), fits_writer::image(shape, &map, cards)).unwrap();
    };
    scene.array("map.npy", vec![1, 32, 32], map.clone());
    write("map.fits", &[32, 32], &[("CDELT1", "-0.15625"), ("CDELT2", PIXEL)]);
    // Stokes, bin, y, x
    write("cube.fits", &[1, 1, 32, 32], &[("CD1_1", "-0.15625"), ("CD2_2", PIXEL)]);
    write("near.fits", &[32, 32], &[("CDELT1", "-0.1585"), ("CDELT2", PIXEL)]);
    write("far.fits", &[32, 32], &[("CDELT1", "0.2"), ("CDELT2", "0.2")]);
    write("silent.fits", &[32, 32], &[]);
    write("long.fits", &[16, 64], &[("CDELT1", PIXEL), ("CDELT2", PIXEL)]);
    warns(&ask(&scene, "map.npy", "numbers.csv", &[]).done(), &[]);
    for name in ["map.fits", "cube.fits"] {
        warns(&ask(&scene, name, "image.csv", &[]).done(), &[]);
        assert!(scene.bytes("image.csv") == scene.bytes("numbers.csv"), "{name}");
    }
    let near = ask(&scene, "near.fits", "image.csv", &["--json"]).done();
    warns(&near, &["9.5100 by 9.3750 arcmin", "1.4 %"]);
    assert_eq!(near.json()["warnings"].as_array().unwrap().len(), 1);
    ask(&scene, "far.fits", "image.csv", &[]).fails_saying(&["12.0000 by 12.0000 arcmin", "9.3750 arcmin", "28.0 %"]);
    warns(
        &ask(&scene, "silent.fits", "image.csv", &[]).done(),
        &["CDELT", "9.3750"],
    );
    ask(&scene, "long.fits", "image.csv", &[]).fails_saying(&["[16, 64]", "1 bins of 32 by 32"]);
    ask(&scene, "map.fits", "image.csv", &["--group", "KAPPA"]).fails_saying(&["no extension KAPPA", "it has 0"]);
}

#[test]
fn a_cut_out_of_the_sphere_is_projected_to_the_patch() {
    let scene = Scene::new("observed-healpix");
    let sphere = Healpix::new(512, PixelOrder::Nested).unwrap();
    let within = |degrees: f64| -> Vec<u64> {
        let near = |&pixel: &u64| {
            let direction = sphere.direction_of(pixel);
            let cosine: f64 = direction.iter().zip([0.36, 0.48, -0.8]).map(|(a, b)| a * b).sum();
            cosine > degrees.to_radians().cos()
        };
        (0..sphere.pixels()).filter(near).collect()
    };
    let pixels = within(4.2);
    let values = scatter(8, pixels.len());
    let single = |count: usize| values[..count].iter().map(|&value| value as f32).collect::<Vec<f32>>();
    let keys = [("NSIDE", "512"), ("ORDERING", "'NESTED'"), ("EXTNAME", "'CUT_OUT'")];
    let write = |name: &str, pixel: &str, pixels: &[u64], columns: &[&str], cards: &[fits_writer::Card<'_>]| {
        let pixels: Vec<i64> = pixels.iter().map(|&pixel| pixel as i64).collect();
        let columns: Vec<(&str, Vec<f32>)> = columns.iter().map(|&column| (column, single(pixels.len()))).collect();
        std::fs::write(scene.path(name), fits_writer::table((pixel, &pixels), &columns, cards)).unwrap();
    };
    write("cut.fits", "PIXEL", &pixels, &["KAPPA"], &keys);
    let answered = ask(&scene, "cut.fits", "cut.csv", &["--group", "cut_out"]).done();
    warns(&answered, &["6.871 arcmin", "9.375 arcmin", "53.13", "-53.13"]);
    // the same as the patch made here
    let maps = vec![single(pixels.len()).into_iter().map(f64::from).collect()];
    let flat = CutOut::new(sphere, pixels.clone(), maps).unwrap();
    let flat = flat.flat(&Patch::new(32, 5.0).unwrap()).unwrap();
    assert_eq!(flat.outside, 0);
    scene.array("flat.npy", vec![1, 32, 32], flat.maps);
    ask(&scene, "flat.npy", "flat.csv", &[]).done();
    assert!(scene.bytes("cut.csv") == scene.bytes("flat.csv"));
    // nothing is known of a corner
    write("small.fits", "PIXEL", &within(2.0), &["KAPPA"], &keys);
    ask(&scene, "small.fits", "cut.csv", &[]).fails_saying(&["not finite"]);
    write("whole.fits", "KAPPA", &pixels, &["SECOND"], &keys);
    ask(&scene, "whole.fits", "cut.csv", &[]).fails_saying(&["no column PIXEL", "partial=True"]);
    write("two.fits", "PIXEL", &pixels, &["ONE", "TWO"], &keys);
    ask(&scene, "two.fits", "cut.csv", &[]).fails_saying(&["2 columns of values (ONE, TWO)", "1 bins"]);
    write("order.fits", "PIXEL", &pixels, &["KAPPA"], &keys[..1]);
    ask(&scene, "order.fits", "cut.csv", &[]).fails_saying(&["ORDERING is missing", "RING or NESTED"]);
    write("twice.fits", "PIXEL", &[9, 9], &["KAPPA"], &keys);
    ask(&scene, "twice.fits", "cut.csv", &[]).fails_saying(&["9 twice"]);
}

const SIMULATIONS: &str = concat!(
    r#"title = "Others"
seed = 5
simulations = 2

[patch]
pixels = 32
width_degrees = 5.0

[sources]
"#,
    galaxies!(1, "5.4"),
    r#"
[field]
law = "gaussian"

[prior]
omega_c = { mean = 0.2664, deviation = 0.1, low = 0.0 }
omega_b = 0.0492
sigma_8 = { mean = 0.831, deviation = 0.14 }
h_0 = 0.6727
n_s = 0.9645
w_0 = -1.0
"#
);

#[test]
fn simulations_of_other_galaxies_are_answered_with_a_warning_that_names_what_differs() {
    let scene = Scene::new("observed-others");
    scene.recipe(SIMULATIONS);
    let simulate = |out: &str, set: &[&str]| {
        let words = ["simulate", "recipe.toml", "--out", out];
        scene.fieldbridge(&[&words, set].concat()).done();
    };
    simulate("same", &[]);
    simulate(
        "other",
        &[
            "--set",
            "sources.galaxies_per_arcmin2=5.0",
            "--set",
            "sources.scale=0.12",
        ],
    );
    warns(&ask(&scene, "same/simulations.zarr", "draws.csv", &[]).done(), &[]);
    let told = ask(&scene, "other/simulations.zarr", "draws.csv", &["--row", "1"]).done();
    let words = [
        "`sources.galaxies_per_arcmin2` is 5.0, was 5.4",
        "`sources.scale` is 0.12, was 0.11",
        "noise of bin 0 is 0.01240, was 0.01193",
    ];
    warns(&told, &words);
}
