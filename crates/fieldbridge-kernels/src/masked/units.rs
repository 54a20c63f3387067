//! Hidden units sorted by their degrees.

/// Hidden layers of a masked network: a unit sees units of the layer before of at most its own degree.
///
/// Sorted by degree, what the units see are ever longer beginnings of the layer before, so that the matrix between two
/// hidden layers is a staircase, and a product need not touch what is below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Units {
    layers: Vec<Layer>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Layer {
    /// Sorted units in the original numbering.
    order: Vec<usize>,
    /// Of each sorted unit, how many sorted units of the layer before it sees; empty for the first layer.
    sees: Vec<usize>,
    /// Of each sorted unit of the layer before, the first sorted unit here that sees it; empty for the first layer.
    seen_from: Vec<usize>,
}

impl Units {
    /// From the degrees of all units of each hidden layer.
    ///
    /// # Panics
    /// When there is no layer.
    pub fn new(degrees: &[Vec<usize>]) -> Self {
        assert!(!degrees.is_empty(), "at least one hidden layer");
        let mut layers = Vec::with_capacity(degrees.len());
        let mut before: Option<Vec<usize>> = None;
        for degrees in degrees {
            let mut order: Vec<usize> = (0..degrees.len()).collect();
            order.sort_by_key(|&unit| degrees[unit]);
            let sorted: Vec<usize> = order.iter().map(|&unit| degrees[unit]).collect();
            let (sees, seen_from) = before.take().map_or_else(Default::default, |before: Vec<usize>| {
                let sees = sorted.iter().map(|&own| before.partition_point(|&other| other <= own));
                let seen_from = before.iter().map(|&own| sorted.partition_point(|&other| other < own));
                (sees.collect(), seen_from.collect())
            });
            layers.push(Layer { order, sees, seen_from });
            before = Some(sorted);
        }
        Self { layers }
    }

    /// Number of hidden layers.
    pub(super) fn layers(&self) -> usize {
        self.layers.len()
    }

    /// Units of a layer.
    pub(super) fn count(&self, layer: usize) -> usize {
        self.layers[layer].order.len()
    }

    /// Sorted units of a layer in the original numbering.
    pub(super) fn order(&self, layer: usize) -> &[usize] {
        &self.layers[layer].order
    }

    /// How many sorted units of the layer before sorted unit `unit` sees; not for the first layer.
    pub(super) fn sees(&self, layer: usize, unit: usize) -> usize {
        self.layers[layer].sees[unit]
    }

    /// The first sorted unit of a layer that sees sorted unit `unit` of the layer before; not for the first layer.
    pub(super) fn seen_from(&self, layer: usize, unit: usize) -> usize {
        self.layers[layer].seen_from[unit]
    }
}
