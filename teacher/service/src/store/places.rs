//! Where episodes stand in the journal: the way from their numbers to their positions.
//!
//! Only positions are indexed. But numbers and positions rise together, mostly by the same step, so that a position
//! is guessed from its neighbours' and found after two or three looks.

use magister_core::space::Task;
use rusqlite::{CachedStatement, OptionalExtension, Row, params};

use super::{
    Journal, StoreError,
    rows::{self, Json},
};
use crate::records::{CurriculumKey, TaskSource};

/// Guesses that may miss before every other look halves what is left.
const GUESSES: u32 = 4;

/// An episode as a point of the task space.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct EpisodePoint {
    pub(crate) episode: u64,
    pub(crate) task: u64,
    /// As played.
    pub(crate) played: Task,
    /// `None` if infeasible.
    pub(crate) episode_return: Option<f64>,
    pub(crate) alp: Option<f64>,
    pub(crate) source: TaskSource,
}

/// Where an accepted episode stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) position: u64,
    pub(crate) episode: u64,
}

/// Consecutive episodes, some of them left out.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct EpisodePoints {
    pub(crate) points: Vec<EpisodePoint>,
    /// Those whose numbers are multiples of this are there.
    pub(crate) every: u64,
}

impl Journal {
    /// Position of the episode with this number; `None` where there is no such.
    pub(crate) fn position_of_episode(
        &self,
        curriculum: CurriculumKey,
        episode: u64,
    ) -> Result<Option<u64>, StoreError> {
        let Some(last) = self.last_place(curriculum)? else { return Ok(None) };
        Seeker::new(self, curriculum, last)?.seek(episode, |row| row.get(0))
    }

    /// Episodes with numbers from `from` to below `before`: all, or if they are more than `most` every n-th, with the
    /// least n that makes them as few.
    pub(crate) fn points(
        &self,
        curriculum: CurriculumKey,
        from: u64,
        before: u64,
        most: u64,
    ) -> Result<EpisodePoints, StoreError> {
        let nothing = EpisodePoints { points: Vec::new(), every: 1 };
        let Some(last) = self.last_place(curriculum)? else { return Ok(nothing) };
        let (from, before) = (from.max(1), before.min(last.episode + 1));
        if from >= before {
            return Ok(nothing);
        }
        let every = thinning(from, before, most);
        let points = if every == 1 {
            self.consecutive_points(curriculum, last, from, before - from)?
        } else {
            let numbers = (from.div_ceil(every)..before.div_ceil(every)).map(|multiple| multiple * every);
            self.single_points(curriculum, last, numbers)?
        };
        Ok(EpisodePoints { points, every })
    }

    /// Number of the last accepted episode; 0 before the first.
    pub(crate) fn last_episode(&self, curriculum: CurriculumKey) -> Result<u64, StoreError> {
        Ok(self.last_place(curriculum)?.map_or(0, |last| last.episode))
    }

