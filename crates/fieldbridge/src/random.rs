//! Independent random streams addressed by `(seed, purpose, index)`.
//!
//! Every random number of a run comes from a [`Stream`]. Two streams with different seeds, purposes or indices are
//! independent (ChaCha with 8 rounds, Bernstein 2008; the key is the BLAKE3 hash of seed and purpose, the stream
//! number is the index), so a result never depends on how many threads drew it, nor on what was drawn before.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// One reproducible source of random numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    key: [u8; 32],
    index: u64,
}

impl Stream {
    /// The stream number `index` of what `purpose` names, in the run with this `seed`.
    pub fn new(seed: u64, purpose: &str, index: u64) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&seed.to_le_bytes());
        hasher.update(purpose.as_bytes());
        Self {
            key: *hasher.finalize().as_bytes(),
            index,
        }
    }

    /// A stream below this one: same key material, another purpose and index.
    pub fn child(&self, purpose: &str, index: u64) -> Self {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(&self.index.to_le_bytes());
        hasher.update(purpose.as_bytes());
        hasher.update(&index.to_le_bytes());
        Self {
            key: *hasher.finalize().as_bytes(),
            index,
        }
    }

    /// The generator at the start of this stream.
    pub fn generator(&self) -> ChaCha8Rng {
        let mut generator = ChaCha8Rng::from_seed(self.key);
        generator.set_stream(self.index);
        generator
    }

    /// `count` draws of the standard normal distribution.
    pub fn normals(&self, count: usize) -> Vec<f32> {
        let mut generator = self.generator();
        (0..count).map(|_| StandardNormal.sample(&mut generator)).collect()
    }

    /// `count` draws uniform on `[0, 1)`.
    pub fn uniforms(&self, count: usize) -> Vec<f32> {
        let mut generator = self.generator();
        // 24 bits fill the mantissa of an f32 exactly, so 1.0 is never returned
        (0..count)
            .map(|_| (generator.next_u32() >> 8) as f32 / (1u32 << 24) as f32)
            .collect()
    }

    /// A uniformly drawn permutation of `0..count` (Fisher and Yates 1938).
    pub fn permutation(&self, count: usize) -> Vec<usize> {
        let mut generator = self.generator();
        let mut order: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            order.swap(last, below(&mut generator, last as u64 + 1) as usize);
        }
        order
    }
}

/// A draw uniform on `0..bound` without modulo bias (Lemire 2019, arXiv:1805.10941).
fn below(generator: &mut impl Rng, bound: u64) -> u64 {
    let threshold = bound.wrapping_neg() % bound;
    loop {
        let product = u128::from(generator.next_u64()) * u128::from(bound);
        if product as u64 >= threshold {
            return (product >> 64) as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_depends_on_seed_purpose_and_index_and_on_nothing_else() {
        let numbers = |seed, purpose: &str, index| Stream::new(seed, purpose, index).uniforms(8);
        assert_eq!(numbers(1, "base", 2), numbers(1, "base", 2));
        assert_ne!(numbers(1, "base", 2), numbers(2, "base", 2));
        assert_ne!(numbers(1, "base", 2), numbers(1, "time", 2));
        assert_ne!(numbers(1, "base", 2), numbers(1, "base", 3));
    }

    #[test]
    fn normals_have_the_moments_of_the_standard_normal() {
        let draws = Stream::new(3, "base", 0).normals(200_000);
        let moment = |power: i32| draws.iter().map(|&x| f64::from(x).powi(power)).sum::<f64>() / draws.len() as f64;
        assert!(moment(1).abs() < 0.01 && (moment(2) - 1.0).abs() < 0.02 && (moment(4) - 3.0).abs() < 0.1);
    }

    #[test]
    fn a_permutation_holds_every_index_once_and_moves_them() {
        let order = Stream::new(4, "order", 0).permutation(1000);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..1000).collect::<Vec<_>>());
        assert!(
            order
                .iter()
                .enumerate()
                .filter(|(place, value)| place == *value)
                .count()
                < 10
        );
    }
}
