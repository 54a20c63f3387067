//! A residual and a gated branch (Peebles and Xie 2022, arXiv:2212.09748).

use pulp::Arch;

use super::layout::Layout;
use crate::workspace::Buffer;

/// `out = residual + gate branch`, with a `gate` of `[batch, width]` that all tokens of an element share.
///
/// # Panics
/// When a length is not that of the layout.
pub fn gate(layout: Layout, residual: &[f32], branch: &[f32], gate: &[f32], out: &mut [f32]) {
    let (width, count) = (layout.width, layout.count());
    assert_eq!(
        [residual.len(), branch.len(), out.len()],
        [count; 3],
        "the layout's lengths"
    );
    assert_eq!(gate.len(), layout.batch * width, "one gate for each element");
    layout.run([(out, width)], [], |task, [out], []| {
        let start = layout.piece(task.start).1.start * width;
        let mut rows = out.chunks_exact_mut(width.max(1)).zip(
            residual[start..]
                .chunks_exact(width.max(1))
                .zip(branch[start..].chunks_exact(width.max(1))),
        );
        Arch::new().dispatch(
            #[inline(always)]
            || {
                for piece in task {
                    let (element, range) = layout.piece(piece);
                    let gate = &gate[element * width..][..width];
                    for (out, (residual, branch)) in rows.by_ref().take(range.len()) {
                        let terms = residual.iter().zip(branch.iter().zip(gate));
                        for (out, (residual, (branch, gate))) in out.iter_mut().zip(terms) {
                            *out = residual + gate * branch;
                        }
                    }
                }
            },
        );
    });
}

/// Gradients with respect to what is gated; that of the residual is the one that came.
#[derive(Clone, Debug, PartialEq)]
pub struct GateGradients {
    /// Of the branch.
    pub branch: Buffer,
    /// Of the gate.
    pub gate: Buffer,
}

/// Gradients of [`gate`] from that of its output.
///
/// # Panics
/// When a length is not that of the layout.
pub fn gate_backward(layout: Layout, branch: &[f32], gate: &[f32], gradient: &[f32]) -> GateGradients {
    let (width, count) = (layout.width, layout.count());
    assert_eq!([branch.len(), gradient.len()], [count; 2], "the layout's lengths");
    assert_eq!(gate.len(), layout.batch * width, "one gate for each element");
    let mut found = Buffer::stale(count);
    let mut pieces = Buffer::zeros(layout.pieces() * width);
    layout.run([(&mut found, width)], [&mut pieces], |task, [found], [sums]| {
        let start = layout.piece(task.start).1.start * width;
        let mut rows = found.chunks_exact_mut(width.max(1)).zip(
            branch[start..]
                .chunks_exact(width.max(1))
                .zip(gradient[start..].chunks_exact(width.max(1))),
        );
        Arch::new().dispatch(
            #[inline(always)]
            || {
                for (piece, sums) in task.zip(sums.chunks_exact_mut(width.max(1))) {
                    let (element, range) = layout.piece(piece);
                    let gate = &gate[element * width..][..width];
                    for (found, (branch, gradient)) in rows.by_ref().take(range.len()) {
                        let terms = branch.iter().zip(gradient.iter().zip(gate));
                        let places = found.iter_mut().zip(sums.iter_mut());
                        for ((found, sum), (branch, (gradient, gate))) in places.zip(terms) {
                            *found = gradient * gate;
                            *sum += gradient * branch;
                        }
                    }
                }
            },
        );
    });
    GateGradients {
        branch: found,
        gate: layout.gather(pieces),
    }
}
