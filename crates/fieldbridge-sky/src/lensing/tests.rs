use std::sync::Arc;

use super::*;
use crate::power::Nonlinearity;
use crate::redshift_distribution::{RedshiftDistribution, Smail, TabulatedRedshifts, TomographicBin, equal_count_bins};
use crate::{Background, Cosmology, Radiation, Real, SkyError};

fn lsst(count: usize) -> Vec<TomographicBin> {
    let parent: Arc<dyn RedshiftDistribution> = Arc::new(Smail::lsst_y10());
    equal_count_bins(&parent, count, 0.05, 27.0).unwrap()
}

fn spectra(bins: &[TomographicBin], ells: &[f64], settings: Settings, universe: &Cosmology) -> AngularSpectra {
    LensingSpectra::new(bins, ells, settings).unwrap().at(universe).unwrap()
}

/// `n(z)` of almost one redshift.
fn plane(redshift: f64) -> TomographicBin {
    let table = TabulatedRedshifts::new(vec![redshift - 0.005, redshift, redshift + 0.005], vec![0.0, 1.0, 0.0]);
    TomographicBin {
        distribution: Arc::new(table.unwrap()),
        galaxies_per_arcmin2: 1.0,
    }
}

/// An independent rule for sources in one plane: Simpson over distance of the formula itself.
fn single_plane(universe: &Cosmology, redshift: f64, ell: f64) -> f64 {
    let background = Background::new(universe).unwrap();
    let linear = crate::power::LinearPower::new(universe, Transfer::EisensteinHu.of(universe).as_ref()).unwrap();
    let halofit = crate::power::Halofit::new(background, linear);
    let source = background.comoving_distance(redshift).unwrap();
    let steps = 400;
    let weights = crate::quadrature::simpson_weights(redshift / steps as f64, steps);
    let mut sum = 0.0;
    for (index, weight) in weights.iter().enumerate().skip(1) {
        let z = redshift * index as f64 / steps as f64;
        let chi = background.comoving_distance(z).unwrap();
        let (near, behind) = (background.transverse(chi), background.transverse(source - chi));
        let hubble = crate::constants::HUBBLE_DISTANCE;
        let kernel =
            1.5 * universe.omega_m() / (hubble * hubble) * (1.0 + z) * near * behind / background.transverse(source);
        let power = halofit
            .power(&[(ell + 0.5) / near], 1.0 / (1.0 + z), Nonlinearity::Halofit)
            .unwrap()[0];
        let slope = hubble / background.expansion_squared(1.0 / (1.0 + z)).sqrt();
        sum += weight * slope * (kernel / near).powi(2) * power;
    }
    sum * (ell - 1.0) * ell * (ell + 1.0) * (ell + 2.0) / (ell + 0.5).powi(4)
}

#[test]
fn sources_in_one_plane_follow_the_formula_written_out() {
    for omega_k in [0.0, 0.05, -0.05] {
        let mut universe = Cosmology::lsst_y10();
        universe.omega_k = omega_k;
        let found = spectra(&[plane(1.0)], &[30.0, 300.0, 3000.0], Settings::default(), &universe);
        for (found, &ell) in found.between(0, 0).iter().zip(found.multipoles()) {
            let exact = single_plane(&universe, 1.0, ell);
            // the plane of the table is a triangle of width 0.005, whose second moment changes 1e-5
            assert!((found / exact - 1.0).abs() < 1e-4, "{omega_k} {ell}: {found} {exact}");
        }
    }
}

#[test]
fn interpolated_multipoles_equal_integrated_ones() {
    let all: Vec<f64> = (2..5000).step_by(7).map(f64::from).collect();
    for scheme in [Scheme::Converged, Scheme::JaxCosmo] {
        let settings = Settings {
            scheme,
            ..Settings::default()
        };
        let smooth = spectra(&lsst(3), &all, settings, &Cosmology::lsst_y10());
        for part in all.chunks(5).step_by(17) {
            let exact = spectra(&lsst(3), part, settings, &Cosmology::lsst_y10());
            let offset = all.iter().position(|ell| ell == &part[0]).unwrap();
            for ((_, smooth), (_, exact)) in smooth.all().zip(exact.all()) {
                for (smooth, exact) in smooth[offset..].iter().zip(exact) {
                    assert!(
                        (smooth / exact - 1.0).abs() < 1e-5,
                        "{scheme:?} from l = {}: {smooth} {exact}",
                        part[0]
                    );
                }
            }
        }
    }
}

