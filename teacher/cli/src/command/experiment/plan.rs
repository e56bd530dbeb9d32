//! What an experiment's file says: teachers × seeds × walkers × spaces, and from it one run after the other.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use clap::ValueEnum;
use magister_learner::{PpoSettings, Range, SettingError, Settings, Space, TrackSpace};
use magister_student::Teacher;
use serde::{Deserialize, Serialize};

use crate::{
    command::{env::WalkerName, teacher_name::TeacherName, train},
    document,
    failure::Failure,
};

/// Most letters of a curriculum's name, which is the experiment's with a run's.
const LONGEST_NAME: usize = 63;
const DEFAULT_EVALUATION_INTERVAL: u64 = 500_000;

/// An experiment as it was read and checked.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// Of its folders, and before the names of its curricula.
    pub(super) name: String,
    pub(super) title: String,
    /// What it is for, a paragraph.
    pub(super) about: String,
    /// Environment steps of each run.
    pub(super) steps: u64,
    /// After so many steps the table has a column; the last one is the end.
    pub(super) report_at: Vec<u64>,
    /// Names of the teachers, in the order of the table.
    pub(super) teachers: Vec<String>,
    /// Walkers on a space: each has a table and curves of its own.
    pub(super) scenes: Vec<Scene>,
    /// All runs, in the order in which they are begun: seed by seed, so that what is there early is spread evenly.
    pub(super) runs: Vec<PlannedRun>,
    /// What a publication reports.
    pub(super) published: Vec<Published>,
}

/// A walker on a space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scene {
    pub(super) space: String,
    pub(super) walker: &'static str,
}

/// One run of the matrix.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PlannedRun {
    pub(super) scene: Scene,
    /// The teacher's name within the experiment.
    pub(super) teacher: String,
    pub(super) settings: Settings,
    pub(super) algorithm: Teacher,
}

/// Mastered share that a publication reports, per cent.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Published {
    space: Option<String>,
    walker: Option<WalkerText>,
    teacher: String,
    /// As it is written: `39.6 ± 9.6`, or `about 30` where it was read off a figure.
    pub(super) mastered: String,
}

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: Option<String>,
    title: String,
    #[serde(default)]
    about: String,
    steps: Count,
    evaluation_interval: Option<Count>,
    #[serde(default)]
    report_at: Vec<Count>,
    seeds: Seeds,
    teachers: Vec<TeacherEntry>,
    #[serde(default)]
    walkers: Vec<WalkerText>,
    #[serde(default)]
    spaces: Vec<SpaceEntry>,
    #[serde(default)]
    student: toml::Table,
    #[serde(default)]
    published: Vec<Published>,
}

/// `20M`, or a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "toml::Value")]
struct Count(u64);

/// How many seeds from 1, or which.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "how many seeds, such as 8, or a list of them, such as [1, 2, 5]")]
enum Seeds {
    Count(u64),
    These(Vec<u64>),
}

/// A teacher's name, or a table with parameters.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "a teacher's name, or a table with `name`, `algorithm` and its parameters")]
enum TeacherEntry {
    Name(String),
    Table(toml::Table),
}

/// A walker by the name that flags have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
struct WalkerText(WalkerName);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SpaceEntry {
    name: Option<String>,
    env: TrackSpace,
    /// Other ranges than the publication's.
    #[serde(default)]
    range: BTreeMap<String, [f64; 2]>,
}

impl TryFrom<toml::Value> for Count {
    type Error = String;

    fn try_from(value: toml::Value) -> Result<Self, String> {
        let text = match value {
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::String(text) => text,
            other => other.type_str().to_owned(),
        };
        train::count::read(&text).map(Self)
    }
}

impl TryFrom<String> for WalkerText {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        WalkerName::from_str(&text, false).map(Self).map_err(|_| {
            let known: Vec<&str> =
                WalkerName::value_variants().iter().map(|walker| walker.kind().name()).collect();
            format!("there is no walker {text:?}: give one of {}", known.join(", "))
        })
    }
}

