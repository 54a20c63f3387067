//! The residual block of convolutions.

use fieldbridge_kernels::convolution::Padding;

use super::super::super::{Activation, ConvolutionBlock, ConvolutionShape, Dual, Registry, Space};
use super::{assert_close, by_name, host, normals, perturbed, tensor, wide};
use crate::device::cpu;
use crate::network::resolution::doubled;

const HEIGHT: usize = 3;
const WIDTH: usize = 4;

fn shape(channels: [usize; 2], conditions: usize, padding: Padding) -> ConvolutionShape {
    ConvolutionShape {
        space: Space { axes: 2, padding },
        channels,
        groups: 2,
        conditions,
        activation: Activation::Silu,
    }
}

/// `silu((n w + b) (1 + s) + t)` of `[places, channels]` with two groups.
fn normed(x: &[f64], weight: &[f64], bias: &[f64], modulation: Option<(&[f64], &[f64])>) -> Vec<f64> {
    let channels = weight.len();
    let half = channels / 2;
    let mut y = vec![0.0; x.len()];
    for group in 0..2 {
        let members: Vec<usize> = (0..x.len()).filter(|at| at % channels / half == group).collect();
        let count = members.len() as f64;
        let mean = members.iter().map(|&at| x[at]).sum::<f64>() / count;
        let variance = members.iter().map(|&at| (x[at] - mean).powi(2)).sum::<f64>() / count;
        for at in members {
            let channel = at % channels;
            let mut z = (x[at] - mean) / (variance + 1e-5).sqrt() * weight[channel] + bias[channel];
            if let Some((scale, shift)) = modulation {
                z = z * (1.0 + scale[channel]) + shift[channel];
            }
            y[at] = z / (1.0 + (-z).exp());
        }
    }
    y
}

fn convolved(x: &[f64], weight: &[f64], bias: &[f64], inputs: usize, padding: Padding) -> Vec<f64> {
    let outputs = bias.len();
    let mut y = Vec::new();
    for (i, j) in (0..HEIGHT).flat_map(|i| (0..WIDTH).map(move |j| (i, j))) {
        for (o, bias) in bias.iter().enumerate() {
            let mut sum = *bias;
            for (a, b) in (0..3).flat_map(|a| (0..3).map(move |b| (a, b))) {
                let (row, column) = ((i + a) as i64 - 1, (j + b) as i64 - 1);
                let (inner_row, inner_column) = (row.rem_euclid(HEIGHT as i64), column.rem_euclid(WIDTH as i64));
                if padding == Padding::Zero && (row, column) != (inner_row, inner_column) {
                    continue;
                }
                let place = inner_row as usize * WIDTH + inner_column as usize;
                sum += (0..inputs)
                    .map(|c| weight[((3 * a + b) * inputs + c) * outputs + o] * x[place * inputs + c])
                    .sum::<f64>();
            }
            y.push(sum);
        }
    }
    y
}

fn product(x: &[f64], matrix: &[f64], outputs: usize) -> Vec<f64> {
    x.chunks_exact(matrix.len() / outputs)
        .flat_map(|row| {
            (0..outputs).map(move |o| {
                row.iter()
                    .enumerate()
                    .map(|(i, x)| x * matrix[i * outputs + o])
                    .sum::<f64>()
            })
        })
        .collect()
}

#[test]
fn the_block_is_what_its_formula_says() {
    for padding in [Padding::Zero, Padding::Periodic] {
        for channels in [[4, 4], [4, 6]] {
            for conditions in [0, 3] {
                let mut registry = Registry::new();
                let block = ConvolutionBlock::new(&mut registry, shape(channels, conditions, padding));
                let parameters = perturbed(registry);
                let x = host(normals("x", HEIGHT * WIDTH, channels[0]));
                let told = normals("conditions", 1, 3);
                let image = Dual::alone(tensor(&x, [1, 1, HEIGHT, WIDTH, channels[0]]));
                let found = block.forward(&parameters.on(&cpu()), image, (conditions > 0).then_some(&told));
                let values = by_name(&parameters);
                let value = |name: &str| values[name].as_slice();
                let (x, told) = (wide(&x), wide(&host(told)));
                let outputs = channels[1];
                let modulation = (conditions > 0).then(|| {
                    let mut joint = product(&told, value("modulation.weight"), 2 * outputs);
                    joint
                        .iter_mut()
                        .zip(value("modulation.bias"))
                        .for_each(|(joint, bias)| *joint += bias);
                    joint
                });
                let h = normed(&x, value("first_norm.weight"), value("first_norm.bias"), None);
                let h = convolved(&h, value("first.weight"), value("first.bias"), channels[0], padding);
                let modulation = modulation.as_ref().map(|joint| joint.split_at(outputs));
                let h = normed(&h, value("second_norm.weight"), value("second_norm.bias"), modulation);
                let h = convolved(&h, value("second.weight"), value("second.bias"), outputs, padding);
                let x = match channels[0] == outputs {
                    true => x,
                    false => product(&x, value("shortcut.weight"), outputs),
                };
                let expected: Vec<f64> = x.iter().zip(h).map(|(x, h)| x + h).collect();
                assert_close(&host(found.into_value()), &expected, "block");
            }
        }
    }
}

#[test]
fn the_block_starts_as_the_identity() {
    let mut registry = Registry::new();
    let block = ConvolutionBlock::new(&mut registry, shape([4, 4], 3, Padding::Zero));
    let weights = registry.finish(1).on(&cpu());
    let x = tensor(&host(normals("x", 12, 4)), [1, 1, 3, 4, 4]);
    let told = normals("conditions", 1, 3);
    let y = block.forward(&weights, Dual::alone(x.clone()), Some(&told));
    assert_eq!(host(y.into_value()), host(x));
}

#[test]
fn doubling_repeats_every_place_along_the_axes_of_the_grid() {
    let x = tensor(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0], [1, 1, 2, 2, 2]);
    assert_eq!(
        host(doubled(x.clone(), 1)),
        [
            1.0, 2.0, 1.0, 2.0, 3.0, 4.0, 3.0, 4.0, 5.0, 6.0, 5.0, 6.0, 7.0, 8.0, 7.0, 8.0
        ]
    );
    let planes = doubled(x.clone(), 2);
    assert_eq!(planes.dims(), [1, 1, 4, 4, 2]);
    for (i, j) in (0..4).flat_map(|i| (0..4).map(move |j| (i, j))) {
        let place = |x: burn_tensor::Tensor<5>, i: usize, j: usize| host(x.narrow(2, i, 1).narrow(3, j, 1));
        assert_eq!(place(planes.clone(), i, j), place(x.clone(), i / 2, j / 2));
    }
    assert_eq!(doubled(x, 3).dims(), [1, 2, 4, 4, 2]);
}
