//! Maps of the chains in the report: pictures and powers.

use fieldbridge::infer::markov_chain::{Chains, Convergence};
use fieldbridge_report::{Axis, Block, Curve, CurveBand, CurveStyle, LineChart};

use super::observation::Observed;
use super::page::Findings;
use super::target::Target;
use crate::report::bin_maps::BinMaps;
use crate::report::figures::Figures;

/// Most pixels of a side that are drawn.
const DRAWN: usize = 128;

pub(super) fn blocks(
    target: &Target,
    chains: &Chains,
    findings: &Findings,
    observed: &Observed,
    figures: &mut Figures,
) -> Vec<Block> {
    let mut blocks = vec![Block::Paragraph(
        "Mean and deviation of the convergence in each pixel are in `convergence_mean.npy` and `convergence_deviation.npy` (bin, \
         row, column), the numbers of the powers in `powers.csv`."
            .to_owned(),
    )];
    let moments = chains.moments();
    let deviation = moments.deviation();
    for bin in 0..target.posterior.field().bins() {
        blocks.push(pictures(target, [moments.mean(), &deviation], observed, bin, figures));
    }
    blocks.extend(powers(target, findings, observed, figures));
    blocks
}

/// The mean of blocks of so many pixels a side; of those that were observed.
fn coarse(values: &[f64], side: usize, block: usize) -> Vec<f64> {
    let small = side / block;
    let mean = |place: usize| {
        let (top, left) = (place / small * block, place % small * block);
        let pixels = (0..block * block).map(|pixel| values[(top + pixel / block) * side + left + pixel % block]);
        let seen: Vec<f64> = pixels.filter(|value| value.is_finite()).collect();
        seen.iter().sum::<f64>() / seen.len() as f64
    };
    (0..small * small).map(mean).collect()
}

/// All maps of a bin on one colour scale.
fn pictures(
    target: &Target,
    [mean, deviation]: [&[f64]; 2],
    observed: &Observed,
    bin: usize,
    figures: &mut Figures,
) -> Block {
    let patch = target.posterior.field().patch();
    let (side, area) = (patch.pixels(), patch.area_pixels());
    let block = (1..=side)
        .find(|block| side.is_multiple_of(*block) && side / block <= DRAWN)
        .unwrap_or(1);
    let of = |maps: &[f64]| coarse(&maps[bin * area..(bin + 1) * area], side, block);
    let mut panels = vec![("observed, with noise", of(&observed.convergence))];
    if let Some(truth) = &observed.truth {
        panels.push(("true", of(&truth.convergence)));
    }
    panels.extend([
        ("mean of the draws", of(mean)),
        ("deviation of the draws", of(deviation)),
    ]);
    let limit = panels[1].1.iter().fold(0.0, |most: f64, value| most.max(value.abs()));
    let remark = if block > 1 {
        format!(" Means of {block} by {block} pixels are drawn; the deviation is the mean one of a pixel.")
    } else {
        String::new()
    };
    let maps = BinMaps {
        bin,
        width_degrees: patch.width_degrees(),
        columns: panels.len(),
        panels,
        limit,
        ends: if observed.truth.is_some() { "true" } else { "mean" },
    };
    maps.add(&remark, figures)
}

fn powers(target: &Target, findings: &Findings, observed: &Observed, figures: &mut Figures) -> Vec<Block> {
    let multipoles = target.bands.multipoles();
    let area = target.posterior.field().patch().area_pixels();
    let mut blocks = Vec::new();
    for (bin, found) in findings.powers.iter().enumerate() {
        let edge = |sign: f64| -> Vec<f64> {
            let value =
                |found: &Option<Convergence>| found.map_or(f64::NAN, |found| found.mean + sign * found.deviation);
            found.iter().map(value).collect()
        };
        let mut curves = vec![Curve::new("mean of the draws", multipoles.to_vec(), edge(0.0))];
        if let Some(truth) = &observed.truth {
            let powers = target.bands.measure(&truth.convergence[bin * area..][..area]);
            curves.push(Curve::new("truth", multipoles.to_vec(), powers).with_style(CurveStyle::Dashed));
        }
        let chart = LineChart {
            title: format!("Power of the convergence, bin {bin}"),
            x: Axis::logarithmic("multipole"),
            y: Axis::logarithmic("power, sr"),
            bands: vec![CurveBand {
                name: "one deviation".to_owned(),
                x: multipoles.to_vec(),
                lower: edge(-1.0),
                upper: edge(1.0),
            }],
            curves,
            ..LineChart::default()
        };
        let caption = format!("Band powers of the maps of all draws in bin {bin}.");
        blocks.push(figures.add(&format!("power-{bin}"), caption, |theme| chart.svg(theme)));
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::coarse;

    #[test]
    fn blocks_are_means_of_what_was_observed() {
        let mut values: Vec<f64> = (0..16).map(f64::from).collect();
        assert_eq!(coarse(&values, 4, 1), values);
        assert_eq!(coarse(&values, 4, 2), [2.5, 4.5, 10.5, 12.5]);
        values[0] = f64::NAN;
        assert_eq!(coarse(&values, 4, 2)[0], (1.0 + 4.0 + 5.0) / 3.0);
        values[..8].fill(f64::NAN);
        assert!(coarse(&values, 4, 2)[0].is_nan());
    }
}
