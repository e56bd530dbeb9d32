//! The bundled environments as a student sees them: a task space, a test set, and tracks that follow from tasks.

use crate::ppo::SettingError;
use core::fmt;
use magister_envs::environment::Task;
use magister_envs::track::{Family, Track, TrackError, TrackParams};
use magister_student::{CurriculumSpec, Dimension, ParameterError, Parameters, Teacher};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, LazyLock};

/// Returns that the teacher sees as 0 and 1 (the publication's).
const RETURN_RANGE: (f64, f64) = (-150.0, 350.0);
/// Return above which a task is mastered (the publication's).
pub const MASTERY_THRESHOLD: f64 = 230.0;
/// Numbers beyond make no tracks.
const MOST_OF_A_RANGE: f64 = 10.0;
/// Test tasks of Gymnasium's terrains: so many of each.
const TESTS_OF_EACH_TERRAIN: usize = 25;
/// Gymnasium's terrains; a task names one by its place.
// Servers of this release have no categories.
const TERRAINS: [Family; 2] = [Family::Grass, Family::Hardcore];

/// Tracks for walkers, with a space of tasks of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrackSpace {
    /// The publication's Stump Tracks: `stump_height` from 0 to 3 and `obstacle_spacing` from 0 to 6.
    #[default]
    StumpTracks,
    /// The publication's Hexagon Tracks: `hexagon`, twelve numbers from 0 to 4.
    HexagonTracks,
    /// Gymnasium's terrains: `hardcore`, 0 for that of BipedalWalker-v3 and 1 for that of BipedalWalkerHardcore-v3.
    Gymnasium,
}

/// Why a task cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    /// The curriculum's space is another one: open another curriculum.
    #[error("the task does not fit the environment: {0}")]
    Parameters(#[from] ParameterError),
    /// The terrain is none of Gymnasium's.
    #[error("hardcore is {0}: it is 0 or 1")]
    Terrain(i64),
    /// No track can be made of it; if it is infeasible, the teacher should be told so.
    #[error(transparent)]
    Track(#[from] TrackError),
}

/// A space of tasks: tracks, and from where to where their numbers go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Space {
    tracks: TrackSpace,
    /// In the order of the dimensions.
    ranges: Vec<Range>,
}

/// From where to where a dimension's numbers go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Range {
    /// The dimension.
    pub dimension: String,
    /// The least.
    pub low: f64,
    /// The most.
    pub high: f64,
}

#[derive(Deserialize)]
struct TestSets {
    stump_tracks: Vec<[f64; 2]>,
    hexagon_tracks: Vec<[f64; 12]>,
}

static TEST_SETS: LazyLock<TestSets> = LazyLock::new(|| {
    serde_json::from_str(include_str!("test_sets.json")).expect("the file beside this one holds both sets")
});

impl TrackSpace {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::StumpTracks, Self::HexagonTracks, Self::Gymnasium];

    /// Its name in commands and files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::StumpTracks => "stump-tracks",
            Self::HexagonTracks => "hexagon-tracks",
            Self::Gymnasium => "gymnasium",
        }
    }

    /// Names and ranges of the publication's dimensions.
    const fn published_ranges(self) -> &'static [(&'static str, f64, f64)] {
        match self {
            Self::StumpTracks => &[("stump_height", 0.0, 3.0), ("obstacle_spacing", 0.0, 6.0)],
            Self::HexagonTracks => &[("hexagon", 0.0, 4.0)],
            Self::Gymnasium => &[],
        }
    }

    /// An easy and a hard task, to look at what was learned.
    pub fn examples(self) -> [(&'static str, Parameters); 2] {
        let [easy, hard] = match self {
            Self::StumpTracks => [stump_task(0.4, 3.0), stump_task(1.4, 3.0)],
            Self::HexagonTracks => [[0.4; 12], [2.0; 12]].map(|task| hexagon_task(&task)),
            Self::Gymnasium => [0, 1].map(terrain_task),
        };
        [("easy", easy), ("hard", hard)]
    }

    /// The track of a task; the seed decides what the task leaves open.
    ///
    /// # Errors
    /// If the task is of another space, or no track can be made of it.
    pub fn track(self, task: &Parameters, seed: u64) -> Result<Arc<Track>, TaskError> {
        let (family, numbers) = self.of_family(task)?;
        Ok(TrackParams::from_task(family, &numbers)?.build_shared(seed)?)
    }

    /// The family of a task's tracks and its numbers by the names that the family knows.
    fn of_family(self, task: &Parameters) -> Result<(Family, Task), TaskError> {
        let family = match self {
            Self::StumpTracks => Family::Stump,
            Self::HexagonTracks => Family::Hexagon,
            Self::Gymnasium => {
                let terrain = task.i64("hardcore")?;
                let family = usize::try_from(terrain).ok().and_then(|place| TERRAINS.get(place));
                return Ok((*family.ok_or(TaskError::Terrain(terrain))?, Task::new()));
            }
        };
        let mut numbers = Task::new();
        for name in task.keys() {
            match task.f64s(name) {
                Ok(values) => {
                    let names = (0..values.len()).map(|index| format!("{name}[{index}]"));
                    numbers.extend(names.zip(values.iter().copied()));
                }
                Err(_) => {
                    numbers.insert(name.clone(), task.f64(name)?);
                }
            }
        }
        Ok((family, numbers))
    }
}

