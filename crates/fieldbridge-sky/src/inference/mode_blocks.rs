//! The white noise of each mode in coordinates in which its posterior is nearly a unit normal.
//!
//! With `B` bins, a mode has the noise `h`, the waves `a = A h` and, for data `kappa = r g + noise` of a Gaussian `g`, the score
//! `y = sum_x w d cas` and the precision `p = sum_x w` of the waves in each bin. The posterior of `h` at one universe is then
//! normal with precision `M = 1 + A^T D A = L L^T`, `D = r^2 p`, and mean `M^-1 A^T r y`, so that
//! `h = L^-T (L^-1 A^T r y + u)` with `u` a unit normal. For log-normal fields this is an approximation, `r = lambda`, that
//! the density corrects: nothing but speed depends on it.
//!
//! Modes that mirror each other have the same `A`; they are done together, up to eight at once, and coordinates are in that
//! order: `[mode of the octant, bin, image]`.

#![allow(
    clippy::needless_range_loop,
    reason = "elements of small matrices are named by their indices"
)]

use crate::field::{Octant, Patch};

/// Most images of a mode under the symmetries of a square.
const IMAGES: usize = 8;

type Lanes = [f64; IMAGES];

/// Where each mode of an octant lies in a plane.
#[derive(Debug, Clone)]
pub(super) struct ModeOrder {
    starts: Vec<usize>,
    places: Vec<u32>,
    area: usize,
}

impl ModeOrder {
    pub(super) fn new(octant: &Octant, patch: &Patch) -> Self {
        let mut images: Vec<Vec<u32>> = vec![Vec::with_capacity(IMAGES); octant.len()];
        for row in 0..patch.pixels() {
            for (column, mode) in octant.row(row).enumerate() {
                images[mode].push((row * patch.pixels() + column) as u32);
            }
        }
        let mut starts = vec![0];
        for places in &images {
            starts.push(starts[starts.len() - 1] + places.len());
        }
        Self {
            starts,
            places: images.concat(),
            area: patch.area_pixels(),
        }
    }

    pub(super) fn modes(&self) -> usize {
        self.starts.len() - 1
    }

    /// Number of images of a mode.
    pub(super) fn images(&self, mode: usize) -> usize {
        self.starts[mode + 1] - self.starts[mode]
    }

    /// Coordinates of a mode with so many bins.
    pub(super) fn range(&self, mode: usize, bins: usize) -> std::ops::Range<usize> {
        self.starts[mode] * bins..self.starts[mode + 1] * bins
    }

    #[inline(always)]
    fn load<const B: usize>(&self, mode: usize, values: &[f64]) -> [Lanes; B] {
        let count = self.images(mode);
        let mut lanes = [[0.0; IMAGES]; B];
        for (lane, values) in lanes.iter_mut().zip(values[self.range(mode, B)].chunks_exact(count)) {
            lane[..count].copy_from_slice(values);
        }
        lanes
    }

    #[inline(always)]
    fn store<const B: usize>(&self, mode: usize, lanes: &[Lanes; B], values: &mut [f64]) {
        let count = self.images(mode);
        for (lane, values) in lanes.iter().zip(values[self.range(mode, B)].chunks_exact_mut(count)) {
            values.copy_from_slice(&lane[..count]);
        }
    }

    #[inline(always)]
    fn gather<const B: usize>(&self, mode: usize, planes: &[f64]) -> [Lanes; B] {
        let mut lanes = [[0.0; IMAGES]; B];
        for (bin, lane) in lanes.iter_mut().enumerate() {
            let plane = &planes[bin * self.area..(bin + 1) * self.area];
            for (value, &place) in lane
                .iter_mut()
                .zip(&self.places[self.starts[mode]..self.starts[mode + 1]])
            {
                *value = plane[place as usize];
            }
        }
        lanes
    }

    #[inline(always)]
    fn scatter<const B: usize>(&self, mode: usize, lanes: &[Lanes; B], planes: &mut [f64]) {
        for (bin, lane) in lanes.iter().enumerate() {
            let plane = &mut planes[bin * self.area..(bin + 1) * self.area];
            for (value, &place) in lane.iter().zip(&self.places[self.starts[mode]..self.starts[mode + 1]]) {
                plane[place as usize] = *value;
            }
        }
    }

