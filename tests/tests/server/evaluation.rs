//! Rounds over a test set: parts in any order, mastery, and what was forgotten.

use super::NAME;
use magister_proto::v1;
use magister_tests::{Client, Refusal, TestServer, alp_gmm_request, continuous};
use tonic::Code;

const TEST_TASKS: u32 = 4;

async fn create(client: &mut Client) {
    let mut request = alp_gmm_request("walker", vec![continuous("height", 0.0, 3.0)], 20);
    let curriculum = request.curriculum.as_mut().unwrap();
    let tasks = Some(v1::test_set::Tasks::UniformCount(TEST_TASKS));
    curriculum.test_set = Some(v1::TestSet { tasks });
    curriculum.mastery_threshold = Some(230.0);
    client.create_curriculum(request).await.unwrap();
}

async fn open(client: &mut Client, student: &str, request_id: &str) -> v1::SampleTestTasksResponse {
    let request = v1::SampleTestTasksRequest {
        curriculum: NAME.into(),
        student: student.into(),
        student_step: 500,
        request_id: request_id.into(),
    };
    client.sample_test_tasks(request).await.unwrap().into_inner()
}

async fn report(client: &mut Client, round: u64, returns: &[(u32, f64)]) -> v1::Evaluation {
    let results = returns
        .iter()
        .map(|&(test_task, episode_return)| v1::TestResult {
            test_task,
            episode_return,
            ..Default::default()
        })
        .collect();
    let request = v1::ReportEvaluationsRequest { evaluation: format!("{NAME}/evaluations/{round}"), results };
    client.report_evaluations(request).await.unwrap().into_inner().evaluation.unwrap()
}

async fn mastery(client: &mut Client, student: &str) -> v1::Mastery {
    let request = v1::GetMasteryRequest { curriculum: NAME.into(), student: student.into() };
    client.get_mastery(request).await.unwrap().into_inner()
}

#[tokio::test]
async fn results_come_in_parts_and_count_once() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    create(&mut client).await;
    let opened = open(&mut client, "s", "round one").await;
    assert_eq!(opened.tasks.len(), TEST_TASKS as usize);
    assert_eq!(open(&mut client, "s", "round one").await, opened);

    let partial = report(&mut client, 1, &[(2, 300.0), (0, 100.0)]).await;
    assert_eq!(partial.mastered_share, Some(0.5));
    assert!(partial.complete_time.is_none());
    let server = server.restart().await;
    let mut client = server.client().await;
    let complete = report(&mut client, 1, &[(2, -5.0), (1, 231.0), (3, 230.0)]).await;
    let returns: Vec<f64> = complete.results.iter().map(|result| result.episode_return).collect();
    assert_eq!(returns, [100.0, 231.0, 300.0, 230.0]);
    assert_eq!((complete.mastered_share, complete.mean_return), (Some(0.5), Some(215.25)));
    assert!(complete.complete_time.is_some());
    let get = v1::GetEvaluationRequest { name: complete.name.clone() };
    assert_eq!(client.get_evaluation(get).await.unwrap().into_inner(), complete);
}

#[tokio::test]
async fn what_was_mastered_and_is_not_any_more_is_forgotten() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    create(&mut client).await;
    assert_eq!(mastery(&mut client, "s").await, v1::Mastery::default());
    for (round, returns) in [(1, [300.0, 300.0, 0.0, 0.0]), (2, [0.0, 300.0, 250.0, 0.0])] {
        open(&mut client, "s", "").await;
        let returns: Vec<(u32, f64)> = (0..).zip(returns).collect();
        report(&mut client, round, &returns).await;
    }
    // A round that is not complete, and another student's, count for nothing.
    open(&mut client, "s", "").await;
    report(&mut client, 3, &[(3, 999.0)]).await;
    open(&mut client, "t", "").await;

    let mastery = mastery(&mut client, "s").await;
    assert_eq!((mastery.mastered_share, mastery.forgotten_share, mastery.evaluations), (0.5, 0.25, 2));
    let told: Vec<_> = mastery
        .test_tasks
        .iter()
        .map(|task| {
            (task.last_return, task.best_return, task.mastered, task.forgotten, task.first_mastered_round)
        })
        .collect();
    assert_eq!(
        told,
        [
            (0.0, 300.0, false, true, Some(1)),
            (300.0, 300.0, true, false, Some(1)),
            (250.0, 250.0, true, false, Some(2)),
            (0.0, 0.0, false, false, None),
        ]
    );

    let list = |page_token: String, student: Option<&str>| v1::ListEvaluationsRequest {
        curriculum: NAME.into(),
        page_size: 2,
        page_token,
        student: student.map(str::to_owned),
    };
    let first = client.list_evaluations(list(String::new(), None)).await.unwrap().into_inner();
    let second = client.list_evaluations(list(first.next_page_token, None)).await.unwrap().into_inner();
    let names: Vec<_> =
        first.evaluations.iter().chain(&second.evaluations).map(|round| round.name.clone()).collect();
    assert_eq!(names, (1..=4).map(|round| format!("{NAME}/evaluations/{round}")).collect::<Vec<_>>());
    assert!(second.next_page_token.is_empty());
    let others = client.list_evaluations(list(String::new(), Some("t"))).await.unwrap().into_inner();
    assert_eq!(others.evaluations.len(), 1);
}

#[tokio::test]
async fn an_evaluation_leaves_the_teacher_alone() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    create(&mut client).await;
    let get = v1::GetCurriculumRequest { name: NAME.into() };
    let before = client.get_curriculum(get.clone()).await.unwrap().into_inner();
    open(&mut client, "s", "").await;
    report(&mut client, 1, &[(0, 1.0)]).await;
    assert_eq!(client.get_curriculum(get).await.unwrap().into_inner(), before);
}

#[tokio::test]
async fn mistakes_are_named() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    create(&mut client).await;
    open(&mut client, "s", "one").await;
    let report = |round, test_task, episode_return| v1::ReportEvaluationsRequest {
        evaluation: format!("{NAME}/evaluations/{round}"),
        results: vec![v1::TestResult { test_task, episode_return, ..Default::default() }],
    };
    for (request, code, field) in [
        (report(1, TEST_TASKS, 0.0), Code::InvalidArgument, "results[0].test_task"),
        (report(1, 0, f64::NAN), Code::InvalidArgument, "results[0].episode_return"),
        (report(2, 0, 0.0), Code::NotFound, ""),
        (
            v1::ReportEvaluationsRequest { results: Vec::new(), ..report(1, 0, 0.0) },
            Code::InvalidArgument,
            "results",
        ),
    ] {
        let status = client.report_evaluations(request).await.unwrap_err();
        assert_eq!(status.code(), code, "{status}");
        assert_eq!(Refusal::of(&status).fields.first().map_or("", String::as_str), field);
    }
    let clash = v1::SampleTestTasksRequest {
        curriculum: NAME.into(),
        student: "another".into(),
        request_id: "one".into(),
        ..Default::default()
    };
    assert_eq!(client.sample_test_tasks(clash).await.unwrap_err().code(), Code::AlreadyExists);

    let plain = alp_gmm_request("plain", vec![continuous("height", 0.0, 3.0)], 20);
    client.create_curriculum(plain).await.unwrap();
    let none = v1::SampleTestTasksRequest { curriculum: "curricula/plain".into(), ..Default::default() };
    assert_eq!(client.sample_test_tasks(none).await.unwrap_err().code(), Code::FailedPrecondition);
}
