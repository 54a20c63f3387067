//! Normalisation and gates of tensors.

use burn_tensor::Tensor;

use super::{Kind, Layout, Modulation, Normalisation, backward, forward, gate, gate_backward};
use crate::array::{Array, View};
use crate::operation::{AnyTensor, Operation, apply};
use crate::workspace::Buffer;

/// What a normalisation has besides the rows.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    /// `[1, width]`; ones when there is none.
    pub weight: Option<Tensor<2>>,
    /// `[1, width]`; zeros when there is none.
    pub bias: Option<Tensor<2>>,
    /// Scale and shift, each `[batch, width]`; each of their rows serves as many neighbouring rows as there are to one.
    pub modulation: Option<(Tensor<2>, Tensor<2>)>,
}

/// `(n weight + bias) (1 + scale) + shift` with the normalised rows `n` of `x`: `[rows, width]`.
///
/// # Panics
/// When the rows are not the same number for each modulation.
pub fn normalise(x: Tensor<2>, parts: Parts, kind: Kind, epsilon: f32) -> Tensor<2> {
    let operation = Normalise {
        kind,
        epsilon,
        weight: parts.weight.is_some(),
        bias: parts.bias.is_some(),
        modulation: parts.modulation.is_some(),
    };
    let (scale, shift) = parts.modulation.unzip();
    let inputs = [Some(x), parts.weight, parts.bias, scale, shift];
    let inputs = inputs.into_iter().flatten().map(Tensor::into_dispatch).collect();
    Tensor::from_dispatch(apply(operation, inputs))
}

/// [`normalise`] with [`Kind::Layer`].
pub fn layer_norm(x: Tensor<2>, parts: Parts, epsilon: f32) -> Tensor<2> {
    normalise(x, parts, Kind::Layer, epsilon)
}

/// [`normalise`] with [`Kind::RootMeanSquare`].
pub fn root_mean_square_norm(x: Tensor<2>, parts: Parts, epsilon: f32) -> Tensor<2> {
    normalise(x, parts, Kind::RootMeanSquare, epsilon)
}

/// `residual + gate branch` with residual and branch: `[rows, width]` and a gate of `[batch, width]`, each of whose rows
/// serves as many neighbouring rows as there are to one.
///
/// # Panics
/// When the rows are not the same number for each gate.
pub fn gated_residual(residual: Tensor<2>, branch: Tensor<2>, gate: Tensor<2>) -> Tensor<2> {
    let inputs = [residual, branch, gate].map(Tensor::into_dispatch).into();
    Tensor::from_dispatch(apply(GatedResidual, inputs))
}

/// Which parts there are; the inputs are the rows, then weight, bias, scale and shift as far as there are any.
#[derive(Debug)]
struct Normalise {
    kind: Kind,
    epsilon: f32,
    weight: bool,
    bias: bool,
    modulation: bool,
}

/// Inputs by name.
struct Inputs<T> {
    x: T,
    weight: Option<T>,
    bias: Option<T>,
    modulation: Option<(T, T)>,
}

impl Normalise {
    fn named<T>(&self, inputs: impl IntoIterator<Item = T>) -> Inputs<T> {
        let mut inputs = inputs.into_iter();
        let mut next = || inputs.next().expect("as many inputs as parts");
        Inputs {
            x: next(),
            weight: self.weight.then(&mut next),
            bias: self.bias.then(&mut next),
            modulation: self.modulation.then(|| (next(), next())),
        }
    }

    fn on_slices<'a>(&self, inputs: &[View<'a>]) -> (Normalisation<'a>, Layout, &'a [f32]) {
        let Inputs {
            x,
            weight,
            bias,
            modulation,
        } = self.named(inputs.iter().copied());
        let layout = layout_of(x, modulation.map_or(1, |(scale, _)| scale.rows()));
        let normalisation = Normalisation {
            kind: self.kind,
            epsilon: self.epsilon,
            weight: weight.map(|weight| weight.data),
            bias: bias.map(|bias| bias.data),
            modulation: modulation.map(|(scale, shift)| Modulation {
                scale: scale.data,
                shift: shift.data,
            }),
        };
        (normalisation, layout, x.data)
    }
}

fn layout_of(x: View<'_>, batch: usize) -> Layout {
    let tokens = x.rows() / batch.max(1);
    assert_eq!(batch * tokens, x.rows(), "as many rows for each element");
    Layout {
        batch,
        tokens,
        width: x.width(),
    }
}

