//! The commonest mistakes, one by one: the reason, the field that is blamed, and what people read.

use std::collections::BTreeMap;

use magister_proto::v1;
use magister_tests::{Client, Refusal, TestServer, alp_gmm_request, completed, continuous};
use tonic::Code;
use v1::{
    ErrorReason,
    dimension::{Categorical, Continuous, Integer, Kind, LogScaled},
    parameter_value::{Integers, Numbers, Value},
    teacher_spec::Algorithm,
};

type Change<T> = Box<dyn Fn(&mut T)>;

/// A mistake, the reason and the field it must be refused with, and the whole message where people meet it
/// often.
struct Mistake<T> {
    change: Change<T>,
    reason: ErrorReason,
    field: &'static str,
    message: Option<&'static str>,
}

fn mistake<T>(reason: ErrorReason, field: &'static str, change: impl Fn(&mut T) + 'static) -> Mistake<T> {
    Mistake { change: Box::new(change), reason, field, message: None }
}

impl<T> Mistake<T> {
    fn saying(self, message: &'static str) -> Self {
        Self { message: Some(message), ..self }
    }

    fn check(&self, refusal: &Refusal) {
        let fields: Vec<&str> = refusal.fields.iter().map(String::as_str).collect();
        assert_eq!(
            (refusal.reason, fields.as_slice()),
            (self.reason, &[self.field][..]),
            "{}",
            refusal.message
        );
        if let Some(message) = self.message {
            assert_eq!(refusal.message, message);
        }
    }
}

// ---- CreateCurriculum

fn dimensions(change: impl Fn(&mut Vec<v1::Dimension>) + 'static) -> impl Fn(&mut v1::Curriculum) {
    move |curriculum| change(&mut curriculum.space.get_or_insert_default().dimensions)
}

fn second(kind: Kind) -> impl Fn(&mut v1::Curriculum) {
    dimensions(move |dimensions| dimensions[1].kind = Some(kind.clone()))
}

fn alp_gmm(change: impl Fn(&mut v1::AlpGmm) + 'static) -> impl Fn(&mut v1::Curriculum) {
    move |curriculum| {
        let teacher = curriculum.teacher.get_or_insert_default();
        let mut params = v1::AlpGmm::default();
        change(&mut params);
        teacher.algorithm = Some(Algorithm::AlpGmm(params));
    }
}

