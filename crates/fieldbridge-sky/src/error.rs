//! What can go wrong in a forward model, with the value at fault and what would be right.

/// Every error of the crate.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SkyError {
    /// A cosmological parameter outside what the formulas can describe.
    #[error("{name} = {value}: expected {expected}; {hint}")]
    Parameter {
        /// Name of the parameter.
        name: &'static str,
        /// What was given.
        value: f64,
        /// What is possible.
        expected: &'static str,
        /// Likely fix.
        hint: &'static str,
    },
    /// The squared expansion rate is not positive somewhere in the past.
    #[error(
        "the squared expansion rate E(a)^2 is {value} at scale factor a = {scale_factor}: expected a positive number; \
         this universe has no big bang, look at omega_k, w_0 and the sum of the densities"
    )]
    Expansion {
        /// Where.
        scale_factor: f64,
        /// `E(a)^2`.
        value: f64,
    },
    /// The matter power spectrum is not a positive number.
    #[error("matter power at k = {wavenumber} h/Mpc is {value} (Mpc/h)^3: expected a positive number; {hint}")]
    MatterPower {
        /// Wave number, h/Mpc.
        wavenumber: f64,
        /// Power, (Mpc/h)^3.
        value: f64,
        /// Likely fix.
        hint: &'static str,
    },
    /// The density is non-linear on every scale of the table.
    #[error(
        "the variance of the density in spheres of {radius} Mpc/h is {variance}: expected less than 1, so that a \
         non-linear scale exists; sigma_8 is far too large"
    )]
    NonlinearScale {
        /// Largest radius tried, Mpc/h.
        radius: f64,
        /// Variance there.
        variance: f64,
    },
    /// A distribution of redshifts that cannot be used.
    #[error("redshift distribution{}: {what} is {value}, expected {expected}; {hint}", of_bin(*bin))]
    RedshiftDistribution {
        /// Number of the tomographic bin, from 0, when there are several.
        bin: Option<usize>,
        /// Which of its numbers.
        what: &'static str,
        /// What was given.
        value: f64,
        /// What is possible.
        expected: &'static str,
        /// Likely fix.
        hint: &'static str,
    },
    /// A multipole at which there is no spectrum.
    #[error("multipole number {index} is {value}: expected a finite number, 0 or at least 1; {hint}")]
    Multipole {
        /// Position in the list.
        index: usize,
        /// What was given.
        value: f64,
        /// Likely fix.
        hint: &'static str,
    },
    /// An angular power spectrum that is not a positive number.
    #[error(
        "the spectrum of bins {first} and {second} at multipole {multipole} is {value}: expected a positive number; \
         a bin with all its galaxies at redshifts near zero is not lensed"
    )]
    Spectrum {
        /// Number of the first bin, from 0.
        first: usize,
        /// Number of the second bin.
        second: usize,
        /// Where.
        multipole: f64,
        /// The spectrum there.
        value: f64,
    },
    /// A table of numbers of the wrong form.
    #[error("{table}: {what} is {found}, expected {expected}; {hint}")]
    Table {
        /// Which table.
        table: &'static str,
        /// Which of its properties.
        what: &'static str,
        /// What it is.
        found: String,
        /// What it must be.
        expected: String,
        /// Likely fix.
        hint: &'static str,
    },
    /// An observation that cannot be used.
    #[error("the observation has the {what} {found}: expected {expected}; {hint}")]
    Observation {
        /// Which of its properties.
        what: &'static str,
        /// What it is.
        found: String,
        /// What it must be.
        expected: String,
        /// Likely fix.
        hint: &'static str,
    },
    /// A prior that is none.
    #[error("the prior of {name} has the {what} {value}: expected {expected}; {hint}")]
    Prior {
        /// Name of the parameter.
        name: &'static str,
        /// Which of its numbers.
        what: &'static str,
        /// What was given.
        value: f64,
        /// What is possible.
        expected: &'static str,
        /// Likely fix.
        hint: &'static str,
    },
    /// A log-normal field whose values have no lower bound below zero.
    #[error(
        "the log-normal shift of bin {bin} is {value}: expected a positive convergence; look at the table of shifts, or make \
         the fields Gaussian"
    )]
    Shift {
        /// Number of the bin, from 0.
        bin: usize,
        /// Its shift.
        value: f64,
    },
    /// A correlation that no log-normal field with these shifts can have.
    #[error(
        "bins {first} and {second} have a correlation of {correlation} at {separation} arc minutes: log-normal fields with their \
         shifts have more than {bound}; the shifts are too small for these spectra"
    )]
    LogNormal {
        /// Number of the first bin, from 0.
        first: usize,
        /// Number of the second bin.
        second: usize,
        /// Arc minutes.
        separation: f64,
        /// Convergence squared.
        correlation: f64,
        /// Minus the product of the shifts.
        bound: f64,
    },
    /// A property of the survey that cannot be.
    #[error("{name} = {value}: expected {expected}; {hint}")]
    Survey {
        /// Name of the property, with its unit.
        name: &'static str,
        /// What was given.
        value: f64,
        /// What is possible.
        expected: &'static str,
        /// Likely fix.
        hint: &'static str,
    },
    /// Two settings exclude each other.
    #[error("{setting} cannot be used with {other}; {hint}")]
    Conflict {
        /// One setting.
        setting: &'static str,
        /// The other.
        other: &'static str,
        /// Likely fix.
        hint: &'static str,
    },
}

fn of_bin(bin: Option<usize>) -> String {
    bin.map_or_else(String::new, |bin| format!(" of bin {bin}"))
}

impl SkyError {
    /// The same error, naming the bin it happened in.
    pub(crate) fn in_bin(self, number: usize) -> Self {
        match self {
            Self::RedshiftDistribution {
                what,
                value,
                expected,
                hint,
                ..
            } => Self::RedshiftDistribution {
                bin: Some(number),
                what,
                value,
                expected,
                hint,
            },
            other => other,
        }
    }
}
