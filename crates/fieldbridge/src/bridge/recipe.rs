//! What a recipe says of a bridge.

use serde::{Deserialize, Serialize};

use super::affine_flow::AffineFlowRecipe;
use super::image_flow::ImageFlowRecipe;
use super::mixture_density::MixtureDensityRecipe;
use super::residual_flow::ResidualFlowRecipe;
use crate::base::BaseKind;
use crate::coupling::CouplingKind;
use crate::likelihood::TraceKind;
use crate::network::{Activation, NetworkChoice};
use crate::path::{Head, Interval, LossWeight, Path, PathKind};
use crate::random::Stream;
use crate::recipe::is_default;
use crate::solver::{SamplerKind, SolverKind};

use super::{ContinuousFlowRecipe, DiffusionRecipe, InterpolantRecipe};

/// The families of bridges a recipe can name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BridgeKind {
    /// A normalizing flow of rational-quadratic splines.
    #[default]
    SplineFlow,
    /// A normalizing flow of shifts and scales.
    AffineFlow,
    /// A normalizing flow of images.
    ImageFlow,
    /// A normalizing flow of contractions.
    ResidualFlow,
    /// A mixture of Gaussians given by a network.
    MixtureDensity,
    /// A velocity field trained by flow matching.
    FlowMatching,
    /// A diffusion model.
    Diffusion,
    /// A stochastic interpolant.
    Interpolant,
    /// A velocity field trained by maximum likelihood.
    ContinuousFlow,
}

impl BridgeKind {
    /// Whether it is crossed by walking along a time; otherwise in jumps.
    pub fn is_walked(self) -> bool {
        match self {
            Self::FlowMatching | Self::Diffusion | Self::Interpolant | Self::ContinuousFlow => true,
            Self::SplineFlow | Self::AffineFlow | Self::ImageFlow | Self::ResidualFlow | Self::MixtureDensity => false,
        }
    }
}

/// What supplies the parameters of the maps of a flow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layers {
    /// Masked networks: every number given those before it.
    #[default]
    Autoregressive,
    /// The same the other way: one pass for a draw, and `D` passes for a step of training.
    InverseAutoregressive,
    /// One half given the other, with rotations between.
    Coupling,
}

/// Settings of a spline flow, table `[spline_flow]` of a recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SplineFlowRecipe {
    /// What supplies the parameters.
    pub layers: Layers,
    /// Number of transforms.
    pub transforms: usize,
    /// Bins of each spline.
    pub bins: usize,
    /// Splines act on `[-bound, bound]`, in units of the scaled data.
    pub bound: f32,
    /// Width of the hidden layers.
    pub width: usize,
    /// Residual blocks in each network.
    pub blocks: usize,
    /// Width of the context embedding.
    pub context_width: usize,
    /// Residual blocks of the context embedding.
    pub context_blocks: usize,
    /// Nonlinearity.
    pub activation: Activation,
    /// Where the flow starts.
    pub base: BaseKind,
}

impl Default for SplineFlowRecipe {
    fn default() -> Self {
        Self {
            layers: Layers::Autoregressive,
            transforms: 4,
            bins: 8,
            bound: 5.0,
            width: 128,
            blocks: 1,
            context_width: 128,
            context_blocks: 1,
            activation: Activation::Silu,
            base: BaseKind::Normal,
        }
    }
}

/// How training times are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeDraw {
    /// Uniform on (0, 1), one draw in each of as many equal intervals as there are rows.
    #[default]
    Uniform,
    /// `t = 1 - u^2` with `u` as above: more of the walk's end, where narrow distributions take shape.
    TowardsData,
    /// The logarithm of the noise level `b / a` is normal with mean -1.2 and deviation 1.2, for data of unit variance
    /// (Karras et al. 2022, arXiv:2206.00364).
    LogNormal,
    /// `t = 1 / (1 + exp(-s))` with a normal `s` of mean -0.64 and deviation 0.8: more of the middle, and of noise (Esser
    /// et al. 2024, arXiv:2403.03206; with these numbers Remy et al. 2026, arXiv:2606.31988).
    LogitNormal,
}

impl TimeDraw {
    /// `count` times on a path, inside an interval.
    pub(super) fn draw(self, count: usize, stream: &Stream, path: &dyn Path, within: Interval) -> Vec<f32> {
        if self == Self::LogNormal {
            let logs = stream.normals(count).into_iter();
            let time = |log: f32| path.time_of_level((1.2 * f64::from(log) - 1.2).exp());
            return logs.map(|log| within.clamp(time(log)) as f32).collect();
        }
        if self == Self::LogitNormal {
            let logits = stream.normals(count).into_iter().map(|z| 0.8 * f64::from(z) - 0.64);
            return logits.map(|s| within.clamp(1.0 / (1.0 + (-s).exp())) as f32).collect();
        }
        let places = stream.child("places", 0).permutation(count);
        let uniforms = stream.uniforms(count);
        places
            .iter()
            .zip(&uniforms)
            .map(|(&place, &uniform)| {
                let u = (place as f32 + uniform) / count as f32;
                let t = match self {
                    Self::TowardsData => 1.0 - u * u,
                    Self::Uniform | Self::LogNormal | Self::LogitNormal => u,
                };
                if within == Interval::WHOLE {
                    t
                } else {
                    (within.from + f64::from(t) * (within.to - within.from)) as f32
                }
            })
            .collect()
    }
}

