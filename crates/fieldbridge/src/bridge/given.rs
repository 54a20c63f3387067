//! What a network is told of the context, with guidance.

use burn_tensor::Tensor;

use crate::network::{Conditions, Context, ContextEmbedding, Network, Weights, embed};
use crate::solver::select_rows;

/// The embedded context of a batch and, for guidance, that of no context at all.
///
/// Guidance of weight `w` reads `F = F(x) + w (F(x, c) - F(x))` (Ho and Salimans 2022, arXiv:2207.12598, their weight being
/// `w - 1`): `w = 1` is the model itself, more draws nearer to what the context says, and the distribution is no longer
/// the one learned. No context is one whose every entry is masked; the network knows it when a share of the training
/// rows was masked.
pub(super) struct Given {
    context: Option<Tensor<2>>,
    without: Option<(Tensor<2>, f64)>,
}

impl Given {
    /// An embedded context, without guidance.
    pub(super) fn plain(context: Option<Tensor<2>>) -> Self {
        Self { context, without: None }
    }

    /// Embeds a context.
    pub(super) fn new(
        embedding: Option<&ContextEmbedding>,
        weights: &Weights,
        context: Option<&Context>,
        guidance: f64,
    ) -> Self {
        let without = context.filter(|_| guidance != 1.0).and_then(|context| {
            let masked = Context {
                mask: context.mask.zeros_like(),
                values: context.values.clone(),
                given: context.given.clone(),
            };
            embed(embedding, weights, Some(&masked)).map(|embedded| (embedded, guidance))
        });
        Self {
            context: embed(embedding, weights, context),
            without,
        }
    }

    /// The output of a network at points and times, guided.
    pub(super) fn forward(&self, network: &dyn Network, weights: &Weights, x: Tensor<2>, t: Tensor<2>) -> Tensor<2> {
        let ask = |context: &Option<Tensor<2>>| {
            let conditions = Conditions {
                t: Some(t.clone()),
                context: context.clone(),
            };
            network.forward(weights, x.clone(), &conditions)
        };
        let told = ask(&self.context);
        match &self.without {
            None => told,
            Some((without, weight)) => {
                let free = ask(&Some(without.clone()));
                free.clone() + (told - free) * *weight
            }
        }
    }

    /// The output of a network and its products with directions, guided.
    pub(super) fn forward_with_tangents(
        &self,
        network: &dyn Network,
        weights: &Weights,
        x: Tensor<2>,
        t: Tensor<2>,
        tangents: Tensor<3>,
    ) -> (Tensor<2>, Tensor<3>) {
        let ask = |context: &Option<Tensor<2>>| {
            let conditions = Conditions {
                t: Some(t.clone()),
                context: context.clone(),
            };
            network.forward_with_tangents(weights, x.clone(), &conditions, tangents.clone())
        };
        let told = ask(&self.context);
        match &self.without {
            None => told,
            Some((without, weight)) => {
                let free = ask(&Some(without.clone()));
                (
                    free.0.clone() + (told.0 - free.0) * *weight,
                    free.1.clone() + (told.1 - free.1) * *weight,
                )
            }
        }
    }

    /// The same of some of the rows.
    pub(super) fn choose(&self, rows: &[usize]) -> Self {
        let choose = |x: &Tensor<2>| select_rows(x.clone(), rows);
        Self {
            context: self.context.as_ref().map(choose),
            without: self.without.as_ref().map(|(x, weight)| (choose(x), *weight)),
        }
    }
}
