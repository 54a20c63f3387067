//! Waves on a grid of two axes.

use std::f64::consts::{FRAC_1_SQRT_2, TAU};

use burn_tensor::Tensor;

use super::{ConstantSlot, Registry, Weights};

/// Hartley's transform of grids of two axes,
///
/// `H(k, l) = sum_xy g(x, y) cas(2 pi k x / h) cas(2 pi l y / w) / sqrt(h w)`, `cas = cos + sin`,
///
/// two products with symmetric orthogonal matrices, which is its own inverse (Bracewell 1983, J. Opt. Soc. Am. 73, 1832); and
/// bands of wave numbers `q = sqrt((k/h)^2 + (l/w)^2)`, in cycles a place: the constant, then hat functions of `ln q`
/// between nodes that run evenly from the longest wave, `q = 1 / max(h, w)`, to the shortest, `q = 1 / sqrt 2`. Isotropic
/// linear maps of periodic grids are products with functions of `q` here. Waves are ordered `[l, k]`, the other way round than
/// places, which saves a copy on the way there and on the way back.
#[derive(Clone, Debug)]
pub struct Waves {
    sides: [usize; 2],
    cas: [ConstantSlot; 2],
    bands: usize,
    hats: ConstantSlot,
    averages: ConstantSlot,
    modes: Vec<f64>,
}

/// Cycles a place of wave `index` along a side: `0, 1, .., n/2, .., 2, 1`, over `n`.
fn wave_number(index: usize, side: usize) -> f64 {
    index.min(side - index) as f64 / side as f64
}

fn cas_matrix(side: usize) -> Vec<f32> {
    let entry = |k: usize, x: usize| {
        let (sine, cosine) = (TAU * (k * x % side) as f64 / side as f64).sin_cos();
        ((sine + cosine) / (side as f64).sqrt()) as f32
    };
    (0..side * side).map(|at| entry(at / side, at % side)).collect()
}

impl Waves {
    /// Of grids of `sides` places, in `bands` bands.
    ///
    /// # Panics
    /// With fewer than three bands, or a grid without waves.
    pub fn new(registry: &mut Registry, sides: [usize; 2], bands: usize) -> Self {
        assert!(bands > 2, "the constant, and two ends of a range");
        let [height, width] = sides;
        let longest = 1.0 / height.max(width) as f64;
        assert!(longest < FRAC_1_SQRT_2, "a grid of one place has no waves");
        let step = (FRAC_1_SQRT_2 / longest).ln() / (bands - 2) as f64;
        let places = height * width;
        let mut hats = vec![0.0; bands * places];
        for (at, (l, k)) in (0..width).flat_map(|l| (0..height).map(move |k| (l, k))).enumerate() {
            let q = wave_number(k, height).hypot(wave_number(l, width));
            if q == 0.0 {
                hats[at] = 1.0;
                continue;
            }
            let node = ((q / longest).ln() / step).clamp(0.0, (bands - 2) as f64);
            let below = (node as usize).min(bands - 3);
            let above = node - below as f64;
            hats[(1 + below) * places + at] = 1.0 - above;
            hats[(2 + below) * places + at] = above;
        }
        let modes: Vec<f64> = hats.chunks_exact(places).map(|hat| hat.iter().sum()).collect();
        // transposed, and summing to one
        let averages = (0..places * bands)
            .map(|at| {
                let (place, band) = (at / bands, at % bands);
                (hats[band * places + place] / modes[band].max(f64::MIN_POSITIVE)) as f32
            })
            .collect();
        Self {
            sides,
            cas: sides.map(|side| registry.constant(&[side, side], cas_matrix(side))),
            bands,
            hats: registry.constant(&[bands, places], hats.iter().map(|&hat| hat as f32).collect()),
            averages: registry.constant(&[places, bands], averages),
            modes,
        }
    }

    /// How many bands there are.
    pub fn bands(&self) -> usize {
        self.bands
    }

    /// Places of the grid.
    pub fn places(&self) -> usize {
        self.sides.iter().product()
    }

    /// Waves that a band stands for; a wave between two nodes counts in part for each.
    pub fn modes(&self) -> &[f64] {
        &self.modes
    }

    /// The transform of planes `[batch, channels, places]`: `[batch, channels, waves]`.
    pub fn transform(&self, weights: &Weights, planes: Tensor<3>) -> Tensor<3> {
        self.turned(weights, planes, [0, 1])
    }

    /// Planes of waves: the way back.
    pub fn planes(&self, weights: &Weights, waves: Tensor<3>) -> Tensor<3> {
        self.turned(weights, waves, [1, 0])
    }

