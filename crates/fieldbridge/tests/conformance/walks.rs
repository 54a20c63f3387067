//! What every bridge shows of its way: it begins at the base and ends at the draws.

use fieldbridge::bridge::{BridgeKind, InterpolantForm};
use fieldbridge::device::cpu;
use fieldbridge::random::Stream;
use fieldbridge::solver::{SamplerKind, SolverKind};

use crate::families::recipes;
use crate::{DIMENSION, built, dimension, host, rows, tensor};

const ROWS: usize = 7;
const PIECES: usize = 5;

#[test]
fn ways_begin_at_the_base_and_end_at_the_draws() {
    for conditional in [false, true] {
        for (name, recipe) in recipes(conditional) {
            let (bridge, parameters) = built(&recipe, conditional);
            let weights = parameters.on(&cpu());
            let (dimension, width) = (dimension(&recipe), bridge.base_width());
            let batch = rows(ROWS, dimension, conditional);
            let context = batch.context_on(&cpu());
            let base = bridge.draw_base(ROWS, &Stream::new(5, "base", 0));
            let streams: Vec<Stream> = (0..ROWS).map(|row| Stream::new(5, "walk", row as u64)).collect();
            let drawn = bridge
                .draw(&weights, tensor(&base, width), context.as_ref(), &streams)
                .unwrap();
            let way = bridge
                .on_the_way(&weights, tensor(&base, width), context.as_ref(), &streams, PIECES)
                .unwrap();

            let times: Vec<f64> = way.iter().map(|stop| stop.time).collect();
            assert_eq!((times[0], times[times.len() - 1]), (0.0, 1.0), "{name}");
            assert!(times.is_sorted_by(|one, next| one < next), "{name}: {times:?}");
            let jumps = matches!(
                recipe.kind,
                BridgeKind::SplineFlow
                    | BridgeKind::AffineFlow
                    | BridgeKind::ResidualFlow
                    | BridgeKind::ImageFlow
                    | BridgeKind::MixtureDensity
            );
            assert!(jumps || times.len() == PIECES + 1, "{name}: {times:?}");

            let start: Vec<f32> =
                if recipe.interpolant.form == InterpolantForm::PointSource && recipe.kind == BridgeKind::Interpolant {
                    // the last modality, zero where it was not observed
                    let (values, mask) = (&batch.context, &batch.mask);
                    let of_row = |row: usize| (row + 1) * (3 + DIMENSION) - DIMENSION..(row + 1) * (3 + DIMENSION);
                    (0..ROWS).flat_map(of_row).map(|at| values[at] * mask[at]).collect()
                } else {
                    let points = base.chunks_exact(width);
                    points.flat_map(|point| &point[..dimension]).copied().collect()
                };
            assert_eq!(host(way[0].points.clone()), start, "{name}");
            // a walk with steps of its own for every row is cut into pieces: a hundred steps, each within its tolerance
            let adaptive = |solver| matches!(solver, SolverKind::DormandPrince { .. });
            let cut = match recipe.kind {
                BridgeKind::FlowMatching => {
                    adaptive(recipe.flow_matching.solver)
                        && recipe.flow_matching.sampler == SamplerKind::ProbabilityFlow
                }
                BridgeKind::Diffusion => {
                    adaptive(recipe.diffusion.solver) && recipe.diffusion.sampler == SamplerKind::ProbabilityFlow
                }
                BridgeKind::ContinuousFlow => true,
                _ => false,
            };
            let (ends, drawn) = (host(way[way.len() - 1].points.clone()), host(drawn));
            if cut {
                for (end, drawn) in ends.iter().zip(&drawn) {
                    assert!(
                        (end - drawn).abs() < 1e-3 * (1.0 + drawn.abs()),
                        "{name}: {end} {drawn}"
                    );
                }
            } else {
                assert_eq!(ends, drawn, "{name}");
            }
            for stop in &way {
                let points = host(stop.points.clone());
                assert_eq!(points.len(), ROWS * dimension, "{name}");
                assert!(points.iter().all(|value| value.is_finite()), "{name}");
            }
            // what lies between is neither of the ends
            for stop in &way[1..way.len() - 1] {
                let points = host(stop.points.clone());
                assert!(points != start && points != drawn, "{name} at {}", stop.time);
            }
        }
    }
}
