//! Peaks of maps.

use super::one_point::ascending;
use crate::SkyError;
use crate::field::Patch;

/// Number of pixels higher than their eight neighbours, by height between ascending edges. The patch is periodic.
///
/// # Errors
/// [`SkyError::Survey`] for edges that do not ascend.
///
/// # Panics
/// When the map has another size than the patch.
pub fn peak_counts(patch: Patch, map: &[f64], edges: &[f64]) -> Result<Vec<u64>, SkyError> {
    assert_eq!(
        map.len(),
        patch.area_pixels(),
        "the map has another size than the patch"
    );
    ascending(edges)?;
    let side = patch.pixels();
    let mut counts = vec![0; edges.len().saturating_sub(1)];
    for row in 0..side {
        let rows = [(row + side - 1) % side, row, (row + 1) % side];
        for column in 0..side {
            let columns = [(column + side - 1) % side, column, (column + 1) % side];
            let height = map[row * side + column];
            let place = edges.partition_point(|edge| *edge <= height);
            let higher = |r: usize, c: usize| (r, c) == (row, column) || height > map[r * side + c];
            if (1..edges.len()).contains(&place) && rows.iter().all(|&r| columns.iter().all(|&c| higher(r, c))) {
                counts[place - 1] += 1;
            }
        }
    }
    Ok(counts)
}
