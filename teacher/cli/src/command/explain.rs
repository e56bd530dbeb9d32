//! `magister explain`: why a task was given, and what it taught.

use magister_student::{Axis, End, Episode, Explanation, Origin, Parameters, TaskState, Value};

use super::curriculum::show::{count, describe_time};
use crate::{
    Outcome,
    components::{self, LearningProgress},
    config::Config,
    failure::{Failure, Format},
    number, output,
    remote::RemoteArguments,
    table::{Align, Table, pairs},
};

/// Say why a task was given and what it taught
///
/// With --json: {"task", "summary", "parameters", "state", "student", "worker", "create_time", "expire_time",
/// "sampled_at_episode", "origin", "origin_probability", "component", "episode", "nearest", "nearest_distance"}.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The task, curricula/NAME/tasks/NUMBER, or its curriculum
    #[arg(value_name = "TASK|CURRICULUM")]
    task: String,

    /// Number of the task, after a curriculum
    number: Option<u64>,

    #[command(flatten)]
    pub(crate) remote: RemoteArguments,
}

/// Prints the explanation.
pub(crate) fn run(arguments: &Arguments, config: &Config) -> Result<Outcome, Failure> {
    let (id, number) = task_of(&arguments.task, arguments.number)?;
    let remote = arguments.remote.connect(&config.client)?;
    let curriculum = remote.client.curriculum(id);
    let explain = curriculum.explain(number);
    match remote.format {
        Format::Json => output::print_json(&remote.run(id, explain)?)?,
        Format::Text => {
            let (explanation, axes, teacher) = remote.run(id, async {
                // Only a distribution tells in which order the dimensions come and how long they are.
                Ok((
                    explain.await?,
                    curriculum.distribution().await?.axes,
                    curriculum.describe().await?.teacher,
                ))
            })?;
            output::print(&describe(&explanation, &axes, LearningProgress::of(teacher.as_ref())))?;
        }
    }
    Ok(Outcome::Passed)
}

/// Takes a curriculum's name and a task's number from either form.
fn task_of(task: &str, number: Option<u64>) -> Result<(&str, u64), Failure> {
    let form = "name the task as curricula/NAME/tasks/NUMBER, or as NAME NUMBER";
    let refuse = |problem: String| Failure::usage(problem).hint(form);
    let whole = task.strip_prefix("curricula/").and_then(|rest| rest.split_once("/tasks/"));
    match (whole, number) {
        (None, Some(number)) => Ok((task, number)),
        (None, None) => Err(refuse(format!("{task:?} is no task"))),
        (Some(_), Some(_)) => Err(refuse(format!("{task:?} has its number already"))),
        (Some((id, number)), None) => match number.parse() {
            Ok(number) => Ok((id, number)),
            Err(_) => Err(refuse(format!("{number:?} is no number of a task"))),
        },
    }
}

fn describe(explanation: &Explanation, axes: &[Axis], progress: LearningProgress) -> String {
    let asked_by = match (explanation.student.as_str(), explanation.worker.as_str()) {
        ("", "") => String::new(),
        ("", worker) => format!(" to worker {worker}"),
        (student, "") => format!(" to student {student}"),
        (student, worker) => format!(" to student {student}, worker {worker}"),
    };
    let given = match explanation.origin {
        Origin::Unsolicited => "reported",
        _ => "handed out",
    };
    let mut facts = vec![
        ("state", describe_state(explanation)),
        (
            given,
            format!(
                "{}{asked_by}, after {}",
                describe_time(explanation.create_time),
                count(explanation.sampled_at_episode, "episode")
            ),
        ),
    ];
    if let Some(component) = &explanation.component {
        facts.push((
            "component",
            format!(
                "weight {:.3}, {} {}, odds {:.3}",
                component.weight,
                progress.title(),
                number::significant(component.mean_alp, 4),
                component.odds
            ),
        ));
    }
    if let Some(episode) = &explanation.episode {
        facts.push(("came of it", describe_episode(episode)));
    }
    if let Some(nearest) = &explanation.nearest {
        let distance = explanation.nearest_distance.map_or_else(String::new, |distance| {
            format!(", at distance {}", number::significant(distance, 3))
        });
        facts.push(("nearest", format!("{}{distance}", describe_episode(nearest))));
    }
    let parameters = table_of_parameters(explanation, axes);
    format!("{}\n{}\n\n{parameters}\n\n{}", explanation.task, explanation.summary, pairs(&facts))
}

