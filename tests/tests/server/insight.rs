//! What the server tells of a curriculum's past: points, progress, densities and what stands in the way.

#![allow(clippy::float_cmp, reason = "tests")]

use super::NAME;
use magister_proto::v1;
use magister_tests::{Client, Refusal, StillClock, TestServer, alp_gmm_request, completed, continuous};
use std::time::Duration;
use tonic::Code;
use v1::diagnosis::{Kind, Severity};
use v1::episode_outcome::{Abandoned, Infeasible, Outcome};

const FIT_RATE: u32 = 20;

/// A curriculum over dimensions of all kinds: five axes, of which the third is an integer's and the fifth a
/// logarithm's.
fn request() -> v1::CreateCurriculumRequest {
    let kind = |kind| v1::Dimension { kind: Some(kind), ..Default::default() };
    let steps = v1::dimension::Kind::Integer(v1::dimension::Integer { low: 0, high: 4 });
    let speed = v1::dimension::Kind::LogScaled(v1::dimension::LogScaled { low: 0.1, high: 10.0 });
    let dimensions = vec![
        v1::Dimension { size: Some(2), ..continuous("shape", -1.0, 3.0) },
        v1::Dimension { name: "steps".to_owned(), size: Some(2), ..kind(steps) },
        v1::Dimension { name: "speed".to_owned(), ..kind(speed) },
    ];
    let mut request = alp_gmm_request("walker", dimensions, FIT_RATE);
    let curriculum = request.curriculum.as_mut().unwrap();
    curriculum.mastery_threshold = Some(10.0);
    curriculum.return_range = Some(v1::curriculum::ReturnRange { low: 0.0, high: 20.0 });
    request
}

async fn ask(client: &mut Client, count: u32, student: &str, worker: &str) -> Vec<v1::Task> {
    let request = v1::SampleTasksRequest {
        curriculum: NAME.into(),
        count,
        student: student.into(),
        worker: worker.into(),
        ..Default::default()
    };
    client.sample_tasks(request).await.unwrap().into_inner().tasks
}

async fn tell(client: &mut Client, outcomes: Vec<v1::EpisodeOutcome>) {
    let request = v1::ReportEpisodesRequest { curriculum: NAME.into(), outcomes, ..Default::default() };
    client.report_episodes(request).await.unwrap();
}

/// The outcome of task `number`: some are infeasible, some abandoned, some played with other parameters.
fn outcome(task: &v1::Task, number: u64) -> v1::EpisodeOutcome {
    let mut outcome = completed(task, (number * number % 23) as f64);
    match number % 10 {
        3 => outcome.outcome = Some(Outcome::Infeasible(Infeasible::default())),
        7 => outcome.outcome = Some(Outcome::Abandoned(Abandoned::default())),
        5 => {
            let mut parameters = task.parameters.clone().unwrap();
            let speed = v1::parameter_value::Value::Number(0.5);
            parameters.values.insert("speed".into(), v1::ParameterValue { value: Some(speed) });
            outcome.parameters = Some(parameters);
        }
        _ => {}
    }
    if let Some(Outcome::Completed(completed)) = &mut outcome.outcome {
        completed.student_step = number.is_multiple_of(4).then_some(number * 100);
    }
    outcome
}

/// Plays so many tasks, several at a time and reported in another order; every eleventh is one that was not handed out.
async fn play(client: &mut Client, tasks: u64) {
    let mut number = 0;
    while number < tasks {
        let batch =
            ask(client, 6, ["a", "b"][(number / 6 % 2) as usize], &format!("w{}", number / 12 % 3)).await;
        let mut outcomes: Vec<_> = batch
            .iter()
            .map(|task| {
                number += 1;
                let mut outcome = outcome(task, number);
                if number.is_multiple_of(11) {
                    outcome.parameters.clone_from(&task.parameters);
                    (outcome.task, outcome.student) = (String::new(), "logs".to_owned());
                }
                outcome
            })
            .collect();
        outcomes.reverse();
        tell(client, outcomes).await;
    }
}

async fn episodes(client: &mut Client) -> Vec<v1::Episode> {
    let request =
        v1::ListEpisodesRequest { curriculum: NAME.into(), page_size: 10_000, ..Default::default() };
    client.list_episodes(request).await.unwrap().into_inner().episodes
}