fn stump_task(height: f64, spacing: f64) -> Parameters {
    [("stump_height", height), ("obstacle_spacing", spacing)].into_iter().collect()
}

fn hexagon_task(numbers: &[f64; 12]) -> Parameters {
    [("hexagon", numbers.to_vec())].into_iter().collect()
}

fn terrain_task(terrain: i64) -> Parameters {
    [("hardcore", terrain)].into_iter().collect()
}

impl Space {
    /// The space from which the publication draws tasks, and both of Gymnasium's terrains.
    pub fn published(tracks: TrackSpace) -> Self {
        let range =
            |&(dimension, low, high): &(&str, f64, f64)| Range { dimension: dimension.to_owned(), low, high };
        Self { tracks, ranges: tracks.published_ranges().iter().map(range).collect() }
    }

    /// The same with another range of one dimension. The test set is stretched with it, as the publication does with its larger spaces.
    ///
    /// # Errors
    /// If there is no such dimension, or its numbers cannot be these.
    pub fn with_range(mut self, range: Range) -> Result<Self, SettingError> {
        let refused = |value: String, rule: String| SettingError { name: "range", value, rule };
        let Some(at) = self.ranges.iter().position(|known| known.dimension == range.dimension) else {
            let known: Vec<&str> = self.ranges.iter().map(|range| range.dimension.as_str()).collect();
            let rule = match known.as_slice() {
                [] => format!("{} has none", self.tracks),
                known => format!("{} has {}", self.tracks, known.join(" and ")),
            };
            return Err(refused(range.dimension, rule));
        };
        let Range { low, high, .. } = range;
        let most = MOST_OF_A_RANGE;
        if !(low >= 0.0 && high <= most && low < high) {
            let value = format!("{}={low}:{high}", range.dimension);
            return Err(refused(value, format!("give two numbers from 0 to {most}, the lower one first")));
        }
        self.ranges[at] = range;
        Ok(self)
    }

    /// The tracks.
    pub fn tracks(&self) -> TrackSpace {
        self.tracks
    }

    /// A curriculum over it, with its test set; returns are scaled and mastery judged as in the publication.
    pub fn curriculum(&self, id: &str, teacher: Teacher, seed: u64) -> CurriculumSpec {
        let spec = CurriculumSpec::new(id, teacher)
            .seed(seed)
            .return_range(RETURN_RANGE.0, RETURN_RANGE.1)
            .mastery_threshold(MASTERY_THRESHOLD)
            .test_set(self.test_set());
        let dimensions = self.ranges.iter().map(|Range { dimension, low, high }| {
            let dimension = Dimension::continuous(dimension, *low, *high);
            if self.tracks == TrackSpace::HexagonTracks { dimension.vector(12) } else { dimension }
        });
        match self.tracks {
            TrackSpace::Gymnasium => {
                spec.dimension(Dimension::integer("hardcore", 0, TERRAINS.len() as i64 - 1))
            }
            _ => dimensions.fold(spec, CurriculumSpec::dimension),
        }
    }

