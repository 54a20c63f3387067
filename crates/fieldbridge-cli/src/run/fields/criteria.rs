//! What is demanded of a model beside the exact posterior.

use fieldbridge::check::median;

use super::comparison::{Comparison, Side};
use super::draws::moments;
use super::exact::CELLS;
use super::found::{Calibration, Criterion, ExactComparison, ParameterComparison, Spectra};

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

impl Comparison {
    /// All numbers, and whether they are as they ought to be.
    pub(super) fn judged(
        self,
        calibrations: (&Calibration, Calibration),
        spectra: &Spectra,
        seed: u64,
    ) -> anyhow::Result<ExactComparison> {
        let (c2st, c2st_floor) = self.classifiers(seed)?;
        let [model, exact] = &self.sides;
        let (variance, variance_scatter) = model.variance_ratio(&self.exact_variance);
        let (floor_variance, floor_scatter) = exact.variance_ratio(&self.exact_variance);
        let (map_offset, floor_offset) = (
            model.map_offset(&self.exact_variance),
            exact.map_offset(&self.exact_variance),
        );
        let most = |values: &[f64]| values.iter().copied().fold(0.0, f64::max);
        let off = |values: &[f64]| values.iter().map(|value| (value - 1.0).abs()).fold(0.0, f64::max);
        let widths = |side: &Side| side.widths.iter().map(|widths| mean(widths)).collect::<Vec<f64>>();
        let farthest = |values: &[f64]| {
            let by_distance = |a: &&f64, b: &&f64| (*a - 1.0).abs().total_cmp(&(*b - 1.0).abs());
            values.iter().max_by(by_distance).copied().unwrap_or(f64::NAN)
        };
        let mut criteria = Vec::new();
        let mut ask = |name: &str, value: f64, exact_draws: Option<f64>, demand: &str, met: bool| {
            criteria.push(Criterion {
                name: name.to_owned(),
                value,
                exact_draws,
                demand: demand.to_owned(),
                met,
            });
        };
        let offset = model.mean_offset();
        ask(
            "means of parameters, exact deviations away",
            offset,
            Some(exact.mean_offset()),
            "at most 0.2 on average",
            offset <= 0.2,
        );
        let width = farthest(&widths(model));
        ask(
            "widths of parameters over the exact ones, farthest",
            width,
            Some(farthest(&widths(exact))),
            "0.9 to 1.1",
            (0.9..=1.1).contains(&width),
        );
        let accuracy = median(&mut c2st.clone());
        ask(
            "classifier on parameters, median",
            accuracy,
            Some(median(&mut c2st_floor.clone())),
            "at most 0.60",
            accuracy <= 0.6,
        );
        let (own, exact_own) = (calibrations.0, &calibrations.1);
        for (name, scores, floor) in [
            ("parameters", &own.parameters, &exact_own.parameters),
            ("parameters and maps", &own.joint, &exact_own.joint),
        ] {
            let deviation = scores.tarp.maximum_deviation;
            ask(
                &format!("coverage of {name}, largest deviation"),
                deviation,
                Some(floor.tarp.maximum_deviation),
                "below 0.06",
                deviation < 0.06,
            );
        }
        for (name, scores, floor) in [
            ("parameters", &own.parameters, &exact_own.parameters),
            ("parameters and maps", &own.joint, &exact_own.joint),
        ] {
            let errors = scores.mira.deviation / scores.mira.standard_error;
            ask(
                &format!("Mira of {name}, standard errors from what is expected"),
                errors,
                Some(floor.mira.deviation / floor.mira.standard_error),
                "within 2",
                errors.abs() <= 2.0,
            );
        }
        if let Some(ratio) = &spectra.ratio {
            // auto-spectra alone: a ratio of cross-spectra means little where they cross zero
            let bands = spectra.multipoles.len();
            let autos: Vec<f64> = autos(self.geometry.bins)
                .flat_map(|pair| ratio[pair * bands..(pair + 1) * bands].to_vec())
                .collect();
            let power = farthest(&autos);
            ask(
                "power of drawn maps over that of exact draws, farthest band",
                power,
                None,
                "0.95 to 1.05",
                (0.95..=1.05).contains(&power),
            );
        }
        ask(
            "mean maps, root mean square in exact deviations",
            most(&map_offset),
            Some(most(&floor_offset)),
            "at most 0.10",
            most(&map_offset) <= 0.1,
        );
        let field = farthest(&variance);
        ask(
            "variance of maps over the exact one, all pixels",
            field,
            Some(farthest(&floor_variance)),
            "0.9 to 1.1",
            off(&variance) <= 0.1,
        );
        ask(
            "variance of maps over the exact one, scatter of pixels",
            most(&variance_scatter),
            Some(most(&floor_scatter)),
            "at most 0.10",
            most(&variance_scatter) <= 0.1,
        );
        let parameters = self.columns.iter().enumerate().map(|(at, name)| {
            let offsets = &model.offsets[at];
            ParameterComparison {
                name: name.clone(),
                offset: offsets.iter().map(|offset| offset.abs()).sum::<f64>() / offsets.len() as f64,
                bias: moments(offsets.iter().copied()).0,
                width: mean(&model.widths[at]),
            }
        });
        Ok(ExactComparison {
            cells: CELLS,
            parameters: parameters.collect(),
            c2st,
            c2st_floor,
            map_offset,
            variance,
            variance_scatter,
            calibration: calibrations.1,
            criteria,
        })
    }
}

/// Places of the auto-spectra among all pairs of bins.
pub(super) fn autos(bins: usize) -> impl Iterator<Item = usize> {
    (0..bins).map(move |bin| bin * bins - bin * bin.saturating_sub(1) / 2)
}
