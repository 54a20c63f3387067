use super::*;
use crate::{Background, Cosmology, Dual, Real, SkyError};

#[test]
fn large_scales_come_through_unchanged() {
    let universe = Cosmology::lsst_y10();
    for transfer in [
        &EisensteinHu::new(&universe) as &dyn TransferFunction<f64>,
        &EisensteinHuSmooth::new(&universe),
    ] {
        assert!((transfer.at(1e-6) - 1.0).abs() < 1e-4);
        assert!(transfer.at(1.0) < 0.01);
    }
}

#[test]
fn without_baryons_both_fits_nearly_agree() {
    let universe = Cosmology::flat([0.3155, 1e-6, 0.8, 0.7, 0.96, -1.0]);
    let (full, smooth) = (EisensteinHu::new(&universe), EisensteinHuSmooth::new(&universe));
    for k in [1e-3, 0.01, 0.1, 1.0] {
        // different fits to the same physics: EH98 state a few per cent
        assert!(
            (full.at(k) / smooth.at(k) - 1.0).abs() < 0.04,
            "{k}: {} {}",
            full.at(k),
            smooth.at(k)
        );
    }
}

#[test]
fn the_spectrum_has_the_deviation_asked_for() {
    let universe = Cosmology::lsst_y10();
    let linear = LinearPower::new(&universe, &EisensteinHu::new(&universe)).unwrap();
    assert!((linear.sigma(8.0) - 0.831).abs() < 1e-12);
    // an independent, finer rule
    let panels = crate::quadrature::Panels::uniform(-12.0, 4.0, 4000, 4);
    let values: Vec<f64> = panels
        .nodes()
        .iter()
        .map(|&ln_k| linear.delta_squared(ln_k) * linear::top_hat(8.0 * ln_k.exp()).powi(2))
        .collect();
    assert!((panels.integral(&values).sqrt() / 0.831 - 1.0).abs() < 2e-6);
}

#[test]
fn the_grid_follows_the_formula() {
    let universe = Cosmology::lsst_y10();
    let transfer = EisensteinHu::new(&universe);
    let linear = LinearPower::new(&universe, &transfer).unwrap();
    let ratio = |k: f64| linear.power(k) / (k.powf(0.9645) * transfer.at(k).powi(2));
    let reference = ratio(LinearPower::<f64>::range().start);
    for index in 0..400 {
        let k = 1e-4 * 1.0291_f64.powi(index);
        assert!(
            (ratio(k) / reference - 1.0).abs() < 2e-5,
            "{k}: {}",
            ratio(k) / reference
        );
    }
}

#[test]
fn a_power_law_has_its_nonlinear_scale_in_closed_form() {
    // Delta^2 = A k^(n+3): sigma^2(R) = A Gamma((n+3)/2) / 2 R^-(n+3); n = -1 makes it A / (2 R^2)
    let k: Vec<f64> = (0..200).map(|index| 1e-5 * 1.11_f64.powi(index)).collect();
    let power: Vec<f64> = k.iter().map(|k| 300.0 / k).collect();
    let scales = NonlinearScales::new(&LinearPower::from_table(&k, &power).unwrap());
    let amplitude = 300.0 / (2.0 * std::f64::consts::PI.powi(2));
    for growth in [1.0, 0.3, 0.05] {
        let scale = scales.at(growth).unwrap().unwrap();
        let exact = growth * (amplitude / 2.0).sqrt();
        assert!((scale.ln_wavenumber + exact.ln()).abs() < 1e-6, "{growth}");
        assert!((scale.effective_index + 1.0).abs() < 1e-5 && scale.curvature.abs() < 1e-4);
    }
}

