//! Coverage and density: is the sample near the reference, and the reference near the sample?

use super::pairs::lines;
use super::{Distance, Points, require_comparable};
use crate::check::error::{CheckError, require_count};
use crate::random::Stream;

/// Share of the points of the reference with a point of the sample in their neighbourhood: the ball that reaches to the
/// `k`-th nearest other point of the reference (Naeem et al. 2020, arXiv:2002.09797).
///
/// For two samples of one law with `n` and `m` points it is on average `1 - (n-1)...(n-k) / ((n+m-1)...(n+m-k))`, whatever
/// the law, or about `1 - 2^-k`. It falls where the sample misses part of the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// `k`, at least 1.
    pub neighbours: usize,
}

/// Mean over the points of the sample of the number of neighbourhoods of the reference they lie in, over `k` (Naeem et al.
/// 2020, arXiv:2002.09797): 1 on average for two samples of one law, less when the sample strays where the reference is not,
/// more when it crowds where the reference is dense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Density {
    /// `k`, at least 1.
    pub neighbours: usize,
}

/// Neighbours in the paper's experiments.
const NEIGHBOURS: usize = 5;

impl Default for Coverage {
    fn default() -> Self {
        Self { neighbours: NEIGHBOURS }
    }
}

impl Default for Density {
    fn default() -> Self {
        Self { neighbours: NEIGHBOURS }
    }
}

impl Distance for Coverage {
    fn between(&self, reference: &Points, sample: &Points, _stream: &Stream) -> Result<f64, CheckError> {
        let counts = points_in_neighbourhoods(reference, sample, self.neighbours)?;
        let covered = counts.iter().filter(|&&count| count > 0).count();
        Ok(covered as f64 / reference.rows() as f64)
    }
}

impl Distance for Density {
    fn between(&self, reference: &Points, sample: &Points, _stream: &Stream) -> Result<f64, CheckError> {
        let counts = points_in_neighbourhoods(reference, sample, self.neighbours)?;
        let total: usize = counts.iter().sum();
        Ok(total as f64 / (self.neighbours * sample.rows()) as f64)
    }
}

/// For every point of the reference, the number of points of the sample in its neighbourhood, the edge included.
fn points_in_neighbourhoods(reference: &Points, sample: &Points, neighbours: usize) -> Result<Vec<usize>, CheckError> {
    require_count("neighbours", 1, neighbours)?;
    require_comparable(reference, sample, 2)?;
    require_count("rows of the reference", neighbours + 1, reference.rows())?;
    let radii = lines(reference, reference, |row, line| {
        let mut others = [&line[..row], &line[row + 1..]].concat();
        *others.select_nth_unstable_by(neighbours - 1, f64::total_cmp).1
    });
    Ok(lines(reference, sample, |row, line| {
        line.iter().filter(|&&square| square <= radii[row]).count()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_on_part_of_the_reference_covers_that_part() {
        let reference = Points::new("reference", &[0.0, 1.0, 3.0, 10.0, 11.0, 14.0], 1).unwrap();
        let sample = Points::new("sample", &[0.5, 2.5, 100.0], 1).unwrap();
        let stream = Stream::new(0, "", 0);
        // radii of the nearest neighbour: 1, 1, 2, 1, 1, 3
        let coverage = Coverage { neighbours: 1 }.between(&reference, &sample, &stream);
        assert_eq!(coverage.unwrap(), 3.0 / 6.0);
        // 0.5 lies in the balls of 0 and 1, 2.5 in that of 3
        let density = Density { neighbours: 1 }.between(&reference, &sample, &stream);
        assert_eq!(density.unwrap(), 3.0 / 3.0);
    }

    #[test]
    fn more_neighbours_than_points_are_refused() {
        let points = Points::new("reference", &[0.0, 1.0, 2.0], 1).unwrap();
        let stream = Stream::new(0, "", 0);
        for neighbours in [0, 3] {
            assert!(matches!(
                Coverage { neighbours }.between(&points, &points, &stream),
                Err(CheckError::TooFew { .. })
            ));
        }
    }
}
