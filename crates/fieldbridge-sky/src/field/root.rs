//! Square roots of the covariance of the bins in one mode, `A A^T = P`, and the way back of their derivatives.
//!
//! Matrices are `[row, column]`, `n` by `n`, last index fastest. Bins are few, so plain loops do.

/// Smallest eigenvalue of a matrix of correlations that is left as it is, and what smaller ones are raised to.
const LEFT: f64 = 1e-9;
const RAISED: f64 = 1e-8;

/// Which square root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Root {
    /// Lower triangle (Cholesky). Off-diagonal elements of a matrix that is not positive are lowered by the smallest common
    /// factor that makes it so.
    Cholesky,
    /// The symmetric one. Negative eigenvalues are set to zero.
    Symmetric,
    /// Lower triangle of the matrix with its negative eigenvalues set to zero: another root of what [`Root::Symmetric`] is a
    /// root of, up to [`FLOOR`].
    Clipped,
}

/// What the smallest eigenvalues are raised to by [`Root::Clipped`], over the trace.
const FLOOR: f64 = 1e-10;

impl Root {
    /// The root of a symmetric matrix. Tells whether the matrix had to be changed.
    pub(super) fn of(self, matrix: &[f64], n: usize, root: &mut [f64]) -> bool {
        if (0..n).all(|i| matrix[i * n + i] <= 0.0) {
            root.fill(0.0);
            return matrix.iter().any(|&element| element != 0.0);
        }
        match self {
            Self::Cholesky => {
                if cholesky(matrix, n, root) {
                    return false;
                }
                let lowered = Lowering::of(matrix, n).apply(matrix, n);
                if !cholesky(&lowered, n, root) {
                    root.fill(0.0);
                    for i in 0..n {
                        root[i * n + i] = matrix[i * n + i].max(0.0).sqrt();
                    }
                }
                true
            }
            Self::Symmetric => {
                let (values, vectors) = eigen(matrix, n);
                root.fill(0.0);
                for (value, vector) in values.iter().zip(vectors.chunks_exact(n)) {
                    let size = value.max(0.0).sqrt();
                    for (i, row) in root.chunks_exact_mut(n).enumerate() {
                        for (element, other) in row.iter_mut().zip(vector) {
                            *element += size * vector[i] * other;
                        }
                    }
                }
                values.iter().any(|&value| value < 0.0)
            }
            Self::Clipped => {
                if cholesky(matrix, n, root) {
                    return false;
                }
                let (clipped, changed) = Clipping::of(matrix, n).apply(n);
                if !triangle(&clipped, n, root, 0.0) {
                    root.fill(0.0);
                    for i in 0..n {
                        root[i * n + i] = clipped[i * n + i].max(0.0).sqrt();
                    }
                }
                changed
            }
        }
    }

    /// From derivatives by the elements of `root` to those by the elements of `matrix`, each of a symmetric pair having half,
    /// written to `back`. `trial` is memory of the same size.
    pub(super) fn pull_back(
        self,
        matrix: &[f64],
        n: usize,
        root: &[f64],
        gradient: &[f64],
        trial: &mut [f64],
        back: &mut [f64],
    ) {
        if root.iter().all(|&element| element == 0.0) {
            back.fill(0.0);
            return;
        }
        if self == Self::Symmetric {
            back.copy_from_slice(&symmetric_pull_back(matrix, gradient, n));
            return;
        }
        cholesky_pull_back(root, gradient, n, back);
        if cholesky(matrix, n, trial) {
            return;
        }
        let changed = if self == Self::Cholesky {
            Lowering::of(matrix, n).pull_back(matrix, back, n)
        } else {
            Clipping::of(matrix, n).pull_back(back, n)
        };
        back.copy_from_slice(&changed);
    }
}

/// Eigenvalues raised to the floor where they are below it. It leaves a matrix with all of them above as it is, so that nothing jumps
/// where Cholesky's pivots begin to need it.
struct Clipping {
    values: Vec<f64>,
    vectors: Vec<f64>,
    floor: f64,
}

impl Clipping {
    fn of(matrix: &[f64], n: usize) -> Self {
        let (values, vectors) = eigen(matrix, n);
        let floor = FLOOR * (0..n).map(|i| matrix[i * n + i]).sum::<f64>().abs();
        Self { values, vectors, floor }
    }

    fn apply(&self, n: usize) -> (Vec<f64>, bool) {
        let mut clipped = vec![0.0; n * n];
        for (&value, vector) in self.values.iter().zip(self.vectors.chunks_exact(n)) {
            let value = value.max(self.floor);
            for (i, row) in clipped.chunks_exact_mut(n).enumerate() {
                for (element, other) in row.iter_mut().zip(vector) {
                    *element += value * vector[i] * other;
                }
            }
        }
        (clipped, self.values.iter().any(|&value| value < 0.0))
    }

