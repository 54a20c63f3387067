//! Shear from convergence and back.

use crate::field::{HartleyTransform, Patch};

/// `gamma_1 + i gamma_2 = (l_x + i l_y)^2 / l^2 (E + i B)` in Fourier space, and back (Kaiser and Squires 1993). `E` is the
/// convergence; lensing has no `B`. Each way is the other's inverse and transpose, but for the means, which are lost: a
/// constant convergence shears nothing. Nyquist waves of even sides stand for two directions, and take that of the axis.
#[derive(Debug, Clone)]
pub struct KaiserSquires {
    patch: Patch,
    transform: HartleyTransform,
    /// `(l_x^2 - l_y^2) / l^2` and `2 l_x l_y / l^2` of every mode.
    kernel: Vec<(f64, f64)>,
}

impl KaiserSquires {
    /// For maps of a patch, which is taken to be periodic.
    #[must_use]
    pub fn new(patch: Patch) -> Self {
        let side = patch.pixels();
        let kernel = (0..side * side).map(|index| {
            let (x, y) = (patch.frequency(index % side), patch.frequency(index / side));
            let square = x * x + y * y;
            if square == 0.0 {
                return (0.0, 0.0);
            }
            // a wave and its mirror image must agree, or the maps would not be real
            if 2 * (index % side) == side || 2 * (index / side) == side {
                return (if x * x >= y * y { 1.0 } else { -1.0 }, 0.0);
            }
            ((x * x - y * y) / square, 2.0 * x * y / square)
        });
        Self {
            patch,
            transform: HartleyTransform::new(side),
            kernel: kernel.collect(),
        }
    }

    /// `(gamma_1, gamma_2)` of `(E, B)`.
    ///
    /// # Panics
    /// When a map has another size than the patch.
    #[must_use]
    pub fn shear(&self, e_mode: &[f64], b_mode: &[f64]) -> (Vec<f64>, Vec<f64>) {
        self.turn(e_mode, b_mode, 1.0)
    }

    /// `(E, B)` of `(gamma_1, gamma_2)`.
    ///
    /// # Panics
    /// When a map has another size than the patch.
    #[must_use]
    pub fn convergence(&self, gamma_1: &[f64], gamma_2: &[f64]) -> (Vec<f64>, Vec<f64>) {
        self.turn(gamma_1, gamma_2, -1.0)
    }

    fn turn(&self, first: &[f64], second: &[f64], sense: f64) -> (Vec<f64>, Vec<f64>) {
        let (mut first, mut second) = (first.to_vec(), second.to_vec());
        self.transform.apply(&mut first);
        self.transform.apply(&mut second);
        let area = self.patch.area_pixels() as f64;
        for ((a, b), (even, odd)) in first.iter_mut().zip(&mut second).zip(&self.kernel) {
            let odd = odd * sense;
            (*a, *b) = ((even * *a - odd * *b) / area, (even * *b + odd * *a) / area);
        }
        self.transform.apply(&mut first);
        self.transform.apply(&mut second);
        (first, second)
    }
}

/// A map in the middle of a larger one of `side` by `side` pixels that is zero around it, so that opposite edges of a survey are
/// not neighbours.
///
/// # Panics
/// When the map is not square or not smaller.
#[must_use]
pub fn pad(map: &[f64], side: usize) -> Vec<f64> {
    let (inner, offset) = placed(map.len(), side);
    let mut padded = vec![0.0; side * side];
    for (row, values) in map.chunks_exact(inner).enumerate() {
        padded[(row + offset) * side + offset..][..inner].copy_from_slice(values);
    }
    padded
}

/// The middle of `side` by `side` pixels of a map: undoes [`pad`], and of a derivative by a padded map makes that by the map.
///
/// # Panics
/// When the map is not square or not larger.
#[must_use]
pub fn crop(map: &[f64], side: usize) -> Vec<f64> {
    let (outer, _) = placed(map.len(), usize::MAX);
    let (_, offset) = placed(side * side, outer);
    (0..side)
        .flat_map(|row| map[(row + offset) * outer + offset..][..side].iter().copied())
        .collect()
}

