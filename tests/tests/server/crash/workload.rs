//! What is done to the server whose files are recorded: rounds of calls to several curricula at once, with the clock
//! moved, the server restarted and the write-ahead log copied into the database in between.
//!
//! The calls are the same in every run: a return follows from the task's number, so that no call waits to know an
//! answer. Each curriculum gets at most one call a round, and so its order is the order of the rounds.

use std::{collections::VecDeque, ops::Range, time::Duration};

use magister_proto::v1;
use magister_tests::{alp_gmm_request, continuous};
use v1::episode_outcome::{Abandoned, Completed, Infeasible, Outcome};

use super::calls::Call;

/// Episodes between two fits, in each curriculum with ALP-GMM.
pub(crate) const FIT_RATE: u32 = 12;
/// Longer than every lease.
const PAST_ALL_LEASES: Duration = Duration::from_secs(2 * 3600);

/// What happens before the next thing may.
#[derive(Clone, Debug)]
pub(crate) enum Round {
    /// Sent at once, each to another curriculum.
    Calls(Vec<Call>),
    /// Time goes by.
    Pass(Duration),
    /// The server is stopped cleanly and started again.
    Restart,
    /// The database's write-ahead log is copied into it, as it is whenever it has grown long.
    Checkpoint,
}

/// The whole run.
pub(crate) fn rounds() -> Vec<Round> {
    let mut first = Student::new("first", 3);
    let mut second = Student::new("second", 5);
    let mut third = Student::new("third", 2);
    let mut copy = Student::new("copy", 2);
    let mut brief = Student::new("brief", 1);
    let mut rounds = vec![
        Round::Calls(vec![create_alp_gmm("first", 11, false)]),
        Round::Calls(vec![create_alp_gmm("second", 12, true), create_random("third"), first.sample(0)]),
    ];
    for round in 1..=66 {
        let mut calls = Vec::new();
        // A fork copies what its source is when it is asked for: the source rests.
        if round % 22 != 12 {
            calls.push(first.next(round));
        }
        match round % 22 {
            8 => calls.push(open_evaluation("third", round)),
            9 => calls.push(score("third", 1 + round / 22, 2..4)),
            10 => calls.push(score("third", 1 + round / 22, 0..3)),
            _ => calls.push(third.next(round)),
        }
        match round % 22 {
            // Paused: reports are taken, tasks are not asked for, and leases stand still.
            7 => calls.push(update("second", |request| request.paused = Some(true))),
            8 | 9 => calls.push(second.report(round)),
            10 => calls.push(update("second", |request| {
                request.paused = Some(false);
                request.display_name = Some(format!("after the pause of round {round}"));
            })),
            15 => calls.push(update("second", |request| {
                request.alp_gmm = Some(v1::update_curriculum_request::AlpGmmEdit {
                    random_task_ratio: Some(if round < 22 { 0.4 } else { 0.1 }),
                    max_components: Some(4),
                    fit_lag_episodes: Some(3),
                    ..Default::default()
                });
                request.max_staleness_episodes = Some(25);
            })),
            _ => calls.push(second.next(round)),
        }
        match round % 22 {
            2 => calls.push(create_alp_gmm("brief", 13 + round, false)),
            3 => calls.push(brief.begin().sample(round)),
            4 | 6 => calls.push(brief.report(round)),
            5 => calls.push(brief.sample(round)),
            11 => calls.push(delete("brief")),
            12 => {
                calls.push(fork("first", "copy", round));
                copy.continue_from(&first);
            }
            13..=18 => calls.push(copy.next(round)),
            20 => calls.push(delete("copy")),
            _ => {}
        }
        rounds.push(Round::Calls(calls));
        rounds.push(match round % 22 {
            9 | 19 => Round::Pass(PAST_ALL_LEASES),
            14 => Round::Restart,
            5 | 17 => Round::Checkpoint,
            _ => Round::Pass(Duration::from_secs(1)),
        });
    }
    rounds
}

/// Asks and reports of one curriculum, with the numbers of the tasks that are open.
#[derive(Clone, Debug)]
struct Student {
    id: &'static str,
    /// Tasks that it asks for at a time, about.
    pace: u64,
    tasks: u64,
    open: VecDeque<u64>,
    reported: u64,
}

impl Student {
    fn new(id: &'static str, pace: u64) -> Self {
        Self { id, pace, tasks: 0, open: VecDeque::new(), reported: 0 }
    }

    /// Begins again, with a new curriculum of the same name.
    fn begin(&mut self) -> &mut Self {
        *self = Self::new(self.id, self.pace);
        self
    }

    /// Goes on as a copy of another curriculum.
    fn continue_from(&mut self, other: &Self) {
        *self = Self { tasks: other.tasks, open: other.open.clone(), ..Self::new(self.id, self.pace) };
    }

    fn name(&self) -> String {
        format!("curricula/{}", self.id)
    }

    fn next(&mut self, round: u64) -> Call {
        if round % 2 == 1 { self.report(round) } else { self.sample(round) }
    }

    fn sample(&mut self, round: u64) -> Call {
        let count = 1 + (round * 7 + self.pace) % (2 * self.pace);
        self.open.extend(self.tasks + 1..=self.tasks + count);
        self.tasks += count;
        Call::Sample(v1::SampleTasksRequest {
            curriculum: self.name(),
            count: count as u32,
            student: format!("student {}", round % 3 / 2),
            worker: format!("worker {round}"),
            request_id: format!("ask {round}"),
            lease_duration: None,
        })
    }