    /// The tasks on which students are evaluated: the publication's 50, stretched to the ranges, or 25 of each terrain.
    pub fn test_set(&self) -> Vec<Parameters> {
        // The same to the bit where the range is the published one.
        let stretched = |place: usize, value: f64| {
            let (_, low, high) = self.tracks.published_ranges()[place];
            let range = &self.ranges[place];
            range.low + (value - low) * ((range.high - range.low) / (high - low))
        };
        match self.tracks {
            TrackSpace::StumpTracks => TEST_SETS
                .stump_tracks
                .iter()
                .map(|&[height, spacing]| stump_task(stretched(0, height), stretched(1, spacing)))
                .collect(),
            TrackSpace::HexagonTracks => TEST_SETS
                .hexagon_tracks
                .iter()
                .map(|numbers| hexagon_task(&numbers.map(|number| stretched(0, number))))
                .collect(),
            TrackSpace::Gymnasium => [0, 1]
                .iter()
                .flat_map(|&terrain| core::iter::repeat_n(terrain_task(terrain), TESTS_OF_EACH_TERRAIN))
                .collect(),
        }
    }
}

impl fmt::Display for TrackSpace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_test_task_and_example_has_a_track() {
        for tracks in TrackSpace::ALL {
            let tests = Space::published(tracks).test_set();
            assert_eq!(tests.len(), 50, "{tracks}");
            for task in tests.iter().chain(&tracks.examples().map(|(_, task)| task)) {
                tracks.track(task, 3).unwrap();
            }
        }
    }

    #[test]
    fn tasks_of_other_spaces_are_refused() {
        let [stumps, hexagons, terrain] =
            TrackSpace::ALL.map(|tracks| Space::published(tracks).test_set().swap_remove(0));
        for (tracks, task) in [
            (TrackSpace::StumpTracks, &hexagons),
            (TrackSpace::HexagonTracks, &stumps),
            (TrackSpace::Gymnasium, &stumps),
            (TrackSpace::StumpTracks, &terrain),
            (TrackSpace::Gymnasium, &terrain_task(2)),
        ] {
            assert!(tracks.track(task, 1).is_err(), "{tracks} {task:?}");
        }
    }

    fn range(dimension: &str, low: f64, high: f64) -> Range {
        Range { dimension: dimension.to_owned(), low, high }
    }

    #[test]
    fn test_sets_are_stretched_as_the_publications_are() {
        let published = Space::published(TrackSpace::StumpTracks);
        let larger = published.clone().with_range(range("stump_height", 0.0, 4.0)).unwrap();
        let first = |space: &Space| {
            let task = &space.test_set()[0];
            [task.f64("stump_height").unwrap(), task.f64("obstacle_spacing").unwrap()]
        };
        // The first tasks of `stump_tracks_h3` and `stump_tracks_h4` in the publication's repository.
        let expected = [
            [0.312_147_712_451_981_25, 3.860_987_494_490_402_6],
            [0.416_196_949_935_975, 3.860_987_494_490_402_6],
        ];
        for (space, expected) in [published, larger].iter().zip(expected) {
            let found = first(space);
            assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?} {expected:?}");
        }
    }

    #[test]
    fn ranges_that_cannot_be_are_refused() {
        let stumps = || Space::published(TrackSpace::StumpTracks);
        for wrong in [
            range("stump_heigth", 0.0, 1.0),
            range("stump_height", -1.0, 1.0),
            range("stump_height", 2.0, 2.0),
            range("stump_height", 0.0, 11.0),
            range("stump_height", f64::NAN, 1.0),
        ] {
            assert!(stumps().with_range(wrong.clone()).is_err(), "{wrong:?}");
        }
        let message = stumps().with_range(range("height", 0.0, 1.0)).unwrap_err().to_string();
        assert_eq!(message, "range is height: stump-tracks has stump_height and obstacle_spacing");
    }
}
