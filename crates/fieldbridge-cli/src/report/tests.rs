//! Whole pages from made-up runs: complete ones, and ones with nearly everything missing.

use fieldbridge::bridge::BridgeKind;
use fieldbridge::check::{ColumnChecks, MiraSettings, TarpSettings, mira, tarp};
use fieldbridge::check::{
    Draws, HeldOut, Mean, RankHistogram, RankKind, RankSet, central_coverage, coverage, crps_from_draws,
    ecdf_difference, equally_spaced_levels, judge, pit_values, point_statistics,
};
use fieldbridge::data::{ColumnReport, ModalityRecipe, ModalityScaling, TargetScaling};
use fieldbridge::model::{FORMAT_VERSION, Manifest, TrainingSummary};
use fieldbridge::train::Evaluation;
use fieldbridge::transform::Bijection;

use super::*;

/// Uniform numbers (splitmix64).
fn uniforms(count: usize, seed: u64) -> Vec<f64> {
    let mut state = seed;
    (0..count)
        .map(|_| {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
        })
        .collect()
}

const NAMES: [&str; 3] = ["redshift", "stellar <mass>", "age`"];

/// Checks of `rows` rows with posteriors that are right by construction.
fn held_out(rows: usize, dimension: usize, conditional: bool) -> HeldOut {
    let draws = 40;
    let truths = uniforms(rows * dimension, 3);
    let values = uniforms(rows * draws * dimension, 4);
    let all = Draws::new(&values, rows, draws, dimension).unwrap();
    let columns: Vec<ColumnChecks> = (0..dimension)
        .map(|index| {
            let pit = pit_values(&all, &truths, index, 5).unwrap();
            let truth: Vec<f64> = truths.iter().skip(index).step_by(dimension).copied().collect();
            let median = uniforms(rows, 6 + index as u64);
            ColumnChecks {
                name: NAMES[index].to_owned(),
                unit: (index == 1).then(|| "Msun".to_owned()),
                histogram: RankHistogram::new(&pit, 20).unwrap(),
                ecdf: ecdf_difference(&pit).unwrap(),
                coverage: central_coverage(&pit, &equally_spaced_levels(19)).unwrap(),
                crps: conditional.then(|| crps_from_draws(&all, &truths, index).unwrap()),
                point: (conditional && index == 0).then(|| point_statistics(&median, &truth, 0.15, 50, 1).unwrap()),
                median: if conditional { median } else { Vec::new() },
                pit,
                truth,
            }
        })
        .collect();
    let sets: Vec<RankSet<'_>> = columns
        .iter()
        .map(|column| RankSet {
            name: &column.name,
            ranks: &column.pit,
            draws: Some(draws),
            kind: RankKind::Parameter,
        })
        .collect();
    let judgement = judge(&sets).unwrap();
    let levels = equally_spaced_levels(19);
    HeldOut {
        rows,
        skipped: vec![(3, "`u` is missing".to_owned())],
        outside_training_range: 2,
        mean_log_density: Some(Mean {
            value: 1.2345,
            standard_error: 0.0123,
        }),
        below_truth: None,
        largest_error_estimate: 3.2e-4,
        checked_rows: rows,
        draws,
        highest_density: conditional.then(|| coverage(&uniforms(rows, 9), &levels).unwrap()),
        tarp: (conditional && dimension > 1).then(|| tarp(&all, &truths, &TarpSettings::default()).unwrap()),
        mira: conditional.then(|| mira(&all, &truths, &MiraSettings::default()).unwrap()),
        columns,
        judgement,
    }
}

/// A recipe, by way of a file because that is the only way to one.
fn recipe() -> fieldbridge::recipe::Recipe {
    let folder = fresh_folder("recipe");
    let path = folder.join("recipe.toml");
    let text = "title = \"t\"\nseed = 7\nbridge = \"spline_flow\"\n[data]\nfile = \"a.parquet\"\n[target]\ncolumns = [\"redshift\"]\n";
    std::fs::write(&path, text).unwrap();
    let recipe = fieldbridge::recipe::Recipe::read(&path, &[]).unwrap();
    std::fs::remove_dir_all(folder).unwrap();
    recipe
}