fn space_mistakes() -> Vec<Mistake<v1::Curriculum>> {
    let refused = |field, change: Change<v1::Curriculum>| mistake(ErrorReason::InvalidSpace, field, change);
    let bounds = |low, high| Kind::Continuous(Continuous { low, high });
    let log = |low, high| Kind::LogScaled(LogScaled { low, high });
    let integer = |low, high| Kind::Integer(Integer { low, high });
    vec![
        refused("curriculum.space.dimensions", Box::new(|curriculum| curriculum.space = None)),
        refused("curriculum.space.dimensions", Box::new(dimensions(Vec::clear)))
            .saying("curriculum.space.dimensions: a task space needs at least one dimension"),
        refused(
            "curriculum.space.dimensions",
            Box::new(dimensions(|dimensions| {
                *dimensions = (0..65).map(|index| continuous(&format!("d{index}"), 0.0, 1.0)).collect();
            })),
        )
        .saying("curriculum.space.dimensions: a task space may span at most 64 axes, this one has 65"),
        refused(
            "curriculum.space.dimensions",
            Box::new(dimensions(|dimensions| {
                dimensions[0].size = Some(60);
                dimensions[1].size = Some(5);
            })),
        ),
        refused(
            "curriculum.space.dimensions[1].name",
            Box::new(dimensions(|dimensions| dimensions[1].name = "height".to_owned())),
        )
        .saying(
            "curriculum.space.dimensions[1].name: dimension 1 (\"height\"): name is used by an \
             earlier dimension",
        ),
        refused("curriculum.space.dimensions[1].name", Box::new(dimensions(|d| d[1].name = String::new()))),
        refused("curriculum.space.dimensions[1].name", Box::new(dimensions(|d| d[1].name = " a".to_owned()))),
        refused(
            "curriculum.space.dimensions[1].name",
            Box::new(dimensions(|d| d[1].name = "a\n".to_owned())),
        ),
        refused("curriculum.space.dimensions[1].name", Box::new(dimensions(|d| d[1].name = "a".repeat(65)))),
        refused("curriculum.space.dimensions[1].kind", Box::new(dimensions(|d| d[1].kind = None))).saying(
            "curriculum.space.dimensions[1].kind: is missing: give continuous, log_scaled or integer",
        ),
        refused("curriculum.space.dimensions[1].continuous.high", Box::new(second(bounds(2.0, 2.0)))).saying(
            "curriculum.space.dimensions[1].continuous.high: dimension 1 (\"gap\"): high is 2; it \
             must be above low, 2",
        ),
        refused("curriculum.space.dimensions[1].continuous.high", Box::new(second(bounds(3.0, 2.0)))),
        refused("curriculum.space.dimensions[1].continuous.low", Box::new(second(bounds(f64::NAN, 2.0)))),
        refused(
            "curriculum.space.dimensions[1].continuous.high",
            Box::new(second(bounds(0.0, f64::INFINITY))),
        ),
        refused(
            "curriculum.space.dimensions[1].continuous.high",
            Box::new(second(bounds(f64::MIN, f64::MAX))),
        ),
        refused("curriculum.space.dimensions[1].log_scaled.low", Box::new(second(log(0.0, 2.0)))).saying(
            "curriculum.space.dimensions[1].log_scaled.low: dimension 1 (\"gap\"): low is 0; a \
             log-scaled dimension lies above 0",
        ),
        refused("curriculum.space.dimensions[1].log_scaled.low", Box::new(second(log(-1.0, 2.0)))),
        refused("curriculum.space.dimensions[1].integer.high", Box::new(second(integer(4, 4)))),
        refused("curriculum.space.dimensions[1].integer.low", Box::new(second(integer(i64::MIN, 4)))),
        refused("curriculum.space.dimensions[1].integer.high", Box::new(second(integer(0, i64::MAX)))),
        refused("curriculum.space.dimensions[1].size", Box::new(dimensions(|d| d[1].size = Some(0)))),
        refused("curriculum.space.dimensions[1].size", Box::new(dimensions(|d| d[1].size = Some(u32::MAX)))),
        refused(
            "curriculum.space.dimensions[1].distance_scale",
            Box::new(dimensions(|d| d[1].distance_scale = Some(0.0))),
        ),
        refused(
            "curriculum.space.dimensions[1].distance_scale",
            Box::new(dimensions(|d| d[1].distance_scale = Some(f64::NAN))),
        ),
    ]
}

