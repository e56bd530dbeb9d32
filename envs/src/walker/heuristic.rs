//! A controller written by hand for two-legged walkers: it walks on even ground and fails at obstacles.
//!
//! Source: `BipedalWalkerHeuristics` of Gymnasium's `bipedal_walker.py`, which teachDeepRL keeps too. Its rules and numbers
//! are kept, so that it walks here as it does there.

/// The hull's speed that it aims at, in the unit of the observation.
const SPEED: f64 = 0.29;
/// The greatest angle of the knee on which it stands, radians.
const SUPPORT_KNEE_ANGLE: f64 = 0.1;

/// A controller that remembers in which phase of its gait it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heuristic {
    phase: Phase,
    /// The leg that swings; the other one supports.
    moving_leg: usize,
    supporting_knee_angle: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    StayOnOneLeg,
    PutOtherDown,
    PushOff,
}

/// What one leg aims at, radians; none where the joint is only damped.
#[derive(Clone, Copy, Debug, Default)]
struct Aim {
    hip: Option<f64>,
    knee: Option<f64>,
}

impl Default for Heuristic {
    fn default() -> Self {
        Self { phase: Phase::StayOnOneLeg, moving_leg: 0, supporting_knee_angle: SUPPORT_KNEE_ANGLE }
    }
}

impl Heuristic {
    /// The torques for hip and knee of both legs that answer an observation of a walker with two legs.
    ///
    /// # Panics
    /// If the observation has fewer than 14 numbers.
    pub fn act(&mut self, observation: &[f64]) -> [f64; 4] {
        let (moving, supporting) = (self.moving_leg, 1 - self.moving_leg);
        // Hip's angle and speed, knee's angle and speed, contact: five numbers a leg.
        let leg = |leg: usize| &observation[4 + 5 * leg..9 + 5 * leg];
        let speed = observation[2];
        let mut aims = [Aim::default(); 2];
        if self.phase == Phase::StayOnOneLeg {
            aims[moving] = Aim { hip: Some(1.1), knee: Some(-0.6) };
            self.supporting_knee_angle += 0.03;
            if speed > SPEED {
                self.supporting_knee_angle += 0.03;
            }
            self.supporting_knee_angle = self.supporting_knee_angle.min(SUPPORT_KNEE_ANGLE);
            aims[supporting].knee = Some(self.supporting_knee_angle);
            if leg(supporting)[0] < 0.10 {
                self.phase = Phase::PutOtherDown;
            }
        }
        if self.phase == Phase::PutOtherDown {
            aims[moving] = Aim { hip: Some(0.1), knee: Some(SUPPORT_KNEE_ANGLE) };
            aims[supporting].knee = Some(self.supporting_knee_angle);
            if leg(moving)[4] > 0.0 {
                self.phase = Phase::PushOff;
                self.supporting_knee_angle = leg(moving)[2].min(SUPPORT_KNEE_ANGLE);
            }
        }
        if self.phase == Phase::PushOff {
            aims[moving].knee = Some(self.supporting_knee_angle);
            aims[supporting].knee = Some(1.0);
            if leg(supporting)[2] > 0.88 || speed > 1.2 * SPEED {
                self.phase = Phase::StayOnOneLeg;
                self.moving_leg = supporting;
            }
        }
        let [first, second] = [0, 1].map(|index| torques(aims[index], leg(index), observation));
        [first[0], first[1], second[0], second[1]]
    }
}

/// Hip and knee: towards the aim, with the head held straight and the hull's rise and fall damped.
fn torques(aim: Aim, leg: &[f64], observation: &[f64]) -> [f64; 2] {
    // An aim of exactly zero counts as none, as in the original.
    let towards = |aim: Option<f64>, gain: f64, angle: f64, speed: f64| match aim {
        Some(aim) if aim != 0.0 => gain * (aim - angle) - 0.25 * speed,
        _ => 0.0,
    };
    let hip = towards(aim.hip, 0.9, leg[0], leg[1]) - (0.9 * (0.0 - observation[0]) - 1.5 * observation[1]);
    let knee = towards(aim.knee, 4.0, leg[2], leg[3]) - 15.0 * observation[3];
    [hip, knee].map(|torque| (0.5 * torque).clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        physics::{Engine, Stepper},
        track::{Family, TrackParams},
        walker::{Ground, StepResult, Walker, WalkerKind},
    };
    use std::collections::BTreeMap;

    /// The return and the hull's last place after `steps` steps on a track without parameters.
    fn walked(family: Family, steps: usize) -> (f64, f32) {
        let track = TrackParams::from_task(family, &BTreeMap::new()).unwrap().build(1).unwrap();
        let mut walker = Walker::new(WalkerKind::Default, &Ground::from(&track), 1.0);
        let mut stepper = Stepper::new(Engine::Scalar).unwrap();
        let mut heuristic = Heuristic::default();
        let mut results = [StepResult { reward: 0.0, terminated: false }];
        let (mut return_, mut action, mut observation) = (0.0, [0.0; 4], [0.0; 24]);
        for _ in 0..steps {
            Walker::step_all(std::slice::from_mut(&mut walker), &action, &mut results, &mut stepper);
            return_ += results[0].reward;
            if results[0].terminated {
                break;
            }
            walker.observe(&mut observation);
            action = heuristic.act(&observation);
        }
        (return_, walker.place(0).position.x)
    }

    #[test]
    fn it_walks_on_even_ground_and_on_grass() {
        for family in [Family::Flat, Family::Grass] {
            let (return_, x_m) = walked(family, 600);
            // The reference's run of 600 steps on flat ground returns 109.
            assert!(return_ > 80.0 && x_m > 25.0, "{family}: return {return_}, {x_m} m");
        }
    }

    #[test]
    fn a_fall_costs_it_what_it_costs_everybody() {
        let (return_, x_m) = walked(Family::Hardcore, 1_000);
        assert!(return_ < 0.0 && x_m > 6.0, "return {return_}, {x_m} m");
    }

    #[test]
    fn torques_follow_from_the_phase() {
        let mut observation = [0.0; 24];
        // The supporting hip is forward: stay on that leg and swing the other.
        observation[9] = 0.5;
        let mut heuristic = Heuristic::default();
        let action = heuristic.act(&observation);
        assert!((action[0] - 0.5 * 0.9 * 1.1).abs() < 1e-12, "{action:?}");
        assert!((action[1] + 1.0).abs() < 1e-12, "a torque beyond -1 is cut off: {action:?}");
        assert_eq!(heuristic.phase, Phase::StayOnOneLeg);
        // It falls behind: put the other one down; with contact push off, and change legs once the knee is stretched.
        observation[9] = 0.0;
        heuristic.act(&observation);
        assert_eq!(heuristic.phase, Phase::PutOtherDown);
        observation[8] = 1.0;
        heuristic.act(&observation);
        assert_eq!((heuristic.phase, heuristic.moving_leg), (Phase::PushOff, 0));
        observation[11] = 0.9;
        heuristic.act(&observation);
        assert_eq!((heuristic.phase, heuristic.moving_leg), (Phase::StayOnOneLeg, 1));
    }
}
