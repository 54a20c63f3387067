//! Normalizing flows: the bridge crossed in one jump.

use burn_tensor::Tensor;

use super::{Bridge, Rows};
use crate::base::Base;
use crate::error::Error;
use crate::likelihood::LogDensity;
use crate::network::{Context, ContextEmbedding, Weights, embed};
use crate::random::Stream;
use crate::solver::Stop;
use crate::transform::Transform;

/// `log p(x | c) = log p_base(f(x; c)) + log |det df/dx|` with `f` a stack of transforms (Rezende and Mohamed 2015,
/// arXiv:1505.05770). The loss is minus the log-density.
#[derive(Debug)]
pub struct Flow {
    /// Length of a data point.
    pub dimension: usize,
    /// Where it starts.
    pub base: Box<dyn Base>,
    /// From data to base, first to last.
    pub transforms: Vec<Box<dyn Transform>>,
    /// How the context is read; none for an unconditional flow.
    pub embedding: Option<ContextEmbedding>,
}

impl Flow {
    fn value(&self, weights: &Weights, x: Tensor<2>, context: Option<&Context>) -> Tensor<1> {
        let embedded = embed(self.embedding.as_ref(), weights, context);
        let mut z = x;
        let mut log_volume: Option<Tensor<1>> = None;
        for transform in &self.transforms {
            let (next, part) = transform.forward(weights, z, embedded.as_ref());
            z = next;
            log_volume = Some(match log_volume {
                Some(total) => total + part,
                None => part,
            });
        }
        let base = self.base.log_density(z);
        match log_volume {
            Some(total) => base + total,
            None => base,
        }
    }

    /// From base to data; `see` is told where the points are after each transform.
    fn to_data(
        &self,
        weights: &Weights,
        base: Tensor<2>,
        context: Option<&Context>,
        see: &mut dyn FnMut(&Tensor<2>),
    ) -> Tensor<2> {
        let embedded = embed(self.embedding.as_ref(), weights, context);
        let mut x = base;
        for transform in self.transforms.iter().rev() {
            x = transform.inverse(weights, x, embedded.as_ref()).0;
            see(&x);
        }
        x
    }
}

impl Bridge for Flow {
    fn dimension(&self) -> usize {
        self.dimension
    }

    fn join(&self, _rows: &mut Rows, _stream: &Stream) {}

    fn loss(&self, weights: &Weights, rows: &Rows) -> Tensor<1> {
        let x = rows.tensor(&rows.data, weights.device());
        self.value(weights, x, rows.context_on(weights.device()).as_ref()).neg()
    }

    fn transport(&self, weights: &Weights, base: Tensor<2>, context: Option<&Context>) -> Result<Tensor<2>, Error> {
        Ok(self.to_data(weights, base, context, &mut |_| {}))
    }

    /// Times are those of equally long jumps, one for each transform.
    fn on_the_way(
        &self,
        weights: &Weights,
        base: Tensor<2>,
        context: Option<&Context>,
        _streams: &[Stream],
        _pieces: usize,
    ) -> Result<Vec<Stop>, Error> {
        let mut places = vec![base.clone()];
        self.to_data(weights, base, context, &mut |x| places.push(x.clone()));
        let jumps = (places.len() - 1).max(1) as f64;
        let stop = |(jump, points)| Stop {
            time: jump as f64 / jumps,
            points,
        };
        Ok(places.into_iter().enumerate().map(stop).collect())
    }

    fn draw_base(&self, rows: usize, stream: &Stream) -> Vec<f32> {
        self.base.sample(rows, self.dimension, stream)
    }

    fn log_density(
        &self,
        weights: &Weights,
        x: Tensor<2>,
        context: Option<&Context>,
        _stream: &Stream,
    ) -> Result<LogDensity, Error> {
        let value = self.value(weights, x, context);
        Ok(LogDensity {
            error: value.zeros_like(),
            value,
        })
    }
}
