//! Learned posteriors of two parameters beside the exact ones: Gaussian fields of 16 by 16 pixels in two bins.

use std::sync::Arc;

use fieldbridge_files::{TableFile, ZarrStore};
use fieldbridge_sky::field::{Convention, Law, LensingField, Patch};
use fieldbridge_sky::inference::exact_gaussian::ExactGaussian;
use fieldbridge_sky::statistics::{BandPowers, PixelWindow};
use fieldbridge_sky::{Prior, Priors, RedshiftDistribution, Settings, Simulator, Smail, equal_count_bins, pixel_noise};

use super::Scene;

/// What recipes say of these fields.
pub(crate) const SIMULATION: &str = two_bins!(16);

/// What recipes say of a spline flow that trains in a fraction of a second, and of its checks.
pub(crate) const LEARNING: &str = r#"
[spline_flow]
transforms = 2
bins = 6
width = 16
context_width = 16

[train]
steps = 30
batch = 16
shard = 8
warmup = 5
evaluate_every = 10
checkpoint_seconds = 0.0

[check]
draws = 50
rows = 60
density_rows = 10
"#;

/// Draws of two parameters, column by column.
pub(crate) fn drawn(scene: &Scene, file: &str) -> [Vec<f64>; 2] {
    let table = TableFile::open(&scene.path(file)).unwrap();
    let table = table.read(&["sigma_8", "omega_c"], 0..table.rows()).unwrap();
    ["sigma_8", "omega_c"].map(|name| table.column(name).unwrap().to_f64().unwrap())
}

/// Their simulator, as the library knows it.
fn simulator() -> Simulator {
    let sources: Arc<dyn RedshiftDistribution> = Arc::new(Smail::lsst_y10());
    let bins = equal_count_bins(&sources, 2, 0.05, 27.0).unwrap();
    let patch = Patch::new(16, 5.0).unwrap();
    let noise = bins
        .iter()
        .map(|bin| pixel_noise(0.26, bin.galaxies_per_arcmin2, patch.pixel_arcmin()).unwrap());
    let normal = |mean, deviation, low| Prior::Normal {
        mean,
        deviation,
        low,
        high: f64::INFINITY,
    };
    Simulator {
        priors: Priors::new([
            normal(0.2664, 0.1, 0.05),
            Prior::Fixed(0.0492),
            normal(0.831, 0.14, f64::NEG_INFINITY),
            Prior::Fixed(0.6727),
            Prior::Fixed(0.9645),
            Prior::Fixed(-1.0),
        ])
        .unwrap(),
        noise: noise.collect(),
        field: LensingField::new(
            patch,
            &bins,
            Settings::default(),
            Law::Gaussian,
            Convention::SelfConsistent,
            None,
        )
        .unwrap(),
        bands: BandPowers::logarithmic(patch, 2, PixelWindow::None).unwrap(),
        third_moments: None,
    }
}

fn moments(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
    (mean, (squares / (count - 1.0)).sqrt())
}

/// Trains the recipe with other settings and asks about its first simulations: whatever of a map is lost on the way to the posterior, the exact variance
/// and that of exact means given what is left make the variance given it. No variance is wider than `widest` exact ones.
pub(crate) fn assert_balanced(scene: &Scene, settings: &[&str], widest: f64) {
    let mut words = vec!["train", "recipe.toml", "--out", "run"];
    settings.iter().for_each(|setting| words.extend(["--set", setting]));
    scene.fieldbridge(&words).done();
    let (offsets, widths) = squares(scene, 24);
    eprintln!("squares, over exact variances: means off {offsets:?}, variances {widths:?}");
    for at in 0..2 {
        let balance = (1.0 + offsets[at]) / widths[at];
        assert!((balance - 1.0).abs() < 0.15, "{balance}: {offsets:?}, {widths:?}");
        assert!(widths[at] < widest, "variances are {widths:?} of the exact ones");
    }
}

/// Mean squares, over exact variances, of what means are off and of deviations, of the first held rows of `run`: `omega_c`, `sigma_8`.
fn squares(scene: &Scene, observations: usize) -> ([f64; 2], [f64; 2]) {
    let store = ZarrStore::open(&scene.path("run/simulations.zarr")).unwrap();
    let simulator = simulator();
    let exact = ExactGaussian::new(&simulator, [64, 64]).unwrap();
    assert_eq!(exact.names(), ["omega_c", "sigma_8"]);
    let (mut offsets, mut widths) = ([0.0; 2], [0.0; 2]);
    for row in 0..observations {
        let number = row.to_string();
        let words = ["--row", &number, "--draws", "1000", "--out", "draws.parquet"];
        scene.infer("run", "run/simulations.zarr", &words).done();
        let [sigma_8, omega_c] = drawn(scene, "draws.parquet");
        let observation = store.read("observation", row..row + 1).unwrap().to_f64().unwrap();
        let (means, deviations) = exact.posterior(&observation).parameter_moments();
        for (at, values) in [omega_c, sigma_8].iter().enumerate() {
            let (mean, deviation) = moments(values);
            offsets[at] += ((mean - means[at]) / deviations[at]).powi(2) / observations as f64;
            widths[at] += (deviation / deviations[at]).powi(2) / observations as f64;
        }
    }
    (offsets, widths)
}
