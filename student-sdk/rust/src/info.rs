//! A curriculum as the server describes it.

use std::time::{Duration, SystemTime};

use magister_proto::v1;
use serde::Serialize;

use crate::{
    dimension::Dimension,
    error::Error,
    spec::{ReturnRange, TestSet},
    teacher::Teacher,
    written,
};

/// A curriculum as the server describes it, with every default filled in.
///
/// As JSON it holds the fields below under their names, times in RFC 3339, `lease_seconds` for the lease.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CurriculumInfo {
    /// Its id.
    pub id: String,
    /// Name for people.
    pub display_name: String,
    /// The task space.
    pub dimensions: Vec<Dimension>,
    /// Who teaches; `None` if this release does not know the algorithm.
    pub teacher: Option<Teacher>,
    /// Seed of its randomness.
    pub seed: u64,
    /// From where to where returns are scaled, if they are.
    pub return_range: Option<ReturnRange>,
    /// Fixed tasks for evaluation.
    pub test_set: Option<TestSet>,
    /// Return above which a task is mastered.
    pub mastery_threshold: Option<f64>,
    /// How long a worker may hold a task.
    #[serde(rename = "lease_seconds", serialize_with = "written::seconds")]
    pub lease_duration: Duration,
    /// Tasks that one student may hold open at once.
    pub max_open_tasks: Option<u32>,
    /// Episodes after which a report is refused, if it ever is.
    pub max_staleness_episodes: Option<u64>,
    /// Whether it is paused.
    pub paused: bool,
    /// When it was made.
    #[serde(serialize_with = "written::optional_time")]
    pub create_time: Option<SystemTime>,
    /// Number of the last event in its journal.
    pub position: u64,
    /// Tasks handed out.
    pub tasks: u64,
    /// Outcomes accepted as episodes.
    pub episodes: u64,
    /// Tasks under lease.
    pub open_tasks: u64,
    /// Fits finished.
    pub fits: u64,
    /// Raised by the server's releases whenever the same calls would give other tasks.
    pub algorithm_version: u32,
    /// Where it was forked from, if it was.
    pub forked_from: Option<ForkPoint>,
}

/// A position of a curriculum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ForkPoint {
    /// Id of the curriculum.
    pub curriculum: String,
    /// Number of the last event that was copied.
    pub position: u64,
}

impl TryFrom<v1::Curriculum> for CurriculumInfo {
    type Error = Error;

    fn try_from(curriculum: v1::Curriculum) -> Result<Self, Error> {
        let lease = curriculum.lease_duration.ok_or(Error::Answer("a curriculum has no lease duration"))?;
        Ok(Self {
            paused: curriculum.state() == v1::curriculum::State::Paused,
            id: id_of(&curriculum.name).to_owned(),
            display_name: curriculum.display_name,
            dimensions: curriculum
                .space
                .unwrap_or_default()
                .dimensions
                .into_iter()
                .map(Dimension::from)
                .collect(),
            teacher: Teacher::from_wire(curriculum.teacher)?,
            seed: curriculum.seed,
            return_range: curriculum
                .return_range
                .map(|range| ReturnRange { low: range.low, high: range.high }),
            test_set: TestSet::from_wire(curriculum.test_set)?,
            mastery_threshold: curriculum.mastery_threshold,
            lease_duration: Duration::try_from(lease)
                .map_err(|_| Error::Answer("a lease duration is negative"))?,
            max_open_tasks: curriculum.max_open_tasks,
            max_staleness_episodes: curriculum.max_staleness_episodes,
            create_time: curriculum.create_time.and_then(|time| SystemTime::try_from(time).ok()),
            position: curriculum.position,
            tasks: curriculum.tasks,
            episodes: curriculum.episodes,
            open_tasks: curriculum.open_tasks,
            fits: curriculum.fits,
            algorithm_version: curriculum.algorithm_version,
            forked_from: (!curriculum.forked_from.is_empty()).then(|| ForkPoint {
                curriculum: id_of(&curriculum.forked_from).to_owned(),
                position: curriculum.forked_at,
            }),
        })
    }
}

fn id_of(name: &str) -> &str {
    name.strip_prefix("curricula/").unwrap_or(name)
}
