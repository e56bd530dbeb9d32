//! Welch's t-test, for two questions: whether two samples have different means, and whether they have the same one up to
//! a margin.
//!
//! The second takes two one-sided tests. An ordinary test that finds no difference has shown nothing: it may have looked at too few runs. Here
//! the burden lies the other way: the means count as equivalent only if both "lower by the margin or more"
//! and "higher by the margin or more" are refuted. Source: Schuirmann, "A comparison of the two one-sided
//! tests procedure and the power approach for assessing the equivalence of average bioavailability", 1987;
//! Welch, "The generalization of 'Student's' problem when several different population variances are
//! involved", 1947.

use serde::Serialize;

/// Size, mean and spread of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Summary {
    /// Values in the sample.
    pub(crate) count: usize,
    /// Their mean.
    pub(crate) mean: f64,
    /// Their standard deviation (n − 1); 0 for one value.
    pub(crate) standard_deviation: f64,
}

impl Summary {
    /// Summarises; `None` without values.
    pub(crate) fn of(values: &[f64]) -> Option<Self> {
        if values.is_empty() {
            return None;
        }
        let count = values.len();
        let mean = values.iter().sum::<f64>() / count as f64;
        let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
        let variance = if count > 1 { squares / (count - 1) as f64 } else { 0.0 };
        Some(Self { count, mean, standard_deviation: variance.sqrt() })
    }

    /// Variance of the mean.
    fn squared_standard_error(&self) -> f64 {
        self.standard_deviation * self.standard_deviation / self.count as f64
    }
}

/// What the two tests say.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Equivalence {
    /// Mean of the first sample less that of the second.
    pub(crate) difference: f64,
    /// Differences of the means within this, either way, do not matter.
    pub(crate) margin: f64,
    /// Chance of a false "equivalent" that is accepted.
    pub(crate) significance_level: f64,
    /// Level of the interval, 1 − 2 × `significance_level`: it lies within the margin exactly when the
    /// means are equivalent.
    pub(crate) confidence_level: f64,
    /// Low and high end of the difference's confidence interval.
    pub(crate) confidence_interval: [f64; 2],
    /// Welch's degrees of freedom; `None` if neither sample varies.
    pub(crate) degrees_of_freedom: Option<f64>,
    /// How well the difference could be as seen if the first mean were lower by the margin.
    pub(crate) p_lower: f64,
    /// How well the difference could be as seen if the first mean were higher by the margin.
    pub(crate) p_higher: f64,
    /// Whether both are below the significance level.
    pub(crate) equivalent: bool,
}

impl Equivalence {
    /// Tests whether the means of two samples differ by less than `margin`; `None` if a sample has fewer
    /// than two values.
    pub(crate) fn test(
        first: Summary,
        second: Summary,
        margin: f64,
        significance_level: f64,
    ) -> Option<Self> {
        if first.count < 2 || second.count < 2 {
            return None;
        }
        let difference = first.mean - second.mean;
        let (standard_error, degrees_of_freedom) = standard_error(first, second);
        let (p_lower, p_higher, half_width) = match degrees_of_freedom {
            Some(freedom) => (
                upper_tail((difference + margin) / standard_error, freedom),
                upper_tail((margin - difference) / standard_error, freedom),
                standard_error * upper_quantile(significance_level, freedom),
            ),
            // Without spread there is no doubt.
            None => {
                let certain = |below_margin: bool| if below_margin { 0.0 } else { 1.0 };
                (certain(difference > -margin), certain(difference < margin), 0.0)
            }
        };
        Some(Self {
            difference,
            margin,
            significance_level,
            confidence_level: 1.0 - 2.0 * significance_level,
            confidence_interval: [difference - half_width, difference + half_width],
            degrees_of_freedom,
            p_lower,
            p_higher,
            equivalent: p_lower < significance_level && p_higher < significance_level,
        })
    }
}

/// How well two means could differ as they do, or more, either way, if they were the same; `None` if a sample has fewer
/// than two values.
pub(crate) fn two_sided(first: Summary, second: Summary) -> Option<f64> {
    if first.count < 2 || second.count < 2 {
        return None;
    }
    let difference = (first.mean - second.mean).abs();
    let (standard_error, degrees_of_freedom) = standard_error(first, second);
    Some(match degrees_of_freedom {
        Some(freedom) => 2.0 * upper_tail(difference / standard_error, freedom),
        None if difference > 0.0 => 0.0,
        None => 1.0,
    })
}

