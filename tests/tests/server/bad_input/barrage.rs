//! Thousands of odd calls against one server, while its twin sees only those that succeeded.

use std::cell::RefCell;

use magister_proto::v1;
use magister_tests::{alp_gmm_request, completed, continuous};
use proptest::{
    prelude::ProptestConfig,
    prop_assert,
    test_runner::{TestCaseError, TestRunner},
};
use tokio::runtime::Runtime;
use v1::dimension::{Integer, Kind, LogScaled};

use super::{
    calls::{Answer, Call, Twins},
    generators,
};

/// The curriculum that the calls are about.
pub(crate) const HOME: &str = "curricula/home";

/// A curriculum over all kinds of dimensions, with some episodes behind it and some tasks open, and a second
/// one
/// with open tasks.
async fn furnish(twins: &mut Twins) -> Result<(), TestCaseError> {
    let joints = v1::Dimension {
        name: "joints".to_owned(),
        kind: Some(Kind::Integer(Integer { low: 0, high: 4 })),
        size: Some(2),
        distance_scale: None,
    };
    let speed = v1::Dimension {
        name: "größe 🦿".to_owned(),
        kind: Some(Kind::LogScaled(LogScaled { low: 0.1, high: 10.0 })),
        ..Default::default()
    };
    let home = alp_gmm_request("home", vec![continuous("height", 0.0, 3.0), joints, speed], 20);
    twins.succeed(Call::Create(Box::new(home))).await?;
    let other = alp_gmm_request("other", vec![continuous("height", 0.0, 3.0)], 20);
    twins.succeed(Call::Create(Box::new(other))).await?;
    twins.succeed(ask("curricula/other", 3)).await?;
    let Answer::Tasks(given) = twins.succeed(ask(HOME, 45)).await? else {
        unreachable!("tasks were asked for")
    };
    let outcomes = given.tasks.iter().take(35).enumerate();
    let outcomes = outcomes.map(|(index, task)| completed(task, (index * index % 31) as f64)).collect();
    twins.succeed(tell(HOME, outcomes)).await?;
    Ok(())
}

fn ask(curriculum: &str, count: u32) -> Call {
    Call::Sample(v1::SampleTasksRequest { curriculum: curriculum.to_owned(), count, ..Default::default() })
}

fn tell(curriculum: &str, outcomes: Vec<v1::EpisodeOutcome>) -> Call {
    Call::Report(v1::ReportEpisodesRequest {
        curriculum: curriculum.to_owned(),
        outcomes,
        ..Default::default()
    })
}

fn get(name: &str) -> Call {
    Call::Get(v1::GetCurriculumRequest { name: name.to_owned() })
}

/// Everything that can be seen of the servers without changing them.
async fn compare(twins: &mut Twins) -> Result<(), TestCaseError> {
    twins.succeed(Call::List(v1::ListCurriculaRequest { page_size: 1000, ..Default::default() })).await?;
    for fit in [0, 1] {
        let request = v1::GetDistributionRequest { curriculum: HOME.to_owned(), fit };
        let Answer::Distribution(distribution) = twins.succeed(Call::Distribution(request)).await? else {
            unreachable!("a distribution was asked for")
        };
        check_distribution(&distribution)?;
    }
    look(twins, HOME).await
}

/// Looks at a curriculum's past in every way.
async fn look(twins: &mut Twins, curriculum: &str) -> Result<(), TestCaseError> {
    let curriculum = || curriculum.to_owned();
    let density =
        v1::GetDensityRequest { curriculum: curriculum(), axes: vec![0], cells: 7, ..Default::default() };
    let points = v1::ListEpisodePointsRequest { curriculum: curriculum(), ..Default::default() };
    let progress = v1::GetProgressRequest { curriculum: curriculum(), ..Default::default() };
    let diagnose = v1::DiagnoseRequest { curriculum: curriculum(), ..Default::default() };
    let calls =
        [Call::Density(density), Call::Points(points), Call::Progress(progress), Call::Diagnose(diagnose)];
    for call in calls {
        check_look(&twins.succeed(call).await?)?;
    }
    Ok(())
}

