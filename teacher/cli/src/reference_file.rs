//! Files of reference data, recognised by what they contain.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, bail, ensure};
use magister_core::mixture::reference::ReferenceWindows;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::hypercube_scores::HypercubeScores;

/// Most axes of a task space.
const MAX_DIMS: usize = magister_core::space::MAX_AXES;

/// A file of reference data, checked.
#[derive(Clone, Debug)]
pub(crate) enum ReferenceFile {
    /// Episodes with their ALP.
    AlpTrace(AlpTrace),
    /// Windows of points with scikit-learn's fits of them.
    MixtureWindows(ReferenceWindows),
    /// Scores of teachers on the hypercube.
    HypercubeScores(HypercubeScores),
    /// Places of the Oracle teacher's window.
    OracleWindows(OracleWindows),
    /// Tasks on which students are evaluated.
    TestSets(TestSets),
}

/// Episodes with the ALP that the reference computed. Fields that nothing here needs are ignored, here and
/// below.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct AlpTrace {
    /// Numbers in a task.
    pub(crate) dims: usize,
    /// Task, return, ALP; in their order.
    pub(crate) episodes: Vec<(Vec<f64>, f64, f64)>,
}

/// Returns, and where they put the Oracle teacher's window.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct OracleWindows {
    /// In their order.
    pub(crate) returns: Vec<f64>,
    /// Returns so far, lower corner.
    pub(crate) windows: Vec<(u64, Vec<f64>)>,
}

/// Named lists of tasks.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct TestSets {
    /// Each task by the names of its dimensions.
    pub(crate) sets: BTreeMap<String, Vec<serde_json::Map<String, Value>>>,
}

/// How a kind is called, and the fields that only it has together.
const KINDS: [(Kind, &str, &[&str]); 5] = [
    (Kind::AlpTrace, "ALP trace", &["dims", "columns", "episodes"]),
    (Kind::MixtureWindows, "mixture windows", &["dims", "settings", "cases"]),
    (Kind::HypercubeScores, "hypercube scores", &["runs"]),
    (Kind::OracleWindows, "Oracle windows", &["window_step", "returns", "windows"]),
    (Kind::TestSets, "test sets", &["sets"]),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    AlpTrace,
    MixtureWindows,
    HypercubeScores,
    OracleWindows,
    TestSets,
}

impl ReferenceFile {
    /// Reads a file, finds out what it is, and checks its shape. The message of an error leaves the file's
    /// name to the caller.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        Self::parse(&fs::read(path).context("cannot be read")?)
    }

    /// What it is, for people.
    pub(crate) fn kind_name(&self) -> &'static str {
        let kind = match self {
            Self::AlpTrace(_) => Kind::AlpTrace,
            Self::MixtureWindows(_) => Kind::MixtureWindows,
            Self::HypercubeScores(_) => Kind::HypercubeScores,
            Self::OracleWindows(_) => Kind::OracleWindows,
            Self::TestSets(_) => Kind::TestSets,
        };
        let (_, name, _) = KINDS.iter().find(|(other, ..)| *other == kind).expect("every kind is listed");
        name
    }

    fn parse(bytes: &[u8]) -> anyhow::Result<Self> {
        if bytes.starts_with(&[0x1f, 0x8b]) {
            bail!("is compressed with gzip, which this release does not read: unpack it first");
        }
        let text = std::str::from_utf8(bytes).context("is not JSON: it is not text in UTF-8")?;
        let value: Value = serde_json::from_str(text).context("is not JSON")?;
        let has = |field: &&str| value.get(*field).is_some();
        let Some((kind, name, _)) = KINDS.iter().find(|(_, _, fields)| fields.iter().all(has)) else {
            let known: Vec<String> =
                KINDS.iter().map(|(_, name, fields)| format!("{name} ({})", fields.join(", "))).collect();
            bail!("is of no known kind; known, with the fields that tell them, are {}", known.join("; "));
        };
        Self::parse_kind(*kind, text).with_context(|| format!("is no correct file of the kind {name}"))
    }

    fn parse_kind(kind: Kind, text: &str) -> anyhow::Result<Self> {
        // From the text once more, so that errors name their line.
        fn read<T: DeserializeOwned>(text: &str) -> anyhow::Result<T> {
            Ok(serde_json::from_str(text)?)
        }
        Ok(match kind {
            Kind::AlpTrace => {
                let trace: AlpTrace = read(text)?;
                trace.check()?;
                Self::AlpTrace(trace)
            }
            Kind::MixtureWindows => {
                let windows = read(text)?;
                check_windows(&windows)?;
                Self::MixtureWindows(windows)
            }
            Kind::HypercubeScores => {
                let scores: HypercubeScores = read(text)?;
                scores.check()?;
                Self::HypercubeScores(scores)
            }
            Kind::OracleWindows => Self::OracleWindows(read(text)?),
            Kind::TestSets => Self::TestSets(read(text)?),
        })
    }
}

impl AlpTrace {
    fn check(&self) -> anyhow::Result<()> {
        check_dims(self.dims)?;
        ensure!(!self.episodes.is_empty(), "`episodes` is empty");
        for (index, (task, ..)) in self.episodes.iter().enumerate() {
            ensure!(
                task.len() == self.dims,
                "the task of episode {index} has {} numbers instead of {}",
                task.len(),
                self.dims
            );
        }
        Ok(())
    }
}

