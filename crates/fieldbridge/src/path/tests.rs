//! Paths and heads against their definitions.

use super::{Head, LatentShape, LossWeight, NoiseLevels, PathKind, Schedule};

const PATHS: [PathKind; 7] = [
    PathKind::Linear,
    PathKind::ConditionalGaussian { sigma_min: 0.05 },
    PathKind::Trigonometric,
    PathKind::VariancePreserving,
    PathKind::Cosine,
    PathKind::VarianceExploding,
    PathKind::Edm,
];
const HEADS: [Head; 5] = [
    Head::Velocity,
    Head::Noise,
    Head::Score,
    Head::CleanData,
    Head::Preconditioned,
];

fn times() -> impl Iterator<Item = f64> {
    (1..40).map(|step| f64::from(step) / 40.0)
}

#[test]
fn rates_are_the_slopes_of_the_weights() {
    for kind in PATHS {
        let path = kind.build();
        for t in times() {
            let (step, at) = (1e-5, path.schedule(t));
            let (before, after) = (path.schedule(t - step), path.schedule(t + step));
            let slope = |of: fn(&Schedule) -> f64| (of(&after) - of(&before)) / (2.0 * step);
            for (rate, slope) in [(at.data_rate, slope(|s| s.data)), (at.base_rate, slope(|s| s.base))] {
                assert!(
                    (rate - slope).abs() < 1e-5 * (1.0 + slope.abs()),
                    "{kind:?} at {t}: {rate} {slope}"
                );
            }
            assert!(at.determinant() < 0.0, "{kind:?} at {t} does not move towards the data");
        }
    }
}

#[test]
fn paths_begin_at_the_base_and_end_at_the_data_up_to_what_they_state() {
    // what is left of the data at the base, and of the base at the data
    let left = [0.0, 0.0, 0.0, 0.0066, 0.0, 1.0, 1.0];
    let stays = [0.0, 0.05, 0.0, 0.0033, 0.02, 0.002, 0.002];
    for (kind, (left, stays)) in PATHS.into_iter().zip(left.into_iter().zip(stays)) {
        let path = kind.build();
        let (start, end) = (path.schedule(path.interval().from), path.schedule(path.interval().to));
        assert!((start.data - left).abs() < 1e-4, "{kind:?}: {start:?}");
        assert!(
            end.base <= stays + 1e-9 && (end.data - 1.0).abs() < 1e-3,
            "{kind:?}: {end:?}"
        );
        assert!((path.schedule(0.0).base - 1.0).abs() < 1e-4 || path.schedule(0.0).base > 79.0);
    }
}

#[test]
fn variance_preserving_paths_preserve_it() {
    for kind in [PathKind::Trigonometric, PathKind::VariancePreserving, PathKind::Cosine] {
        for t in times() {
            assert!(
                (kind.build().schedule(t).radius() - 1.0).abs() < 1e-12,
                "{kind:?} at {t}"
            );
        }
    }
}

#[test]
fn every_head_is_read_as_what_it_was_made_of() {
    let (x0, x1) = (0.7, -1.9);
    for kind in PATHS {
        let path = kind.build();
        for head in HEADS {
            let interval = head.interval(path.as_ref());
            for t in times().chain([interval.from, interval.to]).map(|t| interval.clamp(t)) {
                let at = path.schedule(t);
                let x = at.data * x1 + at.base * x0;
                let (of_base, of_data) = head.target(&at);
                let output = of_base * x0 + of_data * x1;
                let read = |reading: super::Reading| reading.of_point * x + reading.of_output * output;
                let velocity = at.data_rate * x1 + at.base_rate * x0;
                for (what, found, expected) in [
                    ("noise", read(head.noise(&at)), x0),
                    ("clean data", read(head.clean(&at)), x1),
                    ("velocity", read(head.velocity(&at)), velocity),
                ] {
                    assert!(
                        (found - expected).abs() < 1e-9 * (1.0 + expected.abs()),
                        "{kind:?}, {head:?} at {t}: {what} {found}, expected {expected}"
                    );
                }
            }
        }
    }
}

#[test]
fn readings_stay_finite_inside_the_interval_of_the_head() {
    for kind in PATHS {
        let path = kind.build();
        for head in HEADS {
            let interval = head.interval(path.as_ref());
            assert!(
                interval.from < 0.05 && interval.to > 0.99,
                "{kind:?}, {head:?}: {interval:?}"
            );
            for t in [interval.from, interval.to] {
                let at = path.schedule(t);
                for reading in [head.noise(&at), head.clean(&at), head.velocity(&at)] {
                    assert!(
                        reading.of_point.is_finite() && reading.of_output.is_finite(),
                        "{kind:?}, {head:?} at {t}: {reading:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn noise_levels_fall_and_have_their_times() {
    for kind in PATHS {
        let path = kind.build();
        let times = NoiseLevels::default().times(path.as_ref(), path.interval(), 20);
        assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "{kind:?}: {times:?}");
        for level in [0.06, 1.0, 7.0] {
            let t = path.time_of_level(level);
            assert!((path.schedule(t).noise_level() / level - 1.0).abs() < 1e-6, "{kind:?}");
        }
    }
}

#[test]
fn latent_noise_vanishes_at_both_ends_and_moves_at_its_rate() {
    for shape in [LatentShape::Parabola, LatentShape::Root, LatentShape::Sine] {
        let latent = super::Latent { shape, size: 1.5 };
        assert!(latent.at(0.0).0.abs() < 1e-12 && latent.at(1.0).0.abs() < 1e-12);
        for t in times() {
            let slope = (latent.at(t + 1e-6).0 - latent.at(t - 1e-6).0) / 2e-6;
            assert!((latent.at(t).1 - slope).abs() < 1e-6, "{shape:?} at {t}");
        }
    }
}

#[test]
fn the_velocity_weight_is_that_of_clean_data_on_straight_lines_up_to_its_bound() {
    let path = PathKind::Linear.build();
    for t in times() {
        let found = LossWeight::Velocity.at(Head::CleanData, &path.schedule(t));
        let expected = (1.0 - t).max(0.05).powi(-2);
        assert!((found - expected).abs() < 1e-9 * expected, "{t}: {found} {expected}");
        assert_eq!(LossWeight::Velocity.at(Head::Velocity, &path.schedule(t)), 1.0);
    }
}
