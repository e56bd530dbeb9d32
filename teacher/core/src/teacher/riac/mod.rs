//! RIAC: a tree of regions, cut where learning progress differs, decides where to teach next.
//!
//! Source: Baranes, Oudeyer, "R-IAC: Robust intrinsically motivated exploration and active learning", IEEE TAMD 2009,
//! in the form that Portelas et al., CoRL 2019, arXiv 1910.07224, compare with. The ALP of a region is the absolute
//! difference of the mean returns of the older and the newer half of its last `region_size` episodes. A leaf with
//! more episodes than that is cut: of `split_attempts` random cuts that leave each side enough episodes and length, the
//! one with the highest (episodes below) · (episodes above) · |ALP below − ALP above| is kept. Tasks are uniform in a
//! region that is drawn by its ALP among all, inner ones too; some are uniform over the space, and some are mutations
//! of the task with the lowest return of a region.
//!
//! Where this goes its own way, and why:
//! - The publication's code multiplies two constants instead of the populations into a cut's score, and gives new
//!   regions the ALPs of the last cut tried. Here both are as published.
//! - Its redraws of a cut never end where all tasks are the same; here an attempt gives up.
//! - Mutations are in shares of the axes, so that units do not matter.
//! - Where no region has ALP above zero it explores; the publication's code draws regions evenly.
//! - Infeasible tasks return nothing and are left out.

use std::{collections::VecDeque, sync::Arc};

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use self::region::{Cut, Point, Region};
use crate::{
    mixture::fill_standard_normal,
    space::TaskSpace,
    teacher::{
        self, DistributionShape, Episode, EpisodeResult, ExplorationReason, FitPending, Observation, Origin,
        ParamError, PastEpisode, Sample, TaskDistribution, Teacher, TeacherContext, TeacherParams,
        TeacherSnapshot,
    },
};

mod params;
mod region;

pub use params::RiacParams;

/// The RIAC teacher.
#[derive(Debug)]
pub struct Riac {
    context: TeacherContext,
    params: RiacParams,
    /// In the order in which they came to be; the first is the whole space.
    regions: Vec<Region>,
    /// What restored regions may take from the history: episodes with at least these numbers.
    oldest: Vec<u64>,
}

/// State of [`Riac`] without the episodes, which are in the history: a few numbers a region. A region comes with
/// some hundred episodes at most often, so that a million of them leave some ten thousand regions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RiacSnapshot {
    params: RiacParams,
    regions: Vec<RegionSnapshot>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct RegionSnapshot {
    /// Number of its oldest episode; 0 where it has none.
    oldest: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    children: Option<(Cut, usize)>,
}

impl Riac {
    /// Starts with one region.
    ///
    /// # Errors
    /// [`ParamError`] where a parameter is out of range.
    pub fn new(context: TeacherContext, params: RiacParams) -> Result<Self, ParamError> {
        params.check()?;
        let regions = vec![whole(&context.space)];
        Ok(Self { context, params, regions, oldest: Vec::new() })
    }

    /// Starts from a snapshot: the episodes before it must follow at once through [`Teacher::remember`].
    ///
    /// # Errors
    /// [`ParamError`] where the snapshot does not fit the context.
    pub fn restore(context: TeacherContext, snapshot: RiacSnapshot) -> Result<Self, ParamError> {
        snapshot.params.check()?;
        let refused = || ParamError::new("snapshot", "has regions that are no partition of this task space");
        let mut cuts: Vec<_> = snapshot
            .regions
            .iter()
            .enumerate()
            .filter_map(|(index, region)| region.children.map(|(cut, first)| (first, index, cut)))
            .collect();
        // In the order in which they were made.
        cuts.sort_by_key(|(first, ..)| *first);
        let mut regions = vec![whole(&context.space)];
        for (first, index, cut) in cuts {
            let made = regions.len();
            let region = regions.get_mut(index).filter(|region| first == made && region.children.is_none());
            let region = region.filter(|_| cut.axis < context.space.width()).ok_or_else(refused)?;
            if !(region.low[cut.axis]..=region.high[cut.axis]).contains(&cut.threshold) {
                return Err(refused());
            }
            region.children = Some((cut, first));
            for (low, high) in region.halves(cut) {
                regions.push(Region::new(low, high, VecDeque::new(), snapshot.params.region_size));
            }
        }
        if regions.len() != snapshot.regions.len() {
            return Err(refused());
        }
        let oldest = snapshot.regions.iter().map(|region| region.oldest).collect();
        Ok(Self { context, params: snapshot.params, regions, oldest })
    }