    /// The derivative of a function of a symmetric matrix (Daleckii and Krein 1965): in the frame of the eigenvectors each
    /// element is multiplied by a difference quotient. The floor moves with the trace.
    fn pull_back(&self, gradient: &[f64], n: usize) -> Vec<f64> {
        let clip = |value: f64| value.max(self.floor);
        let largest = self.values.iter().copied().fold(0.0, |a: f64, b| a.max(b.abs()));
        let mut back = vec![0.0; n * n];
        let mut by_floor = 0.0;
        for a in 0..n {
            for b in 0..n {
                let (left, right) = (self.values[a], self.values[b]);
                let quotient = if (left - right).abs() > 1e-14 * largest {
                    (clip(left) - clip(right)) / (left - right)
                } else {
                    f64::from(left > self.floor)
                };
                let (left, right) = (&self.vectors[a * n..][..n], &self.vectors[b * n..][..n]);
                let mut inner = 0.0;
                for i in 0..n {
                    for j in 0..n {
                        inner += left[i] * 0.5 * (gradient[i * n + j] + gradient[j * n + i]) * right[j];
                    }
                }
                if a == b && self.values[a] < self.floor {
                    by_floor += inner;
                }
                for i in 0..n {
                    for j in 0..n {
                        back[i * n + j] += quotient * inner * left[i] * right[j];
                    }
                }
            }
        }
        for i in 0..n {
            back[i * n + i] += FLOOR * by_floor;
        }
        back
    }
}

/// The lower root, when all pivots are positive by a margin.
fn cholesky(matrix: &[f64], n: usize, root: &mut [f64]) -> bool {
    triangle(matrix, n, root, LEFT)
}

/// The lower root, when all pivots are above a share of the diagonal.
pub(crate) fn triangle(matrix: &[f64], n: usize, root: &mut [f64], least: f64) -> bool {
    root.fill(0.0);
    for i in 0..n {
        for j in 0..=i {
            let mut sum = matrix[i * n + j];
            for k in 0..j {
                sum -= root[i * n + k] * root[j * n + k];
            }
            if i > j {
                root[i * n + j] = sum / root[j * n + j];
            } else if sum > least * matrix[i * n + i].abs() {
                root[i * n + i] = sum.sqrt();
            } else {
                return false;
            }
        }
    }
    true
}

/// `M -> (1 - t) M` off the diagonal, with the smallest `t` that brings all eigenvalues of the correlations to `RAISED`.
struct Lowering {
    share: f64,
    smallest: f64,
    vector: Vec<f64>,
}

impl Lowering {
    fn of(matrix: &[f64], n: usize) -> Self {
        let (values, vectors) = eigen(&correlations(matrix, n), n);
        let index = (0..n).min_by(|&a, &b| values[a].total_cmp(&values[b])).unwrap_or(0);
        let smallest = values[index];
        Self {
            share: ((RAISED - smallest) / (1.0 - smallest)).clamp(0.0, 1.0),
            smallest,
            vector: vectors[index * n..(index + 1) * n].to_vec(),
        }
    }

    fn apply(&self, matrix: &[f64], n: usize) -> Vec<f64> {
        let element = |(index, &value): (usize, &f64)| {
            if index / n == index % n {
                value
            } else {
                value * (1.0 - self.share)
            }
        };
        matrix.iter().enumerate().map(element).collect()
    }

    fn pull_back(&self, matrix: &[f64], gradient: &[f64], n: usize) -> Vec<f64> {
        let mut back = self.apply(gradient, n);
        if self.share <= 0.0 || self.share >= 1.0 {
            return back;
        }
        let correlations = correlations(matrix, n);
        let off_diagonal = |i: usize, j: usize| {
            if i == j {
                0.0
            } else {
                gradient[i * n + j] * matrix[i * n + j]
            }
        };
        let by_share: f64 = -(0..n * n).map(|index| off_diagonal(index / n, index % n)).sum::<f64>();
        let by_smallest = by_share * (RAISED - 1.0) / (1.0 - self.smallest).powi(2);
        for i in 0..n {
            for j in (0..n).filter(|&j| j != i) {
                let weight = by_smallest * self.vector[i] * self.vector[j];
                back[i * n + j] += weight / (matrix[i * n + i] * matrix[j * n + j]).sqrt();
                back[i * n + i] -= weight * correlations[i * n + j] / matrix[i * n + i];
            }
        }
        back
    }
}

