//! The power goes at thousands of points of a run, and nothing that was acknowledged is lost.
//!
//! One run of a workload against the real server is recorded: every write, truncation, creation, deletion and sync of
//! its files, with the answers in between (`recorder.c`, `recording`, `workload`). For each of many points of that
//! trace, `disk` builds what may be left if the power goes there: nothing that was not synced, or any part of it, torn
//! anywhere. The real server is started over that, and `check` holds it against the recorded run: every
//! acknowledged outcome is there, once, with its answer; what was under way is there as a whole or not at all; and the
//! curriculum goes on as it did in the run that was not interrupted, bit for bit.
//!
//! `MAGISTER_CRASH_POINTS` sets how many points are tried beside one before each sync, `MAGISTER_CRASH_SEED` which.
//! After a failure the trace is kept; `MAGISTER_CRASH_TRACE` names one to be used instead of a new one.

#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

mod calls;
mod check;
mod disk;
mod expectation;
mod recording;
mod trace;
mod workload;

use std::{
    env, fs,
    path::{Path, PathBuf},
    sync::OnceLock,
    thread,
};

use check::{Until, check};
use disk::{Choices, Disk, Loss, lay_out};
use expectation::Recorded;
use magister_tests::{StillClock, memory_folder};
use recording::DATA;
use trace::Event;
use workload::rounds;

/// Points at which the run goes on to its end afterwards, among all.
const GOES_ON: usize = 40;

/// One crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Point {
    /// Events that have happened.
    cut: usize,
    loss: Loss,
}

#[test]
fn nothing_acknowledged_is_lost_wherever_the_power_goes() {
    let events = recorded_events();
    let points = choose_points(events, number("MAGISTER_CRASH_POINTS", 2000));
    let failures = crash_at(events, &points, GOES_ON);
    assert!(failures.is_empty(), "{}", report(events, &points, &failures));
}

/// The same crashes must be noticed where the promise is broken: otherwise the test above would say nothing.
#[test]
fn every_kind_of_broken_promise_is_noticed() {
    type Mutation = fn(&[Event]) -> Vec<Event>;
    let mutations: [(&str, Mutation); 5] = [
        ("synchronous = OFF", |events| without(events, |event, _| matches!(event, Event::Synced { .. }))),
        ("the log is not synced", |events| without(events, |event, name| is_sync_of(event, name, "-wal"))),
        ("the database is not synced", |events| {
            without(events, |event, name| is_sync_of(event, name, ".sqlite"))
        }),
        ("folders are not synced", |events| {
            without(events, |event, _| matches!(event, Event::FolderSynced { .. }))
        }),
        ("answers leave before the sync", answers_first),
    ];
    let events = recorded_events();
    for (mutation, mutate) in mutations {
        let mutated = mutate(events);
        let points = choose_points(&mutated, 200);
        let failures = crash_at(&mutated, &points, usize::MAX);
        assert!(!failures.is_empty(), "{mutation}: no crash of {} shows it", points.len());
    }
}

/// The run that all tests look at, recorded once.
fn recorded_events() -> &'static [Event] {
    static EVENTS: OnceLock<Vec<Event>> = OnceLock::new();
    EVENTS.get_or_init(|| match env::var_os("MAGISTER_CRASH_TRACE") {
        Some(kept) => trace::read(Path::new(&kept)),
        None => {
            let folder = memory_folder();
            let events = recording::record(folder.path());
            fs::copy(folder.path().join("trace"), kept_trace()).expect("the build's folder can be written");
            events
        }
    })
}

fn kept_trace() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("crash-trace")
}

/// With all that was not synced lost, a point just before each sync (until then nothing changes but what has been
/// acknowledged); and `others` anywhere, with one of the other losses.
fn choose_points(events: &[Event], others: usize) -> Vec<Point> {
    let is_sync = |event: &Event| matches!(event, Event::Synced { .. } | Event::FolderSynced { .. });
    let before_syncs = events.iter().enumerate().filter(|(_, event)| is_sync(event)).map(|(cut, _)| cut);
    let mut points: Vec<Point> =
        before_syncs.chain([events.len()]).map(|cut| Point { cut, loss: Loss::Everything }).collect();
    let mut choices = Choices::new(number("MAGISTER_CRASH_SEED", 1) as u64);
    for _ in 0..others {
        let loss = match choices.below(8) {
            0 => Loss::Nothing,
            1..=3 => Loss::Tail,
            _ => Loss::Scattered,
        };
        points.push(Point { cut: choices.below(events.len() as u64 + 1) as usize, loss });
    }
    points.sort_unstable();
    points.dedup();
    points
}

