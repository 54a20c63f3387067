//! Matrix products on slices.
//!
//! A product is made of tiles of C that stay in registers while the shared index runs. The tiles are compiled for
//! AVX-512, for AVX2 and for everything else, and chosen at run time. Elements of B are read in panels as wide as a
//! tile, copied together or left where they are, whichever is faster; rows of A are read where they are. The shared
//! index is cut so that the rows of A of a tile stay in the first cache, and sums go on from part to part (Goto & van
//! de Geijn 2008, doi:10.1145/1356052.1356053).
//!
//! Every element of a product is summed in the order of the shared index, whatever the number of threads: outputs are
//! split among threads, sums never are. Only with four columns of B or fewer the sum is that of as many sums as a vector
//! has lanes, each over every so many indices, also in a fixed order.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod avx512_bf16;
mod composed;
mod factor;
mod instructions;
mod matrix;
mod narrow;
mod packing;
mod pairs;
mod portable;
mod precision;
mod rows;
mod single;
#[cfg(test)]
mod tests;
mod tile;

pub use matrix::{Matrix, MatrixMut, Start};
pub(crate) use pairs::PairedRows;
pub use precision::Precision;
pub use rows::{PackedMatrix, multiply_parallel, multiply_rows};

/// `C = A B`, or `C += A B`, on this thread.
///
/// # Panics
/// When shapes do not fit.
pub fn multiply(a: Matrix<'_>, b: Matrix<'_>, c: MatrixMut<'_>, start: Start) {
    single::product(instructions::Instructions::best(), a, b, c, start);
}
