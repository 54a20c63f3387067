//! Chains of a Gaussian field against its exact posterior: a grid over the parameters, and Wiener's mean and variance.

#[macro_use]
mod scene;

use std::sync::Arc;

use fieldbridge_files::{TableFile, read_array};
use fieldbridge_sky::field::{Convention, Law, LensingField, Patch};
use fieldbridge_sky::inference::{FieldPosterior, Observation, SpectrumPosterior};
use fieldbridge_sky::{Cosmology, Prior, Priors, RedshiftDistribution, Settings, Smail, equal_count_bins, pixel_noise};
use scene::Scene;

const PIXELS: usize = 12;
const WIDTH: f64 = 6.0;
const RECIPE: &str = concat!(
    r#"title = "A Gaussian survey"
seed = 2
simulations = 1

[patch]
pixels = 12
width_degrees = 6.0

[sources]
"#,
    galaxies!(2, "27.0"),
    r#"
[field]
law = "gaussian"

[prior]
omega_c = { mean = 0.2664, deviation = 0.1, low = 0.05 }
omega_b = 0.0492
sigma_8 = { low = 0.4, high = 1.2 }
h_0 = 0.6727
n_s = 0.9645
w_0 = -1.0

[store]
bands = 3

[mcmc]
chains = 2
warmup = 100
draws = 500
block = 250
"#
);

fn field() -> (LensingField, Vec<f64>, Priors) {
    let sources: Arc<dyn RedshiftDistribution> = Arc::new(Smail::lsst_y10());
    let bins = equal_count_bins(&sources, 2, 0.05, 27.0).unwrap();
    let patch = Patch::new(PIXELS, WIDTH).unwrap();
    let noise = bins
        .iter()
        .map(|bin| pixel_noise(0.26, bin.galaxies_per_arcmin2, patch.pixel_arcmin()).unwrap());
    let noise = noise.collect();
    let convention = Convention::SelfConsistent;
    let field = LensingField::new(patch, &bins, Settings::default(), Law::Gaussian, convention, None).unwrap();
    let mut priors = Cosmology::lsst_y10().parameters().map(Prior::Fixed);
    priors[0] = Prior::Normal {
        mean: 0.2664,
        deviation: 0.1,
        low: 0.05,
        high: f64::INFINITY,
    };
    priors[2] = Prior::Uniform { low: 0.4, high: 1.2 };
    (field, noise, Priors::new(priors).unwrap())
}

/// About standard normal numbers, always the same.
fn normals(seed: u64, count: usize) -> Vec<f64> {
    scene::numbers(seed, 12 * count)
        .chunks_exact(12)
        .map(|uniform| uniform.iter().sum::<f64>() - 6.0)
        .collect()
}

