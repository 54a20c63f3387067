//! The line of sight by Gauss and Legendre in `ln(1+z)`, fine enough that a finer rule changes nothing.

use super::limber::LineOfSight;
use crate::background::Background;
use crate::constants::HUBBLE_DISTANCE;
use crate::power::{Halofit, LinearPower, Nonlinearity};
use crate::quadrature::Panels;
use crate::redshift_distribution::{RedshiftDistribution, normalised, panels};
use crate::{Cosmology, Real, SkyError};

/// All that does not depend on the universe.
#[derive(Debug)]
pub(super) struct ConvergedRule {
    panels: Panels,
    bins: Vec<Bin>,
}

#[derive(Debug)]
struct Bin {
    /// `n(z) dz / dln(1+z)` at the nodes.
    density: Vec<f64>,
    /// Fraction of the galaxies behind each node.
    behind: Vec<f64>,
}

impl ConvergedRule {
    pub(super) fn new(distributions: &[&dyn RedshiftDistribution]) -> Result<Self, SkyError> {
        let panels = panels(distributions)?;
        let bin = |(number, distribution): (usize, &&dyn RedshiftDistribution)| {
            let density = normalised(*distribution, &panels).map_err(|error| error.in_bin(number))?;
            Ok(Bin {
                behind: panels.remaining_integral(&density),
                density,
            })
        };
        let bins = distributions
            .iter()
            .enumerate()
            .map(bin)
            .collect::<Result<_, SkyError>>()?;
        Ok(Self { panels, bins })
    }

    pub(super) fn line_of_sight<R: Real>(
        &self,
        cosmology: &Cosmology<R>,
        linear: LinearPower<R>,
        nonlinearity: Nonlinearity,
    ) -> Result<LineOfSight<R>, SkyError> {
        let background = Background::new(cosmology)?;
        let slopes: Vec<R> = self
            .panels
            .nodes()
            .iter()
            .map(|&u| background.distance_slope(u))
            .collect();
        let distances = self.panels.running_integral(&slopes);
        let curved: Vec<(R, R)> = distances.iter().map(|&chi| background.curved(chi)).collect();
        // S(chi' - chi) / S(chi') = C(chi) - S(chi) C(chi') / S(chi'): both parts integrate once for all nodes
        let inverse: Vec<R> = curved.iter().map(|&(sine, cosine)| cosine / sine).collect();
        let mean_inverse: Vec<Vec<R>> = self
            .bins
            .iter()
            .map(|bin| {
                let terms: Vec<R> = inverse
                    .iter()
                    .zip(&bin.density)
                    .map(|(&inverse, &n)| inverse * n)
                    .collect();
                self.panels.remaining_integral(&terms)
            })
            .collect();
        let strength = cosmology.omega_m() * (1.5 / (HUBBLE_DISTANCE * HUBBLE_DISTANCE));
        let halofit = Halofit::new(background, linear.clone());
        let mut line = LineOfSight::new(linear, self.bins.len());
        let mut kernels = Vec::with_capacity(self.bins.len());
        for (node, (&u, &weight)) in self.panels.nodes().iter().zip(self.panels.weights()).enumerate() {
            let (sine, cosine) = curved[node];
            let scale = strength * sine * u.exp();
            kernels.clear();
            kernels.extend(
                self.bins
                    .iter()
                    .zip(&mean_inverse)
                    .map(|(bin, mean)| scale * (cosine * bin.behind[node] - sine * mean[node])),
            );
            line.push(
                sine,
                slopes[node] * weight,
                &kernels,
                halofit.at((-u).exp(), nonlinearity)?,
            );
        }
        Ok(line)
    }
}
