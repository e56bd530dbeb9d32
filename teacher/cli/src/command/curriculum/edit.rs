//! `magister curriculum pause`, `resume` and `edit`.

use std::time::Duration;

use magister_student::{CurriculumEdit, CurriculumInfo};
use serde_json::Value;

use super::{read_duration, teacher_flags::LiveFlags};
use crate::{
    Outcome,
    config::Config,
    failure::{Failure, Format},
    output,
    remote::{Remote, RemoteArguments},
};

/// Hand out no tasks until it is resumed; reports are taken, leases stand still
#[derive(Debug, clap::Args)]
pub(super) struct PauseArguments {
    /// The curriculum
    name: String,

    #[command(flatten)]
    pub(super) remote: RemoteArguments,
}

/// Hand out tasks again
#[derive(Debug, clap::Args)]
pub(super) struct ResumeArguments {
    /// The curriculum
    name: String,

    #[command(flatten)]
    pub(super) remote: RemoteArguments,
}

/// Change settings while it lives: all of them or, if one is refused, none
///
/// They take effect with the next task. The task space, the teacher, the seed, the return range and the test set
/// never change: make another curriculum, or fork it for another seed.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The curriculum
    name: String,

    /// A name for people
    #[arg(long, value_name = "TEXT")]
    display_name: Option<String>,

    /// A return above it is mastery
    #[arg(long, value_name = "RETURN", allow_negative_numbers = true)]
    mastery_threshold: Option<f64>,

    /// How long a worker may hold a task handed out from now on, such as 90s, 45m or 1h 30m
    #[arg(long, value_name = "DURATION", value_parser = read_duration)]
    lease: Option<Duration>,

    /// Tasks that one student may hold open at once
    #[arg(long, value_name = "NUMBER")]
    max_open_tasks: Option<u32>,

    /// Refuse reports of tasks older than this
    #[arg(long, value_name = "EPISODES")]
    max_staleness_episodes: Option<u64>,

    #[command(flatten)]
    pub(super) remote: RemoteArguments,

    #[command(flatten)]
    live: LiveFlags,
}

/// Pauses.
pub(super) fn pause(arguments: &PauseArguments, config: &Config) -> Result<Outcome, Failure> {
    let remote = arguments.remote.connect(&config.client)?;
    let paused = remote.run(&arguments.name, remote.client.curriculum(&arguments.name).pause())?;
    tell(&remote, &paused, &format!("{} is paused: it hands out no tasks until it is resumed.", paused.id))
}

/// Resumes.
pub(super) fn resume(arguments: &ResumeArguments, config: &Config) -> Result<Outcome, Failure> {
    let remote = arguments.remote.connect(&config.client)?;
    let resumed = remote.run(&arguments.name, remote.client.curriculum(&arguments.name).resume())?;
    tell(&remote, &resumed, &format!("{} hands out tasks.", resumed.id))
}

/// Edits, and tells what has changed.
pub(super) fn run(arguments: &Arguments, config: &Config) -> Result<Outcome, Failure> {
    let edit = CurriculumEdit {
        paused: None,
        display_name: arguments.display_name.clone(),
        mastery_threshold: arguments.mastery_threshold,
        lease_duration: arguments.lease,
        max_open_tasks: arguments.max_open_tasks,
        max_staleness_episodes: arguments.max_staleness_episodes,
        alp_gmm: arguments.live.edit(),
    };
    if edit == CurriculumEdit::default() {
        return Err(Failure::usage("there is nothing to change: name a setting, such as --lease 30m")
            .hint("`magister curriculum edit --help` lists them"));
    }
    let remote = arguments.remote.connect(&config.client)?;
    let curriculum = remote.client.curriculum(&arguments.name);
    let before = remote.run(&arguments.name, curriculum.describe())?;
    let after = remote.run(&arguments.name, curriculum.edit(edit))?;
    let changes = changes(&before, &after);
    let text = if changes.is_empty() {
        format!("{} has these settings already.", after.id)
    } else {
        format!("Changed {}:\n\n{}", after.id, changes.join("\n"))
    };
    tell(&remote, &after, &text)
}

fn tell(remote: &Remote, curriculum: &CurriculumInfo, text: &str) -> Result<Outcome, Failure> {
    match remote.format {
        Format::Json => output::print_json(curriculum)?,
        Format::Text => output::print(text)?,
    }
    Ok(Outcome::Passed)
}

/// One line for each setting that differs; what changes by itself is left out.
fn changes(before: &CurriculumInfo, after: &CurriculumInfo) -> Vec<String> {
    let settings = |info: &CurriculumInfo| -> Vec<(String, Value)> {
        let Ok(Value::Object(mut fields)) = serde_json::to_value(info) else { return Vec::new() };
        let teacher = fields.remove("teacher");
        let live = [
            "display_name",
            "mastery_threshold",
            "lease_seconds",
            "max_open_tasks",
            "max_staleness_episodes",
        ];
        let mut settings: Vec<(String, Value)> =
            fields.into_iter().filter(|(name, _)| live.contains(&name.as_str())).collect();
        if let Some(Value::Object(teacher)) = teacher {
            settings.extend(teacher);
        }
        settings
    };
    settings(before)
        .into_iter()
        .zip(settings(after))
        .filter(|((_, before), (_, after))| before != after)
        .map(|((name, before), (_, after))| format!("  {name}: {} → {}", write(&before), write(&after)))
        .collect()
}

fn write(value: &Value) -> String {
    if value.is_null() { "none".to_owned() } else { value.to_string() }
}
