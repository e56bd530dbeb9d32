//! Files that were cut, changed or made up: refused, and never a panic.

use serde_json::{Value, json};

use super::*;
use crate::{
    clock::Clock,
    owner::Surroundings,
    registry::Registry,
    store::{Store, StoreThread},
};

const GOLDEN: &str = include_str!("../../../../../tests/golden/export-v1.jsonl");

/// Reads a file in pieces.
fn read(file: &[u8], piece: usize) -> Result<(CheckedHeader, Vec<StagedRow>), String> {
    let mut reader = FileReader::new();
    let mut rows = Vec::new();
    for piece in file.chunks(piece) {
        rows.extend(reader.take(piece)?);
    }
    Ok((reader.end()?, rows))
}

/// Gives lines the last one that belongs to them.
fn sealed(lines: &[String]) -> String {
    let mut tally = Tally::default();
    let mut file = String::new();
    for (index, line) in lines.iter().enumerate() {
        tally.hash(line.as_bytes());
        if index > 0
            && let Ok(line) = serde_json::from_str(line)
        {
            tally.count(&line);
        }
        file.push_str(line);
        file.push('\n');
    }
    file + &tally.end() + "\n"
}

/// The lines of the golden file but the last.
fn golden_lines() -> Vec<String> {
    let lines: Vec<String> = GOLDEN.lines().map(str::to_owned).collect();
    lines[..lines.len() - 1].to_vec()
}

/// A number below `sides` (splitmix64).
fn roll(dice: &mut u64, sides: usize) -> usize {
    *dice = dice.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*dice ^ (*dice >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((mixed ^ (mixed >> 31)) % sides as u64) as usize
}

#[test]
fn pieces_of_any_size_make_the_same_file() {
    assert_eq!(sealed(&golden_lines()), GOLDEN);
    let whole = read(GOLDEN.as_bytes(), GOLDEN.len()).unwrap();
    for piece in [1, 7, 4096] {
        let (header, rows) = read(GOLDEN.as_bytes(), piece).unwrap();
        assert_eq!((header.position, rows.len()), (whole.0.position, whole.1.len()));
    }
}

#[test]
fn every_cut_is_refused() {
    for cut in (0..GOLDEN.len()).step_by(97).chain(GOLDEN.len() - 300..GOLDEN.len()) {
        let refused = read(&GOLDEN.as_bytes()[..cut], 10_000).unwrap_err();
        assert!(refused.contains("cut off"), "{cut}: {refused}");
    }
}

#[test]
fn every_changed_byte_is_refused() {
    // All of the first and the last lines, and every so many bytes between.
    let (first, last) = (GOLDEN.find('\n').unwrap(), GOLDEN.len() - 300);
    let places = (0..first).step_by(3).chain((first..last).step_by(307)).chain(last..GOLDEN.len());
    for place in places {
        for mask in [0x01, 0x20] {
            let mut file = GOLDEN.as_bytes().to_vec();
            file[place] ^= mask;
            assert!(read(&file, 1 << 20).is_err(), "byte {place} changed by {mask:#x}");
        }
    }
}

#[test]
fn lines_that_are_missing_doubled_or_swapped_are_refused() {
    let lines = golden_lines();
    let mut dice = 1;
    for _ in 0..60 {
        // Requests and rounds have no place among the events: a file without one is whole, to all that it says.
        let events = lines.iter().position(|line| line.starts_with("{\"record\":\"request\"")).unwrap();
        let place = 1 + roll(&mut dice, events - 1);
        let mut missing = lines.clone();
        missing.remove(place);
        // The last fits may be under way.
        if !lines[place].starts_with("{\"record\":\"fit\"") {
            assert!(read(sealed(&missing).as_bytes(), 1 << 20).is_err(), "without {}", lines[place]);
        }
        let mut doubled = lines.clone();
        doubled.insert(place, lines[place].clone());
        assert!(read(sealed(&doubled).as_bytes(), 1 << 20).is_err(), "twice {}", lines[place]);
    }
    let request = lines.iter().position(|line| line.starts_with("{\"record\":\"request\"")).unwrap();
    let mut swapped = lines.clone();
    swapped.swap(request, request + 1);
    assert!(read(sealed(&swapped).as_bytes(), 1 << 20).unwrap_err().contains("out of order"));
}

#[test]
fn endless_lines_and_deep_nesting_are_refused() {
    let mut reader = FileReader::new();
    reader.take(MAGIC.as_bytes()).unwrap();
    let piece = vec![b' '; 4 << 20];
    let refused = (0..20).find_map(|_| reader.take(&piece).err()).unwrap();
    assert!(refused.contains("longer than"), "{refused}");
    let mut lines = golden_lines();
    lines.insert(1, "[".repeat(100_000));
    assert!(read(sealed(&lines).as_bytes(), 1 << 20).is_err());
}

/// What somebody could write instead of a value.
fn odd_values() -> Vec<Value> {
    vec![
        Value::Null,
        json!(true),
        json!(-1),
        json!(0),
        json!(1),
        json!(3),
        json!(1e308),
        json!(-1e308),
        json!(5e-324),
        json!(u64::MAX),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(9_007_199_254_740_993_u64),
        json!(""),
        json!("completed"),
        json!("x".repeat(2000)),
        json!([]),
        json!([0.5]),
        json!({}),
    ]
}

/// Replaces one leaf, chosen by the dice.
fn replace_a_leaf(value: &mut Value, dice: &mut u64, odd: &Value) {
    match value {
        Value::Array(entries) if !entries.is_empty() => {
            let place = roll(dice, entries.len());
            match roll(dice, 12) {
                0 => drop(entries.remove(place)),
                1 => entries.push(entries[place].clone()),
                _ => replace_a_leaf(&mut entries[place], dice, odd),
            }
        }
        Value::Object(entries) if !entries.is_empty() => {
            let place = roll(dice, entries.len());
            let key = entries.keys().nth(place).unwrap().clone();
            match roll(dice, 12) {
                0 => drop(entries.remove(&key)),
                _ => replace_a_leaf(entries.get_mut(&key).unwrap(), dice, odd),
            }
        }
        leaf => *leaf = odd.clone(),
    }
}

struct Home {
    registry: Registry,
    thread: StoreThread,
    _folder: tempfile::TempDir,
}

impl Home {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (store, thread) = Store::open(folder.path(), Arc::default()).unwrap();
        let fit_permits = Arc::new(tokio::sync::Semaphore::new(2));
        let surroundings = Surroundings {
            store,
            clock: Clock::start(),
            metrics: Arc::default(),
            fit_permits,
            snapshot_events: 20_000,
        };
        Self { registry: Registry::open(surroundings, 1_000_000).await.unwrap(), thread, _folder: folder }
    }

    /// Publishes what was read, and plays on.
    async fn publish(
        &self,
        name: &str,
        (header, rows): (CheckedHeader, Vec<StagedRow>),
    ) -> Result<(), String> {
        let staged =
            self.registry.stage(Arc::clone(&header.charter)).await.map_err(|error| error.to_string())?;
        staged.write(rows).await.map_err(|error| error.to_string())?;
        let CheckedHeader { position, birth, fingerprint, charter } = header;
        let curriculum = NewCurriculum { name, charter, birth, fingerprint, position };
        let published = self.registry.publish(staged, curriculum).await.map_err(|error| error.to_string())?;
        if published.live.paused {
            return Ok(());
        }
        let owner = self.registry.owner(name).await.unwrap();
        let step = crate::ledger::StepInput {
            outcomes: Vec::new(),
            count: 30.min(published.live.max_open_tasks),
            student: "another".into(),
            worker: "".into(),
            lease_ms: None,
        };
        let answer = owner.step(step, None).await.map_err(|error| error.to_string())?;
        for task in answer.tasks {
            let crate::owner::GivenTask::Open(task) = task else { panic!("it was just handed out") };
            assert!(owner.charter().settings.space.contains(&task.record.task), "{:?}", task.record.task);
            let completed = crate::records::Completed {
                episode_return: 3.0,
                length: None,
                end: None,
                success: None,
                student_step: None,
            };
            let outcome = crate::ledger::OutcomeInput {
                subject: crate::ledger::Subject::HandedOut { number: task.record.number, played: None },
                result: crate::records::OutcomeResult::Completed(completed),
            };
            let step = crate::ledger::StepInput {
                outcomes: vec![outcome],
                count: 0,
                student: "".into(),
                worker: "".into(),
                lease_ms: None,
            };
            owner.step(step, None).await.map_err(|error| error.to_string())?;
        }
        Ok(())
    }
}

