//! Episodes as points of the task space, thinned to what a screen shows.

use magister_proto::v1;

use super::overview;
use crate::{
    clock::Clock,
    error::{Invalid, ServiceError},
    owner::Owner,
    store::{EpisodePoint, PointsFound},
    wire,
};

/// Default and largest number of points.
const POINTS: (u32, u32) = (1000, 5000);

/// Lists accepted episodes as points, every one or every n-th.
pub(crate) async fn list_points(
    owner: &Owner,
    clock: Clock,
    request: v1::ListEpisodePointsRequest,
) -> Result<v1::ListEpisodePointsResponse, ServiceError> {
    let most = match request.max_points {
        0 => POINTS.0,
        most if most <= POINTS.1 => most,
        most => {
            let problem = format!("is {most}; it must lie between 0 and {}", POINTS.1);
            return Err(ServiceError::invalid(Invalid::Request, "max_points", problem));
        }
    };
    let (from, before) = (request.from_episode.unwrap_or(1), request.before_episode.unwrap_or(u64::MAX));
    let key = owner.key();
    let found = owner.read(move |journal| journal.points(key, from, before, u64::from(most))).await?;
    let (points, every) = match found {
        PointsFound::All(points) => (points, 1),
        // Single episodes are found by their tasks, which the overview knows.
        PointsFound::TooMany { numbers, every } => {
            let threshold = owner.describe().await?.live.mastery_threshold;
            let tasks = overview::look(owner, threshold, clock.now_ms(), move |overview, _| {
                Ok(overview.tasks_of(&numbers))
            })
            .await?;
            (owner.read(move |journal| journal.points_of_tasks(key, &tasks)).await?, every)
        }
    };
    Ok(v1::ListEpisodePointsResponse { points: points.into_iter().map(write).collect(), every })
}

fn write(point: EpisodePoint) -> v1::EpisodePoint {
    v1::EpisodePoint {
        episode: point.episode,
        task: point.task,
        values: point.played.values().to_vec(),
        episode_return: point.episode_return,
        alp: point.alp,
        origin: Some(wire::task::write_origin(point.source)),
    }
}
