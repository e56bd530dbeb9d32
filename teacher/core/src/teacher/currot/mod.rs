//! CURROT: particles that are carried from tasks which the student masters towards all tasks, as far as it keeps up.
//!
//! Source: Klink, Yang, D'Eramo, Peters, Pajarinen, "Curriculum reinforcement learning via constrained optimal
//! transport", ICML 2022, in the form of Klink, D'Eramo, Peters, Pajarinen, "On the benefit of optimal transport for
//! curriculum reinforcement learning", TPAMI 2024, arXiv 2309.14091, and its code. Tasks follow the distribution that
//! is nearest to a target, in Wasserstein distance, of those that are within a step of the present one and consist of
//! tasks with an expected return of at least `performance_threshold`. The target is uniform over the space, as in the
//! experiment on TeachMyAgent's Stump Tracks, most of which nobody can do: what is known to be beyond the student is
//! left again, and where nothing is known, successes nearby are what draws particles on.
//!
//! Every `update_rate` episodes:
//! 1. The best episodes join the successes (`successes`); the latest of the others are remembered beside them.
//! 2. Both together say what return to expect where (`performance`).
//! 3. Until the particles are expected to return the threshold on average, they are drawn anew around the best
//!    episodes. From then on those that are not expected to are put where the successes are, and all move towards a
//!    sample of the target (`transport`), each towards a place of its own (`assignment`).
//!
//! Tasks are uniform in a small box around a particle, all of which are equally likely.
//!
//! Where this goes its own way, and why:
//! - There are 100 particles that try 40 places each, not 500 that try 110, so that an update fits between two episodes
//!   of a service; how many failures are remembered is a parameter of its own, for so few would say too little.
//! - Until the first update tasks are drawn from the initial distribution itself, not from a sample of it.
//! - While all episodes have returned alike, below the threshold, it explores and says so; the publication's code
//!   searches around tasks that are no better than others.
//! - Which episodes are near enough to count for an expected return is relative to the nearest one; the publication's
//!   code falls back on the ten nearest where there is none within three standard deviations of its kernel.
//! - A point of the search that leaves the space is drawn again from where it started; the publication's code goes on
//!   from outside.
//! - That half of the best episodes succeed is noticed with the episodes that make it so, not an update later.
//! - Tasks are scaled to internal coordinates, and returns are clipped to the return range, if there is one.
//! - An infeasible task returned the low end of the return range. Without one it returned as little as the worst so far,
//!   and below the threshold by at least the threshold's size, or by 1 where that is less.

use std::collections::VecDeque;

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use self::{
    assignment::assign,
    performance::Performance,
    successes::{Search, Successes},
    transport::{Limits, transport},
};
use crate::teacher::{
    DistributionShape, Episode, EpisodeResult, ExplorationReason, FitPending, Observation, Origin,
    ParamError, Sample, TaskDistribution, Teacher, TeacherContext, TeacherParams, TeacherSnapshot,
    alp_gmm::initial_shape,
};

mod assignment;
mod params;
mod performance;
mod successes;
mod transport;

pub use params::{CheckedCurrotParams, CurrotParams};

/// Half a side of the box around a particle that tasks are drawn from, as a share of each axis; the publication's.
const BOX: f64 = 1e-3;

/// Standard deviation of the estimate's kernel, in steps; the publication's.
const KERNEL: f64 = 0.3;

/// Standard deviation of what is drawn around a success, in steps; the publication's.
const LEAST_SEARCH: f64 = 0.005;

/// Returns beyond are taken for this much, so that sums of them stay finite.
const LARGEST_RETURN: f64 = 1e300;

/// The CURROT teacher.
#[derive(Debug)]
pub struct Currot {
    context: TeacherContext,
    params: CheckedCurrotParams,
    /// Lengths of the axes.
    scales: Vec<f64>,
    state: State,
}

/// Bounded state of [`Currot`]: the particles and the episodes that it remembers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CurrotSnapshot {
    params: CurrotParams,
    state: State,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct State {
    updates: u64,
    /// Internal coordinates; none while nothing says where to teach.
    particles: Vec<Vec<f64>>,
    /// Whether the particles were once expected to return the threshold on average.
    teaching: bool,
    successes: Successes,
    /// The latest of the episodes that are not among the successes, oldest first.
    others: VecDeque<Experience>,
    /// Episodes since the last update.
    latest: Vec<Experience>,
    /// Of the completed episodes so far.
    least_return: Option<f64>,
}

