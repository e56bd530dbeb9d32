//! One scenario against a real server and the twin.

use std::{collections::BTreeMap, fmt::Debug, sync::Arc};

use magister_core::{
    curriculum::CurriculumSettings,
    space::{Dimension, TaskSpace},
    teacher::{
        DistributionShape, ReturnRange, TeacherParams,
        alp_gmm::{AlpGmmParams, AlpScope},
    },
};
use magister_proto::v1::{self, ErrorReason};
use magister_tests::{Client, Refusal, StillClock, TestServer};
use proptest::{prop_assert, prop_assert_eq, test_runner::TestCaseError};
use std::time::Duration;
use tokio_stream::StreamExt;
use tonic::Status;
use tonic_types::StatusExt;
use v1::{episode_outcome, teach_request};

use super::{
    scenario::{Ask, Edit, Operation, Outcome, Report, Scenario, Settings, Subject, Which},
    twin::{Refused, Twin, to_duration, write_parameters},
};

const NAME: &str = "curricula/compared";

/// How often something came about, in all scenarios.
pub(crate) type Seen = BTreeMap<String, u64>;

type Compared = Result<(), TestCaseError>;

/// A request with an id, as it was sent.
#[derive(Clone, Debug)]
enum Sent {
    Sample(v1::SampleTasksRequest),
    Report(v1::ReportEpisodesRequest),
    Step(teach_request::Open, teach_request::Step),
}

struct SideBySide<'a> {
    server: Option<TestServer>,
    client: Client,
    twin: Twin,
    sent: Vec<Sent>,
    restarts: u32,
    seen: &'a mut Seen,
}

/// Does what the scenario says to both, and compares.
pub(crate) fn run(scenario: &Scenario, seen: &mut Seen) -> Compared {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let clock = StillClock::start();
        let mut both = SideBySide::start(&scenario.settings, seen).await;
        let mut outcome = Ok(());
        for (number, operation) in scenario.operations.iter().enumerate() {
            outcome = both.take(operation).await;
            if let Err(TestCaseError::Fail(why)) = outcome {
                outcome = Err(TestCaseError::fail(format!("operation {number}, {operation:?}: {why}")));
            }
            if outcome.is_err() {
                break;
            }
        }
        if outcome.is_ok() {
            outcome = both.finish().await;
        }
        drop(clock);
        outcome
    })
}

impl<'a> SideBySide<'a> {
    async fn start(settings: &Settings, seen: &'a mut Seen) -> Self {
        let server = TestServer::start_in_memory().await;
        let mut client = server.client().await;
        let described = client.create_curriculum(creation(settings)).await.unwrap().into_inner();
        let twin = Twin::new(core_settings(settings), described);
        Self { server: Some(server), client, twin, sent: Vec::new(), restarts: 0, seen }
    }

    async fn take(&mut self, operation: &Operation) -> Compared {
        match operation {
            Operation::Sample(ask) => {
                let request = sample_request(ask);
                self.remember(Sent::Sample(request.clone()), &request.request_id);
                self.sample(request).await
            }
            Operation::Report(reports, id) => {
                let outcomes = self.outcomes(reports);
                let request = v1::ReportEpisodesRequest {
                    curriculum: NAME.into(),
                    outcomes,
                    request_id: request_id(*id),
                };
                self.remember(Sent::Report(request.clone()), &request.request_id);
                self.report(request).await
            }
            Operation::Teach { student, steps } => self.teach(*student, steps).await,
            Operation::Repeat(before) => match self.sent.iter().rev().nth(*before).cloned() {
                None => Ok(()),
                Some(sent) => self.send_again(sent).await,
            },
            Operation::RepeatAsAnother(before) => match self.sent.iter().rev().nth(*before).cloned() {
                None | Some(Sent::Report(_)) => Ok(()),
                Some(Sent::Sample(mut request)) => {
                    request.student.push_str(" too");
                    self.sample(request).await
                }
                Some(Sent::Step(mut open, step)) => {
                    open.student.push_str(" too");
                    self.step_again(open, step).await
                }
            },
            Operation::Update(edit) => {
                let request = update_request(edit);
                let expected = self.twin.update(&request);
                let answer = self.client.update_curriculum(request).await.map(tonic::Response::into_inner);
                self.compare(expected, answer, |expected, answer| {
                    prop_assert_eq!(&without_fits(answer), &without_fits(expected));
                    Ok(())
                })
            }
            Operation::PassMs(ms) => {
                tokio::time::advance(Duration::from_millis(*ms)).await;
                self.twin.pass(*ms);
                Ok(())
            }
            Operation::Restart => {
                self.restart().await;
                Ok(())
            }
            Operation::Describe => {
                let expected = self.twin.describe();
                let answer = self.describe().await;
                prop_assert!(answer.fits <= expected.fits, "{} fits of {}", answer.fits, expected.fits);
                prop_assert_eq!(without_fits(&answer), without_fits(&expected));
                Ok(())
            }
            Operation::ListEpisodes { student, states, numbers, newest_first, page_size } => {
                self.list_episodes(v1::ListEpisodesRequest {
                    curriculum: NAME.into(),
                    page_size: *page_size,
                    student: student.map(student_name),
                    states: states.clone(),
                    from_episode: numbers.as_ref().map(|numbers| numbers.start),
                    before_episode: numbers.as_ref().map(|numbers| numbers.end),
                    newest_first: *newest_first,
                    ..Default::default()
                })
                .await
            }
            Operation::ListFits { page_size } => self.list_fits(*page_size).await,
            Operation::Distribution => self.distribution().await,
            Operation::Explain(which) => self.explain(which).await,
        }
    }