fn teacher_mistakes() -> Vec<Mistake<v1::Curriculum>> {
    fn refused(field: &'static str, change: impl Fn(&mut v1::AlpGmm) + 'static) -> Mistake<v1::Curriculum> {
        mistake(ErrorReason::InvalidTeacher, field, alp_gmm(change))
    }
    let linfa = i32::from(v1::alp_gmm::MixtureEngine::Linfa);
    vec![
        mistake(
            ErrorReason::InvalidTeacher,
            "curriculum.teacher.algorithm",
            |curriculum: &mut v1::Curriculum| {
                curriculum.teacher = None;
            },
        )
        .saying("curriculum.teacher.algorithm: is missing: give random, alp_gmm, covar_gmm, riac, oracle or currot"),
        refused("curriculum.teacher.alp_gmm.fit_rate", |params| params.fit_rate = Some(1)),
        refused("curriculum.teacher.alp_gmm.fit_rate", |params| params.fit_rate = Some(u32::MAX)),
        refused("curriculum.teacher.alp_gmm.bootstrap_episodes", |p| p.bootstrap_episodes = Some(0)),
        refused("curriculum.teacher.alp_gmm.random_task_ratio", |p| p.random_task_ratio = Some(1.5))
            .saying("curriculum.teacher.alp_gmm.random_task_ratio: is 1.5; it must lie between 0 and 1"),
        refused("curriculum.teacher.alp_gmm.random_task_ratio", |p| p.random_task_ratio = Some(f64::NAN)),
        refused("curriculum.teacher.alp_gmm.min_components", |params| params.min_components = Some(0)),
        refused("curriculum.teacher.alp_gmm.max_components", |params| params.max_components = Some(1)),
        refused("curriculum.teacher.alp_gmm.max_components", |params| params.max_components = Some(65)),
        refused("curriculum.teacher.alp_gmm.criterion", |params| params.criterion = 4),
        refused("curriculum.teacher.alp_gmm.em_initialisations", |p| p.em_initialisations = Some(101)),
        refused("curriculum.teacher.alp_gmm.warm_start", move |params| {
            (params.warm_start, params.engine) = (Some(true), linfa);
        })
        .saying(
            "curriculum.teacher.alp_gmm.warm_start: is not possible with this engine: choose `em`, \
             or no warm start",
        ),
        refused("curriculum.teacher.alp_gmm.history_limit", |params| params.history_limit = Some(0)),
        refused("curriculum.teacher.alp_gmm.fit_lag_episodes", |p| p.fit_lag_episodes = Some(100_001)),
        refused("curriculum.teacher.alp_gmm.alp_scope", |params| params.alp_scope = -1),
        refused("curriculum.teacher.alp_gmm.engine", |params| params.engine = i32::MAX),
        refused("curriculum.teacher.alp_gmm.regularisation", |params| params.regularisation = Some(0.0)),
        refused("curriculum.teacher.alp_gmm.tolerance", |params| params.tolerance = Some(f64::INFINITY)),
        refused("curriculum.teacher.alp_gmm.regularisation", |p| p.regularisation = Some(1e-308)),
        refused("curriculum.teacher.alp_gmm.tolerance", |params| params.tolerance = Some(f64::from_bits(1))),
        refused("curriculum.teacher.alp_gmm.max_iterations", |params| params.max_iterations = Some(0)),
        refused("curriculum.teacher.alp_gmm.initial.covariance", |params| {
            params.initial =
                Some(v1::alp_gmm::InitialGaussian { mean: Some(point(1.0, 1.0)), covariance: vec![0.1; 3] });
        })
        .saying(
            "curriculum.teacher.alp_gmm.initial.covariance: has 3 numbers; it must have 2 \
             (variances) or 4 (covariances, row by row)",
        ),
        refused("curriculum.teacher.alp_gmm.initial.covariance", |params| {
            params.initial = Some(v1::alp_gmm::InitialGaussian {
                mean: Some(point(1.0, 1.0)),
                covariance: vec![0.1, f64::NAN],
            });
        }),
    ]
}

fn other_mistakes() -> Vec<Mistake<v1::Curriculum>> {
    fn refused(
        field: &'static str,
        change: impl Fn(&mut v1::Curriculum) + 'static,
    ) -> Mistake<v1::Curriculum> {
        mistake(ErrorReason::InvalidRequest, field, change)
    }
    let range = |low, high| Some(v1::curriculum::ReturnRange { low, high });
    let lease = |seconds, nanos| Some(prost_types::Duration { seconds, nanos });
    let list = |tasks| {
        Some(v1::TestSet { tasks: Some(v1::test_set::Tasks::List(v1::test_set::TaskList { tasks })) })
    };
    let uniform = |count| Some(v1::TestSet { tasks: Some(v1::test_set::Tasks::UniformCount(count)) });
    vec![
        refused("curriculum.return_range.high", move |c| c.return_range = range(1.0, 1.0)),
        refused("curriculum.return_range.low", move |c| c.return_range = range(f64::NAN, 1.0)),
        refused("curriculum.return_range.high", move |c| c.return_range = range(f64::MIN, f64::MAX)),
        refused("curriculum.display_name", |c| c.display_name = "é".repeat(129)),
        refused("curriculum.mastery_threshold", |c| c.mastery_threshold = Some(f64::NEG_INFINITY)),
        refused("curriculum.lease_duration", move |c| c.lease_duration = lease(0, 999_999_999)),
        refused("curriculum.lease_duration", move |c| c.lease_duration = lease(-5, 0)),
        refused("curriculum.lease_duration", move |c| c.lease_duration = lease(5, -1)),
        refused("curriculum.lease_duration", move |c| c.lease_duration = lease(5, 1_000_000_000)),
        refused("curriculum.lease_duration", move |c| c.lease_duration = lease(30 * 24 * 3600, 1_000_000)),
        refused("curriculum.max_open_tasks", |c| c.max_open_tasks = Some(0)),
        refused("curriculum.max_open_tasks", |c| c.max_open_tasks = Some(1_000_001)),
        mistake(ErrorReason::InvalidTask, "curriculum.test_set", |c: &mut v1::Curriculum| {
            c.test_set = Some(v1::TestSet::default());
        }),
        mistake(
            ErrorReason::InvalidTask,
            "curriculum.test_set.uniform_count",
            move |c: &mut v1::Curriculum| {
                c.test_set = uniform(10_001);
            },
        ),
        mistake(ErrorReason::InvalidTask, "curriculum.test_set.list", move |c: &mut v1::Curriculum| {
            c.test_set = list(Vec::new());
        }),
        mistake(
            ErrorReason::InvalidTask,
            "curriculum.test_set.list.tasks[1].values[\"gap\"]",
            move |c: &mut v1::Curriculum| {
                let mut without = point(1.0, 1.0);
                without.values.remove("gap");
                c.test_set = list(vec![point(1.0, 1.0), without]);
            },
        ),
    ]
}