impl Plan {
    /// Reads and checks an experiment's file.
    ///
    /// # Errors
    /// What must be mended in it.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        Self::check(document::read(path)?, stem)
            .map_err(|problem| Failure::usage(format!("{}: {problem}", path.display())))
    }

    fn check(file: File, stem: String) -> Result<Self, String> {
        let name = file.name.unwrap_or(stem);
        check_name("name", &name)?;
        let Count(steps) = file.steps;
        let report_at = report_at(&file.report_at, steps)?;
        let seeds = match file.seeds {
            Seeds::Count(count) => (1..=count).collect(),
            Seeds::These(seeds) => seeds,
        };
        different("seeds", seeds.iter().map(u64::to_string))?;
        let spaces = match file.spaces {
            spaces if spaces.is_empty() => {
                vec![SpaceEntry { name: None, env: TrackSpace::StumpTracks, range: BTreeMap::new() }]
            }
            spaces => spaces,
        };
        let spaces = spaces.into_iter().map(SpaceEntry::read).collect::<Result<Vec<_>, _>>()?;
        different("spaces", spaces.iter().map(|(name, _)| name.clone()))?;
        let teachers = file.teachers.into_iter().map(TeacherEntry::read).collect::<Result<Vec<_>, _>>()?;
        different("teachers", teachers.iter().map(|(name, _)| name.clone()))?;
        let walkers = match file.walkers {
            walkers if walkers.is_empty() => vec![WalkerText(WalkerName::Default)],
            walkers => walkers,
        };
        different("walkers", walkers.iter().map(|WalkerText(walker)| walker.kind().name().to_owned()))?;
        let student = Student::read(file.student)?;
        let Count(evaluation_interval) =
            file.evaluation_interval.unwrap_or(Count(DEFAULT_EVALUATION_INTERVAL));

        let mut runs = Vec::new();
        for &seed in &seeds {
            for (space_name, space) in &spaces {
                for WalkerText(walker) in &walkers {
                    for (teacher, algorithm) in &teachers {
                        let settings = Settings {
                            space: space.clone(),
                            walker: walker.kind(),
                            steps,
                            seed,
                            evaluation_interval,
                            forget_interval: student.forget_interval,
                            ppo: student.ppo.clone(),
                        };
                        settings.check().map_err(|error| in_table("student", &error))?;
                        runs.push(PlannedRun {
                            scene: Scene { space: space_name.clone(), walker: walker.kind().name() },
                            teacher: teacher.clone(),
                            settings,
                            algorithm: algorithm.clone_for(space)?,
                        });
                    }
                }
            }
        }
        let plan = Self {
            title: file.title,
            about: file.about,
            steps,
            report_at,
            teachers: teachers.into_iter().map(|(name, _)| name).collect(),
            scenes: spaces
                .iter()
                .flat_map(|(space, _)| {
                    walkers
                        .iter()
                        .map(|walker| Scene { space: space.clone(), walker: walker.0.kind().name() })
                })
                .collect(),
            runs,
            published: file.published,
            name,
        };
        if let Some(long) =
            plan.runs.iter().map(|run| plan.curriculum(run)).find(|id| id.len() > LONGEST_NAME)
        {
            return Err(format!(
                "curricula would be called {long}, and a name has at most {LONGEST_NAME} letters: shorten `name` or \
                 the names of spaces and teachers"
            ));
        }
        plan.check_published()?;
        Ok(plan)
    }

    /// What the curriculum of a run is called on a server, where other experiments have curricula too.
    pub(super) fn curriculum(&self, run: &PlannedRun) -> String {
        format!("{}.{}", self.name, run.name())
    }

    /// What a publication reports of a teacher in a scene.
    pub(super) fn published(&self, scene: &Scene, teacher: &str) -> Option<&str> {
        let of = |published: &&Published| {
            published.teacher == teacher
                && published.space.as_ref().is_none_or(|space| *space == scene.space)
                && published.walker.is_none_or(|WalkerText(walker)| walker.kind().name() == scene.walker)
        };
        self.published.iter().find(of).map(|published| published.mastered.as_str())
    }

    fn check_published(&self) -> Result<(), String> {
        for published in &self.published {
            let known = |scene: &Scene| self.published(scene, &published.teacher).is_some();
            if !self.teachers.contains(&published.teacher) || !self.scenes.iter().any(known) {
                return Err(format!(
                    "published: {:?} is of no teacher, walker and space of this experiment",
                    published.mastered
                ));
            }
        }
        Ok(())
    }
}

impl PlannedRun {
    /// What it is called within the experiment.
    pub(super) fn name(&self) -> String {
        let Scene { space, walker } = &self.scene;
        format!("{space}-{walker}-{}-{}", self.teacher, self.settings.seed)
    }
}

impl Scene {
    /// What its files are called.
    pub(super) fn file_stem(&self) -> String {
        format!("{}-{}", self.space, self.walker)
    }

    /// For people.
    pub(super) fn title(&self) -> String {
        format!("{}, {} walker", self.space, self.walker)
    }
}

/// A teacher, or the Oracle, whose way depends on the space.
#[derive(Debug)]
enum Algorithm {
    Ready(Teacher),
    Oracle,
}

