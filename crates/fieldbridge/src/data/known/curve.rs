//! Integrals along a curve.

/// Nodes and weights of Gauss's rule of five points on `[-1, 1]` (Abramowitz and Stegun 1964, table 25.4).
const NODES: [(f64, f64); 5] = [
    (-0.906_179_845_938_664, 0.236_926_885_056_189_1),
    (-0.538_469_310_105_683_1, 0.478_628_670_499_366_5),
    (0.0, 0.568_888_888_888_888_9),
    (0.538_469_310_105_683_1, 0.478_628_670_499_366_5),
    (0.906_179_845_938_664, 0.236_926_885_056_189_1),
];

/// Places and weights by which a function is integrated from `from` to `to`, in `panels` equal panels.
pub(super) fn rule(from: f64, to: f64, panels: usize) -> impl Iterator<Item = (f64, f64)> {
    let half = 0.5 * (to - from) / panels as f64;
    (0..panels).flat_map(move |panel| {
        let centre = from + (2 * panel + 1) as f64 * half;
        NODES.map(|(node, weight)| (centre + half * node, half * weight))
    })
}
