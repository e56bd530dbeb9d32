//! The hypercube: an artificial student whose competence spreads from one corner of the task space.
//!
//! Source: the toy environment of Portelas, Colas, Hofmann, Oudeyer, "Teacher algorithms for curriculum
//! learning of Deep RL in continuously parameterized environments", CoRL 2019, arXiv 1910.07224, and its
//! code.
//!
//! A task lies in the unit cube. Its first `dims` coordinates pick a cell of a grid with `cells` cells a
//! side; the `irrelevant` further ones change nothing. Every cell has a competence from 0 to
//! [`MAX_COMPETENCE`]. An episode raises its cell's competence by one if the cell is open: the origin
//! always is, any other once a cell that is one lower in one or more coordinates, and equal in the rest,
//! has reached [`OPENING_COMPETENCE`]. The return is the cell's competence after that, as a share of the
//! largest. So an episode outside the frontier teaches nothing, and a teacher is judged by the share of
//! cells that it brings beyond [`OPENING_COMPETENCE`].
//!
//! The student's state is the environment's here: there is no step, no observation, no randomness. An
//! episode costs some nanoseconds.
//!
//! ```
//! use magister_envs::hypercube::{Hypercube, HypercubeParams};
//!
//! let mut hypercube = Hypercube::new(HypercubeParams { dims: 2, cells: 10, irrelevant: 0 })?;
//! assert_eq!(hypercube.play(&[0.05, 0.05])?, 0.01);
//! assert_eq!(hypercube.play(&[0.95, 0.95])?, 0.0);
//! # Ok::<(), magister_envs::hypercube::HypercubeError>(())
//! ```

/// Competence that no cell exceeds.
pub const MAX_COMPETENCE: u8 = 100;

/// Competence with which a cell opens its neighbours, and beyond which it counts as mastered.
pub const OPENING_COMPETENCE: u8 = 75;

/// Most cells of a grid.
pub const MAX_CELLS: usize = 10_000_000;

/// What distinguishes one hypercube from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HypercubeParams {
    /// Coordinates that pick the cell; from 1, default 2.
    pub dims: u32,
    /// Cells a side; from 2, default 10. `cells` to the power of `dims` may be [`MAX_CELLS`].
    pub cells: u32,
    /// Further coordinates, which change nothing; default 0.
    pub irrelevant: u32,
}

impl Default for HypercubeParams {
    fn default() -> Self {
        Self { dims: 2, cells: 10, irrelevant: 0 }
    }
}

/// Parameters within their ranges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CheckedHypercubeParams {
    params: HypercubeParams,
    total_cells: usize,
}

/// Why parameters or a task were refused. The caller must mend them; a retry does not help.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum HypercubeError {
    /// No coordinate would pick the cell.
    #[error("a hypercube needs at least one relevant dimension")]
    NoDimension,
    /// There would be nothing to spread to.
    #[error("a hypercube needs at least 2 cells a side, not {cells}")]
    TooFewCells {
        /// Cells a side.
        cells: u32,
    },
    /// The grid would take too much memory.
    #[error("{cells} cells a side in {dims} dimensions are more than {MAX_CELLS} cells")]
    TooManyCells {
        /// Relevant dimensions.
        dims: u32,
        /// Cells a side.
        cells: u32,
    },
    /// A task has more or fewer numbers than the hypercube has coordinates.
    #[error("the hypercube has {expected} coordinates, the task has {found} values")]
    Width {
        /// Coordinates of the hypercube.
        expected: usize,
        /// Numbers given.
        found: usize,
    },
    /// A number of a task is NaN or lies outside of the unit cube.
    #[error("coordinate {index} of the task is {value}; it must lie between 0 and 1")]
    Coordinate {
        /// Its place in the task, from 0.
        index: usize,
        /// The number given.
        value: f64,
    },
}

impl HypercubeParams {
    /// Checks every parameter.
    ///
    /// # Errors
    /// [`HypercubeError`] for no dimension, for too few cells a side, or for too many in all.
    pub fn check(&self) -> Result<CheckedHypercubeParams, HypercubeError> {
        let Self { dims, cells, .. } = *self;
        if dims == 0 {
            return Err(HypercubeError::NoDimension);
        }
        if cells < 2 {
            return Err(HypercubeError::TooFewCells { cells });
        }
        let total_cells = (cells as usize)
            .checked_pow(dims)
            .filter(|&total| total <= MAX_CELLS)
            .ok_or(HypercubeError::TooManyCells { dims, cells })?;
        Ok(CheckedHypercubeParams { params: *self, total_cells })
    }
}

