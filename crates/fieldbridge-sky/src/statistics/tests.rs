//! Statistics of fields for which they are known in closed form.

use std::f64::consts::PI;
use std::sync::Arc;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::*;
use crate::field::{Amplitudes, Convention, Law, LensingField, Patch};
use crate::{RedshiftDistribution, Settings, Smail, equal_count_bins};

/// One bin on a patch with a spectrum of its own, and its amplitudes.
struct Maps {
    field: LensingField,
    amplitudes: Amplitudes,
    power: Vec<f64>,
}

impl Maps {
    fn new(patch: Patch, law: Law, shift: f64, power: impl Fn(f64) -> f64) -> Self {
        let sources: Arc<dyn RedshiftDistribution> = Arc::new(Smail::lsst_y10());
        let bins = equal_count_bins(&sources, 1, 0.05, 27.0).unwrap();
        let shifts = Some(crate::field::Shifts::Constant(vec![shift]));
        let field = LensingField::new(
            patch,
            &bins,
            Settings::default(),
            law,
            Convention::SelfConsistent,
            shifts,
        )
        .unwrap();
        let power: Vec<f64> = field.multipoles().into_iter().map(power).collect();
        let amplitudes = field.amplitudes(std::slice::from_ref(&power), &[shift]).unwrap();
        Self {
            field,
            amplitudes,
            power,
        }
    }

    fn map(&self, seed: u64) -> Vec<f64> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let white: Vec<f64> = (0..self.field.size())
            .map(|_| StandardNormal.sample(&mut random))
            .collect();
        self.field.maps(&self.amplitudes, &white).convergence
    }

    /// Sums over all modes but the mean of the variance times a power of the squared wave number per arc minute.
    fn moment(&self, order: i32) -> f64 {
        let patch = self.field.patch();
        let side = patch.pixels();
        let mut sum = 0.0;
        let unit = 2.0 * PI / (patch.width_degrees() * 60.0);
        for index in 1..side * side {
            let (a, b) = (patch.distance(index / side), patch.distance(index % side));
            let (high, low) = (a.max(b), a.min(b));
            let power = self.power[high * (high + 1) / 2 + low];
            sum += power / patch.steradian() * (((a * a + b * b) as f64) * unit * unit).powi(order);
        }
        sum
    }
}

/// Mean and its error.
fn summary(values: &[f64]) -> (f64, f64) {
    let found = moments(values);
    (found.mean, (found.variance / (values.len() as f64 - 1.0)).sqrt())
}

/// A spectrum smooth over some pixels of a patch of 64 by 64 pixels: `e^(-(l / l_0)^2)`.
fn smooth(patch: Patch, variance: f64) -> impl Fn(f64) -> f64 {
    let scale = 6.0 * patch.fundamental();
    // the sum over modes of e^(-n^2 / 36) is 36 pi
    let height = variance * patch.steradian() / (36.0 * PI);
    move |ell| height * (-(ell / scale).powi(2)).exp()
}

#[test]
fn gaussian_maps_have_the_functionals_of_tomita() {
    let patch = Patch::new(64, 5.0).unwrap();
    let maps = Maps::new(patch, Law::Gaussian, 1.0, smooth(patch, 1.0));
    let (variance, slope) = (maps.moment(0), maps.moment(1));
    let edges: Vec<f64> = (0..=12).map(|edge| -3.0 + 0.5 * f64::from(edge)).collect();
    let minkowski = Minkowski::new(patch, &edges).unwrap();
    let count = 400;
    let found: Vec<MinkowskiFunctionals> = (0..count).map(|seed| minkowski.measure(&maps.map(seed))).collect();
    for (bin, &edge) in edges[..12].iter().enumerate() {
        // the mean over a bin of thresholds, by Simpson's rule
        let at = |threshold: f64| Minkowski::gaussian(threshold, variance, slope);
        let (low, middle, high) = (at(edge), at(edge + 0.25), at(edge + 0.5));
        let (quarter, other) = (at(edge + 0.125), at(edge + 0.375));
        let mean = |n: usize| (low[n] + 4.0 * quarter[n] + 2.0 * middle[n] + 4.0 * other[n] + high[n]) / 12.0;
        let column = |read: &dyn Fn(&MinkowskiFunctionals) -> f64| found.iter().map(read).collect::<Vec<f64>>();
        let pairs = [
            (column(&|f| f.area[bin]), middle[0]),
            (column(&|f| f.border[bin]), mean(1)),
            (column(&|f| f.characteristic[bin]), mean(2)),
        ];
        for (number, (values, exact)) in pairs.into_iter().enumerate() {
            let (mean, error) = summary(&values);
            assert!(
                (mean - exact).abs() < 4.0 * error,
                "V{number} bin {bin}: {mean} +- {error}, {exact}"
            );
            let peak = [1.0, 0.125 * (slope / 2.0).sqrt(), slope / 2.0 / (2.0 * PI).powf(1.5)][number];
            assert!(
                error < 0.01 * peak,
                "V{number} bin {bin} is not known well enough to test: {error}"
            );
        }
    }
}

