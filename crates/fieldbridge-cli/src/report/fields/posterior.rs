//! Maps, parameters, spectra and pixels of one observation, and of all in the mean.

use fieldbridge_report::{Axis, Block, Corner, Curve, CurveBand, CurveStyle, LineChart, SampleSet};

use super::{FieldInput, wording};
use crate::report::bin_maps::BinMaps;
use crate::report::figures::Figures;

/// Place of the auto-spectrum of a bin among all pairs.
fn auto(bin: usize, bins: usize) -> usize {
    bin * bins - bin * bin.saturating_sub(1) / 2
}

pub(super) fn blocks(input: &FieldInput<'_>, figures: &mut Figures) -> Vec<Block> {
    let example = &input.found.example;
    let mut blocks = vec![Block::Paragraph(format!(
        "Simulation {} of those held out: the network sees the observation alone and draws maps and parameters together.",
        example.row
    ))];
    for bin in 0..input.found.bins {
        blocks.push(maps(input, figures, bin));
    }
    let names: Vec<String> = input.found.columns.clone();
    let mut sets = vec![SampleSet {
        name: "drawn".to_owned(),
        columns: example.parameters.clone(),
    }];
    sets.extend(example.exact_parameters.as_ref().map(|columns| SampleSet {
        name: "exact".to_owned(),
        columns: columns.clone(),
    }));
    let corner = Corner {
        title: "Parameters of this observation".to_owned(),
        names,
        sets,
        truth: Some(example.true_parameters.clone()),
    };
    blocks.push(figures.add(
        "corner",
        format!(
            "Posterior of the parameters, {} draws; lines mark the truth.",
            input.found.draws
        ),
        |theme| corner.svg(theme),
    ));
    for bin in 0..input.found.bins {
        blocks.push(power(input, figures, bin));
        blocks.push(residuals(input, figures, bin));
    }
    blocks
}

/// All maps of a bin on one colour scale.
fn maps(input: &FieldInput<'_>, figures: &mut Figures, bin: usize) -> Block {
    let (found, example) = (input.found, &input.found.example);
    let area = found.pixels * found.pixels;
    let of = |maps: &[f64]| maps[bin * area..(bin + 1) * area].to_vec();
    let limit = of(&example.truth)
        .into_iter()
        .fold(0.0, |most: f64, value| most.max(value.abs()));
    let mut observed = of(&example.observation);
    for (value, _) in observed.iter_mut().zip(&example.hidden).filter(|(_, hidden)| **hidden) {
        *value = f64::NAN;
    }
    let mut panels = vec![("true", of(&example.truth)), ("observed", observed)];
    for (at, name) in ["draw 1", "draw 2", "draw 3"].iter().enumerate() {
        if let Some(draw) = example.draws.get(at) {
            panels.push((name, of(draw)));
        }
    }
    panels.extend([
        ("mean of the draws", of(&example.mean)),
        ("deviation of the draws", of(&example.deviation)),
    ]);
    panels.extend(example.exact_mean.as_ref().map(|mean| ("exact mean", of(mean))));
    panels.extend(
        example
            .exact_deviation
            .as_ref()
            .map(|deviation| ("exact deviation", of(deviation))),
    );
    let maps = BinMaps {
        bin,
        width_degrees: found.width_degrees,
        panels,
        limit,
        ends: "true",
        columns: 5,
    };
    maps.add(&wording::of_observed_map(input), figures)
}

/// `l (l + 1) C / 2 pi`.
fn dimensionless(multipoles: &[f64], power: &[f64]) -> Vec<f64> {
    let scaled = multipoles.iter().zip(power);
    scaled
        .map(|(l, power)| l * (l + 1.0) * power / (2.0 * std::f64::consts::PI))
        .collect()
}