impl CheckedHypercubeParams {
    /// The parameters themselves, to read.
    pub fn params(&self) -> HypercubeParams {
        self.params
    }

    /// Numbers in a task.
    pub fn coordinates(&self) -> usize {
        self.params.dims as usize + self.params.irrelevant as usize
    }
}

/// The artificial student: a grid of competences.
#[derive(Clone, Debug)]
pub struct Hypercube {
    params: CheckedHypercubeParams,
    /// Cell by cell, the last relevant coordinate running fastest.
    competence: Box<[u8]>,
    /// Whether an episode raises a cell's competence. It never closes again, since competence never falls.
    open: Box<[bool]>,
    mastered_cells: usize,
}

impl Hypercube {
    /// A student that knows nothing yet.
    ///
    /// # Errors
    /// As [`HypercubeParams::check`].
    pub fn new(params: HypercubeParams) -> Result<Self, HypercubeError> {
        let params = params.check()?;
        let mut open = vec![false; params.total_cells].into_boxed_slice();
        open[0] = true;
        Ok(Self {
            params,
            competence: vec![0; params.total_cells].into_boxed_slice(),
            open,
            mastered_cells: 0,
        })
    }

    /// Plays one episode on a task of the unit cube and gives its return, from 0 to 1.
    ///
    /// A coordinate of exactly 1 belongs to the last cell.
    ///
    /// # Errors
    /// [`HypercubeError`] for a task with the wrong number of coordinates, or with one that is NaN or lies
    /// outside [0, 1]; nothing has changed then.
    pub fn play(&mut self, task: &[f64]) -> Result<f64, HypercubeError> {
        let cell = self.cell_of(task)?;
        if self.open[cell] && self.competence[cell] < MAX_COMPETENCE {
            self.competence[cell] += 1;
            if self.competence[cell] == OPENING_COMPETENCE {
                self.open_neighbours(cell);
            }
            if self.competence[cell] == OPENING_COMPETENCE + 1 {
                self.mastered_cells += 1;
            }
        }
        Ok(f64::from(self.competence[cell]) / f64::from(MAX_COMPETENCE))
    }

    /// Cells whose competence exceeds [`OPENING_COMPETENCE`].
    pub fn mastered_cells(&self) -> usize {
        self.mastered_cells
    }

    /// Share of the cells whose competence exceeds [`OPENING_COMPETENCE`], from 0 to 100.
    pub fn mastered_percent(&self) -> f64 {
        100.0 * self.mastered_cells as f64 / self.competence.len() as f64
    }

    /// Competence of every cell, the last relevant coordinate running fastest.
    pub fn competence(&self) -> &[u8] {
        &self.competence
    }

    /// The parameters.
    pub fn params(&self) -> HypercubeParams {
        self.params.params()
    }

    /// Numbers in a task.
    pub fn coordinates(&self) -> usize {
        self.params.coordinates()
    }

    /// Names for the coordinates, in their order: `relevant_1`, …, `irrelevant_1`, ….
    pub fn dimension_names(&self) -> impl Iterator<Item = String> + use<> {
        let HypercubeParams { dims, irrelevant, .. } = self.params();
        let relevant = (1..=dims).map(|number| format!("relevant_{number}"));
        relevant.chain((1..=irrelevant).map(|number| format!("irrelevant_{number}")))
    }

    fn cell_of(&self, task: &[f64]) -> Result<usize, HypercubeError> {
        let HypercubeParams { dims, cells, .. } = self.params();
        if task.len() != self.coordinates() {
            return Err(HypercubeError::Width { expected: self.coordinates(), found: task.len() });
        }
        if let Some(index) = task.iter().position(|value| !(0.0..=1.0).contains(value)) {
            return Err(HypercubeError::Coordinate { index, value: task[index] });
        }
        let cells = cells as usize;
        Ok(task[..dims as usize].iter().fold(0, |cell, &value| {
            let along = ((value * cells as f64) as usize).min(cells - 1);
            cell * cells + along
        }))
    }

    /// Opens every cell that is one higher than `cell` in one or more coordinates. Happens once for each
    /// cell.
    fn open_neighbours(&mut self, cell: usize) {
        let HypercubeParams { dims, cells, .. } = self.params();
        let cells = cells as usize;
        // Each coordinate in turn doubles the neighbours found so far, unless the cell lies at its end.
        let mut neighbours = vec![cell];
        let mut stride = 1;
        for _ in 0..dims {
            if cell / stride % cells + 1 < cells {
                for known in 0..neighbours.len() {
                    neighbours.push(neighbours[known] + stride);
                }
            }
            stride *= cells;
        }
        for neighbour in neighbours {
            self.open[neighbour] = true;
        }
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "returns and percentages of small grids are exact")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hypercube(dims: u32, cells: u32, irrelevant: u32) -> Hypercube {
        Hypercube::new(HypercubeParams { dims, cells, irrelevant }).unwrap()
    }

