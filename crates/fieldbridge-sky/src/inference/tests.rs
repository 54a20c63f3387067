//! The posterior against differences and, for Gaussian fields, against its closed form.

use super::*;
use crate::field::tests::{LAWS, field, white};
use crate::field::{Convention, Law, LensingField};
use crate::{Cosmology, Prior, Priors, SkyError};

const PIXELS: usize = 8;
const BINS: usize = 3;
const NOISE: [f64; BINS] = [0.02, 0.015, 0.03];

fn survey(law: (Law, Convention)) -> LensingField {
    field(PIXELS, 5.0, BINS, law)
}

/// A noisy map of a universe, with `masked` pixels of the first bin missing.
fn observed(field: &LensingField, masked: usize) -> Observation {
    let universe = field.universe(&Cosmology::lsst_y10()).unwrap();
    let mut map = field.maps(&universe.amplitudes, &white(3, field.size())).convergence;
    let area = PIXELS * PIXELS;
    for (index, (pixel, noise)) in map.iter_mut().zip(white(4, field.size())).enumerate() {
        *pixel += noise * NOISE[index / area];
    }
    map[..masked].fill(f64::NAN);
    Observation::new(field, &map, &NOISE).unwrap()
}

fn posterior(law: (Law, Convention), masked: usize) -> FieldPosterior {
    let observation = observed(&survey(law), masked);
    FieldPosterior::new(survey(law), Priors::lsst_y10(), observation).unwrap()
}

fn position(posterior: &FieldPosterior, seed: u64) -> Vec<f64> {
    let mut position = white(seed, posterior.dimension());
    for value in &mut position[..posterior.parameters().count()] {
        *value *= 0.3;
    }
    position
}

#[test]
fn the_gradient_is_that_of_central_differences() {
    for law in LAWS {
        let posterior = posterior(law, 5);
        let at = position(&posterior, 5);
        let mut gradient = vec![0.0; posterior.dimension()];
        let mut unused = gradient.clone();
        posterior.log_density_and_gradient(&at, &mut gradient).unwrap();
        let count = posterior.parameters().count();
        for index in (0..count).chain((count..posterior.dimension()).step_by(3)) {
            let mut moved = |step: f64| {
                let mut at = at.clone();
                at[index] += step;
                posterior.log_density_and_gradient(&at, &mut unused).unwrap()
            };
            // two widths: what is left is of the fourth order in the step
            let step = 2e-4;
            let near = (moved(step) - moved(-step)) / (2.0 * step);
            let far = (moved(2.0 * step) - moved(-2.0 * step)) / (4.0 * step);
            let difference = (4.0 * near - far) / 3.0;
            let tolerance = 2e-6 * (1.0 + gradient[index].abs());
            assert!(
                (gradient[index] - difference).abs() < tolerance,
                "{law:?} {index}: {} {difference}",
                gradient[index]
            );
        }
    }
}

#[test]
fn of_a_gaussian_field_the_parameters_are_left_and_their_posterior_is_that_of_the_spectra() {
    let law = (Law::Gaussian, Convention::SelfConsistent);
    let posterior = posterior(law, 0);
    let count = posterior.parameters().count();
    let mut gradient = vec![0.0; posterior.dimension()];
    let spectra = SpectrumPosterior::new(posterior.field(), Priors::lsst_y10(), posterior.observation());
    let mut differences = Vec::new();
    for seed in [6, 7, 8] {
        let at = position(&posterior, seed);
        let value = posterior.log_density_and_gradient(&at, &mut gradient).unwrap();
        let squares: f64 = at[count..].iter().map(|u| u * u).sum();
        for (slope, u) in gradient[count..].iter().zip(&at[count..]) {
            assert!((slope + u).abs() < 1e-9, "{slope} {u}");
        }
        let (exact, by_normals, _) = spectra.at(&at[..count]).unwrap();
        for (found, exact) in gradient.iter().zip(&by_normals) {
            assert!((found - exact).abs() < 1e-7 * (1.0 + exact.abs()), "{found} {exact}");
        }
        differences.push(value + 0.5 * squares - exact);
    }
    for difference in &differences {
        assert!((difference - differences[0]).abs() < 1e-8, "{differences:?}");
    }
}

