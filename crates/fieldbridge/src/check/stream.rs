//! Independent random streams, so that results do not depend on the number of threads.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// The random stream number `index` of `seed`; distinct pairs give independent streams (ChaCha with 8 rounds).
pub(super) fn random_stream(seed: u64, index: u64) -> ChaCha8Rng {
    let mut stream = ChaCha8Rng::seed_from_u64(seed);
    stream.set_stream(index);
    stream
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;

    #[test]
    fn streams_repeat_and_differ() {
        let first: f64 = random_stream(1, 7).random();
        assert_eq!(first, random_stream(1, 7).random::<f64>());
        assert_ne!(first, random_stream(1, 8).random::<f64>());
        assert_ne!(first, random_stream(2, 7).random::<f64>());
    }
}