/// Settings of flow matching, table `[flow_matching]` of a recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FlowMatchingRecipe {
    /// What is learned: the name of a network, or a table with its sizes.
    pub network: NetworkChoice,
    /// Width of the hidden layers of a network named alone.
    pub width: usize,
    /// Residual blocks, or hidden layers of a plain perceptron, named alone.
    pub blocks: usize,
    /// Frequencies of the time embedding.
    pub frequencies: usize,
    /// Width of the context embedding.
    pub context_width: usize,
    /// Residual blocks of the context embedding.
    pub context_blocks: usize,
    /// Nonlinearity of the context embedding and of a network named alone.
    pub activation: Activation,
    /// Where the bridge starts.
    pub base: BaseKind,
    /// Which points are joined.
    pub coupling: CouplingKind,
    /// How joined points are connected.
    pub path: PathKind,
    /// What the network predicts.
    #[serde(skip_serializing_if = "is_default")]
    pub head: Head,
    /// How training times are drawn.
    pub time: TimeDraw,
    /// Weight of the squared error at a time.
    #[serde(skip_serializing_if = "is_default")]
    pub weight: LossWeight,
    /// Lengths of parts of a row, such as parameters and a field, whose mean squared errors weigh alike; none: all numbers
    /// of a row weigh alike.
    #[serde(skip_serializing_if = "is_default")]
    pub balance: Vec<usize>,
    /// How the velocity is walked.
    pub solver: SolverKind,
    /// How draws are made.
    #[serde(skip_serializing_if = "is_default")]
    pub sampler: SamplerKind,
    /// How the trace is taken.
    pub likelihood: TraceKind,
    /// Times the model is trained again on pairs of its own walks.
    #[serde(skip_serializing_if = "is_default")]
    pub rectify: usize,
    /// Plain optimal transport with a context biases the model; it is refused unless this says so.
    pub allow_biased_coupling: bool,
}

impl Default for FlowMatchingRecipe {
    fn default() -> Self {
        Self {
            network: NetworkChoice::default(),
            width: 128,
            blocks: 3,
            frequencies: 8,
            context_width: 128,
            context_blocks: 1,
            activation: Activation::Silu,
            base: BaseKind::Normal,
            coupling: CouplingKind::Independent,
            path: PathKind::Linear,
            head: Head::Velocity,
            time: TimeDraw::Uniform,
            weight: LossWeight::Output,
            balance: Vec::new(),
            solver: SolverKind::default(),
            sampler: SamplerKind::ProbabilityFlow,
            likelihood: TraceKind::Exact,
            rectify: 0,
            allow_biased_coupling: false,
        }
    }
}

/// A family with its settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BridgeRecipe {
    /// The family.
    pub kind: BridgeKind,
    /// Settings when it is a spline flow.
    pub spline_flow: SplineFlowRecipe,
    /// Settings when it is an affine flow.
    pub affine_flow: AffineFlowRecipe,
    /// Settings when it is a flow of images.
    pub image_flow: ImageFlowRecipe,
    /// Settings when it is a residual flow.
    pub residual_flow: ResidualFlowRecipe,
    /// Settings when it is a mixture of Gaussians.
    pub mixture_density: MixtureDensityRecipe,
    /// Settings when it is flow matching.
    pub flow_matching: FlowMatchingRecipe,
    /// Settings when it is a diffusion.
    #[serde(skip_serializing_if = "is_default")]
    pub diffusion: DiffusionRecipe,
    /// Settings when it is a stochastic interpolant.
    #[serde(skip_serializing_if = "is_default")]
    pub interpolant: InterpolantRecipe,
    /// Settings when it is a continuous flow.
    #[serde(skip_serializing_if = "is_default")]
    pub continuous_flow: ContinuousFlowRecipe,
}

impl BridgeRecipe {
    /// How draws are made, which may be changed after training; none where there is one way.
    pub fn sampler_mut(&mut self) -> Option<&mut SamplerKind> {
        match self.kind {
            BridgeKind::FlowMatching => Some(&mut self.flow_matching.sampler),
            BridgeKind::Diffusion => Some(&mut self.diffusion.sampler),
            BridgeKind::Interpolant => Some(&mut self.interpolant.sampler),
            _ => None,
        }
    }

    /// How the velocity is walked; none where there is none.
    pub fn solver_mut(&mut self) -> Option<&mut SolverKind> {
        match self.kind {
            BridgeKind::FlowMatching => Some(&mut self.flow_matching.solver),
            BridgeKind::Diffusion => Some(&mut self.diffusion.solver),
            BridgeKind::Interpolant => Some(&mut self.interpolant.solver),
            BridgeKind::ContinuousFlow => Some(&mut self.continuous_flow.solver),
            _ => None,
        }
    }

    /// Weight of the context in draws; none where there is none.
    pub fn guidance_mut(&mut self) -> Option<&mut f64> {
        (self.kind == BridgeKind::Diffusion).then_some(&mut self.diffusion.guidance)
    }

    /// Times the model is trained again on pairs of its own walks.
    pub fn rectifications(&self) -> usize {
        match self.kind {
            BridgeKind::FlowMatching => self.flow_matching.rectify,
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::PathKind;

    #[test]
    fn logit_normal_times_have_their_median_and_quartiles() {
        let path = PathKind::Linear.build();
        let mut times = TimeDraw::LogitNormal.draw(20_000, &Stream::new(3, "times", 0), path.as_ref(), Interval::WHOLE);
        times.sort_by(f32::total_cmp);
        // the normal's quartiles are 0.6745 deviations from its mean
        for (share, logit) in [
            (0.25, -0.64 - 0.8 * 0.6745),
            (0.5, -0.64),
            (0.75, -0.64 + 0.8 * 0.6745_f64),
        ] {
            let expected = 1.0 / (1.0 + (-logit).exp());
            let found = f64::from(times[(share * times.len() as f64) as usize]);
            assert!((found - expected).abs() < 0.01, "{share}: {found} {expected}");
        }
    }
}