/// Of the difference of two means, and Welch's degrees of freedom: `None` if neither sample varies.
fn standard_error(first: Summary, second: Summary) -> (f64, Option<f64>) {
    let parts = [first, second].map(|sample| (sample.squared_standard_error(), (sample.count - 1) as f64));
    let squared_error: f64 = parts.iter().map(|(part, _)| part).sum();
    let degrees_of_freedom = (squared_error > 0.0).then(|| {
        squared_error * squared_error / parts.iter().map(|(part, freedom)| part * part / freedom).sum::<f64>()
    });
    (squared_error.sqrt(), degrees_of_freedom)
}

/// The chance that a t-distributed number with so many degrees of freedom exceeds `t`.
fn upper_tail(t: f64, degrees_of_freedom: f64) -> f64 {
    let square = t * t;
    let both_tails = if square.is_finite() {
        incomplete_beta(
            degrees_of_freedom / (degrees_of_freedom + square),
            square / (degrees_of_freedom + square),
            0.5 * degrees_of_freedom,
            0.5,
        )
    } else {
        0.0
    };
    if t > 0.0 { 0.5 * both_tails } else { 1.0 - 0.5 * both_tails }
}

/// The number that a t-distributed one exceeds with probability `tail`, which lies between 0 and 0.5.
fn upper_quantile(tail: f64, degrees_of_freedom: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    while upper_tail(high, degrees_of_freedom) > tail {
        low = high;
        high *= 2.0;
    }
    // Each step halves the interval; 100 of them leave no number between its ends.
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if upper_tail(middle, degrees_of_freedom) > tail {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// The regularised incomplete beta function, given `x` and `complement` = 1 − x, neither of which then
/// loses digits near 0.
fn incomplete_beta(x: f64, complement: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if complement <= 0.0 {
        return 1.0;
    }
    let front = libm::exp(
        a * libm::log(x) + b * libm::log(complement) + libm::lgamma(a + b)
            - libm::lgamma(a)
            - libm::lgamma(b),
    );
    // The fraction converges fast on the near side of the mean; the other side is its mirror image.
    if x < (a + 1.0) / (a + b + 2.0) {
        front * beta_fraction(x, a, b) / a
    } else {
        1.0 - front * beta_fraction(complement, b, a) / b
    }
}

/// The continued fraction of the incomplete beta function (Abramowitz and Stegun, 26.5.8), by Lentz's method.
fn beta_fraction(x: f64, a: f64, b: f64) -> f64 {
    const STEPS: u32 = 10_000;
    let away_from_zero = |value: f64| if value.abs() < 1e-300 { 1e-300 } else { value };
    // After the leading 1 / 1 of the fraction.
    let (mut numerator_ratio, mut denominator_ratio, mut value) = (f64::INFINITY, 1.0, 1.0);
    for step in 1..=STEPS {
        let m = f64::from(step / 2);
        let coefficient = if step % 2 == 0 {
            m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m))
        } else {
            -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0))
        };
        denominator_ratio = 1.0 / away_from_zero(1.0 + coefficient * denominator_ratio);
        numerator_ratio = away_from_zero(1.0 + coefficient / numerator_ratio);
        let factor = numerator_ratio * denominator_ratio;
        value *= factor;
        if (factor - 1.0).abs() < 1e-15 {
            break;
        }
    }
    value
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "values without rounding")]
mod tests {
    use super::*;

    fn close(value: f64, expected: f64, tolerance: f64) {
        assert!((value - expected).abs() <= tolerance * expected.abs(), "{value} is not {expected}");
    }

    #[test]
    fn tails_follow_the_closed_forms() {
        for t in [-40.0, -3.0, -1.0, -0.1, 0.0, 1e-9, 0.3, 1.0, 2.5, 7.0, 100.0] {
            let one: f64 = 0.5 - libm::atan(t) / std::f64::consts::PI;
            close(upper_tail(t, 1.0), one, 1e-11);
            let root = (2.0 + t * t).sqrt();
            close(
                upper_tail(t, 2.0),
                if t > 0.0 { 1.0 / (root * (root + t)) } else { 0.5 - 0.5 * t / root },
                1e-12,
            );
        }
    }

