//! Transforms of images.

use burn_tensor::Tensor;

use super::super::Transform;
use super::super::image::{
    ChannelAffine, ChannelMixing, ImageCoupling, ImageSupplier, ImageTransform, MultiScale, Shape,
};
use super::{assert_near, host, matrix, normals};
use crate::determinant::log_determinant;
use crate::device::cpu;
use crate::network::{Registry, Weights};
use crate::random::Stream;

const CONTEXT: usize = 3;

fn supplier(context: usize) -> ImageSupplier {
    ImageSupplier {
        context,
        width: 8,
        blocks: 1,
    }
}

/// Values moved off their start.
fn moved(registry: Registry, size: f32) -> Weights {
    let mut parameters = registry.finish(2);
    let noise = Stream::new(3, "perturbation", 0).normals(parameters.count());
    parameters
        .values_mut()
        .iter_mut()
        .zip(noise)
        .for_each(|(value, noise)| *value += size * noise);
    parameters.on(&cpu())
}

#[test]
fn channels_mix_by_a_matrix_and_its_inverse() {
    for channels in [1, 2, 3, 8, 12] {
        let mut registry = Registry::new();
        let mixing = ChannelMixing::new(&mut registry, channels, &Stream::new(1, "mixing", 0));
        let weights = moved(registry, 0.3);
        // one image whose pixels are the unit vectors gives the rows of the matrix
        let one = Tensor::<2>::eye(channels, &cpu()).reshape([1, channels, 1, channels]);
        let (rows, volume) = mixing.forward(&weights, one.clone(), None);
        let rows: Vec<f64> = host(rows).iter().map(|&x| f64::from(x)).collect();
        let expected = channels as f64 * log_determinant(rows, channels);
        let volume = f64::from(host(volume)[0]);
        assert!((volume - expected).abs() < 1e-3, "{channels}: {volume} {expected}");
        let (there, _) = mixing.forward(&weights, one.clone(), None);
        let (back, opposite) = mixing.inverse(&weights, there, None);
        assert_near(&host(back), &host(one), 1e-4, "there and back");
        assert_near(&host(opposite), &[-volume as f32], 1e-5, "volume");
    }
}

/// Every image transform, as a function of the images, with and without a context.
fn every(context: usize) -> Vec<(&'static str, Box<dyn ImageTransform>, Weights)> {
    let made = |name, build: &dyn Fn(&mut Registry) -> Box<dyn ImageTransform>| {
        let mut registry = Registry::new();
        let transform = build(&mut registry);
        (name, transform, moved(registry, 0.1))
    };
    vec![
        made("affine", &|registry| Box::new(ChannelAffine::new(registry, 4))),
        made("mixing", &|registry| {
            Box::new(ChannelMixing::new(registry, 4, &Stream::new(1, "mixing", 0)))
        }),
        made("coupling", &|registry| {
            Box::new(ImageCoupling::new(registry, 4, supplier(context)))
        }),
    ]
}

#[test]
fn they_return_from_either_side_with_opposite_volumes() {
    for context in [0, CONTEXT] {
        let contexts = (context > 0).then(|| matrix(&normals("contexts", 5 * CONTEXT), CONTEXT));
        for (name, transform, weights) in every(context) {
            let x = normals("images", 5 * 2 * 3 * 4);
            let images = matrix(&x, 24).reshape([5, 2, 3, 4]);
            let (z, there) = transform.forward(&weights, images.clone(), contexts.as_ref());
            let (back, opposite) = transform.inverse(&weights, z, contexts.as_ref());
            assert_near(&host(back), &x, 1e-4, name);
            assert_near(&host(there + opposite), &[0.0; 5], 1e-4, name);
        }
    }
}

#[test]
fn a_flow_of_scales_has_the_numerical_jacobian_and_returns() {
    let shapes = [
        (
            Shape {
                height: 4,
                width: 4,
                channels: 1,
            },
            2,
        ),
        (
            Shape {
                height: 2,
                width: 4,
                channels: 3,
            },
            1,
        ),
    ];
    for (shape, scales) in shapes {
        for context in [0, CONTEXT] {
            let numbers = shape.numbers();
            let mut registry = Registry::new();
            let stream = Stream::new(1, "mixing", 0);
            let flow = MultiScale::new(&mut registry, shape, scales, 2, supplier(context), &stream);
            let weights = moved(registry, 0.1);
            let rows = 6;
            let contexts = (context > 0).then(|| matrix(&normals("contexts", rows * CONTEXT), CONTEXT));
            let x = normals("images", rows * numbers);
            let (z, volume) = flow.forward(&weights, matrix(&x, numbers), contexts.as_ref());
            let (back, opposite) = flow.inverse(&weights, z.clone(), contexts.as_ref());
            assert_near(&host(back), &x, 1e-4, "there and back");
            assert_near(&host(volume.clone() + opposite), &vec![0.0; rows], 1e-3, "volumes");
            let (x_of, _) = flow.inverse(&weights, matrix(&x, numbers), contexts.as_ref());
            let (again, _) = flow.forward(&weights, x_of, contexts.as_ref());
            assert_near(&host(again), &x, 1e-4, "back and there");

            // every number moved in turn
            let step = 3e-3_f32;
            let columns: Vec<Vec<f32>> = (0..numbers)
                .map(|input| {
                    let at = |sign: f32| {
                        let mut moved = x.clone();
                        moved
                            .iter_mut()
                            .skip(input)
                            .step_by(numbers)
                            .for_each(|x| *x += sign * step);
                        flow.forward(&weights, matrix(&moved, numbers), contexts.as_ref()).0
                    };
                    host((at(1.0) - at(-1.0)) / (2.0 * step))
                })
                .collect();
            for (row, exact) in host(volume).iter().enumerate() {
                let jacobian = columns
                    .iter()
                    .flat_map(|column| column[row * numbers..(row + 1) * numbers].iter().map(|&x| f64::from(x)));
                let numeric = log_determinant(jacobian.collect(), numbers);
                assert!(
                    (f64::from(*exact) - numeric).abs() < 2e-2,
                    "row {row}: {exact} against {numeric}"
                );
            }
        }
    }
}

#[test]
fn a_flow_of_scales_starts_without_change_of_volume() {
    let shape = Shape {
        height: 4,
        width: 4,
        channels: 2,
    };
    let mut registry = Registry::new();
    let flow = MultiScale::new(&mut registry, shape, 2, 2, supplier(0), &Stream::new(1, "mixing", 0));
    let weights = registry.finish(1).on(&cpu());
    let x = normals("images", 3 * 32);
    let (z, volume) = flow.forward(&weights, matrix(&x, 32), None);
    assert_near(&host(volume), &[0.0; 3], 1e-5, "volume");
    // rotations keep lengths
    let lengths = |values: &[f32]| -> Vec<f32> {
        values
            .chunks_exact(32)
            .map(|row| row.iter().map(|x| x * x).sum::<f32>().sqrt())
            .collect()
    };
    assert_near(&lengths(&host(z)), &lengths(&x), 1e-4, "lengths");
}
