//! The shifts of log-normal convergence fields, `kappa = lambda (e^(g - var/2) - 1)`, from a table over universes.

use crate::interpolation::locate;
use crate::{Cosmology, Real, SkyError};

/// How a table of shifts is read between its points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShiftReading {
    /// Straight lines between the universes that the table names.
    Labelled,
    /// As `sbi_lens` reads it, which is not the same: the matter density is looked up on the axis of `sigma_8` and the other
    /// way round, and a fraction `f` of a range of `n` points is at position `n f - 1/2` instead of `(n - 1) f`. Mocks and
    /// posteriors made by it have these shifts.
    SbiLens,
}

/// Shifts `lambda` (convergence, dimensionless) of tomographic bins over `(Omega_m, sigma_8, w_0)`.
#[derive(Debug, Clone, PartialEq)]
pub struct ShiftTable {
    /// Ascending values of `sigma_8`, `Omega_m` and `w_0`: the axes in the order of the table.
    axes: [Vec<f64>; 3],
    bins: usize,
    /// `[sigma_8, Omega_m, w_0, bin]`.
    shifts: Vec<f64>,
    reading: ShiftReading,
}

const COLUMNS: usize = 5;

impl ShiftTable {
    /// The array that comes with `sbi_lens` (`lognormal_shifts_LSSTY10_om_s8_w_bin.npy`): `[sigma_8, Omega_m, w_0, bin,
    /// column]` with the columns `Omega_m, sigma_8, w_0, bin, lambda`.
    ///
    /// # Errors
    /// [`SkyError::Table`] for another shape, axes that are not those of the columns or do not ascend, or a shift that is not
    /// positive.
    pub fn new(shape: &[usize], values: &[f64], reading: ShiftReading) -> Result<Self, SkyError> {
        let &[first, second, third, bins, COLUMNS] = shape else {
            return Err(refused(
                "its shape",
                format!("{shape:?}"),
                "[sigma_8, Omega_m, w_0, bin, 5]".into(),
            ));
        };
        if [first, second, third].iter().any(|&length| length < 2) || bins == 0 {
            return Err(refused(
                "its shape",
                format!("{shape:?}"),
                "two points or more on each axis, one bin or more".into(),
            ));
        }
        if values.len() != shape.iter().product::<usize>() {
            return Err(refused(
                "its size",
                format!("{} numbers", values.len()),
                format!("as many as {shape:?} holds"),
            ));
        }
        let lengths = [first, second, third];
        let strides = [second * third, third, 1].map(|points| points * bins * COLUMNS);
        // the column that holds each axis
        let columns = [1, 0, 2];
        let axis = |axis: usize| {
            (0..lengths[axis])
                .map(|index| values[index * strides[axis] + columns[axis]])
                .collect()
        };
        let axes: [Vec<f64>; 3] = [axis(0), axis(1), axis(2)];
        for axis in &axes {
            if let Some(pair) = axis
                .windows(2)
                .find(|pair| pair[0] >= pair[1] || !(pair[1] - pair[0]).is_finite())
            {
                let found = format!("{} then {}", pair[0], pair[1]);
                return Err(refused(
                    "an axis",
                    found,
                    "ascending numbers; the first axis is sigma_8".into(),
                ));
            }
        }
        for (row, entry) in values.chunks(COLUMNS).enumerate() {
            let point = row / bins;
            let indices = [point / (second * third), point / third % second, point % third];
            for (axis, &index) in indices.iter().enumerate() {
                let (found, expected) = (entry[columns[axis]], axes[axis][index]);
                if (found - expected).abs() > 1e-9 {
                    return Err(refused(
                        "a universe",
                        format!("{found} in row {row}"),
                        format!("{expected}, as on its axis"),
                    ));
                }
            }
            if entry[4] <= 0.0 || !entry[4].is_finite() {
                return Err(refused(
                    "a shift",
                    format!("{} in row {row}", entry[4]),
                    "a positive convergence".into(),
                ));
            }
        }
        let shifts = values.chunks(COLUMNS).map(|entry| entry[4]).collect();
        Ok(Self {
            axes,
            bins,
            shifts,
            reading,
        })
    }