fn point(height: f64, gap: f64) -> v1::Parameters {
    let value = |number| v1::ParameterValue { value: Some(Value::Number(number)) };
    let values = [("height".to_owned(), value(height)), ("gap".to_owned(), value(gap))];
    v1::Parameters { values: BTreeMap::from(values) }
}

fn request(id: &str) -> v1::CreateCurriculumRequest {
    alp_gmm_request(id, vec![continuous("height", 0.0, 3.0), continuous("gap", 0.0, 6.0)], 50)
}

async fn refusal_of_create(client: &mut Client, request: v1::CreateCurriculumRequest) -> Refusal {
    Refusal::of(&client.create_curriculum(request).await.unwrap_err())
}

#[tokio::test]
async fn mistakes_in_a_curriculum_are_named() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    for mistake in [space_mistakes(), teacher_mistakes(), other_mistakes()].into_iter().flatten() {
        let mut request = request("walker");
        (mistake.change)(request.curriculum.as_mut().unwrap());
        mistake.check(&refusal_of_create(&mut client, request).await);
    }
    let listed = client.list_curricula(v1::ListCurriculaRequest::default()).await.unwrap().into_inner();
    assert_eq!(listed.curricula, [], "none of them was made");
}

#[tokio::test]
async fn the_edges_of_the_ranges_are_taken() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let lease = |seconds, nanos| Some(prost_types::Duration { seconds, nanos });
    let edges: Vec<Change<v1::Curriculum>> = vec![
        Box::new(move |c| c.lease_duration = lease(1, 0)),
        Box::new(move |c| c.lease_duration = lease(1, 999_999_999)),
        Box::new(move |c| c.lease_duration = lease(30 * 24 * 3600, 0)),
        Box::new(|c| c.max_open_tasks = Some(1_000_000)),
        Box::new(|c| c.max_staleness_episodes = Some(u64::MAX)),
        Box::new(|c| c.seed = u64::MAX),
        Box::new(|c| c.display_name = "\0".repeat(256)),
        Box::new(|c| c.mastery_threshold = Some(f64::MAX)),
        Box::new(second(Kind::Continuous(Continuous { low: 0.0, high: f64::from_bits(1) }))),
        Box::new(second(Kind::Continuous(Continuous { low: 0.0, high: f64::MAX }))),
        Box::new(second(Kind::Integer(Integer { low: -(1 << 53), high: 1 << 53 }))),
        Box::new(dimensions(|d| (d[1].name, d[1].size) = ("🦿".repeat(64), Some(63)))),
        Box::new(alp_gmm(|params| (params.fit_rate, params.history_limit) = (Some(100_000), Some(u64::MAX)))),
        Box::new(alp_gmm(|params| params.em_initialisations = Some(100))),
    ];
    for (index, edge) in edges.iter().enumerate() {
        let mut request = request(&format!("edge-{index:02}"));
        edge(request.curriculum.as_mut().unwrap());
        let created = client.create_curriculum(request).await.unwrap().into_inner();
        let name = created.name.clone();
        let ask = v1::SampleTasksRequest { curriculum: name.clone(), count: 2, ..Default::default() };
        let tasks = client.sample_tasks(ask).await.unwrap().into_inner().tasks;
        let outcomes = vec![completed(&tasks[0], 1.0), completed(&tasks[1], f64::MAX)];
        let tell = v1::ReportEpisodesRequest { curriculum: name, outcomes, ..Default::default() };
        client.report_episodes(tell).await.unwrap();
    }
    let before = client.list_curricula(v1::ListCurriculaRequest::default()).await.unwrap().into_inner();
    let server = server.restart().await;
    let mut client = server.client().await;
    let after = client.list_curricula(v1::ListCurriculaRequest::default()).await.unwrap().into_inner();
    assert_eq!(before, after);
}