#[test]
fn gaussian_maps_have_their_peaks() {
    let patch = Patch::new(192, 5.0).unwrap();
    let maps = Maps::new(patch, Law::Gaussian, 1.0, smooth(patch, 1.0));
    // Bond and Efstathiou (1987): maxima per area are s_2^2 / (8 pi sqrt(3) s_1^2), s_n^2 = sum k^2n P
    let area = (patch.width_degrees() * 60.0).powi(2);
    let exact = maps.moment(2) / maps.moment(1) / (8.0 * PI * 3.0_f64.sqrt()) * area;
    let counts: Vec<f64> = (0..200)
        .map(|seed| peak_counts(patch, &maps.map(seed), &[-100.0, 100.0]).unwrap()[0] as f64)
        .collect();
    let (mean, error) = summary(&counts);
    // with 64 pixels on a side, ten to a wave, 6 % of the peaks are lost beside higher ones; with 192 a ninth of that
    assert!(
        (mean / exact - 1.0).abs() < 0.01 + 3.0 * error / exact,
        "{mean} +- {error}, {exact}"
    );
    // heights: none is lost or counted twice, and a peak of its own is found
    let map = maps.map(7);
    let by_height = peak_counts(patch, &map, &[-100.0, -1.0, 0.0, 1.0, 2.0, 100.0]).unwrap();
    assert_eq!(by_height.iter().sum::<u64>() as f64, counts[7]);
    let mut single = vec![0.0; 192 * 192];
    single[0] = 2.0;
    assert_eq!(peak_counts(patch, &single, &[-1.0, 1.0, 3.0]).unwrap(), [0, 1]);
    assert!(peak_counts(patch, &single, &[1.0, 1.0]).is_err());
}

#[test]
fn one_point_distributions_are_those_of_normal_and_log_normal_numbers() {
    let patch = Patch::new(64, 5.0).unwrap();
    let edges: Vec<f64> = (0..=8).map(|edge| -2.0 + 0.5 * f64::from(edge)).collect();
    let gaussian = Maps::new(patch, Law::Gaussian, 1.0, smooth(patch, 1.0));
    let sigma = gaussian.moment(0).sqrt();
    let histograms: Vec<Vec<f64>> = (0..300)
        .map(|seed| histogram(&gaussian.map(seed), &edges).unwrap())
        .collect();
    for bin in 0..8 {
        let (mean, error) = summary(&histograms.iter().map(|histogram| histogram[bin]).collect::<Vec<f64>>());
        let below = |value: f64| 0.5 * libm::erfc(-value / sigma / 2.0_f64.sqrt());
        let exact = (below(edges[bin + 1]) - below(edges[bin])) / 0.5;
        assert!(
            (mean - exact).abs() < 4.0 * error && error < 0.01,
            "{bin}: {mean} +- {error}, {exact}"
        );
    }
    // moments over all maps: skewness (e^v + 2) sqrt(e^v - 1)
    let shift = 2.0;
    let log_normal = Maps::new(patch, Law::LogNormal, shift, smooth(patch, 0.5));
    let v = log_normal.amplitudes.gaussian_variances()[0];
    let (mut second, mut third) = (Vec::new(), Vec::new());
    for seed in 0..600 {
        let map = log_normal.map(seed);
        let mean_power = |power: i32| map.iter().map(|value| value.powi(power)).sum::<f64>() / map.len() as f64;
        second.push(mean_power(2));
        third.push(mean_power(3));
    }
    let growth = v.exp_m1();
    for (values, exact) in [
        (second, shift * shift * growth),
        (third, shift.powi(3) * (growth + 3.0) * growth * growth),
    ] {
        let (mean, error) = summary(&values);
        assert!(
            (mean - exact).abs() < 4.0 * error && error < 0.05 * exact,
            "{mean} +- {error}, {exact}"
        );
    }
}

