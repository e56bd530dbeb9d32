//! Who has reported within the last hour, and how fast episodes come in.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use crate::{clock::UnixMillis, store::OutcomeBrief};

/// How far back students count.
const HOUR_MS: u64 = 3600 * 1000;
/// How far back the rate looks.
const MINUTE_MS: u64 = 60 * 1000;
/// Episodes within such spans of time are counted together.
const HOUR_TICK_MS: u64 = 10 * 1000;
const MINUTE_TICK_MS: u64 = 100;

/// The reports of the last hour, counted.
#[derive(Clone, Debug, Default)]
pub(super) struct Activity {
    students: BTreeMap<Arc<str>, Student>,
    /// Accepted episodes of the last minute.
    minute: Ticks,
}

#[derive(Clone, Debug, Default)]
struct Student {
    /// When each last reported.
    workers: HashMap<Arc<str>, UnixMillis>,
    episodes: Ticks,
}

/// Numbers of episodes by spans of time.
type Ticks = BTreeMap<u64, u64>;

/// One student, as an answer shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ActiveStudent {
    pub(super) name: Arc<str>,
    pub(super) workers: u32,
    pub(super) episodes: u64,
    pub(super) last_report_ms: UnixMillis,
}

impl Activity {
    /// Adds an outcome, in any order; those of more than an hour ago are passed over.
    pub(super) fn add(&mut self, now_ms: UnixMillis, outcome: &OutcomeBrief<'_>) {
        let at_ms = outcome.accepted_ms;
        if at_ms + HOUR_MS <= now_ms {
            return;
        }
        if !self.students.contains_key(outcome.student) {
            self.students.insert(outcome.student.into(), Student::default());
        }
        let student = self.students.get_mut(outcome.student).expect("it was just put there");
        match student.workers.get_mut(outcome.worker) {
            Some(last_ms) => *last_ms = at_ms.max(*last_ms),
            None => drop(student.workers.insert(outcome.worker.into(), at_ms)),
        }
        if outcome.episode.is_some() {
            *student.episodes.entry(at_ms / HOUR_TICK_MS).or_insert(0) += 1;
            if at_ms + MINUTE_MS > now_ms {
                *self.minute.entry(at_ms / MINUTE_TICK_MS).or_insert(0) += 1;
            }
        }
    }

    /// Forgets what is too long ago.
    pub(super) fn forget(&mut self, now_ms: UnixMillis) {
        let is_recent = |at_ms: UnixMillis| at_ms + HOUR_MS > now_ms;
        self.students.retain(|_, student| {
            student.workers.retain(|_, last_ms| is_recent(*last_ms));
            student.episodes.retain(|tick, _| is_recent((tick + 1) * HOUR_TICK_MS - 1));
            !student.workers.is_empty()
        });
        self.minute.retain(|tick, _| (tick + 1) * MINUTE_TICK_MS - 1 + MINUTE_MS > now_ms);
    }

    /// Accepted episodes per second over the minute before what was forgotten last.
    pub(super) fn episodes_per_second(&self) -> f64 {
        self.minute.values().sum::<u64>() as f64 / (MINUTE_MS / 1000) as f64
    }

    /// The students, in the order of their names.
    pub(super) fn students(&self) -> Vec<ActiveStudent> {
        let active = |(name, student): (&Arc<str>, &Student)| ActiveStudent {
            name: Arc::clone(name),
            workers: student.workers.len() as u32,
            episodes: student.episodes.values().sum(),
            last_report_ms: student.workers.values().copied().max().unwrap_or(0),
        };
        self.students.iter().map(active).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Draw, Ending};

    fn report(
        at_ms: UnixMillis,
        student: &'static str,
        worker: &'static str,
        ending: Ending,
    ) -> OutcomeBrief<'static> {
        OutcomeBrief {
            task: 1,
            position: 1,
            episode: (ending != Ending::Abandoned).then_some(1),
            ending,
            alp: None,
            student_step: None,
            late: false,
            accepted_ms: at_ms,
            student,
            worker,
            draw: Draw::Uniform,
            sampled_at_episode: 0,
        }
    }

    #[test]
    fn the_last_hour_and_the_last_minute_count() {
        let start = 1_000_000_000_000;
        let mut activity = Activity::default();
        let reports = [
            report(start, "b", "w1", Ending::Completed(1.0)),
            report(start + 1_800_000, "b", "w2", Ending::Completed(1.0)),
            report(start + 1_800_000, "a", "w1", Ending::Abandoned),
            report(start + 3_590_000, "b", "w2", Ending::Infeasible),
            report(start + 3_599_000, "b", "w2", Ending::Completed(1.0)),
        ];
        for outcome in reports.iter().rev() {
            activity.add(start + 3_599_000, outcome);
        }
        let summary = |activity: &Activity| {
            let students = activity.students().into_iter();
            students.map(|s| (s.name.to_string(), s.workers, s.episodes)).collect::<Vec<_>>()
        };
        activity.forget(start + 3_599_000);
        assert_eq!(summary(&activity), [("a".to_owned(), 1, 0), ("b".to_owned(), 2, 4)]);
        assert!((activity.episodes_per_second() - 2.0 / 60.0).abs() < 1e-12);
        assert_eq!(activity.students()[1].last_report_ms, start + 3_599_000);

        activity.forget(start + 3_620_000);
        assert_eq!(summary(&activity), [("a".to_owned(), 1, 0), ("b".to_owned(), 1, 3)]);
        activity.forget(start + 5_410_000);
        assert_eq!(summary(&activity), [("b".to_owned(), 1, 2)]);
        assert!(activity.episodes_per_second() < 1e-12);
        activity.add(start + 7_199_000, &reports[0]);
        activity.forget(start + 7_199_000);
        assert_eq!(summary(&activity), []);
    }
}
