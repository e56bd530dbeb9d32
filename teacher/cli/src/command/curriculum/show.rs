//! `magister curriculum show`.

use std::time::SystemTime;

use magister_student::{
    AlpGmm, AlpScope, Criterion, CurriculumInfo, Currot, Dimension, DimensionKind, Engine, Oracle, Riac,
    Teacher, TestSet,
};

use crate::{
    Outcome,
    command::teacher_name::TeacherName,
    config::Config,
    failure::{Failure, Format},
    number, output,
    remote::RemoteArguments,
    table::{Align, Table, pairs},
};

/// Describe a curriculum: its settings and how far it has come
///
/// With --json it prints what `create --file` takes: {"id", "display_name", "dimensions", "teacher", "seed",
/// "return_range", "test_set", "mastery_threshold", "lease_seconds", "max_open_tasks", "max_staleness_episodes"}, and beside it "paused",
/// "create_time", "position", "tasks", "episodes", "open_tasks", "fits", "algorithm_version" and "forked_from".
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Its name
    name: String,

    #[command(flatten)]
    pub(super) remote: RemoteArguments,
}

/// Prints the description.
pub(super) fn run(arguments: &Arguments, config: &Config) -> Result<Outcome, Failure> {
    let remote = arguments.remote.connect(&config.client)?;
    let curriculum = remote.run(&arguments.name, remote.client.curriculum(&arguments.name).describe())?;
    match remote.format {
        Format::Json => output::print_json(&curriculum)?,
        Format::Text => output::print(&describe(&curriculum))?,
    }
    Ok(Outcome::Passed)
}

/// Settings and progress in lines for people.
pub(crate) fn describe(curriculum: &CurriculumInfo) -> String {
    let short = |value: f64| number::significant(value, 6);
    let absent = || "none".to_owned();
    let title = match curriculum.display_name.as_str() {
        "" => curriculum.id.clone(),
        display_name => format!("{}: {display_name}", curriculum.id),
    };
    let facts = [
        ("state", format!("{}, made {}", describe_state(curriculum), describe_time(curriculum.create_time))),
        ("tasks", format!("{} handed out, {} of them open", curriculum.tasks, curriculum.open_tasks)),
        ("episodes", curriculum.episodes.to_string()),
        ("fits", curriculum.fits.to_string()),
        ("position", curriculum.position.to_string()),
        (
            "forked from",
            curriculum
                .forked_from
                .as_ref()
                .map_or_else(absent, |point| format!("{} at position {}", point.curriculum, point.position)),
        ),
        ("teacher", describe_teacher(curriculum.teacher.as_ref()).to_owned()),
        ("seed", format!("{} (algorithm version {})", curriculum.seed, curriculum.algorithm_version)),
        (
            "returns",
            curriculum.return_range.map_or_else(
                || "taken as they are".to_owned(),
                |range| format!("scaled from [{}, {}]", short(range.low), short(range.high)),
            ),
        ),
        (
            "mastery",
            curriculum
                .mastery_threshold
                .map_or_else(absent, |threshold| format!("return > {}", short(threshold))),
        ),
        (
            "test set",
            match &curriculum.test_set {
                None => absent(),
                Some(TestSet::Tasks(tasks)) => count(tasks.len() as u64, "task"),
                Some(TestSet::UniformCount(tasks)) => count(u64::from(*tasks), "task"),
            },
        ),
        ("lease", humantime::format_duration(curriculum.lease_duration).to_string()),
        (
            "may be open",
            curriculum
                .max_open_tasks
                .map_or_else(absent, |tasks| format!("{} a student", count(u64::from(tasks), "task"))),
        ),
        (
            "late reports",
            curriculum.max_staleness_episodes.map_or_else(
                || "always taken".to_owned(),
                |episodes| format!("refused after {}", count(episodes, "episode")),
            ),
        ),
    ];
    let teacher = match &curriculum.teacher {
        Some(Teacher::AlpGmm(params) | Teacher::CovarGmm(params)) => describe_params(params),
        Some(Teacher::Riac(params)) => describe_riac(params),
        Some(Teacher::Oracle(params)) => describe_oracle(params),
        Some(Teacher::Currot(params)) => describe_currot(params),
        Some(Teacher::Random) | None => String::new(),
    };
    let teacher = match curriculum.teacher.as_ref().map(TeacherName::of) {
        Some(name) if !teacher.is_empty() => format!("\n\n{}:\n\n{teacher}", name.title()),
        _ => String::new(),
    };
    let dimensions = dimensions(&curriculum.dimensions);
    format!("{title}\n\n{}\n\nTask space:\n\n{dimensions}{teacher}", pairs(&facts))
}

/// `active` or `paused`.
pub(crate) fn describe_state(curriculum: &CurriculumInfo) -> &'static str {
    if curriculum.paused { "paused" } else { "active" }
}

/// To the second, in UTC.
pub(crate) fn describe_time(time: Option<SystemTime>) -> String {
    time.map_or_else(
        || "at an unknown time".to_owned(),
        |time| humantime::format_rfc3339_seconds(time).to_string().replace('T', " ").replace('Z', " UTC"),
    )
}

