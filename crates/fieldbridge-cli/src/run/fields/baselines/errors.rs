//! Squared errors, observation by observation.

use super::found::RelativeError;
use crate::run::fields::draws::moments;

/// Squared errors of one number, and what they are measured by.
#[derive(Clone, Debug, Default)]
pub(super) struct Errors {
    squares: Vec<f64>,
    scales: Vec<f64>,
}

impl Errors {
    /// Adds the squared error of an observation and the square of its scale. A square may be below zero where the scatter of
    /// draws was taken out of it.
    pub(super) fn add(&mut self, square: f64, scale: f64) {
        self.squares.push(square);
        self.scales.push(scale);
    }

    pub(super) fn count(&self) -> usize {
        self.squares.len()
    }

    /// `R` with `R^2 = sum s / sum t` for squares `s` and scales `t`; its standard error is that of the ratio of two means,
    /// from the scatter of `s - R^2 t`.
    pub(super) fn relative(&self) -> RelativeError {
        let scale = moments(self.scales.iter().copied()).0;
        let ratio = (moments(self.squares.iter().copied()).0 / scale).max(0.0);
        let left = self
            .squares
            .iter()
            .zip(&self.scales)
            .map(|(square, scale)| square - ratio * scale);
        let scatter = moments(left).1 / (self.count() as f64).sqrt() / scale;
        let error = ratio.sqrt();
        RelativeError {
            error,
            standard_error: if error > 0.0 { 0.5 * scatter / error } else { 0.0 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fieldbridge::random::Stream;

    #[test]
    fn an_error_and_its_scatter_are_those_of_normal_numbers() {
        let (mut found, mut claimed) = (Vec::new(), 0.0);
        for run in 0..200 {
            let mut errors = Errors::default();
            for value in Stream::new(1, "errors", run).normals(50) {
                errors.add(f64::from(value).powi(2) * 9.0, 4.0);
            }
            let RelativeError { error, standard_error } = errors.relative();
            found.push(error);
            claimed += standard_error / 200.0;
        }
        let (mean, scatter) = moments(found.into_iter());
        assert!((mean - 1.5).abs() < 0.03, "{mean}");
        assert!((claimed / scatter - 1.0).abs() < 0.15, "{claimed} {scatter}");
    }

    #[test]
    fn what_is_always_its_scale_has_no_scatter() {
        let mut errors = Errors::default();
        [1.0, 5.0, 2.0]
            .into_iter()
            .for_each(|square| errors.add(square, square));
        assert_eq!(
            errors.relative(),
            RelativeError {
                error: 1.0,
                standard_error: 0.0
            }
        );
        let mut none = Errors::default();
        [-0.1, -0.2].into_iter().for_each(|square| none.add(square, 1.0));
        assert_eq!(none.relative().error, 0.0);
    }
}
