//! Curricula: creation and description.

use std::sync::Arc;

use magister_core::{
    curriculum::{ALGORITHM_VERSION, CurriculumSettings},
    streams::Streams,
    teacher::{ReturnRange, TeacherParams},
};
use magister_proto::v1;
use v1::curriculum as wire;
use v1::test_set::Tasks;

use super::{LEASE_MS, duration, lease_ms, names, space, teacher, timestamp};
use crate::{
    error::{Invalid, ServiceError, Violation},
    ledger::LiveEdit,
    owner::Description,
    records::{Charter, LiveSettings},
};

const DEFAULT_LEASE_MS: u64 = 3600 * 1000;
const DEFAULT_MAX_OPEN_TASKS: u32 = 10_000;
const MAX_OPEN_TASKS: u32 = 1_000_000;
const MAX_DISPLAY_NAME_BYTES: usize = 256;
/// Most tasks of a test set.
pub(crate) const MAX_TEST_TASKS: usize = 10_000;

/// Reads what a curriculum is to be created with.
pub(crate) fn read_charter(curriculum: v1::Curriculum) -> Result<Charter, ServiceError> {
    let refuse = |violation: Violation| ServiceError::request(violation.within("curriculum"));
    let task_space = space::read(curriculum.space).map_err(within_curriculum)?;
    let teacher = teacher::read(&task_space, curriculum.teacher).map_err(within_curriculum)?;
    let return_range = curriculum
        .return_range
        .map(|wire::ReturnRange { low, high }| ReturnRange::new(low, high))
        .transpose()
        .map_err(|error| refuse(Violation::new(format!("return_range.{}", error.field), error.problem)))?;
    let settings =
        CurriculumSettings { space: Arc::new(task_space), teacher, seed: curriculum.seed, return_range };
    let test_set = read_test_set(&settings, curriculum.test_set).map_err(within_curriculum)?;
    let live = LiveEdit {
        paused: None,
        display_name: Some(curriculum.display_name),
        mastery_threshold: curriculum.mastery_threshold,
        lease_ms: curriculum
            .lease_duration
            .map(|lease| lease_ms("lease_duration", lease))
            .transpose()
            .map_err(refuse)?,
        max_open_tasks: curriculum.max_open_tasks,
        max_staleness_episodes: curriculum.max_staleness_episodes,
        teacher: None,
    };
    check_edit(&live).map_err(refuse)?;
    Ok(Charter {
        algorithm_version: ALGORITHM_VERSION,
        settings,
        test_set,
        live: LiveSettings {
            display_name: live.display_name.unwrap_or_default(),
            mastery_threshold: live.mastery_threshold,
            lease_ms: live.lease_ms.unwrap_or(DEFAULT_LEASE_MS),
            max_open_tasks: live.max_open_tasks.unwrap_or(DEFAULT_MAX_OPEN_TASKS),
            max_staleness_episodes: live.max_staleness_episodes,
            paused: false,
        },
        forked_from: None,
    })
}

/// Reads changes of live settings; those of the teacher are checked when they are made.
pub(crate) fn read_edit(
    teacher: &TeacherParams,
    request: v1::UpdateCurriculumRequest,
) -> Result<LiveEdit, ServiceError> {
    let refuse = ServiceError::request;
    let edit = LiveEdit {
        paused: request.paused,
        display_name: request.display_name,
        mastery_threshold: request.mastery_threshold,
        lease_ms: request
            .lease_duration
            .map(|lease| lease_ms("lease_duration", lease))
            .transpose()
            .map_err(refuse)?,
        max_open_tasks: request.max_open_tasks,
        max_staleness_episodes: request.max_staleness_episodes,
        teacher: request.alp_gmm.map(|edit| teacher::read_edit(teacher, edit)).transpose()?,
    };
    check_edit(&edit).map_err(refuse)?;
    Ok(edit)
}

/// Checks live settings that were written by somebody else.
pub(crate) fn check_live(live: &LiveSettings) -> Result<(), Violation> {
    if !LEASE_MS.contains(&live.lease_ms) {
        return Err(Violation::new("lease_ms", format!("is {}", live.lease_ms)));
    }
    check_edit(&LiveEdit {
        display_name: Some(live.display_name.clone()),
        mastery_threshold: live.mastery_threshold,
        max_open_tasks: Some(live.max_open_tasks),
        ..LiveEdit::default()
    })
}

