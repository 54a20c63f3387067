//! Fields against the spectra they were made of, and derivatives against differences.

use std::sync::Arc;

use super::*;
use crate::{
    Cosmology, RedshiftDistribution, Settings, ShiftReading, ShiftTable, Smail, TomographicBin, equal_count_bins,
};

pub(crate) const LAWS: [(Law, Convention); 4] = [
    (Law::Gaussian, Convention::SelfConsistent),
    (Law::Gaussian, Convention::SbiLens),
    (Law::LogNormal, Convention::SelfConsistent),
    (Law::LogNormal, Convention::SbiLens),
];

fn bins(count: usize) -> Vec<TomographicBin> {
    let sources: Arc<dyn RedshiftDistribution> = Arc::new(Smail::lsst_y10());
    equal_count_bins(&sources, count, 0.05, 27.0).unwrap()
}

/// Shifts that grow with the bin and with `sigma_8`.
fn table(count: usize) -> Shifts {
    let mut values = Vec::new();
    for sigma_8 in [0.3, 1.3] {
        for omega_m in [0.1, 0.9] {
            for w_0 in [-2.0, -0.3] {
                for bin in 0..count {
                    let shift = 0.01 * (1.0 + bin as f64) * (1.0 + 0.3 * sigma_8 + 0.2 * omega_m - 0.05 * w_0);
                    values.extend([omega_m, sigma_8, w_0, bin as f64, shift]);
                }
            }
        }
    }
    Shifts::Table(ShiftTable::new(&[2, 2, 2, count, 5], &values, ShiftReading::Labelled).unwrap())
}

pub(crate) fn field(pixels: usize, width: f64, count: usize, (law, convention): (Law, Convention)) -> LensingField {
    let patch = Patch::new(pixels, width).unwrap();
    LensingField::new(
        patch,
        &bins(count),
        Settings::default(),
        law,
        convention,
        Some(table(count)),
    )
    .unwrap()
}

/// Numbers of mean zero and variance one, always the same: sums of twelve uniform ones (a linear congruence).
pub(crate) fn white(seed: u64, count: usize) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut uniform = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    (0..count)
        .map(|_| (0..12).map(|_| uniform()).sum::<f64>() - 6.0)
        .collect()
}

#[test]
fn the_way_back_is_that_of_central_differences() {
    let (pixels, count) = (8, 3);
    for law in LAWS {
        let field = field(pixels, 5.0, count, law);
        let universe = Cosmology::lsst_y10();
        let noise = white(1, field.size());
        let weights = white(2, field.size());
        // a function of the maps that is not linear
        let value = |universe: &Cosmology, noise: &[f64]| -> f64 {
            let maps = field.maps(&field.universe(universe).unwrap().amplitudes, noise);
            maps.convergence
                .iter()
                .zip(&weights)
                .map(|(k, w)| w * k + 20.0 * k * k)
                .sum()
        };
        let dual = field.universe(&universe.with_derivatives()).unwrap();
        let maps = field.maps(&dual.amplitudes, &noise);
        let slopes: Vec<f64> = maps
            .convergence
            .iter()
            .zip(&weights)
            .map(|(k, w)| w + 40.0 * k)
            .collect();
        let gradient = field.pull_back(&dual, &noise, &maps, &slopes);
        let scale = gradient
            .white
            .iter()
            .fold(0.0, |scale: f64, slope| scale.max(slope.abs()));
        for index in (0..field.size()).step_by(7) {
            let moved = |step: f64| {
                let mut noise = noise.clone();
                noise[index] += step;
                value(&universe, &noise)
            };
            let difference = (moved(1e-4) - moved(-1e-4)) / 2e-4;
            assert!(
                (gradient.white[index] - difference).abs() < 1e-7 * scale,
                "{law:?} noise {index}: {} {difference}",
                gradient.white[index]
            );
        }
        for (number, &slope) in gradient.parameters.iter().enumerate() {
            let moved = |step: f64| {
                let mut parameters = universe.parameters();
                parameters[number] += step;
                value(&Cosmology::flat(parameters), &noise)
            };
            let difference = (moved(1e-4) - moved(-1e-4)) / 2e-4;
            // the differences carry the rounding of the spectra and a bend of the order of the step squared
            assert!(
                (slope / difference - 1.0).abs() < 1e-4,
                "{law:?} {}: {slope} {difference}",
                crate::PARAMETERS[number]
            );
        }
    }
}

/// Mean and its error over maps of `k_i(k) k_j(k)` over `C_ij(l) / area`, over all modes but the mean, for each pair.
fn recovered(field: &LensingField, maps: u64) -> Vec<(f64, f64)> {
    let universe = field.universe(&Cosmology::lsst_y10()).unwrap();
    let (patch, area, side) = (field.patch(), field.patch().area_pixels(), field.patch().pixels());
    let octant = patch::Octant::new(&patch);
    let transform = HartleyTransform::new(side);
    let power: Vec<Vec<f64>> = universe
        .spectra
        .all()
        .map(|(_, values)| field.at_modes(values))
        .collect();
    let mut ratios = vec![Vec::new(); power.len()];
    for seed in 0..maps {
        let mut waves = field
            .maps(&universe.amplitudes, &white(seed + 10, field.size()))
            .convergence;
        transform.apply_each(&mut waves);
        for (((first, second), power), ratios) in crate::lensing::pairs(field.bins()).zip(&power).zip(&mut ratios) {
            let entries = (0..side).flat_map(|row| octant.row(row)).enumerate().skip(1);
            let sum: f64 = entries
                .map(|(index, entry)| {
                    let product = waves[first * area + index] * waves[second * area + index];
                    product * patch.steradian() / (area * area) as f64 / power[entry]
                })
                .sum();
            ratios.push(sum / (area - 1) as f64);
        }
    }
    let summary = |values: &Vec<f64>| {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
        (mean, (variance / count).sqrt())
    };
    ratios.iter().map(summary).collect()
}

