//! How a fused operation joins the tensor library.
//!
//! An [`Operation`] computes on slices of the processor's memory, forward and backward, and says with ordinary tensor
//! operations what it computes. [`apply`] runs the slices when all its inputs live on the processor, with or without
//! gradients, and the composition on every other device, from the same call.

use std::fmt::Debug;
use std::sync::Arc;

use burn_autodiff::Autodiff;
use burn_autodiff::checkpoint::base::Checkpointer;
use burn_autodiff::checkpoint::strategy::NoCheckpointing;
use burn_autodiff::grads::Gradients;
use burn_autodiff::ops::{Backward, NodeGuard, Ops, OpsKind};
use burn_backend::{AutodiffBackend, BackendTypes, TensorMetadata};
use burn_dispatch::{BackendTensor, DispatchAutodiffContext, DispatchTensorKind, GradientCheckpointingStrategy};
use burn_flex::{Flex, FlexTensor, Layout};
use burn_tensor::DType;

use crate::array::{Array, View};

pub use burn_dispatch::DispatchTensor as AnyTensor;

type Tracked = Autodiff<Flex, NoCheckpointing>;
type TrackedTensor = <Tracked as BackendTypes>::FloatTensorPrimitive;

/// A fused operation of float tensors with one output.
pub trait Operation: Debug + Send + Sync + 'static {
    /// What it computes, composed of ordinary operations.
    fn composed(&self, inputs: Vec<AnyTensor>) -> AnyTensor;

    /// The output, and, when `keep`, what [`Operation::backward`] needs besides the inputs.
    fn forward(&self, inputs: &[View<'_>], keep: bool) -> (Array, Vec<Array>);

    /// Gradients with respect to the inputs that are `wanted`, from that of the output.
    fn backward(
        &self,
        inputs: &[View<'_>],
        kept: Vec<Array>,
        gradient: View<'_>,
        wanted: &[bool],
    ) -> Vec<Option<Array>>;

    /// Whether [`Operation::backward`] reads input `index`; what it does not read is not kept alive.
    fn reads(&self, _index: usize) -> bool {
        true
    }

    /// Whether [`Operation::backward`] reads the output, which then comes as one more input after the others.
    fn reads_output(&self) -> bool {
        false
    }

    /// Whether the gradient of input `index` is that of the output as it is, so that both can be one memory;
    /// [`Operation::backward`] gives none for it.
    fn passes(&self, _index: usize) -> bool {
        false
    }
}

/// Records an operation whose number of inputs the library wants to know when it is compiled.
macro_rules! by_count {
    ($operation:expr, $inputs:expr; $($count:literal),+) => {
        match $inputs.len() {
            $($count => record::<$count>(Box::new($operation), $inputs),)+
            count => panic!("an operation of {count} inputs"),
        }
    };
}

/// The operation's output for its inputs.
///
/// # Panics
/// When there are no inputs or more than 24.
pub fn apply(operation: impl Operation, inputs: Vec<AnyTensor>) -> AnyTensor {
    if !inputs.iter().all(on_processor) {
        return operation.composed(inputs);
    }
    if inputs
        .iter()
        .all(|input| input.autodiff == DispatchAutodiffContext::Disabled)
    {
        let tensors: Vec<FlexTensor> = inputs.into_iter().map(|input| contiguous(plain(input.kind))).collect();
        let (output, _) = forward(&operation, &tensors, false);
        return AnyTensor {
            kind: DispatchTensorKind::Flex(BackendTensor::Float(output)),
            autodiff: DispatchAutodiffContext::Disabled,
        };
    }
    let tracked: Vec<TrackedTensor> = inputs.into_iter().map(tracked).collect();
    let output = by_count!(
        operation, tracked; 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24
    );
    AnyTensor {
        kind: DispatchTensorKind::Autodiff(Box::new(DispatchTensorKind::Flex(BackendTensor::Autodiff(output)))),
        autodiff: DispatchAutodiffContext::Enabled(GradientCheckpointingStrategy::Disabled),
    }
}

/// Whether a tensor is one of single precision in the processor's memory; a strategy of recomputing is left to the
/// composition.
fn on_processor(tensor: &AnyTensor) -> bool {
    if tensor.autodiff == DispatchAutodiffContext::Enabled(GradientCheckpointingStrategy::Balanced) {
        return false;
    }
    let kind = match &tensor.kind {
        DispatchTensorKind::Autodiff(inner) => inner.as_ref(),
        kind => kind,
    };
    #[allow(
        irrefutable_let_patterns,
        reason = "other devices are other variants, when they are compiled in"
    )]
    let DispatchTensorKind::Flex(inner) = kind else {
        return false;
    };
    inner.dtype() == DType::F32
}

