//! Moving particles towards tasks of the target, no further than one step and only onto tasks that the student is
//! expected to manage.

use rand::{Rng, RngExt};

use super::{assignment::assign, costs, performance::Performance, squared_distance};
use crate::mixture::fill_standard_normal;

/// Random places within a step that are tried for each particle; the publication's code tries 100.
const RANDOM_PLACES: usize = 30;

/// Places on the way to the target that are tried too; as many as the publication's code tries.
const STRAIGHT_PLACES: usize = 10;

/// What limits a move.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits<'a> {
    /// Longest move.
    pub(super) step: f64,
    /// Least expected return.
    pub(super) threshold: f64,
    /// Lengths of the axes.
    pub(super) scales: &'a [f64],
}

/// Moves each particle towards a target of its own, such that the way is the shortest in all. A particle goes to the
/// place within a step that is nearest to its target among those with enough expected return, and where there is none,
/// to the place where most is expected.
pub(super) fn transport(
    particles: Vec<Vec<f64>>,
    targets: &[Vec<f64>],
    performance: &Performance,
    limits: Limits<'_>,
    rng: &mut dyn Rng,
) -> Vec<Vec<f64>> {
    let costs = costs(particles.iter().map(Vec::as_slice), || targets.iter().map(Vec::as_slice));
    let goals = assign(&costs, targets.len());
    let ball = (0..RANDOM_PLACES).map(|_| in_ball(limits.scales.len(), rng)).collect();
    let mut mover =
        Mover { performance, limits, ball, places: Vec::new(), order: Vec::new(), scratch: Vec::new() };
    particles.into_iter().zip(goals).map(|(particle, goal)| mover.moved(particle, &targets[goal])).collect()
}

/// What moves one particle after another.
struct Mover<'a> {
    performance: &'a Performance,
    limits: Limits<'a>,
    /// Points of the unit ball, the same for all particles.
    ball: Vec<Vec<f64>>,
    /// Places to go to, one after another.
    places: Vec<f64>,
    /// Their squared distances from the target, and their numbers.
    order: Vec<(f64, usize)>,
    scratch: Vec<f64>,
}

impl Mover<'_> {
    fn moved(&mut self, particle: Vec<f64>, target: &[f64]) -> Vec<f64> {
        let reach = squared_distance(&particle, target).sqrt().min(self.limits.step);
        if reach <= 0.0 {
            return particle;
        }
        let threshold = self.limits.threshold;
        let performance = self.performance.near(&particle, reach, &mut self.scratch);
        let enough = performance.predict(&particle, &mut self.scratch) >= threshold;
        self.find_places(&particle, target, reach, enough);
        let width = particle.len();
        let mut best: Option<(f64, &[f64])> = None;
        for &(_, number) in &self.order {
            let place = &self.places[number * width..][..width];
            let expected = performance.predict(place, &mut self.scratch);
            if expected >= threshold {
                return place.to_vec();
            }
            if best.is_none_or(|(most, _)| expected > most) {
                best = Some((expected, place));
            }
        }
        best.map_or(particle, |(_, place)| place.to_vec())
    }

    /// Places within reach, those nearest to the target first in the order. A particle that fails where it is looks on
    /// all sides, any other on the target's alone.
    fn find_places(&mut self, particle: &[f64], target: &[f64], reach: f64, enough: bool) {
        let distance = squared_distance(particle, target).sqrt();
        let way: Vec<f64> =
            target.iter().zip(particle).map(|(target, at)| (target - at) / distance).collect();
        self.places.clear();
        for offset in &self.ball {
            let along: f64 = offset.iter().zip(&way).map(|(offset, way)| offset * way).sum();
            let mirrored = if enough { 2.0 * along.min(0.0) } else { 0.0 };
            let offset = offset.iter().zip(&way).map(|(offset, way)| reach * (offset - mirrored * way));
            self.places.extend(particle.iter().zip(offset).map(|(at, offset)| at + offset));
        }
        for place in 1..=STRAIGHT_PLACES {
            let length = reach * place as f64 / STRAIGHT_PLACES as f64;
            self.places.extend(particle.iter().zip(&way).map(|(at, way)| at + length * way));
        }
        self.order.clear();
        for (number, place) in self.places.chunks_exact_mut(particle.len()).enumerate() {
            for (value, scale) in place.iter_mut().zip(self.limits.scales) {
                *value = value.clamp(0.0, *scale);
            }
            self.order.push((squared_distance(place, target), number));
        }
        self.order.sort_unstable_by(|(one, first), (two, second)| one.total_cmp(two).then(first.cmp(second)));
    }
}

