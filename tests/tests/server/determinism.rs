//! One seed and one order of calls give one curriculum, bit for bit, whatever happens around them.

use std::{collections::VecDeque, sync::Arc};

use magister_core::{
    curriculum::{Curriculum, CurriculumSettings},
    space::{Dimension, TaskSpace},
    teacher::{EpisodeResult, TeacherParams, alp_gmm::AlpGmmParams},
};
use magister_proto::v1;
use magister_tests::{Client, TestServer, alp_gmm_request, completed, continuous, number};
use tonic::Request;
use v1::episode_outcome::{Abandoned, Infeasible, Outcome};

const ID: &str = "measured";
const NAME: &str = "curricula/measured";
const FIT_RATE: u32 = 30;
const FIT_LAG: u32 = 7;
const SEED: u64 = 0xfeed_0123_4567_89ab;

/// One call of a student. Tasks go by their place in the order of sampling, from 0.
#[derive(Clone, Debug)]
enum Step {
    Sample(u32),
    Report(Vec<usize>),
}

/// Calls with batches of changing size, several tasks open at a time, and reports out of order. Batches run
/// across the ends of windows.
fn script(episodes: usize) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut open = VecDeque::new();
    let (mut sampled, mut reported) = (0, 0);
    for round in 0.. {
        let wanted = [1, 5, 2, 11, 1, 3, 8][round % 7];
        steps.push(Step::Sample(wanted));
        open.extend(sampled..sampled + wanted as usize);
        sampled += wanted as usize;
        let mut batch = Vec::new();
        while open.len() > [0, 3, 9, 1][round % 4] && reported < episodes {
            batch.push(if round % 3 == 0 { open.pop_back() } else { open.pop_front() }.unwrap());
            reported += 1;
        }
        if !batch.is_empty() {
            steps.push(Step::Report(batch));
        }
        if reported == episodes {
            return steps;
        }
    }
    unreachable!("the rounds go on until all is reported")
}

/// The same tasks asked for and reported in the same order, one at a time.
fn one_at_a_time(steps: &[Step]) -> Vec<Step> {
    steps
        .iter()
        .flat_map(|step| match step {
            Step::Sample(count) => (0..*count).map(|_| Step::Sample(1)).collect::<Vec<_>>(),
            Step::Report(batch) => batch.iter().map(|&task| Step::Report(vec![task])).collect(),
        })
        .collect()
}

/// What a student sees; floating-point numbers by their bits.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    tasks: Vec<(String, [u64; 2], Option<v1::Origin>, u64)>,
    receipts: Vec<(String, i32, Option<u64>, Option<u64>)>,
}

/// A student that follows a script, call by call.
#[derive(Default)]
struct Student {
    open: Vec<v1::Task>,
    seen: Seen,
}

impl Student {
    async fn take(&mut self, client: &mut Client, step: &Step) {
        match step {
            Step::Sample(count) => {
                let request =
                    v1::SampleTasksRequest { curriculum: NAME.into(), count: *count, ..Default::default() };
                let tasks = client.sample_tasks(request).await.unwrap().into_inner().tasks;
                self.seen.tasks.extend(tasks.iter().map(|task| {
                    let bits = ["x", "y"].map(|dimension| number(task, dimension).to_bits());
                    (task.name.clone(), bits, task.origin, task.sampled_at_episode)
                }));
                self.open.extend(tasks);
            }
            Step::Report(batch) => {
                let outcomes = batch.iter().map(|&task| outcome(&self.open[task], task)).collect();
                let request =
                    v1::ReportEpisodesRequest { curriculum: NAME.into(), outcomes, ..Default::default() };
                let receipts = client.report_episodes(request).await.unwrap().into_inner().receipts;
                self.seen.receipts.extend(receipts.into_iter().map(|receipt| {
                    (receipt.task, receipt.state, receipt.episode, receipt.alp.map(f64::to_bits))
                }));
            }
        }
    }
}

/// Competence that grows where learning pays, with a rare task that cannot be built or was not finished.
fn outcome(task: &v1::Task, index: usize) -> v1::EpisodeOutcome {
    let unplayed = |outcome| v1::EpisodeOutcome {
        task: task.name.clone(),
        outcome: Some(outcome),
        ..Default::default()
    };
    match index % 40 {
        13 => unplayed(Outcome::Infeasible(Infeasible::default())),
        29 => unplayed(Outcome::Abandoned(Abandoned::default())),
        _ => completed(task, episode_return(number(task, "x"), number(task, "y"), index)),
    }
}

