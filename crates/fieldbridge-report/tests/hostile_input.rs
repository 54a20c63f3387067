//! Figures are drawn whatever the numbers are: nothing, one point, constants, NaN, infinities, very many.

use fieldbridge_report::{
    Axis, Corner, CoverageCurve, Curve, CurveBand, EcdfDifference, Histogram, LineChart, LossCurve, Mark,
    PairedHistograms, PairedPanel, PosteriorGallery, PosteriorPanel, PredictedAgainstTruth, RankHistogram,
    ResidualScale, SampleSet, Theme, png,
};

/// Every figure of the crate made from the same numbers, with its name.
fn every_figure(values: &[f64], theme: Theme) -> Vec<(&'static str, String)> {
    let values = values.to_vec();
    let shifted: Vec<f64> = values.iter().rev().copied().collect();
    let steps: Vec<f64> = (0..values.len()).map(|step| step as f64).collect();
    let curve = |name: &str| Curve::new(name, steps.clone(), values.clone());
    let band = CurveBand {
        name: "band".to_owned(),
        x: steps.clone(),
        lower: shifted.clone(),
        upper: values.clone(),
    };
    let first = values.first().copied();
    let mark = Mark {
        value: first.unwrap_or(f64::NAN),
        label: "here".to_owned(),
    };
    let loss = |logarithmic_steps| LossCurve {
        training: curve("training"),
        validation: Curve::new("validation", values.clone(), shifted.clone()),
        best_step: first,
        note: Some("stopped early".to_owned()),
        logarithmic_steps,
        ..LossCurve::default()
    };
    let scatter = |residual| PredictedAgainstTruth {
        truth: values.clone(),
        predicted: shifted.clone(),
        residual,
        ..PredictedAgainstTruth::default()
    };
    let posterior = PosteriorPanel {
        label: "object".to_owned(),
        grid: steps.clone(),
        density: values.clone(),
        truth: first,
    };
    let gallery = |shared_range| PosteriorGallery {
        panels: vec![
            posterior.clone(),
            PosteriorPanel {
                grid: values.clone(),
                density: shifted.clone(),
                ..posterior.clone()
            },
            PosteriorPanel {
                grid: steps.clone(),
                density: Vec::new(),
                ..posterior.clone()
            },
        ],
        shared_range,
        ..PosteriorGallery::default()
    };
    let set = |name: &str| SampleSet {
        name: name.to_owned(),
        columns: vec![values.clone(), shifted.clone()],
    };
    let pair = PairedPanel {
        label: "u".to_owned(),
        data: values.clone(),
        model: shifted.clone(),
    };
    let chart = |axis: fn(&'static str) -> Axis| LineChart {
        x: axis("x"),
        y: axis("y"),
        curves: vec![curve("a"), Curve::new("b", values.clone(), shifted.clone())],
        bands: vec![band.clone()],
        marks: vec![mark.clone()],
        ..LineChart::default()
    };
    vec![
        ("linear chart", chart(Axis::linear).svg(theme)),
        ("logarithmic chart", chart(Axis::logarithmic).svg(theme)),
        ("histogram", Histogram::of_values(&values, 50).svg(theme)),
        ("histogram of given bins", {
            Histogram {
                edges: values.clone(),
                heights: shifted.clone(),
                ..Histogram::default()
            }
            .svg(theme)
        }),
        ("loss", loss(false).svg(theme)),
        ("loss, logarithmic", loss(true).svg(theme)),
        (
            "ecdf",
            EcdfDifference {
                curves: vec![curve("z")],
                band: Some(band.clone()),
                ..Default::default()
            }
            .svg(theme),
        ),
        (
            "coverage",
            CoverageCurve {
                curves: vec![curve("z")],
                band: Some(band),
                ..Default::default()
            }
            .svg(theme),
        ),
        ("redshifts", scatter(ResidualScale::OnePlusTruth).svg(theme)),
        ("absolute", scatter(ResidualScale::Absolute).svg(theme)),
        ("relative", scatter(ResidualScale::Truth).svg(theme)),
        ("gallery", gallery(true).svg(theme)),
        ("gallery, own ranges", gallery(false).narrow_svg(theme)),
        ("corner", {
            let names = vec!["a".to_owned(), "b".to_owned(), "without values".to_owned()];
            Corner {
                names,
                sets: vec![set("data"), set("model")],
                truth: Some(values.clone()),
                ..Default::default()
            }
            .svg(theme)
        }),
        (
            "pairs",
            PairedHistograms {
                panels: vec![pair],
                ..PairedHistograms::default()
            }
            .svg(theme),
        ),
    ]
}

