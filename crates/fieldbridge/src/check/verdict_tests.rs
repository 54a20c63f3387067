//! Verdicts on posteriors whose fault is known.

use super::super::special::{normal_cumulative, normal_quantile};
use super::super::stream::random_stream;
use super::super::{Draws, highest_density_ranks, pit_values};
use super::*;
use rand::RngExt;

/// PIT values of Gaussian posteriors `ratio` times as wide as they ought to be and shifted by `shift` of their width.
fn gaussian_pit(rows: usize, ratio: f64, shift: f64, seed: u64) -> Vec<f64> {
    let mut random = random_stream(seed, 11);
    (0..rows)
        .map(|_| normal_cumulative(normal_quantile(random.random()) / ratio - shift))
        .collect()
}

fn set<'a>(name: &'a str, ranks: &'a [f64]) -> RankSet<'a> {
    RankSet {
        name,
        ranks,
        draws: None,
        kind: RankKind::Parameter,
    }
}

fn judge_one(ranks: &[f64]) -> Judgement {
    judge(&[set("redshift", ranks)]).unwrap()
}

#[test]
fn exact_posteriors_are_calibrated() {
    let found = judge_one(&gaussian_pit(2000, 1.0, 0.0, 1));
    assert_eq!(found.verdict, Verdict::Calibrated, "{}", found.sentence);
    let ratio = found.findings[0].width_ratio.unwrap();
    assert!((ratio.value - 1.0).abs() < 3.0 * ratio.standard_error);
    // Theory: 0.811 / sqrt(rows).
    assert!((ratio.standard_error / (0.811 / 2000.0_f64.sqrt()) - 1.0).abs() < 0.3);
}

#[test]
fn narrow_posteriors_are_overconfident_by_the_right_amount() {
    let found = judge_one(&gaussian_pit(2000, 0.7, 0.0, 2));
    assert_eq!(found.verdict, Verdict::Overconfident);
    assert!(found.p_value < 1e-6);
    let ratio = found.findings[0].width_ratio.unwrap();
    assert!((ratio.value - 0.7).abs() < 4.0 * ratio.standard_error && ratio.standard_error < 0.02);
    assert!(
        found.sentence.contains("`redshift`") && found.sentence.contains("too narrow"),
        "{}",
        found.sentence
    );
}

#[test]
fn wide_posteriors_are_underconfident_by_the_right_amount() {
    let found = judge_one(&gaussian_pit(2000, 1.4, 0.0, 3));
    assert_eq!(found.verdict, Verdict::Underconfident);
    let ratio = found.findings[0].width_ratio.unwrap();
    assert!((ratio.value - 1.4).abs() < 4.0 * ratio.standard_error);
    assert!(found.sentence.contains("too wide"), "{}", found.sentence);
}

#[test]
fn posteriors_half_a_sigma_off_are_biased_to_the_right_side() {
    for shift in [0.5, -0.5, 3.0] {
        let found = judge_one(&gaussian_pit(1000, 1.0, shift, 4));
        assert_eq!(found.verdict, Verdict::Biased);
        let bias = found.findings[0].bias.unwrap();
        assert!(
            (bias.value - shift).abs() < 4.0 * bias.standard_error,
            "{}",
            found.sentence
        );
        assert!(found.sentence.contains(if shift > 0.0 { "above" } else { "below" }));
    }
}

#[test]
fn few_rows_without_a_fault_are_inconclusive_but_a_gross_fault_shows() {
    let few = judge_one(&gaussian_pit(60, 1.0, 0.0, 5));
    assert_eq!(few.verdict, Verdict::Inconclusive);
    assert!(few.sentence.contains("rows to see one of 20 %"), "{}", few.sentence);
    assert_eq!(
        judge_one(&gaussian_pit(60, 0.3, 0.0, 5)).verdict,
        Verdict::Overconfident
    );
    let one = judge_one(&[0.4]);
    assert_eq!((one.verdict, one.findings[0].rows), (Verdict::Inconclusive, 1));
}

#[test]
fn many_rows_report_a_tiny_fault_as_certain_and_small() {
    let found = judge_one(&gaussian_pit(40_000, 0.97, 0.0, 6));
    assert_eq!(found.verdict, Verdict::Overconfident);
    assert!(found.p_value <= 0.01);
    assert!(found.sentence.contains("small"), "{}", found.sentence);
    assert!((found.findings[0].width_ratio.unwrap().value - 0.97).abs() < 0.02);
}

