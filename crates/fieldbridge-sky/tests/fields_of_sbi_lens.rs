//! Maps as `sbi_lens` makes them, from the same noise: a table made in JAX by `benches/peers/simulate_sbi_lens.py --check`.

use std::sync::Arc;

use fieldbridge_sky::field::{Convention, Law, LensingField, Patch, Shifts};
use fieldbridge_sky::{RedshiftDistribution, Settings, Smail, equal_count_bins};

const SHIFTS: [f64; 5] = [0.0056, 0.0161, 0.0302, 0.0519, 0.1008];

/// The spectrum of the script.
fn spectrum(multipole: f64, first: usize, second: usize) -> f64 {
    let apart = if (first, second) == (0, 1) {
        1.05
    } else {
        0.9_f64.powi((second - first) as i32)
    };
    let height = (((first + 1) * (second + 1)) as f64).sqrt().powi(3);
    apart * 1e-9 * height / (1.0 + (multipole / 300.0).powf(1.5))
}

#[test]
fn the_same_noise_becomes_the_same_maps() {
    let pixels = 12;
    let sources: Arc<dyn RedshiftDistribution> = Arc::new(Smail::lsst_y10());
    let bins = equal_count_bins(&sources, 5, 0.05, 27.0).unwrap();
    let patch = Patch::new(pixels, 5.0).unwrap();
    let shifts = Some(Shifts::Constant(SHIFTS.to_vec()));
    let settings = Settings::default();
    let field = LensingField::new(patch, &bins, settings, Law::LogNormal, Convention::SbiLens, shifts).unwrap();
    let fundamental = patch.fundamental();
    let mut power = Vec::new();
    for first in 0..5 {
        for second in first..5 {
            let at = |multipole: f64| {
                let wave = multipole / fundamental;
                let low = wave.floor();
                let node = |wave: f64| spectrum(wave * fundamental, first, second);
                node(low) + (wave - low) * (node(low + 1.0) - node(low))
            };
            power.push(field.multipoles().into_iter().map(at).collect());
        }
    }
    let amplitudes = field.amplitudes(&power, &SHIFTS).unwrap();
    // two bins are correlated by more than one: eigenvalues are cut
    assert!(amplitudes.changed_share() > 0.0);
    let pixels: Vec<f64> = (0..field.size())
        .map(|index| (1.0 + 1.7 * (index as f64).powf(1.5)).sin())
        .collect();
    let maps = field.maps(&amplitudes, &field.white_of_pixels(&pixels));
    let table = std::fs::read_to_string("tests/tables/fields_sbi_lens.csv").unwrap();
    let lines = table.lines().filter(|line| !line.starts_with('#'));
    let known: Vec<f64> = lines
        .flat_map(|line| line.split(',').map(|number| number.parse::<f64>().unwrap()))
        .collect();
    assert_eq!(known.len(), field.size());
    for (found, known) in maps.convergence.iter().zip(&known) {
        assert!((found - known).abs() < 1e-11, "{found} {known}");
    }
}