    /// Reports all but a few of the open tasks, in an order of its own; now and then with one that was reported before,
    /// and one that was never handed out.
    fn report(&mut self, round: u64) -> Call {
        let mut outcomes = Vec::new();
        while self.open.len() as u64 > round % 3 {
            let number = if round % 4 == 1 { self.open.pop_back() } else { self.open.pop_front() };
            let number = number.expect("it is not empty");
            outcomes.push(self.outcome(number));
            self.reported = number;
        }
        if round.is_multiple_of(5) || outcomes.is_empty() {
            outcomes.push(self.unsolicited(round));
            self.tasks += 1;
        }
        if round % 7 == 3 && self.reported > 0 {
            outcomes.push(self.outcome(self.reported));
        }
        Call::Report(v1::ReportEpisodesRequest {
            curriculum: self.name(),
            outcomes,
            request_id: format!("tell {round}"),
        })
    }

    fn outcome(&self, number: u64) -> v1::EpisodeOutcome {
        let outcome = match number % 23 {
            7 => Outcome::Infeasible(Infeasible { message: format!("no room for task {number}") }),
            15 => Outcome::Abandoned(Abandoned { message: "the worker went away".into() }),
            _ => Outcome::Completed(Completed {
                episode_return: episode_return(number),
                length: Some(number * 10),
                end: v1::episode_outcome::End::Terminated.into(),
                success: Some(number.is_multiple_of(2)),
                student_step: Some(number * 1000),
            }),
        };
        v1::EpisodeOutcome {
            task: format!("{}/tasks/{number}", self.name()),
            outcome: Some(outcome),
            ..Default::default()
        }
    }

    fn unsolicited(&self, round: u64) -> v1::EpisodeOutcome {
        let number = |number| v1::ParameterValue { value: Some(v1::parameter_value::Value::Number(number)) };
        let values =
            [("x", 0.02), ("y", 0.07)].map(|(name, step)| (name.into(), number(step * (round % 10) as f64)));
        v1::EpisodeOutcome {
            parameters: Some(v1::Parameters { values: values.into() }),
            outcome: Some(Outcome::Completed(Completed {
                episode_return: episode_return(round),
                ..Default::default()
            })),
            student: "from a log".into(),
            ..Default::default()
        }
    }
}

fn episode_return(number: u64) -> f64 {
    (number as f64 * 0.7).sin() * number as f64
}

fn create_alp_gmm(id: &str, seed: u64, scaled: bool) -> Call {
    let dimensions = vec![continuous("x", 0.0, 1.0), continuous("y", 0.0, 2.0)];
    let mut request = alp_gmm_request(id, dimensions, FIT_RATE);
    request.request_id = format!("create {id} {seed}");
    let curriculum = request.curriculum.as_mut().expect("the request has one");
    curriculum.seed = seed;
    curriculum.return_range = scaled.then_some(v1::curriculum::ReturnRange { low: -100.0, high: 100.0 });
    if let Some(v1::TeacherSpec { algorithm: Some(v1::teacher_spec::Algorithm::AlpGmm(alp_gmm)) }) =
        &mut curriculum.teacher
    {
        alp_gmm.fit_lag_episodes = Some(5);
        alp_gmm.max_components = Some(3);
        alp_gmm.warm_start = Some(scaled);
    }
    Call::Create(Box::new(request))
}

fn create_random(id: &str) -> Call {
    let dimensions = vec![continuous("x", 0.0, 1.0), continuous("y", 0.0, 2.0)];
    let random = v1::teacher_spec::Algorithm::Random(v1::RandomTeacher {});
    Call::Create(Box::new(v1::CreateCurriculumRequest {
        curriculum_id: id.into(),
        curriculum: Some(v1::Curriculum {
            space: Some(v1::TaskSpace { dimensions }),
            teacher: Some(v1::TeacherSpec { algorithm: Some(random) }),
            test_set: Some(v1::TestSet { tasks: Some(v1::test_set::Tasks::UniformCount(4)) }),
            ..Default::default()
        }),
        request_id: format!("create {id}"),
    }))
}

fn update(id: &str, change: impl FnOnce(&mut v1::UpdateCurriculumRequest)) -> Call {
    let mut request = v1::UpdateCurriculumRequest { name: format!("curricula/{id}"), ..Default::default() };
    change(&mut request);
    Call::Update(request)
}

fn fork(source: &str, id: &str, seed: u64) -> Call {
    Call::Fork(v1::ForkCurriculumRequest {
        source: format!("curricula/{source}"),
        position: None,
        curriculum_id: id.into(),
        seed: Some(seed),
    })
}

fn open_evaluation(id: &str, round: u64) -> Call {
    Call::OpenEvaluation(v1::SampleTestTasksRequest {
        curriculum: format!("curricula/{id}"),
        student_step: round,
        request_id: format!("evaluate {round}"),
        ..Default::default()
    })
}

fn score(id: &str, evaluation: u64, test_tasks: Range<u32>) -> Call {
    let result = |test_task| v1::TestResult {
        test_task,
        episode_return: episode_return(evaluation + u64::from(test_task)),
        ..Default::default()
    };
    Call::Score(v1::ReportEvaluationsRequest {
        evaluation: format!("curricula/{id}/evaluations/{evaluation}"),
        results: test_tasks.map(result).collect(),
    })
}

fn delete(id: &str) -> Call {
    Call::Delete(v1::DeleteCurriculumRequest { name: format!("curricula/{id}") })
}