    /// Planes `[bin, row, column]` in the order of modes.
    pub(super) fn in_order(&self, planes: &[f64], bins: usize) -> Vec<f64> {
        let mut values = vec![0.0; planes.len()];
        for mode in 0..self.modes() {
            let places = &self.places[self.starts[mode]..self.starts[mode + 1]];
            let mut targets = values[self.range(mode, bins)].iter_mut();
            for bin in 0..bins {
                for &place in places {
                    *targets.next().expect("as many as there are places") = planes[bin * self.area + place as usize];
                }
            }
        }
        values
    }
}

/// What the data say of each bin, for one universe.
#[derive(Debug, Clone, Copy)]
pub(super) struct Response<'a> {
    /// `r`.
    pub(super) factors: &'a [f64],
    /// `D`.
    pub(super) precisions: &'a [f64],
    /// `y` of all modes, in their order.
    pub(super) scores: &'a [f64],
}

/// The way forward.
pub(super) struct Forward {
    /// `a`, planes.
    pub(super) waves: Vec<f64>,
    /// `h`, in the order of modes.
    noise: Vec<f64>,
    /// `L^-1 A^T r y`, likewise.
    centre: Vec<f64>,
    /// `L`, `[mode, bin, bin]`.
    roots: Vec<f64>,
    /// `sum |h|^2 / 2 + sum ln det L`.
    pub(super) energy: f64,
}

/// The way back.
pub(super) struct Backward {
    /// By `u`.
    pub(super) coordinates: Vec<f64>,
    /// By `A`, `[mode, bin, bin]`.
    pub(super) roots: Vec<f64>,
    /// By `r`, `D` being kept.
    pub(super) factors: Vec<f64>,
    /// By `D`.
    pub(super) precisions: Vec<f64>,
}

/// Most bins there can be.
pub(super) const MOST_BINS: usize = 6;