/// Whatever was reported, what is told of it are numbers.
fn check_look(answer: &Answer) -> Result<(), TestCaseError> {
    match answer {
        Answer::Density(density) => {
            let sum: f64 = density.probabilities.iter().sum();
            prop_assert!((sum - 1.0).abs() < 1e-9, "{density:?}");
            let borders = density.borders.iter().all(|borders| borders.values.is_sorted());
            prop_assert!(borders && density.probabilities.iter().all(|&it| it >= 0.0), "{density:?}");
        }
        Answer::Points(answer) => {
            let numbers = answer
                .points
                .iter()
                .flat_map(|point| point.values.iter().chain(&point.episode_return).chain(&point.alp));
            prop_assert!(numbers.into_iter().all(|number| number.is_finite()), "{answer:?}");
            let mut numbers = answer.points.iter().map(|point| point.episode);
            prop_assert!(numbers.all(|number| number % answer.every == 0), "{answer:?}");
        }
        Answer::Progress(progress) => {
            for bucket in progress.buckets.iter().chain(&progress.recent) {
                let means = bucket.mean_return.iter().chain(&bucket.mean_alp);
                prop_assert!(means.into_iter().all(|mean| mean.is_finite()), "{bucket:?}");
                let counted = bucket.completed + bucket.infeasible;
                prop_assert!(counted == bucket.last_episode + 1 - bucket.first_episode, "{bucket:?}");
            }
        }
        _ => {}
    }
    Ok(())
}

fn check_distribution(distribution: &v1::TaskDistribution) -> Result<(), TestCaseError> {
    prop_assert!((0.0..=1.0).contains(&distribution.exploration_probability), "{distribution:?}");
    let Some(v1::task_distribution::Distribution::Mixture(mixture)) = &distribution.distribution else {
        return Ok(());
    };
    for component in &mixture.components {
        let numbers = component.mean.iter().chain(&component.covariance);
        let shares = [component.weight, component.odds, component.mean_alp];
        prop_assert!(numbers.chain(&shares).all(|number| number.is_finite()), "{component:?}");
        prop_assert!((0.0..=1.0).contains(&component.odds) && component.mean_alp >= 0.0, "{component:?}");
    }
    Ok(())
}

/// Plays on: the next tasks, and what comes of them, must be the twin's.
async fn play_on(twins: &mut Twins) -> Result<(), TestCaseError> {
    for round in 0..4 {
        let request = v1::SampleTasksRequest {
            curriculum: HOME.to_owned(),
            count: 15,
            student: "somebody else".to_owned(),
            ..Default::default()
        };
        let Answer::Tasks(given) = twins.succeed(Call::Sample(request)).await? else {
            unreachable!("tasks were asked for")
        };
        let outcomes = given.tasks.iter().enumerate();
        let outcomes = outcomes.map(|(index, task)| completed(task, (index * round) as f64)).collect();
        twins.succeed(tell(HOME, outcomes)).await?;
    }
    compare(twins).await
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 200, ..ProptestConfig::default() }
}

