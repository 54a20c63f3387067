//! One file for each verb.

pub(crate) mod check;
pub(crate) mod compare;
pub(crate) mod density;
pub(crate) mod infer;
pub(crate) mod infer_fields;
pub(crate) mod mcmc;
mod observed_fits;
mod observed_healpix;
mod observed_shear;
mod observed_summaries;
mod odd_maps;
mod other_simulations;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod sample;
pub(crate) mod simulate;
pub(crate) mod train;
