//! What holds for the world in which a walker lives, from one step to the next.

use super::*;
use crate::physics::{Engine, World};
use crate::track::{Family, TrackParams};
use std::collections::BTreeMap;

/// A walker on a track with low stumps, against which it falls.
fn walker(kind: WalkerKind) -> Walker {
    let task = BTreeMap::from([("stump_height".to_owned(), 0.4), ("obstacle_spacing".to_owned(), 1.0)]);
    let track = TrackParams::from_task(Family::Stump, &task).unwrap().build(3).unwrap();
    Walker::new(kind, &Ground::from(&track), 2.0)
}

/// Torques that change slowly, so that limbs swing.
fn torques(step: usize, count: usize) -> Vec<f64> {
    (0..count).map(|motor| libm::sin(0.11 * step as f64 + 1.7 * motor as f64)).collect()
}

fn step(walker: &mut Walker, action: &[f64], stepper: &mut Stepper) -> Vec<u64> {
    let mut results = [StepResult { reward: 0.0, terminated: false }];
    Walker::step_all(std::slice::from_mut(walker), action, &mut results, stepper);
    let mut observation = [0.0; MAX_OBSERVATIONS];
    walker.observe(&mut observation[..walker.kind().observation_count()]);
    let numbers = observation.into_iter().chain([results[0].reward, f64::from(results[0].terminated)]);
    numbers.map(f64::to_bits).collect()
}

/// The world on its own, as text: all of its state.
fn saved(walker: &mut Walker) -> String {
    let world: &mut World = walker.as_mut();
    serde_json::to_string(world).unwrap()
}

#[test]
fn a_world_copied_at_any_step_goes_on_equally() {
    const STEPS: usize = 160;
    const AFTER: usize = 12;
    for kind in WalkerKind::ALL {
        let mut walker = walker(kind);
        let mut steppers = [(); 3].map(|()| Stepper::new(Engine::Scalar).unwrap());
        let mut touching = 0;
        for now in 0..STEPS {
            step(&mut walker, &torques(now, kind.action_count()), &mut steppers[0]);
            touching += usize::from(walker.on_ground.contains(&true));
            if now % 4 != 0 {
                continue;
            }
            let mut original = walker.clone();
            let mut clone = walker.clone();
            let text = serde_json::to_string(&walker).unwrap();
            let mut restored: Walker = serde_json::from_str(&text).unwrap();
            assert_eq!(saved(&mut restored), saved(&mut original), "{kind:?} saved after step {now}");
            for later in now + 1..=now + AFTER {
                let action = torques(later, kind.action_count());
                let copies = [&mut original, &mut clone, &mut restored];
                let went: Vec<_> =
                    copies.into_iter().zip(&mut steppers).map(|(copy, on)| step(copy, &action, on)).collect();
                assert_eq!(went[0], went[1], "{kind:?} cloned after step {now}, at {later}");
                assert_eq!(went[0], went[2], "{kind:?} saved after step {now}, at {later}");
            }
            // Down to what no observation shows.
            let ended = [&mut original, &mut clone, &mut restored].map(saved);
            assert!(ended[0] == ended[1] && ended[0] == ended[2], "{kind:?} saved after step {now}");
        }
        assert!((20..STEPS).contains(&touching), "{kind:?} touches the ground in {touching} steps");
        assert!(walker.fallen, "{kind:?} has not fallen");
    }
}

#[test]
fn a_world_does_not_grow() {
    for kind in WalkerKind::ALL {
        let mut walker = walker(kind);
        let mut stepper = Stepper::new(Engine::Scalar).unwrap();
        let mut lengths = Vec::new();
        for now in 0..4_000 {
            step(&mut walker, &torques(now, kind.action_count()), &mut stepper);
            if now % 100 == 99 {
                lengths.push(saved(&mut walker).len());
            }
        }
        let early = lengths[..10].iter().max().unwrap();
        let late = lengths[30..].iter().max().unwrap();
        assert!(late * 10 < early * 11, "{kind:?}: {lengths:?}");
    }
}
