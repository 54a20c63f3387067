use super::{
    panel::{Box2, Panel},
    svg::{PathData, Svg},
};

/// More points than this are thinned further; the eye cannot tell and the file stays small.
const MOST_POINTS: usize = 4000;

/// A point in pixels, or a gap in the line.
type Place = Option<(f64, f64)>;

/// Draws a line through the values; a value that cannot be drawn leaves a gap, a lone point becomes a dot.
pub(crate) fn draw_polyline(svg: &mut Svg, panel: &Panel, class: &str, x: &[f64], y: &[f64]) {
    let places = x
        .iter()
        .zip(y)
        .map(|(&x, &y)| Some((panel.x_pixel(x)?, panel.y_pixel(y)?)));
    let mut data = PathData::default();
    let mut last: Place = None;
    let mut pen: Place = None;
    for place in thinned(places) {
        // A lone point is a segment of length zero, which shows as a dot, thanks to its round ends.
        if let Some(to) = place
            && let Some((start, end)) = clipped(last.unwrap_or(to), to, panel.area)
        {
            if pen != Some(start) || last.is_none() {
                data.move_to(start.0, start.1);
            }
            data.line_to(end.0, end.1);
            pen = Some(end);
        }
        last = place;
    }
    svg.path(class, &data, 1.0);
}

/// The part of a segment near the panel (Liang and Barsky 1984). A line that leaves it would be cut by the picture
/// anyway, but dashes along a thousand heights of the page take a minute to draw.
fn clipped(from: (f64, f64), to: (f64, f64), area: Box2) -> Option<((f64, f64), (f64, f64))> {
    const MARGIN: f64 = 20.0;
    let (along_x, along_y) = (to.0 - from.0, to.1 - from.1);
    let (mut enter, mut leave) = (0.0f64, 1.0f64);
    let borders = [
        (-along_x, from.0 - area.left + MARGIN),
        (along_x, area.right() + MARGIN - from.0),
        (-along_y, from.1 - area.top + MARGIN),
        (along_y, area.bottom() + MARGIN - from.1),
    ];
    for (direction, room) in borders {
        if direction == 0.0 {
            if room < 0.0 {
                return None;
            }
        } else if direction < 0.0 {
            enter = enter.max(room / direction);
        } else {
            leave = leave.min(room / direction);
        }
    }
    let at = |part: f64| (from.0 + part * along_x, from.1 + part * along_y);
    // The ends are taken as they are where they need no cut, so that joined segments meet exactly.
    let start = if enter > 0.0 { at(enter) } else { from };
    let end = if leave < 1.0 { at(leave) } else { to };
    (enter <= leave).then_some((start, end))
}

/// The same line with few points: in each pixel column the first, lowest, highest and last are kept.
fn thinned(places: impl Iterator<Item = Place>) -> Vec<Place> {
    let mut kept: Vec<Place> = Vec::new();
    let mut column: Vec<(f64, f64)> = Vec::new();
    let flush = |column: &mut Vec<(f64, f64)>, kept: &mut Vec<Place>| {
        kept.extend(extremes(column).into_iter().map(Some));
        column.clear();
    };
    for place in places {
        match place {
            Some((x, y)) => {
                let same = column.last().is_some_and(|last| last.0.floor() == x.floor());
                if !same {
                    flush(&mut column, &mut kept);
                }
                // Only the extremes matter, so a long run in one column need not be held.
                if column.len() >= 64 {
                    column = extremes(&column);
                }
                column.push((x, y));
            }
            None => {
                flush(&mut column, &mut kept);
                if kept.last().is_some_and(Option::is_some) {
                    kept.push(None);
                }
            }
        }
    }
    flush(&mut column, &mut kept);
    if kept.len() <= MOST_POINTS {
        return kept;
    }
    let size = kept.len().div_ceil(MOST_POINTS / 4);
    kept.chunks(size)
        .flat_map(|chunk| {
            let points: Vec<(f64, f64)> = chunk.iter().flatten().copied().collect();
            if points.is_empty() {
                vec![None]
            } else {
                extremes(&points).into_iter().map(Some).collect()
            }
        })
        .collect()
}

/// First, lowest, highest and last point, in their order along the line.
fn extremes(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    if points.len() <= 4 {
        return points.to_vec();
    }
    let by_height = |a: &usize, b: &usize| points[*a].1.total_cmp(&points[*b].1);
    let lowest = (0..points.len()).min_by(by_height).unwrap_or(0);
    let highest = (0..points.len()).max_by(by_height).unwrap_or(0);
    let mut chosen = vec![0, lowest, highest, points.len() - 1];
    chosen.sort_unstable();
    chosen.dedup();
    chosen.into_iter().map(|index| points[index]).collect()
}
