//! The history against plain comparison with every episode, and against the reference's recorded ALP.

use proptest::prelude::*;

use super::{AlpComputer, Neighbour, NeighbourIndex, largest_alp_difference};

/// A history kept as a plain list.
#[derive(Default)]
struct PlainHistory {
    episodes: Vec<(Vec<f64>, u64, f64)>,
}

impl PlainHistory {
    fn nearest(&self, query: &[f64], oldest_episode: u64) -> Option<Neighbour> {
        let alive = self.episodes.iter().filter(|(_, episode, _)| *episode >= oldest_episode);
        let neighbours = alive.map(|(point, episode, return_)| Neighbour {
            episode: *episode,
            return_: *return_,
            squared_distance: squared_distance(point, query),
        });
        neighbours.min_by(|left, right| {
            let by_distance = left.squared_distance.total_cmp(&right.squared_distance);
            by_distance.then(right.episode.cmp(&left.episode))
        })
    }
}

fn squared_distance(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).fold(0.0, |sum, (left, right)| sum + (left - right) * (left - right))
}

/// Kinds of task sequences, each with its own way of making trouble for a kd-tree.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Uniform,
    Clipped,
    IntegerGrid,
    Repeated,
    Sorted,
    AllEqual,
    SignedZeros,
    Huge,
    DriftingCluster,
    NeighbouringNumbers,
}

const KINDS: [Kind; 10] = [
    Kind::Uniform,
    Kind::Clipped,
    Kind::IntegerGrid,
    Kind::Repeated,
    Kind::Sorted,
    Kind::AllEqual,
    Kind::SignedZeros,
    Kind::Huge,
    Kind::DriftingCluster,
    Kind::NeighbouringNumbers,
];

/// A sequence of tasks made from unstructured `numbers` in 0..1, `width` for each task.
fn tasks(kind: Kind, width: usize, numbers: &[f64]) -> Vec<Vec<f64>> {
    let raw = numbers.chunks_exact(width);
    let mut tasks: Vec<Vec<f64>> = raw
        .enumerate()
        .map(|(task, numbers)| {
            let coordinate = |number: f64| match kind {
                Kind::Uniform | Kind::Sorted => number,
                Kind::Clipped => (number * 3.0 - 1.0).clamp(0.0, 1.0),
                Kind::IntegerGrid => ((number * 4.0).floor() + 0.5) / 4.0,
                Kind::Repeated => (number * 1.6).floor(),
                Kind::AllEqual => 0.25,
                Kind::SignedZeros => [-0.0, 0.0, 1.0, -1.0][(number * 4.0) as usize],
                Kind::Huge => (number - 0.5) * 1e300_f64.powf((number * 97.0).fract() * 2.0 - 1.0),
                Kind::DriftingCluster => number * 0.01 + task as f64 * 0.001,
                Kind::NeighbouringNumbers => f64::from_bits(0.4_f64.to_bits() + (number * 5.0) as u64),
            };
            numbers.iter().map(|&number| coordinate(number)).collect()
        })
        .collect();
    if matches!(kind, Kind::Sorted) {
        tasks.sort_by(|left, right| left[0].total_cmp(&right[0]));
    }
    tasks
}

/// Task sequences of up to 700 tasks; half of them end on some of their own first tasks, played again.
fn sequences() -> impl Strategy<Value = (usize, Vec<Vec<f64>>)> {
    (1..14_usize, prop::sample::select(&KINDS[..]), 1..700_usize, any::<bool>()).prop_flat_map(
        |(width, kind, count, replay)| {
            prop::collection::vec(0.0..1.0_f64, width * count).prop_map(move |numbers| {
                let mut tasks = tasks(kind, width, &numbers);
                if replay {
                    tasks.extend_from_within(..count / 3);
                }
                (width, tasks)
            })
        },
    )
}