fn correlations(matrix: &[f64], n: usize) -> Vec<f64> {
    let scale: Vec<f64> = (0..n)
        .map(|i| matrix[i * n + i].max(f64::MIN_POSITIVE).sqrt().recip())
        .collect();
    let element = |index: usize| {
        let (i, j) = (index / n, index % n);
        if i == j {
            1.0
        } else {
            matrix[index] * scale[i] * scale[j]
        }
    };
    (0..n * n).map(element).collect()
}

/// `L^-T phi(L^T G) L^-1`, made symmetric, `phi` the lower triangle with half the diagonal (Murray 2016, arXiv:1602.07527).
fn cholesky_pull_back(root: &[f64], gradient: &[f64], n: usize, middle: &mut [f64]) {
    middle.fill(0.0);
    for i in 0..n {
        for j in 0..=i {
            let product: f64 = (i..n).map(|k| root[k * n + i] * gradient[k * n + j]).sum();
            middle[i * n + j] = if i == j { 0.5 * product } else { product };
        }
    }
    // columns: L^T X = middle
    for column in 0..n {
        for i in (0..n).rev() {
            let known: f64 = (i + 1..n).map(|k| root[k * n + i] * middle[k * n + column]).sum();
            middle[i * n + column] = (middle[i * n + column] - known) / root[i * n + i];
        }
    }
    // rows: Y L = X
    for row in middle.chunks_exact_mut(n) {
        for j in (0..n).rev() {
            let known: f64 = (j + 1..n).map(|k| row[k] * root[k * n + j]).sum();
            row[j] = (row[j] - known) / root[j * n + j];
        }
    }
    for i in 0..n {
        for j in 0..i {
            let mean = 0.5 * (middle[i * n + j] + middle[j * n + i]);
            middle[i * n + j] = mean;
            middle[j * n + i] = mean;
        }
    }
}

/// Daleckii and Krein (1965): in the eigenbasis the derivative of `f(P)` is a product with divided differences of
/// `f(w) = sqrt(max(w, 0))`.
fn symmetric_pull_back(matrix: &[f64], gradient: &[f64], n: usize) -> Vec<f64> {
    let (values, vectors) = eigen(matrix, n);
    let root = |value: f64| value.max(0.0).sqrt();
    let largest = values.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
    let mut back = vec![0.0; n * n];
    for a in 0..n {
        for b in 0..n {
            let (left, right) = (values[a], values[b]);
            let sum = root(left) + root(right);
            let difference = if left > 0.0 && right > 0.0 {
                sum.recip()
            } else if (left - right).abs() > 1e-14 * largest {
                (root(left) - root(right)) / (left - right)
            } else {
                0.0
            };
            let (left, right) = (&vectors[a * n..][..n], &vectors[b * n..][..n]);
            let mut inner = 0.0;
            for i in 0..n {
                for j in 0..n {
                    inner += left[i] * 0.5 * (gradient[i * n + j] + gradient[j * n + i]) * right[j];
                }
            }
            for i in 0..n {
                for j in 0..n {
                    back[i * n + j] += difference * inner * left[i] * right[j];
                }
            }
        }
    }
    back
}

/// Eigenvalues and eigenvectors, `[eigenvector, element]`, of a symmetric matrix (Jacobi's rotations).
fn eigen(matrix: &[f64], n: usize) -> (Vec<f64>, Vec<f64>) {
    let mut a = matrix.to_vec();
    let mut vectors: Vec<f64> = (0..n * n).map(|index| f64::from(index / n == index % n)).collect();
    let scale: f64 = a.iter().map(|element| element * element).sum();
    for _ in 0..50 {
        let off: f64 = (0..n * n)
            .filter(|index| index / n != index % n)
            .map(|index| a[index] * a[index])
            .sum();
        if off <= 1e-32 * scale {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                let element = a[p * n + q];
                if element == 0.0 {
                    continue;
                }
                let theta = (a[q * n + q] - a[p * n + p]) / (2.0 * element);
                let tangent = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
                let cosine = (tangent * tangent + 1.0).sqrt().recip();
                let sine = tangent * cosine;
                for k in 0..n {
                    let (x, y) = (a[k * n + p], a[k * n + q]);
                    a[k * n + p] = cosine * x - sine * y;
                    a[k * n + q] = sine * x + cosine * y;
                }
                for k in 0..n {
                    let (x, y) = (a[p * n + k], a[q * n + k]);
                    a[p * n + k] = cosine * x - sine * y;
                    a[q * n + k] = sine * x + cosine * y;
                    let (x, y) = (vectors[p * n + k], vectors[q * n + k]);
                    vectors[p * n + k] = cosine * x - sine * y;
                    vectors[q * n + k] = sine * x + cosine * y;
                }
            }
        }
    }
    ((0..n).map(|i| a[i * n + i]).collect(), vectors)
}

