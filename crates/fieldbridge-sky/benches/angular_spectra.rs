//! Time of the spectra of five bins at 512 multipoles, values and values with six derivatives, on one core.

use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use fieldbridge_sky::{Cosmology, LensingSpectra, RedshiftDistribution, Scheme, Settings, Smail, equal_count_bins};

fn angular_spectra(criterion: &mut Criterion) {
    let sources: Arc<dyn RedshiftDistribution> = Arc::new(Smail::lsst_y10());
    let bins = equal_count_bins(&sources, 5, 0.05, 27.0).expect("the bins of LSST year 10 exist");
    // as for a map of 10 degrees and 256 pixels on a side, out to its corner
    let multipoles: Vec<f64> = (0..512).map(|index| 36.0 + 6500.0 / 511.0 * f64::from(index)).collect();
    let universe = Cosmology::lsst_y10();
    let with_derivatives = universe.with_derivatives();
    for (name, scheme) in [("converged", Scheme::Converged), ("jax_cosmo", Scheme::JaxCosmo)] {
        let settings = Settings {
            scheme,
            ..Settings::default()
        };
        let survey = LensingSpectra::new(&bins, &multipoles, settings).expect("the survey is possible");
        criterion.bench_function(&format!("{name}/value"), |bench| {
            bench.iter(|| survey.at(&universe).map(|_| ()))
        });
        criterion.bench_function(&format!("{name}/value and 6 derivatives"), |bench| {
            bench.iter(|| survey.at(&with_derivatives).map(|_| ()));
        });
    }
}

criterion_group!(benches, angular_spectra);
criterion_main!(benches);