#[tokio::test]
async fn a_categorical_dimension_is_not_of_this_release() {
    let server = TestServer::start().await;
    let mut request = request("walker");
    let categories = vec!["lava".to_owned(), "ice".to_owned()];
    second(Kind::Categorical(Categorical { categories }))(request.curriculum.as_mut().unwrap());
    let refusal = refusal_of_create(&mut server.client().await, request).await;
    assert_eq!(refusal.reason, ErrorReason::NotImplemented);
    assert_eq!(refusal.message, "a categorical dimension is part of the contract and not of this release");
}

#[tokio::test]
async fn a_name_is_taken_once() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let created = client.create_curriculum(request("walker")).await.unwrap().into_inner();
    let mut other = request("walker");
    other.curriculum.as_mut().unwrap().seed = 99;
    let refusal = refusal_of_create(&mut client, other).await;
    assert_eq!(refusal.reason, ErrorReason::CurriculumExists);
    assert_eq!(refusal.message, "curriculum \"walker\" exists already: open it, or choose another id");
    let get = v1::GetCurriculumRequest { name: "curricula/walker".to_owned() };
    assert_eq!(client.get_curriculum(get).await.unwrap().into_inner(), created, "it is untouched");

    let first = v1::CreateCurriculumRequest { request_id: "make".to_owned(), ..request("runner") };
    let made = client.create_curriculum(first.clone()).await.unwrap().into_inner();
    assert_eq!(client.create_curriculum(first.clone()).await.unwrap().into_inner(), made, "a retry finds it");
    let mut changed = first;
    changed.curriculum.as_mut().unwrap().seed = 99;
    assert_eq!(refusal_of_create(&mut client, changed).await.reason, ErrorReason::RequestIdReused);
}

// ---- names, pages, asks

#[tokio::test]
async fn names_and_pages_are_checked() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    for id in ["", "-a", "a/b", "a b", "ä", "a\0", &"a".repeat(64), &"a".repeat(100_000)] {
        let refusal = refusal_of_create(&mut client, request(id)).await;
        assert_eq!(refusal.reason, ErrorReason::InvalidName);
        assert_eq!(refusal.fields, ["curriculum_id"]);
    }
    for name in ["", "walker", "curricula/", "curricula/a/b", &"é".repeat(100_000), &"\0".repeat(100_000)] {
        let get = v1::GetCurriculumRequest { name: name.to_owned() };
        let refusal = Refusal::of(&client.get_curriculum(get).await.unwrap_err());
        assert_eq!((refusal.reason, refusal.fields), (ErrorReason::InvalidName, vec!["name".to_owned()]));
        let delete = v1::DeleteCurriculumRequest { name: name.to_owned() };
        assert_eq!(
            Refusal::of(&client.delete_curriculum(delete).await.unwrap_err()).reason,
            ErrorReason::InvalidName
        );
        let look = v1::GetDistributionRequest { curriculum: name.to_owned(), fit: 0 };
        assert_eq!(Refusal::of(&client.get_distribution(look).await.unwrap_err()).fields, ["curriculum"]);
        let curriculum = || name.to_owned();
        let density = v1::GetDensityRequest { curriculum: curriculum(), axes: vec![0], ..Default::default() };
        let points = v1::ListEpisodePointsRequest { curriculum: curriculum(), ..Default::default() };
        let progress = v1::GetProgressRequest { curriculum: curriculum(), ..Default::default() };
        let diagnose = v1::DiagnoseRequest { curriculum: curriculum(), ..Default::default() };
        for refused in [
            client.get_density(density).await.unwrap_err(),
            client.list_episode_points(points).await.unwrap_err(),
            client.get_progress(progress).await.unwrap_err(),
            client.diagnose(diagnose).await.unwrap_err(),
        ] {
            let refusal = Refusal::of(&refused);
            assert_eq!(
                (refusal.reason, refusal.fields.join("")),
                (ErrorReason::InvalidName, "curriculum".into())
            );
        }
    }
    let get = v1::GetCurriculumRequest { name: "curricula/walker".to_owned() };
    let refusal = Refusal::of(&client.get_curriculum(get).await.unwrap_err());
    assert_eq!(refusal.reason, ErrorReason::CurriculumNotFound);
    assert_eq!(refusal.message, "there is no curriculum \"walker\"");

    for page_size in [-1, 1001, i32::MIN, i32::MAX] {
        let list = v1::ListCurriculaRequest { page_size, ..Default::default() };
        let refusal = Refusal::of(&client.list_curricula(list).await.unwrap_err());
        assert_eq!(
            (refusal.reason, refusal.fields),
            (ErrorReason::InvalidRequest, vec!["page_size".to_owned()])
        );
    }
    for page_token in ["x", " ", &"\u{1}".repeat(100_000)] {
        let list = v1::ListCurriculaRequest { page_token: page_token.to_owned(), ..Default::default() };
        let refusal = Refusal::of(&client.list_curricula(list).await.unwrap_err());
        assert_eq!(
            (refusal.reason, refusal.fields),
            (ErrorReason::InvalidPageToken, vec!["page_token".to_owned()])
        );
    }
}

