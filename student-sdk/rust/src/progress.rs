//! How a curriculum has come along: its episodes summed up, and each as a point of the task space.

use std::time::SystemTime;

use magister_proto::v1;
use serde::Serialize;

use crate::{
    curriculum::Curriculum,
    distribution::{Axis, read_axes},
    episode::Origin,
    error::Error,
    written,
};

/// How a curriculum has come along since its beginning.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Progress {
    /// Accepted episodes that it covers.
    pub episodes: u64,
    /// In the order of episodes, without gaps; all but the last cover the same number of episodes.
    pub buckets: Vec<Bucket>,
    /// Who has reported within the last hour, in the order of their names.
    pub students: Vec<StudentActivity>,
    /// Accepted episodes per second over the last minute.
    pub episodes_per_second: f64,
    /// The last 100 episodes as one bucket; `None` before the first.
    pub recent: Option<Bucket>,
}

/// Consecutive episodes, summed up. Shares lie between 0 and 1.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Bucket {
    /// Number of its first episode.
    pub first_episode: u64,
    /// Number of its last episode.
    pub last_episode: u64,
    /// Episodes played to their end.
    pub completed: u64,
    /// Episodes whose environment could not be built.
    pub infeasible: u64,
    /// Over completed episodes; `None` without one, as the next two.
    pub mean_return: Option<f64>,
    /// Over completed episodes.
    pub lowest_return: Option<f64>,
    /// Over completed episodes.
    pub highest_return: Option<f64>,
    /// Mean absolute learning progress of the episodes that have one; `None` without such.
    pub mean_alp: Option<f64>,
    /// Share of the tasks handed out that were drawn uniformly over the space; `None` if none was handed out.
    pub exploration_share: Option<f64>,
    /// Share of the completed episodes above the present mastery threshold; `None` without a threshold or a completed
    /// episode.
    pub mastered_share: Option<f64>,
    /// Share of the completed episodes outside the declared range of returns; `None` without a range or a completed
    /// episode.
    pub outside_range_share: Option<f64>,
    /// Most environment steps that a student had reported by its end; `None` if none did.
    pub student_step: Option<u64>,
    /// Components of the fit in effect at its end; `None` before the first.
    pub components: Option<u32>,
    /// When its last episode was accepted.
    #[serde(serialize_with = "written::optional_time")]
    pub end_time: Option<SystemTime>,
}

/// What one student did within the last hour.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct StudentActivity {
    /// Its name.
    pub student: String,
    /// Its workers that reported.
    pub workers: u32,
    /// Its episodes.
    pub episodes: u64,
    /// When its last report was accepted.
    #[serde(serialize_with = "written::optional_time")]
    pub last_report_time: Option<SystemTime>,
}

/// Which episodes are wanted as points; what is left alone asks for all, thinned to the server's default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PointFilter {
    /// Only episodes with this number or a higher one.
    pub from_episode: Option<u64>,
    /// Only episodes with a lower number than this.
    pub before_episode: Option<u64>,
    /// Points to have at most, up to 5,000; 0: the server's default of 1,000. Where there are more episodes, every
    /// n-th is given.
    pub max_points: u32,
}

/// Episodes as points of the task space.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct EpisodePoints {
    /// What the values of each point are, in their order.
    pub axes: Vec<Axis>,
    /// In the order of episodes.
    pub points: Vec<EpisodePoint>,
    /// Each point stands for so many episodes: 1 where nothing was left out.
    pub every: u64,
}

/// One accepted episode as a point of the task space.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct EpisodePoint {
    /// Its number, from 1.
    pub episode: u64,
    /// Number of its task.
    pub task: u64,
    /// As played, in the units of the parameters: one for each axis.
    pub values: Vec<f64>,
    /// Sum of the rewards; `None` if the environment could not be built.
    #[serde(rename = "return")]
    pub return_: Option<f64>,
    /// Absolute learning progress, if it has one.
    pub alp: Option<f64>,
    /// Where its task came from.
    pub origin: Origin,
}

impl Curriculum {
    /// How it has come along since its beginning, in at most `max_buckets` buckets: up to 1,000; 0: the server's default
    /// of 200.
    ///
    /// # Errors
    /// As [`Curriculum::ask`].
    pub async fn progress(&self, max_buckets: u32) -> Result<Progress, Error> {
        let request = v1::GetProgressRequest { curriculum: self.name().to_owned(), max_buckets };
        let progress = self
            .client()
            .call(request, |mut rpc, request| async move { rpc.get_progress(request).await })
            .await?;
        Ok(progress.into())
    }

    /// Its episodes as points of the task space, thinned evenly.
    ///
    /// # Errors
    /// As [`Curriculum::ask`].
    pub async fn points(&self, filter: PointFilter) -> Result<EpisodePoints, Error> {
        let request = v1::ListEpisodePointsRequest {
            curriculum: self.name().to_owned(),
            from_episode: filter.from_episode,
            before_episode: filter.before_episode,
            max_points: filter.max_points,
        };
        let points = self
            .client()
            .call(request, |mut rpc, request| async move { rpc.list_episode_points(request).await });
        let (points, distribution) = tokio::try_join!(points, self.distribution_wire(0))?;
        read_points(read_axes(distribution.axes), points)
    }
}

impl From<v1::Progress> for Progress {
    fn from(progress: v1::Progress) -> Self {
        let students = progress.students.into_iter().map(|student| StudentActivity {
            student: student.student,
            workers: student.workers,
            episodes: student.episodes,
            last_report_time: read_time(student.last_report_time),
        });
        Self {
            episodes: progress.episodes,
            buckets: progress.buckets.into_iter().map(Bucket::from).collect(),
            students: students.collect(),
            episodes_per_second: progress.episodes_per_second,
            recent: progress.recent.map(Bucket::from),
        }
    }
}

