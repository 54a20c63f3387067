//! The two distributions as torchcfm defines them.

use fieldbridge::base::BaseKind;
use fieldbridge::random::Stream;

/// Eight Gaussians on a circle of radius 5. The covariance is `sqrt(0.1)` times one, so that the deviation of a
/// coordinate is `0.1^(1/4)`: torchcfm hands the root of its variance over as a covariance.
pub(crate) fn eight_gaussians() -> BaseKind {
    let mean = |at: usize| {
        let angle = std::f64::consts::FRAC_PI_4 * at as f64;
        vec![5.0 * angle.cos(), 5.0 * angle.sin()]
    };
    BaseKind::Mixture {
        means: (0..8).map(mean).collect(),
        deviation: 0.1_f64.powf(0.25),
    }
}

/// Two half circles at equal steps of the angle, the first `count / 2` rows being the upper one. Both coordinates of a
/// point are shifted by the same number, uniform on `[0, 0.2)`; then everything is times three, less one.
pub(crate) fn moons(count: usize, stream: &Stream) -> Vec<f32> {
    let upper = count / 2;
    let angle = |at: usize, of: usize| std::f64::consts::PI * at as f64 / (of.max(2) - 1) as f64;
    let shifts = stream.uniforms(count);
    let point = |row: usize| {
        let [x, y] = if row < upper {
            let angle = angle(row, upper);
            [angle.cos(), angle.sin()]
        } else {
            let angle = angle(row - upper, count - upper);
            [1.0 - angle.cos(), 0.5 - angle.sin()]
        };
        [x, y].map(|x| (3.0 * (x + 0.2 * f64::from(shifts[row])) - 1.0) as f32)
    };
    (0..count).flat_map(point).collect()
}