/// One line per axis: the task, the component that it was drawn from, and the task that it was compared with.
fn table_of_parameters(explanation: &Explanation, axes: &[Axis]) -> Table {
    let mut table = Table::new(&[("dimension", Align::Left), ("this task", Align::Right)]);
    if explanation.component.is_some() {
        table = table.column("component".to_owned(), Align::Right);
    }
    if explanation.nearest.is_some() {
        table = table.column("nearest before".to_owned(), Align::Right);
    }
    for (index, axis) in axes.iter().enumerate() {
        let mut cells = vec![axis.name(), describe_value(&explanation.parameters, axis)];
        if let Some(component) = &explanation.component {
            let deviation = component.standard_deviations[index];
            cells.push(components::spread(axis, component.mean_along(axis), deviation));
        }
        if let Some(nearest) = &explanation.nearest {
            cells.push(describe_value(&nearest.parameters, axis));
        }
        table.row(cells);
    }
    table
}

fn describe_state(explanation: &Explanation) -> String {
    match explanation.state {
        TaskState::Open => {
            format!("open, leased until {}", describe_time(explanation.expire_time))
        }
        TaskState::Completed => "completed".to_owned(),
        TaskState::Infeasible => "infeasible".to_owned(),
        TaskState::Abandoned => "abandoned".to_owned(),
        TaskState::Expired => "expired".to_owned(),
        _ => "in a state that this release of the command does not know".to_owned(),
    }
}

fn describe_episode(episode: &Episode) -> String {
    let mut parts = Vec::new();
    if let Some(return_) = episode.return_ {
        parts.push(format!("return {}", number::significant(return_, 6)));
    }
    if let Some(alp) = episode.alp {
        parts.push(format!("ALP {}", number::significant(alp, 4)));
    }
    if let Some(length) = episode.length {
        parts.push(count(length, "step"));
    }
    parts.extend(
        match episode.end {
            Some(End::Terminated) => Some("terminated"),
            Some(End::Truncated) => Some("truncated"),
            None => None,
        }
        .map(str::to_owned),
    );
    match episode.success {
        Some(true) => parts.push("success".to_owned()),
        Some(false) => parts.push("no success".to_owned()),
        None => {}
    }
    if episode.late {
        parts.push("late".to_owned());
    }
    if !episode.message.is_empty() {
        parts.push(format!("{:?}", episode.message));
    }
    let number = episode.number.map_or_else(|| "no episode".to_owned(), |number| format!("episode {number}"));
    if parts.is_empty() { number } else { format!("{number}: {}", parts.join(", ")) }
}

fn describe_value(parameters: &Parameters, axis: &Axis) -> String {
    let element = axis.element.map(|element| element as usize);
    let short = |value: f64| number::significant(value, 6);
    match (parameters.get(&axis.dimension), element) {
        (Some(Value::Integer(integer)), None) => integer.to_string(),
        (Some(Value::Number(number)), None) => short(*number),
        (Some(Value::Integers(integers)), Some(element)) if element < integers.len() => {
            integers[element].to_string()
        }
        (Some(Value::Numbers(numbers)), Some(element)) if element < numbers.len() => short(numbers[element]),
        (Some(Value::Category(category)), _) => category.clone(),
        _ => "?".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_are_named_in_two_ways() {
        for (task, number, expected) in [
            ("walker", Some(17), Ok(("walker", 17))),
            ("curricula/walker/tasks/17", None, Ok(("walker", 17))),
            ("walker", None, Err("\"walker\" is no task")),
            ("curricula/walker/tasks/x", None, Err("\"x\" is no number of a task")),
            ("curricula/walker/tasks/17", Some(3), Err("has its number already")),
        ] {
            match (task_of(task, number), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected),
                (Err(failure), Err(expected)) => {
                    let told = serde_json::to_value(&failure).unwrap();
                    assert!(told["message"].as_str().unwrap().contains(expected), "{told}");
                }
                (found, expected) => panic!("{task} {number:?}: {found:?}, not {expected:?}"),
            }
        }
    }
}