#[test]
fn calibrated_sets_of_parameters_are_rejected_at_most_at_the_nominal_rate() {
    let rejected = (0..60)
        .filter(|seed| {
            let columns: Vec<Vec<f64>> = (0..4)
                .map(|parameter| gaussian_pit(100, 1.0, 0.0, 900 + 4 * seed + parameter))
                .collect();
            let sets: Vec<RankSet<'_>> = columns.iter().map(|ranks| set("x", ranks)).collect();
            judge(&sets).unwrap().p_value <= 0.1
        })
        .count();
    // Family-wise 10 % of 60: mean 6, standard deviation 2.3; four unadjusted tests would give 21.
    assert!((1..=13).contains(&rejected), "{rejected} of 60");
}

#[test]
fn the_worst_parameter_names_the_verdict_and_others_are_mentioned() {
    let (good, narrow, shifted) = (
        gaussian_pit(1500, 1.0, 0.0, 7),
        gaussian_pit(1500, 0.8, 0.0, 8),
        gaussian_pit(1500, 1.0, 1.0, 9),
    );
    let found = judge(&[set("mass", &good), set("age", &narrow), set("dust", &shifted)]).unwrap();
    assert_eq!(found.verdict, Verdict::Biased);
    assert!(
        found.sentence.contains("`dust`") && found.sentence.contains("`age` overconfident"),
        "{}",
        found.sentence
    );
    assert_eq!(found.findings[0].verdict, Verdict::Calibrated);
}

#[test]
fn ranks_among_few_draws_give_the_true_width_and_one_draw_gives_none() {
    let (rows, count, ratio) = (6000, 4, 0.7);
    let mut random = random_stream(12, 0);
    let truths: Vec<f64> = (0..rows).map(|_| normal_quantile(random.random())).collect();
    let values: Vec<f64> = (0..rows * count)
        .map(|_| ratio * normal_quantile(random.random()))
        .collect();
    let ranks = pit_values(&Draws::new(&values, rows, count, 1).unwrap(), &truths, 0, 1).unwrap();
    let found = judge(&[RankSet {
        draws: Some(count),
        ..set("x", &ranks)
    }])
    .unwrap();
    let width = found.findings[0].width_ratio.unwrap();
    assert_eq!(found.verdict, Verdict::Overconfident);
    assert!((width.value - ratio).abs() < 4.0 * width.standard_error && width.standard_error < 0.05);

    let ranks = pit_values(&Draws::new(&values[..rows], rows, 1, 1).unwrap(), &truths, 0, 1).unwrap();
    let found = judge(&[RankSet {
        draws: Some(1),
        ..set("x", &ranks)
    }])
    .unwrap();
    assert_eq!(
        (found.verdict, found.findings[0].width_ratio),
        (Verdict::Inconclusive, None),
        "{}",
        found.sentence
    );
}

#[test]
fn highest_density_ranks_name_narrow_and_wide_joint_posteriors() {
    let (rows, count) = (1500, 50);
    for (ratio, expected) in [
        (0.7, Verdict::Overconfident),
        (1.0, Verdict::Calibrated),
        (1.4, Verdict::Underconfident),
    ] {
        let mut random = random_stream(13, 0);
        // Three-dimensional isotropic Gaussian: the log-density is minus half the squared radius.
        let mut log_density = |scale: f64| -> f64 {
            (0..3)
                .map(|_| -0.5 * (scale * normal_quantile(random.random())).powi(2))
                .sum()
        };
        let of_truths: Vec<f64> = (0..rows).map(|_| log_density(1.0 / ratio)).collect();
        let of_draws: Vec<f64> = (0..rows * count).map(|_| log_density(1.0)).collect();
        let ranks = highest_density_ranks(&of_draws, &of_truths, count, 2).unwrap();
        let joint = RankSet {
            name: "joint",
            ranks: &ranks,
            draws: Some(count),
            kind: RankKind::HighestDensity,
        };
        let found = judge(&[joint]).unwrap();
        assert_eq!(found.verdict, expected, "{}", found.sentence);
    }
}