fn ask_mistakes() -> Vec<Mistake<v1::SampleTasksRequest>> {
    fn refused(
        field: &'static str,
        change: impl Fn(&mut v1::SampleTasksRequest) + 'static,
    ) -> Mistake<v1::SampleTasksRequest> {
        mistake(ErrorReason::InvalidRequest, field, change)
    }
    let lease = |seconds, nanos| Some(prost_types::Duration { seconds, nanos });
    vec![
        refused("count", |ask| ask.count = 1001)
            .saying("count: is 1001; ask for at most 1000 tasks at a time"),
        refused("count", |ask| ask.count = u32::MAX),
        refused("student", |ask| ask.student = "é".repeat(65)),
        refused("worker", |ask| ask.worker = "w".repeat(129)),
        refused("request_id", |ask| ask.request_id = "r".repeat(129)),
        refused("lease_duration", move |ask| ask.lease_duration = lease(0, 0)),
        refused("lease_duration", move |ask| ask.lease_duration = lease(i64::MAX, i32::MAX)),
        refused("lease_duration", move |ask| ask.lease_duration = lease(5, 1_000_000_000)),
    ]
}

#[tokio::test]
async fn mistakes_in_an_ask_are_named() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let mut create = request("walker");
    create.curriculum.as_mut().unwrap().max_open_tasks = Some(3);
    client.create_curriculum(create).await.unwrap();
    let ask = v1::SampleTasksRequest { curriculum: "curricula/walker".to_owned(), ..Default::default() };
    for mistake in ask_mistakes() {
        let mut ask = ask.clone();
        (mistake.change)(&mut ask);
        mistake.check(&Refusal::of(&client.sample_tasks(ask).await.unwrap_err()));
    }
    assert_eq!(client.sample_tasks(ask.clone()).await.unwrap().into_inner().tasks.len(), 1, "0 counts as 1");
    let many = v1::SampleTasksRequest { count: 3, ..ask };
    let refusal = Refusal::of(&client.sample_tasks(many).await.unwrap_err());
    assert_eq!(refusal.reason, ErrorReason::TooManyOpenTasks);
    assert_eq!(
        refusal.message,
        "student \"\" holds 1 open tasks and may hold 3: report some, or raise max_open_tasks"
    );
}

// ---- ReportEpisodes