fn episode_return(x: f64, y: f64, index: usize) -> f64 {
    let learned = index as f64 / 20.0;
    if x < 0.2 * learned { 100.0 - y } else { 10.0 * (7.0 * x * y).sin() }
}

fn request(id: &str) -> v1::CreateCurriculumRequest {
    let dimensions = vec![continuous("x", -1.0, 3.0), continuous("y", 0.0, 10.0)];
    let mut request = alp_gmm_request(id, dimensions, FIT_RATE);
    let curriculum = request.curriculum.as_mut().unwrap();
    curriculum.seed = SEED;
    alp_gmm(&mut request).fit_lag_episodes = Some(FIT_LAG);
    request
}

fn alp_gmm(request: &mut v1::CreateCurriculumRequest) -> &mut v1::AlpGmm {
    match request.curriculum.as_mut().unwrap().teacher.as_mut().unwrap().algorithm.as_mut().unwrap() {
        v1::teacher_spec::Algorithm::AlpGmm(alp_gmm) => alp_gmm,
        other => unreachable!("ALP-GMM was asked for, not {other:?}"),
    }
}

async fn distribution(client: &mut Client) -> v1::TaskDistribution {
    let request = v1::GetDistributionRequest { curriculum: NAME.into(), fit: 0 };
    client.get_distribution(request).await.unwrap().into_inner()
}

/// What the script gives on a server of its own, undisturbed.
async fn undisturbed(steps: &[Step]) -> (Seen, v1::TaskDistribution) {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    client.create_curriculum(request(ID)).await.unwrap();
    let mut student = Student::default();
    for step in steps {
        student.take(&mut client, step).await;
    }
    (student.seen, distribution(&mut client).await)
}

#[tokio::test]
async fn two_runs_are_equal_and_another_seed_is_not() {
    let steps = script(160);
    let first = undisturbed(&steps).await;
    assert!(
        first.0.tasks.iter().any(|(_, _, origin, _)| matches!(
            origin,
            Some(v1::Origin { source: Some(v1::origin::Source::Component(draw)) }) if draw.fit >= 3
        )),
        "the run is long enough for later fits to be sampled from"
    );
    assert_eq!(undisturbed(&steps).await, first);

    let server = TestServer::start().await;
    let mut client = server.client().await;
    let mut other = request(ID);
    other.curriculum.as_mut().unwrap().seed += 1;
    client.create_curriculum(other).await.unwrap();
    let mut student = Student::default();
    student.take(&mut client, &steps[0]).await;
    assert_ne!(student.seen.tasks[0].1, first.0.tasks[0].1);
}

/// Batches are a matter of transport: what counts is the order in which tasks are given and outcomes
/// accepted.
/// Asking for five tasks at once and asking after each report are two different orders, so nothing is
/// promised
/// about those.
#[tokio::test]
async fn batches_are_the_same_as_single_calls_in_their_order() {
    let steps = script(160);
    assert_eq!(undisturbed(&steps).await, undisturbed(&one_at_a_time(&steps)).await);
}

#[tokio::test]
async fn eight_connections_taking_turns_are_the_same_as_one() {
    let steps = script(160);
    let server = TestServer::start().await;
    let mut clients = Vec::new();
    for _ in 0..8 {
        clients.push(server.client().await);
    }
    clients[0].create_curriculum(request(ID)).await.unwrap();
    let mut student = Student::default();
    for (turn, step) in steps.iter().enumerate() {
        student.take(&mut clients[turn * 5 % 8], step).await;
    }
    let seen = (student.seen, distribution(&mut clients[3]).await);
    assert_eq!(seen, undisturbed(&steps).await);
}

