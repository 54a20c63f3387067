//! The fits of Eisenstein and Hu (1998, ApJ 496, 605, arXiv:astro-ph/9709112) to the transfer function.
//!
//! Equation numbers are theirs. Wave numbers are in h/Mpc; physical scales of the fits are in Mpc.

use std::f64::consts::E;

use crate::{Cosmology, Real};

/// How fluctuations of each scale came through the era of radiation: `T(k) -> 1` for small `k`.
pub trait TransferFunction<R>: Send + Sync {
    /// `T(k)` at a wave number in h/Mpc.
    fn at(&self, wavenumber: f64) -> R;
}

/// Scales both fits use.
struct Scales<R> {
    /// `O_m h^2`.
    matter: R,
    /// `O_b h^2`.
    baryons: R,
    /// `O_b / O_m`.
    baryon_fraction: R,
    /// `(T_cmb / 2.7 K)^2`.
    temperature: f64,
}

impl<R: Real> Scales<R> {
    fn new(cosmology: &Cosmology<R>) -> Self {
        let h2 = cosmology.h.square();
        Self {
            matter: cosmology.omega_m() * h2,
            baryons: cosmology.omega_b * h2,
            baryon_fraction: cosmology.omega_b / cosmology.omega_m(),
            temperature: (cosmology.temperature_cmb / 2.7).powi(2),
        }
    }
}

/// The full fit, with acoustic oscillations.
#[derive(Debug, Clone)]
pub struct EisensteinHu<R = f64> {
    h: R,
    baryon_fraction: R,
    equality: R,
    sound_horizon: R,
    silk: R,
    alpha_c: R,
    beta_c: R,
    alpha_b: R,
    beta_b: R,
    beta_node: R,
}

impl<R: Real> EisensteinHu<R> {
    /// The fit for a universe whose parameters have been checked, as in the program its authors published: the redshift
    /// of the fit to equality is one plus the redshift, and the momentum of baryons at the drag epoch goes with `1 + z`.
    #[must_use]
    pub fn new(cosmology: &Cosmology<R>) -> Self {
        Self::with_redshifts(cosmology, 1.0)
    }

    /// The same with redshifts where the printed equations 2 and 5 say redshift, as `jax_cosmo` reads them. Power differs
    /// by up to 0.06 % near the acoustic oscillations.
    #[must_use]
    pub fn as_printed(cosmology: &Cosmology<R>) -> Self {
        Self::with_redshifts(cosmology, 0.0)
    }

    /// `offset` is one where `1 + z` is meant.
    fn with_redshifts(cosmology: &Cosmology<R>, offset: f64) -> Self {
        let Scales {
            matter,
            baryons,
            baryon_fraction,
            temperature,
        } = Scales::new(cosmology);
        // equality, drag epoch, sound horizon, Silk damping (2-7)
        let z_equality = matter * (2.50e4 / temperature.powi(2));
        let equality = matter * (7.46e-2 / temperature);
        let b1 = matter.powf(-0.419) * (matter.powf(0.674) * 0.607 + 1.0) * 0.313;
        let b2 = matter.powf(0.223) * 0.238;
        let z_drag = matter.powf(0.251) * 1291.0 / (matter.powf(0.828) * 0.659 + 1.0) * (b1 * baryons.pow(b2) + 1.0);
        let momentum = baryons * (31.5e3 / temperature.powi(2));
        let (r_drag, r_equality) = (momentum / (z_drag + offset), momentum / z_equality);
        let horizons = ((r_drag + 1.0).sqrt() + (r_drag + r_equality).sqrt()) / (r_equality.sqrt() + 1.0);
        let sound_horizon = (r_equality.recip() * 6.0).sqrt() * horizons.ln() * (2.0 / 3.0) / equality;
        let silk = baryons.powf(0.52) * matter.powf(0.73) * ((matter * 10.4).powf(-0.95) + 1.0) * 1.6;
        // cold dark matter (11, 12)
        let a1 = (matter * 46.9).powf(0.670) * ((matter * 32.1).powf(-0.532) + 1.0);
        let a2 = (matter * 12.0).powf(0.424) * ((matter * 45.0).powf(-0.582) + 1.0);
        let alpha_c = a1.pow(-baryon_fraction) * a2.pow(-baryon_fraction.cube());
        let b1 = ((matter * 458.0).powf(-0.708) + 1.0).recip() * 0.944;
        let b2 = (matter * 0.395).powf(-0.0266);
        let cold_fraction = -baryon_fraction + 1.0;
        let beta_c = (b1 * (cold_fraction.pow(b2) - 1.0) + 1.0).recip();
        // baryons (14, 15, 23, 24)
        let y = (z_equality + (1.0 - offset)) / (z_drag + 1.0);
        let root = (y + 1.0).sqrt();
        let g = y * (root * -6.0 + (y * 3.0 + 2.0) * ((root + 1.0) / (root - 1.0)).ln());
        let alpha_b = equality * sound_horizon * (r_drag + 1.0).powf(-0.75) * g * 2.07;
        let beta_b = baryon_fraction + 0.5 + (baryon_fraction * -2.0 + 3.0) * ((matter * 17.2).square() + 1.0).sqrt();
        let beta_node = matter.powf(0.435) * 8.41;
        let h = cosmology.h;
        Self {
            h,
            baryon_fraction,
            equality,
            sound_horizon,
            silk,
            alpha_c,
            beta_c,
            alpha_b,
            beta_b,
            beta_node,
        }
    }

