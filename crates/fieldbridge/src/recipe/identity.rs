//! What the results of a run depend on, as one hash.

use serde::Serialize;

use super::Recipe;
use crate::model::Stored;

fn hash(parts: &impl Serialize) -> String {
    let text = serde_json::to_string(parts).expect("a recipe is plain data");
    blake3::hash(text.as_bytes()).to_hex().to_string()
}

impl Recipe {
    /// Hash of all that decides the parameters of a member: the sections that matter, the bytes of the data file and the
    /// release, but not where the file is, how many members there are, or how often and how exactly they are saved.
    pub fn training_identity(&self, fingerprint: &str) -> String {
        let mut recipe = self.clone();
        recipe.train.members = 1;
        recipe.train.checkpoint_seconds = 0.0;
        recipe.train.stored = Stored::Single;
        let settings = match recipe.bridge {
            crate::bridge::BridgeKind::SplineFlow => serde_json::to_value(&recipe.spline_flow),
            crate::bridge::BridgeKind::AffineFlow => serde_json::to_value(&recipe.affine_flow),
            crate::bridge::BridgeKind::ImageFlow => serde_json::to_value(&recipe.image_flow),
            crate::bridge::BridgeKind::ResidualFlow => serde_json::to_value(&recipe.residual_flow),
            crate::bridge::BridgeKind::MixtureDensity => serde_json::to_value(&recipe.mixture_density),
            crate::bridge::BridgeKind::FlowMatching => serde_json::to_value(&recipe.flow_matching),
            crate::bridge::BridgeKind::Diffusion => serde_json::to_value(&recipe.diffusion),
            crate::bridge::BridgeKind::Interpolant => serde_json::to_value(&recipe.interpolant),
            crate::bridge::BridgeKind::ContinuousFlow => serde_json::to_value(&recipe.continuous_flow),
        };
        let data = (
            &recipe.data.group,
            recipe.data.test,
            recipe.data.validation,
            recipe.data.split_seed,
        );
        let whole = hash(&(
            env!("CARGO_PKG_VERSION"),
            fingerprint,
            recipe.seed,
            recipe.bridge,
            settings.expect("settings are plain data"),
            data,
            &recipe.target,
            &recipe.context,
            &recipe.train,
        ));
        // what older releases did not know keeps out of the hashes of what they made
        let whole = match (&recipe.reading, recipe.data.renew_every) {
            (None, None) => whole,
            both => hash(&(whole, both)),
        };
        match recipe.observation.filter(|observation| !observation.is_plain()) {
            None => whole,
            Some(observation) => hash(&(whole, observation)),
        }
    }

    /// Hash of all that goes into the model file.
    pub fn model_identity(&self, fingerprint: &str) -> String {
        hash(&(self.training_identity(fingerprint), self.train.members, self.to_toml()))
    }

    /// Hash of all that the checks depend on.
    pub fn check_identity(&self, fingerprint: &str) -> String {
        hash(&(self.model_identity(fingerprint), &self.check))
    }
}
