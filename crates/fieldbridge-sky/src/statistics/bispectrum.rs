//! The bispectrum of equilateral triangles of waves.

use crate::SkyError;
use crate::field::{HartleyTransform, Patch};

/// `B = area^2 <k(l_1) k(l_2) k(l_3)>` over all triangles `l_1 + l_2 + l_3 = 0` with their three sides in one band of
/// multipoles, by products of filtered maps (Scoccimarro 2000, arXiv:astro-ph/0004086).
#[derive(Debug, Clone)]
pub struct EquilateralBispectrum {
    patch: Patch,
    transform: HartleyTransform,
    /// Modes of each band.
    bands: Vec<Vec<usize>>,
    triangles: Vec<f64>,
    multipoles: Vec<f64>,
}

impl EquilateralBispectrum {
    /// For maps of a patch, in bands between ascending edges in multipole.
    ///
    /// # Errors
    /// [`SkyError::Multipole`] for edges that do not ascend from a positive number, or that lie beyond two thirds of the
    /// largest multipole along a side, where the grid would close triangles that are open; [`SkyError::Survey`] for a band
    /// without triangles.
    pub fn new(patch: Patch, edges: &[f64]) -> Result<Self, SkyError> {
        let mut last = 0.0;
        for (index, &value) in edges.iter().enumerate() {
            if !(value > last && value <= patch.nyquist() * 2.0 / 3.0) {
                let hint =
                    "edges of bands of triangles ascend to at most two thirds of the largest multipole along a side";
                return Err(SkyError::Multipole { index, value, hint });
            }
            last = value;
        }
        let side = patch.pixels();
        let mut bands = vec![Vec::new(); edges.len().saturating_sub(1)];
        let mut sums = vec![0.0; bands.len()];
        for index in 0..side * side {
            let wave = patch.frequency(index / side).hypot(patch.frequency(index % side)) * patch.fundamental();
            let place = edges.partition_point(|&edge| edge <= wave);
            if (1..edges.len()).contains(&place) {
                bands[place - 1].push(index);
                sums[place - 1] += wave;
            }
        }
        let mut found = Self {
            patch,
            transform: HartleyTransform::new(side),
            multipoles: sums
                .iter()
                .zip(&bands)
                .map(|(sum, band)| sum / band.len() as f64)
                .collect(),
            bands,
            triangles: Vec::new(),
        };
        // a map with all amplitudes one counts the triangles
        let ones = vec![1.0; side * side];
        found.triangles = (0..found.bands.len())
            .map(|band| found.cubes(&ones, band).round())
            .collect();
        if found.triangles.is_empty() || found.triangles.iter().any(|&count| count < 1.0) {
            return Err(SkyError::Survey {
                name: "triangles in a band",
                value: 0.0,
                expected: "at least one in each",
                hint: "take wider bands",
            });
        }
        Ok(found)
    }

    /// Mean multipole of the modes of each band.
    #[must_use]
    pub fn multipoles(&self) -> &[f64] {
        &self.multipoles
    }

    /// Number of ordered triangles in each band.
    #[must_use]
    pub fn triangles(&self) -> &[f64] {
        &self.triangles
    }

    /// The bispectrum of a map in each band, steradian squared.
    ///
    /// # Panics
    /// When the map has another size than the patch.
    #[must_use]
    pub fn measure(&self, map: &[f64]) -> Vec<f64> {
        let mut waves = map.to_vec();
        self.transform.apply(&mut waves);
        for wave in &mut waves {
            *wave *= self.patch.steradian().powf(2.0 / 3.0) / self.patch.area_pixels() as f64;
        }
        let bands = self.triangles.iter().enumerate();
        bands
            .map(|(band, triangles)| self.cubes(&waves, band) / triangles)
            .collect()
    }

    /// Mean over pixels of the cube of the map of one band: the sum over its triangles of the product of their waves.
    fn cubes(&self, waves: &[f64], band: usize) -> f64 {
        let mut map = vec![0.0; waves.len()];
        for &index in &self.bands[band] {
            map[index] = waves[index];
        }
        self.transform.apply(&mut map);
        map.iter().map(|value| value.powi(3)).sum::<f64>() / map.len() as f64
    }
}
