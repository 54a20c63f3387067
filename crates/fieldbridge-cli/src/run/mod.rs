//! The steps of a run. Each is skipped when what it depends on is what it depended on last time.

pub(crate) mod checks;
pub(crate) mod fields;
pub(crate) mod found;
pub(crate) mod gallery;
pub(crate) mod posteriors;
pub(crate) mod prepared;
pub(crate) mod record;
pub(crate) mod reporting;
pub(crate) mod split;
pub(crate) mod training;
pub(crate) mod truth;
pub(crate) mod walk;
