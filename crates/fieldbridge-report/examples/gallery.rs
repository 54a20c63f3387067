//! Draws every figure and one report from made-up numbers, to look at: `cargo run --example gallery -- DIRECTORY`.

use std::{error::Error, fs, path::Path};

use fieldbridge_report::{
    Axis, Block, Corner, CoverageCurve, Curve, CurveBand, CurveStyle, EcdfDifference, Histogram, LineChart, LossCurve,
    NoticeKind, PairedHistograms, PairedPanel, PosteriorGallery, PosteriorPanel, PredictedAgainstTruth, RankHistogram,
    Report, SampleSet, Section, Theme, Tone, Verdict, format_with_error, png,
};

/// A figure ready to be drawn in any theme.
type Drawing = Box<dyn Fn(Theme) -> String>;

/// A small generator (splitmix64), so that the example needs no other crate.
struct Numbers(u64);

impl Numbers {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * (1.0 - self.uniform()).ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
    }

    fn redshift(&mut self) -> f64 {
        -0.35 * (self.uniform() * self.uniform() * self.uniform()).max(1e-12).ln() * 0.85
    }
}

fn losses(numbers: &mut Numbers) -> LossCurve {
    let steps: Vec<f64> = (1..=6000).map(f64::from).collect();
    let truth = |step: f64| -1.35 + 3.1 * (-step / 220.0).exp() + 0.5 / (1.0 + step / 400.0);
    let training = steps
        .iter()
        .map(|&step| truth(step) + 0.05 * numbers.normal())
        .collect();
    let checks: Vec<f64> = (1..=60).map(|check| f64::from(check) * 100.0).collect();
    let validation = checks
        .iter()
        .map(|&step| truth(step) + 0.02 + 6e-6 * (step - 4200.0).max(0.0))
        .collect();
    LossCurve {
        training: Curve::new("training (mean of 10 steps)", steps, training),
        validation: Curve::new("validation", checks, validation),
        best_step: Some(4200.0),
        note: Some("stopped early: 18 checks without gain".to_owned()),
        ..LossCurve::default()
    }
}

fn scatter(numbers: &mut Numbers, count: usize) -> PredictedAgainstTruth {
    let truth: Vec<f64> = (0..count).map(|_| numbers.redshift()).collect();
    let predicted = truth
        .iter()
        .map(|z| {
            let outlier = numbers.uniform() < 0.04;
            let width = if outlier { 0.35 } else { 0.025 };
            (z + width * (1.0 + z) * numbers.normal()).abs()
        })
        .collect();
    let score = |name: &str, value, error| (name.to_owned(), format_with_error(value, error));
    PredictedAgainstTruth {
        truth,
        predicted,
        scores: vec![
            score("bias", -0.0004, 0.0003),
            score("σ_NMAD", 0.0251, 0.0004),
            score("outliers", 0.0278, 0.0011),
        ],
        ..PredictedAgainstTruth::default()
    }
}

fn gallery(numbers: &mut Numbers) -> PosteriorGallery {
    let grid: Vec<f64> = (0..600).map(|index| f64::from(index) * 0.005).collect();
    let panels = (0..12)
        .map(|index| {
            let centre = 0.15 + 0.19 * f64::from(index);
            let width = 0.03 + 0.012 * f64::from(index);
            let second = if index % 4 == 3 { 0.4 } else { 0.0 };
            let bump = |z: f64, at: f64| (-0.5 * ((z - at) / width).powi(2)).exp();
            PosteriorPanel {
                label: format!("row {}, i = {:.2}", 1042 + 977 * index, 20.0 + 0.45 * f64::from(index)),
                density: grid
                    .iter()
                    .map(|&z| bump(z, centre) + second * bump(z, centre - 1.2 * centre / 2.0))
                    .collect(),
                grid: grid.clone(),
                truth: Some(centre + width * numbers.normal()),
            }
        })
        .collect();
    PosteriorGallery {
        panels,
        ..PosteriorGallery::default()
    }
}

const NAMES: [&str; 7] = ["z", "u [mag]", "g [mag]", "r [mag]", "i [mag]", "z [mag]", "y [mag]"];

fn catalogue(numbers: &mut Numbers, count: usize, shift: f64) -> Vec<Vec<f64>> {
    let mut columns = vec![Vec::new(); 7];
    for _ in 0..count {
        let z = numbers.redshift();
        let brightness = 25.2 + 0.7 * z.min(1.0) - 1.3 * (1.0 - numbers.uniform()).ln().abs() + shift;
        let colour = 0.6 * numbers.normal();
        columns[0].push(z);
        for (band, column) in columns.iter_mut().skip(1).enumerate() {
            let slope = 0.45 * (2.5 - band as f64);
            column.push(brightness + slope * (0.8 + colour) + 0.12 * numbers.normal());
        }
    }
    columns
}

