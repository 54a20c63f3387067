//! Values with their changes along directions.
//!
//! A layer that is written once for dual numbers gives both sides of a [`Network`](super::Network): the value alone,
//! with fused operations, and the value beside its Jacobian-vector products, made of differentiable operations
//! (forward mode: Wengert 1964, Commun. ACM 7, 463).

use burn_tensor::Tensor;

use super::{Activation, Conditions, Network, Weights};

/// A value `y(x)`, `[batch, ..]`, and, when asked for, its changes `(dy/dx) u_k` along directions `u_k` of `x`.
#[derive(Clone, Debug)]
pub struct Dual<const D: usize> {
    value: Tensor<D>,
    tangents: Option<Tangents<D>>,
}

/// Changes along directions, `[batch * directions, ..]`: those of one row are neighbours.
#[derive(Clone, Debug)]
struct Tangents<const D: usize> {
    changes: Tensor<D>,
    directions: usize,
}

/// A network written once, for dual numbers; both sides of [`Network`] follow.
pub trait DualNetwork: Send + Sync + std::fmt::Debug {
    /// The outputs for `rows`, `[batch, inputs]`, with the changes of the rows carried along.
    fn carry(&self, weights: &Weights, rows: Dual<2>, conditions: &Conditions) -> Dual<2>;
}

impl<N: DualNetwork> Network for N {
    fn forward(&self, weights: &Weights, x: Tensor<2>, conditions: &Conditions) -> Tensor<2> {
        self.carry(weights, Dual::alone(x), conditions).into_value()
    }

    fn forward_with_tangents(
        &self,
        weights: &Weights,
        x: Tensor<2>,
        conditions: &Conditions,
        tangents: Tensor<3>,
    ) -> (Tensor<2>, Tensor<3>) {
        self.carry(weights, Dual::along(x, tangents), conditions)
            .into_products()
    }
}

impl Dual<2> {
    /// A point `[batch, inputs]` with directions `[batch, directions, inputs]`.
    pub fn along(value: Tensor<2>, tangents: Tensor<3>) -> Self {
        let [batch, directions, inputs] = tangents.dims();
        let changes = tangents.reshape([batch * directions, inputs]);
        Self {
            value,
            tangents: Some(Tangents { changes, directions }),
        }
    }

    /// The value, `[batch, outputs]`, and its changes, `[batch, directions, outputs]`.
    ///
    /// # Panics
    /// When there are no directions.
    pub fn into_products(self) -> (Tensor<2>, Tensor<3>) {
        let Tangents { changes, directions } = self.tangents.expect("directions were given");
        let [batch, outputs] = self.value.dims();
        (self.value, changes.reshape([batch, directions, outputs]))
    }
}

impl<const D: usize> Dual<D> {
    /// A value without directions.
    pub fn alone(value: Tensor<D>) -> Self {
        Self { value, tangents: None }
    }

    /// The value.
    pub fn into_value(self) -> Tensor<D> {
        self.value
    }

    /// Shape of the value.
    pub fn dims(&self) -> [usize; D] {
        self.value.dims()
    }

    /// Whether there are directions.
    pub fn has_tangents(&self) -> bool {
        self.tangents.is_some()
    }

    /// `f(y)` of a linear `f` that acts on every row of the batch alike.
    pub fn linear<const E: usize>(self, f: impl Fn(Tensor<D>) -> Tensor<E>) -> Dual<E> {
        self.affine(&f, &f)
    }

    /// `f(y)` of an affine `f` whose linear part is `slope`.
    pub fn affine<const E: usize>(
        self,
        f: impl FnOnce(Tensor<D>) -> Tensor<E>,
        slope: impl FnOnce(Tensor<D>) -> Tensor<E>,
    ) -> Dual<E> {
        Dual {
            value: f(self.value),
            tangents: self.tangents.map(|tangents| Tangents {
                changes: slope(tangents.changes),
                directions: tangents.directions,
            }),
        }
    }

