//! An exact, incremental nearest-neighbour index over distinct tasks.
//!
//! A kd-tree with leaves of a few dozen tasks. Every branch keeps the tightest boxes around its two children
//! and the latest episode in each, so that a query can skip what is too far away, too old, or tied but
//! earlier.
//!
//! **Why the answers are exact.** The bound of a box is computed like a distance: per dimension the gap
//! between query and box, squared, summed from the first dimension to the last. Rounded subtraction,
//! multiplication and addition never decrease when an operand grows, and no task of the box is closer in any
//! dimension than the gap; so the rounded bound is never above the rounded distance of a task inside, and no
//! safety margin is needed.
//!
//! **Why it stays fast.** A subtree of which one child has grown too heavy is rebuilt from its tasks, at a
//! cost that the insertions since its last build have paid for (as in scapegoat trees, Galperin and Rivest
//! 1993). Tasks that share a coordinate fall on one side of any plane across it, so clipped and integer tasks
//! may leave a fresh subtree unbalanced: it is left alone until it has grown by a third. The cost is paid in
//! lumps: with a million tasks that arrive sorted or steadily drifting one insertion may take 0.2 to 0.4 s,
//! with tasks from changing mixtures and some exploration 0.01 s.

use super::branch::{Branch, Child, LEAF_CAPACITY, Slot};
use super::leaf::Leaf;
use super::rows::{Bounds, Outcome, Rows};
use super::search::Search;

/// Most coordinates that a task may have.
const WIDTH_LIMIT: usize = 64;

/// The earlier task that is nearest to a queried one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbour {
    /// The latest episode that played this task.
    pub episode: u64,
    /// The return of that episode.
    pub return_: f64,
    /// Squared Euclidean distance in internal coordinates, summed from the first dimension to the last.
    pub squared_distance: f64,
}

/// Distinct tasks in internal coordinates, each with its latest episode and return, searchable by distance.
///
/// Every answer equals a comparison with all tasks, to the bit; among tasks at the same distance the one with
/// the latest episode is the nearest. Episodes are numbered by the caller, no two alike.
///
/// ```
/// use magister_core::history::NeighbourIndex;
///
/// let mut index = NeighbourIndex::new(2);
/// index.insert(&[0.0, 0.5], 0, 10.0);
/// index.insert(&[1.0, 0.5], 1, 20.0);
/// let nearest = index.nearest(&[0.5, 0.5], 0).expect("the index holds two tasks");
/// assert_eq!((nearest.episode, nearest.squared_distance), (1, 0.25));
/// ```
#[derive(Debug, Clone)]
pub struct NeighbourIndex {
    width: usize,
    len: usize,
    root: Child,
    branches: Vec<Branch>,
    /// For each branch `width × 4` values: per dimension both children's lower and then both children's upper
    /// bounds.
    bounds: Vec<f64>,
    leaves: Vec<Leaf>,
    free_branches: Vec<u32>,
    free_leaves: Vec<u32>,
}

impl NeighbourIndex {
    /// An empty index over tasks of `width` internal coordinates.
    ///
    /// # Panics
    /// If `width` is not within 1 to 64.
    #[must_use]
    pub fn new(width: usize) -> Self {
        assert!((1..=WIDTH_LIMIT).contains(&width), "a task has 1 to {WIDTH_LIMIT} coordinates, not {width}");
        Self {
            width,
            len: 0,
            root: Child::Leaf(0),
            branches: Vec::new(),
            bounds: Vec::new(),
            leaves: vec![Leaf::default()],
            free_branches: Vec::new(),
            free_leaves: Vec::new(),
        }
    }

    /// An index of all entries, each a task, its episode and its return, in any order.
    ///
    /// It answers like one filled by [`insert`](Self::insert), and is built faster and packed tighter.
    ///
    /// # Panics
    /// If `width` is not within 1 to 64, or a task has another width or a coordinate that is not finite.
    pub fn from_entries<P: AsRef<[f64]>>(
        width: usize,
        entries: impl IntoIterator<Item = (P, u64, f64)>,
    ) -> Self {
        let mut index = Self::new(width);
        let entries = entries.into_iter();
        let mut rows = Rows::with_capacity(width, entries.size_hint().0);
        for (point, episode, return_) in entries {
            index.check(point.as_ref());
            rows.push(point.as_ref(), Outcome { episode, return_ });
        }
        rows.remove_repeated_tasks();
        index.fill(rows);
        index
    }

