//! The instruction sets a product can use, and which of them this processor has.

use super::portable::PORTABLE;
use super::tile::{Operands, Tile};
#[cfg(target_arch = "x86_64")]
use super::{avx2::AVX2, avx512::AVX512, avx512_bf16::AVX512_BF16};
#[cfg(target_arch = "x86_64")]
use crate::pairs::Pairs;

/// What the loops around the tiles need to know of an instruction set.
#[derive(Debug)]
pub(super) struct Instructions {
    /// Numbers in a vector.
    pub(super) width: usize,
    /// Most vectors of a tile.
    pub(super) vectors: usize,
    /// Most rows of a tile.
    pub(super) rows: usize,
    /// Longest part of the shared index taken at once: what a tile reads again and again stays in the first cache.
    pub(super) depth: usize,
    /// Panels of B between which a tile of A stays in the first cache; with one, a panel of B stays there instead.
    pub(super) panels_together: usize,
    /// Tiles by neighbours, vectors and rows.
    pub(super) tiles: &'static [Tile],
    /// Transposes `width` rows.
    pub(super) transpose: Transpose,
    /// Computes rows of a product with few columns.
    pub(super) narrow: Narrow,
}

/// Writes `width` rows of `depth` numbers at a distance, as columns: the arguments of [`super::packing::transpose`].
pub(super) type Transpose = unsafe fn(*const f32, usize, usize, *mut f32, usize);

/// Computes so many rows: the arguments of [`super::narrow::narrow`].
pub(super) type Narrow = unsafe fn(&Operands, usize);

impl Instructions {
    /// Columns of a panel of B: those of the widest tile.
    pub(super) fn panel(&self) -> usize {
        self.width * self.vectors
    }

    /// The tile of `rows` and `vectors`, for rows of A that are neighbours in memory or not.
    pub(super) fn tile(&self, neighbours: bool, vectors: usize, rows: usize) -> Tile {
        self.tiles[(usize::from(neighbours) * self.vectors + vectors - 1) * self.rows + rows - 1]
    }

    /// The best of this processor.
    pub(super) fn best() -> &'static Self {
        Self::available()[0]
    }

    /// Instructions that take two numbers of bfloat16 for each of single precision, where they are worth it.
    pub(super) fn pairs() -> Option<&'static Self> {
        #[cfg(target_arch = "x86_64")]
        if Pairs::available().is_some() {
            return Some(&AVX512_BF16);
        }
        None
    }

    /// All that this processor has, the best first.
    pub(super) fn available() -> &'static [&'static Self] {
        #[cfg(target_arch = "x86_64")]
        {
            static ALL: [&Instructions; 3] = [&AVX512, &AVX2, &PORTABLE];
            let fused = std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma");
            let first = match (fused, std::arch::is_x86_feature_detected!("avx512f")) {
                (true, true) => 0,
                (true, false) => 1,
                (false, _) => 2,
            };
            &ALL[first..]
        }
        #[cfg(not(target_arch = "x86_64"))]
        {
            static ALL: [&Instructions; 1] = [&PORTABLE];
            &ALL
        }
    }
}

/// The table of tiles of an instruction set.
macro_rules! tiles {
    ($tile:ident; $($vectors:literal),+; $($rows:literal),+) => {
        tiles!(@neighbours $tile; [$($vectors),+]; [$($rows),+])
    };
    (@neighbours $tile:ident; [$($vectors:literal),+]; $rows:tt) => {
        tiles!(@flat $tile; [] $(false $vectors $rows)+ $(true $vectors $rows)+)
    };
    (@flat $tile:ident; [$($done:expr,)*]) => { [$($done),*] };
    (@flat $tile:ident; [$($done:expr,)*] $neighbours:literal $vectors:literal [$($rows:literal),+] $($rest:tt)*) => {
        tiles!(@flat $tile; [$($done,)* $($tile::<$rows, $vectors, $neighbours>,)+] $($rest)*)
    };
}
pub(super) use tiles;

/// The generic functions, compiled for the features of a processor.
#[cfg(target_arch = "x86_64")]
macro_rules! compiled {
    ($features:literal, $lanes:ty) => {
        /// The generic tile.
        ///
        /// # Safety
        /// As for [`tile`](super::tile::tile).
        #[target_feature(enable = $features)]
        unsafe fn compiled_tile<const ROWS: usize, const VECTORS: usize, const NEIGHBOURS: bool>(
            operands: &super::tile::Operands,
        ) {
            // SAFETY: the caller answers for it.
            unsafe { super::tile::tile::<$lanes, ROWS, VECTORS, NEIGHBOURS>(operands) }
        }

        /// The generic narrow product.
        ///
        /// # Safety
        /// As for [`narrow`](super::narrow::narrow).
        #[target_feature(enable = $features)]
        unsafe fn compiled_narrow(operands: &super::tile::Operands, rows: usize) {
            // SAFETY: the caller answers for it.
            unsafe { super::narrow::narrow::<$lanes>(operands, rows) }
        }

        /// The generic transposition.
        ///
        /// # Safety
        /// As for [`transpose`](super::packing::transpose).
        #[target_feature(enable = $features)]
        unsafe fn compiled_transpose(from: *const f32, stride: usize, depth: usize, to: *mut f32, to_stride: usize) {
            // SAFETY: the caller answers for it.
            unsafe { super::packing::transpose::<$lanes>(from, stride, depth, to, to_stride) }
        }
    };
}
#[cfg(target_arch = "x86_64")]
pub(super) use compiled;
