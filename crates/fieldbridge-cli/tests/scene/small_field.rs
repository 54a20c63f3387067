//! Maps of eight by eight pixels in two bins.

/// A recipe of parameters and maps that trains in a second.
pub(crate) const RECIPE: &str = concat!(
    r#"title = "A small field"
seed = 3
bridge = "flow_matching"

[simulation]
simulations = 60
"#,
    two_bins!(8),
    r#"
[simulation.store]
bands = 2

[data]
test = 0.2
validation = 0.1

[target]
columns = ["sigma_8", "omega_c"]

[flow_matching]
head = "preconditioned"
weight = "velocity"
balance = [2, 128]
solver = { method = "heun", steps = 4 }
likelihood = { trace = "hutchinson", probes = 2 }

[flow_matching.network]
kind = "joint_transformer"
shape = [8, 8]
channels = 2
patch = 4
parameters = 2
width = 16
blocks = 1
heads = 2

[train]
steps = 40
batch = 16
shard = 8
evaluate_every = 10
checkpoint_seconds = 0.0

[check]
draws = 12
rows = 12
"#
);
