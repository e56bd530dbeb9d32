//! Where a teacher's students master tasks: the test set in parts from low stumps to high ones.

use magister_learner::{MASTERY_THRESHOLD, Space, TrackSpace};

use super::record::RunRecord;

/// Between them lie the parts; the last one is open. Half a unit at a time as far as students come.
const HEIGHTS: [f64; 5] = [0.0, 0.5, 1.0, 1.5, 2.0];

/// Test tasks whose stumps are about as high.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Part {
    /// Lowest and highest of their heights, `None` without an end.
    low: f64,
    high: Option<f64>,
    /// Their places in the test set.
    pub(super) tasks: Vec<usize>,
}

/// The parts of a space's test set that hold tasks; none where the tasks are not told by a height.
pub(super) fn of(space: &Space) -> Vec<Part> {
    if space.tracks() != TrackSpace::StumpTracks {
        return Vec::new();
    }
    let heights: Vec<f64> =
        space.test_set().iter().map(|task| task.f64("stump_height").unwrap_or(f64::NAN)).collect();
    let parts = HEIGHTS.iter().enumerate().map(|(place, &low)| {
        let high = HEIGHTS.get(place + 1).copied();
        let is_in = |height: f64| height >= low && high.is_none_or(|high| height < high);
        let tasks = (0..heights.len()).filter(|&task| is_in(heights[task])).collect();
        Part { low, high, tasks }
    });
    parts.filter(|part| !part.tasks.is_empty()).collect()
}

impl Part {
    /// What it is called in a table.
    pub(super) fn title(&self) -> String {
        let count = self.tasks.len();
        match self.high {
            Some(high) => format!("{} to {high} ({count})", self.low),
            None => format!("from {} ({count})", self.low),
        }
    }

    /// How much of it a run has mastered in the end, per cent: the mean of the last evaluations, as over the whole test set.
    pub(super) fn mastered_percent(&self, record: &RunRecord) -> Option<f64> {
        let last = record.last_evaluations(record.run.settings.steps);
        let mastered = last.iter().map(|evaluation| {
            let returns = self.tasks.iter().filter_map(|&task| evaluation.returns.get(task));
            returns.filter(|return_| **return_ > MASTERY_THRESHOLD).count()
        });
        let all = last.len() * self.tasks.len();
        (all > 0).then(|| 100.0 * mastered.sum::<usize>() as f64 / all as f64)
    }
}

#[cfg(test)]
mod tests {
    use magister_learner::Range;

    use super::*;

    #[test]
    fn each_test_task_is_in_one_part() {
        let published = Space::published(TrackSpace::StumpTracks);
        let higher = Range { dimension: "stump_height".to_owned(), low: 2.5, high: 5.0 };
        for (space, titles) in [
            (
                published.clone(),
                &["0 to 0.5 (11)", "0.5 to 1 (8)", "1 to 1.5 (9)", "1.5 to 2 (8)", "from 2 (14)"][..],
            ),
            (published.with_range(higher).unwrap(), &["from 2 (50)"]),
            (Space::published(TrackSpace::HexagonTracks), &[]),
            (Space::published(TrackSpace::Gymnasium), &[]),
        ] {
            let parts = of(&space);
            assert_eq!(parts.iter().map(Part::title).collect::<Vec<_>>(), titles);
            let mut tasks: Vec<usize> = parts.into_iter().flat_map(|part| part.tasks).collect();
            tasks.sort_unstable();
            assert!(tasks.is_empty() || tasks == (0..50).collect::<Vec<_>>());
        }
    }
}