#[test]
fn odd_calls_are_answered_and_refused_ones_change_nothing() {
    let runtime = Runtime::new().unwrap();
    let mut twins = runtime.block_on(Twins::start());
    runtime.block_on(furnish(&mut twins)).unwrap();
    let twins = RefCell::new(twins);
    let (answered, refused) = (RefCell::new(0), RefCell::new(0));
    let outcome = TestRunner::new(config(2500)).run(&generators::call(), |call| {
        let mut twins = twins.borrow_mut();
        runtime.block_on(async {
            let sent = twins.send(call).await?;
            *if sent.is_ok() { &answered } else { &refused }.borrow_mut() += 1;
            if let Ok(Answer::Receipts(answer)) = &sent {
                for receipt in &answer.receipts {
                    prop_assert!(
                        receipt.alp.is_none_or(|alp| (0.0..=f64::MAX).contains(&alp)),
                        "{receipt:?}"
                    );
                }
            }
            if let Ok(answer) = &sent {
                check_look(answer)?;
            }
            // After a refusal: the twin has not seen the call.
            if sent.is_err() { twins.succeed(get(HOME)).await.map(drop) } else { Ok(()) }
        })
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    let (answered, refused) = (answered.into_inner(), refused.into_inner());
    assert!(answered > 300 && refused > 300, "{answered} answered, {refused} refused");
    runtime
        .block_on(async {
            let mut twins = twins.into_inner();
            compare(&mut twins).await?;
            // What was written reads back, odd numbers and texts too.
            let mut twins = twins.restart().await;
            compare(&mut twins).await?;
            play_on(&mut twins).await
        })
        .unwrap();
}

#[test]
fn odd_curricula_are_refused_or_work() {
    let runtime = Runtime::new().unwrap();
    let mut twins = runtime.block_on(Twins::start());
    runtime.block_on(furnish(&mut twins)).unwrap();
    let twins = RefCell::new(twins);
    let (created, refused) = (RefCell::new(0), RefCell::new(0));
    let cases = (generators::create(), proptest::collection::vec(generators::returns(), 3));
    let outcome = TestRunner::new(config(1200)).run(&cases, |(request, returns)| {
        let mut twins = twins.borrow_mut();
        runtime.block_on(async {
            match twins.send(Call::Create(Box::new(request))).await? {
                Err(_) => {
                    *refused.borrow_mut() += 1;
                    twins.succeed(Call::List(v1::ListCurriculaRequest::default())).await.map(drop)
                }
                Ok(Answer::Curriculum(curriculum)) => {
                    *created.borrow_mut() += 1;
                    try_out(&mut twins, &curriculum, returns).await
                }
                Ok(other) => Err(TestCaseError::fail(format!("{other:?}"))),
            }
        })
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    let (created, refused) = (created.into_inner(), refused.into_inner());
    assert!(created > 150 && refused > 300, "{created} created, {refused} refused");
}

/// Plays some episodes on a curriculum that was just made, and deletes it.
async fn try_out(
    twins: &mut Twins,
    curriculum: &v1::Curriculum,
    returns: Vec<Vec<f64>>,
) -> Result<(), TestCaseError> {
    let name = &curriculum.name;
    for round in returns {
        // A curriculum may allow one open task only: then one after another.
        let at_once = if curriculum.max_open_tasks < Some(4) { 1 } else { 4 };
        for returns in round.chunks(at_once) {
            let Answer::Tasks(given) = twins.succeed(ask(name, at_once as u32)).await? else {
                unreachable!("tasks were asked for")
            };
            check_bounds(curriculum, &given.tasks)?;
            let outcomes = given.tasks.iter().zip(returns);
            let outcomes = outcomes.map(|(task, &episode_return)| completed(task, episode_return)).collect();
            twins.succeed(tell(name, outcomes)).await?;
        }
    }
    let request = v1::GetDistributionRequest { curriculum: name.clone(), fit: 0 };
    if let Answer::Distribution(distribution) = twins.succeed(Call::Distribution(request)).await? {
        check_distribution(&distribution)?;
    }
    look(twins, name).await?;
    twins.succeed(Call::Delete(v1::DeleteCurriculumRequest { name: name.clone() })).await?;
    Ok(())
}

fn check_bounds(curriculum: &v1::Curriculum, tasks: &[v1::Task]) -> Result<(), TestCaseError> {
    use v1::parameter_value::Value;
    for task in tasks {
        let parameters = task.parameters.as_ref().expect("a task has parameters");
        for dimension in &curriculum.space.as_ref().expect("it has a space").dimensions {
            let (low, high) = match dimension.kind.as_ref().expect("it has a kind") {
                Kind::Continuous(bounds) => (bounds.low, bounds.high),
                Kind::LogScaled(bounds) => (bounds.low, bounds.high),
                Kind::Integer(bounds) => (bounds.low as f64, bounds.high as f64),
                Kind::Categorical(_) => unreachable!("it is refused"),
            };
            let value = parameters.values.get(&dimension.name).and_then(|value| value.value.as_ref());
            let elements = match value {
                Some(Value::Number(number)) => vec![*number],
                Some(Value::Integer(integer)) => vec![*integer as f64],
                Some(Value::Numbers(numbers)) => numbers.values.clone(),
                Some(Value::Integers(integers)) => {
                    integers.values.iter().map(|&value| value as f64).collect()
                }
                Some(Value::Category(_)) | None => Vec::new(),
            };
            prop_assert!(elements.len() == dimension.size.unwrap_or(1) as usize, "{task:?}");
            prop_assert!(elements.iter().all(|value| (low..=high).contains(value)), "{task:?}");
        }
    }
    Ok(())
}