    fn play(hypercube: &mut Hypercube, task: &[f64], episodes: usize) -> f64 {
        (0..episodes).map(|_| hypercube.play(task).unwrap()).last().unwrap()
    }

    /// The rule as the publication words it, neighbour by neighbour, on coordinates.
    struct Literal {
        dims: usize,
        cells: usize,
        competence: Vec<u32>,
    }

    impl Literal {
        fn index(&self, cell: &[usize]) -> usize {
            cell.iter().fold(0, |index, along| index * self.cells + along)
        }

        fn play(&mut self, task: &[f64]) -> f64 {
            let cell: Vec<usize> = task[..self.dims]
                .iter()
                .map(|value| ((value * self.cells as f64).floor() as usize).min(self.cells - 1))
                .collect();
            let learns = cell.iter().all(|&along| along == 0)
                || (1..1usize << self.dims).any(|lowered| {
                    let neighbour: Vec<usize> =
                        (0..self.dims).map(|dim| cell[dim].saturating_sub(lowered >> dim & 1)).collect();
                    neighbour != cell && self.competence[self.index(&neighbour)] >= 75
                });
            let index = self.index(&cell);
            if learns {
                self.competence[index] = (self.competence[index] + 1).min(100);
            }
            f64::from(self.competence[index]) / 100.0
        }

        fn mastered_percent(&self) -> f64 {
            let mastered = self.competence.iter().filter(|&&competence| competence > 75).count();
            100.0 * mastered as f64 / self.competence.len() as f64
        }
    }

    #[test]
    fn only_the_origin_is_open_at_first() {
        let mut grid = hypercube(2, 3, 0);
        for x in 0..3 {
            for y in 0..3 {
                let return_ = grid.play(&[f64::from(x) / 3.0 + 0.1, f64::from(y) / 3.0 + 0.1]).unwrap();
                assert_eq!(return_, if (x, y) == (0, 0) { 0.01 } else { 0.0 }, "{x}, {y}");
            }
        }
    }

    #[test]
    fn competence_grows_by_one_to_a_hundred() {
        let mut grid = hypercube(1, 2, 0);
        let returns: Vec<f64> = (0..120).map(|_| grid.play(&[0.2]).unwrap()).collect();
        let expected: Vec<f64> = (1..=120).map(|episode| f64::from(episode.min(100)) / 100.0).collect();
        assert_eq!(returns, expected);
    }

    #[test]
    fn a_cell_opens_its_neighbours_at_75_and_is_mastered_at_76() {
        let mut grid = hypercube(2, 2, 0);
        assert_eq!(play(&mut grid, &[0.1, 0.1], 74), 0.74);
        assert_eq!(grid.play(&[0.9, 0.9]).unwrap(), 0.0);
        assert_eq!(grid.play(&[0.1, 0.1]).unwrap(), 0.75);
        assert_eq!(grid.mastered_percent(), 0.0);
        for task in [[0.9, 0.1], [0.1, 0.9], [0.9, 0.9]] {
            assert_eq!(grid.play(&task).unwrap(), 0.01, "{task:?}");
        }
        grid.play(&[0.1, 0.1]).unwrap();
        assert_eq!(grid.mastered_percent(), 25.0);
        assert_eq!(grid.competence(), [76, 1, 1, 1]);
    }

    #[test]
    fn the_last_cell_takes_one() {
        let mut grid = hypercube(1, 2, 0);
        play(&mut grid, &[0.0], 75);
        assert_eq!(grid.play(&[1.0]).unwrap(), 0.01);
        assert_eq!(grid.play(&[0.5]).unwrap(), 0.02);
        assert_eq!(grid.competence(), [75, 2]);
    }

    #[test]
    fn neighbours_do_not_wrap_around_the_grid() {
        let mut grid = hypercube(2, 2, 0);
        play(&mut grid, &[0.1, 0.1], 75);
        play(&mut grid, &[0.1, 0.9], 75);
        assert_eq!(grid.competence(), [75, 75, 0, 0]);
        let mut line = hypercube(2, 3, 0);
        play(&mut line, &[0.0, 0.0], 75);
        play(&mut line, &[0.0, 0.5], 75);
        play(&mut line, &[0.0, 1.0], 75);
        // (1, 0) was opened by (0, 0); (2, 0) has no neighbour that has learned.
        assert_eq!(line.play(&[0.5, 0.0]).unwrap(), 0.01);
        assert_eq!(line.play(&[1.0, 0.0]).unwrap(), 0.0);
    }

