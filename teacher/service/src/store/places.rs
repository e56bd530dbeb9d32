//! Episodes by their numbers: where they stand in the journal, and what they are as points of the space.
//!
//! Only positions are indexed. But numbers and positions rise together, mostly by the same step, so that a position is
//! guessed and found after a few looks.

use magister_core::space::Task;
use rusqlite::{OptionalExtension, Row, params};

use super::{
    Journal, StoreError,
    rows::{self, Json},
};
use crate::records::{CurriculumKey, TaskSource};

/// Guesses that may miss before every other look halves what is left.
const GUESSES: u32 = 4;
/// Columns of a point, in the order of [`point`].
const POINT: &str = "o.episode, o.task, o.played, o.episode_return, o.alp, \
     t.\"values\", t.origin, t.origin_fit, t.origin_component, t.origin_probability";

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
struct Place {
    position: u64,
    episode: u64,
}

/// Episodes of a range.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum PointsFound {
    /// All there are.
    All(Vec<EpisodePoint>),
    /// They are too many: those of `numbers`, every n-th, are to be taken.
    TooMany { numbers: Vec<u64>, every: u64 },
}

impl Journal {
    /// Position of the episode with this number; `None` where there is no such.
    pub(crate) fn position_of_episode(
        &self,
        curriculum: CurriculumKey,
        episode: u64,
    ) -> Result<Option<u64>, StoreError> {
        let Some(last) = self.last_place(curriculum)?.filter(|last| (1..=last.episode).contains(&episode))
        else {
            return Ok(None);
        };
        let mut statement = self.connection.prepare_cached(
            "SELECT position, episode FROM outcomes WHERE curriculum = ?1 AND position >= ?2 AND episode IS NOT NULL \
             ORDER BY position LIMIT 1",
        )?;
        let step = last.position as f64 / last.episode as f64;
        let ahead = |place: Place| place.position + ((episode - place.episode) as f64 * step) as u64;
        // Wanted: a position above that of `low` and below `high`.
        let (mut low, mut high) = (Place { position: 0, episode: 0 }, last.position + 1);
        let mut guess = ahead(low);
        for look in 1.. {
            let position = guess.clamp(low.position + 1, high - 1);
            let found = statement.query_row(params![curriculum, position], place)?;
            if found.episode == episode {
                return Ok(Some(found.position));
            }
            if found.episode < episode {
                low = found;
                guess = ahead(low);
            } else {
                high = position;
                let back = (found.episode - episode) as f64 * step;
                guess = position.saturating_sub(back.ceil() as u64);
            }
            if low.position + 1 >= high {
                break;
            }
            if look > GUESSES && look % 2 == 0 {
                guess = low.position + (high - low.position) / 2;
            }
        }
        Ok(None)
    }

    /// Episodes with numbers from `from` to below `before`: all, unless they are more than `most`; then numbers of every
    /// n-th, with the least n that makes them as few.
    pub(crate) fn points(
        &self,
        curriculum: CurriculumKey,
        from: u64,
        before: u64,
        most: u64,
    ) -> Result<PointsFound, StoreError> {
        let (from, before) = (from.max(1), before.min(self.last_episode(curriculum)? + 1));
        if from >= before {
            return Ok(PointsFound::All(Vec::new()));
        }
        let every = thinning(from, before, most);
        if every > 1 {
            let multiples = from.div_ceil(every)..before.div_ceil(every);
            return Ok(PointsFound::TooMany { numbers: multiples.map(|n| n * every).collect(), every });
        }
        let first = self.position_of_episode(curriculum, from)?;
        // A cross join keeps SQLite from walking the tasks first.
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {POINT} FROM outcomes o CROSS JOIN tasks t ON t.curriculum = o.curriculum AND t.number = o.task \
             WHERE o.curriculum = ?1 AND o.position >= ?2 AND o.episode IS NOT NULL ORDER BY o.position LIMIT ?3"
        ))?;
        let rows = statement.query_map(params![curriculum, first, before - from], point)?;
        Ok(PointsFound::All(rows.collect::<Result<_, _>>()?))
    }

    /// The episodes of these tasks.
    pub(crate) fn points_of_tasks(
        &self,
        curriculum: CurriculumKey,
        tasks: &[u64],
    ) -> Result<Vec<EpisodePoint>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {POINT} FROM outcomes o CROSS JOIN tasks t ON t.curriculum = o.curriculum AND t.number = o.task \
             WHERE o.curriculum = ?1 AND o.task = ?2"
        ))?;
        let point = |task: &u64| Ok(statement.query_row(params![curriculum, task], point)?);
        tasks.iter().map(point).collect()
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
        Ok(statement.query_row([curriculum], place).optional()?)
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

fn place(row: &Row<'_>) -> rusqlite::Result<Place> {
    Ok(Place { position: row.get(0)?, episode: row.get(1)? })
}

/// Reads a point from [`POINT`].
fn point(row: &Row<'_>) -> rusqlite::Result<EpisodePoint> {
    let played = match row.get::<_, Option<Json<Task>>>(2)? {
        Some(Json(played)) => played,
        None => row.get::<_, Json<Task>>(5)?.0,
    };
    Ok(EpisodePoint {
        episode: row.get(0)?,
        task: row.get(1)?,
        played,
        episode_return: row.get(3)?,
        alp: row.get(4)?,
        source: rows::source(row, 6)?,
    })
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
            for (from, before) in [(1, last + 1), (2, last), (3, 9)] {
                let wanted: Vec<(u64, u64)> = expected
                    .iter()
                    .copied()
                    .filter(|(episode, _)| (from..before).contains(episode))
                    .collect();
                let PointsFound::All(points) = journal.points(7, from, before, 400).unwrap() else {
                    panic!("{name}: there are not so many");
                };
                let found: Vec<_> = points.iter().map(|point| (point.episode, point.task)).collect();
                assert_eq!(found, wanted, "{name}: {from}..{before}");
                let tasks: Vec<u64> = wanted.iter().map(|&(_, task)| task).collect();
                assert_eq!(journal.points_of_tasks(7, &tasks).unwrap(), points, "{name}");
            }
            let numbers = (1..=last / 3).map(|number| 3 * number).collect();
            let thinned = journal.points(7, 2, last + 1, last / 3).unwrap();
            assert!(last < 6 || thinned == PointsFound::TooMany { numbers, every: 3 }, "{name}: {thinned:?}");
        }
    }

    #[test]
    fn ranges_beyond_the_journal_are_empty() {
        let empty = PointsFound::All(Vec::new());
        assert_eq!(journal(&[]).points(7, 1, u64::MAX, 1000).unwrap(), empty);
        assert_eq!(journal(&[(1, None)]).points(7, 0, u64::MAX, 1000).unwrap(), empty);
        let journal = journal(&at_distances([(2, true); 5]));
        for (from, before) in [(6, u64::MAX), (3, 3), (4, 2), (u64::MAX, u64::MAX), (0, 1), (0, 0)] {
            assert_eq!(journal.points(7, from, before, 1).unwrap(), empty, "{from}..{before}");
        }
        assert_eq!(journal.points(8, 0, u64::MAX, 9).unwrap(), empty);
        assert!(matches!(journal.points(7, 0, u64::MAX, 9), Ok(PointsFound::All(all)) if all.len() == 5));
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