fn check_edit(edit: &LiveEdit) -> Result<(), Violation> {
    if edit.display_name.as_ref().is_some_and(|name| name.len() > MAX_DISPLAY_NAME_BYTES) {
        return Err(Violation::new("display_name", format!("may have {MAX_DISPLAY_NAME_BYTES} bytes")));
    }
    if edit.mastery_threshold.is_some_and(|threshold| !threshold.is_finite()) {
        return Err(Violation::new("mastery_threshold", "must be a finite number"));
    }
    if let Some(tasks) = edit.max_open_tasks
        && !(1..=MAX_OPEN_TASKS).contains(&tasks)
    {
        let problem = format!("is {tasks}; it must lie between 1 and {MAX_OPEN_TASKS}");
        return Err(Violation::new("max_open_tasks", problem));
    }
    Ok(())
}

fn read_test_set(
    settings: &CurriculumSettings,
    test_set: Option<v1::TestSet>,
) -> Result<Vec<magister_core::space::Task>, ServiceError> {
    let tasks = match test_set.map(|test_set| test_set.tasks) {
        None => return Ok(Vec::new()),
        Some(None) => {
            let problem = "is empty: give a list or uniform_count, or leave the test set out";
            return Err(ServiceError::invalid(Invalid::Task, "test_set", problem));
        }
        Some(Some(tasks)) => tasks,
    };
    let check_count = |field: &str, count: usize| match count {
        1..=MAX_TEST_TASKS => Ok(()),
        _ => {
            let problem = format!("has {count} tasks; a test set has 1 to {MAX_TEST_TASKS}");
            Err(ServiceError::invalid(Invalid::Task, field, problem))
        }
    };
    match tasks {
        Tasks::UniformCount(count) => {
            check_count("test_set.uniform_count", count as usize)?;
            let streams = Streams::new(settings.seed);
            Ok((0..u64::from(count))
                .map(|index| settings.space.uniform(&mut streams.test_task(index)))
                .collect())
        }
        Tasks::List(list) => {
            check_count("test_set.list", list.tasks.len())?;
            list.tasks
                .into_iter()
                .enumerate()
                .map(|(index, task)| {
                    space::read_task(&settings.space, &format!("test_set.list.tasks[{index}]"), task)
                })
                .collect()
        }
    }
}

/// Says that violations were found within the request's `curriculum`.
pub(crate) fn within_curriculum(error: ServiceError) -> ServiceError {
    match error {
        ServiceError::Invalid { kind, violations } => ServiceError::Invalid {
            kind,
            violations: violations.into_iter().map(|violation| violation.within("curriculum")).collect(),
        },
        other => other,
    }
}

/// Writes a curriculum with every default filled in.
pub(crate) fn write(description: &Description) -> v1::Curriculum {
    let Charter { settings, test_set, forked_from, .. } = description.charter.as_ref();
    let live = &description.live;
    v1::Curriculum {
        name: names::of_curriculum(&description.name),
        display_name: live.display_name.clone(),
        space: Some(space::write(&settings.space)),
        teacher: Some(teacher::write(&settings.space, &description.teacher)),
        seed: settings.seed,
        return_range: settings.return_range.map(|range| {
            let (low, high) = range.bounds();
            wire::ReturnRange { low, high }
        }),
        test_set: (!test_set.is_empty()).then(|| v1::TestSet {
            tasks: Some(Tasks::List(v1::test_set::TaskList {
                tasks: test_set.iter().map(|task| space::write_task(&settings.space, task)).collect(),
            })),
        }),
        mastery_threshold: live.mastery_threshold,
        lease_duration: Some(duration(live.lease_ms)),
        max_open_tasks: Some(live.max_open_tasks),
        max_staleness_episodes: live.max_staleness_episodes,
        state: if live.paused { wire::State::Paused } else { wire::State::Active }.into(),
        create_time: Some(timestamp(description.created_ms)),
        position: description.position,
        tasks: description.tasks,
        episodes: description.episodes,
        open_tasks: description.open_tasks,
        fits: description.fits,
        algorithm_version: ALGORITHM_VERSION,
        forked_from: forked_from
            .as_ref()
            .map(|point| names::of_curriculum(&point.curriculum))
            .unwrap_or_default(),
        forked_at: forked_from.as_ref().map_or(0, |point| point.position),
    }
}
