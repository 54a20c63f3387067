//! Halofit with the coefficients of Takahashi et al. (2012, ApJ 761, 152, arXiv:1208.2701), a revision of Smith et al.
//! (2003, arXiv:astro-ph/0207664). Wave numbers in h/Mpc.
//!
//! CAMB leaves `k < 0.005 h/Mpc` linear and drops the dependence on `O_m` where `1 - O_m < 0.01`; here both are as published,
//! so that nothing jumps.

use std::f64::consts::{LN_10, PI};

use super::{LinearPower, NonlinearScale, NonlinearScales};
use crate::real::polynomial;
use crate::{Background, Growth, Real, SkyError};

/// What halofit knows of one moment: growth, coefficients, the non-linear scale.
#[derive(Debug, Clone, Copy)]
pub struct HalofitTerms<R = f64> {
    growth_squared: R,
    nonlinear: Option<Coefficients<R>>,
}

#[derive(Debug, Clone, Copy)]
struct Coefficients<R> {
    ln_wavenumber: R,
    alpha: R,
    beta: R,
    a: R,
    b: R,
    /// `ln (c f_3)`.
    ln_c: R,
    /// Exponents of `y` in the halo term.
    first: R,
    second: R,
    third: R,
    nu: R,
}

/// `10^x`.
fn power_of_ten<R: Real>(x: R) -> R {
    (x * LN_10).exp()
}

impl<R: Real> HalofitTerms<R> {
    /// Coefficients for a growth factor, a non-linear scale (none: everything is linear), the fractions of matter and
    /// dark energy and the equation of state at that time. `flatness` is one in flat universes and leads the exponents
    /// of `O_m` to those of open ones at zero (Smith et al., equation C18).
    pub fn new(
        growth: R,
        scale: Option<NonlinearScale<R>>,
        omega_m: R,
        omega_de: R,
        equation_of_state: R,
        flatness: R,
    ) -> Self {
        let nonlinear = scale.map(
            |NonlinearScale {
                 ln_wavenumber,
                 effective_index: n,
                 curvature: c,
             }| {
                let dark = omega_de * (equation_of_state + 1.0);
                let exponent = |flat: f64, open: f64| flatness * (flat - open) + open;
                let ln_matter = omega_m.ln();
                let f_1 = (exponent(-0.0307, -0.0732) * ln_matter).exp();
                let f_2 = (exponent(-0.0585, -0.1423) * ln_matter).exp();
                let ln_f_3 = exponent(0.0743, 0.0725) * ln_matter;
                let c_coefficient = polynomial(&[0.3698, 2.0404, 0.8161], n) + c * 0.5869;
                let gamma = polynomial(&[0.1971, -0.0843], n) + c * 0.8460;
                Coefficients {
                    ln_wavenumber,
                    alpha: (polynomial(&[6.0835, 1.3373, -0.1959], n) - c * 5.5274).abs(),
                    beta: polynomial(&[2.0379, -0.7354, 0.3157, 1.2490, 0.3980], n) - c * 0.1682,
                    a: power_of_ten(
                        polynomial(&[1.5222, 2.8553, 2.3706, 0.9903, 0.2250], n) - c * 0.6038 + dark * 0.1749,
                    ),
                    b: power_of_ten(polynomial(&[-0.5642, 0.5864, 0.5716], n) - c * 1.5474 + dark * 0.2279),
                    ln_c: c_coefficient * LN_10 + ln_f_3,
                    first: f_1 * 3.0,
                    second: f_2,
                    third: -gamma + 3.0,
                    nu: power_of_ten(polynomial(&[5.2105, 3.6902], n)),
                }
            },
        );
        Self {
            growth_squared: growth.square(),
            nonlinear,
        }
    }

    /// Non-linear variance per `ln k` at `ln k`, from the linear one today at the same place.
    #[inline]
    pub fn delta_squared(&self, linear_today: R, ln_k: R) -> R {
        let linear = linear_today * self.growth_squared;
        let Some(c) = &self.nonlinear else {
            return linear;
        };
        let ln_y = ln_k - c.ln_wavenumber;
        let y = ln_y.exp();
        // two-halo term (A2)
        let damping = y * (y * 0.125 + 0.25);
        let two_halo = linear * (c.beta * (linear + 1.0).ln() - damping).exp() / (c.alpha * linear + 1.0);
        // one-halo term (A3); mu is zero
        let peak = c.a * (c.first * ln_y).exp();
        let below =
            (c.b * (c.second * ln_y).exp() + (c.third * (c.ln_c + ln_y)).exp() + 1.0) * (c.nu / y.square() + 1.0);
        two_halo + peak / below
    }
}

/// The non-linear power spectrum of a universe at any time.
#[derive(Debug, Clone)]
pub struct Halofit<R = f64> {
    background: Background<R>,
    growth: Growth<R>,
    linear: LinearPower<R>,
    scales: NonlinearScales<R>,
}

/// Whether the growth of structure is followed beyond linear order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Nonlinearity {
    /// Linear theory.
    Linear,
    /// Halofit of Takahashi et al. (2012).
    #[default]
    Halofit,
}

impl<R: Real> Halofit<R> {
    /// Joins the linear spectrum today with its growth.
    #[must_use]
    pub fn new(background: Background<R>, linear: LinearPower<R>) -> Self {
        let growth = Growth::new(&background);
        let scales = NonlinearScales::new(&linear);
        Self {
            background,
            growth,
            linear,
            scales,
        }
    }

    /// The linear spectrum today.
    pub fn linear(&self) -> &LinearPower<R> {
        &self.linear
    }

    /// The coefficients at scale factor `a`.
    ///
    /// # Errors
    /// [`SkyError::NonlinearScale`] when the density is non-linear on all scales.
    pub fn at(&self, a: f64, nonlinearity: Nonlinearity) -> Result<HalofitTerms<R>, SkyError> {
        let growth = self.growth.factor(a);
        let scale = match nonlinearity {
            Nonlinearity::Linear => None,
            Nonlinearity::Halofit => self.scales.at(growth)?,
        };
        let omega_de = self.background.omega_de(a);
        // an open universe lies between the two fits of Smith et al.; for a closed one there is only the flat fit
        let flatness = if self.background.omega_k().value() > 0.0 {
            omega_de / (omega_de + self.background.omega_k() * a.powi(-2) / self.background.expansion_squared(a))
        } else {
            R::from(1.0)
        };
        let (omega_m, w) = (self.background.omega_m(a), self.background.equation_of_state(a));
        Ok(HalofitTerms::new(growth, scale, omega_m, omega_de, w, flatness))
    }

    /// Power in (Mpc/h)^3 at `wavenumbers` in h/Mpc and scale factor `a`.
    ///
    /// # Errors
    /// As [`Halofit::at`].
    pub fn power(&self, wavenumbers: &[f64], a: f64, nonlinearity: Nonlinearity) -> Result<Vec<R>, SkyError> {
        let terms = self.at(a, nonlinearity)?;
        let power = |&k: &f64| {
            let ln_k = R::from(k.ln());
            terms.delta_squared(self.linear.delta_squared(ln_k), ln_k) * (2.0 * PI * PI / k.powi(3))
        };
        Ok(wavenumbers.iter().map(power).collect())
    }
}
