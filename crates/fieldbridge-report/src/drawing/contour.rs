//! Smoothed densities of points in the plane and their closed contour lines.

use std::collections::BTreeMap;

use super::{axis::Scale, sample::is_drawable};

/// Density of points on a square grid over the unit square; values at the centres of the cells.
pub(crate) struct Grid {
    pub(crate) size: usize,
    values: Vec<f64>,
}

impl Grid {
    /// Counts points and smooths them with a Gaussian of `width` cells. `None` if no point falls inside.
    pub(crate) fn of_points(x: &[f64], y: &[f64], scales: (Scale, Scale), size: usize, width: f64) -> Option<Self> {
        let mut values = vec![0.0; size * size];
        let mut total = 0.0;
        for (&x, &y) in x.iter().zip(y) {
            if !is_drawable(x) || !is_drawable(y) {
                continue;
            }
            let (Some(u), Some(v)) = (scales.0.fraction(x), scales.1.fraction(y)) else {
                continue;
            };
            if (0.0..1.0).contains(&u) && (0.0..1.0).contains(&v) {
                values[(v * size as f64) as usize * size + (u * size as f64) as usize] += 1.0;
                total += 1.0;
            }
        }
        (total > 0.0).then(|| Self {
            size,
            values: smoothed(&values, size, width),
        })
    }

    /// The density above which a fraction `mass` of the points lies, for each of the given fractions.
    pub(crate) fn levels_enclosing(&self, masses: &[f64]) -> Vec<f64> {
        let mut sorted = self.values.clone();
        sorted.sort_by(|a, b| b.total_cmp(a));
        let total: f64 = sorted.iter().sum();
        let level = |mass: f64| {
            let mut sum = 0.0;
            for &value in &sorted {
                sum += value;
                if sum >= mass * total {
                    return value;
                }
            }
            0.0
        };
        masses.iter().map(|&mass| level(mass)).collect()
    }

    /// Value of a node; a border of zeros around the grid makes every contour close.
    fn node(&self, column: usize, row: usize) -> f64 {
        let inside = (1..=self.size).contains(&column) && (1..=self.size).contains(&row);
        if inside {
            self.values[(row - 1) * self.size + column - 1]
        } else {
            0.0
        }
    }
}

/// Separable Gaussian smoothing; mass that would leave at the borders is reflected back.
fn smoothed(values: &[f64], size: usize, width: f64) -> Vec<f64> {
    let reach = ((3.0 * width).ceil() as i64).clamp(1, size as i64 - 1);
    let kernel: Vec<f64> = (-reach..=reach)
        .map(|step| (-0.5 * (step as f64 / width).powi(2)).exp())
        .collect();
    let norm: f64 = kernel.iter().sum();
    let last = size as i64 - 1;
    let reflect = |index: i64| {
        let index = if index < 0 { -index - 1 } else { index };
        (if index > last { 2 * last + 1 - index } else { index }) as usize
    };
    let pass = |source: &[f64], place: &dyn Fn(usize, usize) -> usize| {
        let mut target = vec![0.0; source.len()];
        for line in 0..size {
            for along in 0..size {
                let sum: f64 = (kernel.iter().zip(-reach..=reach))
                    .map(|(weight, step)| weight * source[place(line, reflect(along as i64 + step))])
                    .sum();
                target[place(line, along)] = sum / norm;
            }
        }
        target
    };
    let rows = pass(values, &|line, along| line * size + along);
    pass(&rows, &|line, along| along * size + line)
}

/// One side of a cell of nodes: column, row, and whether it runs upwards (else to the right).
type Side = (usize, usize, bool);