    fn last_place(&self, curriculum: CurriculumKey) -> Result<Option<Place>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT position, episode FROM outcomes WHERE curriculum = ?1 AND episode IS NOT NULL \
             ORDER BY position DESC LIMIT 1",
        )?;
        let place = |row: &Row<'_>| Ok(Place { position: row.get(0)?, episode: row.get(1)? });
        Ok(statement.query_row([curriculum], place).optional()?)
    }

    fn consecutive_points(
        &self,
        curriculum: CurriculumKey,
        last: Place,
        from: u64,
        count: u64,
    ) -> Result<Vec<EpisodePoint>, StoreError> {
        let first = Seeker::new(self, curriculum, last)?.seek(from, |row| row.get::<_, u64>(0))?;
        // A cross join keeps SQLite from walking the tasks first.
        let mut statement = self.connection.prepare_cached(
            "SELECT o.episode, o.task, o.played, o.episode_return, o.alp, \
             t.\"values\", t.origin, t.origin_fit, t.origin_component, t.origin_probability \
             FROM outcomes o CROSS JOIN tasks t ON t.curriculum = o.curriculum AND t.number = o.task \
             WHERE o.curriculum = ?1 AND o.position >= ?2 AND o.episode IS NOT NULL ORDER BY o.position LIMIT ?3",
        )?;
        let rows = statement.query_map(params![curriculum, first, count], |row| point((row, 0), (row, 5)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn single_points(
        &self,
        curriculum: CurriculumKey,
        last: Place,
        numbers: impl Iterator<Item = u64>,
    ) -> Result<Vec<EpisodePoint>, StoreError> {
        let mut seeker = Seeker::new(self, curriculum, last)?;
        let mut tasks = self.connection.prepare_cached(
            "SELECT \"values\", origin, origin_fit, origin_component, origin_probability FROM tasks \
             WHERE curriculum = ?1 AND number = ?2",
        )?;
        let mut points = Vec::new();
        for number in numbers {
            let found = seeker.seek(number, |outcome| {
                let task: u64 = outcome.get(2)?;
                tasks.query_row(params![curriculum, task], |task| point((outcome, 1), (task, 0)))
            })?;
            points.extend(found);
        }
        Ok(points)
    }
}

/// The least n of which at most `most` multiples lie from `from`, at least 1, to below `before`.
fn thinning(from: u64, before: u64, most: u64) -> u64 {
    let multiples = |n: u64| (before - 1) / n - (from - 1) / n;
    // There are always more than one less than this share.
    let mut every = ((before - from) / (most + 1)).max(1);
    while multiples(every) > most {
        every += 1;
    }
    every
}

/// A point from an outcome's and its task's row, each with the column that theirs begin at.
fn point(outcome: (&Row<'_>, usize), task: (&Row<'_>, usize)) -> rusqlite::Result<EpisodePoint> {
    let ((outcome, at), (task, task_at)) = (outcome, task);
    let played = match outcome.get::<_, Option<Json<Task>>>(at + 2)? {
        Some(Json(played)) => played,
        None => task.get::<_, Json<Task>>(task_at)?.0,
    };
    Ok(EpisodePoint {
        episode: outcome.get(at)?,
        task: outcome.get(at + 1)?,
        played,
        episode_return: outcome.get(at + 3)?,
        alp: outcome.get(at + 4)?,
        source: rows::source(task, task_at + 1)?,
    })
}

/// Finds episodes by their numbers, in rising order.
struct Seeker<'c> {
    /// Gives the first accepted episode from a position on: position, episode, task, played, return, ALP.
    statement: CachedStatement<'c>,
    curriculum: CurriculumKey,
    /// The episode found last; before the first, position and number 0.
    before: Place,
    last: Place,
    /// Positions from one episode to the next, as of late.
    step: f64,
}

impl<'c> Seeker<'c> {
    fn new(journal: &'c Journal, curriculum: CurriculumKey, last: Place) -> Result<Self, StoreError> {
        let statement = journal.connection.prepare_cached(
            "SELECT position, episode, task, played, episode_return, alp FROM outcomes \
             WHERE curriculum = ?1 AND position >= ?2 AND episode IS NOT NULL ORDER BY position LIMIT 1",
        )?;
        let step = last.position as f64 / last.episode as f64;
        Ok(Self { statement, curriculum, before: Place { position: 0, episode: 0 }, last, step })
    }

    /// Reads the row of an episode whose number is above that of the one found before; `None` where there is no such.
    fn seek<T>(
        &mut self,
        episode: u64,
        mut read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        let (mut low, mut high) = (self.before, self.last.position + 1);
        let mut guess = ahead(low, episode, self.step);
        for look in 1.. {
            // Wanted: a position above that of `low` and below `high`.
            if low.position + 1 >= high {
                break;
            }
            let position = guess.clamp(low.position + 1, high - 1);
            let mut rows = self.statement.query(params![self.curriculum, position])?;
            let Some(row) = rows.next()? else {
                high = position;
                guess = low.position + (high - low.position) / 2;
                continue;
            };
            let found = Place { position: row.get(0)?, episode: row.get(1)? };
            if found.episode == episode {
                let wanted = read(row)?;
                if episode > self.before.episode + 1 {
                    self.step = (found.position - self.before.position) as f64
                        / (episode - self.before.episode) as f64;
                }
                self.before = found;
                return Ok(Some(wanted));
            }
            let misses_often = look > GUESSES && look % 2 == 0;
            if found.episode < episode {
                low = found;
                guess = ahead(found, episode, self.step);
            } else {
                high = position;
                let back = (found.episode - episode) as f64 * self.step;
                guess = position.saturating_sub(back.ceil() as u64);
            }
            if misses_often {
                guess = low.position + (high - low.position) / 2;
            }
        }
        Ok(None)
    }
}

/// Where an episode after `place` may stand.
fn ahead(place: Place, episode: u64, step: f64) -> u64 {
    place.position.saturating_add(((episode - place.episode) as f64 * step) as u64)
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    /// A journal of a curriculum whose outcomes stand at these positions; `None` counts for nothing.
    fn journal(outcomes: &[(u64, Option<u64>)]) -> Journal {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(include_str!("schema.sql")).unwrap();
        for &(position, episode) in outcomes {
            let result = if episode.is_some() { "infeasible" } else { "abandoned" };
            connection
                .execute(
                    "INSERT INTO tasks VALUES (7, ?1, ?1, '[0.5]', '', '', 'bootstrap', NULL, NULL, 1, 0, 0, 0)",
                    [position],
                )
                .unwrap();
            connection
                .execute(
                    "INSERT INTO outcomes (curriculum, task, position, episode, result, late, accepted_ms) \
                     VALUES (7, ?1, ?1, ?2, ?3, 0, 0)",
                    params![position, episode, result],
                )
                .unwrap();
        }
        Journal::new(connection)
    }

    /// Episodes at rising positions, by the distance of each to the one before; others are abandoned.
    fn at_distances(distances: impl IntoIterator<Item = (u64, bool)>) -> Vec<(u64, Option<u64>)> {
        let (mut position, mut episode) = (0, 0);
        let place = |(distance, counts): (u64, bool)| {
            position += distance;
            episode += u64::from(counts);
            (position, counts.then_some(episode))
        };
        distances.into_iter().map(place).collect()
    }

    #[test]
    fn every_episode_is_found_whatever_its_neighbours_distances() {
        let steady = vec![(2, true); 300];
        let gaps = (0..200).map(|index| (if index % 50 == 7 { 5000 } else { 1 + index % 3 }, true)).collect();
        let mostly_abandoned = (0..400).map(|index| (1, index % 97 == 5)).collect();
        let stretch = (0..300).map(|index| (2, !(100..250).contains(&index))).collect();
        for (name, distances) in [
            ("steady", steady),
            ("gaps", gaps),
            ("mostly abandoned", mostly_abandoned),
            ("a stretch of abandoned ones", stretch),
        ] {
            let outcomes = at_distances(distances);
            let journal = journal(&outcomes);
            let expected: Vec<(u64, u64)> =
                outcomes.iter().filter_map(|&(position, episode)| Some((episode?, position))).collect();
            let last = expected.last().unwrap().0;
            for &(episode, position) in &expected {
                assert_eq!(journal.position_of_episode(7, episode).unwrap(), Some(position), "{name}");
            }
            for absent in [0, last + 1, i64::MAX as u64, u64::MAX] {
                assert_eq!(journal.position_of_episode(7, absent).unwrap(), None, "{name}: {absent}");
            }
            for (from, before, most) in [(1, last + 1, 1), (1, last + 1, 3), (2, last, 7), (3, 9, 100)] {
                let EpisodePoints { points, every } = journal.points(7, from, before, most).unwrap();
                let wanted: Vec<(u64, u64)> = expected
                    .iter()
                    .copied()
                    .filter(|&(episode, _)| {
                        (from..before).contains(&episode) && episode.is_multiple_of(every)
                    })
                    .collect();
                let found: Vec<_> = points.iter().map(|point| (point.episode, point.task)).collect();
                assert_eq!(found, wanted, "{name}: {from}..{before} every {every}");
            }
        }
    }

    #[test]
    fn ranges_beyond_the_journal_are_empty() {
        let empty = EpisodePoints { points: Vec::new(), every: 1 };
        assert_eq!(journal(&[]).points(7, 1, u64::MAX, 1000).unwrap(), empty);
        assert_eq!(journal(&[(1, None)]).points(7, 0, u64::MAX, 1000).unwrap(), empty);
        let journal = journal(&at_distances([(2, true); 5]));
        for (from, before) in [(6, u64::MAX), (3, 3), (4, 2), (u64::MAX, u64::MAX), (0, 1), (0, 0)] {
            assert_eq!(journal.points(7, from, before, 1).unwrap(), empty, "{from}..{before}");
        }
        assert_eq!(journal.points(8, 0, u64::MAX, 9).unwrap(), empty);
        assert_eq!(journal.points(7, 0, u64::MAX, 9).unwrap().points.len(), 5);
    }

    #[test]
    fn the_least_thinning_that_suffices_is_taken() {
        for (from, before, most) in [
            (1_u64, 1_000_001, 1000),
            (1, 1001, 1000),
            (1, 1002, 1000),
            (5, 7, 1),
            (17, 5000, 3),
            (999, 1002, 2),
        ] {
            let count = |n: u64| (from..before).filter(|number| number % n == 0).count() as u64;
            let every = thinning(from, before, most);
            assert!(count(every) <= most && count(every) > 0, "{from}..{before}");
            assert!((1..every).rev().take(2000).all(|n| count(n) > most), "{from}..{before}: {every}");
        }
    }
}
