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

    /// What came of an episode.
    struct Walked {
        return_: f64,
        x_m: f32,
    }

    /// Walks up to `steps` steps on a track without parameters, pushed by `initial_force` N. As in the publication's program, the reset's
    /// step and the first one are without action.
    fn walked(family: Family, seed: u64, initial_force: f64, steps: usize) -> Walked {
        let track = TrackParams::from_task(family, &BTreeMap::new()).unwrap().build(seed).unwrap();
        let mut walker = Walker::new(WalkerKind::Default, &Ground::from(&track), initial_force);
        let mut stepper = Stepper::new(Engine::Scalar).unwrap();
        let mut heuristic = Heuristic::default();
        let mut results = [StepResult { reward: 0.0, terminated: false }];
        let (mut return_, mut action, mut observation) = (0.0, [0.0; 4], [0.0; 24]);
        Walker::step_all(std::slice::from_mut(&mut walker), &action, &mut results, &mut stepper);
        for _ in 0..steps {
            Walker::step_all(std::slice::from_mut(&mut walker), &action, &mut results, &mut stepper);
            return_ += results[0].reward;
            if results[0].terminated {
                break;
            }
            walker.observe(&mut observation);
            action = heuristic.act(&observation);
        }
        Walked { return_, x_m: walker.place(0).position.x }
    }

    fn mean(values: &[f64]) -> f64 {
        values.iter().sum::<f64>() / values.len() as f64
    }

    /// Returns on flat ground for initial forces evenly over -5..5 N, of at most 2,000 steps. From Gymnasium 1.4.0's BipedalWalker and
    /// heuristic with pybox2d 2.3.10, its terrain's and force's random numbers replaced, and observations computed in f64.
    const REFERENCE_RETURNS: [f64; 40] = [
        21.704_081_727_195,
        150.112_443_298_817,
        161.222_695_168_028,
        314.467_251_186_876,
        -54.315_821_077_164,
        314.032_781_281_238,
        314.589_412_858_221,
        59.040_335_039_227,
        134.707_997_858_652,
        91.377_018_884_249,
        -53.731_789_070_709,
        315.417_802_674_793,
        312.891_024_791_251,
        195.041_309_580_114,
        314.311_421_686_956,
        177.537_071_060_979,
        -34.510_833_468_720,
        84.111_582_873_762,
        314.505_048_835_874,
        32.775_749_012_977,
        315.148_242_055_454,
        -40.925_438_466_735,
        314.675_334_015_695,
        23.496_000_852_489,
        314.889_121_772_072,
        314.732_111_010_206,
        37.902_587_153_216,
        314.191_925_995_269,
        79.414_263_669_494,
        48.114_515_848_831,
        313.885_557_772_596,
        122.661_428_450_293,
        314.780_880_175_321,
        -28.843_741_399_609,
        314.741_658_225_770,
        26.207_899_201_498,
        130.323_815_780_206,
        315.158_552_643_167,
        315.273_929_541_429,
        -2.816_230_930_084,
    ];

    #[test]
    fn its_returns_on_flat_ground_are_those_of_the_reference() {
        let returns: Vec<f64> = (0..40_u8)
            .map(|index| walked(Family::Flat, 0, -5.0 + (f64::from(index) + 0.5) / 4.0, 2_000).return_)
            .collect();
        for (index, (ours, reference)) in returns.iter().zip(REFERENCE_RETURNS).enumerate() {
            // Half of these episodes go on for more than 1,100 steps: one differing bit, and they would part.
            assert!((ours - reference).abs() < 1e-9, "walk {index}: {ours}, reference {reference}");
        }
        assert!((mean(&returns) - 167.707).abs() < 0.001, "{}", mean(&returns));
    }

    #[test]
    fn its_returns_on_grass_are_like_those_in_gymnasium() {
        // Gymnasium 1.4.0's BipedalWalker with its heuristic, seeds 0 to 399, at most 2,000 steps: mean 100.4, standard deviation 126.8,
        // quartiles -6.6, 56.1 and 181.5. Its tracks are not ours, so only the distributions are compared: the mean of 150 has a
        // standard error of 10.4, that of the 400 has 6.3, their difference 12.1. Three of these are allowed.
        let mut returns: Vec<f64> = (0..150)
            .map(|seed| {
                let force = -5.0 + (seed as f64 + 0.5) / 15.0;
                walked(Family::Grass, seed, force, 2_000).return_
            })
            .collect();
        assert!((mean(&returns) - 100.4).abs() < 36.0, "{}", mean(&returns));
        returns.sort_by(f64::total_cmp);
        let (lower, upper) = (returns[37], returns[112]);
        assert!((-35.0..25.0).contains(&lower) && (120.0..250.0).contains(&upper), "{lower} {upper}");
    }

    #[test]
    fn a_fall_costs_it_what_it_costs_everybody() {
        let Walked { return_, x_m } = walked(Family::Hardcore, 1, 1.0, 1_000);
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