#[test]
fn the_posterior_of_the_spectra_is_that_of_the_whole_covariance_of_all_pixels() {
    let field = survey((Law::Gaussian, Convention::SelfConsistent));
    let observation = observed(&field, 0);
    let spectra = SpectrumPosterior::new(&field, Priors::lsst_y10(), &observation);
    let parameters = SampledParameters::new(Priors::lsst_y10());
    let differences: Vec<f64> = [[0.0; 6], [0.2, -0.4, 0.3, 0.1, -0.2, 0.5]]
        .iter()
        .map(|normals| {
            let (dual, _) = parameters.universe(normals);
            let values =
                [dual.omega_c, dual.omega_b, dual.sigma_8, dual.h, dual.n_s, dual.w_0].map(|number| number.value);
            let amplitudes = field.universe(&Cosmology::flat(values)).unwrap().amplitudes;
            let prior: f64 = normals.iter().map(|normal| normal * normal).sum();
            let exact = dense_log_density(&field, &amplitudes, &observation.convergence) - 0.5 * prior;
            spectra.at(normals).unwrap().0 - exact
        })
        .collect();
    // up to the mean of a map, which no universe changes
    assert!((differences[0] - differences[1]).abs() < 1e-8, "{differences:?}");
}

/// `ln N(d; 0, J J^T + N)` with `J` the response of the map to each white noise, by Cholesky's root of the whole matrix.
fn dense_log_density(field: &LensingField, amplitudes: &crate::field::Amplitudes, data: &[f64]) -> f64 {
    let n = field.size();
    let responses: Vec<Vec<f64>> = (0..n)
        .map(|index| {
            let mut white = vec![0.0; n];
            white[index] = 1.0;
            field.maps(amplitudes, &white).convergence
        })
        .collect();
    let mut matrix = vec![0.0; n * n];
    for response in &responses {
        for (i, row) in matrix.chunks_exact_mut(n).enumerate() {
            for (element, other) in row.iter_mut().zip(response) {
                *element += response[i] * other;
            }
        }
    }
    let mut root = vec![0.0; n * n];
    let mut solved = vec![0.0; n];
    let mut value = 0.0;
    for i in 0..n {
        matrix[i * n + i] += NOISE[i / (PIXELS * PIXELS)].powi(2);
        for j in 0..=i {
            let known: f64 = (0..j).map(|k| root[i * n + k] * root[j * n + k]).sum();
            let left = matrix[i * n + j] - known;
            root[i * n + j] = if i == j { left.sqrt() } else { left / root[j * n + j] };
        }
        let known: f64 = (0..i).map(|k| root[i * n + k] * solved[k]).sum();
        solved[i] = (data[i] - known) / root[i * n + i];
        value -= root[i * n + i].ln() + 0.5 * solved[i] * solved[i];
    }
    value
}

#[test]
fn maps_of_a_gaussian_field_have_the_mean_and_variance_of_wiener() {
    let law = (Law::Gaussian, Convention::SelfConsistent);
    let posterior = posterior(law, 0);
    let count = posterior.parameters().count();
    let field = posterior.field();
    let universe = field
        .universe(&posterior.point(&vec![0.0; posterior.dimension()]).unwrap().cosmology)
        .unwrap();
    // the mean is the map of u = 0, and satisfies (S^-1 + N^-1) m = N^-1 d, so S N^-1 (d - m) = m
    let mean = posterior.point(&vec![0.0; posterior.dimension()]).unwrap().convergence;
    let area = PIXELS * PIXELS;
    let residual: Vec<f64> = (0..field.size())
        .map(|index| (posterior.observation().convergence[index] - mean[index]) * NOISE[index / area].powi(-2))
        .collect();
    // S v = A A^T v, mode by mode: the maps of white noise A^T v
    let dual = field
        .universe(&Cosmology::flat(universe_parameters(&posterior)).with_derivatives())
        .unwrap();
    let zero = vec![0.0; field.size()];
    let maps = field.maps(&dual.amplitudes, &zero);
    let white = field.pull_back(&dual, &zero, &maps, &residual).white;
    let smoothed = field.maps(&universe.amplitudes, &white).convergence;
    for (found, exact) in smoothed.iter().zip(&mean) {
        assert!((found - exact).abs() < 1e-12, "{found} {exact}");
    }
    // the variance: sum over u of squared responses is trace of S - S (S + N)^-1 S, less than that of S and N
    let mut variance = 0.0;
    for index in 0..field.size() {
        let mut at = vec![0.0; posterior.dimension()];
        at[count + index] = 1.0;
        let moved = posterior.point(&at).unwrap().convergence;
        variance += (moved[7] - mean[7]).powi(2);
    }
    let exact = wiener_variance(field, &universe.amplitudes, 0);
    assert!((variance / exact - 1.0).abs() < 1e-10, "{variance} {exact}");
}