    /// Everything once more at the end.
    async fn finish(&mut self) -> Compared {
        self.take(&Operation::Describe).await?;
        let states = [2, 3, 4, 5].to_vec();
        let all = v1::ListEpisodesRequest { curriculum: NAME.into(), states, ..Default::default() };
        self.list_episodes(all).await?;
        self.list_fits(0).await?;
        self.distribution().await
    }

    async fn sample(&mut self, request: v1::SampleTasksRequest) -> Compared {
        let expected = self.twin.sample(request.clone());
        let answer = self.client.sample_tasks(request).await.map(tonic::Response::into_inner);
        self.compare(expected, answer, equal)
    }

    async fn report(&mut self, request: v1::ReportEpisodesRequest) -> Compared {
        let expected = self.twin.report(request.clone());
        if let Ok(answer) = &expected {
            self.count_receipts(&answer.receipts);
        }
        let answer = self.client.report_episodes(request).await.map(tonic::Response::into_inner);
        self.compare(expected, answer, equal)
    }

    async fn teach(&mut self, student: u8, steps: &[(Vec<Report>, u32, Option<u8>)]) -> Compared {
        let open = open(student);
        // What comes of steps behind a refused one is not promised, so that one is the last.
        let mut exchange = Vec::new();
        for (reports, count, id) in steps {
            let outcomes = self.outcomes(reports);
            let step = teach_request::Step { outcomes, count: *count, request_id: request_id(*id) };
            self.remember(Sent::Step(open.clone(), step.clone()), &step.request_id);
            let expected = self.twin.teach(&open, step.clone());
            let is_last = expected.is_err();
            exchange.push((step, expected));
            if is_last {
                break;
            }
        }
        self.stream(open, exchange).await
    }

    /// One stream: all steps are sent before the first answer is read.
    async fn stream(
        &mut self,
        open: teach_request::Open,
        exchange: Vec<(teach_request::Step, Result<v1::TeachResponse, Refused>)>,
    ) -> Compared {
        let first = teach_request::Message::Open(open);
        let steps = exchange.iter().map(|(step, _)| teach_request::Message::Step(step.clone()));
        let messages = [first].into_iter().chain(steps);
        let messages: Vec<_> = messages.map(|message| v1::TeachRequest { message: Some(message) }).collect();
        let answers = self.client.teach(tokio_stream::iter(messages)).await;
        let mut answers = answers.map_err(|status| TestCaseError::fail(status.to_string()))?.into_inner();
        for (_, expected) in exchange {
            if let Ok(answer) = &expected {
                self.count_receipts(&answer.receipts);
            }
            let Some(answer) = answers.next().await else {
                return Err(TestCaseError::fail(format!("the stream ended instead of {expected:?}")));
            };
            self.compare(expected, answer, equal)?;
        }
        let end = answers.next().await;
        prop_assert!(end.is_none(), "the stream goes on with {:?}", end);
        Ok(())
    }