impl From<v1::progress::Bucket> for Bucket {
    fn from(bucket: v1::progress::Bucket) -> Self {
        Self {
            first_episode: bucket.first_episode,
            last_episode: bucket.last_episode,
            completed: bucket.completed,
            infeasible: bucket.infeasible,
            mean_return: bucket.mean_return,
            lowest_return: bucket.lowest_return,
            highest_return: bucket.highest_return,
            mean_alp: bucket.mean_alp,
            exploration_share: bucket.exploration_share,
            mastered_share: bucket.mastered_share,
            outside_range_share: bucket.outside_range_share,
            student_step: bucket.student_step,
            components: bucket.components,
            end_time: read_time(bucket.end_time),
        }
    }
}

fn read_points(axes: Vec<Axis>, answer: v1::ListEpisodePointsResponse) -> Result<EpisodePoints, Error> {
    if answer.points.iter().any(|point| point.values.len() != axes.len()) {
        return Err(Error::Answer("a point has another size than the axes"));
    }
    let points = answer.points.into_iter().map(|point| EpisodePoint {
        episode: point.episode,
        task: point.task,
        values: point.values,
        return_: point.episode_return,
        alp: point.alp,
        origin: point.origin.into(),
    });
    Ok(EpisodePoints { axes, points: points.collect(), every: answer.every })
}

fn read_time(time: Option<prost_types::Timestamp>) -> Option<SystemTime> {
    time.and_then(|time| SystemTime::try_from(time).ok())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use v1::task_distribution as wire;

    use super::*;

    fn full_bucket() -> v1::progress::Bucket {
        v1::progress::Bucket {
            first_episode: 1,
            last_episode: 25,
            completed: 20,
            infeasible: 5,
            mean_return: Some(1.5),
            lowest_return: Some(-2.0),
            highest_return: Some(3.0),
            mean_alp: Some(0.25),
            exploration_share: Some(0.2),
            mastered_share: Some(0.75),
            outside_range_share: Some(0.05),
            student_step: Some(4000),
            components: Some(4),
            end_time: Some(prost_types::Timestamp { seconds: 60, nanos: 500_000_000 }),
        }
    }

    #[test]
    fn progress_keeps_every_figure_and_what_is_absent() {
        let empty = v1::progress::Bucket { first_episode: 26, last_episode: 26, ..Default::default() };
        let progress = Progress::from(v1::Progress {
            curriculum: "curricula/walker".to_owned(),
            episodes: 26,
            buckets: vec![full_bucket(), empty],
            students: vec![v1::progress::StudentActivity {
                student: "one".to_owned(),
                workers: 3,
                episodes: 26,
                last_report_time: Some(prost_types::Timestamp { seconds: 61, nanos: 0 }),
            }],
            episodes_per_second: 0.5,
            recent: Some(full_bucket()),
        });
        let json = serde_json::to_value(&progress).unwrap();
        let full = serde_json::json!({
            "first_episode": 1, "last_episode": 25, "completed": 20, "infeasible": 5, "mean_return": 1.5,
            "lowest_return": -2.0, "highest_return": 3.0, "mean_alp": 0.25, "exploration_share": 0.2,
            "mastered_share": 0.75, "outside_range_share": 0.05, "student_step": 4000, "components": 4,
            "end_time": "1970-01-01T00:01:00.500Z",
        });
        assert_eq!(
            json,
            serde_json::json!({
                "episodes": 26,
                "episodes_per_second": 0.5,
                "recent": full,
                "students": [{
                    "student": "one", "workers": 3, "episodes": 26, "last_report_time": "1970-01-01T00:01:01.000Z",
                }],
                "buckets": [full, {
                    "first_episode": 26, "last_episode": 26, "completed": 0, "infeasible": 0, "mean_return": null,
                    "lowest_return": null, "highest_return": null, "mean_alp": null, "exploration_share": null,
                    "mastered_share": null, "outside_range_share": null, "student_step": null, "components": null,
                    "end_time": null,
                }],
            })
        );
        assert_eq!(
            progress.buckets[0].end_time,
            Some(SystemTime::UNIX_EPOCH + Duration::from_millis(60_500))
        );
    }

    #[test]
    fn points_come_with_the_axes_that_they_lie_on() {
        let axes = || {
            read_axes(vec![
                wire::Axis { dimension: "height".to_owned(), high: 3.0, ..Default::default() },
                wire::Axis { dimension: "sizes".to_owned(), element: Some(1), ..Default::default() },
            ])
        };
        let component = v1::origin::ComponentDraw { fit: 2, component: 3 };
        let point = v1::EpisodePoint {
            episode: 8,
            task: 11,
            values: vec![0.5, 4.0],
            episode_return: Some(1.0),
            alp: None,
            origin: Some(v1::Origin { source: Some(v1::origin::Source::Component(component)) }),
        };
        let answer = v1::ListEpisodePointsResponse { points: vec![point.clone()], every: 4 };
        let read = read_points(axes(), answer).unwrap();
        assert_eq!(read.axes.iter().map(Axis::name).collect::<Vec<_>>(), ["height", "sizes[1]"]);
        assert_eq!(read.every, 4);
        let expected = EpisodePoint {
            episode: 8,
            task: 11,
            values: vec![0.5, 4.0],
            return_: Some(1.0),
            alp: None,
            origin: Origin::Component { fit: 2, component: 3 },
        };
        assert_eq!(read.points, [expected]);

        let shorter = v1::EpisodePoint { values: vec![0.5], ..point };
        let answer = v1::ListEpisodePointsResponse { points: vec![shorter], every: 1 };
        assert!(matches!(read_points(axes(), answer), Err(Error::Answer(_))));
    }
}
