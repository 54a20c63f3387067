//! Optimal transport with an entropy, debiased.

use rayon::prelude::*;

use super::pairs::squared_distances;
use super::{Distance, Points, require_comparable};
use crate::check::error::{CheckError, require_within};
use crate::random::Stream;

/// Strength of the entropy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Regularisation {
    /// `e`, in squared units of the points.
    Given(f64),
    /// This share of the mean squared distance between two points of the reference.
    Share(f64),
}

/// `S = OT_e(a, b) - OT_e(a, a)/2 - OT_e(b, b)/2`, in squared units of the points, with
///
/// `OT_e(a, b) = min over couplings of E|x - y|^2 + e KL(coupling | a x b)`
///
/// (Genevay et al. 2017, arXiv:1706.00292; Feydy et al. 2018, arXiv:1810.08278). It goes to `W2^2` as `e` falls to zero and
/// to `|m_a - m_b|^2`, blind to all but the means, as it grows. Self terms take off most of the bias that makes `W2` of two
/// samples of one law large. Solved in the log domain by Sinkhorn's iterations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sinkhorn {
    /// `e`.
    pub regularisation: Regularisation,
    /// Iterations stop when the marginals of the coupling are right to this, in total variation.
    pub tolerance: f64,
    /// Most iterations.
    pub most_iterations: usize,
}

impl Default for Sinkhorn {
    fn default() -> Self {
        Self {
            regularisation: Regularisation::Share(0.05),
            tolerance: 1e-4,
            most_iterations: 20_000,
        }
    }
}

impl Regularisation {
    /// `e` for this reference; the mean squared distance of two points is twice the trace of their covariance.
    pub fn of(self, reference: &Points) -> f64 {
        match self {
            Self::Given(strength) => strength,
            Self::Share(share) => {
                let trace: f64 = reference
                    .deviations()
                    .iter()
                    .map(|deviation| deviation * deviation)
                    .sum();
                // all points the same: any scale will do
                share * if trace > 0.0 { 2.0 * trace } else { 1.0 }
            }
        }
    }
}

impl Distance for Sinkhorn {
    fn between(&self, reference: &Points, sample: &Points, _stream: &Stream) -> Result<f64, CheckError> {
        require_comparable(reference, sample, 2)?;
        let strength = self.regularisation.of(reference);
        require_within("regularisation", &[strength], f64::MIN_POSITIVE, f64::MAX)?;
        require_within("tolerance", &[self.tolerance], 1e-14, 1.0)?;
        let across = self.cost(reference, sample, strength)?;
        let selves = self.self_cost(reference, strength)? + self.self_cost(sample, strength)?;
        Ok(across - 0.5 * selves)
    }
}

impl Sinkhorn {
    /// `OT_e(a, b)`, the value of the dual problem `max mean f + mean g - e (mass - 1)`, whose error is of second order in
    /// that of the marginals.
    fn cost(&self, a: &Points, b: &Points, strength: f64) -> Result<f64, CheckError> {
        let mut plan = Plan::new(squared_distances(a, b), a.rows(), b.rows());
        let most = plan.cost.iter().copied().fold(0.0, f64::max);
        // from a strong entropy, which is solved at once, down to the one asked for
        let mut now = most.max(strength);
        let mut iterations = 0;
        while now > strength {
            plan.update(now);
            iterations += 1;
            now = (0.25 * now).max(strength);
        }
        while iterations < self.most_iterations {
            plan.update(strength);
            let (done, right) = plan.scale(strength, self.tolerance, self.most_iterations - iterations);
            iterations += done + 1;
            if right {
                plan.rows_from_columns(strength);
                return Ok(mean(&plan.f) + mean(&plan.g));
            }
        }
        Err(self.too_slow())
    }

    /// `OT_e(a, a)`: its two potentials are one, found by averaging a step with what was before (Feydy et al. 2018), where
    /// iterations in turns crawl when some points lie far from all others.
    fn self_cost(&self, a: &Points, strength: f64) -> Result<f64, CheckError> {
        let cost = squared_distances(a, a);
        let mut f = vec![0.0; a.rows()];
        for _ in 0..self.most_iterations {
            let next = soft_minima(&cost, &f, strength);
            let masses: Vec<f64> = f
                .iter()
                .zip(&next)
                .map(|(f, next)| ((f - next) / strength).exp())
                .collect();
            let off = masses.iter().map(|mass| (mass - 1.0).abs()).sum::<f64>() / masses.len() as f64;
            if 0.5 * off < self.tolerance {
                return Ok(2.0 * mean(&f) - strength * (mean(&masses) - 1.0));
            }
            f.iter_mut().zip(&next).for_each(|(f, next)| *f = 0.5 * (*f + next));
        }
        Err(self.too_slow())
    }

