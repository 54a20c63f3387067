//! Maps of eight by eight pixels in two bins.

/// A recipe of parameters and maps that trains in a second.
pub(crate) const RECIPE: &str = r#"title = "A small field"
seed = 3
bridge = "flow_matching"

[simulation]
simulations = 60

[simulation.patch]
pixels = 8
width_degrees = 5.0

[simulation.sources]
rise = 2.0
fall = 0.68
scale = 0.11
bins = 2
photometric_smearing = 0.05
galaxies_per_arcmin2 = 27.0
ellipticity = 0.26

[simulation.field]
law = "gaussian"

[simulation.prior]
omega_c = { mean = 0.2664, deviation = 0.1, low = 0.05 }
omega_b = 0.0492
sigma_8 = { mean = 0.831, deviation = 0.14 }
h_0 = 0.6727
n_s = 0.9645
w_0 = -1.0

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
"#;
