//! Time of maps of LSST year 10 at 256 by 256 pixels and five bins on one core: amplitudes of a universe, maps of white noise,
//! the way back of derivatives, and whole simulations.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use fieldbridge_sky::field::{Convention, Law, LensingField, Patch, Shifts};
use fieldbridge_sky::statistics::{BandPowers, PixelWindow};
use fieldbridge_sky::{Cosmology, Priors, RedshiftDistribution, Settings, Simulator, Smail, equal_count_bins};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

fn lsst(pixels: usize, width: f64, convention: Convention) -> LensingField {
    let sources: Arc<dyn RedshiftDistribution> = Arc::new(Smail::lsst_y10());
    let bins = equal_count_bins(&sources, 5, 0.05, 27.0).expect("the bins of LSST year 10 exist");
    let patch = Patch::new(pixels, width).expect("the patch is possible");
    LensingField::new(
        patch,
        &bins,
        Settings::default(),
        Law::LogNormal,
        convention,
        Some(Shifts::LsstYear10),
    )
    .expect("the survey is possible")
}

fn fields(criterion: &mut Criterion) {
    let one = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .expect("one thread can be had");
    for (pixels, width) in [(64, 5.0), (256, 10.0)] {
        for (name, convention) in [
            ("self-consistent", Convention::SelfConsistent),
            ("sbi_lens", Convention::SbiLens),
        ] {
            let field = lsst(pixels, width, convention);
            let cosmology = Cosmology::lsst_y10();
            let mut random = ChaCha8Rng::seed_from_u64(1);
            let white: Vec<f64> = (0..field.size()).map(|_| StandardNormal.sample(&mut random)).collect();
            let universe = field
                .universe(&cosmology.with_derivatives())
                .expect("the universe is possible");
            let maps = field.maps(&universe.amplitudes, &white);
            let mut time = |what: &str, work: &(dyn Fn() + Sync)| {
                criterion.bench_function(&format!("{name}/{pixels}/{what}"), |bench| {
                    one.install(|| bench.iter(work));
                });
            };
            time("universe", &|| drop(black_box(field.universe(&cosmology))));
            time("universe with 6 derivatives", &|| {
                drop(black_box(field.universe(&cosmology.with_derivatives())));
            });
            time("maps", &|| drop(black_box(field.maps(&universe.amplitudes, &white))));
            time("way back", &|| {
                drop(black_box(field.pull_back(&universe, &white, &maps, &maps.convergence)));
            });
            let simulator = Simulator {
                priors: Priors::lsst_y10(),
                bands: BandPowers::logarithmic(field.patch(), 20, PixelWindow::None).expect("the patch has 20 bands"),
                third_moments: None,
                noise: vec![0.05; 5],
                field,
            };
            time("simulation", &|| {
                let random = |seed| ChaCha8Rng::seed_from_u64(seed);
                drop(black_box(simulator.simulate(
                    &mut random(1),
                    &mut random(2),
                    &mut random(3),
                )));
            });
        }
    }
}

criterion_group!(benches, fields);
criterion_main!(benches);
