//! Coverage and Mira of parameters and of everything, row by row.

use fieldbridge::check::{Closer, MiraRows, MiraSettings, TarpRows, TarpSettings};

use super::found::{Calibration, Scores};

/// Balls of the Mira score of parameters and maps together, whose distances cost most.
const JOINT_RUNS: usize = 20;

/// Calibration row by row.
pub(super) struct Scoring<'a> {
    tarp: [TarpRows<'a>; 2],
    mira: [MiraRows<'a>; 2],
    parameters: usize,
    width: usize,
}

/// Of one row: coverage and score of the parameters, and of everything.
pub(super) type Row = [(Closer, f64); 2];

impl<'a> Scoring<'a> {
    /// For truths of the parameters and of everything. Distances weigh numbers alike after each is scaled by `ranges`, those
    /// of the training rows.
    pub(super) fn new(
        parameters: (&'a [f64], usize),
        all: (&'a [f64], usize),
        ranges: &[(f64, f64)],
        seed: u64,
    ) -> anyhow::Result<Self> {
        let first = || ranges[..parameters.1].to_vec();
        let settings = TarpSettings {
            seed,
            ..TarpSettings::default()
        };
        let runs = |runs| MiraSettings {
            runs,
            seed,
            ..MiraSettings::default()
        };
        Ok(Self {
            tarp: [
                TarpRows::new(parameters.0, parameters.1, &settings)?.scaled_by(first()),
                TarpRows::new(all.0, all.1, &settings)?.scaled_by(ranges.to_vec()),
            ],
            mira: [
                MiraRows::new(parameters.0, parameters.1, &runs(MiraSettings::default().runs))?.scaled_by(first()),
                MiraRows::new(all.0, all.1, &runs(JOINT_RUNS))?.scaled_by(ranges.to_vec()),
            ],
            parameters: parameters.1,
            width: all.1,
        })
    }

    pub(super) fn row(&self, row: usize, draws: &[f64]) -> Row {
        let parameters: Vec<f64> = draws
            .chunks_exact(self.width)
            .flat_map(|draw| draw[..self.parameters].iter().copied())
            .collect();
        [parameters.as_slice(), draws]
            .into_iter()
            .zip(self.tarp.iter().zip(&self.mira))
            .map(|(draws, (tarp, mira))| (tarp.count(row, draws), mira.score(row, draws)))
            .collect::<Vec<_>>()
            .try_into()
            .expect("two of them")
    }

    pub(super) fn finish(&self, rows: &[Row], draws: usize) -> anyhow::Result<Calibration> {
        let scores = |at: usize| -> anyhow::Result<Scores> {
            let (counted, scored): (Vec<Closer>, Vec<f64>) = rows.iter().map(|row| row[at]).unzip();
            Ok(Scores {
                tarp: self.tarp[at].finish(&counted, draws)?,
                mira: self.mira[at].finish(&scored, draws)?,
            })
        };
        Ok(Calibration {
            parameters: scores(0)?,
            joint: scores(1)?,
        })
    }
}
