//! Starts the service over what a crash left and holds it against the recorded run.

use std::{collections::HashMap, path::Path};

use magister_proto::v1;
use tonic::Code;

use super::{
    calls::{Answer, Call, timeless},
    expectation::{Progress, Recorded},
    recording::{Listing, Served, take_round},
    workload::Round,
};

/// How far a run goes on after a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// Until the calls that were under way have been sent again.
    EndOfRound,
    /// To the end of the workload.
    EndOfRun,
}

/// Checks what the files in `data` hold after a crash that came when the first `cut` events had happened.
///
/// # Errors
/// What is not as it must be.
pub(crate) async fn check(recorded: &Recorded, cut: usize, data: &Path, until: Until) -> Result<(), String> {
    let mut served = Served::start(data.to_owned()).await?;
    let round = recorded.round_at(cut);
    let mut progress = HashMap::new();
    let names = served.names().await?;
    if let Some(name) = names.iter().find(|name| !recorded.names(round).contains(name.as_str())) {
        return Err(format!("{name} is there and never was, or was deleted"));
    }
    for name in recorded.names(round) {
        let found = match names.iter().any(|found| found == name) {
            true => Some(served.describe(name).await?),
            false => None,
        };
        let of = look(recorded, cut, name, found.as_ref())?;
        progress.insert(name.to_owned(), of);
        if let Some(found) = found {
            compare_episodes(recorded, cut, &found, &served.episodes(name).await?)?;
            repeat_latest(recorded, cut, &mut served, &found).await?;
        }
    }
    finish_round(recorded, round, &mut served, &progress).await?;
    if until == Until::EndOfRun {
        go_on(recorded, round, served).await?;
    }
    Ok(())
}

/// Finds how far a curriculum is.
fn look(
    recorded: &Recorded,
    cut: usize,
    name: &str,
    found: Option<&v1::Curriculum>,
) -> Result<Progress, String> {
    // How many fits have arrived is no promise: those that are missing run again.
    let without_fits = |curriculum: &v1::Curriculum| v1::Curriculum { fits: 0, ..curriculum.clone() };
    let possible = recorded.possible(cut, name);
    let found = found.map(without_fits);
    match possible.iter().find(|(_, possible)| possible.map(without_fits) == found) {
        Some((progress, _)) => Ok(*progress),
        None => Err(format!("{name} is\n{found:?}\nand may be one of\n{possible:?}")),
    }
}

/// Every acknowledged outcome is there, once, and no other than the run had.
fn compare_episodes(
    recorded: &Recorded,
    cut: usize,
    found: &v1::Curriculum,
    listed: &v1::ListEpisodesResponse,
) -> Result<(), String> {
    let (name, listed) = (&found.name, &listed.episodes);
    let all = &recorded.listing(found).episodes.episodes;
    if !all.starts_with(listed) {
        return Err(format!("the outcomes of {name} are not the first of the recorded ones"));
    }
    let counted = listed.iter().filter(|episode| episode.number.is_some()).count() as u64;
    if counted != found.episodes {
        return Err(format!("{name} lists {counted} episodes and counts {}", found.episodes));
    }
    let mut by_task: HashMap<&str, Vec<&v1::Episode>> = HashMap::new();
    for episode in listed {
        by_task.entry(&episode.task).or_default().push(episode);
    }
    for (call, answer) in recorded.acknowledged(cut, name) {
        let Answer::Receipts(receipts) = answer else { continue };
        for receipt in &receipts.receipts {
            let of_task = by_task.get(receipt.task.as_str()).map_or(&[][..], Vec::as_slice);
            let is_there = matches!(of_task, [episode]
                if (episode.state, episode.number, episode.late)
                    == (receipt.state, receipt.episode, receipt.late)
                    && episode.alp.map(f64::to_bits) == receipt.alp.map(f64::to_bits));
            if !is_there {
                return Err(format!("{receipt:?} was acknowledged to {call:?}, and there is {of_task:?}"));
            }
        }
    }
    Ok(())
}

/// The latest acknowledged call is answered as it was.
async fn repeat_latest(
    recorded: &Recorded,
    cut: usize,
    served: &mut Served,
    found: &v1::Curriculum,
) -> Result<(), String> {
    let acknowledged = recorded.acknowledged(cut, &found.name);
    let Some((call, answer)) = acknowledged.iter().rev().find(|(call, _)| call.is_repeatable()) else {
        return Ok(());
    };
    let again = send(call, served).await?;
    if again.as_repeated() != answer.as_repeated() {
        return Err(format!("{call:?} was answered\n{answer:?}\nand is now answered\n{again:?}"));
    }
    match served.describe(&found.name).await? {
        now if v1::Curriculum { fits: found.fits, ..now.clone() } == *found => Ok(()),
        now => Err(format!("{call:?}, sent again, changed\n{found:?}\nto\n{now:?}")),
    }
}

/// Sends the calls of the round again that the caller would: those that may not have happened.
async fn finish_round(
    recorded: &Recorded,
    round: usize,
    served: &mut Served,
    progress: &HashMap<String, Progress>,
) -> Result<(), String> {
    for (call, answer) in recorded.calls(round) {
        let name = call.curriculum();
        if !call.is_repeatable() && progress.get(&name) == Some(&Progress::After) {
            continue;
        }
        let again = send(call, served).await?;
        if again.as_repeated().timeless() != answer.as_repeated().timeless() {
            return Err(format!(
                "{call:?} of round {round} was answered\n{answer:?}\nand after the crash\n{again:?}"
            ));
        }
    }
    Ok(())
}

/// Does the rest of the workload: every answer, and in the end everything there is, must be the recorded one.
async fn go_on(recorded: &Recorded, round: usize, mut served: Served) -> Result<(), String> {
    for (number, taken) in recorded.rounds.iter().enumerate().skip(round) {
        if number > round || !matches!(taken, Round::Calls(_)) {
            served = take_round(taken, served).await?;
        }
        if number == round {
            continue;
        }
        for (call, answer) in recorded.calls(number) {
            let again = send(call, &mut served).await?;
            if again.timeless() != answer.timeless() {
                return Err(format!(
                    "{call:?} of round {number} was answered\n{answer:?}\nand, gone on from round {round},\n{again:?}"
                ));
            }
        }
    }
    for name in recorded.names(recorded.rounds.len()) {
        let held = recorded.possible(usize::MAX, name);
        let Some((_, Some(last))) = held.first() else { continue };
        let (expected, found) = (recorded.listing(last), served.list(name).await?);
        if without_times(&found) != without_times(expected) {
            return Err(format!(
                "{name} ended as\n{expected:?}\nand, gone on from round {round}, as\n{found:?}"
            ));
        }
    }
    Ok(())
}

fn without_times(listing: &Listing) -> Listing {
    let mut listing = listing.clone();
    listing.curriculum = timeless(listing.curriculum);
    for episode in &mut listing.episodes.episodes {
        episode.accept_time = None;
    }
    for fit in &mut listing.fits.fits {
        (fit.create_time, fit.fit_seconds) = (None, 0.0);
    }
    listing
}

async fn send(call: &Call, served: &mut Served) -> Result<Answer, String> {
    let answered = call.send(&mut served.client).await;
    match (call, answered) {
        (_, Ok(answer)) => Ok(answer),
        (Call::Delete(_), Err(status)) if status.code() == Code::NotFound => Ok(Answer::Deleted),
        (_, Err(status)) => Err(format!("{call:?} is refused: {status}")),
    }
}