/// Side of a square map and where it begins in the middle of a larger one.
fn placed(area: usize, side: usize) -> (usize, usize) {
    let inner = area.isqrt();
    assert_eq!(inner * inner, area, "the map is not square");
    assert!(inner <= side, "the map is larger than what is to hold it");
    (inner, (side - inner) / 2)
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;
    use crate::field::tests::white;

    fn patch(side: usize) -> Patch {
        Patch::new(side, 5.0).unwrap()
    }

    /// Two maps without means.
    fn modes(side: usize) -> (Vec<f64>, Vec<f64>) {
        let centred = |seed| {
            let map = white(seed, side * side);
            let mean = map.iter().sum::<f64>() / map.len() as f64;
            map.iter().map(|value| value - mean).collect::<Vec<f64>>()
        };
        (centred(1), centred(2))
    }

    #[test]
    fn shear_and_convergence_undo_each_other_and_are_transposes() {
        for side in [9, 16] {
            let lens = KaiserSquires::new(patch(side));
            let (e, b) = modes(side);
            let (one, two) = lens.shear(&e, &b);
            let back = lens.convergence(&one, &two);
            for (found, exact) in back.0.iter().chain(&back.1).zip(e.iter().chain(&b)) {
                assert!((found - exact).abs() < 1e-12);
            }
            let (u, v) = (white(3, side * side), white(4, side * side));
            let there: f64 = one.iter().zip(&u).chain(two.iter().zip(&v)).map(|(a, b)| a * b).sum();
            let (left, right) = lens.convergence(&u, &v);
            let here: f64 = e
                .iter()
                .zip(&left)
                .chain(b.iter().zip(&right))
                .map(|(a, b)| a * b)
                .sum();
            assert!((there - here).abs() < 1e-10 * there.abs().max(1.0));
        }
    }

    #[test]
    fn a_wave_along_an_axis_or_a_diagonal_has_the_shear_of_its_direction() {
        let side = 16;
        let lens = KaiserSquires::new(patch(side));
        let wave = |a: usize, b: usize| -> Vec<f64> {
            let angle = |index: usize| 2.0 * PI * (a * (index % side) + b * (index / side)) as f64 / side as f64;
            (0..side * side).map(|index| angle(index).cos()).collect()
        };
        let zero = vec![0.0; side * side];
        // along x: gamma_1 = kappa; along y: gamma_1 = -kappa; along the diagonal: gamma_2 = kappa
        for ((a, b), (one, two)) in [((3, 0), (1.0, 0.0)), ((0, 3), (-1.0, 0.0)), ((2, 2), (0.0, 1.0))] {
            let map = wave(a, b);
            let found = lens.shear(&map, &zero);
            for ((first, second), value) in found.0.iter().zip(&found.1).zip(&map) {
                assert!((first - one * value).abs() < 1e-13 && (second - two * value).abs() < 1e-13);
            }
        }
    }

    #[test]
    fn a_point_mass_shears_tangentially() {
        // far from the edges of the patch, gamma_t of a point falls as 1 / r^2
        let side = 128;
        let lens = KaiserSquires::new(patch(side));
        let mut map = vec![0.0; side * side];
        let centre = side / 2;
        // a small round blob, so that no wave is cut
        for row in 0..side {
            for column in 0..side {
                let square = (row as f64 - centre as f64).powi(2) + (column as f64 - centre as f64).powi(2);
                map[row * side + column] = (-0.5 * square / 4.0).exp() / (2.0 * PI * 4.0);
            }
        }
        let (one, two) = lens.shear(&map, &vec![0.0; side * side]);
        for (dx, dy) in [(12, 0), (0, 12), (9, 9), (-8, 10)] {
            let index = (centre as i32 + dy) as usize * side + (centre as i32 + dx) as usize;
            let (x, y) = (f64::from(dx), f64::from(dy));
            let square = x * x + y * y;
            let (cosine, sine) = ((x * x - y * y) / square, 2.0 * x * y / square);
            let tangential = -(one[index] * cosine + two[index] * sine);
            let crossed = one[index] * sine - two[index] * cosine;
            // mass one in a pixel unit: mean convergence inside less that at r
            let exact = 1.0 / (PI * square);
            assert!(
                (tangential / exact - 1.0).abs() < 0.05,
                "{dx} {dy}: {tangential} {exact}"
            );
            assert!(crossed.abs() < 0.02 * exact);
        }
    }

    #[test]
    fn padding_is_undone_and_keeps_opposite_edges_apart() {
        let map = white(5, 36);
        assert_eq!(crop(&pad(&map, 11), 6), map);
        // mass at one edge: without padding the other edge is sheared as its neighbour
        let (side, wide) = (32, 64);
        let mut edge = vec![0.0; side * side];
        edge[side * side / 2] = 1.0;
        let far = side * side / 2 + side - 1;
        let near = KaiserSquires::new(patch(side)).shear(&edge, &vec![0.0; side * side]).0[far];
        let apart = KaiserSquires::new(Patch::new(wide, 10.0).unwrap());
        let kept = crop(&apart.shear(&pad(&edge, wide), &vec![0.0; wide * wide]).0, side)[far];
        // 31 pixels away in place of one; a single pixel rings
        assert!(kept.abs() < 0.05 * near.abs(), "{kept} {near}");
    }
}
