//! What is unlike the observations a model learned from.

use fieldbridge::data::fields::{FieldGeometry, FieldScaling, Observable};

/// Noise this far from that of training, as a ratio, is told.
const ODD_NOISE: f64 = 1.25;

/// Hidden places, of how many.
pub(super) fn hidden(maps: &[f32], fields: &FieldScaling) -> (usize, usize) {
    let seen = fields.seen(maps);
    (seen.iter().filter(|seen| !**seen).count(), seen.len())
}

/// Warnings about maps, place by place, one component of shear after the other; from observed pixels alone.
pub(super) fn oddities(maps: &[f32], fields: &FieldScaling) -> Vec<String> {
    let FieldGeometry { bins, .. } = fields.geometry;
    let seen = fields.seen(maps);
    let mut notes = Vec::new();
    for (component, maps) in maps.chunks_exact(fields.geometry.size()).enumerate() {
        for bin in 0..bins {
            let name = match fields.observation.kind {
                Observable::Convergence => format!("bin {bin}"),
                Observable::Shear => format!("component {} of the shear in bin {bin}", component + 1),
            };
            let plane: Vec<f64> = maps
                .iter()
                .skip(bin)
                .step_by(bins)
                .map(|&value| f64::from(value))
                .collect();
            notes.extend(odd_noise(&plane, &seen, fields, bin).map(|note| format!("{name} {note}")));
            notes.extend(odd_mean(&plane, &seen, fields, bin).map(|note| format!("{name} {note}")));
        }
    }
    notes
}

/// Half the checkered difference of four neighbours has the deviation of the noise and little of the signal.
fn odd_noise(plane: &[f64], seen: &[bool], fields: &FieldScaling, bin: usize) -> Option<String> {
    let pixels = fields.geometry.pixels;
    let blocks = (0..pixels / 2).flat_map(|row| (0..pixels / 2).map(move |column| 2 * row * pixels + 2 * column));
    let corners = blocks.map(|first| [first, first + 1, first + pixels, first + pixels + 1]);
    let whole = corners.filter(|corners| corners.iter().all(|&at| seen[at]));
    let squares: Vec<f64> = whole
        .map(|[a, b, c, d]| {
            let checkered = plane[a] - plane[b] - plane[c] + plane[d];
            0.25 * checkered * checkered
        })
        .collect();
    if squares.is_empty() {
        return None;
    }
    let noise = (squares.iter().sum::<f64>() / squares.len() as f64).sqrt();
    // between that of the noise alone and, where neighbours hardly know of each other, that of noise and signal
    let (least, most) = (fields.noise[bin], fields.observed_deviation(bin));
    let (ratio, word) = if noise < least / ODD_NOISE {
        (noise / least, "less")
    } else if noise > most * ODD_NOISE {
        (noise / most, "more")
    } else {
        return None;
    };
    Some(format!(
        "scatters by about {noise:.4} from pixel to pixel, {ratio:.2} times as much as the model learned with: \
         {word} than {least:.4} of noise alone and {most:.4} with all of the signal; its posterior will be wrong",
    ))
}

/// Simulated maps have no mean over the whole patch; that of a part is minus what the rest holds, over the pixels of the part.
fn odd_mean(plane: &[f64], seen: &[bool], fields: &FieldScaling, bin: usize) -> Option<String> {
    let observed = || {
        plane
            .iter()
            .zip(seen)
            .filter(|(_, seen)| **seen)
            .map(|(value, _)| value)
    };
    let count = observed().count() as f64;
    if count == 0.0 {
        return None;
    }
    let mean = observed().sum::<f64>() / count;
    let of_noise = fields.noise[bin] / count.sqrt();
    // at most: as if all hidden pixels were alike
    let of_hidden = fields.deviation[bin] * (plane.len() as f64 - count) / count;
    let expected = of_noise.hypot(of_hidden);
    ((mean - fields.observed_mean(bin)).abs() > 5.0 * expected).then(|| match count as usize == plane.len() {
        true => format!("has a mean of {mean:.5}; simulated maps have none, and noise alone gives {expected:.5}"),
        false => format!(
            "has a mean of {mean:.5} where it is observed; noise and what is hidden give at most about {expected:.5}"
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use fieldbridge::random::Stream;

    const PIXELS: usize = 16;

    fn fields(observation: &str) -> FieldScaling {
        let text = format!(
            "{{\"geometry\":{{\"bins\":1,\"pixels\":{PIXELS},\"width_degrees\":2.0}},\"noise\":[1.0],\"mean\":[0.0],\
             \"deviation\":[0.5],\"observation\":{observation}}}"
        );
        serde_json::from_str(&text).unwrap()
    }

    /// Noise of deviation `noise` around `mean` where it is observed: three quarters of the patch.
    fn map(noise: f32, mean: f32) -> Vec<f32> {
        let normals = Stream::new(1, "odd maps", 0).normals(PIXELS * PIXELS);
        let value = |(at, normal): (usize, &f32)| match at % PIXELS < 12 {
            true => mean + noise * normal,
            false => f32::NAN,
        };
        normals.iter().enumerate().map(value).collect()
    }

    #[test]
    fn noise_and_mean_are_those_of_observed_pixels() {
        let fields = fields("{\"mask\":{\"edge\":0.3}}");
        assert_eq!(hidden(&map(1.0, 0.0), &fields), (64, 256));
        assert!(oddities(&map(1.0, 0.0), &fields).is_empty());
        let notes = oddities(&map(2.0, 0.0), &fields);
        assert!(
            notes.len() == 1 && notes[0].starts_with("bin 0 scatters by about 2."),
            "{notes:?}"
        );
        // what is hidden could make a mean of a sixth; five times that is told
        assert!(oddities(&map(1.0, 0.5), &fields).is_empty());
        let notes = oddities(&map(1.0, 1.5), &fields);
        assert!(
            notes.len() == 1 && notes[0].contains("where it is observed"),
            "{notes:?}"
        );
        let nothing = vec![f32::NAN; PIXELS * PIXELS];
        assert!(oddities(&nothing, &fields).is_empty());
    }

    #[test]
    fn both_components_of_shear_are_looked_at() {
        let fields = fields("{\"kind\":\"shear\"}");
        let whole = |noise: f32| -> Vec<f32> {
            let normals = Stream::new(2, "odd maps", 0).normals(PIXELS * PIXELS);
            normals.iter().map(|normal| noise * normal).collect()
        };
        assert!(oddities(&[whole(1.0), whole(1.0)].concat(), &fields).is_empty());
        let notes = oddities(&[whole(1.0), whole(0.5)].concat(), &fields);
        assert!(
            notes.len() == 1 && notes[0].starts_with("component 2 of the shear in bin 0"),
            "{notes:?}"
        );
    }
}