fn ranks(counts: Vec<f64>) -> String {
    let (band_lower, band_upper) = (vec![f64::NAN; counts.len()], vec![f64::INFINITY; counts.len() / 2]);
    RankHistogram {
        counts,
        band_lower,
        band_upper,
        ..RankHistogram::default()
    }
    .svg(Theme::Light)
}

#[test]
fn figures_survive_every_kind_of_number() {
    let huge = f64::MAX;
    let tiny = f64::MIN_POSITIVE;
    let kinds: Vec<(&str, Vec<f64>)> = vec![
        ("nothing", vec![]),
        ("one point", vec![0.7]),
        ("two points", vec![0.7, 0.2]),
        ("constant", vec![3.0; 50]),
        ("zeros", vec![0.0; 50]),
        ("a large constant", vec![1e17; 50]),
        (
            "one step beside a large constant",
            vec![1e17, 1e17, 1.0000000000000002e17],
        ),
        ("not a number", vec![f64::NAN; 20]),
        ("infinities", vec![f64::INFINITY, f64::NEG_INFINITY, f64::INFINITY]),
        ("a gap", vec![0.1, f64::NAN, 0.3, f64::INFINITY, 0.5, 0.6]),
        ("the largest numbers", vec![huge, -huge, 1e299, -1e299, 1.0]),
        ("the smallest numbers", vec![tiny, 5e-324, 2.0 * tiny, -tiny]),
        (
            "all orders of magnitude",
            (-300..300).map(|power| 10f64.powi(power)).collect(),
        ),
        ("negative", (0..40).map(|step| -1e6 - f64::from(step)).collect()),
        ("minus one, where 1 + z vanishes", vec![-1.0, -1.0, 0.5]),
    ];
    for (kind, values) in kinds {
        for (name, svg) in every_figure(&values, Theme::Light) {
            assert!(
                !svg.contains("NaN") && !svg.contains("inf"),
                "{name} of {kind} holds a number no reader accepts"
            );
            let picture = png(&svg, 200);
            assert!(picture.is_ok(), "{name} of {kind}: {:?}", picture.err());
            if kind == "nothing" || kind == "not a number" || kind == "infinities" {
                assert!(
                    svg.contains("no data"),
                    "{name} of {kind} does not say that it is empty"
                );
            }
        }
        assert!(png(&ranks(values), 200).is_ok(), "ranks of {kind}");
    }
}

#[test]
fn a_million_points_make_a_small_file() {
    // A low-discrepancy sequence with heavy tails fills every cell there is.
    let values: Vec<f64> = (0..1_000_000)
        .map(|index| {
            let uniform = (f64::from(index) * 0.618_033_988_749_895).fract();
            (uniform / (1.0 - uniform).max(1e-9)).ln() + 3.0
        })
        .collect();
    for (name, svg) in every_figure(&values, Theme::Light) {
        assert!(svg.len() < 300_000, "{name}: {} bytes", svg.len());
        assert!(
            !svg.contains("no data") || name.starts_with("gallery") || name == "corner",
            "{name}"
        );
    }
    let mixed: Vec<f64> = (0..1_000_000)
        .map(|index| if index % 2 == 0 { f64::NAN } else { f64::from(index) })
        .collect();
    for (name, svg) in every_figure(&mixed, Theme::Light) {
        assert!(svg.len() < 300_000, "{name} with gaps: {} bytes", svg.len());
    }
}

#[test]
fn texts_cannot_break_the_document() {
    let title = "a < b & \"c\" 'd' ]]> <script>\u{0}\u{1b}".to_owned();
    let chart = LineChart {
        title: title.clone(),
        x: Axis::linear(title),
        ..LineChart::default()
    };
    let svg = chart.svg(Theme::Light);
    assert!(!svg.contains("<script>"));
    assert!(png(&svg, 100).is_ok());
}