    #[test]
    fn wrong_parameters_are_refused() {
        for (dims, cells, expected) in [
            (0, 10, HypercubeError::NoDimension),
            (2, 0, HypercubeError::TooFewCells { cells: 0 }),
            (2, 1, HypercubeError::TooFewCells { cells: 1 }),
            (8, 10, HypercubeError::TooManyCells { dims: 8, cells: 10 }),
            (u32::MAX, u32::MAX, HypercubeError::TooManyCells { dims: u32::MAX, cells: u32::MAX }),
        ] {
            let params = HypercubeParams { dims, cells, irrelevant: 0 };
            assert_eq!(params.check().unwrap_err(), expected);
            assert_eq!(Hypercube::new(params).unwrap_err(), expected);
        }
        for (dims, cells, irrelevant) in [(1, 2, 0), (7, 10, 3), (23, 2, 0), (1, 10_000_000, u32::MAX)] {
            assert!(HypercubeParams { dims, cells, irrelevant }.check().is_ok());
        }
    }

    #[test]
    fn wrong_tasks_are_refused_and_change_nothing() {
        let mut grid = hypercube(2, 10, 1);
        for (task, message) in [
            (&[][..], "the hypercube has 3 coordinates, the task has 0 values"),
            (&[0.0; 2], "the hypercube has 3 coordinates, the task has 2 values"),
            (&[0.0; 4], "the hypercube has 3 coordinates, the task has 4 values"),
            (&[f64::NAN, 0.0, 0.0], "coordinate 0 of the task is NaN; it must lie between 0 and 1"),
            (&[0.0, -1e-9, 0.0], "coordinate 1 of the task is -0.000000001; it must lie between 0 and 1"),
            (&[0.0, 0.0, 1.5], "coordinate 2 of the task is 1.5; it must lie between 0 and 1"),
            (&[0.0, 0.0, f64::INFINITY], "coordinate 2 of the task is inf; it must lie between 0 and 1"),
        ] {
            assert_eq!(grid.play(task).unwrap_err().to_string(), message);
        }
        assert!(grid.competence().iter().all(|&competence| competence == 0));
        assert_eq!(grid.play(&[-0.0, 0.0, 0.0]).unwrap(), 0.01);
    }

    #[test]
    fn dimensions_have_names() {
        let names: Vec<String> = hypercube(2, 10, 1).dimension_names().collect();
        assert_eq!(names, ["relevant_1", "relevant_2", "irrelevant_1"]);
    }

    proptest! {
        /// Tasks crowd towards the origin, so that competence spreads through the grid.
        #[test]
        fn it_follows_the_publications_rule(
            dims in 1u32..=4,
            cells in 2u32..=4,
            irrelevant in 0u32..=2,
            episodes in proptest::collection::vec(proptest::collection::vec(0.0..=1.0f64, 6), 50),
        ) {
            let mut grid = hypercube(dims, cells, irrelevant);
            let total = grid.competence().len();
            let mut literal =
                Literal { dims: dims as usize, cells: cells as usize, competence: vec![0; total] };
            for task in &episodes {
                let mut task = task[..grid.coordinates()].to_vec();
                task[..dims as usize].iter_mut().for_each(|value| *value *= *value);
                for _ in 0..40 {
                    prop_assert_eq!(grid.play(&task).unwrap(), literal.play(&task));
                }
                prop_assert_eq!(grid.mastered_percent(), literal.mastered_percent());
            }
            let competence: Vec<u32> = grid.competence().iter().map(|&value| u32::from(value)).collect();
            prop_assert_eq!(competence, literal.competence);
        }

        #[test]
        fn irrelevant_coordinates_change_nothing(
            tasks in proptest::collection::vec((0.0..=0.3f64, 0.0..=1.0f64), 300),
        ) {
            let (mut plain, mut padded) = (hypercube(1, 5, 0), hypercube(1, 5, 1));
            for (relevant, irrelevant) in tasks {
                let return_ = plain.play(&[relevant]).unwrap();
                prop_assert_eq!(return_, padded.play(&[relevant, irrelevant]).unwrap());
            }
            prop_assert_eq!(plain.competence(), padded.competence());
        }
    }
}