    fn too_slow(&self) -> CheckError {
        CheckError::NotConverged {
            what: "the Sinkhorn iterations",
            steps: self.most_iterations,
            hint: "use a stronger regularisation or a looser tolerance",
        }
    }
}

/// A coupling `exp((f_i + g_j - c_ij) / e) / (n m)`.
struct Plan {
    /// `[n, m]`.
    cost: Vec<f64>,
    /// `[m, n]`.
    transposed: Vec<f64>,
    /// Potentials of the rows.
    f: Vec<f64>,
    /// Potentials of the columns.
    g: Vec<f64>,
}

impl Plan {
    fn new(cost: Vec<f64>, n: usize, m: usize) -> Self {
        let mut transposed = vec![0.0; n * m];
        for (i, line) in cost.chunks_exact(m).enumerate() {
            for (j, &value) in line.iter().enumerate() {
                transposed[j * n + i] = value;
            }
        }
        Self {
            cost,
            transposed,
            f: vec![0.0; n],
            g: vec![0.0; m],
        }
    }

    /// One iteration in the log domain; always safe.
    fn update(&mut self, strength: f64) {
        self.rows_from_columns(strength);
        self.g = soft_minima(&self.transposed, &self.f, strength);
    }

    fn rows_from_columns(&mut self, strength: f64) {
        self.f = soft_minima(&self.cost, &self.g, strength);
    }

    /// Iterates on factors of the coupling, without exponentials, and puts them into the potentials (Schmitzer 2016,
    /// arXiv:1610.06519). Returns the iterations done and whether the marginals are right.
    fn scale(&mut self, strength: f64, tolerance: f64, most: usize) -> (usize, bool) {
        /// Factors beyond this go into the potentials before they overflow.
        const LARGEST: f64 = 1e60;
        /// Iterations between looks at the marginals.
        const BETWEEN: usize = 5;
        let kernel = self.kernel(&self.cost, &self.f, &self.g, strength);
        let transposed = self.kernel(&self.transposed, &self.g, &self.f, strength);
        let (n, m) = (self.f.len(), self.g.len());
        let (mut u, mut v) = (vec![1.0; n], vec![1.0; m]);
        let (mut done, mut right) = (0, false);
        while done < most && !right {
            let rows = means_of_products(&kernel, &v);
            if done % BETWEEN == 0 {
                let off = rows.iter().zip(&u).map(|(sum, u)| (sum * u - 1.0).abs()).sum::<f64>() / n as f64;
                right = 0.5 * off < tolerance;
            }
            let next_u: Vec<f64> = rows.iter().map(|sum| 1.0 / sum).collect();
            let next_v: Vec<f64> = means_of_products(&transposed, &next_u)
                .iter()
                .map(|sum| 1.0 / sum)
                .collect();
            let fine = |factors: &[f64]| factors.iter().all(|x| (1.0 / LARGEST..LARGEST).contains(x));
            if !(fine(&next_u) && fine(&next_v)) {
                right = false;
                break;
            }
            (u, v) = (next_u, next_v);
            done += 1;
        }
        self.f.iter_mut().zip(&u).for_each(|(f, u)| *f += strength * u.ln());
        self.g.iter_mut().zip(&v).for_each(|(g, v)| *g += strength * v.ln());
        (done, right)
    }

    fn kernel(&self, cost: &[f64], lines: &[f64], columns: &[f64], strength: f64) -> Vec<f64> {
        let mut kernel = vec![0.0; cost.len()];
        let width = columns.len();
        kernel
            .par_chunks_mut(width)
            .zip(cost.par_chunks(width))
            .zip(lines)
            .for_each(|((kernel, cost), line)| {
                for ((kernel, cost), column) in kernel.iter_mut().zip(cost).zip(columns) {
                    *kernel = ((line + column - cost) / strength).exp();
                }
            });
        kernel
    }
}

/// `-e log mean_j exp((g_j - c_ij) / e)` for every line.
fn soft_minima(cost: &[f64], potentials: &[f64], strength: f64) -> Vec<f64> {
    cost.par_chunks(potentials.len())
        .map(|line| {
            let rest = || potentials.iter().zip(line).map(|(g, c)| g - c);
            let most = rest().fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = rest().map(|x| ((x - most) / strength).exp()).sum();
            -most - strength * (sum / line.len() as f64).ln()
        })
        .collect()
}

