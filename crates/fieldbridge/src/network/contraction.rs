//! A perceptron that moves points closer to each other.

use burn_tensor::{Tensor, activation};

use super::{Activation, Initial, Linear, Registry, Slot, Weights};

/// Largest slope of SiLU, 1.09984, rounded up.
const LARGEST_SLOPE: f64 = 1.0999;

/// Where sharpnesses start: at 2.
const START: Initial = Initial::Constant(std::f32::consts::LN_2);

/// Logarithms of sharpnesses are bounded smoothly at `±LIMIT`: a layer is never sharper than 20.
const LIMIT: f64 = 3.0;

/// How often a Gram matrix is squared; its bound on the norm of a matrix of 128 rows is then too large by at most 2 %.
const SQUARINGS: usize = 6;

/// `g(x, e) = a(... a(x W_1 + e C + b_1) ... W_l + b_l) W + b` whose Lipschitz constant with respect to `x` is at most
/// `contraction`: `a(z) = SiLU(k z) / 1.1 k` has slopes of at most one (Chen et al. 2019, arXiv:1906.02735), and every `W`
/// is scaled down until a bound on its largest singular value is at most `contraction^(1 / (l + 1))`. The sharpness `k` of
/// every hidden layer is learned: with weights this small no layer could bend sharply otherwise, and a function whose
/// slopes stay near those of `SiLU` at zero, about a half, moves points by much less than it may.
///
/// The bound is Gram iteration (Delattre et al. 2023, arXiv:2305.16173), `sigma^(2 n) <= |(W W^T)^n|_F` with `n = 2^6`:
/// unlike a power iteration it is never below the singular value.
#[derive(Clone, Debug)]
pub struct Contraction {
    layers: Vec<Layer>,
    condition: Option<Linear>,
    of_layer: f64,
}

#[derive(Clone, Debug)]
struct Layer {
    weight: Slot,
    bias: Slot,
    /// `ln k` before its bound; none for the last layer.
    log_sharpness: Option<Slot>,
    /// Inputs are fewer than outputs.
    wide: bool,
}

/// The matrices as they act, made once for many points.
pub struct Contracted {
    layers: Vec<ContractedLayer>,
}

struct ContractedLayer {
    matrix: Tensor<2>,
    bias: Tensor<2>,
    /// `k`, `[1, 1]`; none for the last layer.
    sharpness: Option<Tensor<2>>,
}

impl Contraction {
    /// Between points of `dimension` numbers, with `hidden` hidden layers of `width`; `context` is the width of the
    /// context embedding, 0 without. It starts as zero.
    pub fn new(
        registry: &mut Registry,
        dimension: usize,
        context: usize,
        width: usize,
        hidden: usize,
        contraction: f64,
    ) -> Self {
        let sizes: Vec<usize> = std::iter::once(dimension)
            .chain(std::iter::repeat_n(width, hidden))
            .chain([dimension])
            .collect();
        let count = sizes.len() - 1;
        let layers = sizes.windows(2).enumerate().map(|(index, pair)| {
            let (inputs, outputs) = (pair[0], pair[1]);
            let initial = if index + 1 == count {
                Initial::Constant(0.0)
            } else {
                // biases too, so that units bend at different places
                Initial::Uniform(1.0 / (inputs as f32).sqrt())
            };
            registry.scope(format!("layer{index}"), |registry| Layer {
                weight: registry.parameter("weight", &[inputs, outputs], initial),
                bias: registry.parameter("bias", &[1, outputs], initial),
                log_sharpness: (index + 1 < count).then(|| registry.parameter("log_sharpness", &[1, 1], START)),
                wide: inputs < outputs,
            })
        });
        let layers = layers.collect();
        Self {
            layers,
            condition: (context > 0).then(|| Linear::without_bias(registry, "condition", context, width)),
            of_layer: contraction.powf(1.0 / count as f64),
        }
    }