/// Keeps a curriculum fitting, with several calls under way at once, until it is aborted.
async fn keep_busy(mut client: Client, id: String) {
    let mut create = request(&id);
    let params = alp_gmm(&mut create);
    (params.fit_rate, params.em_initialisations) = (Some(100), Some(5));
    client.create_curriculum(create).await.unwrap();
    let curriculum = format!("curricula/{id}");
    for index in 0.. {
        let ask = v1::SampleTasksRequest { curriculum: curriculum.clone(), count: 20, ..Default::default() };
        let tasks = client.sample_tasks(ask).await.unwrap().into_inner().tasks;
        let outcomes = tasks.iter().map(|task| outcome(task, index)).collect();
        let tell =
            v1::ReportEpisodesRequest { curriculum: curriculum.clone(), outcomes, ..Default::default() };
        client.report_episodes(tell).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn busy_neighbours_change_nothing() {
    let steps = script(160);
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let mut neighbours = Vec::new();
    for neighbour in 0..4 {
        neighbours.push(tokio::spawn(keep_busy(server.client().await, format!("busy-{neighbour}"))));
    }
    // Two readers of the measured curriculum as well: looking must not change it.
    client.create_curriculum(request(ID)).await.unwrap();
    for _ in 0..2 {
        let mut reader = server.client().await;
        neighbours.push(tokio::spawn(async move {
            loop {
                distribution(&mut reader).await;
                let get = v1::GetCurriculumRequest { name: NAME.into() };
                reader.get_curriculum(get).await.unwrap();
            }
        }));
    }
    let mut student = Student::default();
    for step in &steps {
        student.take(&mut client, step).await;
    }
    let seen = (student.seen, distribution(&mut client).await);
    for neighbour in &neighbours {
        assert!(!neighbour.is_finished(), "the neighbours were busy all the time");
        neighbour.abort();
    }
    assert_eq!(seen, undisturbed(&steps).await);
}

#[tokio::test]
async fn restarts_between_calls_change_nothing() {
    let steps = script(160);
    let expected = undisturbed(&steps).await;
    let mut server = TestServer::start().await;
    server.client().await.create_curriculum(request(ID)).await.unwrap();
    let mut student = Student::default();
    for (index, step) in steps.iter().enumerate() {
        student.take(&mut server.client().await, step).await;
        if index % 3 == 1 {
            server = server.restart().await;
        }
    }
    assert_eq!((student.seen, distribution(&mut server.client().await).await), expected);
}

/// Restarts with a fit under way, with one finished but not in effect, and just before and after it takes
/// effect.
#[tokio::test]
async fn restarts_around_a_fit_change_nothing() {
    let steps: Vec<Step> =
        (0..130).flat_map(|episode| [Step::Sample(1), Step::Report(vec![episode])]).collect();
    let expected = undisturbed(&steps).await;
    let mut server = TestServer::start().await;
    server.client().await.create_curriculum(request(ID)).await.unwrap();
    let mut student = Student::default();
    let mut restarts = 0;
    let mut client = server.client().await;
    for step in &steps {
        student.take(&mut client, step).await;
        let episodes = student.seen.receipts.iter().filter_map(|(_, _, episode, _)| *episode).max();
        let since_due = episodes.unwrap_or(0) % u64::from(FIT_RATE);
        let reported = matches!(step, Step::Report(_));
        let lag = u64::from(FIT_LAG);
        if reported && [0, 1, lag - 1, lag, lag + 1].contains(&since_due) {
            server = server.restart().await;
            client = server.client().await;
            restarts += 1;
        }
    }
    assert!(restarts > 15, "{restarts}");
    assert_eq!((student.seen, distribution(&mut client).await), expected);
}

/// A second restart finds the fit that the first one had to run again.
#[tokio::test]
async fn two_restarts_in_a_row_with_a_fit_in_flight_change_nothing() {
    let steps: Vec<Step> =
        (0..80).flat_map(|episode| [Step::Sample(1), Step::Report(vec![episode])]).collect();
    let expected = undisturbed(&steps).await;
    let mut server = TestServer::start().await;
    server.client().await.create_curriculum(request(ID)).await.unwrap();
    let mut student = Student::default();
    for (index, step) in steps.iter().enumerate() {
        student.take(&mut server.client().await, step).await;
        let due = student.seen.receipts.iter().filter_map(|(_, _, episode, _)| *episode).max() == Some(30);
        if due && index % 2 == 1 {
            server = server.restart().await;
            server = server.restart().await;
        }
    }
    assert_eq!((student.seen, distribution(&mut server.client().await).await), expected);
}

/// With no lag, the distribution of a fit is there as soon as the report that made it fall due is answered.
#[tokio::test]
async fn what_is_shown_is_what_the_next_task_is_drawn_from() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let mut create = request(ID);
    alp_gmm(&mut create).fit_lag_episodes = Some(0);
    client.create_curriculum(create).await.unwrap();
    let mut student = Student::default();
    for fit in 1..=4_u64 {
        student.take(&mut client, &Step::Sample(FIT_RATE)).await;
        let first = (fit as usize - 1) * FIT_RATE as usize;
        student.take(&mut client, &Step::Report((first..first + FIT_RATE as usize).collect())).await;
        let shown = distribution(&mut client).await;
        let due = shown.episodes / u64::from(FIT_RATE);
        match shown.distribution {
            Some(v1::task_distribution::Distribution::Mixture(mixture)) => assert_eq!(mixture.fit, due),
            other => assert!(due == 0, "{other:?} after {} episodes", shown.episodes),
        }
    }
}

#[tokio::test]
async fn a_repeated_request_consumes_no_randomness() {
    let steps = script(100);
    let expected = undisturbed(&steps).await;
    let server = TestServer::start().await;
    let mut client = server.client().await;
    client.create_curriculum(request(ID)).await.unwrap();
    let mut student = Student::default();
    for (index, step) in steps.iter().enumerate() {
        if let Step::Sample(count) = step {
            let ask = v1::SampleTasksRequest {
                curriculum: NAME.into(),
                count: *count,
                request_id: format!("ask {index}"),
                ..Default::default()
            };
            let first = client.sample_tasks(Request::new(ask.clone())).await.unwrap().into_inner().tasks;
            let again = client.sample_tasks(Request::new(ask)).await.unwrap().into_inner().tasks;
            assert_eq!(first, again);
            student.seen.tasks.extend(first.iter().map(|task| {
                let bits = ["x", "y"].map(|dimension| number(task, dimension).to_bits());
                (task.name.clone(), bits, task.origin, task.sampled_at_episode)
            }));
            student.open.extend(first);
        } else {
            student.take(&mut client, step).await;
        }
    }
    assert_eq!((student.seen, distribution(&mut client).await), expected);
}

#[tokio::test]
async fn the_service_gives_the_tasks_of_the_core_in_one_process() {
    let steps = script(160);
    let (seen, _) = undisturbed(&steps).await;

    let dimensions = vec![Dimension::continuous("x", -1.0, 3.0), Dimension::continuous("y", 0.0, 10.0)];
    let mut curriculum = Curriculum::new(CurriculumSettings {
        space: Arc::new(TaskSpace::new(dimensions).unwrap()),
        teacher: TeacherParams::AlpGmm(AlpGmmParams {
            fit_rate: FIT_RATE,
            fit_lag_episodes: Some(FIT_LAG),
            ..Default::default()
        }),
        seed: SEED,
        return_range: None,
    })
    .unwrap();
    let (mut tasks, mut alps) = (Vec::new(), Vec::new());
    for step in &steps {
        match step {
            Step::Sample(count) => {
                tasks.extend((0..*count).map(|_| curriculum.sample().unwrap().task));
            }
            Step::Report(batch) => {
                for &index in batch {
                    let values = tasks[index].values();
                    let result = match index % 40 {
                        13 => EpisodeResult::Infeasible,
                        29 => {
                            alps.push(None);
                            continue;
                        }
                        _ => EpisodeResult::Completed(episode_return(values[0], values[1], index)),
                    };
                    alps.push(curriculum.observe(&tasks[index], result, "").unwrap().alp.map(f64::to_bits));
                    curriculum.run_fits();
                }
            }
        }
    }
    let in_process: Vec<Vec<u64>> =
        tasks.iter().map(|task| task.values().iter().map(|value| value.to_bits()).collect()).collect();
    let served: Vec<Vec<u64>> = seen.tasks.iter().map(|(_, bits, _, _)| bits.to_vec()).collect();
    assert_eq!(served, in_process);
    let served: Vec<Option<u64>> = seen.receipts.iter().map(|(_, _, _, alp)| *alp).collect();
    assert_eq!(served, alps);
}