/// Calls a function for a number of bins the compiler knows, with the widest vectors of this processor.
macro_rules! for_bins {
    ($bins:expr, $function:ident ( $($argument:expr),* )) => {
        match $bins {
            1 => pulp::Arch::new().dispatch(#[inline(always)] || $function::<1>($($argument),*)),
            2 => pulp::Arch::new().dispatch(#[inline(always)] || $function::<2>($($argument),*)),
            3 => pulp::Arch::new().dispatch(#[inline(always)] || $function::<3>($($argument),*)),
            4 => pulp::Arch::new().dispatch(#[inline(always)] || $function::<4>($($argument),*)),
            5 => pulp::Arch::new().dispatch(#[inline(always)] || $function::<5>($($argument),*)),
            6 => pulp::Arch::new().dispatch(#[inline(always)] || $function::<6>($($argument),*)),
            other => unreachable!("{other} bins were refused before"),
        }
    };
}

/// From `u` to waves.
pub(super) fn forward(order: &ModeOrder, amplitudes: &[f64], response: Response<'_>, coordinates: &[f64]) -> Forward {
    for_bins!(
        response.factors.len(),
        forward_of(order, amplitudes, response, coordinates)
    )
}

/// From derivatives by waves (planes) to those by all that went in, and those of [`Forward::energy`] added.
pub(super) fn backward(
    order: &ModeOrder,
    amplitudes: &[f64],
    response: Response<'_>,
    forward: &Forward,
    by_waves: &[f64],
) -> Backward {
    for_bins!(
        response.factors.len(),
        backward_of(order, amplitudes, response, forward, by_waves)
    )
}

#[inline(always)]
fn matrix<const B: usize>(values: &[f64], mode: usize) -> [[f64; B]; B] {
    let values = &values[mode * B * B..(mode + 1) * B * B];
    std::array::from_fn(|i| std::array::from_fn(|j| values[i * B + j]))
}

/// `lanes += factor * other`.
#[inline(always)]
fn add(lanes: &mut Lanes, factor: f64, other: &Lanes) {
    for (lane, other) in lanes.iter_mut().zip(other) {
        *lane += factor * other;
    }
}

#[inline(always)]
fn dot(one: &Lanes, other: &Lanes) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

/// `A v` for a lower triangle.
#[inline(always)]
fn times<const B: usize>(a: &[[f64; B]; B], v: &[Lanes; B]) -> [Lanes; B] {
    let mut out = [[0.0; IMAGES]; B];
    for i in 0..B {
        for j in 0..=i {
            add(&mut out[i], a[i][j], &v[j]);
        }
    }
    out
}

/// `A^T v` for a lower triangle.
#[inline(always)]
fn transposed_times<const B: usize>(a: &[[f64; B]; B], v: &[Lanes; B]) -> [Lanes; B] {
    let mut out = [[0.0; IMAGES]; B];
    for i in 0..B {
        for j in 0..=i {
            add(&mut out[j], a[i][j], &v[i]);
        }
    }
    out
}

/// `L^-1 v`.
#[inline(always)]
fn solve<const B: usize>(l: &[[f64; B]; B], v: &[Lanes; B]) -> [Lanes; B] {
    let mut out = *v;
    for i in 0..B {
        for j in 0..i {
            let known = out[j];
            add(&mut out[i], -l[i][j], &known);
        }
        let inverse = l[i][i].recip();
        out[i].iter_mut().for_each(|value| *value *= inverse);
    }
    out
}

/// `L^-T v`.
#[inline(always)]
fn transposed_solve<const B: usize>(l: &[[f64; B]; B], v: &[Lanes; B]) -> [Lanes; B] {
    let mut out = *v;
    for i in (0..B).rev() {
        for j in i + 1..B {
            let known = out[j];
            add(&mut out[i], -l[j][i], &known);
        }
        let inverse = l[i][i].recip();
        out[i].iter_mut().for_each(|value| *value *= inverse);
    }
    out
}

/// `L` with `L L^T = 1 + A^T D A`, all pivots of which are at least one.
#[inline(always)]
fn root_of_precision<const B: usize>(a: &[[f64; B]; B], precisions: &[f64]) -> [[f64; B]; B] {
    let mut l = [[0.0; B]; B];
    for i in 0..B {
        for j in 0..=i {
            let mut sum = f64::from(i == j);
            // A is a lower triangle
            for (bin, row) in a.iter().enumerate().skip(i) {
                sum += precisions[bin] * row[i] * row[j];
            }
            for k in 0..j {
                sum -= l[i][k] * l[j][k];
            }
            l[i][j] = if i == j { sum.sqrt() } else { sum / l[j][j] };
        }
    }
    l
}

/// From derivatives by `L` to those by `L L^T`, symmetric (Murray 2016, arXiv:1602.07527).
#[inline(always)]
fn through_root<const B: usize>(l: &[[f64; B]; B], by_root: &[[f64; B]; B]) -> [[f64; B]; B] {
    let mut middle = [[0.0; B]; B];
    for i in 0..B {
        for j in 0..=i {
            let product: f64 = (i..B).map(|k| l[k][i] * by_root[k][j]).sum();
            middle[i][j] = if i == j { 0.5 * product } else { product };
        }
    }
    for column in 0..B {
        for i in (0..B).rev() {
            let known: f64 = (i + 1..B).map(|k| l[k][i] * middle[k][column]).sum();
            middle[i][column] = (middle[i][column] - known) / l[i][i];
        }
    }
    for row in &mut middle {
        for j in (0..B).rev() {
            let known: f64 = (j + 1..B).map(|k| row[k] * l[k][j]).sum();
            row[j] = (row[j] - known) / l[j][j];
        }
    }
    std::array::from_fn(|i| std::array::from_fn(|j| 0.5 * (middle[i][j] + middle[j][i])))
}

/// `r y`.
#[inline(always)]
fn weighted<const B: usize>(factors: &[f64], scores: &[Lanes; B]) -> [Lanes; B] {
    std::array::from_fn(|bin| scores[bin].map(|score| factors[bin] * score))
}

#[inline(always)]
fn forward_of<const B: usize>(
    order: &ModeOrder,
    amplitudes: &[f64],
    response: Response<'_>,
    coordinates: &[f64],
) -> Forward {
    let mut waves = vec![0.0; coordinates.len()];
    let mut noise = vec![0.0; coordinates.len()];
    let mut centre = vec![0.0; coordinates.len()];
    let mut roots = vec![0.0; amplitudes.len()];
    let (mut squares, mut logarithms) = (0.0, 0.0);
    for mode in 0..order.modes() {
        let a = matrix::<B>(amplitudes, mode);
        let l = root_of_precision(&a, response.precisions);
        let scores = weighted(response.factors, &order.load::<B>(mode, response.scores));
        let middle = solve(&l, &transposed_times(&a, &scores));
        let u = order.load::<B>(mode, coordinates);
        let mut sum = middle;
        for (sum, u) in sum.iter_mut().zip(&u) {
            add(sum, 1.0, u);
        }
        let h = transposed_solve(&l, &sum);
        order.scatter(mode, &times(&a, &h), &mut waves);
        order.store(mode, &h, &mut noise);
        order.store(mode, &middle, &mut centre);
        squares += h.iter().map(|lane| dot(lane, lane)).sum::<f64>();
        let determinant: f64 = (0..B).map(|bin| l[bin][bin]).product();
        logarithms += order.images(mode) as f64 * determinant.ln();
        for (i, row) in l.iter().enumerate() {
            roots[(mode * B + i) * B..][..B].copy_from_slice(row);
        }
    }
    Forward {
        waves,
        noise,
        centre,
        roots,
        energy: 0.5 * squares + logarithms,
    }
}

#[inline(always)]
fn backward_of<const B: usize>(
    order: &ModeOrder,
    amplitudes: &[f64],
    response: Response<'_>,
    forward: &Forward,
    by_waves: &[f64],
) -> Backward {
    let mut by_coordinates = vec![0.0; by_waves.len()];
    let mut by_roots = vec![0.0; amplitudes.len()];
    let (mut by_factors, mut by_precisions) = ([0.0; B], [0.0; B]);
    for mode in 0..order.modes() {
        let a = matrix::<B>(amplitudes, mode);
        let l = matrix::<B>(&forward.roots, mode);
        let h = order.load::<B>(mode, &forward.noise);
        let middle = order.load::<B>(mode, &forward.centre);
        let by_wave = order.gather::<B>(mode, by_waves);
        // a = A h, and half the square of h
        let mut by_h = transposed_times(&a, &by_wave);
        for (slope, h) in by_h.iter_mut().zip(&h) {
            add(slope, 1.0, h);
        }
        // h = L^-T (middle + u)
        let by_sum = solve(&l, &by_h);
        order.store(mode, &by_sum, &mut by_coordinates);
        // middle = L^-1 A^T r y
        let by_projection = transposed_solve(&l, &by_sum);
        let scores = order.load::<B>(mode, response.scores);
        let mut by_l = [[0.0; B]; B];
        for i in 0..B {
            for j in 0..=i {
                by_l[i][j] = -dot(&h[i], &by_sum[j]) - dot(&by_projection[i], &middle[j]);
            }
            by_l[i][i] += order.images(mode) as f64 / l[i][i];
        }
        let by_m = through_root(&l, &by_l);
        for i in 0..B {
            // (A by_M) of this row, for M = 1 + A^T D A
            let product: [f64; B] = std::array::from_fn(|j| (0..=i).map(|k| a[i][k] * by_m[k][j]).sum());
            by_precisions[i] += (0..=i).map(|j| product[j] * a[i][j]).sum::<f64>();
            let mut by_weighted = [0.0; IMAGES];
            for j in 0..=i {
                by_roots[(mode * B + i) * B + j] = dot(&by_wave[i], &h[j])
                    + response.factors[i] * dot(&scores[i], &by_projection[j])
                    + 2.0 * response.precisions[i] * product[j];
                add(&mut by_weighted, a[i][j], &by_projection[j]);
            }
            by_factors[i] += dot(&by_weighted, &scores[i]);
        }
    }
    Backward {
        coordinates: by_coordinates,
        roots: by_roots,
        factors: by_factors.to_vec(),
        precisions: by_precisions.to_vec(),
    }
}