    /// Regions so far, inner ones too.
    pub fn regions(&self) -> usize {
        self.regions.len()
    }

    /// The indices of the regions that hold a point, from the whole space to a leaf.
    fn path(&self, internal: &[f64]) -> Vec<usize> {
        let mut path = vec![0];
        let mut at = 0;
        while let Some((cut, first)) = self.regions[at].children {
            at = first + usize::from(!cut.is_below(internal));
            path.push(at);
        }
        path
    }

    fn split(&mut self, leaf: usize, rng: &mut dyn Rng) {
        let first = self.regions.len();
        let region = &mut self.regions[leaf];
        let Some(cut) = region.best_cut(&self.params, &scales(&self.context.space), rng) else {
            region.points.drain(..self.params.discarded().min(region.points.len()));
            region.measure(self.params.region_size);
            return;
        };
        let (below, above) =
            region.points.iter().cloned().partition(|point: &Arc<Point>| cut.is_below(&point.internal));
        region.children = Some((cut, first));
        let [one, two] = region.halves(cut);
        for ((low, high), points) in [(one, below), (two, above)] {
            self.regions.push(Region::new(low, high, points, self.params.region_size));
        }
    }

    /// Probability of each region where one is drawn by its ALP; `None` where none is above zero.
    fn odds(&self) -> Option<Vec<f64>> {
        let largest = self.regions.iter().map(|region| region.alp).fold(0.0, f64::max);
        if largest <= 0.0 {
            return None;
        }
        // Divided first: the sum of the largest numbers would not be finite.
        let shares: Vec<f64> = self.regions.iter().map(|region| region.alp / largest).collect();
        let total: f64 = shares.iter().sum();
        Some(shares.into_iter().map(|share| share / total).collect())
    }

    /// Standard deviations of a mutation, in internal coordinates.
    fn mutation_deviations(&self) -> impl Iterator<Item = f64> {
        scales(&self.context.space).into_iter().map(|scale| self.params.mutation_deviation * scale)
    }

    fn explore(&self, reason: ExplorationReason, probability: f64, rng: &mut dyn Rng) -> Sample {
        Sample {
            task: self.context.space.uniform(rng),
            origin: Origin::Exploration(reason),
            origin_probability: probability,
        }
    }
}

/// The whole space as one region.
fn whole(space: &TaskSpace) -> Region {
    Region::new(vec![0.0; space.width()], scales(space), VecDeque::new(), 1)
}

/// Lengths of the axes in internal coordinates.
fn scales(space: &TaskSpace) -> Vec<f64> {
    space.axes().iter().map(|axis| axis.distance_scale()).collect()
}

/// An index drawn by its odds, which sum to one.
fn draw(odds: &[f64], rng: &mut dyn Rng) -> usize {
    let mut rest = rng.random::<f64>();
    for (index, odds) in odds.iter().enumerate() {
        rest -= odds;
        if rest < 0.0 {
            return index;
        }
    }
    // What rounding leaves over is the last possible one's.
    odds.iter().rposition(|odds| *odds > 0.0).unwrap_or(0)
}