#[test]
fn of_a_gaussian_field_the_chains_find_the_exact_posterior() {
    let (survey, noise, priors) = field();
    let area = PIXELS * PIXELS;
    let universe = survey.universe(&Cosmology::lsst_y10()).unwrap();
    let mut map = survey
        .maps(&universe.amplitudes, &normals(1, survey.size()))
        .convergence;
    for (index, (pixel, number)) in map.iter_mut().zip(normals(2, survey.size())).enumerate() {
        *pixel += number * noise[index / area];
    }

    let scene = Scene::new("exact-posterior");
    scene.recipe(RECIPE);
    scene.array("map.npy", vec![2, PIXELS, PIXELS], map.clone());
    let found = scene
        .fieldbridge(&[
            "mcmc",
            "recipe.toml",
            "--observation",
            "map.npy",
            "--out",
            "out",
            "--json",
        ])
        .done()
        .json();
    assert!(found["largest_r_hat"].as_f64().unwrap() < 1.05, "{found}");

    // moments over a grid that covers the posterior
    let observation = Observation::new(&survey, &map, &noise).unwrap();
    let spectra = SpectrumPosterior::new(&survey, priors, &observation);
    let peak = spectra.peak().unwrap();
    let posterior = FieldPosterior::new(field().0, priors, observation.clone()).unwrap();
    let (mut total, mut sums, mut squares) = (0.0, [0.0; 2], [0.0; 2]);
    let (mut mean, mut power) = (vec![0.0; survey.size()], 0.0);
    let mut best = f64::NEG_INFINITY;
    let mut points = Vec::new();
    for row in -11..=11 {
        for column in -11..=11 {
            let white = [0.5 * f64::from(row), 0.5 * f64::from(column)];
            let normals = [
                peak.location[0] + peak.root[0] * white[0],
                peak.location[1] + peak.root[2] * white[0] + peak.root[3] * white[1],
            ];
            if let Ok((value, _, _)) = spectra.at(&normals) {
                best = f64::max(best, value);
                points.push((normals, value));
            }
        }
    }
    for (normals, value) in points.iter().filter(|(_, value)| value - best > -16.0) {
        let weight = (value - best).exp();
        let mut at = vec![0.0; posterior.dimension()];
        at[..2].copy_from_slice(normals);
        let point = posterior.point(&at).unwrap();
        let parameters = point.cosmology.parameters();
        total += weight;
        for (index, value) in [parameters[0], parameters[2]].into_iter().enumerate() {
            sums[index] += weight * value;
            squares[index] += weight * value * value;
        }
        for (mean, value) in mean.iter_mut().zip(&point.convergence) {
            *mean += weight * value;
        }
        // second moment of the first bin: Wiener's mean and, in each pixel the same, Wiener's variance
        let seen: f64 = point.convergence[..area].iter().map(|value| value * value).sum();
        power += weight * (seen / area as f64 + wiener_variance(&survey, &point.cosmology, &noise));
    }
    mean.iter_mut().for_each(|value| *value /= total);
    let exact_power = power / total;

    for (index, name) in ["omega_c", "sigma_8"].into_iter().enumerate() {
        let exact = sums[index] / total;
        let deviation = (squares[index] / total - exact * exact).sqrt();
        let number = |key: &str| found["parameters"][name][key].as_f64().unwrap();
        assert!(
            (number("mean") - exact).abs() < 4.0 * number("error"),
            "{name} {exact} {found}"
        );
        let error = 4.0 * deviation / (2.0 * number("bulk").min(number("tail"))).sqrt();
        assert!(
            (number("deviation") - deviation).abs() < error,
            "{name} {deviation} {found}"
        );
    }
    let draws = 1000.0_f64;
    let found_mean = read_array(&scene.path("out/convergence_mean.npy"))
        .unwrap()
        .to_f64()
        .unwrap();
    let deviation = read_array(&scene.path("out/convergence_deviation.npy"))
        .unwrap()
        .to_f64()
        .unwrap();
    let pulls: Vec<f64> = (0..survey.size())
        .map(|index| (found_mean[index] - mean[index]) / (deviation[index] / draws.sqrt()))
        .collect();
    // effective draws of pixels are at least a quarter of all
    let scatter = (pulls.iter().map(|pull| pull * pull).sum::<f64>() / pulls.len() as f64).sqrt();
    assert!(scatter < 2.0, "{scatter}");
    let found_power = (0..area)
        .map(|pixel| found_mean[pixel].powi(2) + deviation[pixel].powi(2))
        .sum::<f64>()
        / area as f64;
    assert!(
        (found_power / exact_power - 1.0).abs() < 0.02,
        "{found_power} {exact_power}"
    );
    let table = TableFile::open(&scene.path("out/posterior.parquet")).unwrap();
    assert_eq!(table.rows(), 1000);
}

/// Variance of a pixel of the first bin after the data, `S - S (S + N)^-1 S` summed over modes.
fn wiener_variance(survey: &LensingField, cosmology: &Cosmology, noise: &[f64]) -> f64 {
    let patch = survey.patch();
    let spectra = survey.universe(cosmology).unwrap().spectra;
    let white = noise
        .iter()
        .map(|sigma| sigma * sigma / patch.area_pixels() as f64)
        .collect::<Vec<f64>>();
    let mut variance = 0.0;
    for row in 0..PIXELS {
        for column in 0..PIXELS {
            if row + column == 0 {
                continue;
            }
            let wave = patch.frequency(row).hypot(patch.frequency(column)) * patch.fundamental();
            let index = spectra
                .multipoles()
                .iter()
                .position(|multipole| (multipole / wave - 1.0).abs() < 1e-9)
                .unwrap();
            let s = |i: usize, j: usize| spectra.between(i, j)[index] / patch.steradian();
            let (a, b, c) = (s(0, 0) + white[0], s(0, 1), s(1, 1) + white[1]);
            let determinant = a * c - b * b;
            let (first, second) = (s(0, 0), s(0, 1));
            let explained = (c * first * first - 2.0 * b * first * second + a * second * second) / determinant;
            variance += first - explained;
        }
    }
    variance
}
