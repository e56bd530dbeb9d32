//! Files of reference data, recognised by what they contain.

use std::{borrow::Cow, collections::BTreeMap, fs, io::Read, path::Path};

use anyhow::{Context, bail, ensure};
use flate2::bufread::MultiGzDecoder;
use magister_core::mixture::reference::ReferenceWindows;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    hypercube_scores::HypercubeScores,
    trajectory::{RecordedTrajectory, Trajectory},
};

/// Most bytes to which a compressed file may unpack: a hundred times what the longest trajectory takes.
const MAX_UNPACKED_BYTES: u64 = 512 << 20;

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
    /// A walker's way over a track.
    WalkerTrajectory(Trajectory),
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
    /// Low end of each axis.
    pub(crate) mins: Vec<f64>,
    /// High end of each axis.
    pub(crate) maxs: Vec<f64>,
    /// How far the window moves along each axis, in its units.
    pub(crate) window_step: Vec<f64>,
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
const KINDS: [(Kind, &str, &[&str]); 6] = [
    (Kind::AlpTrace, "ALP trace", &["dims", "columns", "episodes"]),
    (Kind::MixtureWindows, "mixture windows", &["dims", "settings", "cases"]),
    (Kind::HypercubeScores, "hypercube scores", &["runs"]),
    (Kind::OracleWindows, "Oracle windows", &["window_step", "returns", "windows"]),
    (Kind::TestSets, "test sets", &["sets"]),
    (Kind::WalkerTrajectory, "walker trajectory", &["walker", "steps"]),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    AlpTrace,
    MixtureWindows,
    HypercubeScores,
    OracleWindows,
    TestSets,
    WalkerTrajectory,
}

impl ReferenceFile {
    /// Reads a file, compressed with gzip or not, finds out what it is, and checks its shape. The message of an error leaves the file's
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
            Self::WalkerTrajectory(_) => Kind::WalkerTrajectory,
        };
        let (_, name, _) = KINDS.iter().find(|(other, ..)| *other == kind).expect("every kind is listed");
        name
    }

    fn parse(bytes: &[u8]) -> anyhow::Result<Self> {
        let bytes = unpacked(bytes, MAX_UNPACKED_BYTES)?;
        let text = std::str::from_utf8(&bytes).context("is not JSON: it is not text in UTF-8")?;
        let value: Value = read(text).context("is not JSON")?;
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
            Kind::OracleWindows => {
                let windows: OracleWindows = read(text)?;
                windows.check()?;
                Self::OracleWindows(windows)
            }
            Kind::TestSets => Self::TestSets(read(text)?),
            Kind::WalkerTrajectory => {
                let recorded: RecordedTrajectory = read(text)?;
                Self::WalkerTrajectory(recorded.checked()?)
            }
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

impl OracleWindows {
    fn check(&self) -> anyhow::Result<()> {
        let axes = self.window_step.len();
        check_dims(axes)?;
        for (name, ends) in [("mins", &self.mins), ("maxs", &self.maxs)] {
            ensure!(ends.len() == axes, "`{name}` has {} numbers instead of {axes}", ends.len());
        }
        ensure!(!self.windows.is_empty(), "`windows` is empty");
        for (index, (returns, low)) in self.windows.iter().enumerate() {
            ensure!(low.len() == axes, "window {index} has {} numbers instead of {axes}", low.len());
            let there = self.returns.len() as u64;
            ensure!(*returns <= there, "window {index} is after {returns} returns, and there are {there}");
        }
        let rises = self.windows.windows(2).all(|pair| pair[0].0 < pair[1].0);
        ensure!(rises, "the numbers of returns in `windows` do not rise");
        Ok(())
    }
}

/// What a JSON says; errors name the field, the line and the column.
fn read<T: DeserializeOwned>(text: &str) -> anyhow::Result<T> {
    let mut json = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let error = anyhow::Error::new(error.into_inner());
        if matches!(path.as_str(), "." | "?") { error } else { error.context(format!("`{path}`")) }
    })?;
    json.end()?;
    Ok(value)
}

