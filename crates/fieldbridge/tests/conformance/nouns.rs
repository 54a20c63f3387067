//! Bases, couplings and paths by themselves.

use fieldbridge::Error;
use fieldbridge::base::BaseKind;
use fieldbridge::coupling::{Batch, CouplingKind};
use fieldbridge::path::PathKind;
use fieldbridge::random::Stream;

use crate::{host, normals, tensor};

#[test]
fn bases_draw_from_the_density_they_state() {
    let clouds = |dimension: usize| BaseKind::Mixture {
        means: vec![vec![-1.5; dimension], vec![0.5; dimension]],
        deviation: 0.6,
    };
    for (index, edge) in [7.0_f32, 1.0, 7.0].into_iter().enumerate() {
        let kind = |dimension| [BaseKind::Normal, BaseKind::Uniform, clouds(dimension)][index].clone();
        let build = |dimension| kind(dimension).build("base", dimension).unwrap();
        let (kind, base) = (kind(3), build(3));
        let stream = Stream::new(1, "base", 0);
        assert_eq!(base.sample(50, 3, &stream), base.sample(50, 3, &stream));
        assert_ne!(
            base.sample(50, 3, &stream),
            base.sample(50, 3, &Stream::new(1, "base", 1))
        );
        // more rows begin with the same rows
        assert_eq!(base.sample(10, 3, &stream), base.sample(50, 3, &stream)[..30]);
        assert!(base.has_density());
        let (base, in_three) = (build(1), base);
        let drawn = base.sample(20_000, 1, &stream);
        let of_draws = host(base.log_density(tensor(&drawn, 1)));
        assert!(of_draws.iter().all(|value| value.is_finite()));
        let cells = 20_000;
        let width = f64::from(2.0 * edge) / f64::from(cells);
        let points: Vec<f32> = (0..cells)
            .map(|at| (f64::from(-edge) + (f64::from(at) + 0.5) * width) as f32)
            .collect();
        let on_grid = host(base.log_density(tensor(&points, 1)));
        let (mut total, mut negative_entropy) = (0.0, 0.0);
        for value in on_grid {
            let density = f64::from(value).exp();
            total += density * width;
            negative_entropy += density * f64::from(value) * width;
        }
        assert!((total - 1.0).abs() < 1e-4, "{kind:?}: {total}");
        let mean = of_draws.iter().map(|&value| f64::from(value)).sum::<f64>() / 20_000.0;
        // the log-densities have deviations up to 0.71
        assert!(
            (mean - negative_entropy).abs() < 4.0 * 0.71 / 20_000_f64.sqrt() + 1e-5,
            "{kind:?}: {mean} {negative_entropy}"
        );
        // dimensions are independent, but for the choice of a cloud
        if !matches!(kind, BaseKind::Mixture { .. }) {
            let three = host(in_three.log_density(tensor(&[0.3, -0.8, 0.1], 3)))[0];
            let apart: f32 = host(base.log_density(tensor(&[0.3, -0.8, 0.1], 1))).iter().sum();
            assert!((three - apart).abs() < 1e-5);
        }
    }
    let outside = BaseKind::Uniform
        .build("base", 2)
        .unwrap()
        .log_density(tensor(&[0.5, 1.5, 0.2, 0.3], 2));
    let outside = host(outside);
    assert!(outside[0] == f32::NEG_INFINITY && outside[1].is_finite());
}

#[test]
fn a_base_of_points_draws_its_points_and_knows_no_density() {
    let points = normals("points", 2 * 50);
    let base = BaseKind::Empirical { points: points.clone() }.build("base", 2).unwrap();
    let stream = Stream::new(1, "base", 0);
    let drawn = base.sample(400, 2, &stream);
    assert_eq!(drawn, base.sample(400, 2, &stream));
    assert_eq!(base.sample(10, 2, &stream), drawn[..20]);
    assert!(
        drawn
            .chunks_exact(2)
            .all(|draw| points.chunks_exact(2).any(|point| point == draw))
    );
    let distinct: std::collections::BTreeSet<u32> = drawn.iter().step_by(2).map(|x| x.to_bits()).collect();
    // 50 (1 - exp(-8)) on average
    assert!(distinct.len() >= 48, "{}", distinct.len());
    assert!(
        !base.has_density()
            && host(base.log_density(tensor(&drawn, 2)))
                .iter()
                .all(|value| value.is_nan())
    );
    for broken in [vec![], vec![0.0; 3], vec![0.0, f32::NAN]] {
        let refused = BaseKind::Empirical { points: broken }.build("interpolant.base", 2);
        assert!(matches!(refused, Err(Error::Recipe { key, .. }) if key == "interpolant.base"));
    }
}

#[test]
fn couplings_are_permutations_that_a_stream_fixes() {
    let rows = 64;
    let (base, data, context) = (
        normals("base", 2 * rows),
        normals("data", 2 * rows),
        normals("context", rows),
    );
    let cost = |pairs: &[usize]| -> f32 {
        let each = pairs.iter().enumerate();
        each.map(|(j, &i)| (0..2).map(|d| (base[2 * i + d] - data[2 * j + d]).powi(2)).sum::<f32>())
            .sum()
    };
    let mut costs = Vec::new();
    for kind in [
        CouplingKind::Independent,
        CouplingKind::Conditional,
        CouplingKind::Assignment,
    ] {
        let batch = Batch {
            base: &base,
            data: &data,
            context: &context,
            rows,
        };
        let pair = |index| kind.build().pair(&batch, &Stream::new(2, "pair", index));
        let mut sorted = pair(0);
        sorted.sort_unstable();
        assert_eq!(sorted, (0..rows).collect::<Vec<_>>(), "{kind:?}");
        assert_eq!(pair(0), pair(0), "{kind:?}");
        costs.push(cost(&pair(0)));
        let empty = Batch {
            base: &[],
            data: &[],
            context: &[],
            rows: 0,
        };
        assert!(
            kind.build().pair(&empty, &Stream::new(2, "pair", 0)).is_empty(),
            "{kind:?}"
        );
    }
    assert!(costs[2] <= costs[1] && costs[1] < costs[0], "{costs:?}");
}

#[test]
fn paths_begin_and_end_at_their_points_at_the_stated_velocity() {
    let paths = [
        PathKind::Linear,
        PathKind::ConditionalGaussian { sigma_min: 0.1 },
        PathKind::Trigonometric,
        PathKind::VariancePreserving,
        PathKind::Cosine,
        PathKind::VarianceExploding,
        PathKind::Edm,
    ];
    for kind in paths {
        let path = kind.build();
        let (x0, x1) = (normals("x0", 10), normals("x1", 10));
        let at = |t: f32| path.at(tensor(&x0, 2), tensor(&x1, 2), &[t; 5]);
        if matches!(kind, PathKind::Linear | PathKind::Trigonometric) {
            assert_eq!(host(at(0.0).0), x0, "{kind:?}");
            assert_eq!(host(at(1.0).0), x1, "{kind:?}");
        }
        for t in [0.1, 0.5, 0.9] {
            let step = 1e-2;
            let numeric = host((at(t + step).0 - at(t - step).0) / (2.0 * step));
            for (velocity, numeric) in host(at(t).1).iter().zip(numeric) {
                // central differences of steps this long: the logarithm of the noise falls by 10.6
                assert!(
                    (velocity - numeric).abs() < 5e-3 * (1.0 + velocity.abs()),
                    "{kind:?} at {t}"
                );
            }
        }
    }
}
