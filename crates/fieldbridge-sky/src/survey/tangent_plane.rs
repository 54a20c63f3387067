//! Flat patches of the sphere.

use crate::SkyError;
use crate::field::Patch;

/// Length of the mean of unit vectors below which they have no common direction.
const SCATTERED: f64 = 0.1;

/// The plane that touches the sphere in one point, onto which directions are projected from the centre of the sphere (the
/// gnomonic projection, `TAN` of Calabretta and Greisen 2002, arXiv:astro-ph/0207413): great circles become straight lines, and
/// an angle `t` from the centre the length `tan t`, 0.3 % more at 5 degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TangentPlane {
    centre: [f64; 3],
    east: [f64; 3],
    north: [f64; 3],
}

fn dot(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn cross(a: &[f64; 3], b: &[f64; 3]) -> [f64; 3] {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

impl TangentPlane {
    /// The plane at the mean direction of unit vectors.
    ///
    /// # Errors
    /// [`SkyError::Observation`] for no directions, or such as surround the sphere.
    pub fn at_mean(directions: impl IntoIterator<Item = [f64; 3]>) -> Result<Self, SkyError> {
        let (mut sum, mut count) = ([0.0; 3], 0_usize);
        for direction in directions {
            sum.iter_mut().zip(direction).for_each(|(sum, value)| *sum += value);
            count += 1;
        }
        let length = dot(&sum, &sum).sqrt();
        if count == 0 || length < SCATTERED * count as f64 {
            return Err(SkyError::Observation {
                what: "extent",
                found: format!(
                    "{count} pixels whose mean direction has the length {:.3}",
                    length / count.max(1) as f64
                ),
                expected: "a cut-out of the sky, whose pixels have a common direction".to_owned(),
                hint: "give the pixels of one patch, not those of the whole sky",
            });
        }
        Ok(Self::at(sum.map(|value| value / length)))
    }

    /// The plane at a direction, a unit vector. At a pole, north is that of longitude zero.
    fn at(centre: [f64; 3]) -> Self {
        let across = centre[0].hypot(centre[1]);
        let east = if across > 1e-12 {
            [-centre[1] / across, centre[0] / across, 0.0]
        } else {
            [0.0, 1.0, 0.0]
        };
        Self {
            centre,
            east,
            north: cross(&centre, &east),
        }
    }

    /// Longitude and latitude of the centre, degrees.
    #[must_use]
    pub fn centre_degrees(&self) -> [f64; 2] {
        let [x, y, z] = self.centre;
        [
            y.atan2(x).to_degrees().rem_euclid(360.0),
            z.atan2(x.hypot(y)).to_degrees(),
        ]
    }

    /// The direction of a point of the plane, radians to the east and to the north; not of unit length.
    #[must_use]
    pub fn direction(&self, east: f64, north: f64) -> [f64; 3] {
        std::array::from_fn(|at| self.centre[at] + east * self.east[at] + north * self.north[at])
    }

    /// The direction of the centre of every pixel of a patch in the middle of the plane, `[row, column]`: rows go north and
    /// columns west, as the sky is seen.
    pub fn directions<'a>(&'a self, patch: &Patch) -> impl Iterator<Item = [f64; 3]> + 'a {
        let side = patch.pixels();
        let pixel = (patch.pixel_arcmin() / 60.0).to_radians();
        let offset = move |index: usize| (index as f64 + 0.5 - 0.5 * side as f64) * pixel;
        (0..side * side).map(move |index| self.direction(-offset(index % side), offset(index / side)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lengths and angles from the formulas of the projection, independent of the vectors used above.
    #[test]
    fn points_lie_where_the_gnomonic_formulas_put_them() {
        let (longitude, latitude) = (1.1_f64, -0.7_f64);
        let vector = |longitude: f64, latitude: f64| {
            [
                latitude.cos() * longitude.cos(),
                latitude.cos() * longitude.sin(),
                latitude.sin(),
            ]
        };
        let plane = TangentPlane::at_mean([vector(longitude, latitude)]).unwrap();
        let [first, second] = plane.centre_degrees();
        assert!((first - longitude.to_degrees()).abs() < 1e-10 && (second - latitude.to_degrees()).abs() < 1e-10);
        for (east, north) in [(0.03, 0.0), (0.0, 0.02), (-0.04, 0.05)] {
            let found = plane.direction(east, north);
            let length = dot(&found, &found).sqrt();
            let sine = found[2] / length;
            // x = cos b sin(l - l0) / cos c, y = (cos b0 sin b - sin b0 cos b cos(l - l0)) / cos c
            let (b, l) = (sine.asin(), found[1].atan2(found[0]) - longitude);
            let cosine = latitude.sin() * b.sin() + latitude.cos() * b.cos() * l.cos();
            let x = b.cos() * l.sin() / cosine;
            let y = (latitude.cos() * b.sin() - latitude.sin() * b.cos() * l.cos()) / cosine;
            assert!((x - east).abs() < 1e-12 && (y - north).abs() < 1e-12, "{x} {y}");
        }
    }

    #[test]
    fn a_patch_is_centred_and_its_rows_go_north() {
        let plane = TangentPlane::at_mean([[0.0, -1.0, 0.0]]).unwrap();
        let patch = Patch::new(4, 8.0).unwrap();
        let directions: Vec<[f64; 3]> = plane.directions(&patch).collect();
        assert_eq!(directions.len(), 16);
        let sum: f64 = directions.iter().map(|direction| dot(direction, &plane.east)).sum();
        assert!(sum.abs() < 1e-12);
        assert!(directions[12][2] > directions[0][2], "rows go north");
        // seen from inside, east of longitude 270 degrees is towards positive x
        assert!(directions[0][0] > directions[3][0], "columns go west");
        let step = directions[4][2] - directions[0][2];
        assert!((step - 2.0_f64.to_radians()).abs() < 1e-12, "{step}");
    }

    #[test]
    fn directions_all_around_have_no_plane() {
        let around = [[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, -1.0, 0.0]];
        let error = TangentPlane::at_mean(around).unwrap_err().to_string();
        assert!(error.contains("4 pixels") && error.contains("whole sky"), "{error}");
        assert!(TangentPlane::at_mean([]).is_err());
        let pole = TangentPlane::at_mean([[0.0, 0.0, 1.0]]).unwrap();
        assert!(pole.direction(0.1, 0.2).iter().all(|value| value.is_finite()));
    }
}