/// Rows of elements, `[batch, width]`, repeated for their tokens, `[rows, width]`.
fn repeated(elements: Tensor<2>, rows: usize) -> Tensor<2> {
    let [batch, width] = elements.dims();
    elements
        .reshape([batch, 1, width])
        .expand([batch, rows / batch.max(1), width])
        .reshape([rows, width])
}

impl Operation for Normalise {
    fn composed(&self, inputs: Vec<AnyTensor>) -> AnyTensor {
        let Inputs {
            x,
            weight,
            bias,
            modulation,
        } = self.named(inputs.into_iter().map(Tensor::<2>::from_dispatch));
        let rows = x.dims()[0];
        let x = match self.kind {
            Kind::Layer => x.clone() - x.mean_dim(1),
            Kind::RootMeanSquare => x,
        };
        let square = (x.clone() * x.clone()).mean_dim(1);
        let n = x / (square + self.epsilon).sqrt();
        let n = weight.into_iter().fold(n, |n, weight| n * weight);
        let n = bias.into_iter().fold(n, |n, bias| n + bias);
        let y = match modulation {
            Some((scale, shift)) => n * (repeated(scale, rows) + 1.0) + repeated(shift, rows),
            None => n,
        };
        y.into_dispatch()
    }

    fn forward(&self, inputs: &[View<'_>], _keep: bool) -> (Array, Vec<Array>) {
        let (normalisation, layout, x) = self.on_slices(inputs);
        let mut y = Buffer::stale(layout.count());
        let mut statistics = Buffer::stale(2 * layout.rows());
        forward(normalisation, layout, x, None, &mut y, &mut statistics);
        (
            Array::new(y, inputs[0].shape),
            vec![Array::new(statistics, [layout.rows(), 2])],
        )
    }

    fn backward(
        &self,
        inputs: &[View<'_>],
        kept: Vec<Array>,
        gradient: View<'_>,
        wanted: &[bool],
    ) -> Vec<Option<Array>> {
        let (normalisation, layout, x) = self.on_slices(inputs);
        let found = backward(normalisation, layout, x, &kept[0].data, gradient.data, None);
        let (scale, shift) = found.modulation.unzip();
        let found = [Some(found.x), found.weight, found.bias, scale, shift]
            .into_iter()
            .flatten();
        let found = found.zip(inputs).zip(wanted);
        found
            .map(|((found, input), wanted)| wanted.then(|| Array::new(found, input.shape)))
            .collect()
    }
}

#[derive(Debug)]
struct GatedResidual;

impl Operation for GatedResidual {
    fn composed(&self, inputs: Vec<AnyTensor>) -> AnyTensor {
        let inputs: Vec<_> = inputs.into_iter().map(Tensor::<2>::from_dispatch).collect();
        let [residual, branch, gate] = inputs.try_into().expect("three inputs");
        let rows = residual.dims()[0];
        (residual + repeated(gate, rows) * branch).into_dispatch()
    }

    fn forward(&self, inputs: &[View<'_>], _keep: bool) -> (Array, Vec<Array>) {
        let layout = layout_of(inputs[0], inputs[2].rows());
        let mut out = Buffer::stale(layout.count());
        gate(layout, inputs[0].data, inputs[1].data, inputs[2].data, &mut out);
        (Array::new(out, inputs[0].shape), Vec::new())
    }

    fn backward(
        &self,
        inputs: &[View<'_>],
        _kept: Vec<Array>,
        gradient: View<'_>,
        wanted: &[bool],
    ) -> Vec<Option<Array>> {
        let layout = layout_of(inputs[0], inputs[2].rows());
        if !wanted[1] && !wanted[2] {
            return vec![None; 3];
        }
        let found = gate_backward(layout, inputs[1].data, inputs[2].data, gradient.data);
        let branch = wanted[1].then(|| Array::new(found.branch, inputs[1].shape));
        vec![None, branch, wanted[2].then(|| Array::new(found.gate, inputs[2].shape))]
    }

    fn reads(&self, index: usize) -> bool {
        index != 0
    }

    fn passes(&self, index: usize) -> bool {
        index == 0
    }
}

#[cfg(test)]
mod tests {
    use burn_tensor::{Device, TensorData};

    use super::*;

    /// Numbers between -1 and 1 without a pattern.
    fn numbers(shape: [usize; 2], seed: u32) -> TensorData {
        let mut state = seed.wrapping_mul(2_654_435_761);
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / 8_388_608.0 - 1.0
        };
        TensorData::new((0..shape[0] * shape[1]).map(|_| next()).collect::<Vec<f32>>(), shape)
    }

    /// Compares an operation and its composition, output and all gradients.
    fn compare<O: Operation>(operation: impl Fn() -> O, shapes: &[[usize; 2]], what: &str) {
        let run = |composed: bool| -> Vec<Vec<f32>> {
            let device = Device::flex().autodiff();
            let seeds = shapes.iter().zip(1..);
            let inputs: Vec<Tensor<2>> = seeds
                .map(|(&shape, seed)| Tensor::from_data(numbers(shape, seed), &device).require_grad())
                .collect();
            let given = inputs.iter().cloned().map(Tensor::into_dispatch).collect();
            let output = if composed {
                operation().composed(given)
            } else {
                apply(operation(), given)
            };
            let output = Tensor::<2>::from_dispatch(output);
            let weights = Tensor::<2>::from_data(numbers(shapes[0], 99), &device);
            let gradients = (output.clone() * weights).sum().backward();
            let found = inputs
                .iter()
                .map(|input| input.grad(&gradients).expect("a gradient of each input"));
            let values = std::iter::once(output.into_data()).chain(found.map(Tensor::into_data));
            values
                .map(|data| data.try_to_vec().expect("single precision"))
                .collect()
        };
        for (index, (found, expected)) in run(false).into_iter().zip(run(true)).enumerate() {
            assert_eq!(found.len(), expected.len(), "{what}");
            for (found, expected) in found.into_iter().zip(expected) {
                // both are sums of up to 33 terms in single precision, divided by deviations not far below one
                let allowed = 2e-5 * expected.abs().max(1.0);
                assert!(
                    (found - expected).abs() < allowed,
                    "{index} of {what}: {found}, not {expected}"
                );
            }
        }
    }

    #[test]
    fn normalisation_is_its_composition() {
        for [batch, tokens, width] in [[1, 1, 2], [3, 1, 5], [2, 7, 33], [3, 4, 16]] {
            for kind in [Kind::Layer, Kind::RootMeanSquare] {
                for bits in 0..8 {
                    let (weight, bias, modulation) = (bits & 1 > 0, bits & 2 > 0, bits & 4 > 0);
                    let operation = || Normalise {
                        kind,
                        epsilon: 1e-2,
                        weight,
                        bias,
                        modulation,
                    };
                    let mut shapes = vec![[batch * tokens, width]];
                    shapes.extend(weight.then_some([1, width]));
                    shapes.extend(bias.then_some([1, width]));
                    shapes.extend(modulation.then_some([[batch, width]; 2]).into_iter().flatten());
                    compare(operation, &shapes, &format!("{:?} {shapes:?}", operation()));
                }
            }
        }
    }

    #[test]
    fn gated_residual_is_its_composition() {
        for [batch, tokens, width] in [[1, 1, 1], [3, 1, 5], [2, 7, 33]] {
            let rows = [batch * tokens, width];
            compare(
                || GatedResidual,
                &[rows, rows, [batch, width]],
                &format!("{batch} {tokens} {width}"),
            );
        }
    }

    #[test]
    fn the_functions_pass_their_parts_on_in_order() {
        let device = Device::flex();
        let one = |shape, seed| Tensor::<2>::from_data(numbers(shape, seed), &device);
        let parts = Parts {
            weight: Some(one([1, 5], 2)),
            bias: Some(one([1, 5], 3)),
            modulation: Some((one([2, 5], 4), one([2, 5], 5))),
        };
        let inputs = [([6, 5], 1), ([1, 5], 2), ([1, 5], 3), ([2, 5], 4), ([2, 5], 5)];
        for kind in [Kind::Layer, Kind::RootMeanSquare] {
            let operation = Normalise {
                kind,
                epsilon: 1e-5,
                weight: true,
                bias: true,
                modulation: true,
            };
            let inputs = inputs.map(|(shape, seed)| one(shape, seed).into_dispatch()).into();
            let expected = Tensor::<2>::from_dispatch(operation.composed(inputs));
            let found = match kind {
                Kind::Layer => layer_norm(one([6, 5], 1), parts.clone(), 1e-5),
                Kind::RootMeanSquare => root_mean_square_norm(one([6, 5], 1), parts.clone(), 1e-5),
            };
            let difference: f32 = (found - expected).abs().max().into_scalar();
            assert!(difference < 1e-5, "{kind:?}: {difference}");
        }
    }
}