    /// Of planes whose slow index runs along the first axis and whose fast one along the second.
    fn turned(&self, weights: &Weights, planes: Tensor<3>, [slow, fast]: [usize; 2]) -> Tensor<3> {
        let [batch, channels, places] = planes.dims();
        let cas = |axis: usize| weights.constant::<2>(self.cas[axis]);
        let (rows, columns) = (self.sides[slow], self.sides[fast]);
        let along = planes.reshape([batch * channels * rows, columns]).matmul(cas(fast));
        let turned = along.reshape([batch * channels, rows, columns]).swap_dims(1, 2);
        let both = turned.reshape([batch * channels * columns, rows]).matmul(cas(slow));
        both.reshape([batch, channels, places])
    }

    /// Functions of the wave number by their values at the nodes: `[rows, bands]` to `[rows, places]`.
    pub fn between_nodes(&self, weights: &Weights, nodes: Tensor<2>) -> Tensor<2> {
        nodes.matmul(weights.constant(self.hats))
    }

    /// Means over the waves of every band: `[rows, places]` to `[rows, bands]`.
    pub fn band_means(&self, weights: &Weights, waves: Tensor<2>) -> Tensor<2> {
        waves.matmul(weights.constant(self.averages))
    }
}

#[cfg(test)]
mod tests {
    use burn_tensor::TensorData;

    use super::*;
    use crate::device::cpu;
    use crate::random::Stream;

    fn waves(sides: [usize; 2], bands: usize) -> (Waves, Weights) {
        let mut registry = Registry::new();
        let waves = Waves::new(&mut registry, sides, bands);
        (waves, registry.finish(1).on(&cpu()))
    }

    fn planes(values: Vec<f32>, places: usize) -> Tensor<3> {
        let count = values.len() / places;
        Tensor::from_data(TensorData::new(values, [1, count, places]), &cpu())
    }

    fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
        tensor.into_data().try_to_vec().expect("numbers are f32")
    }

    #[test]
    fn the_transform_is_its_own_inverse_and_keeps_squares() {
        for sides in [[4, 6], [1, 5], [8, 8]] {
            let (waves, weights) = waves(sides, 4);
            let places = sides[0] * sides[1];
            let before = Stream::new(1, "planes", 0).normals(3 * places);
            let there = waves.transform(&weights, planes(before.clone(), places));
            let squares = |values: &[f32]| values.iter().map(|v| v * v).sum::<f32>();
            let of_waves = numbers(there.clone());
            assert!((squares(&of_waves) / squares(&before) - 1.0).abs() < 1e-5);
            let back = numbers(waves.planes(&weights, there));
            let apart = before.iter().zip(&back).map(|(a, b)| (a - b).abs());
            assert!(apart.fold(0.0, f32::max) < 1e-5, "{sides:?}");
        }
    }

    #[test]
    fn a_plane_wave_is_multiplied_by_the_function_at_its_own_length() {
        let (waves, weights) = waves([16, 16], 9);
        let wave = |k: usize, l: usize| -> Vec<f32> {
            let phase = |at: usize| TAU * (k * (at / 16) + l * (at % 16)) as f64 / 16.0 + 0.7;
            (0..256).map(|at| phase(at).cos() as f32).collect()
        };
        // ln q is linear between nodes, so that it is met everywhere
        let longest = (1.0_f64 / 16.0).ln();
        let nodes: Vec<f32> = (0..9)
            .map(|node| match node {
                0 => 5.0,
                node => (longest + (node - 1) as f64 * (FRAC_1_SQRT_2.ln() - longest) / 7.0) as f32,
            })
            .collect();
        let nodes = Tensor::<2>::from_data(TensorData::new(nodes, [1, 9]), &cpu());
        for (k, l) in [(0, 0), (1, 0), (2, 3), (15, 4), (8, 8)] {
            let before = wave(k, l);
            let there = waves.transform(&weights, planes(before.clone(), 256));
            let filter = waves.between_nodes(&weights, nodes.clone()).reshape([1, 1, 256]);
            let after = numbers(waves.planes(&weights, there * filter));
            let q = wave_number(k, 16).hypot(wave_number(l, 16));
            let expected = if q == 0.0 { 5.0 } else { q.ln() } as f32;
            for (after, before) in after.iter().zip(&before) {
                assert!(
                    (after - expected * before).abs() < 1e-4,
                    "wave ({k}, {l}): {after} {before}"
                );
            }
        }
    }

    #[test]
    fn bands_share_all_waves_and_average_them() {
        let (waves, weights) = waves([12, 8], 5);
        assert!((waves.modes().iter().sum::<f64>() - 96.0).abs() < 1e-9);
        assert_eq!(waves.modes()[0], 1.0);
        let ones = Tensor::<2>::ones([2, 96], &cpu());
        assert!(
            numbers(waves.band_means(&weights, ones))
                .iter()
                .all(|mean| (mean - 1.0).abs() < 1e-5)
        );
    }
}