    /// `y + c` of a `c` that stays where it is when `y` moves.
    pub fn plus(self, still: Tensor<D>) -> Self {
        self.affine(|y| y + still, |change| change)
    }

    /// `f(y)` and what moves it: `f` gives the value and a function of the change of `y` and of a way to repeat a
    /// tensor of the value's batch for every direction.
    pub fn curved<const E: usize, F>(self, f: impl FnOnce(Tensor<D>) -> (Tensor<E>, F)) -> Dual<E>
    where
        F: FnOnce(Tensor<D>, Repeat) -> Tensor<E>,
    {
        let (value, change) = f(self.value);
        Dual {
            value,
            tangents: self.tangents.map(|Tangents { changes, directions }| Tangents {
                changes: change(changes, Repeat(directions)),
                directions,
            }),
        }
    }

    /// `f(y, z)` of an `f` that is linear in both together, such as a sum.
    ///
    /// # Panics
    /// When one has directions and the other has not.
    pub fn with<const E: usize, const F: usize>(
        self,
        other: Dual<E>,
        f: impl Fn(Tensor<D>, Tensor<E>) -> Tensor<F>,
    ) -> Dual<F> {
        Dual {
            value: f(self.value, other.value),
            tangents: match (self.tangents, other.tangents) {
                (Some(one), Some(another)) => Some(Tangents {
                    changes: f(one.changes, another.changes),
                    directions: one.directions,
                }),
                (None, None) => None,
                _ => panic!("both have directions or none has"),
            },
        }
    }

    /// `f(y, z)` of an `f` that is linear in each for itself, such as a product.
    ///
    /// # Panics
    /// When one has directions and the other has not.
    pub fn times<const E: usize, const F: usize>(
        self,
        other: Dual<E>,
        f: impl Fn(Tensor<D>, Tensor<E>) -> Tensor<F>,
    ) -> Dual<F> {
        let tangents = match (self.tangents, other.tangents) {
            (Some(one), Some(another)) => {
                let repeat = Repeat(one.directions);
                let first = f(one.changes, repeat.rows(other.value.clone()));
                let second = f(repeat.rows(self.value.clone()), another.changes);
                Some(Tangents {
                    changes: first + second,
                    directions: one.directions,
                })
            }
            (None, None) => None,
            _ => panic!("both have directions or none has"),
        };
        Dual {
            value: f(self.value, other.value),
            tangents,
        }
    }

    /// With [units left out](Weights::drop_out) of the rows that the last dimension makes; beside directions the whole, of which
    /// these are the changes.
    pub fn dropped_out(self, weights: &Weights) -> Self {
        if self.has_tangents() {
            return self;
        }
        self.linear(|y| on_last(y, |rows| weights.drop_out(rows)))
    }

    /// `a(y)`, entry by entry.
    pub fn activated(self, activation: Activation) -> Self {
        if !self.has_tangents() {
            return Self::alone(activation.apply(self.value));
        }
        self.curved(|z| {
            let (value, slope) = activation.apply_with_derivative(z);
            (value, |change: Tensor<D>, repeat: Repeat| change * repeat.rows(slope))
        })
    }
}

/// How often every row of the batch stands in its changes.
#[derive(Clone, Copy, Debug)]
pub struct Repeat(usize);

impl Repeat {
    /// Every row once for each direction: `[batch, ..]` to `[batch * directions, ..]`.
    pub fn rows<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        let mut dims = x.dims();
        let (batch, size) = (dims[0], dims[1..].iter().product::<usize>());
        dims[0] = batch * self.0;
        x.reshape([batch, 1, size]).expand([batch, self.0, size]).reshape(dims)
    }
}

/// `f` of the rows that the last dimension of `x` makes.
pub(super) fn on_last<const D: usize>(x: Tensor<D>, f: impl FnOnce(Tensor<2>) -> Tensor<2>) -> Tensor<D> {
    let mut dims = x.dims();
    let rows = dims[..D - 1].iter().product();
    let y = f(x.reshape([rows, dims[D - 1]]));
    dims[D - 1] = y.dims()[1];
    y.reshape(dims)
}