/// The bytes of a file, unpacked if they are compressed with gzip.
fn unpacked(bytes: &[u8], most: u64) -> anyhow::Result<Cow<'_, [u8]>> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(Cow::Borrowed(bytes));
    }
    let mut unpacked = Vec::new();
    let read = MultiGzDecoder::new(bytes).take(most + 1).read_to_end(&mut unpacked);
    read.context("is compressed with gzip, but cannot be unpacked")?;
    ensure!(unpacked.len() as u64 <= most, "unpacks to more than {most} bytes");
    Ok(Cow::Owned(unpacked))
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
    use flate2::{Compression, write::GzEncoder};
    use serde_json::json;
    use std::io::Write;

    fn message(text: &str) -> String {
        format!("{:#}", ReferenceFile::parse(text.as_bytes()).unwrap_err())
    }

    #[test]
    fn kinds_are_told_by_content() {
        for (text, name) in [
            (r#"{"dims":1,"columns":[],"episodes":[[[0.5],1,0]]}"#, "ALP trace"),
            (
                r#"{"mins":[0],"maxs":[1],"window_step":[0.1],"returns":[1],"windows":[[1,[0.5]]]}"#,
                "Oracle windows",
            ),
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
        let packed = packed(br#"{"x": 1}"#);
        for (bytes, expected) in [
            (&[0xff, 0xfe][..], "UTF-8"),
            (&packed, "is of no known kind"),
            (&packed[..packed.len() - 9], "is compressed with gzip, but cannot be unpacked"),
            (&[&packed[..], b"rest"].concat(), "is compressed with gzip, but cannot be unpacked"),
        ] {
            let message = format!("{:#}", ReferenceFile::parse(bytes).unwrap_err());
            assert!(message.contains(expected), "{message}");
        }
        let message = unpacked(&packed, 7).unwrap_err().to_string();
        assert_eq!(message, "unpacks to more than 7 bytes");
        assert_eq!(unpacked(&packed, 8).unwrap().len(), 8);
    }

    /// A trajectory of one step with a change.
    fn trajectory(change: impl Fn(&mut Value)) -> String {
        let step = json!({
            "action": [0, 0, 0, 0], "observation": vec![0.25; 24], "hull": [4.5, 4.5, -0.125], "reward": 0, "done": false
        });
        let mut trajectory = json!({
            "walker": "default", "track": 0, "policy": "zero", "initial_force": 1.5,
            "terrain": [{"kind": "edge", "vertices": [[0, 3], [9, 3]]}],
            "return_until_done": 0, "done_at": null, "steps": [step]
        });
        change(&mut trajectory);
        trajectory.to_string()
    }

    #[test]
    fn a_trajectory_may_be_on_any_track_and_leave_its_return_open() {
        for change in [
            (|_| ()) as fn(&mut Value),
            |file| file["track"] = json!({"stump_height": 3}),
            |file| file["return_until_done"] = Value::Null,
            |file| file["steps"][0]["action"][2] = json!(-7),
            |file| {
                (file["steps"][0]["done"], file["done_at"]) = (json!(true), json!(0));
            },
        ] {
            let text = trajectory(change);
            for bytes in [text.as_bytes(), &packed(text.as_bytes())] {
                assert_eq!(ReferenceFile::parse(bytes).unwrap().kind_name(), "walker trajectory");
            }
        }
    }

    #[test]
    fn what_is_wrong_with_a_trajectory_is_told_with_its_field() {
        fn set(path: &str, value: Value) -> impl Fn(&mut Value) {
            move |file| *file.pointer_mut(path).unwrap() = value.clone()
        }
        fn without(path: &str, field: &str) -> impl Fn(&mut Value) {
            move |file| {
                file.pointer_mut(path).unwrap().as_object_mut().unwrap().remove(field).unwrap();
            }
        }
        for (text, expected) in [
            (trajectory(without("", "steps")), "is of no known kind"),
            (trajectory(without("", "initial_force")), "missing field `initial_force`"),
            (trajectory(without("", "terrain")), "missing field `terrain`"),
            (trajectory(without("", "done_at")), "missing field `done_at`"),
            (trajectory(without("", "return_until_done")), "missing field `return_until_done`"),
            (trajectory(without("/steps/0", "hull")), "`steps[0]`: missing field `hull`"),
            (trajectory(without("/steps/0", "done")), "`steps[0]`: missing field `done`"),
            (
                trajectory(without("/terrain/0", "vertices")),
                "`terrain`: entry 0 of the surfaces: missing field",
            ),
            (
                trajectory(set("/walker", json!("biped"))),
                "`walker` is \"biped\"; it must be short, default or quadru",
            ),
            (
                trajectory(set("/initial_force", json!(-2e6))),
                "`initial_force` is -2000000; it must lie between",
            ),
            (trajectory(set("/terrain", json!([]))), "`terrain`: a track needs at least one surface"),
            (
                trajectory(set("/terrain/0/vertices/1", json!([9, 3, 4]))),
                "`terrain`: entry 0 of the surfaces: ",
            ),
            (
                trajectory(set("/terrain/0/kind", json!("polygon"))),
                "cannot be built: a polygon has 3 to 16 points",
            ),
            (trajectory(set("/steps", json!([]))), "`steps` is empty"),
            (
                trajectory(set("/steps/0/action", json!([0, 0, 0]))),
                "step 0: `action` has 3 numbers instead of 4",
            ),
            (trajectory(set("/walker", json!("quadru"))), "step 0: `action` has 4 numbers instead of 8"),
            (
                trajectory(set("/steps/0/observation", json!([1]))),
                "step 0: `observation` has 1 numbers instead of 24",
            ),
            (trajectory(set("/steps/0/hull", json!([1, 2]))), "`steps[0].hull`: invalid length 2"),
            (trajectory(set("/steps/0/hull/1", json!(0.1))), "step 0: `hull` holds 0.1, which is no f32"),
            (trajectory(set("/steps/0/done", json!(0))), "`steps[0].done`: invalid type: integer `0`"),
            (
                trajectory(|_| ()).replace("0.25", "NaN"),
                "is not JSON: `steps[0].observation[0]`: expected value",
            ),
            (trajectory(|_| ()).replace("0.25", "1e999"), "`steps[0].observation[0]`: number out of range"),
            (trajectory(set("/steps/0/reward", Value::Null)), "`steps[0].reward`: invalid type: null"),
            (trajectory(set("/done_at", json!(0))), "`done_at` is 0, but `done` says null"),
            (trajectory(set("/steps/0/done", json!(true))), "`done_at` is null, but `done` says 0"),
            (
                trajectory(set("/return_until_done", json!(1e-8))),
                "`return_until_done` is 0.00000001, but the rewards add up to 0",
            ),
        ] {
            let message = message(&text);
            assert!(message.contains(expected), "{message:?} lacks {expected:?}");
        }
    }

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(bytes).unwrap();
        packed.finish().unwrap()
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