fn outcome_mistakes() -> Vec<Mistake<v1::EpisodeOutcome>> {
    use v1::episode_outcome::{Abandoned, Completed, Infeasible, Outcome};
    fn refused(
        field: &'static str,
        change: impl Fn(&mut v1::EpisodeOutcome) + 'static,
    ) -> Mistake<v1::EpisodeOutcome> {
        mistake(ErrorReason::InvalidOutcome, field, change)
    }
    fn completed(change: impl Fn(&mut Completed) + 'static) -> impl Fn(&mut v1::EpisodeOutcome) {
        move |outcome| {
            let mut completed = Completed::default();
            change(&mut completed);
            outcome.outcome = Some(Outcome::Completed(completed));
        }
    }
    fn played(field: &'static str, name: &'static str, value: Option<Value>) -> Mistake<v1::EpisodeOutcome> {
        mistake(ErrorReason::InvalidTask, field, move |outcome: &mut v1::EpisodeOutcome| {
            let mut parameters = point(1.0, 1.0);
            parameters.values.insert(name.to_owned(), v1::ParameterValue { value: value.clone() });
            outcome.parameters = Some(parameters);
        })
    }
    let long = || "é".repeat(513);
    vec![
        refused("outcomes[1].outcome", |outcome| outcome.outcome = None),
        refused("outcomes[1].completed.episode_return", completed(|c| c.episode_return = f64::NAN))
            .saying("outcomes[1].completed.episode_return: is NaN; a return must be a finite number"),
        refused("outcomes[1].completed.episode_return", completed(|c| c.episode_return = f64::INFINITY)),
        refused("outcomes[1].completed.end", completed(|c| c.end = 3)),
        refused("outcomes[1].completed.length", completed(|c| c.length = Some(u64::MAX))),
        refused("outcomes[1].completed.student_step", completed(|c| c.student_step = Some(1 << 63))),
        refused("outcomes[1].infeasible.message", move |outcome| {
            outcome.outcome = Some(Outcome::Infeasible(Infeasible { message: long() }));
        }),
        refused("outcomes[1].abandoned.message", move |outcome| {
            outcome.outcome = Some(Outcome::Abandoned(Abandoned { message: long() }));
        }),
        refused("outcomes[1].task", |outcome| outcome.task = String::new()),
        refused("outcomes[1].student", |outcome| {
            (outcome.task, outcome.parameters) = (String::new(), Some(point(1.0, 1.0)));
            outcome.student = "s".repeat(129);
        }),
        refused("outcomes[1].worker", |outcome| {
            (outcome.task, outcome.parameters) = (String::new(), Some(point(1.0, 1.0)));
            outcome.worker = "w".repeat(129);
        }),
        mistake(ErrorReason::InvalidName, "outcomes[1].task", |outcome: &mut v1::EpisodeOutcome| {
            outcome.task = "curricula/walker/tasks/0".to_owned();
        }),
        mistake(ErrorReason::TaskNotFound, "outcomes[1].task", |outcome: &mut v1::EpisodeOutcome| {
            outcome.task = "curricula/walker/tasks/77".to_owned();
        })
        .saying("curriculum \"walker\" has no task \"curricula/walker/tasks/77\" (outcomes[1])"),
        mistake(ErrorReason::TaskNotFound, "outcomes[1].task", |outcome: &mut v1::EpisodeOutcome| {
            outcome.task = format!("curricula/walker/tasks/{}", u64::MAX);
        }),
        mistake(ErrorReason::TaskNotFound, "outcomes[1].task", |outcome: &mut v1::EpisodeOutcome| {
            outcome.task = "curricula/runner/tasks/1".to_owned();
        })
        .saying("curriculum \"walker\" has no task \"curricula/runner/tasks/1\" (outcomes[1])"),
        mistake(
            ErrorReason::InvalidTask,
            "outcomes[1].parameters.values[\"height\"]",
            |outcome: &mut v1::EpisodeOutcome| outcome.parameters = Some(v1::Parameters::default()),
        ),
        played("outcomes[1].parameters.values[\"depth\"]", "depth", Some(Value::Number(1.0)))
            .saying("outcomes[1].parameters.values[\"depth\"]: is not a dimension of the task space"),
        played("outcomes[1].parameters.values[\"gap\"]", "gap", None),
        played("outcomes[1].parameters.values[\"gap\"]", "gap", Some(Value::Number(6.5)))
            .saying("outcomes[1].parameters.values[\"gap\"]: 6.5 lies outside [0, 6]"),
        played("outcomes[1].parameters.values[\"gap\"]", "gap", Some(Value::Number(f64::NAN))),
        played("outcomes[1].parameters.values[\"gap\"]", "gap", Some(Value::Integer(i64::MIN))),
        played("outcomes[1].parameters.values[\"gap\"]", "gap", Some(Value::Category("ice".to_owned()))),
        played(
            "outcomes[1].parameters.values[\"gap\"]",
            "gap",
            Some(Value::Numbers(Numbers { values: vec![1.0] })),
        ),
        played(
            "outcomes[1].parameters.values[\"gap\"]",
            "gap",
            Some(Value::Integers(Integers { values: Vec::new() })),
        ),
    ]
}

