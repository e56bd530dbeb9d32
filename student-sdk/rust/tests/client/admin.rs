//! Looking after curricula and looking into them, against a real server.

use std::time::Duration;

use magister_service::{Server, ServerSettings};
use magister_student::{
    AlpGmm, AlpGmmEdit, Client, Criterion, Curriculum, CurriculumEdit, CurriculumSpec, Dimension,
    EpisodeFilter, EpisodeOrder, Error, ExplorationReason, Fork, Origin, Outcome, Parameters, Reason,
    ReturnRange, Shape, TaskState, Teacher, TestSet, Value,
};
use magister_tests::TestServer;

fn spec(id: &str) -> CurriculumSpec {
    let teacher = AlpGmm { fit_rate: Some(20), fit_lag_episodes: Some(0), ..Default::default() };
    CurriculumSpec::new(id, Teacher::AlpGmm(teacher))
        .dimension(Dimension::continuous("height", 0.0, 3.0))
        .dimension(Dimension::log_scaled("rate", 1e-4, 1.0))
        .dimension(Dimension::integer("steps", 1, 5).vector(2))
        .seed(7)
}

async fn client(server: &TestServer) -> Client {
    Client::connect(server.uri()).await.unwrap()
}

/// Plays episodes one after another, with a return that only low heights raise.
async fn play(curriculum: &Curriculum, episodes: u64) {
    for episode in 0..episodes {
        let task = curriculum.ask().await.unwrap();
        let height = task.f64("height").unwrap();
        let return_ = if height < 1.5 { episode as f64 } else { 0.0 };
        curriculum.tell(&task, Outcome::completed(return_).length(9)).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_created_is_described() {
    let server = TestServer::start().await;
    let client = client(&server).await;
    let task = Parameters::from_iter([
        ("height", Value::Number(1.5)),
        ("rate", Value::Number(0.5)),
        ("steps", Value::Integers(vec![2, 3])),
    ]);
    let created = client
        .create(
            spec("walker")
                .display_name("Walker")
                .return_range(-150.0, 350.0)
                .mastery_threshold(230.0)
                .lease_duration(Duration::from_millis(90_500))
                .max_open_tasks(5)
                .max_staleness_episodes(100)
                .test_set([task.clone()]),
        )
        .await
        .unwrap();
    assert_eq!(created, client.open("walker").await.unwrap().describe().await.unwrap());
    assert_eq!((created.id.as_str(), created.display_name.as_str(), created.seed), ("walker", "Walker", 7));
    assert_eq!(created.return_range, Some(ReturnRange { low: -150.0, high: 350.0 }));
    assert_eq!(created.mastery_threshold, Some(230.0));
    assert_eq!(created.lease_duration, Duration::from_millis(90_500));
    assert_eq!((created.max_open_tasks, created.max_staleness_episodes), (Some(5), Some(100)));
    assert_eq!(created.test_set, Some(TestSet::Tasks(vec![task])));
    assert_eq!(created.dimensions[2].size(), Some(2));
    let Some(Teacher::AlpGmm(teacher)) = &created.teacher else { panic!("{created:?}") };
    assert_eq!((teacher.fit_rate, teacher.random_task_ratio), (Some(20), Some(0.2)));

    let again = client.create(spec("walker")).await.unwrap_err();
    assert_eq!(again.reason(), Some(&Reason::CurriculumExists));
}

#[tokio::test]
async fn curricula_are_listed_and_deleted() {
    let server = TestServer::start().await;
    let client = client(&server).await;
    assert_eq!(client.list().await.unwrap(), []);
    for id in ["b", "a", "c"] {
        client.create(spec(id)).await.unwrap();
    }
    client.delete("b").await.unwrap();
    let ids: Vec<String> = client.list().await.unwrap().into_iter().map(|info| info.id).collect();
    assert_eq!(ids, ["a", "c"]);
    assert_eq!(client.delete("b").await.unwrap_err().reason(), Some(&Reason::CurriculumNotFound));
}

#[tokio::test]
async fn edits_are_made_together_or_not_at_all() {
    let server = TestServer::start().await;
    let client = client(&server).await;
    let before = client.create(spec("walker")).await.unwrap();
    let curriculum = client.curriculum("walker");
    let wrong = CurriculumEdit {
        display_name: Some("changed".to_owned()),
        alp_gmm: Some(AlpGmmEdit { random_task_ratio: Some(1.5), ..Default::default() }),
        ..Default::default()
    };
    let Err(Error::Refused { reason, fields, .. }) = curriculum.edit(wrong).await else { panic!("taken") };
    assert_eq!((reason, fields.len()), (Some(Reason::InvalidTeacher), 1));
    assert_eq!(curriculum.describe().await.unwrap(), before);

    let edit = CurriculumEdit {
        display_name: Some("changed".to_owned()),
        mastery_threshold: Some(1.0),
        lease_duration: Some(Duration::from_secs(60)),
        max_open_tasks: Some(3),
        max_staleness_episodes: Some(9),
        alp_gmm: Some(AlpGmmEdit {
            fit_rate: Some(30),
            random_task_ratio: Some(0.5),
            min_components: Some(3),
            max_components: Some(4),
            criterion: Some(Criterion::Bic),
            em_initialisations: Some(2),
            fit_lag_episodes: Some(5),
        }),
        ..Default::default()
    };
    let edited = curriculum.edit(edit).await.unwrap();
    assert_eq!((edited.display_name.as_str(), edited.mastery_threshold), ("changed", Some(1.0)));
    assert_eq!((edited.lease_duration.as_secs(), edited.max_open_tasks), (60, Some(3)));
    assert_eq!((edited.max_staleness_episodes, edited.paused), (Some(9), false));
    let Some(Teacher::AlpGmm(teacher)) = edited.teacher else { panic!("another teacher") };
    assert_eq!((teacher.fit_rate, teacher.random_task_ratio), (Some(30), Some(0.5)));
    assert_eq!((teacher.min_components, teacher.max_components), (Some(3), Some(4)));
    assert_eq!((teacher.criterion, teacher.em_initialisations), (Some(Criterion::Bic), Some(2)));
    assert_eq!(teacher.fit_lag_episodes, Some(5));

    assert!(curriculum.pause().await.unwrap().paused);
    assert!(!curriculum.resume().await.unwrap().paused);
}

#[tokio::test]
async fn a_fork_goes_on_from_its_position() {
    let server = TestServer::start().await;
    let client = client(&server).await;
    client.create(spec("walker")).await.unwrap();
    let source = client.curriculum("walker");
    play(&source, 10).await;
    let fork = Fork { position: Some(8), seed: Some(3) };
    let forked = source.fork("copy", fork).await.unwrap();
    assert_eq!((forked.episodes, forked.seed), (4, 3));
    let point = forked.forked_from.unwrap();
    assert_eq!((point.curriculum.as_str(), point.position), ("walker", 8));
    let again = source.fork("copy", fork).await.unwrap_err();
    assert_eq!(again.reason(), Some(&Reason::CurriculumExists));
    let beyond = source.fork("other", Fork { position: Some(1000), seed: None }).await.unwrap_err();
    assert_eq!(beyond.reason(), Some(&Reason::PositionOutOfRange));
}

#[tokio::test]
async fn episodes_are_listed_by_filter_and_page() {
    let server = TestServer::start().await;
    let client = client(&server).await;
    client.create(spec("walker")).await.unwrap();
    let curriculum = client.curriculum("walker").on_behalf_of("one", "w");
    play(&curriculum, 5).await;
    let given_up = curriculum.ask().await.unwrap();
    curriculum.tell(&given_up, Outcome::abandoned("stopped")).await.unwrap();
    play(&client.curriculum("walker").on_behalf_of("two", ""), 2).await;

    let all = EpisodeFilter::default();
    for (filter, expected) in [
        (EpisodeFilter { page_size: 3, ..all.clone() }, vec![vec![1, 2, 3], vec![4, 5, 6], vec![7]]),
        (EpisodeFilter { student: Some("two".to_owned()), ..all.clone() }, vec![vec![6, 7]]),
        (EpisodeFilter { from_episode: Some(2), before_episode: Some(4), ..all.clone() }, vec![vec![2, 3]]),
        (
            EpisodeFilter { order: EpisodeOrder::NewestFirst, page_size: 5, ..all.clone() },
            vec![vec![7, 6, 5, 4, 3], vec![2, 1]],
        ),
        (EpisodeFilter { student: Some("nobody".to_owned()), ..all.clone() }, vec![vec![]]),
    ] {
        let mut pages = curriculum.episodes(filter.clone());
        let mut found = Vec::new();
        while let Some(page) = pages.next().await.unwrap() {
            found.push(page.iter().map(|episode| episode.number.unwrap()).collect::<Vec<_>>());
        }
        assert_eq!(found, expected, "{filter:?}");
        assert_eq!(pages.next().await.unwrap(), None);
    }
    let abandoned = EpisodeFilter { states: vec![TaskState::Abandoned], ..all };
    let page = curriculum.episodes(abandoned).next().await.unwrap().unwrap();
    assert_eq!(page.len(), 1);
    assert_eq!((page[0].number, page[0].message.as_str()), (None, "stopped"));
    assert_eq!((page[0].state, page[0].student.as_str()), (TaskState::Abandoned, "one"));
    assert_eq!(page[0].task, given_up.name());
}

#[tokio::test]
async fn fits_and_tasks_are_explained() {
    let server = TestServer::start().await;
    let client = client(&server).await;
    client.create(spec("walker")).await.unwrap();
    let curriculum = client.curriculum("walker");
    play(&curriculum, 70).await;

    let mut numbers = Vec::new();
    let mut pages = curriculum.fits_after(1);
    while let Some(page) = pages.next().await.unwrap() {
        for fit in &page {
            let chosen = fit.chosen().unwrap();
            let tried = fit.candidates.iter().filter_map(|candidate| candidate.criterion);
            assert!(tried.into_iter().all(|criterion| chosen.criterion.unwrap() <= criterion));
            let Some(distribution) = &fit.distribution else { panic!("{fit:?}") };
            let Shape::Mixture { components, .. } = &distribution.shape else { panic!("{fit:?}") };
            assert_eq!(components.len(), chosen.components as usize);
            assert_eq!(*distribution, curriculum.distribution_of_fit(fit.number).await.unwrap());
        }
        numbers.extend(page.iter().map(|fit| (fit.number, fit.due_episode)));
    }
    assert_eq!(numbers, [(2, 40), (3, 60)]);
    let missing = curriculum.distribution_of_fit(9).await.unwrap_err();
    assert_eq!(missing.reason(), Some(&Reason::FitNotFound));

    let first = curriculum.explain(1).await.unwrap();
    assert_eq!(first.origin, Origin::Exploration { reason: ExplorationReason::Bootstrap });
    assert_eq!((first.state, first.component, first.nearest), (TaskState::Completed, None, None));
    let mut drawn = None;
    for task in 21..=70 {
        let explanation = curriculum.explain(task).await.unwrap();
        let episode = explanation.episode.clone().unwrap();
        assert_eq!((episode.number, episode.length), (Some(task), Some(9)));
        assert!(explanation.nearest.is_some() && explanation.nearest_distance.is_some());
        drawn = drawn.or(explanation.component.is_some().then_some(explanation));
    }
    let drawn = drawn.expect("most tasks are drawn from the mixture");
    let Origin::Component { fit, component } = drawn.origin else { panic!("{drawn:?}") };
    let Shape::Mixture { components, .. } = curriculum.distribution_of_fit(fit).await.unwrap().shape else {
        panic!("no mixture")
    };
    assert_eq!(drawn.component.as_ref(), Some(&components[component as usize]));
    assert_eq!(drawn.component.unwrap().standard_deviations.len(), 4);
    assert_eq!(curriculum.explain(71).await.unwrap_err().reason(), Some(&Reason::TaskNotFound));
}

/// A server over a folder, at an address that a later one can take again.
async fn serve(folder: &tempfile::TempDir, listen: Option<std::net::SocketAddr>) -> Server {
    let mut settings = ServerSettings::local(folder.path());
    settings.listen = listen.unwrap_or(settings.listen);
    Server::start(settings).await.unwrap()
}

#[tokio::test]
async fn a_watch_tells_each_fit_once_across_a_restart_and_ends_with_the_curriculum() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(&folder, None).await;
    let address = server.address();
    let client = Client::connect(format!("http://{address}")).await.unwrap();
    client.create(spec("walker")).await.unwrap();
    let curriculum = client.curriculum("walker");
    let mut watch = curriculum.watch();
    let first = watch.next().await.unwrap();
    assert_eq!((first.fit, first.distribution.shape), (None, Shape::Uniform));
    play(&curriculum, 21).await;
    assert_eq!(watch.next().await.unwrap().fit.unwrap().number, 1);

    server.stop().await.unwrap();
    let server = serve(&folder, Some(address)).await;
    // Two fits while nobody watches: both are told, and the first is not told again.
    play(&curriculum, 40).await;
    for expected in [2, 3] {
        let change = watch.next().await.unwrap();
        assert_eq!(change.fit.as_ref().map(|fit| fit.number), Some(expected));
        assert!(matches!(change.distribution.shape, Shape::Mixture { fit, .. } if fit == expected));
    }
    client.delete("walker").await.unwrap();
    assert_eq!(watch.next().await.unwrap_err().reason(), Some(&Reason::CurriculumNotFound));
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_failed_export_leaves_no_file() {
    let server = TestServer::start().await;
    let client = client(&server).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("walker.magister");
    let missing = client.curriculum("walker").export_to_file(&path).await.unwrap_err();
    assert!(matches!(missing, Error::Refused { .. }), "{missing}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);

    std::fs::write(&path, "precious").unwrap();
    let there = client.curriculum("walker").export_to_file(&path).await.unwrap_err();
    assert!(matches!(there, Error::File { .. }), "{there}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
    let unreadable = client.import_from_file("walker", &folder.path().join("nothing")).await.unwrap_err();
    assert!(unreadable.to_string().contains("nothing"), "{unreadable}");
}
