//! Distribution functions of the normal distribution, of one and of two variables.

use std::f64::consts::{PI, SQRT_2};

/// Beyond so many standard deviations nothing is left of a normal distribution that an `f64` could tell.
const FARTHEST: f64 = 40.0;
/// Exponents below this add nothing.
const LEAST_EXPONENT: f64 = -60.0;
/// Correlations from here on are integrated from the other end.
const STRONG: f64 = 0.925;

/// Probability that a standard normal variable is below `z`.
pub(super) fn below(z: f64) -> f64 {
    0.5 * libm::erfc(-z / SQRT_2)
}

/// `deviation` in standard deviations, within what matters.
pub(super) fn standardised(deviation: f64, standard_deviation: f64) -> f64 {
    (deviation / standard_deviation).clamp(-FARTHEST, FARTHEST)
}

/// A pair of standard normal variables with a correlation.
///
/// What correlation r adds to the probability that both are below h and k is, by Plackett's identity, an integral of the
/// joint density over correlations: with r = sin θ, of exp(−(h² + k² − 2hk sin θ) / (2 cos² θ)) / 2π. Small correlations
/// are integrated from independence (Drezner and Wesolowsky, "On the computation of the bivariate normal integral",
/// 1990). Strong ones are integrated from r = 1, where the integrand turns into a cliff: of x = cos θ it is
/// exp(−(h − k)² / 2x²) times a smooth function, whose first terms are integrated exactly and only their remainder by
/// nodes (Genz, "Numerical computation of rectangular bivariate and trivariate normal and t probabilities", 2004).
#[derive(Clone, Debug)]
pub(super) struct Pair {
    integral: Integral,
}

#[derive(Clone, Debug)]
enum Integral {
    /// From independence.
    Mild(Vec<MildNode>),
    /// From equality, or where `opposite` from being each other's negative.
    Strong { opposite: bool, end: f64, nodes: Vec<StrongNode> },
}

#[derive(Clone, Copy, Debug)]
struct MildNode {
    sine: f64,
    squared_cosine: f64,
    weight: f64,
}

#[derive(Clone, Copy, Debug)]
struct StrongNode {
    squared: f64,
    /// √(1 − x²).
    root: f64,
    weight: f64,
}

impl Pair {
    /// A pair with this correlation, at least −1 and at most 1.
    pub(super) fn new(correlation: f64) -> Self {
        let size = correlation.abs();
        if size < STRONG {
            let nodes = if size < 0.3 {
                6
            } else if size < 0.75 {
                12
            } else {
                20
            };
            let end = libm::asin(correlation);
            let node = |(place, weight): (f64, f64)| {
                let sine = libm::sin(end * place);
                MildNode { sine, squared_cosine: 1.0 - sine * sine, weight: weight * end / (2.0 * PI) }
            };
            return Self { integral: Integral::Mild(gauss_legendre(nodes).map(node).collect()) };
        }
        let end = ((1.0 - size) * (1.0 + size)).max(0.0).sqrt();
        let node = |(place, weight): (f64, f64)| {
            let squared = end * place * end * place;
            StrongNode { squared, root: (1.0 - squared).sqrt(), weight: weight * end }
        };
        let nodes = gauss_legendre(20).map(node).collect();
        Self { integral: Integral::Strong { opposite: correlation < 0.0, end, nodes } }
    }

    /// Probability that the first is below `h` and the second below `k`, both finite, whose [`below`] are given too.
    pub(super) fn below(&self, (h, below_h): (f64, f64), (k, below_k): (f64, f64)) -> f64 {
        match &self.integral {
            Integral::Mild(nodes) => {
                let (product, half_sum) = (h * k, 0.5 * (h * h + k * k));
                let mut added = 0.0;
                for node in nodes {
                    let exponent = (node.sine * product - half_sum) / node.squared_cosine;
                    if exponent > LEAST_EXPONENT {
                        added += node.weight * libm::exp(exponent);
                    }
                }
                below_h * below_k + added
            }
            Integral::Strong { opposite: false, end, nodes } => {
                below_h.min(below_k) - missing(h, k, *end, nodes)
            }
            // The first is below h, and the negative of the second is not below −k.
            Integral::Strong { opposite: true, end, nodes } => {
                below_h - (below_h.min(1.0 - below_k) - missing(h, -k, *end, nodes))
            }
        }
    }
}