    /// Number of tomographic bins.
    #[must_use]
    pub fn bins(&self) -> usize {
        self.bins
    }

    /// Ranges of `Omega_m`, `sigma_8` and `w_0`; universes beyond are given the shifts at the edge.
    #[must_use]
    pub fn ranges(&self) -> [(f64, f64); 3] {
        [1, 0, 2].map(|axis| (self.axes[axis][0], self.axes[axis][self.axes[axis].len() - 1]))
    }

    /// The shift of each bin.
    ///
    /// # Errors
    /// [`SkyError::Parameter`] for a parameter that is not finite.
    pub fn at<R: Real>(&self, cosmology: &Cosmology<R>) -> Result<Vec<R>, SkyError> {
        let parameters = [cosmology.omega_m(), cosmology.sigma_8, cosmology.w_0];
        for (name, parameter) in ["omega_m", "sigma_8", "w_0"].into_iter().zip(parameters) {
            if !parameter.value().is_finite() {
                let hint = "look at what computed it";
                return Err(SkyError::Parameter {
                    name,
                    value: parameter.value(),
                    expected: "a finite number",
                    hint,
                });
            }
        }
        let [omega_m, sigma_8, w_0] = parameters;
        let positions: Vec<(usize, R)> = match self.reading {
            ShiftReading::Labelled => {
                let in_order = [sigma_8, omega_m, w_0].into_iter().zip(&self.axes);
                in_order.map(|(value, axis)| labelled(value, axis)).collect()
            }
            ShiftReading::SbiLens => {
                let ranges = self.ranges();
                let axes = self.axes.iter().map(Vec::len);
                let place = |((parameter, (low, high)), length): ((R, (f64, f64)), usize)| {
                    let position = (parameter - low) * (length as f64 / (high - low)) - 0.5;
                    clamped(position, length)
                };
                parameters.into_iter().zip(ranges).zip(axes).map(place).collect()
            }
        };
        let mut shifts = vec![R::from(0.0); self.bins];
        for corner in 0..8_usize {
            let mut index = 0;
            let mut weight = R::from(1.0);
            for (axis, &(segment, fraction)) in positions.iter().enumerate() {
                let upper = (corner >> axis) & 1;
                index = index * self.axes[axis].len() + segment + upper;
                weight = weight * if upper == 1 { fraction } else { -fraction + 1.0 };
            }
            for (shift, &value) in shifts.iter_mut().zip(&self.shifts[index * self.bins..]) {
                *shift += weight * value;
            }
        }
        Ok(shifts)
    }
}

/// Segment and fraction of a value on its axis.
fn labelled<R: Real>(value: R, axis: &[f64]) -> (usize, R) {
    let (segment, _) = locate(axis, value.value());
    let fraction = (value - axis[segment]) / (axis[segment + 1] - axis[segment]);
    clamped(fraction + segment as f64, axis.len())
}

/// Segment and fraction of a position from 0 to `length - 1`; beyond the ends it stays there.
fn clamped<R: Real>(position: R, length: usize) -> (usize, R) {
    let last = (length - 1) as f64;
    if position.value() <= 0.0 {
        return (0, R::from(0.0));
    }
    if position.value() >= last {
        return (length - 2, R::from(1.0));
    }
    let segment = (position.value() as usize).min(length - 2);
    (segment, position - segment as f64)
}

