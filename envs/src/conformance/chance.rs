//! What a check draws: tasks, seeds and actions.

use crate::environment::{Absent, Parameter, Task};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// How far numbers are drawn from zero where nothing limits them.
const FAR: f64 = 100.0;

pub(super) struct Chance(ChaCha8Rng);

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    pub(super) fn seed(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A whole number below `end`.
    pub(super) fn below(&mut self, end: usize) -> usize {
        (self.0.next_u64() % end as u64) as usize
    }

    /// Actions within their ranges; every eighth goes beyond them.
    pub(super) fn actions(&mut self, ranges: &[[f64; 2]], count: usize) -> Vec<Vec<f64>> {
        let mut action = |index: usize| -> Vec<f64> {
            let beyond = if index % 8 == 7 { 1.5 } else { 1.0 };
            ranges.iter().map(|&range| beyond * self.uniform(range)).collect()
        };
        (0..count).map(&mut action).collect()
    }

    /// A task. In turn: with only what must be given, from the ranges that are of interest; with everything, from these; with
    /// everything, from all that is allowed.
    pub(super) fn task(&mut self, parameters: &[Parameter], round: u32) -> Task {
        let mut task = Task::new();
        for parameter in parameters {
            if round.is_multiple_of(3) && parameter.absent != Absent::Refused {
                continue;
            }
            let limits = [parameter.least, parameter.most];
            let value = match (round % 3, parameter.published, parameter.absent) {
                (2, _, _) | (_, None, Absent::Refused | Absent::LeftOut) => self.uniform(limits),
                (_, Some(published), _) => self.uniform(published),
                (_, None, Absent::Is(value)) => value,
            };
            task.insert(parameter.name.to_owned(), value);
        }
        task
    }

    fn uniform(&mut self, [least, most]: [f64; 2]) -> f64 {
        const UNIT: f64 = 1.0 / 9_007_199_254_740_992.0; // 2⁻⁵³
        let (least, most) = (least.max(-FAR), most.min(FAR));
        least + (most - least) * ((self.0.next_u64() >> 11) as f64 * UNIT)
    }
}
