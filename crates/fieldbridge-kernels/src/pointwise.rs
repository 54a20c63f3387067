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

/// `values += others`.
pub(crate) fn add(values: &mut [f32], others: &[f32]) {
    assert_eq!(values.len(), others.len(), "as many of both");
    Arch::new().dispatch(
        #[inline(always)]
        || {
            for (value, other) in values.iter_mut().zip(others) {
                *value += other;
            }
        },
    );
}

/// [`multiply`], and [`add_rows`] of the products when there are sums.
pub(crate) fn multiply_adding_rows(values: &mut [f32], factors: &[f32], sums: Option<&mut [f32]>) {
    let Some(sums) = sums else {
        return multiply(values, factors);
    };
    assert_eq!(values.len(), factors.len(), "as many factors as values");
    let width = sums.len().max(1);
    Arch::new().dispatch(
        #[inline(always)]
        || {
            for (row, factors) in values.chunks_exact_mut(width).zip(factors.chunks_exact(width)) {
                for (sum, (value, factor)) in sums.iter_mut().zip(row.iter_mut().zip(factors)) {
                    *value *= factor;
                    *sum += *value;
                }
            }
        },
    );
}

/// Keeps `values` where `of` is positive; elsewhere multiplies by it: zeros where it is zero, and what is no number
/// stays none.
pub(crate) fn where_positive(values: &mut [f32], of: &[f32]) {
    assert_eq!(values.len(), of.len(), "as many of both");
    Arch::new().dispatch(
        #[inline(always)]
        || {
            for (value, of) in values.iter_mut().zip(of) {
                *value *= if *of > 0.0 { 1.0 } else { *of };
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