/// A point drawn uniformly from the unit ball.
fn in_ball(width: usize, rng: &mut dyn Rng) -> Vec<f64> {
    let mut point = vec![0.0; width];
    fill_standard_normal(&mut point, rng);
    let length = point.iter().map(|value| value * value).sum::<f64>().sqrt();
    let radius = libm::pow(rng.random::<f64>(), 1.0 / width as f64);
    if length > 0.0 {
        point.iter_mut().for_each(|value| *value *= radius / length);
    }
    point
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::teacher::currot::Experience;

    const SCALES: [f64; 2] = [1.0, 2.0];

    /// Returns fall from 1 to 0 along the first axis.
    fn falling() -> Performance {
        let at = |index: usize| vec![(index / 21) as f64 / 20.0, (index % 21) as f64 / 10.0];
        let episodes: Vec<Experience> =
            (0..441).map(|index| Experience { return_: 1.0 - at(index)[0], internal: at(index) }).collect();
        Performance::new(episodes.iter(), 0.03)
    }

    fn moved(particles: &[[f64; 2]], targets: &[[f64; 2]], threshold: f64) -> Vec<Vec<f64>> {
        let limits = Limits { step: 0.1, threshold, scales: &SCALES };
        let lists = |points: &[[f64; 2]]| points.iter().map(|point| point.to_vec()).collect::<Vec<_>>();
        transport(lists(particles), &lists(targets), &falling(), limits, &mut ChaCha8Rng::seed_from_u64(1))
    }

    fn check_near(found: &[f64], wanted: &[f64]) {
        assert!(squared_distance(found, wanted).sqrt() < 0.01, "{found:?} instead of {wanted:?}");
    }

    #[test]
    fn a_particle_goes_a_step_towards_its_own_target_and_no_further_than_it() {
        let found = moved(&[[0.2, 0.5], [0.2, 1.5]], &[[0.2, 1.55], [0.2, 0.9]], 0.0);
        check_near(&found[0], &[0.2, 0.6]);
        check_near(&found[1], &[0.2, 1.55]);
        assert_eq!(moved(&[[0.2, 0.5]], &[[0.2, 0.5]], 0.0), [[0.2, 0.5]]);
    }

    #[test]
    fn it_stops_where_no_more_is_expected_than_must_be() {
        let performance = falling();
        let mut particles = vec![[0.3, 1.0]; 5];
        for _ in 0..20 {
            let found = moved(&particles, &[[1.0, 1.0]; 5], 0.5);
            for (particle, found) in particles.iter_mut().zip(found) {
                // At the border every place ahead is worse; the best of them is hardly so.
                let expected = performance.predict(&found, &mut Vec::new());
                assert!(expected > 0.48, "{found:?}: {expected}");
                particle.copy_from_slice(&found);
            }
        }
        assert!(particles.iter().all(|particle| (0.45..0.55).contains(&particle[0])), "{particles:?}");
    }

    #[test]
    fn where_too_little_is_expected_it_looks_for_more_on_all_sides() {
        let found = moved(&[[0.9, 1.0]], &[[1.0, 1.0]], 0.5);
        assert!(found[0][0] < 0.85, "{found:?}");
    }

    #[test]
    fn it_never_leaves_the_space() {
        let found = moved(&[[0.99, 0.0]; 3], &[[1.0, 0.0]; 3], 2.0);
        let within =
            |point: &Vec<f64>| point.iter().zip(SCALES).all(|(at, scale)| (0.0..=scale).contains(at));
        assert!(found.iter().all(within), "{found:?}");
    }

    #[test]
    fn points_of_the_ball_fill_it_evenly() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for width in [1, 2, 5] {
            let points: Vec<Vec<f64>> = (0..20_000).map(|_| in_ball(width, &mut rng)).collect();
            let length = |point: &Vec<f64>| point.iter().map(|value| value * value).sum::<f64>().sqrt();
            assert!(points.iter().all(|point| length(point) <= 1.0 + 1e-12));
            // The share within radius r is r to the power of the width.
            let within = points.iter().filter(|point| length(point) <= 0.7).count() as f64 / 20_000.0;
            assert!((within - 0.7_f64.powi(width as i32)).abs() < 0.02, "{width}: {within}");
        }
    }
}
