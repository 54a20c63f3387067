//! Noise of maps.

use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::SkyError;
use crate::field::{HartleyTransform, Patch};
use crate::lensing::pixel_noise;

/// Gaussian noise of mean zero in the pixels of a map, convergence or one component of shear.
#[derive(Debug, Clone)]
pub enum Noise {
    /// White, with the same deviation everywhere.
    Uniform {
        /// Deviation of a pixel.
        deviation: f64,
    },
    /// White, with a deviation for every pixel; pixels without galaxies have an infinite one.
    PerPixel {
        /// Deviations, `[row, column]`.
        deviations: Vec<f64>,
    },
    /// The same everywhere but not white, and not the same in all directions.
    Waves {
        /// Square root of the variance of each mode, `[row, column]` of its wave vector, the same for a wave and its mirror
        /// image.
        amplitudes: Vec<f64>,
        /// Transform of the patch.
        transform: HartleyTransform,
    },
}

impl Noise {
    /// Shape noise of pixels that hold `galaxies` each: `sigma_e / sqrt(galaxies)`; infinite in empty pixels.
    ///
    /// # Errors
    /// [`SkyError::Survey`] for a deviation or number of galaxies below zero or not finite.
    pub fn of_galaxies(ellipticity: f64, galaxies: &[f64]) -> Result<Self, SkyError> {
        // one galaxy in a pixel of one square arc minute
        let single = pixel_noise(ellipticity, 1.0, 1.0)?;
        let deviation = |&count: &f64| {
            if count < 0.0 || !count.is_finite() {
                return Err(SkyError::Survey {
                    name: "galaxies in a pixel",
                    value: count,
                    expected: "zero or a positive number",
                    hint: "zero means that the pixel is not observed",
                });
            }
            Ok(if count > 0.0 {
                single / count.sqrt()
            } else {
                f64::INFINITY
            })
        };
        Ok(Self::PerPixel {
            deviations: galaxies.iter().map(deviation).collect::<Result<_, _>>()?,
        })
    }

    /// Noise with the power spectrum `power(l_x, l_y)`, steradian, in multipoles. Only its part that is the same for `l` and
    /// `-l` exists, the mean of the two.
    ///
    /// # Errors
    /// [`SkyError::Survey`] for power that is negative or not finite.
    pub fn anisotropic(patch: Patch, power: impl Fn(f64, f64) -> f64) -> Result<Self, SkyError> {
        let side = patch.pixels();
        let unit = patch.fundamental();
        let amplitude = |index: usize| {
            let (x, y) = (
                patch.frequency(index % side) * unit,
                patch.frequency(index / side) * unit,
            );
            let mean = 0.5 * (power(x, y) + power(-x, -y));
            if mean < 0.0 || !mean.is_finite() {
                return Err(SkyError::Survey {
                    name: "power of the noise in steradian",
                    value: mean,
                    expected: "zero or a positive number",
                    hint: "it is the variance of a wave times the area",
                });
            }
            Ok((mean / patch.steradian()).sqrt())
        };
        Ok(Self::Waves {
            amplitudes: (0..side * side).map(amplitude).collect::<Result<_, _>>()?,
            transform: HartleyTransform::new(side),
        })
    }

    /// Draws the noise of `count` pixels. Pixels with infinite deviation are not a number.
    ///
    /// # Panics
    /// When noise with a plan of the patch is asked for another number of pixels.
    pub fn draw(&self, count: usize, random: &mut impl Rng) -> Vec<f64> {
        let mut noise: Vec<f64> = (0..count).map(|_| StandardNormal.sample(random)).collect();
        match self {
            Self::Uniform { deviation } => noise.iter_mut().for_each(|value| *value *= deviation),
            Self::PerPixel { deviations } => {
                assert_eq!(deviations.len(), count, "the noise is that of another patch");
                for (value, deviation) in noise.iter_mut().zip(deviations) {
                    *value = if deviation.is_finite() {
                        *value * deviation
                    } else {
                        f64::NAN
                    };
                }
            }
            Self::Waves { amplitudes, transform } => {
                assert_eq!(amplitudes.len(), count, "the noise is that of another patch");
                for (value, amplitude) in noise.iter_mut().zip(amplitudes) {
                    *value *= amplitude;
                }
                transform.apply(&mut noise);
            }
        }
        noise
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn pixels_have_the_noise_of_their_galaxies() {
        let noise = Noise::of_galaxies(0.26, &[1.0, 4.0, 0.0, 100.0]).unwrap();
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let mut squares = [0.0; 4];
        let count = 20_000;
        for _ in 0..count {
            for (square, value) in squares.iter_mut().zip(noise.draw(4, &mut random)) {
                *square += value * value / f64::from(count);
            }
        }
        for (index, galaxies) in [(0, 1.0), (1, 4.0), (3, 100.0)] {
            let exact = 0.26 * 0.26 / galaxies;
            assert!((squares[index] / exact - 1.0).abs() < 4.0 * (2.0 / f64::from(count)).sqrt());
        }
        assert!(squares[2].is_nan());
        assert!(Noise::of_galaxies(0.26, &[-1.0]).is_err() && Noise::of_galaxies(-0.1, &[1.0]).is_err());
        let mut random = ChaCha8Rng::seed_from_u64(2);
        assert_eq!(Noise::Uniform { deviation: 0.0 }.draw(3, &mut random), [0.0; 3]);
    }

    #[test]
    fn striped_noise_has_its_power_by_direction() {
        let patch = Patch::new(16, 5.0).unwrap();
        let power = |x: f64, y: f64| if x.abs() > y.abs() { 4e-9 } else { 1e-9 };
        let noise = Noise::anisotropic(patch, power).unwrap();
        let transform = HartleyTransform::new(16);
        let mut random = ChaCha8Rng::seed_from_u64(3);
        let mut sums = [(0.0, 0.0); 2];
        for _ in 0..200 {
            let mut map = noise.draw(256, &mut random);
            transform.apply(&mut map);
            for (index, wave) in map.iter().enumerate() {
                let along = patch.distance(index % 16) > patch.distance(index / 16);
                let sum = &mut sums[usize::from(along)];
                sum.0 += wave * wave * patch.steradian() / (256.0 * 256.0);
                sum.1 += 1.0;
            }
        }
        for ((sum, count), exact) in sums.into_iter().zip([1e-9, 4e-9]) {
            assert!((sum / count / exact - 1.0_f64).abs() < 4.0 * (2.0 / count).sqrt());
        }
        assert!(Noise::anisotropic(patch, |_, _| -1.0).is_err());
    }
}