    /// Sound horizon at the drag epoch, Mpc.
    pub fn sound_horizon(&self) -> R {
        self.sound_horizon
    }
}

/// `L / (L + C q^2)` with `C = 14.2/alpha + 386 / (1 + 69.9 q^1.08)` (19, 20); the last part is handed in.
fn pressureless<R: Real>(q: R, shape: R, alpha_part: R, beta: R) -> R {
    let l = (q * beta * 1.8 + E).ln();
    l / (l + (alpha_part + shape) * q.square())
}

impl<R: Real> TransferFunction<R> for EisensteinHu<R> {
    fn at(&self, wavenumber: f64) -> R {
        let k = self.h * wavenumber;
        let q = k / (self.equality * 13.41);
        let shape = (q.powf(1.08) * 69.9 + 1.0).recip() * 386.0;
        let phase = k * self.sound_horizon;
        let (one, plain) = (R::from(1.0), R::from(14.2));
        // (16-18)
        let split = ((phase / 5.4).square().square() + 1.0).recip();
        let cold = split * pressureless(q, shape, plain, self.beta_c)
            + (-split + 1.0) * pressureless(q, shape, self.alpha_c.recip() * 14.2, self.beta_c);
        // (21, 22)
        let shifted = phase / ((self.beta_node / phase).cube() + 1.0).powf(1.0 / 3.0);
        let wave = if shifted.value() > 1e-3 {
            shifted.sin() / shifted
        } else {
            -shifted.square() / 6.0 + 1.0
        };
        let damping = (-(k / self.silk).powf(1.4)).exp();
        let baryons = (pressureless(q, shape, plain, one) / ((phase / 5.2).square() + 1.0)
            + self.alpha_b / ((self.beta_b / phase).cube() + 1.0) * damping)
            * wave;
        // (8)
        self.baryon_fraction * baryons + (-self.baryon_fraction + 1.0) * cold
    }
}

/// The fit to its shape without oscillations, section 4.2.
#[derive(Debug, Clone)]
pub struct EisensteinHuSmooth<R = f64> {
    h: R,
    /// `O_m h` in units of which wave numbers are measured, before suppression.
    shape: R,
    alpha: R,
    sound_horizon: R,
    temperature: f64,
}

impl<R: Real> EisensteinHuSmooth<R> {
    /// The fit for a universe whose parameters have been checked.
    #[must_use]
    pub fn new(cosmology: &Cosmology<R>) -> Self {
        let Scales {
            matter,
            baryons,
            baryon_fraction,
            temperature,
        } = Scales::new(cosmology);
        // (26, 31)
        let sound_horizon = (matter.recip() * 9.83).ln() * 44.5 / (baryons.powf(0.75) * 10.0 + 1.0).sqrt();
        let alpha = -((matter * 431.0).ln() * baryon_fraction * 0.328)
            + (matter * 22.3).ln() * baryon_fraction.square() * 0.38
            + 1.0;
        let shape = cosmology.omega_m() * cosmology.h;
        Self {
            h: cosmology.h,
            shape,
            alpha,
            sound_horizon,
            temperature,
        }
    }
}

impl<R: Real> TransferFunction<R> for EisensteinHuSmooth<R> {
    fn at(&self, wavenumber: f64) -> R {
        // (28-30)
        let suppression = ((self.h * self.sound_horizon * (0.43 * wavenumber)).square().square() + 1.0).recip();
        let shape = self.shape * (self.alpha + (-self.alpha + 1.0) * suppression);
        let q = shape.recip() * (wavenumber * self.temperature);
        let l = (q * 1.8 + 2.0 * E).ln();
        let c = (q * 62.5 + 1.0).recip() * 731.0 + 14.2;
        l / (l + c * q.square())
    }
}
