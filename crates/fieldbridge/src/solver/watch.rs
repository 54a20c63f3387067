//! What is kept of a walk on the way.

use burn_tensor::Tensor;

/// The points of a walk at one time.
#[derive(Clone, Debug)]
pub struct Stop {
    /// When, from 0 (base) to 1 (data).
    pub time: f64,
    /// Where, `[batch, D]`.
    pub points: Tensor<2>,
}

/// Looks at a walk as it passes, or does not.
#[derive(Debug, Default)]
pub struct Watch {
    pieces: usize,
    seen: Vec<Stop>,
}

impl Watch {
    /// Keeps nothing.
    pub fn nothing() -> Self {
        Self::default()
    }

    /// Keeps what is needed for a walk in about so many pieces.
    pub fn pieces(pieces: usize) -> Self {
        Self {
            pieces,
            seen: Vec::new(),
        }
    }

    /// Pieces asked for, at least one: a method whose rows step on their own walks them one after another.
    pub fn count(&self) -> usize {
        self.pieces.max(1)
    }

    /// Tells the state after a step.
    pub(crate) fn see(&mut self, time: f64, points: &Tensor<2>) {
        if self.pieces > 0 {
            self.seen.push(Stop {
                time,
                points: points.clone(),
            });
        }
    }

    /// The walk from `start` to `end`, in at most as many pieces as were asked for: of the states between, the last one
    /// aside, those that divide the steps most evenly, each changed by `shown`.
    pub(crate) fn between(
        self,
        start: Tensor<2>,
        end: Tensor<2>,
        shown: impl Fn(f64, Tensor<2>) -> Tensor<2>,
    ) -> Vec<Stop> {
        let (pieces, steps) = (self.count(), self.seen.len());
        let mut places: Vec<usize> = (1..pieces).map(|piece| (piece * steps + pieces / 2) / pieces).collect();
        places.dedup();
        let mut stops = vec![Stop {
            time: 0.0,
            points: start,
        }];
        for place in places.into_iter().filter(|&place| place > 0 && place < steps) {
            let Stop { time, points } = self.seen[place - 1].clone();
            stops.push(Stop {
                time,
                points: shown(time, points),
            });
        }
        stops.push(Stop { time: 1.0, points: end });
        stops
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: f64) -> Tensor<2> {
        Tensor::full([1, 1], time as f32, &crate::device::cpu())
    }

    /// Times of the stops of a walk of equal steps.
    fn times(steps: usize, mut watch: Watch) -> Vec<f64> {
        for step in 1..=steps {
            let time = step as f64 / steps as f64;
            watch.see(time, &at(time));
        }
        let stops = watch.between(at(0.0), at(1.0), |_, x| x);
        for stop in &stops {
            let place: f32 = stop.points.clone().into_scalar();
            assert!((f64::from(place) - stop.time).abs() < 1e-6, "{stop:?}");
        }
        stops.iter().map(|stop| stop.time).collect()
    }

    #[test]
    fn stops_divide_the_steps_evenly_and_keep_both_ends() {
        assert_eq!(times(100, Watch::pieces(4)), [0.0, 0.25, 0.5, 0.75, 1.0]);
        assert_eq!(times(4, Watch::pieces(4)), [0.0, 0.25, 0.5, 0.75, 1.0]);
        assert_eq!(times(2, Watch::pieces(10)), [0.0, 0.5, 1.0]);
        assert_eq!(times(0, Watch::pieces(3)), [0.0, 1.0]);
        assert_eq!(times(50, Watch::nothing()), [0.0, 1.0]);
        assert_eq!(times(7, Watch::pieces(3)).len(), 4);
    }
}
