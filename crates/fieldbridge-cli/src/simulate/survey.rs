//! The universes, the sky and the galaxies that a recipe describes.

use std::sync::Arc;

use fieldbridge_sky::field::{Convention, Law, LensingField, Patch, Shifts};
use fieldbridge_sky::inference::ThirdMoments;
use fieldbridge_sky::{
    Nonlinearity, Priors, RedshiftDistribution, Scheme, Settings, SkyError, Smail, TomographicBin, equal_count_bins,
    pixel_noise,
};

use super::recipe::{ConventionName, NonlinearityName, SchemeName, SimulationRecipe};

/// What a recipe says of universes, sky and galaxies, whatever the law of the field.
pub(super) struct Survey {
    pub(super) priors: Priors,
    pub(super) patch: Patch,
    bins: Vec<TomographicBin>,
    pub(super) noise: Vec<f64>,
    settings: Settings,
    convention: Convention,
}

impl Survey {
    /// Of a recipe.
    ///
    /// # Errors
    /// With the table of the recipe that cannot be.
    pub(super) fn of(recipe: &SimulationRecipe) -> Result<Self, (&'static str, SkyError)> {
        let within = |table: &'static str| move |error: SkyError| (table, error);
        let priors = recipe.prior.priors().map_err(within("prior"))?;
        let patch = Patch::new(recipe.patch.pixels, recipe.patch.width_degrees).map_err(within("patch"))?;
        let sources = &recipe.sources;
        let smail = Smail::new(sources.rise, sources.fall, sources.scale, sources.largest_redshift);
        let smail: Arc<dyn RedshiftDistribution> = Arc::new(smail.map_err(within("sources"))?);
        let bins = equal_count_bins(
            &smail,
            sources.bins,
            sources.photometric_smearing,
            sources.galaxies_per_arcmin2,
        )
        .map_err(within("sources"))?;
        let noise = bins
            .iter()
            .map(|bin| pixel_noise(sources.ellipticity, bin.galaxies_per_arcmin2, patch.pixel_arcmin()));
        let noise = noise.collect::<Result<_, _>>().map_err(within("sources"))?;
        let settings = Settings {
            scheme: match recipe.spectra.scheme {
                SchemeName::Converged => Scheme::Converged,
                SchemeName::JaxCosmo => Scheme::JaxCosmo,
            },
            nonlinearity: match recipe.spectra.nonlinearity {
                NonlinearityName::Halofit => Nonlinearity::Halofit,
                NonlinearityName::Linear => Nonlinearity::Linear,
            },
            ..Settings::default()
        };
        let convention = match recipe.field.convention {
            ConventionName::SelfConsistent => Convention::SelfConsistent,
            ConventionName::SbiLens => Convention::SbiLens,
        };
        Ok(Self {
            priors,
            patch,
            bins,
            noise,
            settings,
            convention,
        })
    }

    /// Its field.
    pub(super) fn field(&self, law: Law, shifts: Option<Shifts>) -> Result<LensingField, SkyError> {
        LensingField::new(self.patch, &self.bins, self.settings, law, self.convention, shifts)
    }

    /// Third moments of observed maps, when they are wanted: filtered as is best for a Gaussian field in the universe of the medians of the prior.
    pub(super) fn third_moments(&self, recipe: &SimulationRecipe) -> Result<Option<ThirdMoments>, SkyError> {
        let moments = || {
            let field = self.field(Law::Gaussian, None)?;
            ThirdMoments::new(&field, &self.noise, &self.priors.centre())
        };
        recipe.store.third_moments.then(moments).transpose()
    }
}