    /// The matrices, scaled down where needed.
    pub fn contracted(&self, weights: &Weights) -> Contracted {
        let layers = self.layers.iter().map(|layer| {
            let matrix = weights.get::<2>(layer.weight);
            let log_bound = log_norm_bound(matrix.clone(), layer.wide);
            let scale = (log_bound.neg() + self.of_layer.ln()).clamp_max(0.0).exp();
            ContractedLayer {
                matrix: matrix * scale,
                bias: weights.get(layer.bias),
                sharpness: layer.log_sharpness.map(|slot| bounded(weights.get(slot)).exp()),
            }
        });
        Contracted {
            layers: layers.collect(),
        }
    }

    /// What a context adds to the first layer.
    pub fn entering(&self, weights: &Weights, context: Option<&Tensor<2>>) -> Option<Tensor<2>> {
        Some(self.condition.as_ref()?.forward(weights, context?.clone()))
    }
}

impl Contracted {
    /// `g`; `x`: `[batch, D]`, and so the output.
    pub fn forward(&self, x: Tensor<2>, entering: Option<&Tensor<2>>) -> Tensor<2> {
        let mut h = x;
        for (index, layer) in self.layers.iter().enumerate() {
            h = layer.sums(h, entering.filter(|_| index == 0));
            if let Some(sharpness) = &layer.sharpness {
                let sharp = Activation::Silu.apply(h * sharpness.clone());
                h = sharp / (sharpness.clone() * LARGEST_SLOPE);
            }
        }
        h
    }

    /// `g` and its transposed Jacobian, `[batch, D, D]`: row `k` is the derivative with respect to `x_k`.
    pub fn forward_with_jacobian(&self, x: Tensor<2>, entering: Option<&Tensor<2>>) -> (Tensor<2>, Tensor<3>) {
        let [batch, dimension] = x.dims();
        let mut h = x;
        let mut jacobian: Option<Tensor<3>> = None;
        for (index, layer) in self.layers.iter().enumerate() {
            let matrix = &layer.matrix;
            let [inputs, outputs] = matrix.dims();
            h = layer.sums(h, entering.filter(|_| index == 0));
            let mut pushed = match jacobian {
                None => matrix
                    .clone()
                    .reshape([1, inputs, outputs])
                    .expand([batch, inputs, outputs]),
                Some(rows) => rows
                    .reshape([batch * dimension, inputs])
                    .matmul(matrix.clone())
                    .reshape([batch, dimension, outputs]),
            };
            if let Some(sharpness) = &layer.sharpness {
                let (value, slope) = Activation::Silu.apply_with_derivative(h * sharpness.clone());
                h = value / (sharpness.clone() * LARGEST_SLOPE);
                pushed = pushed * (slope * (1.0 / LARGEST_SLOPE)).unsqueeze_dim::<3>(1);
            }
            jacobian = Some(pushed);
        }
        (h, jacobian.expect("at least one layer"))
    }
}

impl ContractedLayer {
    /// `h W + b`, and what enters from the context.
    fn sums(&self, h: Tensor<2>, entering: Option<&Tensor<2>>) -> Tensor<2> {
        let sums = h.matmul(self.matrix.clone()) + self.bias.clone();
        match entering {
            Some(added) => sums + added.clone(),
            None => sums,
        }
    }
}

fn bounded(log_sharpness: Tensor<2>) -> Tensor<2> {
    activation::tanh(log_sharpness * (1.0 / LIMIT)) * LIMIT
}