/// Two columns and their joint posterior as a run at default settings judges them: 4000 rows of 200 draws, highest-density
/// ranks of 400 rows among 100 draws. The posterior is two independent unit Gaussians; truths have this correlation.
fn judge_two_columns(correlation: f64) -> Judgement {
    let (rows, draws, joint_rows, joint_draws) = (4000, 200, 400, 100);
    let mut random = random_stream(17, 0);
    let mut normal = move || normal_quantile(random.random());
    let truths: Vec<[f64; 2]> = (0..rows)
        .map(|_| {
            let first = normal();
            [
                first,
                correlation * first + (1.0 - correlation * correlation).sqrt() * normal(),
            ]
        })
        .collect();
    let drawn: Vec<f64> = (0..rows * draws * 2).map(|_| normal()).collect();
    let all = Draws::new(&drawn, rows, draws, 2).unwrap();
    let pit: Vec<Vec<f64>> = (0..2)
        .map(|column| pit_values(&all, truths.as_flattened(), column, 5).unwrap())
        .collect();
    let outwards: Vec<Vec<f64>> = pit
        .iter()
        .map(|ranks| ranks.iter().map(|rank| (2.0 * rank - 1.0).abs()).collect())
        .collect();
    let log_density = |point: &[f64]| -0.5 * (point[0].powi(2) + point[1].powi(2));
    let of_truths: Vec<f64> = truths[..joint_rows].iter().map(|point| log_density(point)).collect();
    let of_draws: Vec<f64> = drawn
        .chunks_exact(draws * 2)
        .take(joint_rows)
        .flat_map(|row| row.chunks_exact(2).take(joint_draws).map(log_density))
        .collect();
    let joint = highest_density_ranks(&of_draws, &of_truths, joint_draws, 5).unwrap();
    let set = |name, ranks, draws, kind| RankSet {
        name,
        ranks,
        draws: Some(draws),
        kind,
    };
    judge(&[
        set("x", &pit[0], draws, RankKind::Parameter),
        set("y", &pit[1], draws, RankKind::Parameter),
        set("x, central intervals", &outwards[0], draws, RankKind::HighestDensity),
        set("y, central intervals", &outwards[1], draws, RankKind::HighestDensity),
        set("all columns", &joint, joint_draws, RankKind::HighestDensity),
    ])
    .unwrap()
}

#[test]
fn the_joint_posterior_of_a_part_of_the_rows_does_not_leave_the_verdict_open() {
    let found = judge_two_columns(0.0);
    assert_eq!(found.verdict, Verdict::Calibrated, "{}", found.sentence);
    assert_eq!(
        found.findings[4].verdict,
        Verdict::Inconclusive,
        "400 rows are too few for a verdict of their own"
    );
}

#[test]
fn a_wrong_joint_posterior_is_rejected_though_every_column_is_right() {
    let found = judge_two_columns(0.95);
    assert_eq!(found.verdict, Verdict::Underconfident, "{}", found.sentence);
    assert!(found.sentence.contains("`all columns`"), "{}", found.sentence);
    assert!(
        found.findings[..4]
            .iter()
            .all(|finding| finding.adjusted_p_value > REJECTION_LEVEL)
    );
}

#[test]
fn an_error_of_shape_is_named_by_its_coverage() {
    // Half of the ranks at the edges, half in the middle: mean and variance of a uniform, but nothing between.
    let spread = (1.0 / 6.0_f64).sqrt();
    let ranks: Vec<f64> = (0..2000)
        .map(|row| [0.5, 0.5, 0.5 - spread, 0.5 + spread][row % 4])
        .collect();
    let found = judge_one(&ranks);
    assert!(matches!(
        found.verdict,
        Verdict::Overconfident | Verdict::Underconfident
    ));
    assert!(found.sentence.contains("wrong shape"), "{}", found.sentence);
}

#[test]
fn constant_extreme_ranks_are_judged_without_a_size() {
    let found = judge_one(&[1.0; 500]);
    assert_eq!((found.verdict, found.findings[0].bias), (Verdict::Biased, None));
    assert!(found.sentence.contains("far below"), "{}", found.sentence);
    assert_eq!(judge_one(&[0.5; 500]).verdict, Verdict::Underconfident);
}

#[test]
fn bad_input_is_refused_with_its_row() {
    assert!(matches!(judge(&[]), Err(CheckError::TooFew { .. })));
    assert!(matches!(judge(&[set("x", &[])]), Err(CheckError::Empty { .. })));
    assert!(matches!(
        judge(&[set("x", &[0.1, f64::NAN])]),
        Err(CheckError::NonFinite { row: 1, .. })
    ));
    assert!(matches!(
        judge(&[set("x", &[0.1, -0.1])]),
        Err(CheckError::OutOfRange { row: 1, .. })
    ));
}

#[test]
fn holm_adjusts_in_the_original_order() {
    let adjusted = holm(&[0.04, 0.01, 0.03]);
    for (found, expected) in adjusted.iter().zip([0.06, 0.03, 0.06]) {
        assert!((found - expected).abs() < 1e-15);
    }
}

#[test]
fn verdicts_print_as_lower_case_words() {
    assert_eq!(Verdict::Overconfident.to_string(), "overconfident");
    let word: serde::de::value::StrDeserializer<'_, serde::de::value::Error> =
        serde::de::IntoDeserializer::into_deserializer("underconfident");
    assert_eq!(Verdict::deserialize(word).unwrap(), Verdict::Underconfident);
}
