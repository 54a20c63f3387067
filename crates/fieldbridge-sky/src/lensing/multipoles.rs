//! At which multipoles the integral is done, and how all others come from them.

use crate::interpolation::lagrange_weights;
use crate::{Real, SkyError};

/// Step in `ln(l + 1/2)` between the multipoles that are integrated.
const STEP: f64 = 0.1;
/// Points of the interpolating polynomial.
const POINTS: usize = 6;

/// One multipole that was asked for.
#[derive(Debug, Clone)]
struct Row {
    /// `f(l)`, zero for `l < 2`, where there is no shear.
    prefactor: f64,
    /// First of the integrated multipoles it comes from, and their weights.
    first: usize,
    weights: Vec<f64>,
}

/// Multipoles and the smaller set at which integrals are done. `ln C` without its prefactor is a smooth function of
/// `ln(l + 1/2)`, and a polynomial through six points follows it to about 1e-6.
#[derive(Debug, Clone)]
pub(crate) struct Multipoles {
    values: Vec<f64>,
    /// `ln(l + 1/2)`, ascending.
    nodes: Vec<f64>,
    rows: Vec<Row>,
}

/// `(l-1) l (l+1) (l+2) / (l + 1/2)^4`.
fn prefactor(ell: f64) -> f64 {
    ((ell - 1.0) * ell * (ell + 1.0) * (ell + 2.0)).max(0.0) / (ell + 0.5).powi(4)
}

impl Multipoles {
    pub(crate) fn new(values: &[f64]) -> Result<Self, SkyError> {
        for (index, &value) in values.iter().enumerate() {
            if value < 0.0 || !value.is_finite() {
                let hint = "multipoles are wave numbers on the sphere";
                return Err(SkyError::Multipole { index, value, hint });
            }
            if value > 0.0 && value < 1.0 {
                let hint = "between monopole and dipole the factor of shear is imaginary";
                return Err(SkyError::Multipole { index, value, hint });
            }
        }
        let mut wanted: Vec<f64> = values
            .iter()
            .filter(|&&ell| prefactor(ell) > 0.0)
            .map(|ell| (ell + 0.5).ln())
            .collect();
        wanted.sort_by(f64::total_cmp);
        wanted.dedup();
        let range = wanted
            .first()
            .zip(wanted.last())
            .map_or(0.0, |(first, last)| last - first);
        let count = ((range / STEP).ceil() as usize + 1).max(POINTS);
        let direct = wanted.len() <= count;
        let nodes: Vec<f64> = if direct {
            wanted
        } else {
            (0..count)
                .map(|index| wanted[0] + range * index as f64 / (count - 1) as f64)
                .collect()
        };
        let row = |&ell: &f64| {
            let prefactor = prefactor(ell);
            let x = (ell + 0.5).ln();
            let above = nodes.partition_point(|&node| node < x);
            if prefactor == 0.0 {
                Row {
                    prefactor,
                    first: 0,
                    weights: Vec::new(),
                }
            } else if direct {
                Row {
                    prefactor,
                    first: above,
                    weights: vec![1.0],
                }
            } else {
                let first = above.saturating_sub(POINTS / 2).min(count - POINTS);
                Row {
                    prefactor,
                    first,
                    weights: lagrange_weights(&nodes[first..first + POINTS], x),
                }
            }
        };
        Ok(Self {
            values: values.to_vec(),
            rows: values.iter().map(row).collect(),
            nodes,
        })
    }

    /// What was asked for.
    pub(crate) fn values(&self) -> &[f64] {
        &self.values
    }

    /// `ln(l + 1/2)` at which to integrate.
    pub(crate) fn nodes(&self) -> &[f64] {
        &self.nodes
    }

    /// The spectrum at all multipoles from logarithms at the nodes.
    pub(crate) fn spread<R: Real>(&self, logarithms: &[R]) -> Vec<R> {
        let value = |row: &Row| {
            if row.weights.is_empty() {
                return R::from(0.0);
            }
            crate::quadrature::weighted_sum(&logarithms[row.first..], &row.weights).exp() * row.prefactor
        };
        self.rows.iter().map(value).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_smooth_spectrum_is_followed() {
        let ells: Vec<f64> = (2..6000).map(f64::from).collect();
        let multipoles = Multipoles::new(&ells).unwrap();
        assert!(multipoles.nodes().len() < 100);
        let spectrum = |x: f64| -1.3 * x - 0.05 * x * x + 0.1 * (0.8 * x).sin();
        let logarithms: Vec<f64> = multipoles.nodes().iter().map(|&x| spectrum(x)).collect();
        for (found, &ell) in multipoles.spread(&logarithms).iter().zip(&ells) {
            let exact = spectrum((ell + 0.5).ln()).exp() * prefactor(ell);
            assert!((found / exact - 1.0).abs() < 1e-8);
        }
    }

    #[test]
    fn few_multipoles_are_integrated_one_by_one_and_order_does_not_matter() {
        let multipoles = Multipoles::new(&[300.0, 0.0, 10.0, 300.0]).unwrap();
        assert_eq!(multipoles.nodes().len(), 2);
        let found = multipoles.spread(&[1.0, 2.0]);
        assert_eq!(found[1], 0.0);
        assert_eq!(found[0], found[3]);
        assert!((found[2] / (1.0_f64.exp() * prefactor(10.0)) - 1.0).abs() < 1e-14);
        assert!(Multipoles::new(&[]).unwrap().spread::<f64>(&[]).is_empty());
    }

    #[test]
    fn impossible_multipoles_are_named() {
        for bad in [-3.0, f64::NAN, f64::INFINITY, 0.5] {
            assert!(matches!(
                Multipoles::new(&[10.0, bad]),
                Err(SkyError::Multipole { index: 1, .. })
            ));
        }
    }
}