/// The memory of a tensor without gradients.
fn plain(kind: DispatchTensorKind) -> FlexTensor {
    match kind {
        DispatchTensorKind::Flex(BackendTensor::Float(tensor)) => tensor,
        other => panic!("a float tensor without gradients, found {other:?}"),
    }
}

/// A tensor that may have gradients; one without is a constant.
fn tracked(tensor: AnyTensor) -> TrackedTensor {
    match tensor.kind {
        DispatchTensorKind::Autodiff(inner) => match *inner {
            DispatchTensorKind::Flex(BackendTensor::Autodiff(tensor)) => tensor,
            other => panic!("a float tensor with gradients, found {other:?}"),
        },
        kind => <Tracked as AutodiffBackend>::from_inner(plain(kind)),
    }
}

/// The same numbers, row by row in memory.
fn contiguous(tensor: FlexTensor) -> FlexTensor {
    if tensor.as_slice::<f32>().is_some() {
        tensor
    } else {
        tensor.to_contiguous()
    }
}

fn from_array(array: Array) -> FlexTensor {
    FlexTensor::new(
        array.data.into_bytes(),
        Layout::contiguous(array.shape.into()),
        DType::F32,
    )
}

/// A view of a contiguous tensor, whose shape the caller keeps.
fn view<'a>(tensor: &'a FlexTensor, shape: &'a [usize]) -> View<'a> {
    View {
        data: tensor.as_slice::<f32>().expect("made contiguous before"),
        shape,
    }
}

fn shape_of(tensor: &FlexTensor) -> Vec<usize> {
    tensor.shape().to_vec()
}

fn forward(operation: &dyn Operation, tensors: &[FlexTensor], keep: bool) -> (FlexTensor, Vec<Array>) {
    let shapes: Vec<Vec<usize>> = tensors.iter().map(shape_of).collect();
    let views: Vec<View<'_>> = tensors
        .iter()
        .zip(&shapes)
        .map(|(tensor, shape)| view(tensor, shape))
        .collect();
    let (output, kept) = operation.forward(&views, keep);
    (from_array(output), kept)
}

fn record<const N: usize>(operation: Box<dyn Operation>, inputs: Vec<TrackedTensor>) -> TrackedTensor {
    let guards: Vec<NodeGuard> = inputs.iter().map(TrackedTensor::node).collect();
    let guards: [NodeGuard; N] = guards.try_into().expect("the caller counted");
    let tensors: Vec<FlexTensor> = inputs
        .into_iter()
        .map(|input| contiguous(input.into_primitive()))
        .collect();
    match Step.prepare::<NoCheckpointing>(guards).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => {
            let (output, kept) = forward(&*operation, &tensors, true);
            let mut shapes: Vec<Vec<usize>> = tensors.iter().map(shape_of).collect();
            let mut tensors: Vec<Option<FlexTensor>> = tensors
                .into_iter()
                .enumerate()
                .map(|(index, tensor)| operation.reads(index).then_some(tensor))
                .collect();
            if operation.reads_output() {
                shapes.push(shape_of(&output));
                tensors.push(Some(output.clone()));
            }
            let state = State {
                operation: Arc::from(operation),
                tensors,
                shapes,
                kept,
            };
            prepared.finish(state, output)
        }
        OpsKind::UnTracked(prepared) => prepared.finish(forward(&*operation, &tensors, false).0),
    }
}

/// The backward step of any operation.
#[derive(Debug)]
struct Step;

/// What the backward step needs.
#[derive(Clone, Debug)]
struct State {
    operation: Arc<dyn Operation>,
    tensors: Vec<Option<FlexTensor>>,
    shapes: Vec<Vec<usize>>,
    kept: Vec<Array>,
}

impl<const N: usize> Backward<Flex, N> for Step {
    type State = State;

    fn backward(self, ops: Ops<State, N>, gradients: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let gradient = contiguous(gradients.consume::<Flex>(&ops.node));
        let gradient_shape = shape_of(&gradient);
        let State {
            operation,
            tensors,
            shapes,
            kept,
        } = ops.state;
        let views: Vec<View<'_>> = tensors
            .iter()
            .zip(&shapes)
            .map(|(tensor, shape)| match tensor {
                Some(tensor) => view(tensor, shape),
                None => View { data: &[], shape },
            })
            .collect();
        let wanted = ops.parents.each_ref().map(Option::is_some);
        let found = operation.backward(&views, kept, view(&gradient, &gradient_shape), &wanted);
        for (index, (parent, array)) in ops.parents.iter().zip(found).enumerate() {
            let Some(parent) = parent else { continue };
            if operation.passes(index) {
                gradients.register::<Flex>(parent.id, gradient.clone());
            } else if let Some(array) = array {
                gradients.register::<Flex>(parent.id, from_array(array));
            }
        }
    }
}
