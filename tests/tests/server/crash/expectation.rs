//! What must be there after a crash at any point of a trace: what was acknowledged before it, and of what was under
//! way all or nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use magister_proto::v1;

use super::{
    calls::{Answer, Call},
    recording::{Listing, Mark},
    trace::Event,
    workload::Round,
};

/// A recorded run: its rounds and what the caller learnt, each with its place in the trace.
#[derive(Debug)]
pub(crate) struct Recorded {
    pub(crate) rounds: Vec<Round>,
    answers: BTreeMap<(usize, usize), (usize, Answer)>,
    descriptions: BTreeMap<(usize, String), (usize, v1::Curriculum)>,
    /// Place of the last mark of each round.
    ends: Vec<usize>,
    /// By name and time of creation.
    listings: HashMap<(String, Option<prost_types::Timestamp>), Listing>,
}

/// What may be there of one curriculum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// What it was before the round.
    Before,
    /// What it was after the round.
    After,
}

impl Recorded {
    pub(crate) fn read(events: &[Event], rounds: Vec<Round>) -> Self {
        let (mut answers, mut descriptions, mut listings) =
            (BTreeMap::new(), BTreeMap::new(), HashMap::new());
        let mut ends = vec![0; rounds.len()];
        for (place, event) in events.iter().enumerate() {
            let Event::Marked(bytes) = event else { continue };
            match Mark::decode(bytes) {
                Mark::Answered { round, call, answer } => {
                    ends[round] = place;
                    answers.insert((round, call), (place, answer));
                }
                Mark::Described { round, curriculum } => {
                    ends[round] = place;
                    descriptions.insert((round, curriculum.name.clone()), (place, curriculum));
                }
                Mark::Listed { listing } => {
                    let key = (listing.curriculum.name.clone(), listing.curriculum.create_time);
                    listings.insert(key, listing);
                }
            }
        }
        Self { rounds, answers, descriptions, ends, listings }
    }

    /// The round under way when the first `cut` events have happened.
    pub(crate) fn round_at(&self, cut: usize) -> usize {
        self.ends.iter().position(|&end| end >= cut).unwrap_or(self.rounds.len())
    }

    /// The calls of a round, with their answers.
    pub(crate) fn calls(&self, round: usize) -> impl Iterator<Item = (&Call, &Answer)> {
        let calls = match self.rounds.get(round) {
            Some(Round::Calls(calls)) => calls.as_slice(),
            _ => &[],
        };
        calls.iter().enumerate().map(move |(number, call)| (call, &self.answers[&(round, number)].1))
    }

    /// Names of the curricula that may be there.
    pub(crate) fn names(&self, round: usize) -> BTreeSet<&str> {
        let of_round = |round| {
            self.descriptions
                .range((round, String::new())..(round + 1, String::new()))
                .map(|((_, name), _)| name.as_str())
        };
        round.checked_sub(1).into_iter().chain([round]).flat_map(of_round).collect()
    }

    /// What a curriculum may be after a crash at `cut`: not there, or as it was described.
    pub(crate) fn possible(&self, cut: usize, name: &str) -> Vec<(Progress, Option<&v1::Curriculum>)> {
        let round = self.round_at(cut);
        let described = |round| self.descriptions.get(&(round, name.to_owned()));
        let before = round.checked_sub(1).and_then(described).map(|(_, curriculum)| curriculum);
        if round == self.rounds.len() {
            return vec![(Progress::Before, before)];
        }
        let after = described(round);
        let was_answered = self.answers.range((round, 0)..(round + 1, 0)).any(|((_, call), (place, _))| {
            let Round::Calls(calls) = &self.rounds[round] else { unreachable!("only calls are answered") };
            calls[*call].curriculum() == name && *place < cut
        });
        let is_known = was_answered || after.is_some_and(|(place, _)| *place < cut);
        let after = (Progress::After, after.map(|(_, curriculum)| curriculum));
        match is_known {
            true => vec![after],
            false => vec![(Progress::Before, before), after],
        }
    }

    /// What a curriculum held in the end.
    pub(crate) fn listing(&self, curriculum: &v1::Curriculum) -> &Listing {
        &self.listings[&(curriculum.name.clone(), curriculum.create_time)]
    }

    /// Calls to a curriculum that were answered before `cut`, since one of its name was made or deleted, oldest first.
    pub(crate) fn acknowledged(&self, cut: usize, name: &str) -> Vec<(&Call, &Answer)> {
        let mut acknowledged = Vec::new();
        for ((round, number), (place, answer)) in &self.answers {
            let Round::Calls(calls) = &self.rounds[*round] else { unreachable!("only calls are answered") };
            let call = &calls[*number];
            if *place >= cut || call.curriculum() != name {
                continue;
            }
            if matches!(call, Call::Create(_) | Call::Fork(_) | Call::Delete(_)) {
                acknowledged.clear();
            }
            acknowledged.push((call, answer));
        }
        acknowledged
    }
}
