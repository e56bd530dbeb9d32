//! Evaluation, and what failed calls say, in the client's own types.

use magister_student::{
    Client, ConnectOptions, CurriculumSpec, Dimension, Error, FieldViolation, Mastery, Outcome, Parameters,
    Played, Reason, Teacher,
};
use magister_tests::TestServer;

fn spec() -> CurriculumSpec {
    CurriculumSpec::new("walker", Teacher::Random).dimension(Dimension::continuous("height", 0.0, 3.0))
}

fn test_set() -> Vec<Parameters> {
    [0.5, 1.5, 2.5].map(|height| [("height", height)].into_iter().collect()).to_vec()
}

#[tokio::test]
async fn a_student_is_evaluated() {
    let server = TestServer::start().await;
    let client = Client::connect(server.uri()).await.unwrap();
    let spec = spec().mastery_threshold(230.0).test_set(test_set());
    let curriculum = client.create_or_open(spec).await.unwrap().on_behalf_of("s", "w");
    for (step, returns) in [(1000, [300.0, 240.0, 0.0]), (2000, [250.0, 100.0, 231.0])] {
        let id = format!("step {step}");
        let round = curriculum.sample_test_tasks_again(step, &id).await.unwrap();
        assert_eq!(curriculum.sample_test_tasks_again(step, &id).await.unwrap(), round);
        let played: Vec<f64> =
            round.tasks.iter().map(|task| task.parameters.f64("height").unwrap()).collect();
        assert_eq!(played, [0.5, 1.5, 2.5]);
        let results = round.tasks.iter().zip(returns);
        let mut results: Vec<_> = results
            .map(|(task, return_)| task.result(return_).length(100).success(return_ > 230.0))
            .collect();
        let last = results.pop().unwrap();
        let number = round.evaluation.round;
        let part = curriculum.report_evaluations(number, results).await.unwrap();
        assert!(!part.is_complete());
        // What is reported again changes nothing.
        let again = [round.tasks[0].result(-1.0), last];
        let whole = curriculum.report_evaluations(number, again).await.unwrap();
        assert!(whole.is_complete() && whole.student == "s" && whole.student_step == step);
        assert_eq!(whole.mastered_share, Some(2.0 / 3.0));
        assert_eq!(whole.results.iter().map(|result| result.return_).collect::<Vec<_>>(), returns);
        assert_eq!((whole.results[0].length, whole.results[0].success), (Some(100), Some(true)));
        assert_eq!(curriculum.evaluation(number).await.unwrap(), whole);
        assert_eq!(curriculum.report_evaluations(number, []).await.unwrap(), whole);
    }
    let mastery = curriculum.mastery().await.unwrap();
    let Mastery { mastered_share, forgotten_share, evaluations, .. } = mastery;
    assert_eq!((mastered_share, forgotten_share, evaluations), (2.0 / 3.0, 1.0 / 3.0, 2));
    let forgotten: Vec<u32> =
        mastery.test_tasks.iter().filter(|task| task.forgotten).map(|task| task.task.index).collect();
    assert_eq!(forgotten, [1]);
    assert_eq!(mastery.test_tasks[1].task.parameters.f64("height"), Ok(1.5));
    assert_eq!((mastery.test_tasks[1].last_return, mastery.test_tasks[1].best_return), (100.0, 240.0));
    let nobody = curriculum.on_behalf_of("nobody", "").mastery().await.unwrap();
    assert_eq!(nobody.evaluations, 0);
}

