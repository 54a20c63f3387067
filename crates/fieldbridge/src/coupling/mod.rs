//! Which points are joined: the coupling of base draws and data rows in one batch.
//!
//! A bridge is trained on pairs `(x0, x1)`. Any joint distribution with the base and the data as its marginals is
//! allowed; within a batch of `n` base draws and `n` data rows it is a permutation `s`, data row `j` being joined to
//! base row `s(j)`:
//!
//! | coupling | permutation |
//! |---|---|
//! | [`Independent`] | `s(j) = j`, the base draws being independent of the data already |
//! | [`OptimalTransport`] | `argmin_s sum_j \|x0_s(j) - x1_j\|^2` |
//! | [`Conditional`] | `argmin_s sum_j \|x0_s(j) - x1_j\|^2 + w \|c_s(j) - c_j\|^2` |
//! | [`Sinkhorn`] | drawn from the entropic plan: no permutation, but right on average |
//!
//! Pairs that lie close make straight paths, which few solver steps can follow (Pooladian et al. 2023,
//! arXiv:2304.14772; Tong et al. 2023, arXiv:2302.00482). With a context `c`, plain optimal transport gives rows of
//! different context different parts of the base, while sampling later starts from the whole base in every context:
//! the learned conditional distribution is biased. [`Conditional`] (Cheng and Schwing 2025, arXiv:2503.10636) joins
//! near points only among rows of near context, and says how much of the bias that leaves.

mod assignment;
mod conditional;
mod distance;
mod entropic_plan;
mod independent;
mod jonker_volgenant;
mod sinkhorn;

use serde::{Deserialize, Serialize};

use crate::random::Stream;

pub use assignment::{Assignment, OptimalTransport, assign};
pub use conditional::Conditional;
pub use entropic_plan::{Plan, entropic_plan};
pub use independent::Independent;
pub use sinkhorn::Sinkhorn;

/// Which base point is joined to which data point, in one batch.
pub trait Coupling: Send + Sync + std::fmt::Debug {
    /// For every data row the base row joined to it: a permutation of `0..batch.rows`, or, with [`Sinkhorn`], a draw
    /// whose mean over streams joins every base row once.
    ///
    /// The same batch and stream give the same permutation, whatever the number of threads.
    ///
    /// # Panics
    /// When the lengths in `batch` break what [`Batch`] promises.
    fn pair(&self, batch: &Batch<'_>, stream: &Stream) -> Vec<usize>;
}

/// The points of one batch, each table flat and row by row.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// Draws of the base, `[rows, dimension]`.
    pub base: &'a [f32],
    /// Rows of the data, `[rows, dimension]`, in the units of the network (scaled).
    pub data: &'a [f32],
    /// What the data rows are conditioned on, `[rows, features]`, columns of comparable scale; empty without context.
    pub context: &'a [f32],
    /// Number of base draws and of data rows.
    pub rows: usize,
}

impl Batch<'_> {
    /// Stops at tables whose lengths cannot be those of one batch: the caller is broken, not the data.
    fn expect_consistent(&self) {
        let Self {
            base,
            data,
            context,
            rows,
        } = self;
        assert_eq!(
            base.len(),
            data.len(),
            "base and data of one batch hold equally many numbers"
        );
        let whole = |length: usize| {
            if *rows == 0 {
                length == 0
            } else {
                length.is_multiple_of(*rows)
            }
        };
        assert!(whole(base.len()), "{} numbers are no table of {rows} rows", base.len());
        assert!(
            whole(context.len()),
            "{} context numbers are no table of {rows} rows",
            context.len()
        );
    }
}

/// A coupling by name, as recipes write it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum CouplingKind {
    /// [`Independent`].
    #[default]
    Independent,
    /// [`OptimalTransport`]; not for bridges with a context.
    Assignment,
    /// [`Conditional`] with its default ratio.
    Conditional,
    /// [`Sinkhorn`]; not for bridges with a context.
    Sinkhorn {
        /// `s`, in units of the scaled data.
        deviation: f64,
    },
}

impl CouplingKind {
    /// The coupling it names.
    pub fn build(self) -> Box<dyn Coupling> {
        match self {
            Self::Independent => Box::new(Independent),
            Self::Assignment => Box::new(OptimalTransport),
            Self::Conditional => Box::new(Conditional::default()),
            Self::Sinkhorn { deviation } => Box::new(Sinkhorn {
                deviation,
                ..Sinkhorn::default()
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_builds_the_coupling_it_names() {
        let batch = Batch {
            base: &[0.0, 1.0, 2.0],
            data: &[2.0, 1.5, 0.0],
            context: &[0.0, 0.0, 5.0],
            rows: 3,
        };
        let pairs = |kind: CouplingKind| kind.build().pair(&batch, &Stream::new(0, "pairs", 0));
        assert_eq!(pairs(CouplingKind::default()), [0, 1, 2]);
        assert_eq!(pairs(CouplingKind::Assignment), [2, 1, 0]);
        // the last row has a context of its own
        assert_eq!(pairs(CouplingKind::Conditional), [1, 0, 2]);
    }

    #[test]
    #[should_panic(expected = "7 context numbers are no table of 3 rows")]
    fn tables_of_another_length_are_refused() {
        Independent.pair(
            &Batch {
                base: &[0.0; 6],
                data: &[0.0; 6],
                context: &[0.0; 7],
                rows: 3,
            },
            &Stream::new(0, "", 0),
        );
    }
}
