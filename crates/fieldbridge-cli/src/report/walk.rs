//! Section "The way": draws on their way from the base, as slices, trajectories and an animation.

use fieldbridge::model::Passed;
use fieldbridge_report::{Block, Theme, TimeSlices, animated_png, format_number};

use super::ReportInput;
use super::figures::Figures;
use super::wording::{count, with_unit};

/// Trajectories drawn.
const FOLLOWED: usize = 60;
/// Slices drawn side by side.
const PANELS: usize = 5;
/// Frames of the animation of jumps, about.
const FRAMES: usize = 36;
/// Width of a frame, pixels.
const FRAME_WIDTH: u32 = 320;
/// Draws that move; more would make the file large.
const MOVING: usize = 250;
/// Hundredths of a second a frame is shown.
const HUNDREDTHS: u16 = 9;

/// Points of the plane at one time.
type Slice = Vec<(f64, f64)>;

/// The blocks of the section; none without a walk.
///
/// # Errors
/// When the animation cannot be made.
pub(super) fn blocks(input: &ReportInput, figures: &mut Figures) -> anyhow::Result<Vec<Block>> {
    let Some(passed) = input.walk.as_deref().filter(|passed| passed.len() > 1) else {
        return Ok(Vec::new());
    };
    let walked = input.manifest.bridge.kind.is_walked();
    let slices: Vec<Slice> = passed.iter().map(slice).collect();
    let target = &input.manifest.scaling.target;
    let axis = |index: usize| with_unit(&target.columns[index], target.units[index].as_deref());
    let still = TimeSlices {
        title: "From base to data".to_owned(),
        axes: [axis(0), axis(1)],
        times: passed.iter().map(|stop| stop.time).collect(),
        headings: if walked {
            Vec::new()
        } else {
            jump_headings(slices.len())
        },
        followed: FOLLOWED,
        panels: PANELS,
        points: slices,
    };
    let draws = count(still.points[0].len());
    let mut caption = if walked {
        format!("{draws} draws at times of their walk, and the ways of {FOLLOWED} of them.")
    } else {
        format!("{draws} draws between the transforms, and the ways of {FOLLOWED} of them, drawn as straight lines.")
    };
    if input.is_conditional() {
        caption.push_str(" Each draw is made for another held-out row.");
    }
    caption.push_str(&format!(" {}", how_far(&still.points)));
    let mut blocks = vec![figures.add_wide(
        "walk",
        caption,
        |theme| still.svg(theme),
        Some(&|theme| still.narrow_svg(theme)),
    )];
    let mut moving = if walked { still } else { between_jumps(&still) };
    for slice in &mut moving.points {
        slice.truncate(MOVING);
    }
    moving.followed = 20;
    let frames: Vec<String> = (0..moving.points.len())
        .map(|index| moving.frame(index, Theme::Light))
        .collect();
    let caption = if walked {
        "Some of the same draws, moving."
    } else {
        "Some of the same draws; between two transforms they are moved along straight lines, to show which goes where."
    };
    let file = animated_png(&frames, FRAME_WIDTH, HUNDREDTHS)?;
    blocks.push(figures.add_moving("walk", caption, file));
    Ok(blocks)
}

fn slice(passed: &Passed) -> Slice {
    passed
        .points
        .chunks_exact(2)
        .map(|point| (point[0], point[1]))
        .collect()
}

/// What is written above the points after each jump.
fn jump_headings(slices: usize) -> Vec<String> {
    let jumps = slices - 1;
    let after = |jump| match jump {
        0 => "base".to_owned(),
        _ if jumps == 1 => "draws".to_owned(),
        _ => format!("after {jump} of {jumps}"),
    };
    (0..slices).map(after).collect()
}

/// Slices between the jumps, along straight lines.
fn between_jumps(still: &TimeSlices) -> TimeSlices {
    let jumps = still.points.len() - 1;
    let each = FRAMES.div_ceil(jumps).max(2);
    let mut moving = TimeSlices {
        times: Vec::new(),
        points: Vec::new(),
        headings: Vec::new(),
        ..still.clone()
    };
    for frame in 0..=jumps * each {
        let (jump, part) = (frame / each, frame % each);
        let share = part as f64 / each as f64;
        let next = &still.points[(jump + 1).min(jumps)];
        let moved = still.points[jump].iter().zip(next);
        let along = |from: f64, to: f64| from + share * (to - from);
        moving.points.push(
            moved
                .map(|(from, to)| (along(from.0, to.0), along(from.1, to.1)))
                .collect(),
        );
        moving.times.push((jump as f64 + share) / jumps as f64);
        moving.headings.push(still.headings[jump].clone());
    }
    moving
}

/// How far the points go, and how straight.
fn how_far(slices: &[Slice]) -> String {
    let distance = |from: &(f64, f64), to: &(f64, f64)| (to.0 - from.0).hypot(to.1 - from.1);
    let (first, last) = (&slices[0], &slices[slices.len() - 1]);
    let straight: Vec<f64> = first.iter().zip(last).map(|(from, to)| distance(from, to)).collect();
    let walked: f64 = slices
        .windows(2)
        .flat_map(|pair| pair[0].iter().zip(&pair[1]))
        .map(|(from, to)| distance(from, to))
        .sum();
    let total: f64 = straight.iter().sum();
    let squares: f64 = straight.iter().map(|length| length * length).sum();
    let square = squares / straight.len().max(1) as f64;
    let ratio = if total > 0.0 { walked / total } else { 1.0 };
    format!(
        "The mean squared distance between their ends is {}, and their ways are {} times as long as straight lines.",
        three_digits(square),
        three_digits(ratio)
    )
}

fn three_digits(value: f64) -> String {
    format_number(format!("{value:.2e}").parse().unwrap_or(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn straight_ways_are_as_long_as_straight_lines() {
        let straight = [vec![(0.0, 0.0)], vec![(1.5, 2.0)], vec![(3.0, 4.0)]];
        let text = how_far(&straight);
        assert!(text.contains("ends is 25,") && text.contains("are 1 times"), "{text}");
        let bent = [vec![(0.0, 0.0)], vec![(3.0, 0.0)], vec![(3.0, 4.0)]];
        assert!(how_far(&bent).contains("are 1.4 times"), "{}", how_far(&bent));
        assert!(!how_far(&[vec![(1.0, 1.0)], vec![(1.0, 1.0)]]).contains("NaN"));
    }

    #[test]
    fn frames_between_jumps_begin_and_end_with_the_slices() {
        let still = TimeSlices {
            times: vec![0.0, 0.5, 1.0],
            points: vec![vec![(0.0, 0.0)], vec![(2.0, 0.0)], vec![(2.0, 4.0)]],
            headings: jump_headings(3),
            ..TimeSlices::default()
        };
        let moving = between_jumps(&still);
        let count = moving.points.len();
        assert_eq!(count, moving.times.len());
        assert_eq!(
            (&moving.points[0], &moving.points[count / 2], &moving.points[count - 1]),
            (&still.points[0], &still.points[1], &still.points[2])
        );
        assert_eq!(moving.headings[count - 1], "after 2 of 2");
        assert!(moving.points[1][0].0 > 0.0 && moving.points[1][0].1 == 0.0);
    }
}