fn check_windows(windows: &ReferenceWindows) -> anyhow::Result<()> {
    check_dims(windows.dims)?;
    ensure!(!windows.cases.is_empty(), "`cases` is empty");
    for (index, case) in windows.cases.iter().enumerate() {
        ensure!(!case.points.is_empty(), "case {index} has no points");
        for (point, numbers) in case.points.iter().enumerate() {
            ensure!(
                numbers.len() == windows.dims + 1,
                "point {point} of case {index} has {} numbers instead of {}",
                numbers.len(),
                windows.dims + 1
            );
        }
        ensure!(!case.components.is_empty(), "case {index} has no `components`");
        ensure!(
            case.components.windows(2).all(|pair| pair[0] + 1 == pair[1]),
            "the `components` of case {index} do not rise one by one"
        );
        ensure!(
            !case.chosen_log_likelihood_per_sample_per_seed.is_empty(),
            "case {index} has no `chosen_log_likelihood_per_sample_per_seed`"
        );
    }
    Ok(())
}

fn check_dims(dims: usize) -> anyhow::Result<()> {
    ensure!((1..=MAX_DIMS).contains(&dims), "`dims` is {dims}; it must lie between 1 and {MAX_DIMS}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> String {
        format!("{:#}", ReferenceFile::parse(text.as_bytes()).unwrap_err())
    }

    #[test]
    fn kinds_are_told_by_content() {
        for (text, name) in [
            (r#"{"dims":1,"columns":[],"episodes":[[[0.5],1,0]]}"#, "ALP trace"),
            (r#"{"window_step":[],"returns":[1],"windows":[[50,[0.5,0.5]]]}"#, "Oracle windows"),
            (r#"{"sets":{"a":[{"x":1.5}]}}"#, "test sets"),
            (include_str!("../reference/hypercube_scores.json"), "hypercube scores"),
            (include_str!("../../../tests/reference/gmm_windows_d12.json"), "mixture windows"),
        ] {
            assert_eq!(ReferenceFile::parse(text.as_bytes()).unwrap().kind_name(), name);
        }
    }

    #[test]
    fn what_is_no_reference_is_refused() {
        for (text, expected) in [
            ("", "is not JSON: EOF while parsing"),
            ("{", "is not JSON: EOF while parsing"),
            ("null", "is of no known kind; known"),
            ("[1, 2]", "is of no known kind; known"),
            (r#"{"x": 1}"#, "ALP trace (dims, columns, episodes); mixture windows"),
            ("\u{1f}\u{8b}", "is not JSON"),
        ] {
            let message = message(text);
            assert!(message.contains(expected), "{message}");
        }
        for (bytes, expected) in [(&[0x1f, 0x8b, 8][..], "compressed with gzip"), (&[0xff, 0xfe], "UTF-8")] {
            let message = format!("{:#}", ReferenceFile::parse(bytes).unwrap_err());
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn wrong_shapes_are_told() {
        let trace =
            |dims: &str, episodes: &str| format!(r#"{{"dims":{dims},"columns":[],"episodes":{episodes}}}"#);
        let windows = |points: &str, components: &str, likelihoods: &str| {
            format!(
                r#"{{"dims":1,"settings":{{"reg_covar":1e-6,"tol":1e-3,"n_init":1,"max_iter":100}},
                    "cases":[{{"episode":5,"points":{points},"components":{components},"best_aic_mean":0,
                    "best_aic_std":1,"chosen_log_likelihood_per_sample_per_seed":{likelihoods}}}]}}"#
            )
        };
        for (text, expected) in [
            (trace("0", "[[[],1,0]]"), "is no correct file of the kind ALP trace: `dims` is 0"),
            (trace("65", "[]"), "`dims` is 65"),
            (trace("-1", "[]"), "invalid value: integer `-1`"),
            (trace("1", "[]"), "`episodes` is empty"),
            (trace("1", "[[[1],2,0],[[1,2],2,0]]"), "the task of episode 1 has 2 numbers instead of 1"),
            (trace("1", "[[[1],2]]"), "at line 1"),
            (trace("1", r#"[[[1],"2",0]]"#), r#"invalid type: string "2""#),
            (trace("1", "[[[1e999],2,0]]"), "number out of range"),
            (windows("[]", "[2]", "[1]"), "case 0 has no points"),
            (windows("[[1,2],[3]]", "[2]", "[1]"), "point 1 of case 0 has 1 numbers instead of 2"),
            (windows("[[1,2]]", "[]", "[1]"), "case 0 has no `components`"),
            (windows("[[1,2]]", "[2,4]", "[1]"), "the `components` of case 0 do not rise one by one"),
            (windows("[[1,2]]", "[2]", "[]"), "case 0 has no `chosen_log_likelihood"),
            (r#"{"runs":[{"teacher":"Random"}]}"#.to_owned(), "missing field `seed`"),
            (r#"{"sets":[]}"#.to_owned(), "is no correct file of the kind test sets"),
        ] {
            let message = message(&text);
            assert!(message.contains(expected), "{message}");
        }
    }
}