    /// Number of coordinates of a task.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of distinct tasks.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether the index holds no task.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds a task, or, if its coordinates are known already (−0.0 being 0.0), renews its episode and return.
    ///
    /// An episode earlier than the known one changes nothing.
    ///
    /// # Panics
    /// If the task has another width than the index or a coordinate that is not finite.
    pub fn insert(&mut self, point: &[f64], episode: u64, return_: f64) {
        self.check(point);
        let outcome = Outcome { episode, return_ };
        let leaf = self.leaf_of(point);
        if let Some(known) = self.leaves[leaf].outcome_of(point) {
            if known.episode <= episode {
                *known = outcome;
                self.renew_path(point, episode);
            }
            return;
        }
        self.len += 1;
        let unbalanced = self.grow_path(point, episode);
        if self.leaves[leaf].len() < LEAF_CAPACITY {
            self.leaves[leaf].push(point, outcome);
        } else {
            let slot = self.slot_of(point);
            self.rebuild(slot, Some((point, outcome)));
        }
        if let Some(slot) = unbalanced {
            self.rebuild(slot, None);
        }
    }

    /// The nearest task among those whose latest episode is `oldest_episode` or later (0: among all).
    ///
    /// # Panics
    /// If the point has another width than the index or a coordinate that is not finite.
    #[must_use]
    pub fn nearest(&self, point: &[f64], oldest_episode: u64) -> Option<Neighbour> {
        self.check(point);
        let mut search = Search::new(&self.branches, &self.bounds, &self.leaves, point, oldest_episode);
        search.visit(self.root);
        search.nearest()
    }

    /// Forgets every task whose latest episode is before `oldest_episode`, and packs the others anew.
    pub fn forget_before(&mut self, oldest_episode: u64) {
        let mut rows = Rows::with_capacity(self.width, self.len);
        self.take_rows(self.root, &mut rows);
        rows.retain(|_, outcome| outcome.episode >= oldest_episode);
        *self = Self::new(self.width);
        self.fill(rows);
    }