#[tokio::test]
async fn made_up_files_with_a_right_checksum_are_refused_or_can_be_played() {
    let lines = golden_lines();
    let odd = odd_values();
    let home = Home::new().await;
    let mut dice = 4;
    let (mut refused, mut played) = (0, 0);
    for attempt in 0..250 {
        let mut changed = lines.clone();
        // The first line holds the most that can be wrong; the others come as they are.
        let place = if attempt % 3 == 0 { 0 } else { roll(&mut dice, lines.len()) };
        let mut value: Value = serde_json::from_str(&changed[place]).unwrap();
        let odd = &odd[roll(&mut dice, odd.len())];
        replace_a_leaf(&mut value, &mut dice, odd);
        // The order of the fields is not kept, and the first must stay first.
        changed[place] = match value.as_object_mut().and_then(|fields| fields.remove("magister_export")) {
            None => value.to_string(),
            Some(version) => format!("{MAGIC}{version},{}", &value.to_string()[1..]),
        };
        let file = sealed(&changed);
        let Ok(read) = read(file.as_bytes(), 1 << 20) else {
            refused += 1;
            continue;
        };
        let name = format!("c{attempt}");
        match home.publish(&name, read).await {
            Ok(()) => {
                played += 1;
                home.registry.delete(&name).await.unwrap();
            }
            Err(problem) => {
                assert!(
                    !problem.contains("panic") && !problem.contains("shutting down"),
                    "{problem}: {}",
                    changed[place]
                );
                refused += 1;
                if home.registry.owner(&name).await.is_ok() {
                    home.registry.delete(&name).await.unwrap();
                }
            }
        }
    }
    assert!(refused > 80 && played > 20, "{refused} refused, {played} played");
    home.registry.stop().await;
    drop(home.registry);
    tokio::task::spawn_blocking(move || home.thread.close()).await.unwrap();
}
