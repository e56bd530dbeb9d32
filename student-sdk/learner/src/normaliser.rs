//! Observations and rewards scaled by what has been seen of them.

use serde::{Deserialize, Serialize};

/// What scaled numbers are clipped to, from minus this to this.
pub(crate) const CLIP: f32 = 10.0;
/// Added to variances.
pub(crate) const EPSILON: f64 = 1e-8;

/// The observations that a policy's moments stand for when it is learned on from its file, which does not say: about those of a short run.
const SEEN_BEFORE: f64 = 1e6;

/// Mean and variance of each number of an observation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ObservationNormaliser {
    moments: Vec<Moments>,
}

/// The scale of rewards: the deviation of their discounted sums.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct RewardScale {
    sums: Moments,
}

/// Mean and variance of what has been seen.
#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize)]
struct Moments {
    count: f64,
    mean: f64,
    /// The sum of squared distances to the mean.
    squares: f64,
}

/// What an [`ObservationNormaliser`] does for now: numbers are moved by an offset and multiplied.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Scaling {
    offsets: Vec<f32>,
    factors: Vec<f32>,
}

impl Moments {
    /// Takes values into account.
    fn add(&mut self, values: impl Iterator<Item = f64> + Clone) {
        let (count, sum) = values.clone().fold((0.0, 0.0), |(count, sum), value| (count + 1.0, sum + value));
        if count > 0.0 {
            let mean = sum / count;
            let squares = values.fold(0.0, |squares, value| squares + (value - mean) * (value - mean));
            self.join(Self { count, mean, squares });
        }
    }

    /// Takes what others have seen into account (Chan et al., 1979).
    fn join(&mut self, other: Self) {
        let total = self.count + other.count;
        let distance = other.mean - self.mean;
        self.squares += other.squares + distance * distance * self.count * other.count / total;
        self.mean += distance * other.count / total;
        self.count = total;
    }

    fn is_finite(&self) -> bool {
        self.mean.is_finite() && self.squares.is_finite()
    }

    /// 1 as long as nothing has been seen.
    fn variance(&self) -> f64 {
        if self.count > 0.0 { self.squares / self.count } else { 1.0 }
    }
}

impl ObservationNormaliser {
    /// Before anything has been seen: it changes nothing.
    pub(crate) fn new(width: usize) -> Self {
        Self { moments: vec![Moments::default(); width] }
    }

    /// As if so many observations had been seen as make these a matter of course.
    pub(crate) fn as_if_seen(means: &[f32], variances: &[f32]) -> Self {
        let moments = |(&mean, &variance): (&f32, &f32)| Moments {
            count: SEEN_BEFORE,
            mean: mean.into(),
            squares: f64::from(variance) * SEEN_BEFORE,
        };
        Self { moments: means.iter().zip(variances).map(moments).collect() }
    }

    /// How many numbers an observation has.
    pub(crate) fn width(&self) -> usize {
        self.moments.len()
    }

    /// Takes observations into account, row after row.
    pub(crate) fn observe(&mut self, observations: &[f32]) {
        let width = self.width();
        let count = (observations.len() / width) as f64;
        if count == 0.0 {
            return;
        }
        // By rows and not by columns: in the order in which they lie in memory.
        let mut means = vec![0.0; width];
        for row in observations.chunks_exact(width) {
            means.iter_mut().zip(row).for_each(|(sum, &value)| *sum += f64::from(value));
        }
        means.iter_mut().for_each(|mean| *mean /= count);
        let mut squares = vec![0.0; width];
        for row in observations.chunks_exact(width) {
            for ((squares, &mean), &value) in squares.iter_mut().zip(&means).zip(row) {
                let distance = f64::from(value) - mean;
                *squares += distance * distance;
            }
        }
        for ((moments, mean), squares) in self.moments.iter_mut().zip(means).zip(squares) {
            moments.join(Moments { count, mean, squares });
        }
    }

    pub(crate) fn means(&self) -> Vec<f32> {
        self.moments.iter().map(|moments| moments.mean as f32).collect()
    }

    pub(crate) fn variances(&self) -> Vec<f32> {
        self.moments.iter().map(|moments| moments.variance() as f32).collect()
    }

