//! Running mean and variance.

/// Mean and sum of squared deviations of the elements of vectors, one vector after another (Welford 1962).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Moments {
    pub(super) count: u64,
    pub(super) mean: Vec<f64>,
    pub(super) squares: Vec<f64>,
}

impl Moments {
    /// Of no vector yet.
    #[must_use]
    pub fn new(length: usize) -> Self {
        Self {
            count: 0,
            mean: vec![0.0; length],
            squares: vec![0.0; length],
        }
    }

    /// Takes one in.
    ///
    /// # Panics
    /// When it has another length.
    pub fn add(&mut self, vector: &[f64]) {
        assert_eq!(vector.len(), self.mean.len(), "all vectors have one length");
        self.count += 1;
        let share = (self.count as f64).recip();
        for ((mean, squares), value) in self.mean.iter_mut().zip(&mut self.squares).zip(vector) {
            let before = value - *mean;
            *mean += share * before;
            *squares += before * (value - *mean);
        }
    }

    /// Both together (Chan, Golub and LeVeque 1979).
    #[must_use]
    pub fn joined(&self, other: &Self) -> Self {
        if self.count == 0 || other.count == 0 {
            return if self.count == 0 { other.clone() } else { self.clone() };
        }
        let (left, right) = (self.count as f64, other.count as f64);
        let all = left + right;
        let mut joined = self.clone();
        joined.count += other.count;
        for (index, mean) in joined.mean.iter_mut().enumerate() {
            let difference = other.mean[index] - *mean;
            *mean += difference * right / all;
            joined.squares[index] += other.squares[index] + difference * difference * left * right / all;
        }
        joined
    }

    /// How many vectors there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Mean of each element.
    #[must_use]
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// Standard deviation of each element; zero for fewer than two vectors.
    #[must_use]
    pub fn deviation(&self) -> Vec<f64> {
        let degrees = self.count.saturating_sub(1).max(1) as f64;
        self.squares.iter().map(|squares| (squares / degrees).sqrt()).collect()
    }
}