fn power(input: &FieldInput<'_>, figures: &mut Figures, bin: usize) -> Block {
    let (multipoles, example) = (&input.found.spectra.multipoles, &input.found.example);
    let bands = multipoles.len();
    let pair = auto(bin, input.found.bins);
    let of = |values: &[f64]| dimensionless(multipoles, &values[pair * bands..(pair + 1) * bands]);
    let [truth, observed, low, middle, high] = &example.power;
    let curve = |name: &str, values: &[f64]| Curve::new(name, multipoles.clone(), of(values));
    let chart = LineChart {
        title: format!("Power of the maps in bin {bin}"),
        x: Axis::logarithmic("multipole l"),
        y: Axis::logarithmic("l (l + 1) C / 2π"),
        bands: vec![CurveBand {
            name: "68 % of draws".to_owned(),
            x: multipoles.clone(),
            lower: of(low),
            upper: of(high),
        }],
        curves: vec![
            curve("draws, median", middle),
            curve("true map", truth),
            curve(wording::observed_power(input), observed).with_style(CurveStyle::Dashed),
        ],
        ..LineChart::default()
    };
    figures.add(
        &format!("power-{bin}"),
        "Power of drawn maps of this observation beside that of the true map, in bands of multipoles; dimensionless.",
        |theme| chart.svg(theme),
    )
}

fn residuals(input: &FieldInput<'_>, figures: &mut Figures, bin: usize) -> Block {
    let (multipoles, example) = (&input.found.spectra.multipoles, &input.found.example);
    let bands = multipoles.len();
    let pair = auto(bin, input.found.bins);
    let truth = &example.power[0][pair * bands..(pair + 1) * bands];
    let over = |values: &[f64]| -> Vec<f64> {
        values[pair * bands..(pair + 1) * bands]
            .iter()
            .zip(truth)
            .map(|(value, truth)| value / truth - 1.0)
            .collect()
    };
    let zero = Curve::new("", vec![multipoles[0], multipoles[bands - 1]], vec![0.0; 2]);
    let chart = LineChart {
        title: format!("Power of the draws against the true map, bin {bin}"),
        x: Axis::logarithmic("multipole l"),
        y: Axis::linear("power / true power − 1"),
        bands: vec![CurveBand {
            name: "68 % of draws".to_owned(),
            x: multipoles.clone(),
            lower: over(&example.power[2]),
            upper: over(&example.power[4]),
        }],
        curves: vec![
            zero.with_style(CurveStyle::Reference),
            Curve::new("draws, median", multipoles.clone(), over(&example.power[3])),
        ],
        ..LineChart::default()
    };
    figures.add(
        &format!("power-residual-{bin}"),
        "The same as a residual: draws that follow the posterior hold the true map's power within their spread.",
        |theme| chart.svg(theme),
    )
}

/// Spectra and pixels of all observations.
pub(super) fn mean_blocks(input: &FieldInput<'_>, figures: &mut Figures) -> Vec<Block> {
    let found = input.found;
    let spectra = &found.spectra;
    let bands = spectra.multipoles.len();
    let mut blocks = Vec::new();
    for bin in 0..found.bins {
        let pair = auto(bin, found.bins);
        let of = |values: &[f64]| dimensionless(&spectra.multipoles, &values[pair * bands..(pair + 1) * bands]);
        let chart = LineChart {
            title: format!("Mean power over observations, bin {bin}"),
            x: Axis::logarithmic("multipole l"),
            y: Axis::logarithmic("l (l + 1) C / 2π"),
            curves: vec![
                Curve::new("drawn maps", spectra.multipoles.clone(), of(&spectra.draws)),
                Curve::new("true maps", spectra.multipoles.clone(), of(&spectra.truth)).with_style(CurveStyle::Dashed),
            ],
            ..LineChart::default()
        };
        blocks.push(figures.add(
            &format!("mean-power-{bin}"),
            "Power of drawn and of true maps, mean over all observations; dimensionless.",
            |theme| chart.svg(theme),
        ));
        let [edges, truth, draws, mean] = &found.one_point.bins[bin];
        let middle: Vec<f64> = edges.windows(2).map(|pair| 0.5 * (pair[0] + pair[1])).collect();
        let curve = |name: &str, values: &[f64]| Curve::new(name, middle.clone(), values.to_vec());
        let chart = LineChart {
            title: format!("Distribution of pixels, bin {bin}"),
            x: Axis::linear("convergence"),
            y: Axis::linear("density"),
            curves: vec![
                curve("drawn maps", draws),
                curve("true maps", truth).with_style(CurveStyle::Dashed),
                curve("mean maps", mean).with_style(CurveStyle::Dotted),
            ],
            ..LineChart::default()
        };
        blocks.push(figures.add(
            &format!("one-point-{bin}"),
            "One-point distribution over all observations. Means of draws are narrower than true maps, draws are not.",
            |theme| chart.svg(theme),
        ));
    }
    blocks
}