/// An episode as it is remembered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Experience {
    internal: Vec<f64>,
    /// Clipped.
    return_: f64,
}

impl Currot {
    /// Starts with the initial distribution.
    pub fn new(context: TeacherContext, params: CheckedCurrotParams) -> Self {
        let scales = context.space.axes().iter().map(|axis| axis.distance_scale()).collect();
        Self { context, params, scales, state: State::default() }
    }

    /// Starts from a snapshot.
    ///
    /// # Errors
    /// [`ParamError`] where the snapshot does not fit the context.
    pub fn restore(context: TeacherContext, snapshot: CurrotSnapshot) -> Result<Self, ParamError> {
        let params = snapshot.params.check(&context)?;
        let state = snapshot.state;
        state
            .check(params.params(), context.space.width())
            .map_err(|problem| ParamError::new("snapshot", problem))?;
        Ok(Self { state, ..Self::new(context, params) })
    }

    /// Updates so far.
    pub fn updates(&self) -> u64 {
        self.state.updates
    }

    fn clipped(&self, return_: f64) -> f64 {
        let within = match self.context.return_range.map(|range| range.bounds()) {
            Some((low, high)) => return_.clamp(low, high),
            None => return_,
        };
        within.clamp(-LARGEST_RETURN, LARGEST_RETURN)
    }

    /// What an infeasible task counts as: never a success.
    fn infeasible_return(&self) -> f64 {
        if let Some(range) = self.context.return_range {
            return self.clipped(range.bounds().0);
        }
        let threshold = self.params.threshold();
        let below = self.clipped(threshold - threshold.abs().max(1.0));
        self.state.least_return.map_or(below, |least| least.min(below))
    }

    fn update(&mut self, rng: &mut dyn Rng) {
        let threshold = self.params.threshold();
        let targets = self.uniform(rng);
        let latest = std::mem::take(&mut self.state.latest);
        let rest = self.state.successes.take(latest, threshold, &targets);
        if self.state.teaching {
            self.state.others.extend(rest);
            let most = self.params.params().remembered_failures as usize;
            let excess = self.state.others.len().saturating_sub(most);
            self.state.others.drain(..excess);
        }
        let performance = self.performance();
        let mut scratch = Vec::new();
        if !self.state.teaching {
            let present = self.present(rng);
            let expected: f64 = present.iter().map(|point| performance.predict(point, &mut scratch)).sum();
            self.state.teaching = expected / present.len() as f64 >= threshold;
            self.state.particles = present;
        }
        if self.state.teaching {
            self.teach(&performance, rng);
        } else if self.state.successes.tells_nothing() {
            self.state.particles.clear();
        } else {
            self.state.particles = self.search(rng);
        }
        self.state.updates += 1;
    }

    /// Puts failing particles where the successes are and moves all towards the target.
    fn teach(&mut self, performance: &Performance, rng: &mut dyn Rng) {
        let threshold = self.params.threshold();
        let mut scratch = Vec::new();
        let mut particles = std::mem::take(&mut self.state.particles);
        let fails: Vec<bool> =
            particles.iter().map(|point| performance.predict(point, &mut scratch) < threshold).collect();
        if fails.contains(&true) {
            let mut places = self.search(rng);
            let costs = costs(points(&particles), || points(&places));
            for ((particle, fails), place) in
                particles.iter_mut().zip(fails).zip(assign(&costs, places.len()))
            {
                if fails {
                    *particle = std::mem::take(&mut places[place]);
                }
            }
        }
        let targets = self.uniform(rng);
        let limits = Limits { step: self.step(), threshold, scales: &self.scales };
        self.state.particles = transport(particles, &targets, performance, limits, rng);
    }