fn universe_parameters(posterior: &FieldPosterior) -> [f64; 6] {
    posterior
        .point(&vec![0.0; posterior.dimension()])
        .unwrap()
        .cosmology
        .parameters()
}

/// Variance of a pixel of one bin after the data, by conditioning the bins of every mode one after another.
fn wiener_variance(field: &LensingField, amplitudes: &crate::field::Amplitudes, bin: usize) -> f64 {
    let area = (PIXELS * PIXELS) as f64;
    let modes = field.multipoles().len();
    let octant = field.octant().multiplicities();
    (0..modes)
        .map(|mode| {
            let root = &amplitudes.roots()[mode * BINS * BINS..][..BINS * BINS];
            let mut s = [[0.0; BINS]; BINS];
            for i in 0..BINS {
                for j in 0..BINS {
                    s[i][j] = (0..BINS).map(|k| root[i * BINS + k] * root[j * BINS + k]).sum();
                }
            }
            for seen in 0..BINS {
                let total = s[seen][seen] + NOISE[seen].powi(2) / area;
                let column: [f64; BINS] = std::array::from_fn(|i| s[i][seen]);
                for i in 0..BINS {
                    for j in 0..BINS {
                        s[i][j] -= column[i] * column[j] / total;
                    }
                }
            }
            s[bin][bin] * octant[mode]
        })
        .sum()
}

#[test]
fn the_peak_of_the_spectra_is_where_their_gradient_vanishes() {
    let field = survey((Law::LogNormal, Convention::SelfConsistent));
    let observation = observed(&field, 0);
    let spectra = SpectrumPosterior::new(&field, Priors::lsst_y10(), &observation);
    let peak = spectra.peak().unwrap();
    let (_, gradient, _) = spectra.at(&peak.location).unwrap();
    for slope in gradient {
        assert!(slope.abs() < 1e-2, "{slope}");
    }
}

#[test]
fn the_density_of_the_spectra_without_derivatives_is_the_same() {
    for law in [
        (Law::Gaussian, Convention::SelfConsistent),
        (Law::LogNormal, Convention::SbiLens),
    ] {
        let field = survey(law);
        // where pixels are missing too
        for masked in [0, 9] {
            let observation = observed(&field, masked);
            let spectra = SpectrumPosterior::new(&field, Priors::lsst_y10(), &observation);
            for normals in [[0.0; 6], [0.2, -0.4, 0.3, 0.1, -0.2, 0.5]] {
                let (with, _, _) = spectra.at(&normals).unwrap();
                let without = spectra.log_density(&normals).unwrap();
                assert!((with - without).abs() < 1e-9 * with.abs(), "{law:?}: {with} {without}");
            }
        }
    }
}

/// Weighted draws against the sum over a grid, which is exact for two parameters.
#[test]
fn moments_by_weighted_draws_are_those_of_a_grid() {
    use super::exact_gaussian::ExactGaussian;
    use super::exact_gaussian::tests::{observed, random, simulator};
    let simulator = simulator(8);
    let law = ExactGaussian::new(&simulator, [96, 96]).unwrap();
    let few = ExactGaussian::new(&simulator, [12, 12]).unwrap();
    let same = ExactGaussian::of_same_spectra(&simulator, [12, 12]).unwrap();
    for index in 0..2 {
        let made = observed(&simulator, index);
        let (mean, deviation) = law.posterior(&made.observation).parameter_moments();
        let [few, same] = [&few, &same].map(|law| law.posterior(&made.observation).parameter_moments().0);
        let observation = Observation::new(&simulator.field, &made.observation, &simulator.noise).unwrap();
        let spectra = SpectrumPosterior::new(&simulator.field, simulator.priors, &observation);
        let found = spectra.moments(1500, &mut random(77 + index)).unwrap();
        assert!(found.effective > 300.0, "{}", found.effective);
        for at in 0..2 {
            // of a Gaussian field both grids are the same law
            assert!((few[at] - same[at]).abs() < 1e-6 * deviation[at]);
            // the scatter of so many draws, and the cells of the grid
            let off = (found.mean[at] - mean[at]) / deviation[at];
            let ratio = found.deviation[at] / deviation[at];
            assert!(
                off.abs() < 4.0 / found.effective.sqrt() + 0.02 && (ratio - 1.0).abs() < 0.1,
                "{index} {at}: {off} {ratio}"
            );
        }
    }
}

