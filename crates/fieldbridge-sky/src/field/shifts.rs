//! Where the shifts of log-normal fields come from.

use crate::{Cosmology, Real, ShiftTable, SkyError};

/// Coefficients of `ln lambda` in `u^i v^j q^k`, `i + j + k <= 2`, last index fastest, with `u = ln(Omega_m / 0.3156)`,
/// `v = ln(sigma_8 / 0.831)` and `q = w_0 + 1`; made by `tests/tables/fit_shifts.py`.
const FIT: [[f64; 10]; 5] = [
    [
        -5.24199, -0.16151, 0.00105, 0.31551, 0.07225, 0.07940, 0.80339, 0.13468, -0.04097, -0.04592,
    ],
    [
        -4.17867, -0.26136, -0.03073, 0.24922, 0.05581, 0.10124, 0.73156, 0.21685, 0.00428, -0.05053,
    ],
    [
        -3.54799, -0.32569, -0.06500, 0.20878, 0.04396, 0.11555, 0.66402, 0.27313, 0.04251, -0.04607,
    ],
    [
        -3.00419, -0.36640, -0.10235, 0.17529, 0.03383, 0.13299, 0.59195, 0.30963, 0.07864, -0.03659,
    ],
    [
        -2.33140, -0.37952, -0.14750, 0.12412, 0.02054, 0.16006, 0.48286, 0.32086, 0.12892, -0.01654,
    ],
];
/// Universes the fit was made for, `Omega_m`, `sigma_8`, `w_0`; those beyond are given the shifts at the edge.
const FIT_RANGES: [(f64, f64); 3] = [(0.1, 0.9), (0.3, 1.3), (-2.0, -0.3)];

/// The shifts of tomographic bins, convergence.
#[derive(Debug, Clone, PartialEq)]
pub enum Shifts {
    /// Read from a table over universes.
    Table(ShiftTable),
    /// For the five bins of LSST year 10 in pixels of 2.34 arc minutes: the table of `sbi_lens`, computed with `CosMomentum`
    /// (Friedrich et al. 2020, arXiv:1912.06621), as quadratic forms in the logarithms. They are 2 to 4 % off the table in the
    /// mean of squares, up to 23 % in its corners.
    LsstYear10,
    /// The same in all universes.
    Constant(Vec<f64>),
}

impl Shifts {
    /// Number of tomographic bins there are shifts for.
    #[must_use]
    pub fn bins(&self) -> usize {
        match self {
            Self::Table(table) => table.bins(),
            Self::LsstYear10 => FIT.len(),
            Self::Constant(shifts) => shifts.len(),
        }
    }

    /// The shift of each bin.
    ///
    /// # Errors
    /// [`SkyError::Parameter`] for a parameter that is not finite.
    pub fn at<R: Real>(&self, cosmology: &Cosmology<R>) -> Result<Vec<R>, SkyError> {
        match self {
            Self::Table(table) => table.at(cosmology),
            Self::LsstYear10 => Ok(fitted(cosmology)),
            Self::Constant(shifts) => Ok(shifts.iter().map(|&shift| R::from(shift)).collect()),
        }
    }
}

fn fitted<R: Real>(cosmology: &Cosmology<R>) -> Vec<R> {
    let inside = |value: R, (low, high): (f64, f64)| match value.value() {
        number if number < low => R::from(low),
        number if number > high => R::from(high),
        _ => value,
    };
    let u = (inside(cosmology.omega_m(), FIT_RANGES[0]) / 0.3156).ln();
    let v = (inside(cosmology.sigma_8, FIT_RANGES[1]) / 0.831).ln();
    let q = inside(cosmology.w_0, FIT_RANGES[2]) + 1.0;
    let one = R::from(1.0);
    let terms = [one, q, q * q, v, v * q, v * v, u, u * q, u * v, u * u];
    let shift = |row: &[f64; 10]| {
        let sum = terms
            .iter()
            .zip(row)
            .fold(R::from(0.0), |sum, (&term, &factor)| sum + term * factor);
        sum.exp()
    };
    FIT.iter().map(shift).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fit_is_near_the_table_and_its_slopes_are_those_of_differences() {
        // rows of the table near the fiducial universe: Omega_m 0.329, sigma_8 0.871, w_0 -1.029
        let universe = Cosmology::flat([0.2794, 0.0492, 0.8714, 0.67, 0.96, -1.0286]);
        let table = [0.0056, 0.0161, 0.0302, 0.0519, 0.1008];
        let found = Shifts::LsstYear10.at(&universe.with_derivatives()).unwrap();
        for (found, table) in found.iter().zip(table) {
            assert!((found.value / table - 1.0).abs() < 0.04, "{} {table}", found.value);
        }
        for (number, step) in [(0, 1e-5), (2, 1e-5), (5, 1e-5)] {
            let at = |step: f64| {
                let mut parameters = universe.parameters();
                parameters[number] += step;
                Shifts::LsstYear10.at(&Cosmology::flat(parameters)).unwrap()[3]
            };
            let difference = (at(step) - at(-step)) / (2.0 * step);
            assert!((found[3].slope[number] - difference).abs() < 1e-8);
        }
    }

    #[test]
    fn beyond_the_fit_its_edge_goes_on() {
        let at = |omega_c: f64| {
            Shifts::LsstYear10
                .at(&Cosmology::flat([omega_c, 0.05, 0.8, 0.7, 0.96, -1.0]))
                .unwrap()
        };
        assert_eq!(at(0.95), at(2.0));
        assert_eq!(Shifts::Constant(vec![0.02]).bins(), 1);
    }
}
