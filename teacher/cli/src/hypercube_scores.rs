//! Scores of teachers on the hypercube: those of the reference teachers, and the form in which ours are
//! written.
//!
//! The reference's scores come with the program (`reference/hypercube_scores.json`, measured with the
//! publication's own code and its default settings), so that a comparison needs no other file.

use anyhow::{Context, bail, ensure};
use serde::{Deserialize, Serialize};

/// Episodes between two scores of a run.
pub(crate) const EPISODES_BETWEEN_SCORES: u64 = 1_000;

const EMBEDDED: &str = include_str!("../reference/hypercube_scores.json");

/// A file of scores. Fields that nothing here needs are ignored when reading.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct HypercubeScores {
    /// One for each teacher, hypercube and seed.
    pub(crate) runs: Vec<HypercubeRun>,
}

/// The scores of one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct HypercubeRun {
    /// Name of the algorithm, as in the publication.
    pub(crate) teacher: String,
    /// All randomness followed from it.
    pub(crate) seed: u64,
    /// Relevant dimensions.
    pub(crate) dims: u32,
    /// Irrelevant dimensions.
    pub(crate) irrelevant: u32,
    /// Cells a side.
    pub(crate) cubes: u32,
    /// Length of the run.
    pub(crate) episodes: u64,
    /// Mastered cells in per cent, from before the first episode on.
    pub(crate) mastered_percent_every_1000_episodes: Vec<f64>,
}

/// What the runs of a comparison have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Configuration<'a> {
    /// Name of the algorithm, as in the publication.
    pub(crate) teacher: &'a str,
    /// Relevant dimensions.
    pub(crate) dims: u32,
    /// Irrelevant dimensions.
    pub(crate) irrelevant: u32,
    /// Cells a side.
    pub(crate) cubes: u32,
}

impl HypercubeScores {
    /// The scores that come with the program.
    pub(crate) fn embedded() -> anyhow::Result<Self> {
        serde_json::from_str(EMBEDDED).context("the scores that come with the program are damaged")
    }

    /// Checks that every run has its scores, all of them percentages.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        ensure!(!self.runs.is_empty(), "`runs` is empty");
        for (index, run) in self.runs.iter().enumerate() {
            let scores = &run.mastered_percent_every_1000_episodes;
            let expected = run.episodes / EPISODES_BETWEEN_SCORES + 1;
            if scores.len() as u64 != expected {
                bail!("run {index} has {} scores; {} episodes have {expected}", scores.len(), run.episodes);
            }
            if let Some(score) = scores.iter().find(|score| !(0.0..=100.0).contains(*score)) {
                bail!("run {index} has the score {score}, which is no percentage");
            }
        }
        Ok(())
    }

    /// The scores after so many episodes of all runs that got as far; empty where none was measured then.
    pub(crate) fn after(&self, episodes: u64, configuration: &Configuration<'_>) -> Vec<f64> {
        if !episodes.is_multiple_of(EPISODES_BETWEEN_SCORES) {
            return Vec::new();
        }
        let position = (episodes / EPISODES_BETWEEN_SCORES) as usize;
        let runs = self.runs.iter().filter(|run| run.configuration() == *configuration);
        runs.filter_map(|run| run.mastered_percent_every_1000_episodes.get(position).copied()).collect()
    }
}

impl HypercubeRun {
    fn configuration(&self) -> Configuration<'_> {
        let Self { teacher, dims, irrelevant, cubes, .. } = self;
        Configuration { teacher, dims: *dims, irrelevant: *irrelevant, cubes: *cubes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::welch::Summary;

    #[test]
    fn the_embedded_scores_are_those_of_the_reference() {
        let scores = HypercubeScores::embedded().unwrap();
        scores.check().unwrap();
        for (teacher, dims, irrelevant, cubes, count, mean, deviation) in [
            ("Random", 2, 0, 10, 30, 4.3, 0.7),
            ("ALP-GMM", 2, 0, 10, 30, 35.5, 2.7),
            ("ALP-GMM", 2, 4, 10, 30, 52.4, 2.2),
            ("ALP-GMM", 3, 0, 5, 30, 42.7, 3.2),
        ] {
            let configuration = Configuration { teacher, dims, irrelevant, cubes };
            let summary = Summary::of(&scores.after(20_000, &configuration)).unwrap();
            assert_eq!(summary.count, count);
            assert!((summary.mean - mean).abs() <= 0.06, "{configuration:?}: {summary:?}");
            assert!((summary.standard_deviation - deviation).abs() <= 0.06, "{configuration:?}: {summary:?}");
        }
    }

    #[test]
    fn scores_are_taken_only_where_they_were_measured() {
        let scores = HypercubeScores::embedded().unwrap();
        let known = Configuration { teacher: "Random", dims: 2, irrelevant: 0, cubes: 10 };
        for (episodes, count) in [(0, 30), (1_000, 30), (20_000, 30), (1_500, 0), (21_000, 0)] {
            assert_eq!(scores.after(episodes, &known).len(), count, "{episodes}");
        }
        assert!(scores.after(1_000, &Configuration { cubes: 11, ..known.clone() }).is_empty());
        assert!(scores.after(1_000, &Configuration { teacher: "random", ..known }).is_empty());
    }

    #[test]
    fn wrong_scores_are_told() {
        let run = |episodes, scores: &[f64]| HypercubeRun {
            teacher: "Random".to_owned(),
            seed: 1,
            dims: 2,
            irrelevant: 0,
            cubes: 10,
            episodes,
            mastered_percent_every_1000_episodes: scores.to_vec(),
        };
        for (runs, message) in [
            (vec![], "`runs` is empty"),
            (vec![run(1_000, &[0.0])], "run 0 has 1 scores; 1000 episodes have 2"),
            (vec![run(999, &[0.0]), run(0, &[101.0])], "run 1 has the score 101, which is no percentage"),
        ] {
            assert_eq!(HypercubeScores { runs }.check().unwrap_err().to_string(), message);
        }
    }
}
