//! The linear assignment solver of Jonker and Volgenant (1987): a cheap start, then shortest augmenting paths.
//!
//! It keeps a price `v_j` per column such that every assigned pair `(i, j)` has the least reduced cost `c_ij - v_j` of
//! its row. A complete assignment with that property is optimal, by linear programming duality. Three phases: *column
//! reduction* assigns rows to columns they are cheapest in, *augmenting row reduction* lets free rows outbid others,
//! and *augmentation* finds for each row still free the shortest alternating path to a free column (Dijkstra 1959).

/// Marks a column that no row has yet, or a row without column.
const FREE: usize = usize::MAX;
/// Columns handled together, so that the inner loops become vector instructions.
const LANES: usize = 8;
/// Bids per row in one round of outbidding; nearly tied costs would otherwise lower prices in tiny steps for ever.
const BIDS_PER_ROW: usize = 3;

/// The column of every row in an optimal assignment of the `[n, n]` matrix `cost`, whose entries must be finite.
pub(super) fn solve(cost: &[f64], n: usize) -> Vec<usize> {
    if n < 2 {
        return vec![0; n];
    }
    let width = n.next_multiple_of(LANES);
    if width == n {
        return Market::new(cost, n, width).clear();
    }
    // whole groups of lanes in every row, by columns that cost too much for anybody
    let mut padded = vec![f64::INFINITY; n * width];
    for (wide, row) in padded.chunks_exact_mut(width).zip(cost.chunks_exact(n)) {
        wide[..n].copy_from_slice(row);
    }
    Market::new(&padded, n, width).clear()
}

/// Rows buying columns.
struct Market<'a> {
    /// `[rows, width]`.
    cost: &'a [f64],
    width: usize,
    /// `v_j`; never rises while columns are outbid.
    prices: Vec<f64>,
    /// Owner of every column.
    row_of: Vec<usize>,
    /// What every row owns.
    column_of: Vec<usize>,
}

impl<'a> Market<'a> {
    fn new(cost: &'a [f64], rows: usize, width: usize) -> Self {
        let prices = vec![f64::INFINITY; width];
        Self {
            cost,
            width,
            prices,
            row_of: vec![FREE; width],
            column_of: vec![FREE; rows],
        }
    }

    fn clear(mut self) -> Vec<usize> {
        self.reduce_columns();
        let mut free: Vec<usize> = (0..self.column_of.len())
            .filter(|&row| self.column_of[row] == FREE)
            .collect();
        for _ in 0..2 {
            free = self.outbid(&free);
        }
        self.augment(&free);
        self.column_of
    }