    /// Points around the successes, as many as there are particles.
    fn search(&mut self, rng: &mut dyn Rng) -> Vec<Vec<f64>> {
        let search = Search {
            threshold: self.params.threshold(),
            least_deviation: LEAST_SEARCH * self.step(),
            scales: &self.scales,
        };
        let count = self.particles();
        self.state.successes.draw(count, search, rng)
    }

    /// The particles, or a sample of what is drawn from while there are none.
    fn present(&mut self, rng: &mut dyn Rng) -> Vec<Vec<f64>> {
        if !self.state.particles.is_empty() {
            return std::mem::take(&mut self.state.particles);
        }
        match self.params.initial().filter(|_| self.state.updates == 0) {
            None => self.uniform(rng),
            Some(initial) => {
                let clipped = |point: Vec<f64>| -> Vec<f64> {
                    point.iter().zip(&self.scales).map(|(at, scale)| at.clamp(0.0, *scale)).collect()
                };
                (0..self.particles()).map(|_| clipped(initial.sample_component(0, rng))).collect()
            }
        }
    }

    /// A sample of the target, as many as there are particles.
    fn uniform(&self, rng: &mut dyn Rng) -> Vec<Vec<f64>> {
        let mut point = || self.scales.iter().map(|scale| scale * rng.random::<f64>()).collect();
        (0..self.particles()).map(|_| point()).collect()
    }

    fn performance(&self) -> Performance {
        let experiences = self.state.others.iter().chain(&self.state.successes.experiences);
        Performance::new(experiences, KERNEL * self.step())
    }

    fn particles(&self) -> usize {
        self.params.params().particles as usize
    }

    /// Longest move of a particle in an update.
    fn step(&self) -> f64 {
        let diagonal = self.scales.iter().map(|scale| scale * scale).sum::<f64>().sqrt();
        self.params.params().step_size * diagonal
    }
}

impl State {
    /// Whether it can be one of a teacher with these parameters over so many axes: it may come from a file that
    /// somebody else wrote.
    fn check(&self, params: &CurrotParams, width: usize) -> Result<(), &'static str> {
        let particles = params.particles as usize;
        let experiences = || self.successes.experiences.iter().chain(&self.others).chain(&self.latest);
        let points = || self.particles.iter().chain(experiences().map(|experience| &experience.internal));
        if points().any(|point| point.len() != width) {
            return Err("has points of another task space");
        }
        if !points().flatten().all(|value| value.is_finite())
            || !experiences().all(|experience| experience.return_.abs() <= LARGEST_RETURN)
        {
            return Err("has numbers that no teacher keeps");
        }
        if !(self.particles.is_empty() || self.particles.len() == particles)
            || self.successes.experiences.len() > particles
            || self.others.len() > params.remembered_failures as usize
            || self.latest.len() >= params.update_rate as usize
        {
            return Err("has more or fewer points than its parameters allow");
        }
        if (self.updates == 0) != self.successes.experiences.is_empty()
            || (self.teaching && self.particles.is_empty())
        {
            return Err("lacks the points that it was updated with");
        }
        Ok(())
    }
}

/// Squared distances of each of some points to each of others, row by row.
fn costs<'a, 'b, Columns: Iterator<Item = &'b [f64]>>(
    rows: impl Iterator<Item = &'a [f64]>,
    columns: impl Fn() -> Columns,
) -> Vec<f64> {
    rows.flat_map(|row| columns().map(|column| squared_distance(row, column))).collect()
}

fn points(points: &[Vec<f64>]) -> impl Iterator<Item = &[f64]> {
    points.iter().map(Vec::as_slice)
}

fn squared_distance(one: &[f64], two: &[f64]) -> f64 {
    one.iter().zip(two).map(|(one, two)| (one - two) * (one - two)).sum()
}