fn refused(what: &'static str, found: String, expected: String) -> SkyError {
    let hint = "the table is the one that comes with sbi_lens";
    SkyError::Table {
        table: "log-normal shifts",
        what,
        found,
        expected,
        hint,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: [usize; 5] = [3, 4, 2, 2, 5];

    /// A table of a function that straight lines reproduce.
    fn table(reading: ShiftReading) -> ShiftTable {
        ShiftTable::new(&SHAPE, &values(), reading).unwrap()
    }

    fn truth(omega_m: f64, sigma_8: f64, w_0: f64, bin: f64) -> f64 {
        (1.0 + bin) * (0.02 + 0.01 * omega_m + 0.03 * sigma_8 * omega_m) - 0.001 * w_0
    }

    fn values() -> Vec<f64> {
        let mut values = Vec::new();
        for sigma_8 in [0.4, 0.8, 1.2] {
            for omega_m in [0.1, 0.2, 0.3, 0.4] {
                for w_0 in [-1.5, -0.5] {
                    for bin in [0.0, 1.0] {
                        values.extend([omega_m, sigma_8, w_0, bin, truth(omega_m, sigma_8, w_0, bin)]);
                    }
                }
            }
        }
        values
    }

    fn universe(omega_m: f64, sigma_8: f64, w_0: f64) -> Cosmology {
        Cosmology::flat([omega_m - 0.05, 0.05, sigma_8, 0.7, 0.96, w_0])
    }

    #[test]
    fn a_multilinear_function_is_reproduced_with_its_derivatives() {
        let shifts = table(ShiftReading::Labelled)
            .at(&universe(0.27, 0.93, -1.1).with_derivatives())
            .unwrap();
        for (bin, shift) in shifts.iter().enumerate() {
            let scale = 1.0 + bin as f64;
            assert!((shift.value - truth(0.27, 0.93, -1.1, bin as f64)).abs() < 1e-15);
            assert!((shift.slope[0] - scale * (0.01 + 0.03 * 0.93)).abs() < 1e-14);
            assert!((shift.slope[2] - scale * 0.03 * 0.27).abs() < 1e-14);
            assert!((shift.slope[5] + 0.001).abs() < 1e-14);
        }
    }

    #[test]
    fn beyond_the_table_its_edge_goes_on() {
        let shifts = table(ShiftReading::Labelled).at(&universe(0.9, 0.93, -3.0)).unwrap();
        assert!((shifts[1] - truth(0.4, 0.93, -1.5, 1.0)).abs() < 1e-15);
    }

    #[test]
    fn sbi_lens_reads_other_universes() {
        let shifts = table(ShiftReading::SbiLens).at(&universe(0.25, 0.8, -1.0)).unwrap();
        // Omega_m is half way: position 3 / 2 - 1/2 = 1 on the axis of sigma_8; sigma_8 half way: 4 / 2 - 1/2 = 1.5
        assert!((shifts[0] - truth(0.25, 0.8, -1.0, 0.0)).abs() < 1e-15);
        let shifts = table(ShiftReading::SbiLens).at(&universe(0.2, 0.8, -1.0)).unwrap();
        // a third of the way: position 0.5 of sigma_8, so 0.6
        assert!((shifts[0] - truth(0.25, 0.6, -1.0, 0.0)).abs() < 1e-15);
    }

    #[test]
    fn tables_of_another_form_are_refused() {
        let read =
            |shape: &[usize], values: &[f64]| ShiftTable::new(shape, values, ShiftReading::Labelled).unwrap_err();
        assert!(read(&[3, 4, 2, 10], &values()).to_string().contains("shape"));
        assert!(read(&SHAPE, &values()[1..]).to_string().contains("size"));
        // axes in another order
        assert!(read(&[4, 3, 2, 2, 5], &values()).to_string().contains("an axis"));
        let mut bad = values();
        bad[14] = -0.1;
        assert!(read(&SHAPE, &bad).to_string().contains("-0.1 in row 2"));
        let mut bad = values();
        bad[45] = 7.0;
        assert!(read(&SHAPE, &bad).to_string().contains("universe"));
        assert!(
            table(ShiftReading::Labelled)
                .at(&universe(f64::NAN, 0.8, -1.0))
                .is_err()
        );
    }
}