/// `1 task`, `2 tasks`.
pub(crate) fn count(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn describe_teacher(teacher: Option<&Teacher>) -> &'static str {
    teacher.map_or("of a kind that this release of the command does not know", |teacher| {
        TeacherName::of(teacher).name()
    })
}

fn text(value: Option<impl ToString>, absent: &str) -> String {
    value.map_or_else(|| absent.to_owned(), |value| value.to_string())
}

fn short(value: Option<f64>) -> String {
    text(value.map(|value| number::significant(value, 6)), "unknown")
}

/// RIAC's parameters under the names of their settings.
fn describe_riac(params: &Riac) -> String {
    pairs(&[
        ("region size", text(params.region_size.map(|size| count(u64::from(size), "episode")), "unknown")),
        ("split attempts", text(params.split_attempts, "unknown")),
        ("min population", short(params.min_population)),
        ("min side", short(params.min_side)),
        ("discard ratio", short(params.discard_ratio)),
        ("random task ratio", short(params.random_task_ratio)),
        ("mutation ratio", short(params.mutation_ratio)),
        ("mutation deviation", short(params.mutation_deviation)),
    ])
}

/// The Oracle's parameters under the names of their settings.
fn describe_oracle(params: &Oracle) -> String {
    let steps: Vec<String> = params.window_step.iter().map(|step| number::significant(*step, 6)).collect();
    pairs(&[
        ("window step", steps.join(", ")),
        ("window size", short(params.window_size)),
        ("threshold", short(params.threshold)),
        ("step rate", text(params.step_rate.map(|rate| count(u64::from(rate), "return")), "unknown")),
    ])
}

/// CURROT's parameters under the names of their settings.
fn describe_currot(params: &Currot) -> String {
    let episodes =
        |number: Option<u32>| text(number.map(|number| count(u64::from(number), "episode")), "unknown");
    pairs(&[
        ("particles", text(params.particles, "unknown")),
        ("remembered failures", episodes(params.remembered_failures)),
        ("update rate", episodes(params.update_rate)),
        (
            "performance threshold",
            text(
                params.performance_threshold.map(|threshold| number::significant(threshold, 6)),
                "0.66 of the way through the return range",
            ),
        ),
        ("step size", short(params.step_size)),
        ("begins", if params.initial.is_some() { "from a Gaussian" } else { "uniformly" }.to_owned()),
    ])
}

/// Parameters under the names of their flags.
fn describe_params(params: &AlpGmm) -> String {
    let unknown = "unknown";
    pairs(&[
        ("fit rate", text(params.fit_rate.map(|rate| count(u64::from(rate), "episode")), unknown)),
        ("fit lag", text(params.fit_lag_episodes.map(|lag| count(u64::from(lag), "episode")), unknown)),
        (
            "bootstrap",
            text(params.bootstrap_episodes.map(|bootstrap| count(u64::from(bootstrap), "episode")), unknown)
                + if params.initial.is_some() { ", from a Gaussian" } else { ", uniform" },
        ),
        ("random task ratio", short(params.random_task_ratio)),
        (
            "components",
            format!("{} to {}", text(params.min_components, unknown), text(params.max_components, unknown)),
        ),
        (
            "criterion",
            text(
                params.criterion.map(|criterion| match criterion {
                    Criterion::Aic => "AIC",
                    Criterion::Bic => "BIC",
                    Criterion::Aicc => "AICc",
                }),
                unknown,
            ),
        ),
        (
            "ALP looks back",
            text(params.history_limit.map(|limit| count(limit, "episode")), "on all episodes")
                + match params.alp_scope {
                    Some(AlpScope::Student) => " of the same student",
                    _ => " of the curriculum",
                },
        ),
        (
            "engine",
            text(
                params.engine.map(|engine| match engine {
                    Engine::Em => "em",
                    Engine::Linfa => "linfa",
                }),
                unknown,
            ),
        ),
        ("em initialisations", text(params.em_initialisations, unknown)),
        ("warm start", if params.warm_start == Some(true) { "yes" } else { "no" }.to_owned()),
        ("regularisation", short(params.regularisation)),
        ("tolerance", short(params.tolerance)),
        ("max iterations", text(params.max_iterations, unknown)),
    ])
}

fn dimensions(dimensions: &[Dimension]) -> Table {
    let mut table = Table::new(&[
        ("dimension", Align::Left),
        ("values", Align::Left),
        ("low", Align::Right),
        ("high", Align::Right),
        ("elements", Align::Right),
    ]);
    for dimension in dimensions {
        let short = |value: &f64| number::significant(*value, 6);
        let (values, low, high) = match dimension.kind() {
            DimensionKind::Continuous { low, high } => ("continuous".to_owned(), short(low), short(high)),
            DimensionKind::LogScaled { low, high } => ("log-scaled".to_owned(), short(low), short(high)),
            DimensionKind::Integer { low, high } => ("integer".to_owned(), low.to_string(), high.to_string()),
            DimensionKind::Categorical { categories } => {
                (categories.join(", "), String::new(), String::new())
            }
            _ => ("of a kind that this release does not know".to_owned(), String::new(), String::new()),
        };
        let elements = dimension.size().map_or_else(String::new, |size| size.to_string());
        table.row([dimension.name().to_owned(), values, low, high, elements]);
    }
    table
}