#[test]
fn a_thousand_maps_have_their_spectra() {
    for (law, convention) in [
        (Law::Gaussian, Convention::SelfConsistent),
        (Law::LogNormal, Convention::SelfConsistent),
    ] {
        let field = field(32, 5.0, 3, (law, convention));
        let universe = field.universe(&Cosmology::lsst_y10()).unwrap();
        assert_eq!(universe.amplitudes.changed_share(), 0.0);
        for (mean, error) in recovered(&field, 1000) {
            assert!(
                (mean - 1.0).abs() < 0.01 && (mean - 1.0).abs() < 4.0 * error,
                "{law:?}: {mean} +- {error}"
            );
        }
    }
}

#[test]
fn one_white_map_and_spectrum_become_the_wave_they_say() {
    // one bin, one mode: g = A cas(k x)
    let field = field(8, 5.0, 1, (Law::Gaussian, Convention::SelfConsistent));
    let power = vec![
        field
            .multipoles()
            .iter()
            .map(|_| 2.0 * field.patch().steradian())
            .collect(),
    ];
    let amplitudes = field.amplitudes(&power, &[]).unwrap();
    let mut noise = vec![0.0; 64];
    noise[8 + 2] = 3.0;
    let maps = field.maps(&amplitudes, &noise);
    for (index, value) in maps.convergence.iter().enumerate() {
        let angle = 2.0 * std::f64::consts::PI * (index / 8 + 2 * (index % 8)) as f64 / 8.0;
        assert!((value - 3.0 * 2.0_f64.sqrt() * (angle.cos() + angle.sin())).abs() < 1e-12);
    }
    // all modes but the mean have variance 2
    assert!((amplitudes.gaussian_variances()[0] - 126.0).abs() < 1e-10);
}

#[test]
fn white_noise_of_pixels_gives_the_convolution_of_it() {
    let field = field(12, 5.0, 2, (Law::Gaussian, Convention::SbiLens));
    let pixels = white(3, field.size());
    let back = field.white_of_pixels(&field.white_of_pixels(&pixels));
    for (back, value) in back.iter().zip(&pixels) {
        assert!((back - value).abs() < 1e-12);
    }
}

#[test]
fn log_normal_maps_stay_above_minus_their_shift_and_have_no_mean() {
    let field = field(32, 5.0, 3, (Law::LogNormal, Convention::SelfConsistent));
    let universe = field.universe(&Cosmology::lsst_y10()).unwrap();
    let area = field.patch().area_pixels();
    let mut sums = vec![(0.0, 0.0); 3];
    for seed in 0..400 {
        let maps = field.maps(&universe.amplitudes, &white(seed, field.size()));
        for ((plane, shift), sum) in maps.convergence.chunks_exact(area).zip(&universe.shifts).zip(&mut sums) {
            assert!(plane.iter().all(|value| *value > -shift));
            let mean = plane.iter().sum::<f64>() / area as f64;
            sum.0 += mean;
            sum.1 += mean * mean;
        }
    }
    for (sum, square) in sums {
        let mean = sum / 400.0;
        let error = ((square / 400.0 - mean * mean) / 400.0).sqrt();
        assert!(mean.abs() < 4.0 * error, "{mean} {error}");
    }
}

#[test]
fn impossible_fields_are_refused_with_the_bin_and_the_number() {
    let field = field(8, 5.0, 2, (Law::LogNormal, Convention::SelfConsistent));
    let modes = field.multipoles().len();
    let power = vec![vec![1e-9; modes], vec![1e-10; modes], vec![1e-9; modes]];
    assert_eq!(
        field.amplitudes(&power, &[0.01, -0.02]).unwrap_err(),
        crate::SkyError::Shift { bin: 1, value: -0.02 }
    );
    // a correlation below minus the product of the shifts
    let mut waves = vec![vec![0.0; modes]; 3];
    waves[0][1] = 1e-3;
    waves[2][1] = 1e-3;
    let error = field.amplitudes(&waves, &[1e-3, 1e-3]).unwrap_err();
    assert!(
        matches!(
            error,
            crate::SkyError::LogNormal {
                first: 0,
                second: 0,
                ..
            }
        ),
        "{error}"
    );
    let error = field.amplitudes(&power[1..], &[0.01, 0.02]).unwrap_err();
    assert!(error.to_string().contains("lengths"), "{error}");
    let patch = Patch::new(8, 5.0).unwrap();
    let error = LensingField::new(
        patch,
        &bins(2),
        Settings::default(),
        Law::LogNormal,
        Convention::SelfConsistent,
        Some(table(1)),
    )
    .unwrap_err();
    assert!(error.to_string().contains("number of bins"), "{error}");
}
