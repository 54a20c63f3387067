//! What networks ask for while they are built.

use std::sync::Arc;

use super::entry::{ConstantSlot, Entry, Initial, Layout, Slot};
use super::parameters::Parameters;
use crate::random::Stream;

/// Collects what networks need while they are built.
#[derive(Debug, Default)]
pub struct Registry {
    entries: Vec<Entry>,
    constants: Vec<(Vec<usize>, Vec<f32>)>,
    scope: Vec<String>,
    total: usize,
}

impl Registry {
    /// An empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs `build` with `name.` before every name it registers.
    pub fn scope<T>(&mut self, name: impl Into<String>, build: impl FnOnce(&mut Self) -> T) -> T {
        self.scope.push(name.into());
        let built = build(self);
        self.scope.pop();
        built
    }

    /// Registers a trainable tensor.
    pub fn parameter(&mut self, name: &str, shape: &[usize], initial: Initial) -> Slot {
        let mut full = self.scope.join(".");
        if !full.is_empty() {
            full.push('.');
        }
        full.push_str(name);
        assert!(
            self.entries.iter().all(|entry| entry.name != full),
            "parameter `{full}` is registered twice"
        );
        let entry = Entry {
            name: full,
            shape: shape.to_vec(),
            initial,
            offset: self.total,
        };
        self.total += entry.size();
        self.entries.push(entry);
        Slot(self.entries.len() - 1)
    }

    /// Registers a fixed tensor.
    pub fn constant(&mut self, shape: &[usize], values: Vec<f32>) -> ConstantSlot {
        assert_eq!(
            shape.iter().product::<usize>(),
            values.len(),
            "a constant's values fill its shape"
        );
        self.constants.push((shape.to_vec(), values));
        ConstantSlot(self.constants.len() - 1)
    }

    /// Closes the registry; the values start from streams of `seed`.
    pub fn finish(self, seed: u64) -> Parameters {
        let mut values = Vec::with_capacity(self.total);
        for (index, entry) in self.entries.iter().enumerate() {
            let stream = Stream::new(seed, "initial weights", index as u64);
            match entry.initial {
                Initial::Constant(value) => values.resize(values.len() + entry.size(), value),
                Initial::Uniform(bound) => {
                    values.extend(stream.uniforms(entry.size()).iter().map(|u| (2.0 * u - 1.0) * bound));
                }
                Initial::Normal(deviation) => {
                    values.extend(stream.normals(entry.size()).iter().map(|n| n * deviation));
                }
            }
        }
        Parameters {
            layout: Arc::new(Layout {
                entries: self.entries,
                constants: self.constants,
            }),
            values,
            constants: Arc::default(),
        }
    }
}