/// Logarithm of a bound on the largest singular value, `[1, 1]`, never below it but for rounding.
fn log_norm_bound(matrix: Tensor<2>, wide: bool) -> Tensor<2> {
    let transposed = matrix.clone().transpose();
    let mut gram = if wide {
        matrix.matmul(transposed)
    } else {
        transposed.matmul(matrix)
    };
    let mut log_bound = None;
    for squaring in 0..=SQUARINGS {
        if squaring > 0 {
            gram = gram.clone().matmul(gram);
        }
        // a matrix of zeros has no direction
        let norm = (gram.clone().square().sum().reshape([1, 1]) + 1e-30).sqrt();
        gram = gram / norm.clone();
        let part = norm.log() * (0.5 / f64::from(1u32 << squaring));
        log_bound = Some(match log_bound {
            None => part,
            Some(bound) => bound + part,
        });
    }
    log_bound.expect("at least one norm")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::cpu;
    use crate::random::Stream;
    use burn_tensor::TensorData;

    /// Largest singular value by many power iterations, in double precision.
    fn largest(values: &[f32], inputs: usize, outputs: usize) -> f64 {
        let at = |i: usize, j: usize| f64::from(values[i * outputs + j]);
        let mut v = vec![1.0; outputs];
        let mut norm = 0.0;
        for _ in 0..3000 {
            let u: Vec<f64> = (0..inputs)
                .map(|i| (0..outputs).map(|j| at(i, j) * v[j]).sum())
                .collect();
            v = (0..outputs)
                .map(|j| (0..inputs).map(|i| at(i, j) * u[i]).sum())
                .collect();
            norm = v.iter().map(|x| x * x).sum::<f64>().sqrt();
            v.iter_mut().for_each(|x| *x /= norm);
        }
        norm.sqrt()
    }

    #[test]
    fn the_bound_is_above_the_largest_singular_value_and_near_it() {
        for (inputs, outputs) in [(1, 1), (2, 7), (64, 64), (40, 128), (128, 3)] {
            let values = Stream::new(1, "matrix", inputs as u64).normals(inputs * outputs);
            let truth = largest(&values, inputs, outputs);
            let matrix = Tensor::from_data(TensorData::new(values, [inputs, outputs]), &cpu());
            let found: f32 = log_norm_bound(matrix, inputs < outputs).into_scalar();
            let ratio = f64::from(found).exp() / truth;
            assert!((1.0 - 1e-5..1.02).contains(&ratio), "{inputs} x {outputs}: {ratio}");
        }
        let zero = Tensor::zeros([3, 3], &cpu());
        let found: f32 = log_norm_bound(zero, false).into_scalar();
        assert!(found.is_finite() && found < -10.0);
    }

    #[test]
    fn points_come_closer_and_the_jacobian_is_the_numerical_one() {
        let mut registry = Registry::new();
        let network = Contraction::new(&mut registry, 2, 0, 16, 2, 0.9);
        let mut parameters = registry.finish(1);
        let noise = Stream::new(2, "noise", 0).normals(parameters.count());
        // far beyond what may act
        parameters
            .values_mut()
            .iter_mut()
            .zip(noise)
            .for_each(|(value, noise)| *value += 3.0 * noise);
        let contracted = network.contracted(&parameters.on(&cpu()));
        let apply = |x: [f32; 2]| {
            let out = contracted.forward(Tensor::from_data(TensorData::new(x.to_vec(), [1, 2]), &cpu()), None);
            out.into_data().as_slice::<f32>().unwrap().to_vec()
        };
        let points = Stream::new(3, "points", 0).normals(400);
        let mut worst: f32 = 0.0;
        for four in points.chunks_exact(4) {
            let (a, b) = ([four[0], four[1]], [four[2], four[3]]);
            let (ga, gb) = (apply(a), apply(b));
            let moved = (ga[0] - gb[0]).hypot(ga[1] - gb[1]);
            worst = worst.max(moved / (a[0] - b[0]).hypot(a[1] - b[1]));
            let x = Tensor::from_data(TensorData::new(a.to_vec(), [1, 2]), &cpu());
            let (value, jacobian) = contracted.forward_with_jacobian(x, None);
            for (value, expected) in value.into_data().as_slice::<f32>().unwrap().iter().zip(&ga) {
                assert!((value - expected).abs() < 1e-5 * (1.0 + expected.abs()));
            }
            let jacobian = jacobian.into_data();
            let jacobian = jacobian.as_slice::<f32>().unwrap();
            for k in 0..2 {
                // short beside the widest a unit of sharpness 20 bends
                let step = 2e-3;
                let (mut above, mut below) = (a, a);
                above[k] += step;
                below[k] -= step;
                for (d, (above, below)) in apply(above).iter().zip(apply(below)).enumerate() {
                    assert!((jacobian[2 * k + d] - (above - below) / (2.0 * step)).abs() < 2e-3);
                }
            }
        }
        assert!(worst <= 0.9 && worst > 0.01, "{worst}");
    }
}