/// Closed lines on which the density equals `level`, in coordinates of the unit square (marching squares).
///
/// Segments are directed with the higher side on their left, so each crossed side of a cell has exactly one
/// segment that leaves it, and following them always comes back to the start.
pub(crate) fn closed_contours(grid: &Grid, level: f64) -> Vec<Vec<(f64, f64)>> {
    if level.is_nan() || level <= 0.0 {
        return Vec::new();
    }
    let mut next: BTreeMap<Side, Side> = BTreeMap::new();
    for row in 0..=grid.size {
        for column in 0..=grid.size {
            for (from, to) in segments(grid, column, row, level) {
                next.insert(from, to);
            }
        }
    }
    let mut contours = Vec::new();
    while let Some((start, mut side)) = next.pop_first() {
        let mut contour = vec![crossing(grid, start, level)];
        while side != start {
            contour.push(crossing(grid, side, level));
            match next.remove(&side) {
                Some(following) => side = following,
                None => break,
            }
        }
        contours.push(contour);
    }
    contours
}

/// The directed segments in the cell whose lower left node is given.
fn segments(grid: &Grid, column: usize, row: usize, level: f64) -> Vec<(Side, Side)> {
    let corners = [
        grid.node(column, row),
        grid.node(column + 1, row),
        grid.node(column + 1, row + 1),
        grid.node(column, row + 1),
    ];
    let case = corners
        .iter()
        .enumerate()
        .filter(|corner| *corner.1 >= level)
        .map(|corner| 1 << corner.0)
        .sum::<u32>();
    let bottom: Side = (column, row, false);
    let top: Side = (column, row + 1, false);
    let left: Side = (column, row, true);
    let right: Side = (column + 1, row, true);
    let joined = corners.iter().sum::<f64>() >= 4.0 * level;
    match case {
        1 => vec![(bottom, left)],
        2 => vec![(right, bottom)],
        3 => vec![(right, left)],
        4 => vec![(top, right)],
        5 if joined => vec![(bottom, right), (top, left)],
        5 => vec![(bottom, left), (top, right)],
        6 => vec![(top, bottom)],
        7 => vec![(top, left)],
        8 => vec![(left, top)],
        9 => vec![(bottom, top)],
        10 if joined => vec![(left, bottom), (right, top)],
        10 => vec![(right, bottom), (left, top)],
        11 => vec![(right, top)],
        12 => vec![(left, right)],
        13 => vec![(bottom, right)],
        14 => vec![(left, bottom)],
        _ => Vec::new(),
    }
}

/// Where the level crosses a side, by linear interpolation.
fn crossing(grid: &Grid, (column, row, upwards): Side, level: f64) -> (f64, f64) {
    let first = grid.node(column, row);
    let second = if upwards {
        grid.node(column, row + 1)
    } else {
        grid.node(column + 1, row)
    };
    let part = if second == first {
        0.5
    } else {
        ((level - first) / (second - first)).clamp(0.0, 1.0)
    };
    let (along_x, along_y) = if upwards { (0.0, part) } else { (part, 0.0) };
    // Node 1 is the centre of the first cell; the border is drawn on the edge of the square.
    let place = |node: f64| ((node - 0.5) / grid.size as f64).clamp(0.0, 1.0);
    (place(column as f64 + along_x), place(row as f64 + along_y))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contours_of_a_gaussian_are_circles_enclosing_the_mass() {
        let size = 64;
        let scale = Scale::new(-4.0, 4.0, false);
        let mut values = vec![0.0; size * size];
        for row in 0..size {
            for column in 0..size {
                let at = |index: usize| (index as f64 + 0.5) / size as f64 * 8.0 - 4.0;
                values[row * size + column] = (-0.5 * (at(column).powi(2) + at(row).powi(2))).exp();
            }
        }
        let grid = Grid { size, values };
        for (mass, level) in [0.68, 0.95].into_iter().zip(grid.levels_enclosing(&[0.68, 0.95])) {
            let contours = closed_contours(&grid, level);
            assert_eq!(contours.len(), 1);
            let expected = (-2.0 * (1.0f64 - mass).ln()).sqrt();
            for &(u, v) in &contours[0] {
                let radius = ((u * 8.0 - 4.0).powi(2) + (v * 8.0 - 4.0).powi(2)).sqrt();
                assert!((radius - expected).abs() < 0.06, "radius {radius}, expected {expected}");
            }
        }
        assert!(scale.fraction(0.0) == Some(0.5));
    }
}