/// The numbers of parameters, in the order of the axes of [`request`].
fn axes(parameters: &v1::Parameters) -> Vec<f64> {
    use v1::parameter_value::Value;
    ["shape", "steps", "speed"]
        .iter()
        .flat_map(|name| match parameters.values[*name].value.clone().unwrap() {
            Value::Number(number) => vec![number],
            Value::Numbers(numbers) => numbers.values,
            Value::Integers(integers) => integers.values.iter().map(|&integer| integer as f64).collect(),
            other => panic!("{name} is {other:?}"),
        })
        .collect()
}

async fn points(
    client: &mut Client,
    from: Option<u64>,
    before: Option<u64>,
    max_points: u32,
) -> v1::ListEpisodePointsResponse {
    let request = v1::ListEpisodePointsRequest {
        curriculum: NAME.into(),
        from_episode: from,
        before_episode: before,
        max_points,
    };
    client.list_episode_points(request).await.unwrap().into_inner()
}

#[tokio::test]
async fn points_are_the_episodes_as_played() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    client.create_curriculum(request()).await.unwrap();
    assert_eq!(
        points(&mut client, None, None, 0).await,
        v1::ListEpisodePointsResponse { points: vec![], every: 1 }
    );
    play(&mut client, 120).await;
    let expected: Vec<v1::EpisodePoint> = episodes(&mut client)
        .await
        .into_iter()
        .map(|episode| v1::EpisodePoint {
            episode: episode.number.unwrap(),
            task: episode.task.rsplit('/').next().unwrap().parse().unwrap(),
            values: axes(&episode.parameters.unwrap()),
            episode_return: episode.episode_return,
            alp: episode.alp,
            origin: episode.origin,
        })
        .collect();
    let last = expected.len() as u64;
    for (from, before, max_points, every) in [
        (None, None, 0, 1),
        (None, None, 10, last.div_ceil(11).max(1)),
        (Some(17), None, 0, 1),
        (None, Some(17), 5, 3),
        (Some(50), Some(61), 2, 6),
        (Some(9), Some(5), 2, 1),
        (Some(last + 1), None, 1, 1),
        (Some(u64::MAX), Some(u64::MAX), 1, 1),
    ] {
        let answer = points(&mut client, from, before, max_points).await;
        let (least, beyond) = (from.unwrap_or(1), before.unwrap_or(u64::MAX));
        let wanted: Vec<_> = expected
            .iter()
            .filter(|point| (least..beyond).contains(&point.episode) && point.episode % answer.every == 0)
            .cloned()
            .collect();
        assert_eq!((answer.every, answer.points), (every, wanted), "{from:?}..{before:?}, {max_points}");
    }
}

async fn progress(client: &mut Client, max_buckets: u32) -> v1::Progress {
    let request = v1::GetProgressRequest { curriculum: NAME.into(), max_buckets };
    client.get_progress(request).await.unwrap().into_inner()
}

/// What a bucket must be, from the list of episodes and fits.
fn bucket(all: &[v1::Episode], fits: &[v1::Fit], first: u64, last: u64) -> v1::progress::Bucket {
    use v1::origin::Source;
    let within = |episode: &&v1::Episode| (first..=last).contains(&episode.number.unwrap());
    let episodes: Vec<&v1::Episode> = all.iter().filter(within).collect();
    let returns: Vec<f64> = episodes.iter().filter_map(|episode| episode.episode_return).collect();
    let alps: Vec<f64> = episodes.iter().filter_map(|episode| episode.alp).collect();
    let mean =
        |numbers: &[f64]| (!numbers.is_empty()).then(|| numbers.iter().sum::<f64>() / numbers.len() as f64);
    let share = |is: &dyn Fn(f64) -> bool| {
        let part: Vec<f64> = returns.iter().map(|&number| f64::from(u8::from(is(number)))).collect();
        mean(&part)
    };
    let draws: Vec<f64> = episodes
        .iter()
        .filter_map(|episode| match episode.origin.as_ref().unwrap().source.as_ref().unwrap() {
            Source::Exploration(_) => Some(1.0),
            Source::Unsolicited(_) => None,
            _ => Some(0.0),
        })
        .collect();
    let steps = all.iter().filter(|episode| episode.number.unwrap() <= last);
    v1::progress::Bucket {
        first_episode: first,
        last_episode: last,
        completed: returns.len() as u64,
        infeasible: (episodes.len() - returns.len()) as u64,
        mean_return: mean(&returns),
        lowest_return: returns.iter().copied().reduce(f64::min),
        highest_return: returns.iter().copied().reduce(f64::max),
        mean_alp: mean(&alps),
        exploration_share: mean(&draws),
        mastered_share: share(&|number| number > 10.0),
        outside_range_share: share(&|number| number > 20.0),
        student_step: steps.filter_map(|episode| episode.student_step).max(),
        components: fits.iter().rfind(|fit| fit.effect_episode <= last).map(|fit| {
            match fit.distribution.as_ref().and_then(|distribution| distribution.distribution.as_ref()) {
                Some(v1::task_distribution::Distribution::Mixture(mixture)) => {
                    mixture.components.len() as u32
                }
                _ => 0,
            }
        }),
        end_time: episodes.last().unwrap().accept_time,
    }
}

