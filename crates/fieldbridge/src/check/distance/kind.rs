//! Distances by name.

use serde::{Deserialize, Serialize};

use super::{
    Bandwidth, ClassifierTest, Coverage, Density, Distance, Frechet, MaximumMeanDiscrepancy, NeighbourTest, Points,
    Regularisation, Sinkhorn, SlicedWasserstein, Wasserstein, median_distance,
};

/// A distance by name, as the command line writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DistanceKind {
    /// [`SlicedWasserstein`].
    SlicedWasserstein,
    /// [`Wasserstein`].
    Wasserstein,
    /// [`Sinkhorn`].
    Sinkhorn,
    /// [`MaximumMeanDiscrepancy`], unbiased.
    Mmd,
    /// [`MaximumMeanDiscrepancy`], biased.
    MmdBiased,
    /// [`Frechet`].
    Frechet,
    /// [`ClassifierTest`].
    C2st,
    /// [`NeighbourTest`].
    Neighbours,
    /// [`Coverage`].
    Coverage,
    /// [`Density`].
    Density,
}

impl DistanceKind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::SlicedWasserstein,
        Self::Wasserstein,
        Self::Sinkhorn,
        Self::Mmd,
        Self::MmdBiased,
        Self::Frechet,
        Self::C2st,
        Self::Neighbours,
        Self::Coverage,
        Self::Density,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::SlicedWasserstein => "sliced_wasserstein",
            Self::Wasserstein => "wasserstein",
            Self::Sinkhorn => "sinkhorn",
            Self::Mmd => "mmd",
            Self::MmdBiased => "mmd_biased",
            Self::Frechet => "frechet",
            Self::C2st => "c2st",
            Self::Neighbours => "neighbours",
            Self::Coverage => "coverage",
            Self::Density => "density",
        }
    }

    /// What it is, for a reader of a table.
    pub fn describe(self) -> &'static str {
        match self {
            Self::SlicedWasserstein => "sliced Wasserstein distance",
            Self::Wasserstein => "Wasserstein-2 distance",
            Self::Sinkhorn => "Sinkhorn divergence, squared",
            Self::Mmd => "MMD^2, unbiased",
            Self::MmdBiased => "MMD^2, biased",
            Self::Frechet => "Frechet distance, squared",
            Self::C2st => "classifier accuracy, 1/2 at equality",
            Self::Neighbours => "neighbours of one's own set, 1/2 at equality",
            Self::Coverage => "coverage of the reference, more is better",
            Self::Density => "density of the reference, 1 at equality",
        }
    }

    /// The distance with its default settings. Scales it would take from its data are fixed by these two sets, so that the
    /// value, its error and its floor are of one and the same distance.
    pub fn build(self, reference: &Points, sample: &Points) -> Box<dyn Distance> {
        let discrepancy = |biased| {
            Box::new(MaximumMeanDiscrepancy {
                bandwidth: Bandwidth::Given(median_distance(reference, sample)),
                biased,
            })
        };
        match self {
            Self::SlicedWasserstein => Box::new(SlicedWasserstein::default()),
            Self::Wasserstein => Box::new(Wasserstein),
            Self::Sinkhorn => {
                let usual = Sinkhorn::default();
                Box::new(Sinkhorn {
                    regularisation: Regularisation::Given(usual.regularisation.of(reference)),
                    ..usual
                })
            }
            Self::Mmd => discrepancy(false),
            Self::MmdBiased => discrepancy(true),
            Self::Frechet => Box::new(Frechet),
            Self::C2st => Box::new(ClassifierTest::default()),
            Self::Neighbours => Box::new(NeighbourTest::default()),
            Self::Coverage => Box::new(Coverage::default()),
            Self::Density => Box::new(Density::default()),
        }
    }
}