fn bits(neighbour: Option<Neighbour>) -> Option<(u64, u64, u64)> {
    neighbour.map(|found| (found.episode, found.return_.to_bits(), found.squared_distance.to_bits()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_answer_equals_plain_comparison((width, tasks) in sequences(), limit in 1..200_u64) {
        let mut index = NeighbourIndex::new(width);
        let mut plain = PlainHistory::default();
        for (episode, task) in (0_u64..).zip(&tasks) {
            for oldest in [0, episode.saturating_sub(limit)] {
                prop_assert_eq!(bits(index.nearest(task, oldest)), bits(plain.nearest(task, oldest)));
            }
            index.insert(task, episode, episode as f64 / 3.0);
            plain.episodes.push((task.clone(), episode, episode as f64 / 3.0));
        }
        let mut distinct: Vec<Vec<u64>> =
            tasks.iter().map(|task| task.iter().map(|x| (x + 0.0).to_bits()).collect()).collect();
        distinct.sort();
        distinct.dedup();
        prop_assert_eq!(index.len(), distinct.len());
    }

    #[test]
    fn bulk_built_and_forgetful_indexes_answer_alike((width, tasks) in sequences(), cut in 0.0..1.0_f64) {
        let cut = (tasks.len() as f64 * cut) as usize;
        let entries = || (0_u64..).zip(&tasks).map(|(episode, task)| (task, episode, episode as f64 * 0.7));
        let mut incremental = NeighbourIndex::new(width);
        entries().for_each(|(task, episode, return_)| incremental.insert(task, episode, return_));
        let bulk = NeighbourIndex::from_entries(width, entries());
        let mut mixed = NeighbourIndex::from_entries(width, entries().take(cut));
        entries().skip(cut).for_each(|(task, episode, return_)| mixed.insert(task, episode, return_));
        // Neither the order of arrival nor an outdated entry changes anything.
        let mut backwards: Vec<_> = entries().collect();
        backwards.reverse();
        let reversed_bulk = NeighbourIndex::from_entries(width, backwards.iter().copied());
        let mut reversed = NeighbourIndex::new(width);
        backwards.iter().for_each(|(task, episode, return_)| reversed.insert(task, *episode, *return_));
        let mut forgetful = incremental.clone();
        forgetful.forget_before(cut as u64);
        for task in &tasks {
            let query: Vec<f64> = task.iter().map(|x| x * 0.99 + 0.003).collect();
            for query in [task, &query] {
                let expected = bits(incremental.nearest(query, 0));
                prop_assert_eq!(bits(bulk.nearest(query, 0)), expected);
                prop_assert_eq!(bits(mixed.nearest(query, 0)), expected);
                prop_assert_eq!(bits(reversed_bulk.nearest(query, 0)), expected);
                prop_assert_eq!(bits(reversed.nearest(query, 0)), expected);
                let alive = bits(incremental.nearest(query, cut as u64));
                prop_assert_eq!(bits(forgetful.nearest(query, 0)), alive);
            }
        }
        prop_assert_eq!(bulk.len(), incremental.len());
        prop_assert_eq!(reversed_bulk.len(), incremental.len());
    }

    #[test]
    fn progress_equals_plain_comparison((width, tasks) in sequences(), limit in prop::option::of(0..90_u64)) {
        let mut computer = AlpComputer::new(width, limit);
        let mut plain = PlainHistory::default();
        for (episode, task) in (0_u64..).zip(&tasks) {
            let return_ = (episode as f64).sin();
            let stored = limit.map_or(episode, |limit| limit.min(episode));
            let expected = if stored > 5 { plain.nearest(task, episode - stored) } else { None };
            let progress = computer.observe(episode, task, return_);
            prop_assert_eq!(bits(progress.neighbour), bits(expected));
            let alp = expected.map_or(0.0, |expected| (return_ - expected.return_).abs());
            prop_assert_eq!(progress.alp.to_bits(), alp.to_bits());
            plain.episodes.push((task.clone(), episode, return_));
            if let Some(limit) = limit {
                prop_assert!(computer.index().len() as u64 <= (2 * limit).max(64));
            }
        }
        prop_assert_eq!(computer.episodes(), tasks.len() as u64);
    }

    #[test]
    fn a_restored_computer_continues_identically(
        (width, tasks) in sequences(), cut in 0.0..1.0_f64, limit in prop::option::of(0..90_u64),
    ) {
        let cut = (tasks.len() as f64 * cut) as usize;
        let mut original = AlpComputer::new(width, limit);
        let played = || tasks[..cut].iter().enumerate().map(|(episode, task)| (episode as u64, task, (episode as f64).cos()));
        played().for_each(|(episode, task, return_)| { original.observe(episode, task, return_); });
        let mut restored = AlpComputer::from_episodes(width, limit, played());
        prop_assert_eq!(restored.episodes(), original.episodes());
        for (episode, task) in tasks.iter().enumerate().skip(cut) {
            let return_ = (episode as f64).cos();
            let episode = episode as u64;
            prop_assert_eq!(restored.observe(episode, task, return_), original.observe(episode, task, return_));
        }
    }
}

#[test]
fn an_empty_index_has_no_nearest_task() {
    assert_eq!(NeighbourIndex::new(3).nearest(&[0.0; 3], 0), None);
    let nothing: [(Vec<f64>, u64, f64); 0] = [];
    let index = NeighbourIndex::from_entries(3, nothing);
    assert!(index.is_empty());
    assert_eq!(index.nearest(&[0.0; 3], 0), None);
}

#[test]
fn a_repeated_task_keeps_its_latest_return() {
    let mut index = NeighbourIndex::new(2);
    index.insert(&[0.0, 0.5], 4, 1.0);
    index.insert(&[-0.0, 0.5], 7, 2.0);
    index.insert(&[0.0, 0.5], 5, 3.0);
    assert_eq!(index.len(), 1);
    let expected = Neighbour { episode: 7, return_: 2.0, squared_distance: 0.0 };
    assert_eq!(index.nearest(&[0.0, 0.5], 0), Some(expected));
    assert_eq!(index.nearest(&[0.0, 0.5], 8), None);
}

#[test]
fn the_latest_of_equally_distant_tasks_is_nearest() {
    let corners = [[0.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, 0.0]];
    let mut index = NeighbourIndex::new(2);
    for episode in 0..400_u64 {
        index.insert(&corners[episode as usize * 7 % 4], episode, 0.0);
        assert_eq!(index.nearest(&[0.5, 0.5], 0).map(|found| found.episode), Some(episode));
    }
    assert_eq!(index.len(), 4);
}

/// Orders that unbalance a tree without rebuilding: the work per query must not grow with the length of the
/// history.
#[test]
fn sorted_tasks_leave_the_tree_shallow() {
    for width in [1, 3] {
        let mut index = NeighbourIndex::new(width);
        for episode in 0..100_000_u32 {
            index.insert(&vec![f64::from(episode); width], u64::from(episode), 0.0);
        }
        assert!(index.depth() <= 24, "depth {} at width {width}", index.depth());
    }
}

/// Most tasks share one coordinate or another, so that few planes halve them.
#[test]
fn tasks_on_the_axes_leave_the_tree_shallow() {
    let mut index = NeighbourIndex::new(8);
    for episode in 0..50_000_u32 {
        let mut task = [0.0; 8];
        task[episode as usize % 8] = f64::from(episode) / 50_000.0;
        index.insert(&task, u64::from(episode), 0.0);
    }
    assert!(index.depth() <= 40, "depth {}", index.depth());
}

#[test]
#[should_panic(expected = "finite")]
fn a_coordinate_that_is_not_a_number_is_refused() {
    NeighbourIndex::new(1).insert(&[f64::NAN], 0, 0.0);
}

#[test]
#[should_panic(expected = "as many coordinates")]
fn a_task_of_another_width_is_refused() {
    let _ = NeighbourIndex::new(2).nearest(&[0.0], 0);
}

#[test]
#[should_panic(expected = "the return of an episode is finite")]
fn an_infinite_return_is_refused() {
    AlpComputer::new(1, None).remember(0, &[0.0], f64::INFINITY);
}

#[test]
fn progress_equals_the_reference() {
    for dimensions in [2, 12] {
        let path =
            format!("{}/../../tests/reference/alp_trace_d{dimensions}.json", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).expect("the reference trace is part of the repository");
        #[derive(serde::Deserialize)]
        struct Trace {
            episodes: Vec<(Vec<f64>, f64, f64)>,
        }
        let trace: Trace = serde_json::from_str(&text).expect("the reference trace is valid");
        assert!(trace.episodes.len() > 1000);
        assert!(trace.episodes.iter().all(|(task, ..)| task.len() == dimensions));
        let difference = largest_alp_difference(trace.episodes);
        assert!(difference <= 1e-12, "largest difference of {path}: {difference}");
    }
}

#[test]
fn a_wrong_alp_shows_as_difference() {
    let episodes = |expected: f64| (0..8).map(move |task| ([f64::from(task)], f64::from(task), expected));
    assert_eq!(largest_alp_difference(episodes(0.0)).to_bits(), 1.0_f64.to_bits());
    assert!(largest_alp_difference(episodes(f64::NAN)).is_nan());
    assert_eq!(largest_alp_difference(episodes(0.0).take(0)).to_bits(), 0.0_f64.to_bits());
}