#[test]
fn a_fixed_parameter_is_not_sampled() {
    let law = (Law::LogNormal, Convention::SelfConsistent);
    let mut priors = *Priors::lsst_y10().each();
    for fixed in [1, 3, 4, 5] {
        priors[fixed] = Prior::Fixed(Cosmology::lsst_y10().parameters()[fixed]);
    }
    let observation = observed(&survey(law), 0);
    let posterior = FieldPosterior::new(survey(law), Priors::new(priors).unwrap(), observation).unwrap();
    assert_eq!(posterior.parameters().names(), ["omega_c", "sigma_8"]);
    let at = position(&posterior, 9);
    let found = posterior.point(&at).unwrap().cosmology.parameters();
    assert_eq!(found[1], Cosmology::lsst_y10().parameters()[1]);
    let all = super::tests::posterior(law, 0);
    let mut same = at.clone();
    // the medians of the fixed ones are where they were fixed, but for the cut prior of w_0
    for (index, value) in [(1, 0.0), (3, 0.0), (4, 0.0)] {
        same.insert(index, value);
    }
    let normal = bisect(|t| Priors::lsst_y10().each()[5].of_normal(t).0, -1.0);
    same.insert(5, normal);
    let (mut few, mut many) = (vec![0.0; at.len()], vec![0.0; same.len()]);
    posterior.log_density_and_gradient(&at, &mut few).unwrap();
    all.log_density_and_gradient(&same, &mut many).unwrap();
    for (few, many) in [
        (few[0], many[0]),
        (few[1], many[2]),
        (few[2], many[6]),
        (few[50], many[54]),
    ] {
        assert!((few - many).abs() < 1e-6 * (1.0 + many.abs()), "{few} {many}");
    }
}

fn bisect(function: impl Fn(f64) -> f64, value: f64) -> f64 {
    let (mut low, mut high) = (-8.0, 8.0);
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if function(middle) < value {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

#[test]
fn universes_that_cannot_be_are_errors() {
    let posterior = posterior((Law::LogNormal, Convention::SelfConsistent), 0);
    let mut gradient = vec![0.0; posterior.dimension()];
    // omega_b far below zero, sigma_8 below zero, h below zero
    for (index, value) in [(1, -30.0), (2, -7.0), (3, -12.0)] {
        let mut at = vec![0.1; posterior.dimension()];
        at[index] = value;
        assert!(posterior.log_density_and_gradient(&at, &mut gradient).is_err());
        assert!(posterior.point(&at).is_err());
    }
}

#[test]
fn observations_that_cannot_be_used_are_refused() {
    let field = survey((Law::Gaussian, Convention::SelfConsistent));
    let maps = vec![0.01; field.size()];
    let message = |maps: &[f64], noise: &[f64]| match Observation::new(&field, maps, noise) {
        Err(error @ SkyError::Observation { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    };
    assert!(message(&maps[1..], &NOISE).contains("3 bins of 8 by 8"));
    assert!(message(&maps, &[0.1, 0.0, 0.1]).contains("0 in bin 1"));
    assert!(message(&maps, &[0.1, f64::NAN, 0.1]).contains("NaN in bin 1"));
    assert!(message(&vec![f64::NAN; field.size()], &NOISE).contains("no observed pixel"));
    let mut bad = maps.clone();
    bad[64 + 8 + 3] = f64::INFINITY;
    assert!(message(&bad, &NOISE).contains("bin 1, row 1, column 3"));
    bad[64 + 8 + 3] = f64::NAN;
    let seen = Observation::new(&field, &bad, &NOISE).unwrap();
    assert_eq!(seen.observed_shares(), [1.0, 63.0 / 64.0, 1.0]);
}