fn assert_alike(found: &v1::progress::Bucket, wanted: &v1::progress::Bucket) {
    for (one, two) in [(found.mean_return, wanted.mean_return), (found.mean_alp, wanted.mean_alp)] {
        assert!(
            one.is_some() == two.is_some() && one.zip(two).is_none_or(|(one, two)| (one - two).abs() < 1e-12)
        );
    }
    let exact = v1::progress::Bucket { mean_return: wanted.mean_return, mean_alp: wanted.mean_alp, ..*found };
    assert_eq!(&exact, wanted);
}

/// Waits until every fit that was due has been written.
async fn fits(client: &mut Client) -> Vec<v1::Fit> {
    let last = episodes(client).await.len() as u64;
    loop {
        let request = v1::ListFitsRequest { curriculum: NAME.into(), ..Default::default() };
        let fits = client.list_fits(request).await.unwrap().into_inner().fits;
        if fits.len() as u64 == last / u64::from(FIT_RATE) {
            return fits;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn progress_covers_every_episode_however_it_came_to_be_known() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    client.create_curriculum(request()).await.unwrap();
    let empty = progress(&mut client, 0).await;
    assert_eq!((empty.episodes, empty.buckets.len(), empty.recent), (0, 0, None));
    // Looked at on the way, and only at the end by a server that starts again.
    for _ in 0..7 {
        play(&mut client, 200).await;
        progress(&mut client, 10).await;
    }
    let fits = fits(&mut client).await;
    let all = episodes(&mut client).await;
    let last = all.len() as u64;
    let step_by_step = progress(&mut client, 0).await;
    let server = server.restart().await;
    let mut client = server.client().await;
    assert_eq!(progress(&mut client, 0).await.buckets, step_by_step.buckets);
    for max_buckets in [0, 1, 2, 7, 1000] {
        let answer = progress(&mut client, max_buckets).await;
        let most = if max_buckets == 0 { 200 } else { max_buckets as usize };
        assert_eq!(answer.episodes, last);
        assert!(answer.buckets.len() <= most && 2 * answer.buckets.len() > most);
        let width = answer.buckets[0].last_episode;
        for (index, found) in (0..).zip(&answer.buckets) {
            let (first, end) = (index * width + 1, ((index + 1) * width).min(last));
            assert_alike(found, &bucket(&all, &fits, first, end));
        }
        assert_eq!(answer.buckets.last().unwrap().last_episode, last);
        assert_alike(answer.recent.as_ref().unwrap(), &bucket(&all, &fits, last - 99, last));
        let students: Vec<_> =
            answer.students.iter().map(|student| (student.student.as_str(), student.workers)).collect();
        assert_eq!(students, [("a", 3), ("b", 3), ("logs", 1)]);
        assert_eq!(answer.students.iter().map(|student| student.episodes).sum::<u64>(), last);
    }
}

#[tokio::test]
async fn progress_follows_the_threshold_the_clock_and_the_curriculum() {
    let server = TestServer::start().await;
    let _clock = StillClock::start();
    let mut client = server.client().await;
    client.create_curriculum(request()).await.unwrap();
    let task = ask(&mut client, 1, "a", "w").await.remove(0);
    tell(&mut client, vec![completed(&task, 12.0)]).await;
    let first = progress(&mut client, 0).await;
    assert_eq!((first.buckets.len(), first.buckets[0].mastered_share), (1, Some(1.0)));
    assert_eq!(first.recent.as_ref(), first.buckets.first());
    assert_eq!((first.episodes_per_second, first.students.len()), (1.0 / 60.0, 1));

    let edit = v1::UpdateCurriculumRequest {
        name: NAME.into(),
        mastery_threshold: Some(13.0),
        ..Default::default()
    };
    client.update_curriculum(edit).await.unwrap();
    assert_eq!(progress(&mut client, 0).await.buckets[0].mastered_share, Some(0.0));
    tokio::time::advance(Duration::from_secs(61)).await;
    let later = progress(&mut client, 0).await;
    assert_eq!((later.episodes_per_second, later.students.len()), (0.0, 1));
    tokio::time::advance(Duration::from_secs(3600)).await;
    assert_eq!(progress(&mut client, 0).await.students, []);

    client.delete_curriculum(v1::DeleteCurriculumRequest { name: NAME.into() }).await.unwrap();
    let request_again = v1::GetProgressRequest { curriculum: NAME.into(), max_buckets: 0 };
    let gone = client.get_progress(request_again).await.unwrap_err();
    assert_eq!(
        (gone.code(), Refusal::of(&gone).reason),
        (Code::NotFound, v1::ErrorReason::CurriculumNotFound)
    );
    client.create_curriculum(request()).await.unwrap();
    assert_eq!(progress(&mut client, 0).await.episodes, 0);
}

async fn density(client: &mut Client, axes: &[u32], fit: u64, cells: u32) -> Result<v1::Density, Refusal> {
    let request = v1::GetDensityRequest { curriculum: NAME.into(), fit, axes: axes.to_vec(), cells };
    let answer = client.get_density(request).await;
    answer.map(tonic::Response::into_inner).map_err(|status| Refusal::of(&status))
}

#[tokio::test]
async fn densities_are_of_now_or_of_a_fit() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    client.create_curriculum(request()).await.unwrap();
    let uniform = density(&mut client, &[4, 2], 0, 10).await.unwrap();
    assert_eq!(uniform.probabilities.len(), 10 * 5);
    assert!(uniform.probabilities.iter().all(|probability| (probability - 0.02).abs() < 1e-15));
    let [speed, steps] = uniform.borders.as_slice() else { panic!("two axes") };
    assert_eq!((speed.axis, speed.values.len(), speed.values[0], speed.values[10]), (4, 11, 0.1, 10.0));
    assert_eq!((steps.axis, steps.values.as_slice()), (2, &[-0.5, 0.5, 1.5, 2.5, 3.5, 4.5][..]));

    play(&mut client, 150).await;
    let fits = fits(&mut client).await;
    for (fit, episodes) in [(0, self::episodes(&mut client).await.len() as u64), (2, fits[1].effect_episode)]
    {
        let fitted = density(&mut client, &[0, 1], fit, 0).await.unwrap();
        assert_eq!((fitted.episodes, fitted.probabilities.len()), (episodes, 2500));
        let sum: f64 = fitted.probabilities.iter().sum();
        assert!((sum - 1.0).abs() < 1e-9);
        assert!(fitted.probabilities.iter().any(|&probability| probability > 2.0 / 2500.0));
    }
    for (axes, fit, cells, reason, field) in [
        (&[][..], 0, 0, v1::ErrorReason::InvalidRequest, "axes"),
        (&[1, 1], 0, 0, v1::ErrorReason::InvalidRequest, "axes"),
        (&[1, 5], 0, 0, v1::ErrorReason::InvalidRequest, "axes[1]"),
        (&[1], 0, 201, v1::ErrorReason::InvalidRequest, "cells"),
        (&[1], 1000, 0, v1::ErrorReason::FitNotFound, ""),
        (&[1], u64::MAX, 0, v1::ErrorReason::FitNotFound, ""),
    ] {
        let refusal = density(&mut client, axes, fit, cells).await.unwrap_err();
        assert_eq!((refusal.reason, refusal.fields.join("")), (reason, field.to_owned()), "{axes:?} {fit}");
    }
}

async fn diagnose(client: &mut Client) -> Vec<(Kind, Severity)> {
    let request = v1::DiagnoseRequest { curriculum: NAME.into(), stopped_after: None };
    let diagnosis = client.diagnose(request).await.unwrap().into_inner();
    diagnosis.findings.iter().map(|finding| (finding.kind(), finding.severity())).collect()
}

#[tokio::test]
async fn a_diagnosis_follows_a_run_from_its_start_to_its_end() {
    let server = TestServer::start().await;
    let _clock = StillClock::start();
    let mut client = server.client().await;
    let mut request = request();
    request.curriculum.as_mut().unwrap().return_range = None;
    client.create_curriculum(request).await.unwrap();
    assert_eq!(diagnose(&mut client).await, [(Kind::NotStarted, Severity::Note)]);
    let first = ask(&mut client, 1, "a", "w").await;
    assert_eq!(diagnose(&mut client).await, [(Kind::Bootstrap, Severity::Note)]);
    tokio::time::advance(Duration::from_secs(31)).await;
    let kinds = [(Kind::NeverReported, Severity::Note), (Kind::Bootstrap, Severity::Note)];
    assert_eq!(diagnose(&mut client).await, kinds);
    tell(&mut client, vec![completed(&first[0], 1.0)]).await;
    assert_eq!(diagnose(&mut client).await, [(Kind::Bootstrap, Severity::Note)]);

    for number in 1..150_u64 {
        tokio::time::advance(Duration::from_secs(1)).await;
        let task = ask(&mut client, 1, "a", "w").await.remove(0);
        let mut outcome = completed(&task, (number * number % 23) as f64);
        if number % 20 == 7 {
            outcome.outcome = Some(Outcome::Infeasible(Infeasible::default()));
        }
        tell(&mut client, vec![outcome]).await;
    }
    fits(&mut client).await;
    assert_eq!(diagnose(&mut client).await, []);
    tokio::time::advance(Duration::from_secs(40)).await;
    assert_eq!(diagnose(&mut client).await, [(Kind::ReportsStopped, Severity::Note)]);
    ask(&mut client, 1, "a", "w").await;
    assert_eq!(diagnose(&mut client).await, [(Kind::ReportsStopped, Severity::Problem)]);
    let patient = v1::DiagnoseRequest {
        curriculum: NAME.into(),
        stopped_after: Some(prost_types::Duration { seconds: 60, nanos: 0 }),
    };
    assert_eq!(client.diagnose(patient).await.unwrap().into_inner().findings, []);
    let pause = v1::UpdateCurriculumRequest { name: NAME.into(), paused: Some(true), ..Default::default() };
    client.update_curriculum(pause).await.unwrap();
    assert_eq!(diagnose(&mut client).await, [(Kind::Paused, Severity::Warning)]);
}

#[tokio::test]
async fn wide_spaces_and_the_random_teacher_are_shown_too() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let hexagon = v1::Dimension { size: Some(12), ..continuous("shape", 0.0, 4.0) };
    let mut request = alp_gmm_request("walker", vec![hexagon], FIT_RATE);
    let random = v1::teacher_spec::Algorithm::Random(v1::RandomTeacher {});
    request.curriculum.as_mut().unwrap().teacher = Some(v1::TeacherSpec { algorithm: Some(random) });
    client.create_curriculum(request).await.unwrap();
    let task = ask(&mut client, 1, "a", "w").await.remove(0);
    tell(&mut client, vec![completed(&task, 1.0)]).await;
    assert_eq!(diagnose(&mut client).await, []);
    let point = points(&mut client, None, None, 1).await.points.remove(0);
    assert_eq!((point.episode, point.values.len(), point.alp), (1, 12, None));
    let bucket = progress(&mut client, 1).await.buckets.remove(0);
    assert_eq!((bucket.mean_return, bucket.mean_alp, bucket.exploration_share), (Some(1.0), None, Some(1.0)));
    assert_eq!((bucket.components, bucket.mastered_share, bucket.outside_range_share), (None, None, None));
    let flat = density(&mut client, &[11, 0], 0, 4).await.unwrap();
    assert!(flat.probabilities.iter().all(|&probability| probability == 1.0 / 16.0));
}
