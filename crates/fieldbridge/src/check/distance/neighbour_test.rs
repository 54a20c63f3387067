//! A two-sample test by nearest neighbours.

use super::pairs::lines;
use super::{Distance, Points, require_comparable};
use crate::check::error::{CheckError, require_count};
use crate::random::Stream;

/// Mean share of the `k` nearest other points, of both sets together, that belong to the set of the point itself: close to
/// 1/2 for two samples of one law and of equal size, 1 for sets that lie apart (Schilling 1986, J. Am. Stat. Assoc. 81, 799;
/// with `k = 1` the accuracy of a nearest-neighbour classifier, Lopez-Paz and Oquab 2016, arXiv:1610.06545).
///
/// A second opinion on [`ClassifierTest`](super::ClassifierTest): nothing is trained, so nothing can fail to be, but it sees
/// little in many dimensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NeighbourTest {
    /// `k`, at least 1.
    pub neighbours: usize,
}

impl Default for NeighbourTest {
    fn default() -> Self {
        Self { neighbours: 5 }
    }
}

impl Distance for NeighbourTest {
    fn between(&self, reference: &Points, sample: &Points, _stream: &Stream) -> Result<f64, CheckError> {
        require_comparable(reference, sample, 2)?;
        require_count("neighbours", 1, self.neighbours)?;
        let rows = reference.rows();
        if sample.rows() != rows {
            return Err(CheckError::UnequalRows {
                what: "nearest-neighbour test",
                reference: rows,
                sample: sample.rows(),
            });
        }
        require_count("rows of both sets together", self.neighbours + 1, 2 * rows)?;
        // reference and sample against themselves and each other; no point is its own neighbour
        let ours = self.shares(reference, sample);
        let theirs = self.shares(sample, reference);
        Ok((ours + theirs) / (2 * rows) as f64)
    }
}

impl NeighbourTest {
    /// Sum over the points of `own` of the share of neighbours from `own`.
    fn shares(&self, own: &Points, other: &Points) -> f64 {
        let within = lines(own, own, |row, line| {
            let mut others = [&line[..row], &line[row + 1..]].concat();
            nearest(&mut others, self.neighbours)
        });
        let across = lines(own, other, |_, line| nearest(&mut line.to_vec(), self.neighbours));
        let shares = within.iter().zip(&across).map(|(within, across)| {
            // the radius that holds k neighbours; at a tie on its edge the places left are shared in proportion
            let mut both = [within.as_slice(), across.as_slice()].concat();
            both.sort_by(f64::total_cmp);
            let radius = both[self.neighbours - 1];
            let count = |squares: &[f64], inside: &dyn Fn(f64) -> bool| {
                squares.iter().filter(|&&square| inside(square)).count() as f64
            };
            let inner = count(within, &|square| square < radius);
            let left = self.neighbours as f64 - inner - count(across, &|square| square < radius);
            let edge = (
                count(within, &|square| square == radius),
                count(across, &|square| square == radius),
            );
            (inner + left * edge.0 / (edge.0 + edge.1)) / self.neighbours as f64
        });
        shares.sum()
    }
}

/// The `count` smallest, or all.
fn nearest(squares: &mut [f64], count: usize) -> Vec<f64> {
    if squares.len() > count {
        squares.select_nth_unstable_by(count - 1, f64::total_cmp);
    }
    squares[..count.min(squares.len())].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(neighbours: usize, a: &[f64], b: &[f64]) -> f64 {
        let reference = Points::new("reference", a, 1).unwrap();
        let sample = Points::new("sample", b, 1).unwrap();
        NeighbourTest { neighbours }
            .between(&reference, &sample, &Stream::new(0, "", 0))
            .unwrap()
    }

    #[test]
    fn sets_apart_give_one_and_interleaved_ones_zero() {
        assert_eq!(test(1, &[0.0, 0.1, 0.2], &[5.0, 5.1, 5.2]), 1.0);
        assert_eq!(test(1, &[0.0, 1.0, 2.0], &[0.1, 1.1, 2.1]), 0.0);
    }

    #[test]
    fn ties_are_shared() {
        // the twin of a point is nearest, then come the points one away from both sets, two of each
        assert_eq!(test(1, &[0.0, 1.0, 2.0], &[0.0, 1.0, 2.0]), 0.0);
        assert!((test(3, &[-1.0, 0.0, 1.0], &[-1.0, 0.0, 1.0]) - 1.0 / 3.0).abs() < 1e-15);
    }
}