fn number(variable: &str, default: usize) -> usize {
    env::var(variable).map_or(default, |text| text.parse().expect("the variable is a number"))
}

/// Crashes at every point; gives what was wrong, where. Every `goes_on`th run goes on to its end.
fn crash_at(events: &[Event], points: &[Point], goes_on: usize) -> Vec<(Point, String)> {
    let recorded = Recorded::read(events, rounds());
    let workers = thread::available_parallelism().map_or(2, usize::from);
    let mut failures: Vec<(Point, String)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers)
            .map(|worker| {
                let recorded = &recorded;
                scope.spawn(move || {
                    let folder = memory_folder();
                    let mut disk = Disk::default();
                    let mut happened = 0;
                    let mut failures = Vec::new();
                    for (number, &point) in points.iter().enumerate() {
                        for event in &events[happened..point.cut] {
                            disk.take(event);
                        }
                        happened = point.cut;
                        if number % workers != worker {
                            continue;
                        }
                        let until = if number % goes_on == 0 { Until::EndOfRun } else { Until::EndOfRound };
                        let root = folder.path().join(number.to_string());
                        if let Err(failure) = crash(recorded, &disk, point, &root, until) {
                            failures.push((point, failure));
                        }
                    }
                    failures
                })
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a check does not panic")).collect()
    });
    failures.sort_unstable();
    failures
}

fn crash(recorded: &Recorded, disk: &Disk, point: Point, root: &Path, until: Until) -> Result<(), String> {
    let mut choices = Choices::new((point.cut as u64) << 8 | point.loss as u64);
    let image = disk.after(point.loss, &mut choices);
    fs::create_dir(root).expect("the folder is new");
    lay_out(&image, root).expect("the folder in memory has room");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let result = runtime.block_on(async {
        let clock = StillClock::start();
        let result = check(recorded, point.cut, &root.join(DATA), until).await;
        drop(clock);
        result
    });
    // The server ends with its runtime, as if it were killed too.
    drop(runtime);
    fs::remove_dir_all(root).ok();
    result
}

fn report(events: &[Event], points: &[Point], failures: &[(Point, String)]) -> String {
    let first = failures.iter().take(3).map(|(Point { cut, loss }, failure)| {
        let next = events.get(*cut).map_or_else(|| "the end".to_owned(), |event| format!("{event:.200?}"));
        format!("{loss:?} after {cut} events, before {next:.200}:\n{failure:.4000}\n")
    });
    format!(
        "{} of {} crashes; the trace is in {}\n{}",
        failures.len(),
        points.len(),
        kept_trace().display(),
        first.collect::<Vec<_>>().join("\n")
    )
}

/// The trace without the events that `drops` says, given each with the name of its file.
fn without(events: &[Event], drops: fn(&Event, &str) -> bool) -> Vec<Event> {
    let mut names = std::collections::HashMap::new();
    let mut kept = Vec::new();
    for event in events {
        if let Event::Created { file, name } = event {
            names.insert(*file, name.clone());
        }
        let name = match event {
            Event::Synced { file } => names[file].as_str(),
            _ => "",
        };
        if !drops(event, name) {
            kept.push(event.clone());
        }
    }
    kept
}

fn is_sync_of(event: &Event, name: &str, end: &str) -> bool {
    matches!(event, Event::Synced { .. }) && name.ends_with(end)
}

/// The trace with every mark moved to before the sync that it waited for.
fn answers_first(events: &[Event]) -> Vec<Event> {
    let mut moved: Vec<Event> = Vec::new();
    for event in events {
        let place = match event {
            Event::Marked(_) => moved
                .iter()
                .rposition(|earlier| matches!(earlier, Event::Synced { .. }))
                .unwrap_or(moved.len()),
            _ => moved.len(),
        };
        moved.insert(place, event.clone());
    }
    moved
}
