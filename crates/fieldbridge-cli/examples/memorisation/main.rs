//! From memorising to generalising: pairs of flow matching bridges trained on disjoint halves of 1 to 10,000 Gaussian random
//! fields, against the optimum (Kadkhodaie et al. 2023, arXiv:2310.02557).
//!
//! `cargo run --release -p fieldbridge-cli --example memorisation -- FOLDER [STEPS]` writes `memorisation.json`,
//! `memorisation-similarity.png` and `memorisation-denoising.png` (with their SVG); 2000 steps for each of ten models by default.

mod model;

use std::error::Error;
use std::path::Path;

use fieldbridge::check::memorisation::{
    Denoiser, GaussianField, Memorisation, TwoHalves, Wiener, draw_from_noise, mean_squared_error, memorisation,
    peak_signal_to_noise,
};
use fieldbridge::random::Stream;
use fieldbridge_report::{Axis, Curve, CurveStyle, LineChart, Theme, png};
use serde_json::json;

use crate::model::Model;

const SIDE: usize = 8;
/// Of the power spectrum: about 27 modes that matter among 64.
const SLOPE: f64 = 2.0;
const ROWS: [usize; 5] = [1, 10, 100, 1000, 10_000];
const DEVIATIONS: [f64; 7] = [0.1, 0.2, 0.4, 0.7, 1.0, 2.0, 4.0];
/// Pairs of draws.
const DRAWS: usize = 200;
const SOLVER_STEPS: usize = 60;
/// Fields neither model has seen.
const FRESH: usize = 500;

/// What is found for one number of training rows.
struct Found {
    test: Memorisation,
    /// Mean similarity of draws with those of the optimum from the same noise.
    to_optimum: f64,
    /// PSNR on fresh fields and on the training rows, at every deviation.
    fresh: Vec<f64>,
    training: Vec<f64>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("name a folder for the figures")?;
    let steps = arguments.next().map_or(Ok(2000), |steps| steps.parse())?;
    std::fs::create_dir_all(&folder)?;
    let field = GaussianField::new(SIDE, SLOPE);
    let mut all = Vec::new();
    for rows in ROWS {
        let found = look(&field, rows, steps)?;
        eprintln!(
            "{}; similarity to the optimum {:.2}",
            found.test.sentence, found.to_optimum
        );
        all.push(found);
    }
    let optimum: Vec<f64> = DEVIATIONS
        .iter()
        .map(|&s| peak_signal_to_noise(field.least_error(s)))
        .collect();
    write_figures(Path::new(&folder), &all, &optimum)?;
    let entries: Vec<_> = all
        .iter()
        .map(|found| {
            json!({
                "test": found.test,
                "similarity_to_optimum": found.to_optimum,
                "psnr_fresh": found.fresh,
                "psnr_training": found.training,
            })
        })
        .collect();
    let object = json!({
        "side": SIDE, "slope": SLOPE, "steps": steps, "draws": DRAWS,
        "noise_deviations": DEVIATIONS, "psnr_optimum": optimum, "by_training_rows": entries,
    });
    std::fs::write(
        Path::new(&folder).join("memorisation.json"),
        serde_json::to_string_pretty(&object)?,
    )?;
    Ok(())
}

fn look(field: &GaussianField, rows: usize, steps: usize) -> Result<Found, Box<dyn Error>> {
    let half = |index| field.draw(rows, &Stream::new(1, "training", index));
    let halves = [half(0), half(1)];
    let models = [0, 1].map(|index: usize| Model::trained(&halves[index], field.pixels(), steps, 1 + index as u64));
    let noise = Stream::new(2, "noise", 0).normals(DRAWS * field.pixels());
    let noise: Vec<f64> = noise.into_iter().map(f64::from).collect();
    let draw = |denoiser: &dyn Denoiser| draw_from_noise(denoiser, &noise, SOLVER_STEPS);
    let draws = [draw(&models[0])?, draw(&models[1])?];
    let fresh = field.draw(FRESH, &Stream::new(3, "fresh", 0));
    let halves_and_draws = TwoHalves {
        first: &draws[0],
        second: &draws[1],
        first_training: &halves[0],
        second_training: &halves[1],
        fresh: &fresh,
        dimension: field.pixels(),
    };
    let test = memorisation(&halves_and_draws)?;
    let optimum = draw(&Wiener(field))?;
    let against_optimum = memorisation(&TwoHalves {
        second: &optimum,
        ..halves_and_draws
    })?;
    let signal = |data: &[f64]| -> Result<Vec<f64>, fieldbridge::Error> {
        let at = |&deviation: &f64| {
            let stream = Stream::new(4, "seen through", 0);
            mean_squared_error(&models[0], data, deviation, &stream).map(peak_signal_to_noise)
        };
        DEVIATIONS.iter().map(at).collect()
    };
    // as many noisy versions of few training rows as of many
    let repeated: Vec<f64> = halves[0].iter().copied().cycle().take(FRESH * field.pixels()).collect();
    Ok(Found {
        test,
        to_optimum: against_optimum.similarity,
        fresh: signal(&fresh)?,
        training: signal(&repeated)?,
    })
}

fn write_figures(folder: &Path, all: &[Found], optimum: &[f64]) -> Result<(), Box<dyn Error>> {
    let rows: Vec<f64> = all.iter().map(|found| found.test.training_rows as f64).collect();
    let curve = |name: &str, take: fn(&Found) -> f64| Curve::new(name, rows.clone(), all.iter().map(take).collect());
    let similarity = LineChart {
        title: "Draws of two models from the same noise".to_owned(),
        x: Axis::logarithmic("training fields of each model"),
        y: Axis::linear("mean similarity").with_range(0.0, 1.05),
        curves: vec![
            curve("the two models", |found| found.test.similarity),
            curve("model and optimum", |found| found.to_optimum),
            curve("draw and nearest training field", |found| found.test.nearest),
            curve("fresh field and nearest training field", |found| {
                found.test.nearest_of_fresh
            })
            .with_style(CurveStyle::Dashed),
        ],
        ..LineChart::default()
    };
    let mut curves = vec![Curve::new("optimum", DEVIATIONS.to_vec(), optimum.to_vec()).with_style(CurveStyle::Dashed)];
    for found in all {
        let name = format!("{} training fields", found.test.training_rows);
        curves.push(Curve::new(name, DEVIATIONS.to_vec(), found.fresh.clone()));
    }
    let denoising = LineChart {
        title: "Denoising fields that were not seen".to_owned(),
        x: Axis::logarithmic("deviation of the noise"),
        y: Axis::linear("PSNR [dB]"),
        curves,
        ..LineChart::default()
    };
    for (name, chart) in [
        ("memorisation-similarity", similarity),
        ("memorisation-denoising", denoising),
    ] {
        let svg = chart.svg(Theme::Light);
        std::fs::write(folder.join(format!("{name}.svg")), &svg)?;
        std::fs::write(folder.join(format!("{name}.png")), png(&svg, 920)?)?;
    }
    Ok(())
}