    async fn step_again(&mut self, open: teach_request::Open, step: teach_request::Step) -> Compared {
        let expected = self.twin.teach(&open, step.clone());
        self.stream(open, vec![(step, expected)]).await
    }

    async fn send_again(&mut self, sent: Sent) -> Compared {
        let position = self.twin.describe().position;
        match sent {
            Sent::Sample(request) => self.sample(request).await?,
            Sent::Report(request) => self.report(request).await?,
            Sent::Step(open, step) => self.step_again(open, step).await?,
        }
        if self.twin.describe().position == position {
            self.count("answered again");
        }
        Ok(())
    }

    async fn restart(&mut self) {
        let server = self.server.take().expect("it is put back below").restart().await;
        self.client = server.client().await;
        self.server = Some(server);
        self.restarts += 1;
        // Another curriculum tells the new server's time.
        let clock = v1::CreateCurriculumRequest {
            curriculum_id: format!("clock-{}", self.restarts),
            ..creation(&Settings {
                seed: 0,
                alp_gmm: None,
                return_range: None,
                lease_s: 60,
                max_open_tasks: 1,
                max_staleness_episodes: None,
            })
        };
        let created = self.client.create_curriculum(clock).await.unwrap().into_inner();
        self.twin.restart(created.create_time.unwrap());
        self.count("restarted");
    }

    async fn describe(&mut self) -> v1::Curriculum {
        let request = v1::GetCurriculumRequest { name: NAME.into() };
        self.client.get_curriculum(request).await.unwrap().into_inner()
    }

    async fn list_episodes(&mut self, mut request: v1::ListEpisodesRequest) -> Compared {
        let expected = self.twin.episodes(&request);
        let mut listed = Vec::new();
        loop {
            let page = self.client.list_episodes(request.clone()).await.unwrap().into_inner();
            let most = if request.page_size == 0 { 1000 } else { request.page_size as usize };
            prop_assert!(page.episodes.len() <= most);
            listed.extend(page.episodes);
            if page.next_page_token.is_empty() {
                break;
            }
            request.page_token = page.next_page_token;
        }
        let is_unsolicited = |episode: &&v1::Episode| {
            let source = episode.origin.as_ref().and_then(|origin| origin.source.as_ref());
            matches!(source, Some(v1::origin::Source::Unsolicited(_)))
        };
        if listed.iter().any(|episode| is_unsolicited(&episode)) {
            self.count("unsolicited");
        }
        prop_assert_eq!(listed, expected);
        Ok(())
    }

