//! The distance of the means of a kernel's features.

use super::pairs::lines;
use super::{Distance, Points, require_comparable};
use crate::check::error::{CheckError, require_within};
use crate::random::Stream;

/// Width of the kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Bandwidth {
    /// `s`, in the units of the points.
    Given(f64),
    /// The [`median_distance`] of the two sets.
    #[default]
    Median,
}

/// `MMD^2 = E k(x, x') + E k(y, y') - 2 E k(x, y)` with `k(x, y) = exp(-|x - y|^2 / (2 s^2))` (Gretton et al. 2012, J. Mach.
/// Learn. Res. 13, 723).
///
/// Unbiased, pairs of a point with itself are left out: the mean over samples is the value of the two laws, so samples of
/// one law scatter around zero, also below. Biased, they are kept and the value is never negative, but larger by about
/// `2 (1 - E k) / n`. Differences much finer or coarser than `s` are not seen.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MaximumMeanDiscrepancy {
    /// `s`.
    pub bandwidth: Bandwidth,
    /// Whether pairs of a point with itself count.
    pub biased: bool,
}

impl Distance for MaximumMeanDiscrepancy {
    fn between(&self, reference: &Points, sample: &Points, _stream: &Stream) -> Result<f64, CheckError> {
        require_comparable(reference, sample, 2)?;
        let width = match self.bandwidth {
            Bandwidth::Given(width) => width,
            Bandwidth::Median => median_distance(reference, sample),
        };
        require_within("bandwidth", &[width], f64::MIN_POSITIVE, f64::MAX)?;
        let sum = |from: &Points, to: &Points| {
            let of_line =
                |_, line: &[f64]| -> f64 { line.iter().map(|square| (-0.5 * square / width / width).exp()).sum() };
            lines(from, to, of_line).iter().sum::<f64>()
        };
        let (n, m) = (reference.rows() as f64, sample.rows() as f64);
        let within = |points: &Points, count: f64| {
            let all = sum(points, points);
            if self.biased {
                all / (count * count)
            } else {
                (all - count) / (count * (count - 1.0))
            }
        };
        Ok(within(reference, n) + within(sample, m) - 2.0 * sum(reference, sample) / (n * m))
    }
}

/// The median Euclidean distance between two different points of both sets together (of more than 2000 points, 2000 at
/// equal steps in sorted order); 1 when it is zero, as when most points are the same.
///
/// # Panics
/// When the dimensions differ.
pub fn median_distance(reference: &Points, sample: &Points) -> f64 {
    /// Points whose pairs are looked at.
    const MOST: usize = 2000;
    assert_eq!(reference.dimension(), sample.dimension(), "points of one dimension");
    let together = [reference.values(), sample.values()].concat();
    let pooled = Points::new("points", &together, reference.dimension()).expect("points are finite");
    let thinned = if pooled.rows() > MOST {
        let places: Vec<usize> = (0..MOST).map(|place| place * pooled.rows() / MOST).collect();
        pooled.choose(&places)
    } else {
        pooled
    };
    let mut squares = lines(&thinned, &thinned, |row, line| line[row + 1..].to_vec()).concat();
    let (count, middle) = (squares.len(), squares.len() / 2);
    let (below, upper, _) = squares.select_nth_unstable_by(middle, f64::total_cmp);
    let mut median = upper.sqrt();
    if count.is_multiple_of(2) {
        let lower = below.iter().copied().fold(0.0, f64::max).sqrt();
        median = 0.5 * (lower + median);
    }
    if median > 0.0 { median } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(values: &[f64]) -> Points {
        Points::new("points", values, 1).unwrap()
    }

    fn mmd(bandwidth: Bandwidth, biased: bool, a: &[f64], b: &[f64]) -> f64 {
        MaximumMeanDiscrepancy { bandwidth, biased }
            .between(&points(a), &points(b), &Stream::new(0, "", 0))
            .unwrap()
    }

    #[test]
    fn both_estimators_are_their_sums() {
        let (a, b, s) = ([0.0, 1.0, 4.0], [0.5, 2.0], 1.3_f64);
        let k = |x: f64, y: f64| (-0.5 * ((x - y) / s).powi(2)).exp();
        let all = |a: &[f64], b: &[f64]| -> f64 { a.iter().flat_map(|x| b.iter().map(move |y| k(*x, *y))).sum() };
        let cross = 2.0 * all(&a, &b) / 6.0;
        let biased = all(&a, &a) / 9.0 + all(&b, &b) / 4.0 - cross;
        assert!((mmd(Bandwidth::Given(s), true, &a, &b) - biased).abs() < 1e-15);
        let unbiased = (all(&a, &a) - 3.0) / 6.0 + (all(&b, &b) - 2.0) / 2.0 - cross;
        assert!((mmd(Bandwidth::Given(s), false, &a, &b) - unbiased).abs() < 1e-15);
    }

    #[test]
    fn the_median_is_that_of_all_pairs() {
        // pairs of 0, 1, 3, 7: 1 2 3 4 6 7
        assert_eq!(median_distance(&points(&[3.0, 0.0]), &points(&[7.0, 1.0])), 3.5);
        // pairs of 0, 1, 3: 1 2 3
        assert_eq!(median_distance(&points(&[3.0, 0.0]), &points(&[1.0])), 2.0);
        assert_eq!(median_distance(&points(&[2.0, 2.0]), &points(&[2.0, 2.0])), 1.0);
        let median = mmd(Bandwidth::Median, true, &[3.0, 0.0], &[7.0, 1.0]);
        assert_eq!(median, mmd(Bandwidth::Given(3.5), true, &[3.0, 0.0], &[7.0, 1.0]));
    }

    #[test]
    fn a_kernel_without_width_is_refused() {
        for width in [0.0, -1.0, f64::NAN] {
            let distance = MaximumMeanDiscrepancy {
                bandwidth: Bandwidth::Given(width),
                biased: false,
            };
            let found = distance.between(&points(&[0.0, 1.0]), &points(&[0.0, 1.0]), &Stream::new(0, "", 0));
            assert!(found.unwrap_err().to_string().contains("bandwidth"));
        }
    }
}
