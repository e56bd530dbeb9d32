//! Groups of walkers that play a rollout side by side.

use crate::group::{Group, Guide, Rollout, Stopped};
use crate::lessons::Desk;
use rand_chacha::ChaCha8Rng;
use std::thread;

/// A group during a rollout.
pub(crate) struct Member<'a> {
    pub(crate) group: &'a mut Group,
    pub(crate) desk: Desk,
    pub(crate) noise: ChaCha8Rng,
    pub(crate) rollout: Rollout,
}

/// Plays a rollout with all groups, shared evenly among so many threads; what came of each thread, in the order of the groups.
pub(crate) fn play_all(
    members: Vec<Member<'_>>,
    threads: usize,
    exchanges: usize,
    guide: &Guide<'_>,
) -> Vec<Result<Vec<Rollout>, Stopped>> {
    let count = members.len();
    let mut crews: Vec<Vec<Member<'_>>> = (0..threads).map(|_| Vec::new()).collect();
    for (index, member) in members.into_iter().enumerate() {
        crews[index * threads / count].push(member);
    }
    thread::scope(|scope| {
        let mut crews = crews.into_iter();
        let own = crews.next();
        let others: Vec<_> = crews.map(|crew| scope.spawn(move || play(crew, exchanges, guide))).collect();
        let own = own.map(|crew| play(crew, exchanges, guide));
        own.into_iter()
            .chain(others.into_iter().map(|thread| thread.join().expect("collecting does not panic")))
            .collect()
    })
}

/// Plays a rollout with groups in turns, in one thread.
fn play(mut crew: Vec<Member<'_>>, exchanges: usize, guide: &Guide<'_>) -> Result<Vec<Rollout>, Stopped> {
    for exchange in 0..exchanges {
        for Member { group, desk, noise, rollout } in &mut crew {
            group.play(exchange, guide, noise, desk, rollout)?;
        }
    }
    for Member { group, desk, rollout, .. } in &mut crew {
        group.finish(exchanges, guide, desk, rollout)?;
    }
    Ok(crew.into_iter().map(|member| member.rollout).collect())
}