    /// What it does for now.
    pub(crate) fn scaling(&self) -> Scaling {
        Scaling::new(&self.means(), &self.variances())
    }

    pub(crate) fn is_finite(&self) -> bool {
        self.moments.iter().all(Moments::is_finite)
    }
}

impl Scaling {
    /// To mean 0 and variance 1.
    pub(crate) fn new(means: &[f32], variances: &[f32]) -> Self {
        let factor = |&variance: &f32| (1.0 / (f64::from(variance) + EPSILON).sqrt()) as f32;
        Self { offsets: means.to_vec(), factors: variances.iter().map(factor).collect() }
    }

    /// Scales rows of observations into rows of another place, clipped.
    pub(crate) fn apply(&self, observations: &[f32], into: &mut [f32]) {
        let width = self.offsets.len();
        for (from, to) in observations.chunks_exact(width).zip(into.chunks_exact_mut(width)) {
            for (((to, from), offset), factor) in
                to.iter_mut().zip(from).zip(&self.offsets).zip(&self.factors)
            {
                *to = ((from - offset) * factor).clamp(-CLIP, CLIP);
            }
        }
    }

    /// The same into new memory.
    pub(crate) fn applied(&self, observations: &[f32]) -> Vec<f32> {
        let mut scaled = vec![0.0; observations.len()];
        self.apply(observations, &mut scaled);
        scaled
    }
}

impl RewardScale {
    /// Takes discounted sums of rewards into account.
    pub(crate) fn observe(&mut self, sums: impl Iterator<Item = f64> + Clone) {
        self.sums.add(sums);
    }

    pub(crate) fn is_finite(&self) -> bool {
        self.sums.is_finite()
    }

    /// A reward in its scale, clipped.
    pub(crate) fn scaled(&self, reward: f64) -> f32 {
        let scaled = reward / (self.sums.variance() + EPSILON).sqrt();
        (scaled as f32).clamp(-CLIP, CLIP)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_have_the_moments_of_the_whole() {
        let values: Vec<f64> = (0..1000).map(|index| f64::from(index % 37) * 0.3 - 2.0).collect();
        let mut whole = Moments::default();
        whole.add(values.iter().copied());
        let mut parts = Moments::default();
        for part in values.chunks(7) {
            parts.add(part.iter().copied());
        }
        let mean = values.iter().sum::<f64>() / 1000.0;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 1000.0;
        for moments in [whole, parts] {
            assert!((moments.mean - mean).abs() < 1e-12 && (moments.variance() - variance).abs() < 1e-9);
        }
    }

    #[test]
    fn observations_get_mean_zero_and_variance_one() {
        let rows: Vec<f32> = (0..200).flat_map(|row| [row as f32, 5.0, -0.01 * row as f32]).collect();
        let mut normaliser = ObservationNormaliser::new(3);
        let mut same = vec![0.0; 600];
        normaliser.scaling().apply(&rows[..3], &mut same[..3]);
        assert_eq!(same[..3], rows[..3], "nothing seen: nothing changed");
        normaliser.observe(&rows);
        let mut scaled = vec![0.0; 600];
        normaliser.scaling().apply(&rows, &mut scaled);
        for column in [0, 2] {
            let values: Vec<f64> =
                scaled.iter().skip(column).step_by(3).map(|&value| f64::from(value)).collect();
            let mean = values.iter().sum::<f64>() / 200.0;
            let variance = values.iter().map(|value| value * value).sum::<f64>() / 200.0;
            assert!(mean.abs() < 1e-5 && (variance - 1.0).abs() < 1e-4, "{mean} {variance}");
        }
        let constant = scaled.iter().skip(1).step_by(3);
        assert!(
            constant.clone().all(|value| value.abs() < f32::MIN_POSITIVE),
            "what never varies says nothing"
        );
    }

    #[test]
    fn scaled_numbers_are_clipped() {
        let mut scale = RewardScale::default();
        scale.observe([-1.0, 1.0].into_iter());
        assert!((scale.scaled(0.5) - 0.5).abs() < 1e-6);
        assert!((scale.scaled(-1e9) + CLIP).abs() < 1e-6);
    }
}
