//! Integrals over one variable: Gauss and Legendre in panels, with running integrals, and the rules of others.

use crate::Real;

/// Nodes and weights of Gauss and Legendre on `[-1, 1]`.
fn gauss_legendre(order: usize) -> (Vec<f64>, Vec<f64>) {
    let count = order as f64;
    (0..order)
        .map(|index| {
            // Newton from the guess of Tricomi, from left to right
            let mut x = -(std::f64::consts::PI * (index as f64 + 0.75) / (count + 0.5)).cos();
            let mut slope = 1.0;
            for _ in 0..100 {
                let (mut last, mut value) = (1.0, x);
                for degree in 1..order {
                    let degree = degree as f64;
                    (last, value) = (
                        value,
                        ((2.0 * degree + 1.0) * x * value - degree * last) / (degree + 1.0),
                    );
                }
                slope = count * (x * value - last) / (x * x - 1.0);
                let change = value / slope;
                x -= change;
                if change.abs() < 1e-15 {
                    break;
                }
            }
            (x, 2.0 / ((1.0 - x * x) * slope * slope))
        })
        .unzip()
}

/// A range cut into panels, each with the nodes of Gauss and Legendre.
#[derive(Debug, Clone)]
pub(crate) struct Panels {
    edges: Vec<f64>,
    order: usize,
    nodes: Vec<f64>,
    weights: Vec<f64>,
    /// `[order, order]`: integral from -1 to node `j` of the polynomial that is one at node `i`.
    partial: Vec<f64>,
}

impl Panels {
    /// Panels between ascending `edges`, each with `order >= 2` nodes.
    ///
    /// # Panics
    /// With fewer than two edges.
    #[must_use]
    pub(crate) fn new(edges: Vec<f64>, order: usize) -> Self {
        assert!(edges.len() > 1 && order > 1, "a panel has two edges and two nodes");
        let (unit_nodes, unit_weights) = gauss_legendre(order);
        let lagrange = |index: usize, x: f64| -> f64 {
            (0..order)
                .filter(|&other| other != index)
                .map(|other| (x - unit_nodes[other]) / (unit_nodes[index] - unit_nodes[other]))
                .product()
        };
        let mut partial = Vec::with_capacity(order * order);
        for &end in &unit_nodes {
            let half = 0.5 * (end + 1.0);
            for index in 0..order {
                let terms = unit_nodes.iter().zip(&unit_weights);
                partial.push(
                    terms
                        .map(|(&x, &w)| w * half * lagrange(index, half * (x + 1.0) - 1.0))
                        .sum(),
                );
            }
        }
        let (mut nodes, mut weights) = (Vec::new(), Vec::new());
        for pair in edges.windows(2) {
            let half = 0.5 * (pair[1] - pair[0]);
            nodes.extend(unit_nodes.iter().map(|x| pair[0] + half * (x + 1.0)));
            weights.extend(unit_weights.iter().map(|w| w * half));
        }
        Self {
            edges,
            order,
            nodes,
            weights,
            partial,
        }
    }

    /// `count` panels of equal width.
    #[must_use]
    pub(crate) fn uniform(start: f64, end: f64, count: usize, order: usize) -> Self {
        let edge = |index: usize| start + (end - start) * index as f64 / count as f64;
        Self::new((0..=count).map(edge).collect(), order)
    }

    /// Where the integrand is needed, ascending.
    #[must_use]
    pub(crate) fn nodes(&self) -> &[f64] {
        &self.nodes
    }

    /// Weight of each node.
    #[must_use]
    pub(crate) fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// The integral over the whole range.
    pub(crate) fn integral<R: Real>(&self, values: &[R]) -> R {
        weighted_sum(values, &self.weights)
    }

    /// The integrals from the start to each node.
    pub(crate) fn running_integral<R: Real>(&self, values: &[R]) -> Vec<R> {
        let mut before = R::from(0.0);
        let mut integrals = Vec::with_capacity(values.len());
        for panel in 0..self.edges.len() - 1 {
            let (inside, whole) = self.inside(panel, values);
            integrals.extend(inside.into_iter().map(|inside| before + inside));
            before += whole;
        }
        integrals
    }

    /// The integrals from each node to the end.
    pub(crate) fn remaining_integral<R: Real>(&self, values: &[R]) -> Vec<R> {
        let mut after = R::from(0.0);
        let mut integrals = vec![after; values.len()];
        for panel in (0..self.edges.len() - 1).rev() {
            let (inside, whole) = self.inside(panel, values);
            for (integral, inside) in integrals[panel * self.order..].iter_mut().zip(inside) {
                *integral = after + whole - inside;
            }
            after += whole;
        }
        integrals
    }