/// What a strong correlation lacks of the probability that equal variables have.
fn missing(h: f64, k: f64, end: f64, nodes: &[StrongNode]) -> f64 {
    let (product, distance) = (h * k, (h - k).abs());
    let squared_distance = distance * distance;
    // The smooth function is exp(−hk/2) (1 + c x² + c d x⁴ + …).
    let (c, d) = ((4.0 - product) / 8.0, (12.0 - product) / 16.0);
    let mut integral = 0.0;
    let at_end = -0.5 * (squared_distance / (end * end) + product);
    if end > 0.0 && at_end > LEAST_EXPONENT {
        let peak = libm::exp(at_end);
        // Where this is cut off, h and k are so far apart that nothing is below.
        let tail = libm::exp((-0.5 * product).min(50.0)) * below(-distance / end);
        // Of x⁰, x² and x⁴ times the cliff, each by parts from the one before.
        let zeroth = end * peak - distance * (2.0 * PI).sqrt() * tail;
        let squared_end = end * end;
        let second = (squared_end * end * peak - squared_distance * zeroth) / 3.0;
        let fourth = (squared_end * squared_end * end * peak - squared_distance * second) / 5.0;
        integral += zeroth + c * (second + d * fourth);
        for node in nodes {
            let exponent = -0.5 * (squared_distance / node.squared + product);
            if exponent > LEAST_EXPONENT {
                let smooth = libm::exp(-0.5 * product * (1.0 - node.root) / (1.0 + node.root)) / node.root;
                let first_terms = 1.0 + c * node.squared * (1.0 + d * node.squared);
                integral += node.weight * libm::exp(exponent) * (smooth - first_terms);
            }
        }
    }
    integral / (2.0 * PI)
}

/// Nodes and weights of the Gauss–Legendre rule over [0, 1].
fn gauss_legendre(nodes: u32) -> impl Iterator<Item = (f64, f64)> {
    let degree = f64::from(nodes);
    (0..nodes).map(move |index| {
        // Newton's method finds the roots of the Legendre polynomial from good guesses.
        let mut root = libm::cos(PI * (f64::from(index) + 0.75) / (degree + 0.5));
        let mut slope = 1.0;
        for _ in 0..8 {
            let (mut before, mut value) = (1.0, root);
            for order in 2..=nodes {
                let order = f64::from(order);
                (before, value) =
                    (value, ((2.0 * order - 1.0) * root * value - (order - 1.0) * before) / order);
            }
            slope = degree * (root * value - before) / (root * root - 1.0);
            root -= value / slope;
        }
        (0.5 * (1.0 - root), 1.0 / ((1.0 - root * root) * slope * slope))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_integrates_polynomials_exactly() {
        for nodes in [1, 2, 6, 12, 20] {
            for power in 0..(2 * nodes) {
                let integral: f64 = gauss_legendre(nodes).map(|(x, w)| w * x.powi(power as i32)).sum();
                assert!((integral * f64::from(power + 1) - 1.0).abs() < 1e-13, "{nodes} nodes, x^{power}");
            }
        }
    }

    /// By Simpson's rule over the first variable, in steps far below the second's conditional deviation.
    fn by_definition(h: f64, k: f64, correlation: f64) -> f64 {
        let conditional = (1.0 - correlation * correlation).sqrt();
        let (from, steps) = (-9.0_f64, 400_000);
        let step = (h - from) / f64::from(steps);
        let density =
            |x: f64| (-0.5 * x * x).exp() / (2.0 * PI).sqrt() * below((k - correlation * x) / conditional);
        let sum: f64 = (0..=steps)
            .map(|index| {
                let weight = match index {
                    0 => 1.0,
                    last if last == steps => 1.0,
                    odd if odd % 2 == 1 => 4.0,
                    _ => 2.0,
                };
                weight * density(from + f64::from(index) * step)
            })
            .sum();
        sum * step / 3.0
    }

    #[test]
    fn pairs_are_below_as_often_as_by_definition() {
        let correlations =
            [0.0, 0.1, -0.29, 0.5, -0.74, 0.9, 0.9249, -0.9251, 0.95, 0.99, -0.999, 0.9999, 0.99999];
        for correlation in correlations {
            for (h, k) in [
                (0.0, 0.0),
                (0.5, 0.5),
                (0.5, 0.501),
                (-1.0, 0.9),
                (1.0, -1.0),
                (2.0, 1.9),
                (-2.5, -2.4),
                (3.0, 0.01),
                (0.0, 5.0),
            ] {
                let pair = Pair::new(correlation);
                let found = pair.below((h, below(h)), (k, below(k)));
                let wanted = by_definition(h, k, correlation);
                assert!((found - wanted).abs() < 2e-9, "{h}, {k}, {correlation}: {found}, not {wanted}");
            }
        }
    }

    #[test]
    fn extremes_are_no_trouble() {
        for (correlation, wanted) in [(1.0, below(-1.0)), (-1.0, 0.0)] {
            let found = Pair::new(correlation).below((-1.0, below(-1.0)), (0.5, below(0.5)));
            assert!((found - wanted).abs() < 1e-15);
        }
        for correlation in [-1.0, -0.9999999, -0.93, -0.5, 0.0, 0.5, 0.93, 0.9999999, 1.0] {
            let pair = Pair::new(correlation);
            for h in [-FARTHEST, -20.0, 0.0, 20.0, FARTHEST] {
                for k in [-FARTHEST, -20.0, 0.0, 20.0, FARTHEST] {
                    let found = pair.below((h, below(h)), (k, below(k)));
                    assert!((-1e-15..=1.0 + 1e-15).contains(&found), "{h}, {k}, {correlation}: {found}");
                }
            }
        }
    }
}