impl Teacher for Currot {
    fn sample(&mut self, rng: &mut dyn Rng) -> Result<Sample, FitPending> {
        let space = &self.context.space;
        if !self.state.particles.is_empty() {
            let particle = rng.random_range(0..self.state.particles.len());
            let near = self.state.particles[particle].iter().zip(&self.scales);
            let point: Vec<f64> =
                near.map(|(at, scale)| at + BOX * scale * (2.0 * rng.random::<f64>() - 1.0)).collect();
            return Ok(Sample {
                task: space.task_at(&point),
                origin: Origin::Particle { particle: particle as u32 },
                origin_probability: 1.0 / self.state.particles.len() as f64,
            });
        }
        let first = self.state.updates == 0;
        if let Some(initial) = self.params.initial().filter(|_| first) {
            return Ok(Sample {
                task: space.task_at(&initial.sample_component(0, rng)),
                origin: Origin::Initial,
                origin_probability: 1.0,
            });
        }
        let reason = if first { ExplorationReason::Bootstrap } else { ExplorationReason::NoProgress };
        Ok(Sample { task: space.uniform(rng), origin: Origin::Exploration(reason), origin_probability: 1.0 })
    }

    fn observe(&mut self, episode: &Episode<'_>, rng: &mut dyn Rng) -> Observation {
        let return_ = match episode.result {
            EpisodeResult::Completed(return_) => {
                let return_ = self.clipped(return_);
                let least = self.state.least_return.map_or(return_, |least| least.min(return_));
                self.state.least_return = Some(least);
                return_
            }
            EpisodeResult::Infeasible => self.infeasible_return(),
        };
        let internal = self.context.space.internal(episode.task);
        self.state.latest.push(Experience { internal, return_ });
        if self.state.latest.len() >= self.params.params().update_rate as usize {
            self.update(rng);
        }
        Observation::default()
    }

    fn distribution(&self) -> TaskDistribution {
        if !self.state.particles.is_empty() {
            let shape = DistributionShape::Particles {
                points: self.state.particles.clone(),
                reach: self.scales.iter().map(|scale| BOX * scale).collect(),
            };
            return TaskDistribution { exploration_probability: 0.0, shape };
        }
        match self.params.initial().filter(|_| self.state.updates == 0) {
            Some(initial) => TaskDistribution { exploration_probability: 0.0, shape: initial_shape(initial) },
            None => TaskDistribution { exploration_probability: 1.0, shape: DistributionShape::Uniform },
        }
    }

    fn params(&self) -> TeacherParams {
        TeacherParams::Currot(self.params.params().clone())
    }

