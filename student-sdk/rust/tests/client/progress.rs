//! Looking at what the teacher learned, against a real server.

use std::time::Duration;

use magister_student::{
    AlpGmm, Client, Curriculum, CurriculumSpec, DensityOptions, Dimension, Error, FindingKind, Outcome,
    PointFilter, Reason, Severity, Teacher,
};
use magister_tests::TestServer;

async fn curriculum(server: &TestServer) -> Curriculum {
    let teacher = AlpGmm { fit_rate: Some(20), fit_lag_episodes: Some(0), ..Default::default() };
    let spec = CurriculumSpec::new("walker", Teacher::AlpGmm(teacher))
        .dimension(Dimension::continuous("height", 0.0, 3.0))
        .dimension(Dimension::integer("sizes", 1, 5).vector(2))
        .mastery_threshold(9.5)
        .seed(7);
    let client = Client::connect(server.uri()).await.unwrap();
    client.create_or_open(spec).await.unwrap().on_behalf_of("ppo", "w-1")
}

/// Plays episodes whose returns are 0, 1, 2 and so on; every tenth cannot be built.
async fn play(curriculum: &Curriculum, episodes: u32) {
    for episode in 0..episodes {
        let task = curriculum.ask().await.unwrap();
        let outcome = match episode % 10 {
            9 => Outcome::infeasible("too steep"),
            _ => Outcome::completed(f64::from(episode)).student_step(u64::from(episode) * 100),
        };
        curriculum.tell(&task, outcome).await.unwrap();
    }
}

#[tokio::test]
async fn progress_sums_up_every_episode() {
    let server = TestServer::start().await;
    let curriculum = curriculum(&server).await;
    let nothing = curriculum.progress(0).await.unwrap();
    assert_eq!((nothing.episodes, nothing.buckets, nothing.recent), (0, vec![], None));

    play(&curriculum, 70).await;
    let progress = curriculum.progress(10).await.unwrap();
    assert_eq!(progress.episodes, 70);
    assert!((6..=10).contains(&progress.buckets.len()), "{progress:?}");
    let length = progress.buckets[0].last_episode;
    let mut next = 1;
    for bucket in &progress.buckets {
        assert_eq!((bucket.first_episode, bucket.last_episode), (next, (next + length - 1).min(70)));
        let numbers = bucket.first_episode..=bucket.last_episode;
        let returns: Vec<f64> =
            numbers.clone().filter(|number| number % 10 != 0).map(|number| number as f64 - 1.0).collect();
        assert_eq!(bucket.completed, returns.len() as u64);
        assert_eq!(bucket.completed + bucket.infeasible, numbers.clone().count() as u64);
        assert_eq!(bucket.lowest_return, returns.first().copied());
        assert_eq!(bucket.highest_return, returns.last().copied());
        let mean = returns.iter().sum::<f64>() / returns.len() as f64;
        assert!((bucket.mean_return.unwrap() - mean).abs() < 1e-9, "{bucket:?}");
        let mastered = returns.iter().filter(|&&return_| return_ > 9.5).count() as f64 / returns.len() as f64;
        assert!((bucket.mastered_share.unwrap() - mastered).abs() < 1e-9, "{bucket:?}");
        assert_eq!(bucket.outside_range_share, None);
        assert!(bucket.mean_alp.is_some() && bucket.exploration_share.is_some() && bucket.end_time.is_some());
        next = bucket.last_episode + 1;
    }
    // The first fit falls due with episode 20.
    assert_eq!(progress.buckets[0].components, None);
    assert!(progress.buckets.last().unwrap().components.is_some_and(|components| components >= 2));
    let recent = progress.recent.unwrap();
    assert_eq!((recent.first_episode, recent.last_episode, recent.infeasible), (1, 70, 7));
    assert_eq!(recent.student_step, Some(6800));
    let [student] = &progress.students[..] else { panic!("{:?}", progress.students) };
    assert_eq!((student.student.as_str(), student.workers, student.episodes), ("ppo", 1, 70));
    assert!(student.last_report_time.is_some());
}