#[test]
fn linear_fluctuations_stay_as_they_are() {
    let universe = Cosmology::lsst_y10();
    let linear = LinearPower::new(&universe, &EisensteinHu::new(&universe)).unwrap();
    let halofit = Halofit::new(Background::new(&universe).unwrap(), linear);
    let k = [1e-3, 0.01, 0.3, 3.0];
    let plain = halofit.power(&k, 1.0, Nonlinearity::Linear).unwrap();
    let full = halofit.power(&k, 1.0, Nonlinearity::Halofit).unwrap();
    assert!((full[0] / plain[0] - 1.0).abs() < 0.01);
    assert!(full[3] / plain[3] > 5.0);
    // deep in the past the scale is below the table and nothing is added
    let early = halofit.power(&k, 1e-4, Nonlinearity::Halofit).unwrap();
    assert_eq!(early, halofit.power(&k, 1e-4, Nonlinearity::Linear).unwrap());
}

#[test]
fn derivatives_of_the_nonlinear_scale_are_exact() {
    let base = Cosmology::lsst_y10();
    let scale = |parameters: [f64; 6]| {
        let universe = Cosmology::flat(parameters);
        let linear = LinearPower::new(&universe, &EisensteinHu::new(&universe)).unwrap();
        NonlinearScales::new(&linear).at(0.6).unwrap().unwrap()
    };
    let dual: Cosmology<Dual<6>> = base.with_derivatives();
    let linear = LinearPower::new(&dual, &EisensteinHu::new(&dual)).unwrap();
    let exact = NonlinearScales::new(&linear).at(Dual::from(0.6)).unwrap().unwrap();
    for index in 0..5 {
        let step = 1e-4;
        let (mut up, mut down) = (base.parameters(), base.parameters());
        up[index] += step;
        down[index] -= step;
        let (up, down) = (scale(up), scale(down));
        let pairs = [
            (exact.ln_wavenumber, up.ln_wavenumber, down.ln_wavenumber),
            (exact.effective_index, up.effective_index, down.effective_index),
            (exact.curvature, up.curvature, down.curvature),
        ];
        for (exact, up, down) in pairs {
            let difference = (up - down) / (2.0 * step);
            assert!(
                (exact.slope[index] - difference).abs() < 2e-5 * difference.abs().max(1.0),
                "{index}: {exact:?} {difference}"
            );
        }
    }
}

#[test]
fn impossible_spectra_are_refused() {
    let k: Vec<f64> = (1..20).map(f64::from).collect();
    let mut power = k.clone();
    power[3] = -1.0;
    assert!(matches!(
        LinearPower::from_table(&k, &power),
        Err(SkyError::MatterPower { value: -1.0, .. })
    ));
    power[3] = f64::NAN;
    assert!(matches!(
        LinearPower::from_table(&k, &power),
        Err(SkyError::MatterPower { .. })
    ));
    assert!(matches!(
        LinearPower::from_table(&k[..5], &k),
        Err(SkyError::Table { .. })
    ));
    let mut backwards = k.clone();
    backwards.reverse();
    assert!(matches!(
        LinearPower::from_table(&backwards, &k),
        Err(SkyError::Table { .. })
    ));
    let mut universe = Cosmology::lsst_y10();
    universe.sigma_8 = 200.0;
    let linear = LinearPower::new(&universe, &EisensteinHu::new(&universe)).unwrap();
    assert!(matches!(
        NonlinearScales::new(&linear).at(1.0),
        Err(SkyError::NonlinearScale { .. })
    ));
}

#[test]
fn spectra_go_on_as_power_laws() {
    let universe = Cosmology::lsst_y10();
    let linear = LinearPower::new(&universe, &EisensteinHu::new(&universe)).unwrap();
    assert!((linear.power(1e-7) / linear.power(1e-6) / 0.1_f64.powf(0.9645) - 1.0).abs() < 1e-3);
    let k: Vec<f64> = (0..60).map(|index| 1e-3 * 1.2_f64.powi(index)).collect();
    let power: Vec<f64> = k.iter().map(|k| k.powf(-1.5)).collect();
    let table = LinearPower::from_table(&k, &power).unwrap();
    assert!((table.power(1e5).value() / 1e5_f64.powf(-1.5) - 1.0).abs() < 1e-9);
}
