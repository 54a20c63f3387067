//! Numbers that can be drawn, their range and their bins.

/// Beyond this, differences of two values overflow.
const LARGEST: f64 = 1e300;

/// Whether a value can take a place on an axis.
pub(crate) fn is_drawable(value: f64) -> bool {
    value.is_finite() && value.abs() < LARGEST
}

/// The values that can be drawn.
pub(crate) fn finite_values<'a>(values: &'a [f64]) -> impl Iterator<Item = f64> + 'a {
    values.iter().copied().filter(|&value| is_drawable(value))
}

/// Quantiles `lower` and `1 - lower` of the drawable values; `None` if there are none.
///
/// Above 50,000 values every n-th is used: the range of a picture needs no more.
pub(crate) fn central_range<'a>(columns: impl IntoIterator<Item = &'a [f64]>, lower: f64) -> Option<(f64, f64)> {
    let mut range: Option<(f64, f64)> = None;
    for column in columns {
        let stride = column.len().div_ceil(50_000).max(1);
        let mut values: Vec<f64> = finite_values(column).step_by(stride).collect();
        if values.is_empty() {
            continue;
        }
        values.sort_by(f64::total_cmp);
        let last = values.len() - 1;
        let cut = (lower * last as f64).floor() as usize;
        let (low, high) = (values[cut], values[last - cut]);
        range = Some(range.map_or((low, high), |(least, most)| (least.min(low), most.max(high))));
    }
    range
}

/// Counts of values in `bins` equal bins from `low` to `high`, the last one closed. Values outside are not counted.
pub(crate) fn equal_bins(values: &[f64], low: f64, high: f64, bins: usize) -> Vec<f64> {
    let mut counts = vec![0.0; bins.max(1)];
    let last = counts.len() - 1;
    for value in finite_values(values) {
        if (low..=high).contains(&value) {
            let place = ((value - low) / (high - low) * counts.len() as f64).floor();
            counts[(place.max(0.0) as usize).min(last)] += 1.0;
        }
    }
    counts
}
