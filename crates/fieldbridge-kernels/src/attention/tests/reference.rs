//! Attention in double precision, as its formula says.

/// All inputs; the mask is empty where all keys exist, and so are tables and weights that are not used.
#[derive(Clone)]
pub(super) struct Case {
    pub(super) batch: usize,
    pub(super) queries: usize,
    pub(super) keys: usize,
    pub(super) heads: usize,
    pub(super) width: usize,
    /// `[batch, tokens, heads, width]`.
    pub(super) query: Vec<f64>,
    pub(super) key: Vec<f64>,
    pub(super) value: Vec<f64>,
    /// Weights of the normalisation of queries and keys.
    pub(super) query_weight: Vec<f64>,
    pub(super) key_weight: Vec<f64>,
    pub(super) epsilon: f64,
    /// Angles, `[tokens, width / 2]`.
    pub(super) query_angle: Vec<f64>,
    pub(super) key_angle: Vec<f64>,
    pub(super) mask: Vec<f64>,
}

impl Case {
    /// The vector of a token and head as it enters the scores.
    fn prepared(&self, row: &[f64], weight: &[f64], angles: &[f64]) -> Vec<f64> {
        let mut row = row.to_vec();
        if !weight.is_empty() {
            let mean = row.iter().map(|x| x * x).sum::<f64>() / self.width as f64;
            let root = (mean + self.epsilon).sqrt();
            row.iter_mut().zip(weight).for_each(|(x, weight)| *x *= weight / root);
        }
        for (pair, angle) in row.chunks_exact_mut(2).zip(angles) {
            let (x, y) = (pair[0], pair[1]);
            pair[0] = x * angle.cos() - y * angle.sin();
            pair[1] = x * angle.sin() + y * angle.cos();
        }
        row
    }

    fn angles<'a>(&self, angles: &'a [f64], token: usize) -> &'a [f64] {
        let half = self.width / 2;
        if angles.is_empty() {
            angles
        } else {
            &angles[token * half..][..half]
        }
    }

    /// The output, `[batch, queries, heads, width]`.
    pub(super) fn output(&self) -> Vec<f64> {
        let (heads, width) = (self.heads, self.width);
        let mut output = vec![0.0; self.batch * self.queries * heads * width];
        for batch in 0..self.batch {
            for head in 0..heads {
                let at = |tokens: usize, token: usize| ((batch * tokens + token) * heads + head) * width;
                let existing: Vec<usize> = (0..self.keys)
                    .filter(|key| self.mask.is_empty() || self.mask[batch * self.keys + key] != 0.0)
                    .collect();
                let keys: Vec<Vec<f64>> = existing
                    .iter()
                    .map(|&key| {
                        let row = &self.key[at(self.keys, key)..][..width];
                        self.prepared(row, &self.key_weight, self.angles(&self.key_angle, key))
                    })
                    .collect();
                for query in 0..self.queries {
                    let place = at(self.queries, query);
                    let row = &self.query[place..][..width];
                    let row = self.prepared(row, &self.query_weight, self.angles(&self.query_angle, query));
                    let scores: Vec<f64> = keys
                        .iter()
                        .map(|key| key.iter().zip(&row).map(|(k, q)| k * q).sum::<f64>() / (width as f64).sqrt())
                        .collect();
                    let largest = scores.iter().copied().fold(f64::MIN, f64::max);
                    let total: f64 = scores.iter().map(|score| (score - largest).exp()).sum();
                    for (&key, score) in existing.iter().zip(&scores) {
                        let weight = (score - largest).exp() / total;
                        let value = &self.value[at(self.keys, key)..][..width];
                        for (out, value) in output[place..][..width].iter_mut().zip(value) {
                            *out += weight * value;
                        }
                    }
                }
            }
        }
        output
    }

    /// `sum of gradient * output`.
    pub(super) fn loss(&self, gradient: &[f64]) -> f64 {
        self.output().iter().zip(gradient).map(|(o, g)| o * g).sum()
    }
}