impl Teacher for Riac {
    fn sample(&mut self, rng: &mut dyn Rng) -> Result<Sample, FitPending> {
        let Some(odds) = self.odds() else {
            return Ok(self.explore(ExplorationReason::NoProgress, 1.0, rng));
        };
        let RiacParams { random_task_ratio, mutation_ratio, .. } = self.params;
        let mode = rng.random::<f64>();
        if mode < random_task_ratio {
            return Ok(self.explore(ExplorationReason::RandomTaskRatio, random_task_ratio, rng));
        }
        let index = draw(&odds, rng);
        let (region, number) = (&self.regions[index], index as u32);
        let worst = region.worst().filter(|_| mode < random_task_ratio + mutation_ratio);
        let (point, origin, share): (Vec<f64>, _, _) = match worst {
            Some(worst) => {
                let mut steps = vec![0.0; worst.internal.len()];
                fill_standard_normal(&mut steps, rng);
                let moves = self.mutation_deviations().zip(steps).map(|(deviation, step)| step * deviation);
                let mutated = worst.internal.iter().zip(moves).map(|(at, by)| at + by);
                (mutated.collect(), Origin::Mutation { region: number }, mutation_ratio)
            }
            None => {
                let uniform = region.low.iter().zip(&region.high);
                let point = uniform.map(|(low, high)| low + (high - low) * rng.random::<f64>()).collect();
                (point, Origin::Region { region: number }, 1.0 - random_task_ratio - mutation_ratio)
            }
        };
        let task = self.context.space.task_at(&point);
        Ok(Sample { task, origin, origin_probability: (share * odds[index]).clamp(0.0, 1.0) })
    }

    fn observe(&mut self, episode: &Episode<'_>, rng: &mut dyn Rng) -> Observation {
        let EpisodeResult::Completed(return_) = episode.result else { return Observation::default() };
        let point = Arc::new(Point {
            number: episode.number,
            internal: self.context.space.internal(episode.task),
            return_: self.context.scaled(return_),
        });
        let path = self.path(&point.internal);
        for &index in &path {
            self.regions[index].add(Arc::clone(&point), self.params.region_size);
        }
        let leaf = path[path.len() - 1];
        if self.regions[leaf].points.len() > self.params.region_size as usize {
            self.split(leaf, rng);
        }
        Observation::default()
    }

    fn remember(&mut self, history: &mut dyn Iterator<Item = PastEpisode>) {
        let oldest = std::mem::take(&mut self.oldest);
        for past in history {
            let point = Arc::new(Point {
                number: past.number,
                internal: self.context.space.internal(&past.task),
                return_: self.context.scaled(past.return_),
            });
            for index in self.path(&point.internal) {
                if oldest.get(index).is_some_and(|oldest| point.number >= *oldest) {
                    self.regions[index].points.push_back(Arc::clone(&point));
                }
            }
        }
        for region in &mut self.regions {
            region.points.make_contiguous().sort_by_key(|point| point.number);
            region.measure(self.params.region_size);
        }
    }

    fn distribution(&self) -> TaskDistribution {
        let Some(odds) = self.odds() else {
            return TaskDistribution { exploration_probability: 1.0, shape: DistributionShape::Uniform };
        };
        let mut parents = vec![None; self.regions.len()];
        for (parent, region) in (0..).zip(&self.regions) {
            if let Some((_, first)) = region.children {
                parents[first..=first + 1].fill(Some(parent));
            }
        }
        let described =
            self.regions.iter().zip(odds).zip(parents).map(|((region, odds), parent)| teacher::Region {
                low: region.low.clone(),
                high: region.high.clone(),
                mean_alp: region.alp,
                odds,
                episodes: region.points.len() as u64,
                parent,
                worst: region.worst().map(|worst| worst.internal.clone()),
            });
        TaskDistribution {
            exploration_probability: self.params.random_task_ratio,
            shape: DistributionShape::Regions {
                regions: described.collect(),
                mutation: teacher::Mutation {
                    probability: self.params.mutation_ratio,
                    deviations: self.mutation_deviations().collect(),
                },
            },
        }
    }

    fn params(&self) -> TeacherParams {
        TeacherParams::Riac(self.params.clone())
    }