#[cfg(test)]
mod tests {
    use super::*;

    const N: usize = 3;
    const POSITIVE: [f64; 9] = [4.0, 1.0, 0.5, 1.0, 3.0, -0.7, 0.5, -0.7, 2.0];
    /// Correlations of 0.9, 0.9 and -0.5, which no three numbers can have.
    const IMPOSSIBLE: [f64; 9] = [4.0, 3.6, -1.0, 3.6, 4.0, 1.8, -1.0, 1.8, 1.0];

    fn square(root: &[f64]) -> Vec<f64> {
        (0..N * N)
            .map(|index| (0..N).map(|k| root[index / N * N + k] * root[index % N * N + k]).sum())
            .collect()
    }

    #[test]
    fn roots_are_roots() {
        for root in [Root::Cholesky, Root::Symmetric] {
            let mut found = [0.0; 9];
            assert!(!root.of(&POSITIVE, N, &mut found));
            for (found, exact) in square(&found).iter().zip(POSITIVE) {
                assert!((found - exact).abs() < 1e-13);
            }
        }
    }

    #[test]
    fn impossible_correlations_are_lowered_and_variances_kept() {
        let mut found = [0.0; 9];
        assert!(Root::Cholesky.of(&IMPOSSIBLE, N, &mut found));
        let made = square(&found);
        let factor = made[1] / IMPOSSIBLE[1];
        assert!(factor > 0.0 && factor < 1.0);
        for (index, (found, given)) in made.iter().zip(IMPOSSIBLE).enumerate() {
            let expected = if index % (N + 1) == 0 { given } else { given * factor };
            assert!((found - expected).abs() < 1e-12);
        }
        let (values, _) = eigen(&correlations(&made, N), N);
        let smallest = values.iter().copied().fold(f64::INFINITY, f64::min);
        assert!((smallest / RAISED - 1.0).abs() < 1e-5, "{smallest}");
    }

    #[test]
    fn clipping_leaves_the_covariance_of_the_symmetric_root() {
        for matrix in [POSITIVE, IMPOSSIBLE] {
            let (mut triangle, mut symmetric) = ([0.0; 9], [0.0; 9]);
            let changed = Root::Clipped.of(&matrix, N, &mut triangle);
            assert_eq!(changed, Root::Symmetric.of(&matrix, N, &mut symmetric));
            for (one, other) in square(&triangle).iter().zip(square(&symmetric)) {
                assert!((one - other).abs() < 1e-8, "{one} {other}");
            }
            assert_eq!([triangle[1], triangle[2], triangle[5]], [0.0; 3]);
        }
    }

    #[test]
    fn the_way_back_is_that_of_central_differences() {
        let weights: Vec<f64> = (0..9).map(|index| f64::from((index * 5 + 3) % 7) - 2.0).collect();
        // the lowered matrix is nearly singular: its root carries the square root of the rounding of its smallest eigenvalue
        let cases = [
            (Root::Cholesky, POSITIVE, 1e-5, 1e-8),
            (Root::Symmetric, POSITIVE, 1e-5, 1e-8),
            (Root::Symmetric, IMPOSSIBLE, 1e-6, 1e-7),
            (Root::Cholesky, IMPOSSIBLE, 1e-5, 1e-6),
            (Root::Clipped, POSITIVE, 1e-5, 1e-8),
            (Root::Clipped, IMPOSSIBLE, 1e-5, 1e-6),
        ];
        for (root, matrix, step, tolerance) in cases {
            let value = |matrix: &[f64]| -> f64 {
                let mut found = [0.0; 9];
                root.of(matrix, N, &mut found);
                found.iter().zip(&weights).map(|(a, w)| a * w).sum()
            };
            let mut at = [0.0; 9];
            root.of(&matrix, N, &mut at);
            let (mut trial, mut back) = ([0.0; 9], [0.0; 9]);
            root.pull_back(&matrix, N, &at, &weights, &mut trial, &mut back);
            for i in 0..N {
                for j in 0..=i {
                    let moved = |step: f64| {
                        let mut moved = matrix;
                        moved[i * N + j] += step;
                        if i != j {
                            moved[j * N + i] += step;
                        }
                        value(&moved)
                    };
                    let difference = (moved(step) - moved(-step)) / (2.0 * step);
                    let found = if i == j {
                        back[i * N + i]
                    } else {
                        back[i * N + j] + back[j * N + i]
                    };
                    assert!(
                        (found - difference).abs() < tolerance * (1.0 + difference.abs()),
                        "{root:?} {i} {j}: {found} {difference}"
                    );
                }
            }
        }
    }
}