fn main() -> Result<(), Box<dyn Error>> {
    let directory = std::env::args().nth(1).ok_or("name the directory to write to")?;
    let directory = Path::new(&directory);
    fs::create_dir_all(directory)?;
    let mut numbers = Numbers(7);

    let objects = 12_000.0;
    let counts: Vec<f64> = (0..20)
        .map(|_| objects / 20.0 + 24.0 * numbers.normal())
        .map(f64::round)
        .collect();
    let ranks = RankHistogram {
        counts,
        band_lower: vec![531.0; 20],
        band_upper: vec![672.0; 20],
        notes: vec!["p = 0.41".to_owned()],
        ..RankHistogram::default()
    };
    let probabilities: Vec<f64> = (0..=400).map(|index| f64::from(index) / 400.0).collect();
    let bridge = |p: f64| (p * (1.0 - p)).sqrt();
    let half: Vec<f64> = probabilities
        .iter()
        .map(|&p| 2.9 * bridge(p) / f64::sqrt(objects))
        .collect();
    let mut walk = 0.0;
    let wander: Vec<f64> = probabilities
        .iter()
        .map(|&p| {
            walk += 0.0004 * numbers.normal();
            walk * bridge(p) * 2.0
        })
        .collect();
    let ecdf = EcdfDifference {
        curves: vec![Curve::new("redshift", probabilities.clone(), wander.clone())],
        band: Some(CurveBand {
            name: "95 % simultaneous band".to_owned(),
            x: probabilities.clone(),
            lower: half.iter().map(|half| -half).collect(),
            upper: half.clone(),
        }),
        ..EcdfDifference::default()
    };
    let coverage_of = |name: &str, bias: f64, style| {
        let coverage = probabilities
            .iter()
            .zip(&wander)
            .map(|(&p, noise)| p + bias * p * (1.0 - p) + noise)
            .collect();
        Curve::new(name, probabilities.clone(), coverage).with_style(style)
    };
    let coverage = CoverageCurve {
        curves: vec![
            coverage_of("redshift, highest density", 0.0, CurveStyle::Solid),
            coverage_of("joint (TARP)", -0.12, CurveStyle::Dashed),
        ],
        band: Some(CurveBand {
            name: "95 % band".to_owned(),
            x: probabilities.clone(),
            lower: probabilities.iter().zip(&half).map(|(p, half)| p - half).collect(),
            upper: probabilities.iter().zip(&half).map(|(p, half)| p + half).collect(),
        }),
        ..CoverageCurve::default()
    };
    let (data, model) = (
        catalogue(&mut numbers, 30_000, 0.0),
        catalogue(&mut numbers, 30_000, 0.05),
    );
    let corner = Corner {
        title: "Galaxies: data and draws of the flow".to_owned(),
        names: NAMES.map(str::to_owned).to_vec(),
        sets: vec![
            SampleSet {
                name: "data".to_owned(),
                columns: data.clone(),
            },
            SampleSet {
                name: "drawn".to_owned(),
                columns: model.clone(),
            },
        ],
        truth: None,
    };
    let pairs = PairedHistograms {
        panels: (0..7)
            .map(|index| PairedPanel {
                label: NAMES[index].to_owned(),
                data: data[index].clone(),
                model: model[index].clone(),
            })
            .collect(),
        ..PairedHistograms::default()
    };
    let wavenumbers: Vec<f64> = (0..200)
        .map(|index| 10f64.powf(-3.0 + 4.0 * f64::from(index) / 199.0))
        .collect();
    let power = wavenumbers
        .iter()
        .map(|k| 2.4e4 * (k / 0.02) / (1.0 + (k / 0.02).powf(2.7)))
        .collect();
    let spectrum = LineChart {
        title: "A power spectrum, both axes logarithmic".to_owned(),
        x: Axis::logarithmic("wavenumber k [h/Mpc]"),
        y: Axis::logarithmic("P(k) [(Mpc/h)³]"),
        curves: vec![Curve::new("linear", wavenumbers, power)],
        ..LineChart::default()
    };
    let histogram = Histogram {
        title: "True redshifts".to_owned(),
        x: Axis::linear("redshift z"),
        ..Histogram::of_values(&data[0], 60)
    };
    let loss = losses(&mut numbers);
    let logarithmic = LossCurve {
        logarithmic_steps: true,
        ..loss.clone()
    };
    let (many, few, posteriors) = (
        scatter(&mut numbers, 200_000),
        scatter(&mut numbers, 1200),
        gallery(&mut numbers),
    );
    let empty = LossCurve {
        title: "A run that never started".to_owned(),
        ..LossCurve::default()
    };

    let single: Vec<(&str, &str, Drawing)> = vec![
        (
            "loss",
            "Training and validation loss; the dotted line marks the parameters that were kept.",
            Box::new(move |theme| loss.svg(theme)),
        ),
        (
            "loss-logarithmic",
            "The same on logarithmic steps.",
            Box::new(move |theme| logarithmic.svg(theme)),
        ),
        (
            "ranks",
            "Histogram of the probability integral transform of 12,000 held-out galaxies.",
            Box::new(move |theme| ranks.svg(theme)),
        ),
        (
            "ecdf",
            "Its empirical distribution minus the uniform one.",
            Box::new(move |theme| ecdf.svg(theme)),
        ),
        (
            "coverage",
            "Expected coverage of credible regions.",
            Box::new(move |theme| coverage.svg(theme)),
        ),
        (
            "spectrum",
            "A generic line chart.",
            Box::new(move |theme| spectrum.svg(theme)),
        ),
        (
            "many",
            "Posterior medians of 200,000 galaxies against their true redshifts.",
            Box::new(move |theme| many.svg(theme)),
        ),
        (
            "few",
            "The same for 1200 galaxies.",
            Box::new(move |theme| few.svg(theme)),
        ),
        (
            "histogram",
            "A generic histogram.",
            Box::new(move |theme| histogram.svg(theme)),
        ),
        (
            "empty",
            "A figure without data.",
            Box::new(move |theme| empty.svg(theme)),
        ),
    ];
    let mut figures = Vec::new();
    let mut files = Vec::new();
    for (name, caption, draw) in &single {
        figures.push(Block::figure(*name, *caption, draw(Theme::Page)));
        files.push((*name, draw(Theme::Light)));
    }
    files.push(("posteriors", posteriors.svg(Theme::Light)));
    files.push(("posteriors-narrow", posteriors.narrow_svg(Theme::Light)));
    files.push(("corner", corner.svg(Theme::Light)));
    files.push(("corner-dark", corner.svg(Theme::Dark)));
    files.push(("pairs", pairs.svg(Theme::Light)));
    for (name, svg) in &files {
        fs::write(directory.join(format!("{name}.svg")), svg)?;
        fs::write(directory.join(format!("{name}.png")), png(svg, 1200)?)?;
    }
    let text = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
    let wide = |id: &str, caption: &str, svg, narrow| Block::wide_figure(id, caption, svg, narrow);
    let report = Report {
        title: "Redshifts from six magnitudes".to_owned(),
        subtitle: "Recipe `photoz.toml` with made-up numbers, to look at the layout".to_owned(),
        verdict: Some(Verdict {
            word: "calibrated".to_owned(),
            tone: Tone::Good,
            sentence: "On 12,000 galaxies the model had not seen, the true redshifts fall into its posteriors as often as \
                       these say; no departure from uniform ranks was found at the 5 % level."
                .to_owned(),
            p_value: Some(0.41),
        }),
        sections: vec![
            Section::new(
                "What was learned from what",
                vec![
                    Block::Paragraph(
                        "The density **p(z | m, σ)** of the redshift given six magnitudes and their errors was learned by a \
                         neural spline flow from `catalogue.parquet`. Missing magnitudes are masks, not numbers."
                            .to_owned(),
                    ),
                    Block::KeyValues(
                        [
                            ("Rows", "60,000 read, 48,000 for training, 12,000 held out"),
                            ("Data fingerprint", "blake3 9f2d6c1e5a7b40d88c3f1e2a6b7d9c0e4f5a6b7c8d9e0f1a2b3c4d5e6f708192"),
                            ("Seed", "2026"),
                            ("Time", "71 s on 2 threads"),
                        ]
                        .map(|(name, value)| (name.to_owned(), value.to_owned()))
                        .to_vec(),
                    ),
                    Block::Table {
                        caption: "Columns that were used.".to_owned(),
                        header: text(&["column", "meaning", "unit", "missing", "mean", "standard deviation"]),
                        rows: vec![
                            text(&["`redshift`", "target, bounded to 0–3", "1", "0", "0.93", "0.51"]),
                            text(&["`mag_u`", "magnitude in u", "mag", "4,812", "25.31", "1.07"]),
                            text(&["`mag_g`", "magnitude in g", "mag", "31", "24.82", "0.98"]),
                        ],
                        numeric: vec![false, false, false, true, true, true],
                    },
                    Block::Notice {
                        kind: NoticeKind::Warning,
                        text: "4,812 galaxies have no u magnitude; the scores hold for this mixture.".to_owned(),
                    },
                ],
            ),
            Section::new("Figures on one panel", figures),
            Section::new(
                "Small multiples",
                vec![
                    wide(
                        "posteriors",
                        "Posteriors of twelve held-out galaxies chosen at random.",
                        posteriors.svg(Theme::Page),
                        Some(posteriors.narrow_svg(Theme::Page)),
                    ),
                    wide(
                        "pairs",
                        "Marginals of data and draws.",
                        pairs.svg(Theme::Page),
                        Some(pairs.narrow_svg(Theme::Page)),
                    ),
                    wide("corner", "All pairs of quantities.", corner.svg(Theme::Page), None),
                ],
            ),
            Section::new(
                "How to reproduce",
                vec![Block::Code {
                    language: "sh".to_owned(),
                    text: "fieldbridge run recipes/photoz.toml --out runs/photoz --set seed=2026 --threads 2 --set training.steps=6000\n"
                        .to_owned(),
                }],
            ),
        ],
        footer: "Written by the gallery example of Fieldbridge.".to_owned(),
    };
    fs::write(directory.join("report.html"), report.html())?;
    Ok(())
}