    fn snapshot(&self) -> TeacherSnapshot {
        let region = |region: &Region| RegionSnapshot {
            oldest: region.points.front().map_or(0, |point| point.number),
            children: region.children,
        };
        TeacherSnapshot::Riac(Box::new(RiacSnapshot {
            params: self.params.clone(),
            regions: self.regions.iter().map(region).collect(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        curriculum::{Curriculum, CurriculumSettings},
        space::Dimension,
    };

    fn curriculum() -> Curriculum {
        let space = TaskSpace::new(vec![Dimension::continuous("a", 0.0, 1.0).vector(2)]).unwrap();
        let teacher = TeacherParams::Riac(RiacParams::default());
        let settings = CurriculumSettings { space: Arc::new(space), teacher, seed: 3, return_range: None };
        Curriculum::new(settings).unwrap()
    }

    fn play(curriculum: &mut Curriculum, episodes: u64) -> Vec<Sample> {
        (0..episodes)
            .map(|number| {
                let sample = curriculum.sample().unwrap();
                let at = sample.task.values();
                let return_ = if at[0] > 0.7 && at[1] < 0.3 { (number as f64 / 50.0).sin() } else { 0.0 };
                curriculum.observe(&sample.task, EpisodeResult::Completed(return_), "").unwrap();
                sample
            })
            .collect()
    }

    #[test]
    fn tasks_go_where_progress_is() {
        let mut curriculum = curriculum();
        play(&mut curriculum, 3000);
        let later = play(&mut curriculum, 1000);
        let there =
            later.iter().filter(|sample| sample.task.values()[0] > 0.6 && sample.task.values()[1] < 0.4);
        assert!(there.clone().count() > 400, "{} of 1000 tasks", there.count());
        let mutated = later.iter().filter(|sample| matches!(sample.origin, Origin::Mutation { .. })).count();
        assert!((60..140).contains(&mutated), "{mutated} of 1000 tasks are mutations");
    }

    #[test]
    fn children_share_their_parents_box() {
        let mut curriculum = curriculum();
        play(&mut curriculum, 3000);
        let DistributionShape::Regions { regions, .. } = curriculum.distribution().shape else {
            panic!("no regions")
        };
        let volume =
            |region: &teacher::Region| (region.high[0] - region.low[0]) * (region.high[1] - region.low[1]);
        let TeacherSnapshot::Riac(snapshot) = curriculum.snapshot().teacher else { panic!("not RIAC's") };
        let mut leaves = 0.0;
        for (region, kept) in regions.iter().zip(&snapshot.regions) {
            assert!(region.high.iter().zip(&region.low).all(|(high, low)| high - low >= 1.0 / 15.0 - 1e-12));
            match kept.children {
                None => leaves += volume(region),
                Some((_, first)) => {
                    let children = volume(&regions[first]) + volume(&regions[first + 1]);
                    assert!((volume(region) - children).abs() < 1e-12);
                    for child in &regions[first..=first + 1] {
                        let parent = child.parent.expect("it is a half");
                        assert_eq!(regions[parent as usize], *region);
                    }
                }
            }
        }
        assert_eq!(regions[0].parent, None);
        assert!(regions.len() > 10 && (leaves - 1.0_f64).abs() < 1e-9, "{} regions", regions.len());
    }

    #[test]
    fn a_snapshot_whose_regions_do_not_fit_is_refused() {
        let mut curriculum = curriculum();
        play(&mut curriculum, 1000);
        let TeacherSnapshot::Riac(snapshot) = curriculum.snapshot().teacher else { panic!("not RIAC's") };
        let context = || TeacherContext { space: Arc::clone(curriculum.space()), return_range: None };
        Riac::restore(context(), (*snapshot).clone()).unwrap();
        let broken: [fn(&mut RiacSnapshot); 4] = [
            |snapshot| snapshot.regions.truncate(snapshot.regions.len() - 1),
            |snapshot| snapshot.regions[0].children.as_mut().unwrap().0.axis = 2,
            |snapshot| snapshot.regions[0].children.as_mut().unwrap().0.threshold = f64::NAN,
            |snapshot| snapshot.regions[0].children.as_mut().unwrap().1 = 7,
        ];
        for break_it in broken {
            let mut snapshot = (*snapshot).clone();
            break_it(&mut snapshot);
            assert_eq!(Riac::restore(context(), snapshot).unwrap_err().field, "snapshot");
        }
    }
}