#[test]
fn the_bispectrum_is_zero_for_gaussian_and_known_for_log_normal_maps() {
    let patch = Patch::new(64, 5.0).unwrap();
    let unit = patch.fundamental();
    let edges = [2.5, 5.5, 8.5, 12.5].map(|wave| wave * unit);
    let estimator = EquilateralBispectrum::new(patch, &edges).unwrap();
    let measure = |maps: &Maps, count: u64| -> Vec<(f64, f64)> {
        let found: Vec<Vec<f64>> = (0..count).map(|seed| estimator.measure(&maps.map(seed))).collect();
        (0..3)
            .map(|band| summary(&found.iter().map(|row| row[band]).collect::<Vec<f64>>()))
            .collect()
    };
    let variance = 0.05;
    let gaussian = Maps::new(patch, Law::Gaussian, 1.0, smooth(patch, variance));
    let log_normal = Maps::new(patch, Law::LogNormal, 1.0, smooth(patch, variance));
    let power = smooth(patch, variance);
    let zero = measure(&gaussian, 500);
    let found = measure(&log_normal, 4000);
    for band in 0..3 {
        let (mean, error) = zero[band];
        assert!(mean.abs() < 4.0 * error, "{band}: {mean} +- {error}");
        // <kkk> = (xi_12 xi_13 + 2 more) / shift + xi_12 xi_13 xi_23 / shift^3; the first is 3 P^2 / shift averaged over
        // triangles, and the last is smaller by the variance
        let waves =
            (0..64 * 64).map(|index: usize| patch.frequency(index / 64).hypot(patch.frequency(index % 64)) * unit);
        let inside: Vec<f64> = waves
            .filter(|wave| (edges[band]..edges[band + 1]).contains(wave))
            .map(&power)
            .collect();
        let leading = 3.0 * (inside.iter().sum::<f64>() / inside.len() as f64).powi(2);
        let (mean, error) = found[band];
        assert!(mean > 5.0 * error, "{band}: {mean} +- {error}");
        assert!(
            (mean / leading - 1.0).abs() < 0.15 + 3.0 * error / leading,
            "{band}: {mean} +- {error}, {leading}"
        );
    }
    assert!(EquilateralBispectrum::new(patch, &[unit, 30.0 * unit]).is_err());
    assert!(EquilateralBispectrum::new(patch, &[1.1 * unit, 1.2 * unit]).is_err());
}

#[test]
fn three_waves_have_their_product() {
    // cos(k_1 x) + cos(k_2 x) + cos(k_3 x) with k_1 + k_2 + k_3 = 0: twelve ordered triangles of amplitude 1/8
    let patch = Patch::new(32, 5.0).unwrap();
    let waves: [(i32, i32); 3] = [(4, 0), (-2, 4), (-2, -4)];
    let map: Vec<f64> = (0..1024)
        .map(|index: i32| {
            let angle = |(a, b): (i32, i32)| 2.0 * PI * f64::from(a * (index / 32) + b * (index % 32)) / 32.0;
            waves.iter().map(|&wave| angle(wave).cos()).sum()
        })
        .collect();
    let estimator = EquilateralBispectrum::new(patch, &[3.9, 4.6].map(|wave| wave * patch.fundamental())).unwrap();
    let exact = patch.steradian().powi(2) * 12.0 / 8.0 / estimator.triangles()[0];
    assert!((estimator.measure(&map)[0] / exact - 1.0).abs() < 1e-10);
}