#[test]
fn the_rule_has_converged() {
    // a distribution that claims to have finer details is cut into finer panels
    #[derive(Debug)]
    struct Finer(Arc<dyn RedshiftDistribution>);
    impl RedshiftDistribution for Finer {
        fn shape(&self, redshift: f64) -> f64 {
            self.0.shape(redshift)
        }
        fn maximum(&self) -> f64 {
            self.0.maximum()
        }
        fn detail(&self) -> f64 {
            self.0.detail() / 5.0
        }
    }
    let ells = [36.0, 200.0, 1000.0, 6500.0];
    let plain = lsst(5);
    let finer: Vec<TomographicBin> = plain
        .iter()
        .map(|bin| TomographicBin {
            distribution: Arc::new(Finer(Arc::clone(&bin.distribution))),
            ..bin.clone()
        })
        .collect();
    let universe = Cosmology::lsst_y10();
    let (plain, finer) = (
        spectra(&plain, &ells, Settings::default(), &universe),
        spectra(&finer, &ells, Settings::default(), &universe),
    );
    for ((pair, plain), (_, finer)) in plain.all().zip(finer.all()) {
        for (place, (plain, finer)) in plain.iter().zip(finer).enumerate() {
            assert!((plain / finer - 1.0).abs() < 2e-5, "{place} {pair:?}: {plain} {finer}");
        }
    }
}

#[test]
fn derivatives_are_those_of_central_differences() {
    let ells: Vec<f64> = (0..40).map(|index| 36.0 * 1.14_f64.powi(index)).collect();
    let mut base = Cosmology::lsst_y10();
    base.w_0 = -0.9;
    // in the scheme of jax_cosmo the scale of halofit jumps from row to row: a step so short that none is passed
    for (scheme, step) in [(Scheme::Converged, 1e-4), (Scheme::JaxCosmo, 1e-7)] {
        let survey = LensingSpectra::new(
            &lsst(2),
            &ells,
            Settings {
                scheme,
                ..Settings::default()
            },
        )
        .unwrap();
        let exact = survey.at(&base.with_derivatives()).unwrap();
        let values = survey.at(&base).unwrap();
        for index in 0..6 {
            let at = |offset: f64| {
                let mut parameters = base.parameters();
                parameters[index] += offset;
                survey.at(&Cosmology::flat(parameters)).unwrap()
            };
            let (up, down) = (at(step), at(-step));
            for ((pair, exact), (_, value)) in exact.all().zip(values.all()) {
                let (up, down) = (up.between(pair.0, pair.1), down.between(pair.0, pair.1));
                for (place, exact) in exact.iter().enumerate() {
                    assert!((exact.value() / value[place] - 1.0).abs() < 1e-12);
                    let difference = (up[place] - down[place]) / (2.0 * step);
                    // relative to the spectrum: some derivatives pass through zero
                    let error = (exact.slope[index] - difference).abs() / value[place];
                    assert!(
                        error < 2e-5 * (1.0 + difference.abs() / value[place]),
                        "{scheme:?} {index} {pair:?} {place}: {error}"
                    );
                }
            }
        }
    }
}

#[test]
fn amplitude_squares_in_linear_theory() {
    let settings = Settings {
        nonlinearity: Nonlinearity::Linear,
        ..Settings::default()
    };
    let (mut low, mut high) = (Cosmology::lsst_y10(), Cosmology::lsst_y10());
    (low.sigma_8, high.sigma_8) = (0.6, 0.9);
    let ells = [50.0, 500.0, 5000.0];
    let (low, high) = (
        spectra(&lsst(2), &ells, settings, &low),
        spectra(&lsst(2), &ells, settings, &high),
    );
    for ((_, low), (_, high)) in low.all().zip(high.all()) {
        for (low, high) in low.iter().zip(high) {
            assert!((high / low - 2.25).abs() < 1e-10);
        }
    }
}