impl Algorithm {
    fn clone_for(&self, space: &Space) -> Result<Teacher, String> {
        match self {
            Self::Ready(teacher) => Ok(teacher.clone()),
            Self::Oracle => train::oracle(space.tracks()).ok_or_else(|| {
                format!("the Oracle has no way of its own through {}: give its window_step", space.tracks())
            }),
        }
    }
}

impl TeacherEntry {
    fn read(self) -> Result<(String, Algorithm), String> {
        match self {
            Self::Name(name) => {
                let known = TeacherName::from_str(&name, false).map_err(|_| {
                    let names: Vec<&str> =
                        TeacherName::value_variants().iter().map(|known| known.name()).collect();
                    format!("teachers: there is no {name:?}; give one of {}", names.join(", "))
                })?;
                Ok((name, known.with_defaults().map_or(Algorithm::Oracle, Algorithm::Ready)))
            }
            Self::Table(mut table) => {
                let Some(toml::Value::String(name)) = table.remove("name") else {
                    return Err("teachers: a table has a `name` for what is different about it".to_owned());
                };
                check_name("teachers", &name)?;
                let teacher: Teacher = table
                    .try_into()
                    .map_err(|error| format!("teachers: {name}: {}", error.to_string().trim_end()))?;
                Ok((name, Algorithm::Ready(teacher)))
            }
        }
    }
}

impl SpaceEntry {
    fn read(self) -> Result<(String, Space), String> {
        let name = self.name.unwrap_or_else(|| self.env.name().to_owned());
        check_name("spaces", &name)?;
        let space =
            self.range.into_iter().try_fold(Space::published(self.env), |space, (dimension, [low, high])| {
                space.with_range(Range { dimension, low, high })
            });
        Ok((name, space.map_err(|error| in_table("spaces", &error))?))
    }
}

/// The learner's settings.
#[derive(Debug)]
struct Student {
    ppo: PpoSettings,
    forget_interval: Option<u64>,
}

impl Student {
    /// The defaults, with what the table says in their place.
    fn read(mut table: toml::Table) -> Result<Self, String> {
        let problem = |error: &dyn std::fmt::Display| format!("student: {}", error.to_string().trim_end());
        let forget_interval = table
            .remove("forget_interval")
            .map(|value| {
                Count::try_from(value).map_err(|error| problem(&format!("forget_interval: {error}")))
            })
            .transpose()?;
        let mut all = toml::Table::try_from(PpoSettings::default()).map_err(|error| problem(&error))?;
        all.extend(table);
        let ppo = all.try_into().map_err(|error| problem(&error))?;
        Ok(Self { ppo, forget_interval: forget_interval.map(|Count(steps)| steps) })
    }
}

/// Where the table has columns: in their order, the end among them.
fn report_at(asked: &[Count], steps: u64) -> Result<Vec<u64>, String> {
    let columns: BTreeSet<u64> = asked.iter().map(|Count(at)| *at).chain([steps]).collect();
    match columns.last() {
        Some(&last) if last > steps => {
            let (last, steps) = (train::count::written(last), train::count::written(steps));
            Err(format!("report_at: {last} is beyond the {steps} steps of a run"))
        }
        _ => Ok(columns.into_iter().collect()),
    }
}

fn in_table(table: &str, error: &SettingError) -> String {
    format!("{table}: {error}")
}

/// Names become parts of those of files and curricula.
fn check_name(field: &str, name: &str) -> Result<(), String> {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    if name.is_empty() || !name.chars().all(fits) {
        return Err(format!("{field}: {name:?} cannot be a name: use letters, digits, - and _"));
    }
    Ok(())
}

/// Something in a list of that name, and nothing twice.
fn different(field: &str, values: impl Iterator<Item = String>) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for value in values {
        if let Some(twice) = seen.replace(value) {
            return Err(format!("{field}: {twice} is there twice"));
        }
    }
    if seen.is_empty() { Err(format!("{field}: there is none")) } else { Ok(()) }
}

/// What a run is told by, for files that are kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RunKey {
    pub(super) space: String,
    pub(super) walker: String,
    pub(super) teacher: String,
    pub(super) settings: Settings,
    pub(super) algorithm: Teacher,
}