    /// Bytes that the index has allocated, without the allocator's own overhead; visits every leaf.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        size_of::<Self>()
            + self.branches.capacity() * size_of::<Branch>()
            + self.bounds.capacity() * size_of::<f64>()
            + self.leaves.capacity() * size_of::<Leaf>()
            + (self.free_branches.capacity() + self.free_leaves.capacity()) * size_of::<u32>()
            + self.leaves.iter().map(Leaf::heap_bytes).sum::<usize>()
    }

    /// Branches on the longest way from the top to a leaf.
    #[cfg(test)]
    pub(super) fn depth(&self) -> usize {
        let mut deepest = 0;
        let mut open = vec![(self.root, 0)];
        while let Some((child, depth)) = open.pop() {
            deepest = deepest.max(depth);
            if let Child::Branch(branch) = child {
                open.extend(self.branches[branch as usize].children.map(|child| (child, depth + 1)));
            }
        }
        deepest
    }

    fn check(&self, point: &[f64]) {
        assert_eq!(point.len(), self.width, "a task has as many coordinates as the index");
        assert!(
            point.iter().all(|coordinate| coordinate.is_finite()),
            "the coordinates of a task are finite"
        );
    }

    /// Fills an index that is still empty with distinct tasks.
    fn fill(&mut self, mut rows: Rows) {
        self.len = rows.len();
        if self.len > 0 {
            self.free_leaves.push(0);
            let bounds = rows.bounds(0, rows.len());
            self.root = self.build(&mut rows, 0, &bounds);
        }
    }

    /// The leaf in which a task is, or into which it belongs.
    fn leaf_of(&self, point: &[f64]) -> usize {
        let mut child = self.root;
        loop {
            match child {
                Child::Leaf(leaf) => return leaf as usize,
                Child::Branch(branch) => {
                    let branch = &self.branches[branch as usize];
                    child = branch.children[branch.side_of(point)];
                }
            }
        }
    }

    /// Where the leaf of a task hangs.
    fn slot_of(&self, point: &[f64]) -> Slot {
        let (mut slot, mut child) = (Slot::Root, self.root);
        while let Child::Branch(branch) = child {
            let side = self.branches[branch as usize].side_of(point);
            slot = Slot::Side(branch, side);
            child = self.branches[branch as usize].children[side];
        }
        slot
    }

    /// Notes a later episode of a known task on the way down to it.
    fn renew_path(&mut self, point: &[f64], episode: u64) {
        let mut child = self.root;
        while let Child::Branch(branch) = child {
            let branch = &mut self.branches[branch as usize];
            let side = branch.side_of(point);
            branch.latest_episodes[side] = branch.latest_episodes[side].max(episode);
            child = branch.children[side];
        }
    }

    /// Makes room for a new task on the way down: counts, boxes and episodes. Returns the topmost subtree
    /// that this leaves out of balance.
    fn grow_path(&mut self, point: &[f64], episode: u64) -> Option<Slot> {
        let (mut slot, mut child) = (Slot::Root, self.root);
        let mut unbalanced = None;
        while let Child::Branch(number) = child {
            let branch = &mut self.branches[number as usize];
            let side = branch.side_of(point);
            branch.counts[side] += 1;
            branch.latest_episodes[side] = branch.latest_episodes[side].max(episode);
            if unbalanced.is_none() && branch.is_unbalanced() {
                unbalanced = Some(slot);
            }
            child = branch.children[side];
            slot = Slot::Side(number, side);
            let first = number as usize * self.width * 4;
            let (bounds, _) = self.bounds[first..first + self.width * 4].as_chunks_mut::<4>();
            for (bounds, &coordinate) in bounds.iter_mut().zip(point) {
                let coordinate = coordinate + 0.0;
                if coordinate < bounds[side] {
                    bounds[side] = coordinate;
                }
                if coordinate > bounds[2 + side] {
                    bounds[2 + side] = coordinate;
                }
            }
        }
        unbalanced
    }

    /// Builds the subtree at `slot` anew from its tasks and perhaps one more.
    fn rebuild(&mut self, slot: Slot, new: Option<(&[f64], Outcome)>) {
        let child = match slot {
            Slot::Root => self.root,
            Slot::Side(branch, side) => self.branches[branch as usize].children[side],
        };
        let count = match child {
            Child::Leaf(leaf) => self.leaves[leaf as usize].len() + 1,
            Child::Branch(branch) => self.branches[branch as usize].count() as usize,
        };
        let mut rows = Rows::with_capacity(self.width, count);
        self.take_rows(child, &mut rows);
        if let Some((point, outcome)) = new {
            rows.push(point, outcome);
        }
        let bounds = rows.bounds(0, rows.len());
        let built = self.build(&mut rows, 0, &bounds);
        match slot {
            Slot::Root => self.root = built,
            Slot::Side(branch, side) => self.branches[branch as usize].children[side] = built,
        }
    }

    /// Moves the tasks of a subtree into `rows` and frees its branches and leaves.
    fn take_rows(&mut self, child: Child, rows: &mut Rows) {
        match child {
            Child::Leaf(leaf) => {
                std::mem::take(&mut self.leaves[leaf as usize]).append_to(rows);
                self.free_leaves.push(leaf);
            }
            Child::Branch(branch) => {
                let [left, right] = self.branches[branch as usize].children;
                self.free_branches.push(branch);
                self.take_rows(left, rows);
                self.take_rows(right, rows);
            }
        }
    }

    /// Builds a balanced subtree of the rows from `start` on, which must be distinct, and takes them out of
    /// `rows`.
    fn build(&mut self, rows: &mut Rows, start: usize, bounds: &Bounds) -> Child {
        if rows.len() - start <= LEAF_CAPACITY {
            let leaf = Leaf::from_rows(rows, start);
            rows.truncate(start);
            return self.add_leaf(leaf);
        }
        let (end, split) = (rows.len(), rows.split(start, bounds));
        let middle = rows.partition(start, split);
        let sides = [rows.bounds(start, middle), rows.bounds(middle, end)];
        let counts = [middle - start, end - middle]
            .map(|count| u32::try_from(count).expect("the index holds fewer than 2^32 tasks"));
        let latest_episodes = [rows.latest_episode(start, middle), rows.latest_episode(middle, end)];
        // The right side first: its rows are the last ones, and building consumes rows from the end.
        let right = self.build(rows, middle, &sides[1]);
        let left = self.build(rows, start, &sides[0]);
        let children = [left, right];
        let count_when_built = counts[0] + counts[1];
        self.add_branch(Branch { split, latest_episodes, counts, count_when_built, children }, &sides)
    }

    fn add_leaf(&mut self, leaf: Leaf) -> Child {
        if let Some(free) = self.free_leaves.pop() {
            self.leaves[free as usize] = leaf;
            return Child::Leaf(free);
        }
        self.leaves.push(leaf);
        Child::Leaf(u32::try_from(self.leaves.len() - 1).expect("fewer leaves than tasks"))
    }

    fn add_branch(&mut self, branch: Branch, sides: &[Bounds; 2]) -> Child {
        let number = self.free_branches.pop().unwrap_or_else(|| {
            self.branches.push(branch);
            self.bounds.resize(self.branches.len() * self.width * 4, 0.0);
            u32::try_from(self.branches.len() - 1).expect("fewer branches than tasks")
        });
        self.branches[number as usize] = branch;
        let first = number as usize * self.width * 4;
        let (bounds, _) = self.bounds[first..first + self.width * 4].as_chunks_mut::<4>();
        for (dimension, bounds) in bounds.iter_mut().enumerate() {
            let [left, right] = sides;
            *bounds = [
                left.lower[dimension],
                right.lower[dimension],
                left.upper[dimension],
                right.upper[dimension],
            ];
        }
        Child::Branch(number)
    }
}