/// An empty folder of this test alone.
fn fresh_folder(name: &str) -> std::path::PathBuf {
    static NUMBER: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("fieldbridge-report-{name}-{}-{number}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn input(dimension: usize, conditional: bool, kind: BridgeKind, members: usize) -> ReportInput {
    let mut manifest = Manifest {
        format_version: FORMAT_VERSION,
        fieldbridge_version: "0.1.0".to_owned(),
        title: "A run <of> a test".to_owned(),
        seed: 7,
        bridge: Default::default(),
        scaling: fieldbridge::data::Scaling {
            fields: None,
            target: TargetScaling {
                columns: NAMES[..dimension].iter().map(|name| (*name).to_owned()).collect(),
                units: vec![None; dimension],
                bijections: vec![Bijection::Logit { low: 0.0, high: 3.0 }; dimension],
                mean: vec![0.0; dimension],
                factor: vec![1.0; dimension * dimension],
                range: vec![[0.01, 2.9]; dimension],
                missing: Vec::new(),
            },
            context: Vec::new(),
        },
        data: fieldbridge::data::DataReport {
            file: "data/test.parquet".to_owned(),
            fingerprint: "9f2d6c1e5a7b40d88c3f1e2a6b7d9c0e".to_owned(),
            rows: 1000,
            train: 690,
            validation: 100,
            test: 200,
            left_out: vec![("`redshift` is missing".to_owned(), 10)],
            columns: Vec::new(),
        },
        training: TrainingSummary {
            members,
            steps: vec![200; members],
            best_steps: vec![150; members],
            validation_losses: vec![Some(0.5); members],
        },
        stored: Default::default(),
        recipe: "title = \"A run\"".to_owned(),
        known_answers: Vec::new(),
    };
    manifest.bridge.kind = kind;
    if conditional {
        manifest.scaling.context.push(ModalityScaling {
            name: "magnitudes".to_owned(),
            recipe: ModalityRecipe {
                columns: vec!["u".to_owned()],
                missing: vec![-99.0],
                valid: None,
                scale: Default::default(),
                differences: false,
            },
            widths: vec![1],
            mean: vec![24.0],
            deviation: vec![1.0],
            range: vec![[20.0, 27.0]],
        });
        manifest.data.columns.push(ColumnReport {
            name: "u".to_owned(),
            unit: Some("mag".to_owned()),
            not_a_number: 1,
            infinite: 0,
            sentinel: 49,
            invalid: 0,
        });
    }
    let evaluation = |step: usize| Evaluation {
        step,
        training_loss: 1.0 / step as f64,
        validation_loss: Some(1.1 / step as f64),
        learning_rate: 1e-3,
    };
    let column = |seed| uniforms(300, seed);
    ReportInput {
        directory: std::path::PathBuf::new(),
        recipe: recipe(),
        manifest,
        held_out: held_out(200, dimension, conditional),
        history: vec![(1..=4).map(|check| evaluation(50 * check)).collect(); members],
        gallery: Vec::new(),
        samples: (!conditional).then(|| {
            let of = |first: u64| (0..dimension).map(|index| column(first + index as u64)).collect();
            (of(20), of(40))
        }),
        walk: None,
        run: serde_json::json!({"threads": 2}),
        reproduce: "fieldbridge run recipe.toml".to_owned(),
    }
}

fn html(input: &ReportInput) -> (String, Figures) {
    let mut figures = Figures::default();
    let html = page(input, &mut figures).unwrap().html();
    (html, figures)
}

/// Text that only a slip could write.
fn assert_clean(html: &str) {
    for slip in [
        "NaN±", "inf ", "None", "Some(", "NaN ±", "<mass>", "http://", "https://",
    ] {
        let body = html.split("</style>").last().unwrap();
        let found = body
            .find(slip)
            .map(|at| body[at.saturating_sub(60)..].chars().take(120).collect::<String>());
        assert!(found.is_none() || is_namespace(slip, body), "`{slip}` in: {found:?}");
    }
}

/// The names of SVG's namespaces are addresses that nothing fetches.
fn is_namespace(slip: &str, body: &str) -> bool {
    slip == "http://" && body.matches(slip).count() == body.matches("http://www.w3.org/").count()
}

#[test]
fn every_kind_of_run_has_its_words_and_figures() {
    let (conditional, figures) = html(&input(1, true, BridgeKind::SplineFlow, 1));
    assert_clean(&conditional);
    for text in [
        "posterior",
        "A neural spline flow",
        "σ_NMAD",
        "CRPS",
        "1.234 ± 0.012 nats",
        "5.1 %",
        "Fingerprint",
    ] {
        assert!(conditional.contains(text), "{text}");
    }
    assert!(!conditional.contains("TARP"));
    assert!(
        figures.names().contains(&"predicted-against-true"),
        "{:?}",
        figures.names()
    );

    let (joint, figures) = html(&input(3, true, BridgeKind::FlowMatching, 3));
    assert_clean(&joint);
    for text in [
        "TARP",
        "Mira score",
        "An equal mixture of 3 continuous flows trained by flow matching",
        "Loss of member 3 of 3",
    ] {
        assert!(joint.contains(text), "{text}");
    }
    assert!(figures.names().contains(&"coverage-tarp"));

    let (population, figures) = html(&input(3, false, BridgeKind::FlowMatching, 1));
    assert_clean(&population);
    assert!(
        !population.contains("posterior"),
        "an unconditional model has no posterior"
    );
    assert!(population.contains("solver and trace") && !population.contains("CRPS"));
    assert!(figures.names().contains(&"corner") && figures.names().contains(&"marginals"));
}

#[test]
fn a_run_with_nearly_everything_missing_still_has_a_report() {
    let mut bare = input(1, true, BridgeKind::SplineFlow, 1);
    bare.history = vec![Vec::new()];
    bare.manifest.training = TrainingSummary::default();
    bare.manifest.data = fieldbridge::data::DataReport::default();
    bare.manifest.title = String::new();
    bare.manifest.recipe = String::new();
    bare.reproduce = String::new();
    bare.run = serde_json::Value::Null;
    bare.held_out.columns.clear();
    bare.held_out.judgement.findings.clear();
    bare.held_out.judgement.p_value = f64::NAN;
    bare.held_out.mean_log_density = Some(Mean {
        value: f64::NAN,
        standard_error: f64::NAN,
    });
    bare.held_out.largest_error_estimate = f64::NAN;
    bare.held_out.highest_density = None;
    let (html, _) = html(&bare);
    assert_clean(&html);
    for section in [
        "Data",
        "Training",
        "Calibration",
        "Predictions",
        "Scores",
        "How to reproduce",
    ] {
        assert!(html.contains(&format!("<h2>{section}</h2>")), "{section}");
    }
}

#[test]
fn a_curve_that_rejects_the_model_is_said_beside_a_favourable_verdict() {
    use fieldbridge::check::Verdict;
    let mut run = input(1, true, BridgeKind::SplineFlow, 1);
    run.held_out.judgement.verdict = Verdict::Calibrated;
    run.held_out.columns[0].coverage.p_value = 0.2;
    assert_eq!(headline::verdict(&run).tone, fieldbridge_report::Tone::Good);
    assert!(!html(&run).0.contains("However"));
    run.held_out.columns[0].coverage.p_value = 3e-4;
    run.held_out.columns[0].coverage.inside = false;
    let verdict = headline::verdict(&run);
    assert_eq!(verdict.tone, fieldbridge_report::Tone::Caution);
    assert!(
        verdict.sentence.contains("However, the central coverage of `redshift`"),
        "{}",
        verdict.sentence
    );
    assert!(html(&run).0.contains("However"));
}

#[test]
fn losses_and_posteriors_without_numbers_are_drawn_as_gaps() {
    let mut odd = input(1, true, BridgeKind::SplineFlow, 1);
    for evaluation in &mut odd.history[0] {
        evaluation.validation_loss = None;
        evaluation.training_loss = f64::NAN;
    }
    odd.manifest.data.validation = 0;
    odd.gallery = vec![GalleryRow {
        label: "row 1".to_owned(),
        grid: vec![0.0, 1.0],
        density: vec![f64::NAN, f64::INFINITY],
        truth: None,
    }];
    assert_clean(&html(&odd).0);
}

#[test]
fn the_page_and_each_figure_are_written_twice_without_leaving_anything_else() {
    let mut run = input(1, true, BridgeKind::SplineFlow, 1);
    run.directory = fresh_folder("written");
    write(&run).unwrap();
    write(&run).unwrap();
    let mut found: Vec<String> = std::fs::read_dir(run.directory.join("figures"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    found.sort();
    let (_, figures) = html(&run);
    let mut expected: Vec<String> = figures
        .names()
        .iter()
        .flat_map(|name| [format!("{name}.png"), format!("{name}.svg")])
        .collect();
    expected.sort();
    assert_eq!(found, expected);
    assert!(run.directory.join("report.html").is_file());
    std::fs::remove_dir_all(&run.directory).unwrap();
}
