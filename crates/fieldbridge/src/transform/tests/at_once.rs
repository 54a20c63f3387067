//! The two ways of a masked network: layer after layer with gradients, unit after unit without.

use super::super::{AffineMap, Autoregressive, Boundary, Monotone, RationalQuadraticSpline, Supplier, Transform};
use super::{assert_near, host, matrix, normals};
use crate::device::cpu;
use crate::network::{Activation, MaskedPerceptron, Registry};
use crate::random::Stream;

const ROWS: usize = 70;
const CONTEXT: usize = 3;

fn map(spline: bool) -> Box<dyn Monotone> {
    match spline {
        true => Box::new(RationalQuadraticSpline {
            bins: 7,
            bound: 3.0,
            boundary: Boundary::Linear,
        }),
        false => Box::new(AffineMap),
    }
}

/// Residual blocks with a context in every layer, or a plain perceptron with it in the first.
fn transform(registry: &mut Registry, residual: bool, spline: bool, order: &[usize], context: usize) -> Autoregressive {
    let map = map(spline);
    if residual {
        let supplier = Supplier {
            context,
            width: 20,
            blocks: 2,
            activation: Activation::Silu,
        };
        return Autoregressive::new(registry, order.to_vec(), map, supplier);
    }
    let each = map.parameters();
    let network = MaskedPerceptron::new(registry, order, context, &[18, 11], each, Activation::Relu);
    Autoregressive::of(Box::new(network), order.to_vec(), map)
}

#[test]
fn densities_and_draws_are_those_of_the_layers() {
    for order in [vec![1], vec![2, 1], vec![3, 1, 4, 2, 5]] {
        for (residual, spline, context) in [
            (true, true, CONTEXT),
            (true, false, 0),
            (false, true, 0),
            (false, false, CONTEXT),
            (false, true, CONTEXT),
        ] {
            let dimension = order.len();
            let mut registry = Registry::new();
            let transform = transform(&mut registry, residual, spline, &order, context);
            let mut parameters = registry.finish(2);
            let noise = Stream::new(3, "perturbation", 0).normals(parameters.count());
            for (value, noise) in parameters.values_mut().iter_mut().zip(noise) {
                *value += 0.1 * noise;
            }
            let plain = parameters.on(&cpu());
            let tracked = plain.tracked();
            let x = matrix(&normals("x", ROWS * dimension), dimension);
            let given = (context > 0).then(|| matrix(&normals("context", ROWS * context), context));
            let what = format!("residual {residual}, spline {spline}, context {context}, order {order:?}");
            let (at_once, by_layers) = (
                transform.forward(&plain, x.clone(), given.as_ref()),
                transform.forward(&tracked, x.clone(), given.as_ref()),
            );
            assert!(!at_once.0.is_autodiff() && by_layers.0.is_autodiff(), "{what}");
            assert_near(&host(at_once.0), &host(by_layers.0), 2e-5, &what);
            assert_near(&host(at_once.1), &host(by_layers.1), 2e-4, &what);
            let (at_once, by_layers) = (
                transform.inverse(&plain, x.clone(), given.as_ref()),
                transform.inverse(&tracked, x.clone(), given.as_ref()),
            );
            // an inverse spreads rounding by its slope, at every dimension anew
            assert_near(&host(at_once.0), &host(by_layers.0), 5e-4, &what);
            assert_near(&host(at_once.1), &host(by_layers.1), 5e-3, &what);
        }
    }
}