    /// Waits for the fits that are under way: when they arrive is no part of the contract.
    async fn list_fits(&mut self, page_size: i32) -> Compared {
        let expected = self.twin.describe().fits;
        while self.describe().await.fits < expected {}
        let mut fits = Vec::new();
        let mut page_token = String::new();
        loop {
            let request =
                v1::ListFitsRequest { curriculum: NAME.into(), page_size, page_token, ..Default::default() };
            let page = self.client.list_fits(request).await.unwrap().into_inner();
            fits.extend(page.fits);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        prop_assert_eq!(fits.len(), self.twin.fits().len());
        for (fit, expected) in fits.iter().zip(self.twin.fits()) {
            prop_assert_eq!(
                (fit.number, fit.due_episode, fit.effect_episode),
                (expected.number, expected.due_episode, expected.effect_episode)
            );
            let candidates: Vec<_> = fit
                .candidates
                .iter()
                .map(|candidate| {
                    (candidate.components, candidate.criterion, candidate.log_likelihood_per_episode)
                })
                .collect();
            let expected_candidates: Vec<_> = expected
                .candidates
                .iter()
                .map(|candidate| (candidate.components, candidate.criterion, candidate.mean_log_likelihood))
                .collect();
            prop_assert_eq!(candidates, expected_candidates);
            prop_assert_eq!(fit.distribution.is_some(), expected.mixture.is_some());
        }
        Ok(())
    }

    async fn distribution(&mut self) -> Compared {
        self.twin.describe();
        let request = v1::GetDistributionRequest { curriculum: NAME.into(), fit: 0 };
        let answer = self.client.get_distribution(request).await.unwrap().into_inner();
        let core = self.twin.core();
        let expected = core.distribution();
        prop_assert_eq!(answer.episodes, core.episodes());
        prop_assert_eq!(answer.exploration_probability, expected.exploration_probability);
        match (answer.distribution, expected.shape) {
            (Some(v1::task_distribution::Distribution::Uniform(_)), DistributionShape::Uniform) => {}
            (
                Some(v1::task_distribution::Distribution::Mixture(mixture)),
                DistributionShape::Mixture { fit, components },
            ) => {
                let expected = components
                    .into_iter()
                    .map(|component| v1::task_distribution::Component {
                        mean_parameters: Some(write_parameters(
                            core.space(),
                            &core.space().task_at(&component.mean),
                        )),
                        weight: component.weight,
                        odds: component.odds,
                        mean_alp: component.mean_alp,
                        mean: component.mean,
                        covariance: component.covariance,
                    })
                    .collect();
                prop_assert_eq!(mixture, v1::task_distribution::Mixture { fit, components: expected });
            }
            (answer, expected) => {
                return Err(TestCaseError::fail(format!("{answer:?} instead of {expected:?}")));
            }
        }
        Ok(())
    }

    async fn explain(&mut self, which: &Which) -> Compared {
        let task = task_name(&self.twin, which);
        let expected = match task.strip_prefix(NAME).and_then(|rest| rest.strip_prefix("/tasks/")) {
            Some(number) => self.twin.explain(number.parse().unwrap()),
            None => Err(Refused { reason: ErrorReason::CurriculumNotFound, fields: Vec::new() }),
        };
        let answer = self.client.explain_task(v1::ExplainTaskRequest { task }).await;
        self.compare(expected, answer.map(tonic::Response::into_inner), |expected, answer| {
            let origin = answer.task.as_ref().and_then(|task| task.origin.as_ref());
            let is_drawn = matches!(
                origin.and_then(|origin| origin.source.as_ref()),
                Some(v1::origin::Source::Component(_))
            );
            prop_assert_eq!(answer.component.is_some(), is_drawn);
            prop_assert!(!answer.summary.is_empty());
            let comparable =
                v1::ExplainTaskResponse { component: None, summary: String::new(), ..answer.clone() };
            prop_assert_eq!(&comparable, expected);
            Ok(())
        })
    }

    /// An answer is the twin's, or both refuse alike and the error keeps the contract.
    fn compare<T: Debug>(
        &mut self,
        expected: Result<T, Refused>,
        answer: Result<T, Status>,
        compare: impl FnOnce(&T, &T) -> Compared,
    ) -> Compared {
        match (expected, answer) {
            (Ok(expected), Ok(answer)) => {
                let text = format!("{answer:?}");
                for (sign, what) in
                    [("Component(ComponentDraw", "from a component"), ("state: Expired", "expired")]
                {
                    if text.contains(sign) {
                        self.count(what);
                    }
                }
                compare(&expected, &answer)
            }
            (Err(expected), Err(status)) => {
                let refusal = Refusal::read(&status).map_err(TestCaseError::fail)?;
                let refused = Refused { reason: refusal.reason, fields: refusal.fields };
                prop_assert_eq!(&refused, &expected);
                let tells_when = status.get_error_details().retry_info().is_some();
                prop_assert_eq!(tells_when, refused.reason == ErrorReason::CurriculumPaused);
                self.count(&format!("{:?}", refused.reason));
                Ok(())
            }
            (expected, answer) => {
                Err(TestCaseError::fail(format!("answered\n{answer:?}\ninstead of\n{expected:?}")))
            }
        }
    }

    fn outcomes(&self, reports: &[Report]) -> Vec<v1::EpisodeOutcome> {
        outcomes(&self.twin, reports)
    }

    fn remember(&mut self, sent: Sent, id: &str) {
        if !id.is_empty() {
            self.sent.push(sent);
        }
    }

    fn count_receipts(&mut self, receipts: &[v1::EpisodeReceipt]) {
        for receipt in receipts {
            let name = match receipt.state() {
                v1::TaskState::Completed => "completed",
                v1::TaskState::Infeasible => "infeasible",
                v1::TaskState::Abandoned => "abandoned",
                _ => "stale",
            };
            self.count(name);
            for (is_so, name) in [(receipt.late, "late"), (receipt.duplicate, "duplicate")] {
                if is_so {
                    self.count(name);
                }
            }
        }
    }

    fn count(&mut self, what: &str) {
        *self.seen.entry(what.to_owned()).or_default() += 1;
    }
}

fn equal<T: Debug + PartialEq>(expected: &T, answer: &T) -> Compared {
    prop_assert_eq!(answer, expected);
    Ok(())
}

fn without_fits(curriculum: &v1::Curriculum) -> v1::Curriculum {
    v1::Curriculum { fits: 0, ..curriculum.clone() }
}

fn dimensions() -> Vec<Dimension> {
    vec![Dimension::continuous("x", -1.0, 3.0), Dimension::integer("n", 0, 4)]
}

fn creation(settings: &Settings) -> v1::CreateCurriculumRequest {
    let algorithm = match &settings.alp_gmm {
        None => v1::teacher_spec::Algorithm::Random(v1::RandomTeacher {}),
        Some(alp_gmm) => v1::teacher_spec::Algorithm::AlpGmm(v1::AlpGmm {
            fit_rate: Some(alp_gmm.fit_rate),
            bootstrap_episodes: Some(alp_gmm.fit_rate),
            min_components: Some(1),
            max_components: Some(2),
            fit_lag_episodes: Some(alp_gmm.fit_lag_episodes),
            history_limit: alp_gmm.history_limit,
            warm_start: Some(alp_gmm.warm_start),
            alp_scope: match alp_gmm.by_student {
                true => v1::alp_gmm::AlpScope::Student.into(),
                false => v1::alp_gmm::AlpScope::Curriculum.into(),
            },
            ..Default::default()
        }),
    };
    let x = v1::dimension::Kind::Continuous(v1::dimension::Continuous { low: -1.0, high: 3.0 });
    let n = v1::dimension::Kind::Integer(v1::dimension::Integer { low: 0, high: 4 });
    let dimension =
        |name: &str, kind| v1::Dimension { name: name.into(), kind: Some(kind), ..Default::default() };
    v1::CreateCurriculumRequest {
        curriculum_id: "compared".into(),
        curriculum: Some(v1::Curriculum {
            space: Some(v1::TaskSpace { dimensions: vec![dimension("x", x), dimension("n", n)] }),
            teacher: Some(v1::TeacherSpec { algorithm: Some(algorithm) }),
            seed: settings.seed,
            return_range: settings.return_range.map(|(low, high)| v1::curriculum::ReturnRange { low, high }),
            lease_duration: Some(to_duration(u64::from(settings.lease_s) * 1000)),
            max_open_tasks: Some(settings.max_open_tasks),
            max_staleness_episodes: settings.max_staleness_episodes,
            ..Default::default()
        }),
        request_id: String::new(),
    }
}

fn core_settings(settings: &Settings) -> CurriculumSettings {
    let teacher = match &settings.alp_gmm {
        None => TeacherParams::Random,
        Some(alp_gmm) => TeacherParams::AlpGmm(AlpGmmParams {
            fit_rate: alp_gmm.fit_rate,
            bootstrap_episodes: Some(alp_gmm.fit_rate),
            min_components: 1,
            max_components: 2,
            fit_lag_episodes: Some(alp_gmm.fit_lag_episodes),
            history_limit: alp_gmm.history_limit,
            warm_start: alp_gmm.warm_start,
            alp_scope: if alp_gmm.by_student { AlpScope::Student } else { AlpScope::Curriculum },
            ..Default::default()
        }),
    };
    let range = |(low, high)| ReturnRange::new(low, high).expect("the range is one");
    CurriculumSettings {
        space: Arc::new(TaskSpace::new(dimensions()).expect("the dimensions make a space")),
        teacher,
        seed: settings.seed,
        return_range: settings.return_range.map(range),
    }
}

fn student_name(student: u8) -> String {
    // The empty student is one like any other.
    if student == 0 { String::new() } else { format!("student {student}") }
}

fn request_id(id: Option<u8>) -> String {
    id.map_or_else(String::new, |id| format!("request {id}"))
}

fn open(student: u8) -> teach_request::Open {
    teach_request::Open {
        curriculum: NAME.into(),
        student: student_name(student),
        worker: format!("stream {student}"),
    }
}

fn sample_request(ask: &Ask) -> v1::SampleTasksRequest {
    v1::SampleTasksRequest {
        curriculum: NAME.into(),
        count: ask.count,
        student: student_name(ask.student),
        worker: format!("worker {}", ask.student),
        request_id: request_id(ask.request),
        lease_duration: ask.lease_ms.map(to_duration),
    }
}

fn update_request(edit: &Edit) -> v1::UpdateCurriculumRequest {
    use v1::update_curriculum_request::AlpGmmEdit;
    let mut request = v1::UpdateCurriculumRequest { name: NAME.into(), ..Default::default() };
    match edit {
        Edit::Pause(paused) => request.paused = Some(*paused),
        Edit::Name(name) => request.display_name = Some(name.clone()),
        Edit::Lease(ms) => request.lease_duration = Some(to_duration(*ms)),
        Edit::MaxOpenTasks(tasks) => request.max_open_tasks = Some(*tasks),
        Edit::Staleness(episodes) => request.max_staleness_episodes = Some(*episodes),
        Edit::Mastery(threshold) => request.mastery_threshold = Some(*threshold),
        Edit::AlpGmm { fit_rate, random_task_ratio, max_components, fit_lag_episodes } => {
            request.alp_gmm = Some(AlpGmmEdit {
                fit_rate: *fit_rate,
                random_task_ratio: *random_task_ratio,
                max_components: *max_components,
                fit_lag_episodes: *fit_lag_episodes,
                ..Default::default()
            });
        }
        Edit::Together { paused, random_task_ratio } => {
            request.paused = Some(*paused);
            request.display_name = Some(format!("paused: {paused}"));
            request.alp_gmm =
                Some(AlpGmmEdit { random_task_ratio: Some(*random_task_ratio), ..Default::default() });
        }
    }
    request
}

fn task_name(twin: &Twin, which: &Which) -> String {
    let last = twin.task_count();
    match which {
        // Before the first task there is none: then it is an unknown one.
        Which::Recent(before) => format!("{NAME}/tasks/{}", last.saturating_sub(*before).max(1)),
        Which::Unknown(after) => format!("{NAME}/tasks/{}", last + after),
        Which::Foreign => "curricula/another/tasks/1".into(),
    }
}

fn outcomes(twin: &Twin, reports: &[Report]) -> Vec<v1::EpisodeOutcome> {
    reports.iter().map(|report| outcome(twin, report)).collect()
}

fn outcome(twin: &Twin, report: &Report) -> v1::EpisodeOutcome {
    let parameters = |x: f64, n: i64| {
        let values = [
            ("x".to_owned(), v1::parameter_value::Value::Number(x)),
            ("n".to_owned(), v1::parameter_value::Value::Integer(n)),
        ];
        let values = values.map(|(name, value)| (name, v1::ParameterValue { value: Some(value) }));
        Some(v1::Parameters { values: values.into() })
    };
    let mut outcome = v1::EpisodeOutcome::default();
    match &report.subject {
        Subject::Nothing => {}
        Subject::HandedOut(which) => outcome.task = task_name(twin, which),
        Subject::PlayedAt(which, x, n) => {
            outcome.task = task_name(twin, which);
            outcome.parameters = parameters(*x, *n);
        }
        Subject::Unsolicited { student, x, n } => {
            outcome.parameters = parameters(*x, *n);
            outcome.student = student_name(*student);
            outcome.worker = "a log".into();
        }
    }
    outcome.outcome = match report.result {
        Outcome::Missing => None,
        Outcome::Infeasible => {
            let infeasible = episode_outcome::Infeasible { message: "no room".into() };
            Some(episode_outcome::Outcome::Infeasible(infeasible))
        }
        Outcome::Abandoned => {
            let abandoned = episode_outcome::Abandoned { message: "gone".into() };
            Some(episode_outcome::Outcome::Abandoned(abandoned))
        }
        Outcome::Completed { episode_return, detailed } => {
            let completed = episode_outcome::Completed {
                episode_return,
                length: detailed.then_some(17),
                end: if detailed { episode_outcome::End::Truncated.into() } else { 0 },
                success: detailed.then_some(false),
                student_step: detailed.then_some(1 << 40),
            };
            Some(episode_outcome::Outcome::Completed(completed))
        }
    };
    outcome
}