    fn line(&self, row: usize) -> &'a [f64] {
        &self.cost[row * self.width..(row + 1) * self.width]
    }

    /// Prices every column at its least cost, gives it to the row that has it if that row is free, and lowers the
    /// price of what a row owns alone as far as the row's second choice allows.
    fn reduce_columns(&mut self) {
        let rows = self.column_of.len();
        let mut cheapest = vec![0; self.width];
        for row in 0..rows {
            let line = self.line(row);
            for ((price, best), &cost) in self.prices.iter_mut().zip(&mut cheapest).zip(line) {
                if cost < *price {
                    (*price, *best) = (cost, row);
                }
            }
        }
        self.prices[rows..].fill(0.0);
        let mut contested = vec![false; rows];
        for column in (0..rows).rev() {
            let row = cheapest[column];
            if self.column_of[row] == FREE {
                self.give(column, row);
            } else {
                contested[row] = true;
            }
        }
        for (row, contested) in contested.into_iter().enumerate() {
            let column = self.column_of[row];
            if column != FREE && !contested {
                let line = self.line(row);
                let others = (0..rows).filter(|&other| other != column);
                let second = others
                    .map(|other| line[other] - self.prices[other])
                    .fold(f64::INFINITY, f64::min);
                self.prices[column] -= second - (line[column] - self.prices[column]);
            }
        }
    }

    /// Lets each of the `free` rows take its best column, lowering the column's price until the row's second choice is
    /// as good; the row put out bids next. Returns the rows still free.
    fn outbid(&mut self, free: &[usize]) -> Vec<usize> {
        let mut bids = BIDS_PER_ROW * self.column_of.len();
        let mut left = Vec::new();
        for &first in free {
            let mut row = first;
            while row != FREE {
                let [best, second] = least_two(self.line(row), &self.prices);
                let lowered = self.prices[best.column] - (second.cost - best.cost);
                let strictly = lowered < self.prices[best.column];
                let column = if strictly || self.row_of[best.column] == FREE {
                    best.column
                } else {
                    second.column
                };
                if strictly {
                    self.prices[column] = lowered;
                }
                let out = self.row_of[column];
                self.give(column, row);
                row = out;
                if row != FREE {
                    self.column_of[row] = FREE;
                    bids = bids.saturating_sub(1);
                    if !strictly || bids == 0 {
                        left.push(row);
                        break;
                    }
                }
            }
        }
        left
    }

    /// Gives each of the `free` rows a column, moving other rows along the shortest alternating path.
    fn augment(&mut self, free: &[usize]) {
        let mut distances = vec![f64::INFINITY; self.width];
        // prices, but minus infinity in columns whose distance is final, which no path can then reach again
        let mut open_prices = self.prices.clone();
        let mut previous = vec![0_u64; self.width];
        let mut settled: Vec<(usize, f64)> = Vec::with_capacity(self.column_of.len());
        for &start in free {
            distances.fill(f64::INFINITY);
            open_prices.copy_from_slice(&self.prices);
            settled.clear();
            let (mut row, mut offset) = (start, 0.0);
            let (mut column, length) = loop {
                let least = relax(self.line(row), &open_prices, offset, row, &mut distances, &mut previous);
                let column = self.nearest(&distances, least);
                if self.row_of[column] == FREE {
                    break (column, least);
                }
                settled.push((column, least));
                (distances[column], open_prices[column]) = (f64::INFINITY, f64::NEG_INFINITY);
                row = self.row_of[column];
                offset = least - (self.line(row)[column] - self.prices[column]);
            };
            for &(column, distance) in &settled {
                self.prices[column] += distance - length;
            }
            loop {
                let row = previous[column] as usize;
                self.row_of[column] = row;
                std::mem::swap(&mut self.column_of[row], &mut column);
                if row == start {
                    break;
                }
            }
        }
    }

    /// A column at this least distance, one without owner if there is any: among ties that ends the search.
    fn nearest(&self, distances: &[f64], least: f64) -> usize {
        let mut owned = FREE;
        for (group, distances) in distances.as_chunks::<LANES>().0.iter().enumerate() {
            if !distances.iter().fold(false, |any, &distance| any | (distance == least)) {
                continue;
            }
            for column in (0..LANES)
                .filter(|&lane| distances[lane] == least)
                .map(|lane| group * LANES + lane)
            {
                if self.row_of[column] == FREE {
                    return column;
                }
                owned = column;
            }
        }
        owned
    }

    fn give(&mut self, column: usize, row: usize) {
        self.row_of[column] = row;
        self.column_of[row] = column;
    }
}

/// Shortens `distances` by the paths through `row`, noting it in `previous`; returns the least distance.
fn relax(line: &[f64], prices: &[f64], offset: f64, row: usize, distances: &mut [f64], previous: &mut [u64]) -> f64 {
    let mut least = [f64::INFINITY; LANES];
    let (lines, _) = line.as_chunks::<LANES>();
    let (prices, _) = prices.as_chunks::<LANES>();
    let (distances, _) = distances.as_chunks_mut::<LANES>();
    let (previous, _) = previous.as_chunks_mut::<LANES>();
    for (((line, prices), distances), previous) in lines.iter().zip(prices).zip(distances).zip(previous) {
        for lane in 0..LANES {
            let candidate = line[lane] - prices[lane] + offset;
            let shorter = candidate < distances[lane];
            previous[lane] = if shorter { row as u64 } else { previous[lane] };
            let distance = if shorter { candidate } else { distances[lane] };
            distances[lane] = distance;
            least[lane] = if distance < least[lane] { distance } else { least[lane] };
        }
    }
    least.into_iter().fold(f64::INFINITY, f64::min)
}

/// A column and its reduced cost.
#[derive(Clone, Copy)]
struct Offer {
    column: usize,
    cost: f64,
}

/// The two columns of least reduced cost, the cheaper first.
fn least_two(line: &[f64], prices: &[f64]) -> [Offer; 2] {
    let none = Offer {
        column: 0,
        cost: f64::INFINITY,
    };
    let (mut best, mut second) = (none, none);
    let (lines, _) = line.as_chunks::<LANES>();
    let (prices, _) = prices.as_chunks::<LANES>();
    for (group, (line, prices)) in lines.iter().zip(prices).enumerate() {
        let reduced: [f64; LANES] = std::array::from_fn(|lane| line[lane] - prices[lane]);
        // most groups hold nothing of interest
        if !reduced.iter().fold(false, |any, &cost| any | (cost < second.cost)) {
            continue;
        }
        for (lane, &cost) in reduced.iter().enumerate() {
            let offer = Offer {
                column: group * LANES + lane,
                cost,
            };
            if cost < best.cost {
                (best, second) = (offer, best);
            } else if cost < second.cost {
                second = offer;
            }
        }
    }
    [best, second]
}
