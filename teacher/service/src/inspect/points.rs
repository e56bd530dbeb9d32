//! Episodes as points of the task space, thinned to what a screen shows.

use magister_proto::v1;

use crate::{
    error::{Invalid, ServiceError},
    owner::Owner,
    store::EpisodePoint,
    wire,
};

/// Default and largest number of points.
const POINTS: (u32, u32) = (1000, 10_000);

/// Lists accepted episodes as points, every one or every n-th.
pub(crate) async fn list_points(
    owner: &Owner,
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
    Ok(v1::ListEpisodePointsResponse {
        points: found.points.into_iter().map(write).collect(),
        every: found.every,
    })
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
