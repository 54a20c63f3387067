//! Interpolation in tables.

use crate::Real;

/// Cubic polynomial through two points with given slopes: value and slope at `fraction` of a segment of width `width`.
pub(crate) fn hermite<R: Real>(left: R, left_slope: R, right: R, right_slope: R, width: f64, fraction: R) -> (R, R) {
    let rise = right - left;
    let start = left_slope * width;
    let end = right_slope * width;
    // left + start f + (3 rise - 2 start - end) f^2 + (start + end - 2 rise) f^3
    let square = rise * 3.0 - start * 2.0 - end;
    let cube = start + end - rise * 2.0;
    let value = left + fraction * (start + fraction * (square + fraction * cube));
    let slope = (start + fraction * (square * 2.0 + fraction * cube * 3.0)) / width;
    (value, slope)
}

/// Weights of Lagrange's polynomial through `nodes` at `x`.
pub(crate) fn lagrange_weights(nodes: &[f64], x: f64) -> Vec<f64> {
    let weight = |index: usize| {
        let others = nodes.iter().enumerate().filter(|&(other, _)| other != index);
        others.map(|(_, node)| (x - node) / (nodes[index] - node)).product()
    };
    (0..nodes.len()).map(weight).collect()
}

/// Where `x` lies in an ascending table of at least two nodes: the segment that holds it (the first or last beyond the
/// ends), and the fraction of it.
pub(crate) fn locate(nodes: &[f64], x: f64) -> (usize, f64) {
    let index = nodes.partition_point(|&node| node <= x).clamp(1, nodes.len() - 1) - 1;
    (index, (x - nodes[index]) / (nodes[index + 1] - nodes[index]))
}

/// Slopes at the nodes of the natural cubic spline through `(x, y)`, at least two points.
pub(crate) fn natural_spline_slopes(x: &[f64], y: &[f64]) -> Vec<f64> {
    let last = x.len() - 1;
    let (mut upper, mut right) = (vec![0.0; last + 1], vec![0.0; last + 1]);
    let inverse = |index: usize| 1.0 / (x[index + 1] - x[index]);
    let pull = |index: usize| 3.0 * (y[index + 1] - y[index]) * inverse(index).powi(2);
    for index in 0..=last {
        let below = if index > 0 { inverse(index - 1) } else { 0.0 };
        let above = if index < last { inverse(index) } else { 0.0 };
        let before = if index > 0 { pull(index - 1) } else { 0.0 };
        let after = if index < last { pull(index) } else { 0.0 };
        let (upper_before, right_before) = if index > 0 {
            (upper[index - 1], right[index - 1])
        } else {
            (0.0, 0.0)
        };
        let pivot = 2.0 * (below + above) - below * upper_before;
        upper[index] = above / pivot;
        right[index] = (before + after - below * right_before) / pivot;
    }
    for index in (0..last).rev() {
        right[index] -= upper[index] * right[index + 1];
    }
    right
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cubics_are_reproduced() {
        let cubic = |x: f64| 1.0 - 2.0 * x + 0.5 * x * x + 3.0 * x.powi(3);
        let slope = |x: f64| -2.0 + x + 9.0 * x * x;
        let (value, found) = hermite(cubic(1.0), slope(1.0), cubic(3.0), slope(3.0), 2.0, 0.3);
        assert!((value - cubic(1.6)).abs() < 1e-12 && (found - slope(1.6)).abs() < 1e-12);
        let nodes = [0.0, 1.0, 2.5, 4.0];
        let weights = lagrange_weights(&nodes, 3.1);
        let found: f64 = weights.iter().zip(nodes).map(|(w, x)| w * cubic(x)).sum();
        assert!((found - cubic(3.1)).abs() < 1e-12);
    }

    #[test]
    fn a_spline_is_straight_through_a_line_and_close_to_a_sine() {
        let x: Vec<f64> = (0..40)
            .map(|index| f64::from(index) * 0.1 + 0.001 * f64::from(index * index))
            .collect();
        let line: Vec<f64> = x.iter().map(|x| 2.0 - 3.0 * x).collect();
        assert!(
            natural_spline_slopes(&x, &line)
                .iter()
                .all(|slope| (slope + 3.0).abs() < 1e-12)
        );
        let sine: Vec<f64> = x.iter().map(|x| x.sin()).collect();
        let slopes = natural_spline_slopes(&x, &sine);
        // far from the ends, where natural splines are forced straight
        for (slope, x) in slopes.iter().zip(&x).take(30).skip(12) {
            assert!((slope - x.cos()).abs() < 2e-5);
        }
    }

    #[test]
    fn positions_beyond_the_table_belong_to_its_ends() {
        let nodes = [0.0, 1.0, 3.0];
        assert_eq!(locate(&nodes, 2.0), (1, 0.5));
        assert_eq!(locate(&nodes, -1.0), (0, -1.0));
        assert_eq!(locate(&nodes, 5.0), (1, 2.0));
        assert_eq!(locate(&nodes, 1.0), (1, 0.0));
    }
}
