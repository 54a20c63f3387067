//! Tensors a network asks for.

/// Where a network finds one of its tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot(pub(super) usize);

/// How a tensor starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Initial {
    /// Every entry the same.
    Constant(f32),
    /// Uniform on `[-bound, bound]`.
    Uniform(f32),
    /// Normal with mean zero and this deviation.
    Normal(f32),
}

/// Name, shape and start of one tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Dotted name, unique.
    pub name: String,
    /// Shape.
    pub shape: Vec<usize>,
    /// How it starts.
    pub initial: Initial,
    pub(super) offset: usize,
}

impl Entry {
    /// Number of values.
    pub fn size(&self) -> usize {
        self.shape.iter().product()
    }
}

/// Where a network finds a fixed tensor (a mask, a frequency table).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConstantSlot(pub(super) usize);

/// Names and shapes, shared by every copy of the values.
#[derive(Debug, PartialEq)]
pub(super) struct Layout {
    pub(super) entries: Vec<Entry>,
    pub(super) constants: Vec<(Vec<usize>, Vec<f32>)>,
}