/// `mean_j k_ij v_j` for every line.
fn means_of_products(kernel: &[f64], factors: &[f64]) -> Vec<f64> {
    /// Sums side by side, so that the loop becomes vector instructions.
    const LANES: usize = 8;
    kernel
        .par_chunks(factors.len())
        .map(|line| {
            let mut sums = [0.0; LANES];
            let (whole, rest) = line.as_chunks::<LANES>();
            let (by, by_rest) = factors.as_chunks::<LANES>();
            for (k, v) in whole.iter().zip(by) {
                for lane in 0..LANES {
                    sums[lane] += k[lane] * v[lane];
                }
            }
            let tail: f64 = rest.iter().zip(by_rest).map(|(k, v)| k * v).sum();
            (sums.iter().sum::<f64>() + tail) / factors.len() as f64
        })
        .collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::distance::Wasserstein;

    fn points(rows: usize, dimension: usize, index: u64, scale: f64, shift: f64) -> Points {
        let drawn = Stream::new(8, "sinkhorn", index).normals(rows * dimension);
        let values: Vec<f64> = drawn.into_iter().map(|x| scale * f64::from(x) + shift).collect();
        Points::new("points", &values, dimension).unwrap()
    }

    fn sinkhorn(strength: f64, tolerance: f64) -> Sinkhorn {
        Sinkhorn {
            regularisation: Regularisation::Given(strength),
            tolerance,
            ..Sinkhorn::default()
        }
    }

    #[test]
    fn the_cost_goes_to_the_exact_one_as_the_entropy_falls() {
        let (a, b) = (points(40, 2, 0, 1.0, 0.0), points(40, 2, 1, 0.6, 0.7));
        let exact = Wasserstein.between(&a, &b, &Stream::new(0, "", 0)).unwrap().powi(2);
        // the entropy of a permutation relative to the product is log n; marginals are wrong by 1e-5 and costs are below 20
        let mut last = f64::INFINITY;
        for strength in [1.0, 0.3, 0.1, 0.03] {
            let (entropy, allowed) = (strength * 40_f64.ln(), 20e-5);
            let solver = sinkhorn(strength, 1e-5);
            let gap = solver.cost(&a, &b, strength).unwrap() - exact;
            assert!(gap > -allowed && gap < entropy + allowed, "{strength}: {gap}");
            assert!(gap < last, "{strength}: {gap} {last}");
            last = gap;
            let divergence = solver.between(&a, &b, &Stream::new(0, "", 0)).unwrap();
            assert!(
                (divergence - exact).abs() < entropy + allowed,
                "{strength}: {divergence} {exact}"
            );
        }
        assert!(last < 0.05 * exact, "{last} {exact}");
    }

    #[test]
    fn two_points_give_the_closed_form() {
        // a = b = {0, 1}: a symmetric coupling with mass p on the diagonal, p = 1 / (1 + exp(-1/e))
        let a = Points::new("points", &[0.0, 1.0], 1).unwrap();
        for strength in [0.2, 1.0, 5.0] {
            let p = 1.0 / (1.0 + (-1.0_f64 / strength).exp());
            let entropy = p * (2.0 * p).ln() + (1.0 - p) * (2.0 * (1.0 - p)).ln();
            let expected = (1.0 - p) + strength * entropy;
            let solver = sinkhorn(strength, 1e-12);
            for found in [solver.cost(&a, &a, strength), solver.self_cost(&a, strength)] {
                let found = found.unwrap();
                assert!((found - expected).abs() < 1e-11, "{strength}: {found} {expected}");
            }
        }
    }

    #[test]
    fn a_strong_entropy_leaves_the_means() {
        let (a, b) = (points(60, 3, 2, 1.0, 0.0), points(50, 3, 3, 2.0, 1.0));
        let shift: f64 = a.means().iter().zip(b.means()).map(|(a, b)| (a - b).powi(2)).sum();
        let found = sinkhorn(1e5, 1e-12).between(&a, &b, &Stream::new(0, "", 0)).unwrap();
        assert!((found - shift).abs() < 1e-2 * shift, "{found} {shift}");
    }

    #[test]
    fn a_shift_costs_its_square_at_any_strength() {
        let a = points(70, 2, 4, 1.0, 0.0);
        let moved: Vec<f64> = a.values().iter().map(|x| x + 3.0).collect();
        let b = Points::new("points", &moved, 2).unwrap();
        for strength in [0.3, 10.0] {
            let found = sinkhorn(strength, 1e-7)
                .between(&a, &b, &Stream::new(0, "", 0))
                .unwrap();
            assert!((found - 18.0).abs() < 1e-4, "{strength}: {found}");
        }
    }

    #[test]
    fn too_few_iterations_are_told() {
        let (a, b) = (points(30, 2, 5, 1.0, 0.0), points(30, 2, 6, 1.0, 0.0));
        let hurried = Sinkhorn {
            most_iterations: 20,
            ..sinkhorn(1e-4, 1e-10)
        };
        let message = hurried.between(&a, &b, &Stream::new(0, "", 0)).unwrap_err().to_string();
        assert!(
            message.contains("Sinkhorn") && message.contains("regularisation"),
            "{message}"
        );
    }
}
