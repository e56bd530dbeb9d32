//! Information criteria that weigh a mixture's likelihood against its number of parameters.

use serde::{Deserialize, Serialize};

/// How the number of components is chosen: the mixture with the lowest score wins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Criterion {
    /// Akaike's criterion, 2p − 2 ln L: the publication's choice and the default.
    #[default]
    Aic,
    /// The Bayesian criterion, p ln n − 2 ln L: fewer components.
    Bic,
    /// AIC with the correction for small samples, 2p(p + 1) / (n − p − 1) on top.
    Aicc,
}

impl Criterion {
    /// Scores a mixture of `parameters` free parameters (see [`Criterion::parameters`]) whose log-likelihood,
    /// summed over `points` points, is `log_likelihood_total`.
    ///
    /// AICc does not exist for n − p − 1 ≤ 0. Its score is then infinite: such a mixture is chosen only if no
    /// mixture has a finite score, and then the smallest one is.
    pub fn score(self, log_likelihood_total: f64, parameters: usize, points: usize) -> f64 {
        let (p, n) = (parameters as f64, points as f64);
        let aic = 2.0 * p - 2.0 * log_likelihood_total;
        match self {
            Self::Aic => aic,
            Self::Bic => p * libm::log(n) - 2.0 * log_likelihood_total,
            Self::Aicc if n - p - 1.0 > 0.0 => aic + 2.0 * p * (p + 1.0) / (n - p - 1.0),
            Self::Aicc => f64::INFINITY,
        }
    }

    /// The number of free parameters of k Gaussians with full covariance over w dimensions:
    /// k · (w + w(w + 1)/2) + k − 1.
    ///
    /// w counts all dimensions of the points, so task dimensions plus one for ALP. (The publication's code
    /// counts the task dimensions alone in its AICc; its AIC and BIC, which are scikit-learn's, count as
    /// here.)
    pub fn parameters(components: usize, width: usize) -> usize {
        components * (width + width * (width + 1) / 2) + components - 1
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "the expected values are exact")]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_counted_as_in_scikit_learn() {
        for (components, width, expected) in [(1, 1, 2), (2, 3, 19), (10, 3, 99), (2, 13, 209)] {
            assert_eq!(Criterion::parameters(components, width), expected);
        }
    }

    #[test]
    fn scores_follow_their_formulas() {
        let score = |criterion: Criterion, p, n| criterion.score(100.0, p, n);
        assert_eq!(score(Criterion::Aic, 19, 250), -162.0);
        assert!((score(Criterion::Bic, 19, 250) - (19.0 * 250f64.ln() - 200.0)).abs() < 1e-12);
        assert!((score(Criterion::Aicc, 19, 250) - (-162.0 + 760.0 / 230.0)).abs() < 1e-12);
        assert_eq!(score(Criterion::Aicc, 249, 250), f64::INFINITY);
        assert_eq!(score(Criterion::Aicc, 300, 250), f64::INFINITY);
    }
}
