//! Powers of maps in bands, as numbers for a network.

use burn_tensor::{Tensor, TensorData};

use super::waves::Waves;
use super::{Dual, Registry, Repeat, Weights};

/// Powers below this are taken for nothing.
const LEAST_POWER: f32 = 1e-6;

/// Powers and correlations of maps in bands of [`Waves`],
///
/// `sqrt(n_b / 2) ln P_ii(b)`, `sqrt(n_b) P_ij(b) / sqrt(P_ii(b) P_jj(b))`, `i < j`,
///
/// with `P_ij(b)` the mean of `x_i x_j` over the `n_b` waves of band `b`. For Gaussian maps with little correlation each number has
/// a deviation of one from map to map, so that a layer finds what they say of parameters in units of what can be known.
#[derive(Clone, Debug)]
pub struct BandPowers {
    waves: Waves,
    maps: usize,
}

impl BandPowers {
    /// Of `maps` maps of `sides` places in `bands` bands.
    ///
    /// # Panics
    /// As [`Waves::new`].
    pub fn new(registry: &mut Registry, sides: [usize; 2], maps: usize, bands: usize) -> Self {
        Self {
            waves: Waves::new(registry, sides, bands),
            maps,
        }
    }

    /// The waves of the maps.
    pub fn waves(&self) -> &Waves {
        &self.waves
    }

    /// How many numbers there are.
    pub fn count(&self) -> usize {
        self.maps * (self.maps + 1) / 2 * self.waves.bands()
    }

    /// `maps`: `[batch, maps, places]`; output: `[batch, numbers]`, powers map by map, then correlations pair by pair.
    pub fn forward(&self, weights: &Weights, maps: Dual<3>) -> Dual<2> {
        self.of_waves(
            weights,
            maps.linear(|maps: Tensor<3>| self.waves.transform(weights, maps)),
        )
    }

    /// The same of the waves of maps.
    pub fn of_waves(&self, weights: &Weights, waves: Dual<3>) -> Dual<2> {
        let map = |at: usize| {
            waves.clone().linear(|waves: Tensor<3>| {
                let [batch, _, places] = waves.dims();
                waves.narrow(1, at, 1).reshape([batch, places])
            })
        };
        let power = |one: usize, other: usize| {
            let product = map(one).times(map(other), |one, other| one * other);
            product.linear(|product: Tensor<2>| self.waves.band_means(weights, product))
        };
        let logarithms: Vec<Dual<2>> = (0..self.maps).map(|at| power(at, at).curved(logarithm)).collect();
        let correlations = (0..self.maps).flat_map(|one| (one + 1..self.maps).map(move |other| (one, other)));
        let correlations = correlations.map(|(one, other)| {
            let both = logarithms[one]
                .clone()
                .with(logarithms[other].clone(), |one, other| (one + other) * -0.5);
            let correlation = power(one, other).times(both.curved(exponential), |power, inverse| power * inverse);
            self.in_deviations(correlation, 1.0)
        });
        logarithms
            .iter()
            .map(|logarithm| self.in_deviations(logarithm.clone(), 0.5))
            .chain(correlations)
            .reduce(|before, next| before.with(next, |before, next| Tensor::cat(vec![before, next], 1)))
            .expect("there is a map")
    }

    /// Times `sqrt(share n_b)`.
    fn in_deviations(&self, numbers: Dual<2>, share: f64) -> Dual<2> {
        let factors: Vec<f32> = self
            .waves
            .modes()
            .iter()
            .map(|modes| (share * modes).sqrt() as f32)
            .collect();
        numbers.linear(|numbers: Tensor<2>| {
            let factors = TensorData::new(factors.clone(), [1, factors.len()]);
            let factors = Tensor::<2>::from_data(factors, &numbers.device());
            numbers * factors
        })
    }
}

fn logarithm(power: Tensor<2>) -> (Tensor<2>, impl FnOnce(Tensor<2>, Repeat) -> Tensor<2>) {
    let power = power + LEAST_POWER;
    let value = power.clone().log();
    (value, move |change, repeat| change / repeat.rows(power))
}

fn exponential(x: Tensor<2>) -> (Tensor<2>, impl FnOnce(Tensor<2>, Repeat) -> Tensor<2>) {
    let value = x.exp();
    (value.clone(), move |change, repeat| change * repeat.rows(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::cpu;
    use crate::random::Stream;

    const SIDES: [usize; 2] = [16, 16];

    fn numbers(maps: Vec<f32>, count: usize) -> (Vec<f32>, usize) {
        let mut registry = Registry::new();
        let powers = BandPowers::new(&mut registry, SIDES, count, 4);
        let weights = registry.finish(1).on(&cpu());
        let rows = maps.len() / (count * 256);
        let maps = Tensor::<3>::from_data(TensorData::new(maps, [rows, count, 256]), &cpu());
        let numbers = powers.forward(&weights, Dual::alone(maps)).into_value();
        assert_eq!(numbers.dims(), [rows, powers.count()]);
        (
            numbers.into_data().try_to_vec().expect("numbers are f32"),
            powers.count(),
        )
    }

    #[test]
    fn numbers_of_white_maps_have_means_of_nothing_and_deviations_of_one() {
        const ROWS: usize = 400;
        let (found, count) = numbers(Stream::new(5, "maps", 0).normals(ROWS * 2 * 256), 2);
        for at in 0..count {
            // the constant alone is one wave, whose square has a long tail
            if at % 4 == 0 {
                continue;
            }
            let of_all = || found.iter().skip(at).step_by(count).map(|&value| f64::from(value));
            let mean = of_all().sum::<f64>() / ROWS as f64;
            let deviation = (of_all().map(|value| (value - mean).powi(2)).sum::<f64>() / ROWS as f64).sqrt();
            // the band of longest waves has 5 of them: the logarithm of its power is skewed; and waves that count in two
            // bands make their means a little quieter
            assert!(mean.abs() < 0.5, "number {at}: mean {mean}");
            assert!((0.6..1.4).contains(&deviation), "number {at}: deviation {deviation}");
        }
    }

    #[test]
    fn the_same_map_twice_is_wholly_correlated_and_twice_as_large_has_four_times_the_power() {
        let one = Stream::new(6, "maps", 0).normals(256);
        let both: Vec<f32> = one
            .iter()
            .copied()
            .chain(one.iter().map(|value| -2.0 * value))
            .collect();
        let (found, _) = numbers(both, 2);
        let modes = {
            let mut registry = Registry::new();
            Waves::new(&mut registry, SIDES, 4).modes().to_vec()
        };
        for (band, modes) in modes.iter().enumerate() {
            let ratio = f64::from(found[4 + band] - found[band]) / (modes / 2.0).sqrt();
            let correlation = f64::from(found[8 + band]) / modes.sqrt();
            assert!((ratio - 4.0_f64.ln()).abs() < 1e-3, "band {band}: {ratio}");
            assert!((correlation + 1.0).abs() < 1e-3, "band {band}: {correlation}");
        }
    }
}