#[tokio::test]
async fn whoever_knows_a_tasks_name_or_played_something_else_can_report_it() {
    let server = TestServer::start().await;
    // Spawned, as a program with a runtime does.
    let client = tokio::spawn(Client::connect(server.uri())).await.unwrap().unwrap();
    let curriculum = client.create_or_open(spec()).await.unwrap().on_behalf_of("s", "w");
    let task = curriculum.ask_again(1, "episode-1").await.unwrap().remove(0);
    assert_eq!(curriculum.ask_again(1, "episode-1").await.unwrap(), std::slice::from_ref(&task));
    let reused = curriculum.ask_again(2, "episode-1").await.unwrap_err();
    assert_eq!(reused.reason(), Some(&Reason::RequestIdReused));

    let elsewhere: Parameters = [("height", 1.25)].into_iter().collect();
    let outcomes = [
        (Played::from(&task), Outcome::completed(1.0)),
        (Played::Unsolicited(elsewhere.clone()), Outcome::completed(2.0)),
        (Played::Task(task.name().to_owned()), Outcome::completed(3.0)),
    ];
    let receipts = curriculum.report(outcomes).await.unwrap();
    assert_eq!(
        receipts.iter().map(|receipt| receipt.episode).collect::<Vec<_>>(),
        [Some(1), Some(2), Some(1)]
    );
    assert!(receipts[2].duplicate);
    let episodes = curriculum.episodes(Default::default()).next().await.unwrap().unwrap();
    assert_eq!((&episodes[1].parameters, episodes[1].student.as_str()), (&elsewhere, "s"));

    let unknown = [(Played::Task(format!("{}/tasks/99", curriculum.name())), Outcome::completed(1.0))];
    assert_eq!(curriculum.report(unknown).await.unwrap_err().reason(), Some(&Reason::TaskNotFound));
    assert_eq!(curriculum.report([]).await.unwrap(), []);
}

#[tokio::test]
async fn a_connection_can_wait_for_its_first_call() {
    let server = TestServer::start().await;
    let client = Client::connect_lazily(&server.uri(), ConnectOptions::default()).unwrap();
    assert_eq!(client.list().await.unwrap(), []);
    let refused = Client::connect_lazily("ftp://host", ConnectOptions::default());
    assert!(matches!(refused, Err(Error::Address { .. })), "{refused:?}");
}

#[tokio::test]
async fn another_test_set_is_another_curriculum() {
    let server = TestServer::start().await;
    let client = Client::connect(server.uri()).await.unwrap();
    let given = || spec().mastery_threshold(230.0).test_set(test_set());
    client.create_or_open(given()).await.unwrap();
    client.create_or_open(given()).await.unwrap();
    client.create_or_open(spec().uniform_test_set(3)).await.unwrap();
    let others = spec().mastery_threshold(200.0).uniform_test_set(4);
    let Err(Error::Differs { differences, .. }) = client.create_or_open(others).await else { panic!() };
    assert_eq!(
        differences,
        [
            "the mastery threshold is 230 there and 200 here",
            "the test set is one of 3 tasks there and one of 4 tasks here"
        ]
    );
    let moved = spec().test_set([[("height", 0.1)].into_iter().collect()]);
    assert!(matches!(client.create_or_open(moved).await, Err(Error::Differs { .. })));
}

#[tokio::test]
async fn refusals_are_typed_and_name_the_field() {
    let server = TestServer::start().await;
    let client = Client::connect(server.uri()).await.unwrap();
    let curriculum = client.create_or_open(spec().max_open_tasks(1)).await.unwrap();
    let backwards = CurriculumSpec::new("x", Teacher::Random).dimension(Dimension::continuous("a", 1.0, 0.0));
    let Err(Error::Refused { reason, fields, message, .. }) = client.create_or_open(backwards).await else {
        panic!("a space must not run backwards")
    };
    assert_eq!(reason, Some(Reason::InvalidSpace));
    let [FieldViolation { field, problem }] = &fields[..] else { panic!("{fields:?}") };
    assert!(field.starts_with("curriculum.space.dimensions[0]") && message.contains(problem), "{message}");

    let task = curriculum.ask().await.unwrap();
    let evaluation = curriculum.evaluation(1).await.map(drop);
    for (result, expected) in [
        (client.open("none").await.map(drop), Reason::CurriculumNotFound),
        (client.open("No Name").await.map(drop), Reason::InvalidName),
        (curriculum.ask().await.map(drop), Reason::TooManyOpenTasks),
        (curriculum.ask_many(1001).await.map(drop), Reason::InvalidRequest),
        (curriculum.tell(&task, Outcome::completed(f64::NAN)).await.map(drop), Reason::InvalidOutcome),
        (curriculum.sample_test_tasks(0).await.map(drop), Reason::NoTestSet),
        (evaluation, Reason::EvaluationNotFound),
    ] {
        let error = result.unwrap_err();
        assert!(matches!(error, Error::Refused { .. }), "{error:?}");
        assert_eq!(error.reason(), Some(&expected), "{error}");
    }
    let missing = task.f64("heigth").unwrap_err();
    assert_eq!(missing.to_string(), r#"the task has no parameter "heigth"; it has height"#);
}
