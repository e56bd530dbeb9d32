//! What was found in a store.

use std::collections::BTreeMap;

use crate::audit::Audit;

/// Differences of one curriculum that are told one by one.
const TOLD: usize = 100;

/// What was found in a store.
#[derive(Clone, Debug, PartialEq)]
pub struct StoreReport {
    /// What is wrong with the file as a whole.
    pub file: Vec<String>,
    /// One for each curriculum, in the order of their names.
    pub curricula: Vec<CurriculumReport>,
}

impl StoreReport {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.file.is_empty() && self.curricula.iter().all(|curriculum| curriculum.differences.is_empty())
    }
}

/// What was found in one curriculum.
#[derive(Clone, Debug, PartialEq)]
pub struct CurriculumReport {
    /// Its id.
    pub name: String,
    /// Events in its journal.
    pub events: u64,
    /// Tasks that were handed out or reported without having been.
    pub tasks: u64,
    /// Accepted episodes.
    pub episodes: u64,
    /// Finished fits.
    pub fits: u64,
    /// Whether the algorithm was run again.
    pub rerun: Rerun,
    /// The first differences.
    pub differences: Vec<Difference>,
    /// How many there are of each kind, in the order of the kinds; those that are none are left out.
    pub counts: Vec<(DifferenceKind, u64)>,
}

/// Whether the algorithm was run again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rerun {
    /// It was.
    Done,
    /// The curriculum is of this other algorithm version: a server of that version can run it.
    OtherVersion(u32),
    /// What the curriculum was created with cannot be read.
    Impossible,
}

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What it is about.
    pub kind: DifferenceKind,
    /// What and where, in one sentence.
    pub what: String,
}

/// What a difference is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DifferenceKind {
    /// A record breaks a rule that every journal keeps, or cannot be read.
    Record,
    /// The algorithm samples another task.
    Task,
    /// The algorithm computes another ALP, or compares with another episode.
    Progress,
    /// The algorithm fits another mixture.
    Fit,
    /// The snapshot is not the state at its position.
    Snapshot,
}

impl DifferenceKind {
    /// For people, of so many.
    pub fn name(self) -> &'static str {
        match self {
            Self::Record => "records",
            Self::Task => "tasks",
            Self::Progress => "ALPs",
            Self::Fit => "fits",
            Self::Snapshot => "snapshots",
        }
    }
}

/// Differences as they are found.
#[derive(Debug, Default)]
pub(super) struct Found {
    told: Vec<Difference>,
    counts: BTreeMap<DifferenceKind, u64>,
}

impl Found {
    pub(super) fn add(&mut self, kind: DifferenceKind, what: String) {
        *self.counts.entry(kind).or_insert(0) += 1;
        if self.told.len() < TOLD {
            self.told.push(Difference { kind, what });
        }
    }

    pub(super) fn audit(&mut self, checked: Result<(), String>) {
        if let Err(problem) = checked {
            self.add(DifferenceKind::Record, problem);
        }
    }

    pub(super) fn report(&mut self, name: String, audit: Option<&Audit>, rerun: Rerun) -> CurriculumReport {
        CurriculumReport {
            name,
            events: audit.map_or(0, Audit::position),
            tasks: audit.map_or(0, Audit::task_count),
            episodes: audit.map_or(0, Audit::episodes),
            fits: audit.map_or(0, Audit::fits),
            rerun,
            differences: std::mem::take(&mut self.told),
            counts: std::mem::take(&mut self.counts).into_iter().collect(),
        }
    }
}
