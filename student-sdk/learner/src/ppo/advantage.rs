//! Generalised advantage estimation (Schulman et al., 2016).

/// What a rollout's steps brought; entry `step * walkers + walker` each.
pub(crate) struct Trace<'a> {
    pub(crate) walkers: usize,
    pub(crate) rewards: &'a [f32],
    /// Values of the observations at which the steps were taken.
    pub(crate) values: &'a [f32],
    /// Values of the observations to which the steps led: 0 after a terminated episode, that of the last observation of a truncated
    /// one (Pardo et al., 2018).
    pub(crate) next_values: &'a [f32],
    /// Whether the step was its episode's last.
    pub(crate) ended: &'a [bool],
}

/// By how much each step turned out better than its value said.
pub(crate) fn advantages(trace: &Trace<'_>, discount: f32, trace_decay: f32) -> Vec<f32> {
    let Trace { walkers, rewards, values, next_values, ended } = *trace;
    let mut advantages = vec![0.0; rewards.len()];
    let mut following = vec![0.0_f32; walkers];
    for begin in (0..rewards.len()).step_by(walkers).rev() {
        for (walker, following) in following.iter_mut().enumerate() {
            let index = begin + walker;
            let surprise = rewards[index] + discount * next_values[index] - values[index];
            let rest = if ended[index] { 0.0 } else { discount * trace_decay * *following };
            *following = surprise + rest;
            advantages[index] = *following;
        }
    }
    advantages
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition: the discounted sum of surprises up to the episode's or the rollout's end.
    fn by_definition(trace: &Trace<'_>, index: usize, discount: f32, decay: f32) -> f32 {
        let mut sum = 0.0;
        let mut weight = 1.0;
        let mut at = index;
        while at < trace.rewards.len() {
            sum += weight * (trace.rewards[at] + discount * trace.next_values[at] - trace.values[at]);
            if trace.ended[at] {
                break;
            }
            weight *= discount * decay;
            at += trace.walkers;
        }
        sum
    }

    #[test]
    fn advantages_are_those_of_the_definition() {
        let number = |index: usize, factor: usize| ((index * factor) % 17) as f32 * 0.3 - 2.0;
        let rewards: Vec<f32> = (0..60).map(|index| number(index, 7)).collect();
        let values: Vec<f32> = (0..60).map(|index| number(index, 5)).collect();
        let next_values: Vec<f32> = (0..60).map(|index| number(index, 3)).collect();
        let ended: Vec<bool> = (0..60).map(|index| index % 13 == 4).collect();
        let trace = Trace {
            walkers: 3,
            rewards: &rewards,
            values: &values,
            next_values: &next_values,
            ended: &ended,
        };
        for (discount, decay) in [(0.99, 0.95), (0.9, 1.0), (1.0, 0.0)] {
            for (index, found) in advantages(&trace, discount, decay).into_iter().enumerate() {
                let expected = by_definition(&trace, index, discount, decay);
                assert!((found - expected).abs() < 1e-4, "{index}: {found} {expected}");
            }
        }
    }
}
