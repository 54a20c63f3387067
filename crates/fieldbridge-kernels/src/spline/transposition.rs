//! From the parameters of one spline after the other to vectors with one spline in each lane, and back.

use std::slice::from_ref;

use pulp::Simd;
use pulp::bytemuck::{cast_slice, cast_slice_mut};

/// No processor has more lanes.
const MOST_LANES: usize = 16;
/// Numbers moved together.
const PIECE: usize = 4;

/// Splines are cut into pieces of four numbers; four vectors full of pieces are transposed by the processor's own
/// instruction, which permutes pieces on the way. Pieces are laid out such that spline `i` ends in lane `i`.
pub(super) struct Transposition {
    places: [usize; MOST_LANES],
}

impl Transposition {
    #[inline(always)]
    pub(super) fn new<S: Simd>(simd: S) -> Self {
        let mut pieces = [simd.splat_f32s(0.0); PIECE];
        let numbers: &mut [f32] = cast_slice_mut(&mut pieces);
        for (index, number) in numbers.iter_mut().enumerate() {
            *number = (index / PIECE) as f32;
        }
        let [first, ..] = simd.deinterleave_shfl_f32s(pieces);
        let mut places = [0; MOST_LANES];
        for (place, &piece) in places.iter_mut().zip(cast_slice::<S::f32s, f32>(from_ref(&first))) {
            *place = piece as usize * PIECE;
        }
        Self { places }
    }

    /// Vectors needed for `each` numbers of every spline.
    pub(super) fn vectors(each: usize) -> usize {
        each.next_multiple_of(PIECE)
    }

    /// Fills `vectors` from `numbers`, of which there are `each` for every spline; lanes without a spline are left
    /// with what they held, permuted.
    #[inline(always)]
    pub(super) fn gather<S: Simd>(&self, simd: S, numbers: &[f32], each: usize, vectors: &mut [S::f32s]) {
        let stride = PIECE * S::F32_LANES;
        let slots: &mut [f32] = cast_slice_mut(vectors);
        for (spline, place) in (0..numbers.len() / each).zip(self.places) {
            let mut from = &numbers[spline * each..];
            for group in slots.chunks_exact_mut(stride) {
                let slot = &mut group[place..place + PIECE];
                // the last piece may reach into the next spline
                if let Some((piece, rest)) = from.split_first_chunk::<PIECE>() {
                    slot.copy_from_slice(piece);
                    from = rest;
                } else {
                    slot[..from.len()].copy_from_slice(from);
                }
            }
        }
        for four in vectors.as_chunks_mut::<PIECE>().0 {
            *four = simd.deinterleave_shfl_f32s(*four);
        }
    }

    /// Fills `numbers`, `each` for every spline, from `vectors`, which are used up.
    #[inline(always)]
    pub(super) fn scatter<S: Simd>(&self, simd: S, vectors: &mut [S::f32s], each: usize, numbers: &mut [f32]) {
        for four in vectors.as_chunks_mut::<PIECE>().0 {
            *four = simd.interleave_shfl_f32s(*four);
        }
        let stride = PIECE * S::F32_LANES;
        let slots: &[f32] = cast_slice(vectors);
        for (spline, place) in (0..numbers.len() / each).zip(self.places) {
            let mut to = &mut numbers[spline * each..];
            for group in slots.chunks_exact(stride) {
                let slot = &group[place..place + PIECE];
                // the last piece may reach into the next spline, which is written after this one
                if to.len() >= PIECE {
                    let (piece, rest) = to.split_at_mut(PIECE);
                    piece.copy_from_slice(slot);
                    to = rest;
                } else {
                    let left = to.len();
                    to.copy_from_slice(&slot[..left]);
                }
            }
        }
    }
}