    #[test]
    fn tails_follow_the_density() {
        for freedom in [2.5_f64, 17.3, 57.96, 400.0] {
            let scale = libm::exp(libm::lgamma(0.5 * (freedom + 1.0)) - libm::lgamma(0.5 * freedom))
                / (freedom * std::f64::consts::PI).sqrt();
            let density = |t: f64| scale * libm::pow(1.0 + t * t / freedom, -0.5 * (freedom + 1.0));
            for end in [0.2, 1.0, 1.7, 3.0] {
                // Simpson's rule from 0 to the end.
                let steps = 2_000;
                let width = end / f64::from(steps);
                let inner: f64 = (1..steps)
                    .map(|step| if step % 2 == 1 { 4.0 } else { 2.0 } * density(width * f64::from(step)))
                    .sum();
                let area = width / 3.0 * (density(0.0) + inner + density(end));
                close(upper_tail(end, freedom), 0.5 - area, 1e-10);
                close(upper_tail(-end, freedom), 0.5 + area, 1e-10);
            }
        }
    }

    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (tail, freedom, expected) in [
            (0.05, 1.0, 6.313_751_514_675_04),
            (0.05, 10.0, 1.812_461_122_811_68),
            (0.05, 29.0, 1.699_127_026_533_50),
            (0.025, 30.0, 2.042_272_456_301_24),
            (0.05, 120.0, 1.657_650_899_352_04),
            (0.05, 1e6, 1.644_855),
        ] {
            close(upper_quantile(tail, freedom), expected, if freedom > 1e5 { 1e-5 } else { 1e-11 });
        }
    }

    #[test]
    fn extreme_tails_are_finite() {
        assert_eq!(upper_tail(f64::INFINITY, 3.0), 0.0);
        assert_eq!(upper_tail(f64::NEG_INFINITY, 3.0), 1.0);
        assert_eq!(upper_tail(0.0, 3.0), 0.5);
        assert!(upper_tail(1e200, 58.0) >= 0.0);
    }

    fn sample(count: usize, mean: f64, standard_deviation: f64) -> Summary {
        Summary { count, mean, standard_deviation }
    }

    #[test]
    fn equal_samples_have_equal_doubts() {
        let test = Equivalence::test(sample(30, 35.0, 2.0), sample(30, 35.0, 2.0), 3.0, 0.05).unwrap();
        // Equal variances and sizes: 58 degrees, standard error 2 × √(2 / 30), t = 5.809.
        close(test.degrees_of_freedom.unwrap(), 58.0, 1e-12);
        assert_eq!(test.p_lower, test.p_higher);
        close(test.confidence_interval[1], 1.671_552_762_9 * 2.0 * (2.0_f64 / 30.0).sqrt(), 1e-9);
        assert!(test.equivalent);
    }

    #[test]
    fn the_verdict_is_the_intervals() {
        for (difference, deviation, count, equivalent) in [
            (0.0, 3.0, 30, true),
            (1.5, 3.0, 30, true),
            (2.0, 3.0, 30, false),
            (-2.0, 3.0, 30, false),
            (0.0, 3.0, 3, false),
            (5.0, 0.1, 30, false),
            (2.9, 0.1, 30, true),
        ] {
            let (first, second) = (sample(count, 40.0 + difference, deviation), sample(25, 40.0, deviation));
            let test = Equivalence::test(first, second, 3.0, 0.05).unwrap();
            assert_eq!(test.equivalent, equivalent, "{test:?}");
            let [low, high] = test.confidence_interval;
            assert_eq!(low > -3.0 && high < 3.0, equivalent, "{test:?}");
        }
    }

    #[test]
    fn samples_without_spread_leave_no_doubt() {
        let test = |difference: f64| {
            Equivalence::test(sample(2, 4.0 + difference, 0.0), sample(2, 4.0, 0.0), 3.0, 0.05).unwrap()
        };
        assert!(test(0.0).equivalent && test(-2.0).equivalent);
        assert!(!test(3.0).equivalent && !test(-4.0).equivalent);
    }

    #[test]
    fn means_that_differ_are_told_apart() {
        // The p is that of scipy.stats.ttest_ind(…, equal_var=False).
        let one = Summary::of(&[39.6, 30.0, 49.0]).unwrap();
        let two = Summary::of(&[18.0, 10.0, 29.0, 20.0]).unwrap();
        let p = two_sided(one, two).unwrap();
        assert_eq!(p, two_sided(two, one).unwrap());
        close(p, 0.041_065_929_058_391_06, 1e-6);
        close(two_sided(one, one).unwrap(), 1.0, 1e-12);
        assert_eq!(two_sided(sample(3, 1.0, 0.0), sample(3, 2.0, 0.0)), Some(0.0));
        assert_eq!(two_sided(sample(3, 1.0, 0.0), sample(3, 1.0, 0.0)), Some(1.0));
        assert_eq!(two_sided(sample(1, 1.0, 0.0), one), None);
    }

    #[test]
    fn a_single_value_shows_nothing() {
        assert_eq!(Equivalence::test(sample(1, 4.0, 0.0), sample(30, 4.0, 1.0), 3.0, 0.05), None);
    }

    #[test]
    fn samples_are_summarised() {
        assert_eq!(Summary::of(&[]), None);
        assert_eq!(Summary::of(&[2.0]), Some(sample(1, 2.0, 0.0)));
        assert_eq!(Summary::of(&[1.0, 3.0]), Some(sample(2, 2.0, 2.0_f64.sqrt())));
    }
}
