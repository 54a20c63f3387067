//! Numbers with a shape.

use crate::workspace::Buffer;

/// Numbers to be read, row by row.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// All numbers; as many as the shape says.
    pub data: &'a [f32],
    /// Lengths of all dimensions.
    pub shape: &'a [usize],
}

impl View<'_> {
    /// Number of rows when all dimensions but the last are taken together.
    pub fn rows(&self) -> usize {
        self.shape[..self.shape.len() - 1].iter().product()
    }

    /// Length of the last dimension.
    pub fn width(&self) -> usize {
        self.shape[self.shape.len() - 1]
    }
}

/// Numbers with a shape, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// All numbers; as many as the shape says.
    pub data: Buffer,
    /// Lengths of all dimensions.
    pub shape: Vec<usize>,
}

impl Array {
    /// Numbers of a shape.
    ///
    /// # Panics
    /// When there are not as many as the shape says.
    pub fn new(data: impl Into<Buffer>, shape: impl Into<Vec<usize>>) -> Self {
        let (data, shape) = (data.into(), shape.into());
        assert_eq!(
            data.len(),
            shape.iter().product::<usize>(),
            "the numbers fill the shape"
        );
        Self { data, shape }
    }

    /// All of it, to be read.
    pub fn view(&self) -> View<'_> {
        View {
            data: &self.data,
            shape: &self.shape,
        }
    }
}