#[test]
fn pairs_of_bins_are_found_in_either_order() {
    let found = spectra(
        &lsst(4),
        &[100.0, 0.0, 1.0],
        Settings::default(),
        &Cosmology::lsst_y10(),
    );
    for ((first, second), values) in found.all() {
        assert_eq!(values, found.between(second, first));
        assert_eq!(values[1..], [0.0, 0.0]);
        // a covariance: Cauchy and Schwarz
        assert!(values[0].powi(2) <= found.between(first, first)[0] * found.between(second, second)[0] * (1.0 + 1e-12));
    }
}

#[test]
fn whole_prior_gives_spectra() {
    // corners of the prior of the LSST mock, out to four deviations
    let survey = LensingSpectra::new(&lsst(5), &[36.0, 500.0, 6500.0], Settings::default()).unwrap();
    let jax = LensingSpectra::new(
        &lsst(5),
        &[36.0, 500.0, 6500.0],
        Settings {
            scheme: Scheme::JaxCosmo,
            ..Settings::default()
        },
    )
    .unwrap();
    for omega_c in [0.01, 0.95] {
        for sigma_8 in [0.27, 1.4] {
            for w_0 in [-2.0, -0.3] {
                for (h, n_s) in [(0.42, 1.28), (0.92, 0.65)] {
                    let universe = Cosmology::flat([omega_c, 0.03, sigma_8, h, n_s, w_0]).with_derivatives();
                    for survey in [&survey, &jax] {
                        let found = survey.at(&universe).unwrap();
                        assert!(
                            found
                                .all()
                                .all(|(_, values)| values.iter().all(|value| value.is_finite() && value.value > 0.0))
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn bad_input_is_refused() {
    let settings = Settings::default();
    let universe = Cosmology::lsst_y10();
    assert!(matches!(
        LensingSpectra::new(&[], &[10.0], settings),
        Err(SkyError::RedshiftDistribution { .. })
    ));
    assert!(matches!(
        LensingSpectra::new(&lsst(1), &[-10.0], settings),
        Err(SkyError::Multipole { index: 0, .. })
    ));
    let survey = LensingSpectra::new(&lsst(1), &[10.0], settings).unwrap();
    let mut bad = universe;
    bad.omega_c = -0.2;
    assert!(matches!(
        survey.at(&bad),
        Err(SkyError::Parameter { name: "omega_c", .. })
    ));
    bad.omega_c = f64::NAN;
    assert!(matches!(
        survey.at(&bad),
        Err(SkyError::Parameter { name: "omega_c", .. })
    ));
    // the failing bin is named
    let empty =
        crate::redshift_distribution::PhotometricBin::new(Arc::new(Smail::lsst_y10()), 11.0, 12.0, 0.0).unwrap();
    let bins = [
        plane(0.5),
        TomographicBin {
            distribution: Arc::new(empty),
            galaxies_per_arcmin2: 1.0,
        },
    ];
    for scheme in [Scheme::Converged, Scheme::JaxCosmo] {
        let error = LensingSpectra::new(&bins, &[10.0], Settings { scheme, ..settings }).unwrap_err();
        assert!(error.to_string().contains("of bin 1"), "{error}");
    }
    let jax = LensingSpectra::new(
        &lsst(1),
        &[10.0],
        Settings {
            scheme: Scheme::JaxCosmo,
            ..settings
        },
    )
    .unwrap();
    let hot = Cosmology {
        radiation: Radiation::Massless { neutrinos: 3.044 },
        ..universe
    };
    assert!(matches!(jax.at(&hot), Err(SkyError::Conflict { .. })));
    assert!(survey.at(&hot).is_ok());
}
