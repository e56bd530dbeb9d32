//! Mistakes in the calls that look at a curriculum's past.

use crate::NAME;
use magister_proto::v1::{self, ErrorReason};
use magister_tests::{Client, Refusal, TestServer, alp_gmm_request, continuous};
use tonic::Status;

async fn client(server: &TestServer) -> Client {
    let mut client = server.client().await;
    let dimensions = vec![continuous("height", 0.0, 3.0), continuous("spacing", 0.0, 6.0)];
    client.create_curriculum(alp_gmm_request("walker", dimensions, 20)).await.unwrap();
    client
}

/// Holds a refusal against the field to mend and words of the message.
fn check(status: &Status, reason: ErrorReason, field: &str, words: &str) {
    let refusal = Refusal::of(status);
    assert_eq!((refusal.reason, refusal.fields.join(" ")), (reason, field.to_owned()), "{status:?}");
    assert!(refusal.message.contains(words), "{:?} does not say {words:?}", refusal.message);
}

#[tokio::test]
async fn mistakes_in_a_density_are_named() {
    let server = TestServer::start().await;
    let mut client = client(&server).await;
    for (axes, cells, field, words) in [
        (vec![], 0, "axes", "axes: a density is over one or two axes, not 0"),
        (vec![0, 1, 0], 0, "axes", "not 3"),
        (vec![0; 100_000], 0, "axes", "not 100000"),
        (vec![1, 1], 0, "axes", "axis 1 is there twice"),
        (vec![2], 0, "axes[0]", "the space has axes 0 to 1, not 2"),
        (vec![0, u32::MAX], 0, "axes[1]", "not 4294967295"),
        (vec![0], 201, "cells", "an axis has 1 to 200 cells, not 201"),
        (vec![0, 1], u32::MAX, "cells", "not 4294967295"),
    ] {
        let request = v1::GetDensityRequest { curriculum: NAME.to_owned(), fit: 0, axes, cells };
        let refused = client.get_density(request).await.unwrap_err();
        check(&refused, ErrorReason::InvalidRequest, field, words);
    }
    for fit in [1, u64::MAX] {
        let request =
            v1::GetDensityRequest { curriculum: NAME.to_owned(), fit, axes: vec![0], ..Default::default() };
        let refused = client.get_density(request).await.unwrap_err();
        check(&refused, ErrorReason::FitNotFound, "", "has no finished fit");
    }
}

#[tokio::test]
async fn mistakes_in_numbers_and_times_are_named() {
    let server = TestServer::start().await;
    let mut client = client(&server).await;
    for number in [1001, u32::MAX] {
        let request = v1::GetProgressRequest { curriculum: NAME.to_owned(), max_buckets: number };
        let refused = client.get_progress(request).await.unwrap_err();
        check(&refused, ErrorReason::InvalidRequest, "max_buckets", "must lie between 0 and 1000");
    }
    for number in [5_001, u32::MAX] {
        let request = v1::ListEpisodePointsRequest {
            curriculum: NAME.to_owned(),
            max_points: number,
            ..Default::default()
        };
        let refused = client.list_episode_points(request).await.unwrap_err();
        check(&refused, ErrorReason::InvalidRequest, "max_points", "must lie between 0 and 5000");
    }
    for (seconds, nanos) in
        [(0, 999_999_999), (-1, 0), (30 * 24 * 3600 + 1, 0), (5, -1), (i64::MAX, i32::MAX)]
    {
        let stopped_after = Some(prost_types::Duration { seconds, nanos });
        let request = v1::DiagnoseRequest { curriculum: NAME.to_owned(), stopped_after };
        let refused = client.diagnose(request).await.unwrap_err();
        check(&refused, ErrorReason::InvalidRequest, "stopped_after", "between 1 s and 30 days");
    }
}

#[tokio::test]
async fn a_curriculum_that_is_not_there_is_named() {
    let server = TestServer::start().await;
    let mut client = client(&server).await;
    let curriculum = || "curricula/nobody".to_owned();
    let density = v1::GetDensityRequest { curriculum: curriculum(), ..Default::default() };
    let points = v1::ListEpisodePointsRequest { curriculum: curriculum(), ..Default::default() };
    let progress = v1::GetProgressRequest { curriculum: curriculum(), ..Default::default() };
    let diagnose = v1::DiagnoseRequest { curriculum: curriculum(), ..Default::default() };
    for refused in [
        client.get_density(density).await.unwrap_err(),
        client.list_episode_points(points).await.unwrap_err(),
        client.get_progress(progress).await.unwrap_err(),
        client.diagnose(diagnose).await.unwrap_err(),
    ] {
        check(&refused, ErrorReason::CurriculumNotFound, "", "there is no curriculum \"nobody\"");
    }
}