#[tokio::test]
async fn points_are_episodes_thinned_evenly() {
    let server = TestServer::start().await;
    let curriculum = curriculum(&server).await;
    play(&curriculum, 70).await;
    let episodes = curriculum.episodes(Default::default()).next().await.unwrap().unwrap();
    for (filter, every, expected) in [
        (PointFilter::default(), 1, (1..=70).collect::<Vec<u64>>()),
        (PointFilter { max_points: 20, ..Default::default() }, 4, (4..=68).step_by(4).collect()),
        (
            PointFilter { from_episode: Some(11), before_episode: Some(15), ..Default::default() },
            1,
            vec![11, 12, 13, 14],
        ),
    ] {
        let found = curriculum.points(filter).await.unwrap();
        assert_eq!(found.every, every);
        assert_eq!(found.points.iter().map(|point| point.episode).collect::<Vec<_>>(), expected);
        for point in &found.points {
            let episode = &episodes[point.episode as usize - 1];
            let values: Vec<f64> =
                found.axes.iter().map(|axis| axis.value_in(&episode.parameters).unwrap()).collect();
            assert_eq!(point.values, values);
            assert_eq!(format!("curricula/walker/tasks/{}", point.task), episode.task);
            assert_eq!((point.return_, point.origin), (episode.return_, episode.origin));
            assert_eq!(point.alp, episode.alp);
        }
    }
}

#[tokio::test]
async fn a_density_is_over_named_axes_now_and_as_of_a_fit() {
    let server = TestServer::start().await;
    let curriculum = curriculum(&server).await;
    play(&curriculum, 70).await;
    let options = DensityOptions { cells: 12, ..Default::default() };
    let now = curriculum.density(&["sizes[1]", "height"], options).await.unwrap();
    assert_eq!(now.episodes, 70);
    let [sizes, height] = &now.axes[..] else { panic!("{now:?}") };
    assert_eq!((sizes.axis.name().as_str(), height.axis.name().as_str()), ("sizes[1]", "height"));
    assert_eq!(sizes.borders, [0.5, 1.5, 2.5, 3.5, 4.5, 5.5]);
    assert_eq!((height.cells(), height.borders[0], height.borders[12]), (12, 0.0, 3.0));
    assert_eq!(now.probabilities.len(), 5 * 12);
    assert!((now.probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-9);

    let of_fit = |fit| DensityOptions { fit: Some(fit), cells: 12 };
    let first = curriculum.density(&["height"], of_fit(1)).await.unwrap();
    let latest = curriculum.density(&["height"], of_fit(3)).await.unwrap();
    assert_ne!(first.probabilities, latest.probabilities);
    let missing = curriculum.density(&["height"], of_fit(9)).await.unwrap_err();
    assert_eq!(missing.reason(), Some(&Reason::FitNotFound));
    for axes in [&[][..], &["height", "height"], &["height", "sizes[0]", "sizes[1]"]] {
        let refused = curriculum.density(axes, options).await.unwrap_err();
        assert_eq!(refused.reason(), Some(&Reason::InvalidRequest), "{axes:?}");
    }

    let unknown = curriculum.density(&["height", "sizes"], options).await.unwrap_err();
    let Error::UnknownAxis { name, has } = unknown else { panic!("{unknown:?}") };
    assert_eq!((name.as_str(), has.join(" ").as_str()), ("sizes", "height sizes[0] sizes[1]"));
}

#[tokio::test]
async fn a_diagnosis_names_what_stands_in_the_way() {
    let server = TestServer::start().await;
    let curriculum = curriculum(&server).await;
    let before = curriculum.diagnose(None).await.unwrap();
    assert_eq!(before.episodes, 0);
    assert!(before.findings.iter().any(|finding| finding.kind == FindingKind::NotStarted), "{before:?}");

    play(&curriculum, 70).await;
    curriculum.pause().await.unwrap();
    let paused = curriculum.diagnose(Some(Duration::from_secs(60))).await.unwrap();
    assert_eq!(paused.episodes, 70);
    let finding = paused.findings.iter().find(|finding| finding.kind == FindingKind::Paused);
    let finding = finding.unwrap_or_else(|| panic!("{paused:?}"));
    assert_ne!(finding.severity, Severity::Other);
    assert!(!finding.statement.is_empty() && !finding.advice.is_empty());
    let refused = curriculum.diagnose(Some(Duration::from_millis(1))).await.unwrap_err();
    assert_eq!(refused.reason(), Some(&Reason::InvalidRequest));
}