    /// The integrals from the start of a panel to its nodes, and over all of it.
    fn inside<R: Real>(&self, panel: usize, values: &[R]) -> (Vec<R>, R) {
        let range = panel * self.order..(panel + 1) * self.order;
        let half = 0.5 * (self.edges[panel + 1] - self.edges[panel]);
        let values = &values[range.clone()];
        let rows = self.partial.chunks(self.order);
        (
            rows.map(|row| weighted_sum(values, row) * half).collect(),
            weighted_sum(values, &self.weights[range]),
        )
    }
}

/// `sum of weights x values`.
pub(crate) fn weighted_sum<R: Real>(values: &[R], weights: &[f64]) -> R {
    values
        .iter()
        .zip(weights)
        .fold(R::from(0.0), |sum, (&value, &weight)| sum + value * weight)
}

/// Weights of Simpson's rule for `intervals` (even) steps of `step`; there is one more weight than intervals.
pub(crate) fn simpson_weights(step: f64, intervals: usize) -> Vec<f64> {
    debug_assert!(intervals.is_multiple_of(2), "Simpson's rule joins pairs of intervals");
    (0..=intervals)
        .map(|index| match index {
            _ if index == 0 || index == intervals => step / 3.0,
            _ if index % 2 == 1 => 4.0 * step / 3.0,
            _ => 2.0 * step / 3.0,
        })
        .collect()
}

/// Weights of Romberg's rule with `2^halvings` steps over a range of length `length` (Romberg 1955): the last entry of
/// the triangle of extrapolated trapezoidal sums, which is linear in the values.
pub(crate) fn romberg_weights(length: f64, halvings: u32) -> Vec<f64> {
    let intervals = 1usize << halvings;
    let mut rules: Vec<Vec<f64>> = (0..=halvings)
        .map(|level| {
            let stride = intervals >> level;
            let step = length / f64::from(1u32 << level);
            let weight = |index: usize| match index {
                _ if !index.is_multiple_of(stride) => 0.0,
                _ if index == 0 || index == intervals => 0.5 * step,
                _ => step,
            };
            (0..=intervals).map(weight).collect()
        })
        .collect();
    for round in 1..=halvings {
        let gain = 4.0_f64.powi(round as i32);
        rules = rules
            .windows(2)
            .map(|pair| {
                pair[0]
                    .iter()
                    .zip(&pair[1])
                    .map(|(coarse, fine)| (gain * fine - coarse) / (gain - 1.0))
                    .collect()
            })
            .collect();
    }
    rules.remove(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn running_integrals_of_polynomials_are_exact() {
        let panels = Panels::new(vec![-1.0, 0.5, 0.7, 3.0], 5);
        // order 5 interpolates degree 4 exactly
        let values: Vec<f64> = panels.nodes().iter().map(|x| 5.0 * x.powi(4) - 2.0 * x).collect();
        let antiderivative = |x: f64| x.powi(5) - x * x;
        for (running, x) in panels.running_integral(&values).iter().zip(panels.nodes()) {
            assert!((running - (antiderivative(*x) - antiderivative(-1.0))).abs() < 1e-11);
        }
        for (rest, x) in panels.remaining_integral(&values).iter().zip(panels.nodes()) {
            assert!((rest - (antiderivative(3.0) - antiderivative(*x))).abs() < 1e-11);
        }
        // and integrates degree 9
        let values: Vec<f64> = panels.nodes().iter().map(|x| 10.0 * x.powi(9)).collect();
        assert!((panels.integral(&values) / (3.0_f64.powi(10) - 1.0) - 1.0).abs() < 1e-13);
    }

    #[test]
    fn rules_of_others_have_their_order() {
        let value = |weights: &[f64], power: i32| -> f64 {
            let steps = (weights.len() - 1) as f64;
            weights
                .iter()
                .enumerate()
                .map(|(index, w)| w * (2.0 * index as f64 / steps).powi(power))
                .sum()
        };
        assert!((value(&simpson_weights(0.5, 4), 3) - 4.0).abs() < 1e-14);
        assert!((value(&simpson_weights(0.5, 4), 4) - 6.4).abs() > 1e-3);
        // three halvings are exact to degree seven
        assert!((value(&romberg_weights(2.0, 3), 7) - 32.0).abs() < 1e-13);
        assert!((value(&romberg_weights(2.0, 3), 9) - 102.4).abs() > 1e-6);
    }
}