#[tokio::test]
async fn mistakes_in_a_report_are_named_and_refuse_the_batch() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    for id in ["walker", "runner"] {
        client.create_curriculum(request(id)).await.unwrap();
        let ask =
            v1::SampleTasksRequest { curriculum: format!("curricula/{id}"), count: 2, ..Default::default() };
        client.sample_tasks(ask).await.unwrap();
    }
    let get = v1::GetCurriculumRequest { name: "curricula/walker".to_owned() };
    let before = client.get_curriculum(get.clone()).await.unwrap().into_inner();
    let good = |number: u32| {
        completed(&v1::Task { name: format!("curricula/walker/tasks/{number}"), ..Default::default() }, 1.0)
    };
    let report = |outcomes| v1::ReportEpisodesRequest {
        curriculum: "curricula/walker".to_owned(),
        outcomes,
        ..Default::default()
    };
    for mistake in outcome_mistakes() {
        let mut bad = good(2);
        (mistake.change)(&mut bad);
        let refused = client.report_episodes(report(vec![good(1), bad])).await.unwrap_err();
        mistake.check(&Refusal::of(&refused));
    }
    for (field, outcomes) in [("outcomes", Vec::new()), ("outcomes", vec![good(1); 1001])] {
        let refusal = Refusal::of(&client.report_episodes(report(outcomes)).await.unwrap_err());
        assert_eq!((refusal.reason, refusal.fields), (ErrorReason::InvalidRequest, vec![field.to_owned()]));
    }
    assert_eq!(client.get_curriculum(get).await.unwrap().into_inner(), before);
}

/// A status travels in the headers of the reply, which clients bound to 8 KiB (gRPC's C core, hence Python)
/// or
/// 16 KiB.
#[tokio::test]
async fn a_thousand_mistakes_are_told_within_a_header() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    client.create_curriculum(request("walker")).await.unwrap();
    for name in ["x".repeat(4000), "🦿".repeat(1000), "\0".repeat(4000), "\"".repeat(4000)] {
        let unnamed = v1::EpisodeOutcome { task: name, ..Default::default() };
        let mut nameless = unnamed.clone();
        nameless.outcome = completed(&v1::Task::default(), 1.0).outcome;
        for outcome in [unnamed, nameless] {
            let report = v1::ReportEpisodesRequest {
                curriculum: "curricula/walker".to_owned(),
                outcomes: vec![outcome; 500],
                ..Default::default()
            };
            let status = client.report_episodes(report).await.unwrap_err();
            let refusal = Refusal::of(&status);
            assert_eq!(status.code(), Code::InvalidArgument);
            assert!(refusal.fields[0].starts_with("outcomes[0]."), "{:?}", refusal.fields);
            // Messages are percent-encoded, details are in base 64.
            let header_bytes = 3 * refusal.message.len() + status.details().len() * 4 / 3;
            assert!(header_bytes < 7 * 1024, "{header_bytes}");
        }
    }
}

#[tokio::test]
async fn an_export_or_import_without_a_name_says_so() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let statuses = [
        client.export_curriculum(v1::ExportCurriculumRequest::default()).await.map(drop),
        client
            .import_curriculum(tokio_stream::iter([v1::ImportCurriculumRequest::default()]))
            .await
            .map(drop),
        client.import_curriculum(tokio_stream::iter([])).await.map(drop),
    ];
    for (status, field) in statuses.into_iter().zip(["name", "curriculum_id", "curriculum_id"]) {
        let refusal = Refusal::of(&status.unwrap_err());
        assert_eq!((refusal.reason, refusal.fields), (ErrorReason::InvalidName, vec![field.to_owned()]));
    }
}
