//! Coordinates in which the leading part of a density is nearly a unit normal.

/// `x = location + root y` for the leading coordinates; the others are left as they are.
#[derive(Clone, Debug, PartialEq)]
pub struct Whitening {
    location: Vec<f64>,
    /// Lower triangle, `[row, column]`.
    root: Vec<f64>,
}

impl Whitening {
    /// From a mean and the lower triangular root of a covariance, `[row, column]`; none when they do not fit together or the
    /// diagonal is not positive.
    #[must_use]
    pub fn new(location: Vec<f64>, root: Vec<f64>) -> Option<Self> {
        let n = location.len();
        let finite = location.iter().chain(&root).all(|number| number.is_finite());
        if root.len() != n * n || !finite || (0..n).any(|i| root[i * n + i] <= 0.0) {
            return None;
        }
        Some(Self { location, root })
    }

    /// Number of leading coordinates.
    #[must_use]
    pub fn leading(&self) -> usize {
        self.location.len()
    }

    /// The mean.
    #[must_use]
    pub fn location(&self) -> &[f64] {
        &self.location
    }

    /// The lower triangular root of the covariance, `[row, column]`.
    #[must_use]
    pub fn root(&self) -> &[f64] {
        &self.root
    }

    /// `x` of `y`.
    pub fn to_position(&self, white: &[f64], position: &mut [f64]) {
        position.copy_from_slice(white);
        let n = self.leading();
        for (i, place) in position.iter_mut().enumerate().take(n) {
            let sum: f64 = (0..=i).map(|j| self.root[i * n + j] * white[j]).sum();
            *place = self.location[i] + sum;
        }
    }

    /// `y` of `x`.
    pub(super) fn to_white(&self, position: &[f64], white: &mut [f64]) {
        white.copy_from_slice(position);
        let n = self.leading();
        for i in 0..n {
            let known: f64 = (0..i).map(|j| self.root[i * n + j] * white[j]).sum();
            white[i] = (position[i] - self.location[i] - known) / self.root[i * n + i];
        }
    }

    /// Derivatives by `y` of those by `x`.
    pub(super) fn gradient(&self, by_position: &[f64], by_white: &mut [f64]) {
        by_white.copy_from_slice(by_position);
        let n = self.leading();
        for (j, slope) in by_white.iter_mut().enumerate().take(n) {
            *slope = (j..n).map(|i| self.root[i * n + j] * by_position[i]).sum();
        }
    }

    /// `ln |dx / dy|`.
    pub(super) fn log_determinant(&self) -> f64 {
        let n = self.leading();
        (0..n).map(|i| self.root[i * n + i].ln()).sum()
    }

    /// From draws of the leading coordinates, with the covariance there was counted as five draws for each coordinate, so that
    /// few draws do no harm. Unchanged when no root can be had.
    #[must_use]
    pub(super) fn learned(&self, draws: &[Vec<f64>]) -> Self {
        let n = self.leading();
        if draws.len() < 2 || n == 0 {
            return self.clone();
        }
        let count = draws.len() as f64;
        let location: Vec<f64> = (0..n)
            .map(|i| draws.iter().map(|draw| draw[i]).sum::<f64>() / count)
            .collect();
        let prior = 5.0 * n as f64;
        let mut covariance = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..=i {
                let scatter: f64 = draws
                    .iter()
                    .map(|draw| (draw[i] - location[i]) * (draw[j] - location[j]))
                    .sum();
                let before: f64 = (0..=j).map(|k| self.root[i * n + k] * self.root[j * n + k]).sum();
                covariance[i * n + j] = (scatter + prior * before) / (count - 1.0 + prior);
            }
        }
        let mut root = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..=i {
                let known: f64 = (0..j).map(|k| root[i * n + k] * root[j * n + k]).sum();
                let left = covariance[i * n + j] - known;
                root[i * n + j] = if i == j { left.sqrt() } else { left / root[j * n + j] };
            }
        }
        Self::new(location, root).unwrap_or_else(|| self.clone())
    }
}
