use std::sync::Arc;

use super::*;

fn lsst() -> Arc<dyn RedshiftDistribution> {
    Arc::new(Smail::lsst_y10())
}

#[test]
fn the_mean_of_a_smail_distribution_is_a_ratio_of_gamma_functions() {
    // int z^(a+m) exp(-(z/z0)^b) dz = z0^(a+m+1) Gamma((a+m+1)/b) / b
    for (rise, fall, scale) in [(2.0, 0.68, 0.11), (2.0, 1.5, 0.6), (1.0, 2.0, 0.9)] {
        let found = mean_redshift(&Smail::new(rise, fall, scale, 40.0).unwrap()).unwrap();
        let exact = scale * (libm::lgamma((rise + 2.0) / fall) - libm::lgamma((rise + 1.0) / fall)).exp();
        assert!((found / exact - 1.0).abs() < 1e-4, "{found} {exact}");
    }
}

#[test]
fn equal_counts_are_equal() {
    let parent = lsst();
    let edges = equal_count_edges(parent.as_ref(), 5).unwrap();
    // edges of the LSST year 10 mock of sbi_lens
    for (edge, known) in edges.iter().zip([0.0, 0.4535, 0.7225, 1.042, 1.539, 10.0]) {
        assert!((edge - known).abs() < 6e-4, "{edges:?}");
    }
    let count = |low: f64, high: f64| {
        let fine = crate::quadrature::Panels::uniform(low, high, 200, 8);
        let values: Vec<f64> = fine.nodes().iter().map(|&z| parent.shape(z)).collect();
        fine.integral(&values)
    };
    let all = count(0.0, 10.0);
    for pair in edges.windows(2) {
        assert!((count(pair[0], pair[1]) / all - 0.2).abs() < 1e-6);
    }
}

#[test]
fn smeared_bins_add_to_their_parent() {
    let parent = lsst();
    let bins = equal_count_bins(&parent, 4, 0.05, 27.0).unwrap();
    for redshift in [0.5, 1.0, 2.5] {
        let sum: f64 = bins.iter().map(|bin| bin.distribution.shape(redshift)).sum();
        // photometric redshifts below zero and beyond the last edge belong to no bin
        assert!((sum / parent.shape(redshift) - 1.0).abs() < 1e-9);
    }
    assert!((bins[2].galaxies_per_arcmin2 - 6.75).abs() < 1e-12);
}

#[test]
fn sharp_bins_keep_their_edges() {
    let bin = PhotometricBin::new(lsst(), 0.4, 0.9, 0.0).unwrap();
    let mean = mean_redshift(&bin).unwrap();
    let fine = crate::quadrature::Panels::uniform(0.4, 0.9, 50, 6);
    let moment = |power: i32| {
        let values: Vec<f64> = fine
            .nodes()
            .iter()
            .map(|z| z.powi(power) * Smail::lsst_y10().shape(*z))
            .collect();
        fine.integral(&values)
    };
    assert!((mean - moment(1) / moment(0)).abs() < 1e-8);
}

#[test]
fn a_table_stands_for_the_formula_it_was_made_of() {
    let z: Vec<f64> = (0..1001).map(|index| f64::from(index) * 0.01).collect();
    let n: Vec<f64> = z.iter().map(|&z| Smail::lsst_y10().shape(z)).collect();
    let table = TabulatedRedshifts::new(z, n).unwrap();
    let (found, exact) = (
        mean_redshift(&table).unwrap(),
        mean_redshift(&Smail::lsst_y10()).unwrap(),
    );
    assert!((found / exact - 1.0).abs() < 1e-4, "{found} {exact}");
}

#[test]
fn what_cannot_be_a_distribution_is_refused() {
    let refused = |result: Result<f64, SkyError>| matches!(result, Err(SkyError::RedshiftDistribution { .. }));
    assert!(refused(Smail::new(2.0, 0.68, 0.0, 10.0).map(|_| 0.0)));
    assert!(refused(Smail::new(f64::NAN, 0.68, 0.1, 10.0).map(|_| 0.0)));
    assert!(refused(PhotometricBin::new(lsst(), 0.5, 0.5, 0.05).map(|_| 0.0)));
    assert!(refused(PhotometricBin::new(lsst(), -0.5, 0.5, 0.05).map(|_| 0.0)));
    assert!(refused(PhotometricBin::new(lsst(), 0.1, 0.5, -0.05).map(|_| 0.0)));
    assert!(refused(equal_count_edges(lsst().as_ref(), 0).map(|_| 0.0)));
    assert!(refused(
        TabulatedRedshifts::new(vec![0.0, 1.0], vec![0.0, 0.0]).map(|_| 0.0)
    ));
    assert!(refused(
        TabulatedRedshifts::new(vec![0.0, 1.0], vec![0.0, -1.0]).map(|_| 0.0)
    ));
    assert!(refused(
        TabulatedRedshifts::new(vec![1.0, 1.0], vec![0.0, 1.0]).map(|_| 0.0)
    ));
    assert!(matches!(
        TabulatedRedshifts::new(vec![1.0], vec![1.0]),
        Err(SkyError::Table { .. })
    ));
    // a sharp bin beyond the end of its parent holds no galaxies
    assert!(refused(mean_redshift(
        &PhotometricBin::new(lsst(), 12.0, 13.0, 0.0).unwrap()
    )));
    assert!(matches!(
        equal_count_bins(&lsst(), 5, 0.05, 0.0),
        Err(SkyError::Survey { .. })
    ));
}
