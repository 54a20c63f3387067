//! Each number transformed given the numbers before it.

use burn_tensor::{Device, Tensor, TensorData};
use fieldbridge_kernels::spline::Direction;

use super::{Monotone, Transform, total};
use crate::network::{Activation, MaskedMlp, MaskedNetwork, Registry, Weights};

/// `z_i = m(x_i; parameters(x_j placed before i, context))` (masked autoregressive flow, Papamakarios et al. 2017,
/// arXiv:1705.07057; with splines, Durkan et al. 2019, arXiv:1906.04032). The density takes one pass of the network,
/// a draw takes one for each dimension.
#[derive(Debug)]
pub struct Autoregressive {
    network: Box<dyn MaskedNetwork>,
    map: Box<dyn Monotone>,
    order: Vec<usize>,
}

/// Size of the network that supplies the parameters of a map.
#[derive(Clone, Copy, Debug)]
pub struct Supplier {
    /// Width of the context embedding, 0 without context.
    pub context: usize,
    /// Width of the hidden layers.
    pub width: usize,
    /// Residual blocks.
    pub blocks: usize,
    /// Nonlinearity.
    pub activation: Activation,
}

impl Autoregressive {
    /// `order[i]` is the place, from 1, of dimension `i`.
    pub fn new(registry: &mut Registry, order: Vec<usize>, map: Box<dyn Monotone>, supplier: Supplier) -> Self {
        let network = MaskedMlp::new(
            registry,
            &order,
            supplier.context,
            supplier.width,
            supplier.blocks,
            map.parameters(),
            supplier.activation,
        );
        Self::of(Box::new(network), order, map)
    }

    /// With a network of its own, which supplies `map.parameters()` numbers for each dimension.
    pub fn of(network: Box<dyn MaskedNetwork>, order: Vec<usize>, map: Box<dyn Monotone>) -> Self {
        Self { network, map, order }
    }
}

impl Autoregressive {
    /// Network and map together, level after level, when only numbers are asked for.
    fn at_once(
        &self,
        weights: &Weights,
        direction: Direction,
        numbers: &Tensor<2>,
        context: Option<&Tensor<2>>,
    ) -> Option<(Tensor<2>, Tensor<1>)> {
        let map = self.map.map()?;
        let device = numbers.device();
        let untracked = |tensor: &Tensor<2>| !tensor.is_autodiff() && tensor.device() == Device::flex();
        if !untracked(numbers) || !context.is_none_or(untracked) {
            return None;
        }
        let prepared = self.network.prepared(weights)?;
        let host = |tensor: &Tensor<2>| tensor.to_data().try_into_vec::<f32>().expect("single precision");
        let context = context.map(host).unwrap_or_default();
        let (values, log_slopes) = prepared.transform(direction, &host(numbers), &context, map);
        let rows = log_slopes.len();
        Some((
            Tensor::from_data(TensorData::new(values, numbers.dims()), &device),
            Tensor::from_data(TensorData::new(log_slopes, [rows]), &device),
        ))
    }
}

impl Transform for Autoregressive {
    fn forward(&self, weights: &Weights, x: Tensor<2>, context: Option<&Tensor<2>>) -> (Tensor<2>, Tensor<1>) {
        if let Some(found) = self.at_once(weights, Direction::Forward, &x, context) {
            return found;
        }
        let parameters = self.network.forward(weights, x.clone(), context);
        let (z, log_slope) = self.map.forward(x, parameters);
        (z, total(log_slope))
    }

    fn inverse(&self, weights: &Weights, z: Tensor<2>, context: Option<&Tensor<2>>) -> (Tensor<2>, Tensor<1>) {
        if let Some(found) = self.at_once(weights, Direction::Inverse, &z, context) {
            return found;
        }
        let dimension = self.order.len();
        let device = z.device();
        let (mut x, mut log_slope) = (z.zeros_like(), z.zeros_like());
        for place in 1..=dimension {
            let parameters = self.network.forward(weights, x.clone(), context);
            let (values, slopes) = self.map.inverse(z.clone(), parameters);
            let chosen: Vec<f32> = self.order.iter().map(|&at| f32::from(u8::from(at == place))).collect();
            let chosen = Tensor::<2>::from_data(TensorData::new(chosen, [1, dimension]), &device);
            x = x + values * chosen.clone();
            log_slope = log_slope + slopes * chosen;
        }
        (x, total(log_slope))
    }
}