impl From<&PlannedRun> for RunKey {
    fn from(run: &PlannedRun) -> Self {
        Self {
            space: run.scene.space.clone(),
            walker: run.scene.walker.to_owned(),
            teacher: run.teacher.clone(),
            settings: run.settings.clone(),
            algorithm: run.algorithm.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = r#"
        title = "Small"
        steps = "2M"
        report_at = ["500k", 1_000_000]
        seeds = 2
        teachers = ["alp-gmm", { name = "lag-0", algorithm = "alp_gmm", fit_lag_episodes = 0 }, "oracle"]
        walkers = ["default", "short"]
        spaces = [
            { env = "stump-tracks" },
            { name = "to-5", env = "stump-tracks", range = { stump_height = [0, 5] } },
        ]
        student = { walkers = 64, forget_interval = "1M" }
        published = [{ teacher = "alp-gmm", walker = "short", space = "stump-tracks", mastered = "14.9" }]
    "#;

    fn plan(text: &str) -> Result<Plan, String> {
        Plan::check(
            toml::from_str(text).map_err(|error: toml::de::Error| error.to_string())?,
            "small".to_owned(),
        )
    }

    #[test]
    fn a_matrix_has_a_run_for_each_teacher_seed_walker_and_space() {
        let plan = plan(SMALL).unwrap();
        assert_eq!(plan.runs.len(), 2 * 3 * 2 * 2);
        assert_eq!(plan.report_at, [500_000, 1_000_000, 2_000_000]);
        let names: Vec<String> = plan.runs.iter().take(4).map(PlannedRun::name).collect();
        assert_eq!(
            names,
            [
                "stump-tracks-default-alp-gmm-1",
                "stump-tracks-default-lag-0-1",
                "stump-tracks-default-oracle-1",
                "stump-tracks-short-alp-gmm-1"
            ]
        );
        assert_eq!(plan.curriculum(&plan.runs[0]), "small.stump-tracks-default-alp-gmm-1");
        let last = plan.runs.last().unwrap();
        assert_eq!((last.settings.seed, last.settings.ppo.walkers, last.scene.walker), (2, 64, "short"));
        assert_eq!(last.settings.forget_interval, Some(1_000_000));
        assert_eq!(last.settings.ppo.epochs, PpoSettings::default().epochs);
        let published =
            |space: &str, walker| plan.published(&Scene { space: space.to_owned(), walker }, "alp-gmm");
        assert_eq!(published("stump-tracks", "short"), Some("14.9"));
        assert_eq!((published("to-5", "short"), published("stump-tracks", "default")), (None, None));
    }

    #[test]
    fn what_must_be_mended_is_named() {
        for (from, to, expected) in [
            ("seeds = 2", "seeds = 0", "seeds: there is none"),
            ("seeds = 2", "seeds = [3, 3]", "seeds: 3 is there twice"),
            ("seeds = 2", "seeds = \"two\"", "how many seeds, such as 8"),
            ("\"2M\"", "\"two\"", "write a whole number above 0"),
            ("\"500k\"", "\"5M\"", "report_at: 5.0M is beyond the 2.0M steps of a run"),
            ("\"alp-gmm\", {", "\"alpgmm\", {", "there is no \"alpgmm\"; give one of alp-gmm, covar-gmm"),
            ("name = \"lag-0\"", "nam = \"lag-0\"", "a table has a `name`"),
            ("lag-0", "oracle", "teachers: oracle is there twice"),
            ("fit_lag_episodes", "fit_lag", "teachers: lag-0: unknown field `fit_lag`"),
            ("\"short\"]", "\"small\"]", "there is no walker \"small\": give one of short, default"),
            ("\"to-5\"", "\"to 5\"", "spaces: \"to 5\" cannot be a name"),
            ("\"to-5\", env = \"stump-tracks\"", "\"to-5\", env = \"moon\"", "unknown variant `moon`"),
            (
                "stump_height = [0, 5]",
                "height = [0, 5]",
                "stump-tracks has stump_height and obstacle_spacing",
            ),
            ("walkers = 64", "walkers = 65", "student: walkers is 65: give a multiple of 64"),
            ("walkers = 64", "runners = 64", "student: unknown field `runners`"),
            (
                "forget_interval = \"1M\"",
                "forget_interval = 0",
                "forget_interval: write a whole number above 0",
            ),
            ("teacher = \"alp-gmm\"", "teacher = \"riac\"", "is of no teacher, walker and space"),
            ("title", "titel", "unknown field `titel`"),
            (
                "\"to-5\", env = \"stump-tracks\", range = { stump_height = [0, 5] }",
                "\"hexagons\", env = \"hexagon-tracks\"",
                "the Oracle has no way of its own through hexagon-tracks",
            ),
            (
                "title = ",
                "name = \"a-name-that-is-long-enough-to-be-too-long\"\ntitle = ",
                "at most 63 letters",
            ),
        ] {
            assert!(SMALL.contains(from), "{from}");
            let problem = plan(&SMALL.replacen(from, to, 1)).unwrap_err();
            assert!(problem.contains(expected), "{to}: {problem}");
        }
    }
}
