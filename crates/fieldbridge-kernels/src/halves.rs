//! Two results of one operation, which has one output: the halves of it.

use burn_tensor::Tensor;

use crate::array::{Array, View};
use crate::operation::{AnyTensor, Operation, apply};
use crate::workspace::Buffer;

/// Both halves of `[2, rows, width]`, each `[rows, width]`.
pub(crate) fn halves(both: Tensor<3>) -> (Tensor<2>, Tensor<2>) {
    let half = |half| Tensor::from_dispatch(apply(half, vec![both.clone().into_dispatch()]));
    (half(Half::First), half(Half::Second))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Half {
    First,
    Second,
}

impl Half {
    fn of(self, length: usize) -> std::ops::Range<usize> {
        match self {
            Self::First => 0..length / 2,
            Self::Second => length / 2..length,
        }
    }
}

impl Operation for Half {
    fn composed(&self, mut inputs: Vec<AnyTensor>) -> AnyTensor {
        let both = Tensor::<3>::from_dispatch(inputs.pop().expect("one input"));
        let half: Tensor<2> = both.narrow(0, usize::from(*self == Self::Second), 1).squeeze_dim(0);
        half.into_dispatch()
    }

    fn forward(&self, inputs: &[View<'_>], _keep: bool) -> (Array, Vec<Array>) {
        let both = inputs[0];
        let half = Buffer::copy_of(&both.data[self.of(both.data.len())]);
        (Array::new(half, &both.shape[1..]), Vec::new())
    }

    fn backward(
        &self,
        inputs: &[View<'_>],
        _kept: Vec<Array>,
        gradient: View<'_>,
        _wanted: &[bool],
    ) -> Vec<Option<Array>> {
        let mut found = Buffer::zeros(2 * gradient.data.len());
        let own = self.of(found.len());
        found[own].copy_from_slice(gradient.data);
        vec![Some(Array::new(found, inputs[0].shape))]
    }

    fn reads(&self, _index: usize) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use burn_tensor::{Device, TensorData};

    use super::*;

    #[test]
    fn halves_are_those_of_the_composition_and_their_gradients_meet_again() {
        for shape in [[2, 0, 3], [2, 1, 1], [2, 5, 3], [2, 40, 50]] {
            let count = shape.iter().product::<usize>();
            let values: Vec<f32> = (0..count).map(|at| at as f32).collect();
            let data = TensorData::new(values.clone(), shape);
            let both = Tensor::<3>::from_data(data, &Device::flex().autodiff()).require_grad();
            let (first, second) = halves(both.clone());
            for (half, found) in [(Half::First, &first), (Half::Second, &second)] {
                let expected = Tensor::<2>::from_dispatch(half.composed(vec![both.clone().into_dispatch()]));
                assert_eq!(found.to_data(), expected.to_data());
            }
            let gradients = (first * 3.0 + second * 5.0).sum().backward();
            let found = both.grad(&gradients).expect("it is tracked").into_data();
            let found = found.as_slice::<f32>().expect("single precision");
            assert!(found[..count / 2].iter().all(|slope| *slope == 3.0));
            assert!(found[count / 2..].iter().all(|slope| *slope == 5.0));
        }
    }
}
