//! Entry by entry, with the widest instructions of the processor.

use pulp::Arch;

/// `values *= factors`.
pub(crate) fn multiply(values: &mut [f32], factors: &[f32]) {
    assert_eq!(values.len(), factors.len(), "as many factors as values");
    Arch::new().dispatch(
        #[inline(always)]
        || {
            for (value, factor) in values.iter_mut().zip(factors) {
                *value *= factor;
            }
        },
    );
}

/// Sums of the columns of rows of length `width`, in the order of the rows.
pub(crate) fn add_rows(sums: &mut [f32], values: &[f32]) {
    let width = sums.len();
    if width == 0 {
        return;
    }
    Arch::new().dispatch(
        #[inline(always)]
        || {
            for row in values.chunks_exact(width) {
                for (sum, value) in sums.iter_mut().zip(row) {
                    *sum += value;
                }
            }
        },
    );
}
