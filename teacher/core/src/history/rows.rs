//! A flat buffer of tasks and outcomes: the raw material from which (parts of) the tree are built.

/// What one distinct task remembers: its latest episode and that episode's return.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Outcome {
    pub(super) episode: u64,
    pub(super) return_: f64,
}

/// The tightest axis-parallel box around some tasks.
#[derive(Debug, Clone)]
pub(super) struct Bounds {
    pub(super) lower: Vec<f64>,
    pub(super) upper: Vec<f64>,
}

impl Bounds {
    /// The dimension along which the box is longest; the first of equals.
    fn widest_dimension(&self) -> usize {
        let mut widest = 0;
        let mut widest_side = f64::NEG_INFINITY;
        for (dimension, (lower, upper)) in self.lower.iter().zip(&self.upper).enumerate() {
            let side = upper - lower;
            if side > widest_side {
                (widest, widest_side) = (dimension, side);
            }
        }
        widest
    }
}

/// A plane between tasks: below it `coordinate < threshold`, at or above it all others.
#[derive(Debug, Clone, Copy)]
pub(super) struct Split {
    pub(super) dimension: usize,
    pub(super) threshold: f64,
}

/// Tasks row by row, each with its outcome.
#[derive(Debug, Clone)]
pub(super) struct Rows {
    width: usize,
    coordinates: Vec<f64>,
    outcomes: Vec<Outcome>,
}

impl Rows {
    /// An empty buffer with room for `capacity` tasks of `width` coordinates.
    pub(super) fn with_capacity(width: usize, capacity: usize) -> Self {
        Self {
            width,
            coordinates: Vec::with_capacity(width * capacity),
            outcomes: Vec::with_capacity(capacity),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.outcomes.len()
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn point(&self, row: usize) -> &[f64] {
        &self.coordinates[row * self.width..(row + 1) * self.width]
    }

    pub(super) fn outcome(&self, row: usize) -> Outcome {
        self.outcomes[row]
    }

    /// Adds a task; −0.0 becomes 0.0, so that equal coordinates have equal bits.
    pub(super) fn push(&mut self, point: &[f64], outcome: Outcome) {
        debug_assert_eq!(point.len(), self.width);
        self.coordinates.extend(point.iter().map(|coordinate| coordinate + 0.0));
        self.outcomes.push(outcome);
    }

    /// Keeps the rows whose outcome satisfies `keep`, in their order.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(usize, Outcome) -> bool) {
        let mut kept = 0;
        for row in 0..self.len() {
            if keep(row, self.outcomes[row]) {
                self.outcomes[kept] = self.outcomes[row];
                self.coordinates.copy_within(row * self.width..(row + 1) * self.width, kept * self.width);
                kept += 1;
            }
        }
        self.outcomes.truncate(kept);
        self.coordinates.truncate(kept * self.width);
    }

    /// Keeps one row for each distinct task: that of its latest episode.
    pub(super) fn remove_repeated_tasks(&mut self) {
        let count = u32::try_from(self.len()).expect("the index holds fewer than 2^32 tasks");
        let mut order: Vec<u32> = (0..count).collect();
        order.sort_unstable_by(|&left, &right| {
            let (left, right) = (left as usize, right as usize);
            let coordinates = self.point(left).iter().zip(self.point(right));
            coordinates
                .map(|(left, right)| left.total_cmp(right))
                .find(|order| order.is_ne())
                .unwrap_or_else(|| self.outcomes[left].episode.cmp(&self.outcomes[right].episode))
        });
        let mut is_latest = vec![true; self.len()];
        for pair in order.windows(2) {
            let (earlier, later) = (pair[0] as usize, pair[1] as usize);
            let coordinates = self.point(earlier).iter().zip(self.point(later));
            if coordinates.map(|(left, right)| left.total_cmp(right)).all(|order| order.is_eq()) {
                is_latest[earlier] = false;
            }
        }
        drop(order);
        self.retain(|row, _| is_latest[row]);
    }

    /// The tightest box around the rows from `start` to `end`, of which there must be one at least.
    pub(super) fn bounds(&self, start: usize, end: usize) -> Bounds {
        let mut lower = self.point(start).to_vec();
        let mut upper = lower.clone();
        for point in self.coordinates[start * self.width..end * self.width].chunks_exact(self.width) {
            for ((lower, upper), &coordinate) in lower.iter_mut().zip(&mut upper).zip(point) {
                *lower = if coordinate < *lower { coordinate } else { *lower };
                *upper = if coordinate > *upper { coordinate } else { *upper };
            }
        }
        Bounds { lower, upper }
    }

    /// The latest episode among the rows from `start` to `end`.
    pub(super) fn latest_episode(&self, start: usize, end: usize) -> u64 {
        self.outcomes[start..end].iter().map(|outcome| outcome.episode).max().unwrap_or(0)
    }

    /// The plane across the widest side of `bounds` that best halves the rows from `start` on.
    ///
    /// Tasks that share the median coordinate stay together, on whichever side balances better; neither side
    /// is ever empty, because two distinct tasks differ along the widest side.
    pub(super) fn split(&self, start: usize, bounds: &Bounds) -> Split {
        let dimension = bounds.widest_dimension();
        let values = self.coordinates[start * self.width..].iter().skip(dimension).step_by(self.width);
        let mut values: Vec<f64> = values.copied().collect();
        let middle = values.len() / 2;
        let (_, &mut median, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
        let below = values.iter().filter(|&&value| value < median).count();
        let not_above = values.iter().filter(|&&value| value <= median).count();
        let next = values.iter().copied().filter(|&value| value > median).min_by(f64::total_cmp);
        let threshold = match next {
            Some(next) if below == 0 || not_above.abs_diff(middle) < below.abs_diff(middle) => next,
            _ => median,
        };
        Split { dimension, threshold }
    }

    /// Reorders the rows from `start` on so that those below the plane come first; returns where the others
    /// begin.
    pub(super) fn partition(&mut self, start: usize, split: Split) -> usize {
        let is_below = |rows: &Self, row: usize| rows.point(row)[split.dimension] < split.threshold;
        let (mut front, mut back) = (start, self.len());
        loop {
            while front < back && is_below(self, front) {
                front += 1;
            }
            while front < back && !is_below(self, back - 1) {
                back -= 1;
            }
            if front == back {
                return front;
            }
            self.swap(front, back - 1);
        }
    }

    /// Drops the rows from `start` on, giving memory back as the buffer empties: the tree that is built from
    /// them needs it.
    pub(super) fn truncate(&mut self, start: usize) {
        self.outcomes.truncate(start);
        self.coordinates.truncate(start * self.width);
        if start < self.outcomes.capacity() / 8 * 7 {
            self.outcomes.shrink_to_fit();
            self.coordinates.shrink_to_fit();
        }
    }

    fn swap(&mut self, front: usize, back: usize) {
        self.outcomes.swap(front, back);
        let (head, tail) = self.coordinates.split_at_mut(back * self.width);
        head[front * self.width..(front + 1) * self.width].swap_with_slice(&mut tail[..self.width]);
    }
}
