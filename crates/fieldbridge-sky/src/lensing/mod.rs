//! Weak lensing: angular power spectra of convergence between tomographic bins, in the approximation of Limber.
//!
//! `C_ij(l) = f(l) int dchi W_i(chi) W_j(chi) / S(chi)^2 P((l + 1/2) / S(chi), a(chi))` with
//! `W_i = 3/2 O_m (H0/c)^2 (1 + z) S(chi) int_z dz' n_i(z') S(chi' - chi) / S(chi')`, `S` the transverse distance and
//! `f(l) = (l-1) l (l+1) (l+2) / (l + 1/2)^4` (LoVerde and Afshordi 2008, arXiv:0809.5112; Kitching et al. 2017,
//! arXiv:1611.04954).

mod converged;
mod jax_cosmo;
mod limber;
mod multipoles;
mod noise;
mod spectra;
#[cfg(test)]
mod tests;

pub(crate) use limber::pairs;
pub use noise::{pixel_noise, shape_noise};
pub use spectra::{AngularSpectra, LensingSpectra, Scheme, Settings, Transfer};