    fn snapshot(&self) -> TeacherSnapshot {
        TeacherSnapshot::Currot(Box::new(CurrotSnapshot {
            params: self.params.params().clone(),
            state: self.state.clone(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        curriculum::{Curriculum, CurriculumSettings},
        space::{Dimension, TaskSpace},
        teacher::{ReturnRange, alp_gmm::InitialGaussian},
    };

    fn params() -> CurrotParams {
        CurrotParams { particles: 50, update_rate: 25, ..Default::default() }
    }

    fn curriculum(params: CurrotParams, return_range: Option<(f64, f64)>) -> Curriculum {
        let space = TaskSpace::new(vec![Dimension::continuous("a", 0.0, 1.0).vector(2)]).unwrap();
        Curriculum::new(CurriculumSettings {
            space: Arc::new(space),
            teacher: TeacherParams::Currot(params),
            seed: 3,
            return_range: return_range.map(|(low, high)| ReturnRange::new(low, high).unwrap()),
        })
        .unwrap()
    }

    fn play(
        curriculum: &mut Curriculum,
        episodes: u64,
        student: impl Fn(u64, &[f64]) -> EpisodeResult,
    ) -> Vec<Sample> {
        (0..episodes)
            .map(|_| {
                let sample = curriculum.sample().unwrap();
                let result = student(curriculum.episodes(), sample.task.values());
                curriculum.observe(&sample.task, result, "").unwrap();
                sample
            })
            .collect()
    }

    fn state(curriculum: &Curriculum) -> State {
        let TeacherSnapshot::Currot(snapshot) = curriculum.snapshot().teacher else { panic!("not CURROT's") };
        snapshot.state
    }

    /// Returns 1 on tasks as easy as its skill, and less the harder they are.
    fn skilled(skill: f64) -> impl Fn(u64, &[f64]) -> EpisodeResult {
        move |_, at| EpisodeResult::Completed((1.0 - 4.0 * (at[0].max(at[1]) - skill)).clamp(0.0, 1.0))
    }

    fn share(samples: &[Sample], holds: impl Fn(&[f64]) -> bool) -> f64 {
        samples.iter().filter(|sample| holds(sample.task.values())).count() as f64 / samples.len() as f64
    }

    #[test]
    fn tasks_become_harder_as_the_student_becomes_better() {
        let mut curriculum = curriculum(params(), Some((0.0, 1.0)));
        for (skill, least, most) in
            [(0.1, 0.10, 0.25), (0.4, 0.35, 0.55), (0.7, 0.65, 0.85), (1.0, 0.95, 1.0)]
        {
            play(&mut curriculum, 2_000, skilled(skill));
            let samples = play(&mut curriculum, 500, skilled(skill));
            let mut hardness: Vec<f64> =
                samples.iter().map(|sample| sample.task.values()[0].max(sample.task.values()[1])).collect();
            hardness.sort_by(f64::total_cmp);
            let hard = hardness[475];
            assert!((least..=most).contains(&hard), "skill {skill}: a twentieth is above {hard}");
        }
        // Everything is mastered: the target.
        let samples = play(&mut curriculum, 2_000, skilled(1.0));
        for quarter in 0..4 {
            let corner = [f64::from(quarter % 2) / 2.0, f64::from(quarter / 2) / 2.0];
            let share = share(&samples, |at| {
                at.iter().zip(corner).all(|(at, corner)| (corner..corner + 0.5).contains(at))
            });
            assert!((0.18..0.32).contains(&share), "{share} of the tasks in quarter {quarter}");
        }
    }

    #[test]
    fn it_settles_where_tasks_are_feasible() {
        let feasible = |at: &[f64]| at[0] < 0.4 && at[1] < 0.4;
        for range in [None, Some((-150.0, 350.0))] {
            let params = CurrotParams { performance_threshold: Some(180.0), ..params() };
            let mut curriculum = curriculum(params, range);
            let student = |_: u64, at: &[f64]| match feasible(at) {
                true => EpisodeResult::Completed(300.0 - 200.0 * at[0]),
                false => EpisodeResult::Infeasible,
            };
            let before = play(&mut curriculum, 25, student);
            assert!(share(&before, feasible) < 0.4);
            play(&mut curriculum, 2_000, student);
            let samples = play(&mut curriculum, 1_000, student);
            let found = share(&samples, feasible);
            assert!(found > 0.6, "{found} of the tasks are feasible, with the range {range:?}");
            let spread = share(&samples, |at| feasible(at) && at[0].max(at[1]) > 0.2);
            assert!(spread > 0.3, "{spread} of the tasks are feasible and not among the easiest");
        }
    }

    #[test]
    fn infeasible_tasks_are_never_successes() {
        for (threshold, range) in [
            (0.5, Some((0.0, 1.0))),
            (1e-9, Some((0.0, 1e308))),
            (0.0, None),
            (180.0, None),
            (-1e299, None),
            (1e299, None),
        ] {
            let params = CurrotParams { performance_threshold: Some(threshold), ..params() };
            let mut curriculum = curriculum(params, range);
            play(&mut curriculum, 24, |number, _| match number {
                0 => EpisodeResult::Completed(f64::MAX),
                _ => EpisodeResult::Infeasible,
            });
            let infeasible = &state(&curriculum).latest[1..];
            assert!(infeasible.iter().all(|episode| episode.return_ < threshold), "{threshold}");
        }
    }

    #[test]
    fn it_explores_until_episodes_differ() {
        let mut curriculum = curriculum(params(), Some((0.0, 1.0)));
        let origins = |samples: &[Sample]| samples.iter().map(|sample| sample.origin).collect::<Vec<_>>();
        let first = play(&mut curriculum, 25, |_, _| EpisodeResult::Completed(0.0));
        assert_eq!(origins(&first), [Origin::Exploration(ExplorationReason::Bootstrap); 25]);
        let alike = play(&mut curriculum, 50, |_, _| EpisodeResult::Infeasible);
        assert_eq!(origins(&alike), [Origin::Exploration(ExplorationReason::NoProgress); 50]);
        assert_eq!(curriculum.distribution().shape, DistributionShape::Uniform);
        play(&mut curriculum, 25, |_, at| EpisodeResult::Completed(0.1 * at[0]));
        let then = play(&mut curriculum, 25, |_, _| EpisodeResult::Completed(0.0));
        assert!(then.iter().all(|sample| matches!(sample.origin, Origin::Particle { .. })));
    }

    #[test]
    fn it_begins_in_the_easy_region_that_it_is_given() {
        let easy = InitialGaussian { mean: vec![0.05, 0.05], covariance: vec![1e-4, 1e-4] };
        let mut curriculum = curriculum(CurrotParams { initial: Some(easy), ..params() }, Some((0.0, 1.0)));
        let DistributionShape::Mixture { fit: 0, .. } = curriculum.distribution().shape else {
            panic!("not the initial Gaussian")
        };
        // What few could find by chance.
        let student = skilled(0.0);
        let first = play(&mut curriculum, 25, &student);
        assert!(first.iter().all(|sample| sample.origin == Origin::Initial));
        assert!(state(&curriculum).teaching);
        let samples = play(&mut curriculum, 1_000, &student);
        assert!(share(&samples, |at| at[0].max(at[1]) < 0.1) > 0.8);
    }

    #[test]
    fn tasks_lie_in_the_boxes_of_the_distribution() {
        let mut curriculum = curriculum(params(), Some((0.0, 1.0)));
        play(&mut curriculum, 500, skilled(0.3));
        let DistributionShape::Particles { points, reach } = curriculum.distribution().shape else {
            panic!("no particles")
        };
        assert_eq!(points.len(), 50);
        for _ in 0..20 {
            let sample = curriculum.sample().unwrap();
            let Origin::Particle { particle } = sample.origin else { panic!("{sample:?}") };
            assert!((sample.origin_probability - 0.02).abs() < 1e-15);
            for ((at, point), reach) in
                sample.task.values().iter().zip(&points[particle as usize]).zip(&reach)
            {
                assert!((at - point).abs() <= *reach, "{sample:?} around {points:?}");
            }
        }
    }

    #[test]
    fn a_snapshot_that_does_not_fit_is_refused() {
        let mut curriculum = curriculum(params(), Some((0.0, 1.0)));
        play(&mut curriculum, 2_010, skilled(0.3));
        let TeacherSnapshot::Currot(snapshot) = curriculum.snapshot().teacher else { panic!("not CURROT's") };
        let context = || TeacherContext {
            space: Arc::clone(curriculum.space()),
            return_range: Some(ReturnRange::new(0.0, 1.0).unwrap()),
        };
        let json = serde_json::to_string(&snapshot).unwrap();
        assert_eq!(serde_json::from_str::<CurrotSnapshot>(&json).unwrap(), *snapshot);
        Currot::restore(context(), (*snapshot).clone()).unwrap();
        type Break = fn(&mut CurrotSnapshot);
        let broken: [(&str, Break); 11] = [
            ("particles", |snapshot| snapshot.params.particles = 0),
            ("snapshot", |snapshot| snapshot.state.particles.truncate(49)),
            ("snapshot", |snapshot| snapshot.state.particles.clear()),
            ("snapshot", |snapshot| snapshot.state.particles[0].push(0.5)),
            ("snapshot", |snapshot| snapshot.state.particles[0][1] = f64::NAN),
            ("snapshot", |snapshot| snapshot.state.successes.experiences.clear()),
            ("snapshot", |snapshot| snapshot.state.successes.experiences[3].return_ = f64::INFINITY),
            ("snapshot", |snapshot| snapshot.state.others[0].internal[0] = f64::NAN),
            ("snapshot", |snapshot| snapshot.state.latest[0].internal.truncate(1)),
            ("snapshot", |snapshot| {
                let experience = snapshot.state.others[0].clone();
                snapshot.state.others.resize(201, experience);
            }),
            ("snapshot", |snapshot| {
                let experience = snapshot.state.latest[0].clone();
                snapshot.state.latest.resize(25, experience);
            }),
        ];
        for (field, break_it) in broken {
            let mut snapshot = (*snapshot).clone();
            break_it(&mut snapshot);
            assert_eq!(Currot::restore(context(), snapshot).unwrap_err().field, field);
        }
    }
}
