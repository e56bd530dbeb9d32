//! Requests with ordinary and odd values in every field.

use std::collections::BTreeMap;

use magister_proto::v1;
use proptest::{
    collection::vec,
    option,
    prelude::{Just, Strategy, any},
    prop_oneof,
    sample::select,
    strategy::BoxedStrategy,
};
use prost_types::Duration;
use v1::{
    alp_gmm::InitialGaussian,
    curriculum::ReturnRange,
    dimension::{Categorical, Continuous, Integer, Kind, LogScaled},
    episode_outcome::{Abandoned, Completed, Infeasible, Outcome},
    parameter_value::{Integers, Numbers, Value},
    teacher_spec::Algorithm,
    test_set::{TaskList, Tasks},
};

use super::{barrage::HOME, calls::Call};

/// Mostly `usual`, so that one odd field is often alone.
fn mostly<T: std::fmt::Debug>(
    usual: impl Strategy<Value = T> + 'static,
    odd: impl Strategy<Value = T> + 'static,
) -> BoxedStrategy<T> {
    prop_oneof![12 => usual, 1 => odd].boxed()
}

fn odd_text() -> BoxedStrategy<String> {
    let fixed = [
        "",
        " ",
        "\0",
        "a\0b",
        "\u{7f}\u{1b}[31m",
        "\r\n\r\n",
        "größe 🦿 \u{202e}\u{fffd}",
        "'; DROP TABLE tasks; --",
        "\"quoted\\\"",
        "curricula/",
        "curricula//tasks/1",
        "curricula/../home",
        "%00%2e",
        "-a",
        ".",
    ];
    prop_oneof![
        8 => select(fixed.to_vec()).prop_map(str::to_owned),
        2 => select(vec![63, 64, 65, 128, 129, 256, 257, 1024, 1025])
            .prop_flat_map(|length| {
                let letters = select(vec!["x", "é", "\u{1}"]);
                letters.prop_map(move |letter| letter.repeat(length))
            }),
        1 => any::<String>(),
    ]
    .boxed()
}

fn odd_number() -> BoxedStrategy<f64> {
    let fixed = vec![
        f64::NAN,
        -f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MAX,
        f64::MIN,
        f64::MIN_POSITIVE,
        f64::from_bits(1),
        -f64::from_bits(1),
        f64::EPSILON,
        -0.0,
        0.0,
        1.0,
        1e-50,
        1e50,
        1e51,
        1e300,
        -1e300,
        9_007_199_254_740_993.0,
    ];
    prop_oneof![4 => select(fixed), 1 => proptest::num::f64::ANY].boxed()
}

fn odd_u32() -> BoxedStrategy<u32> {
    select(vec![0, 1, 2, 63, 64, 65, 101, 1000, 1001, 10_001, 100_001, 1_000_001, u32::MAX]).boxed()
}

fn odd_u64() -> BoxedStrategy<u64> {
    prop_oneof![select(vec![0, 1, i64::MAX as u64, 1 << 63, u64::MAX - 1, u64::MAX]), any::<u64>()].boxed()
}

fn odd_i32() -> BoxedStrategy<i32> {
    prop_oneof![select(vec![-1, 4, 5, 1000, 1001, i32::MIN, i32::MAX]), any::<i32>()].boxed()
}

fn odd_i64() -> BoxedStrategy<i64> {
    let fixed = vec![i64::MIN, -(1 << 53) - 1, -(1 << 53), -1, 0, 1, 1 << 53, (1 << 53) + 1, i64::MAX];
    prop_oneof![select(fixed), any::<i64>()].boxed()
}

/// Leases that are refused, or too long to run out during the test.
fn odd_lease() -> BoxedStrategy<Duration> {
    let lease = |(seconds, nanos)| Duration { seconds, nanos };
    select(
        [
            (0, 0),
            (-1, 0),
            (3600, -1),
            (3600, i32::MIN),
            (3600, 999_999_999),
            (3600, 1_000_000_000),
            (i64::MIN, i32::MIN),
            (i64::MAX, i32::MAX),
            (-3600, 999_999_999),
            (0, 999_999_999),
            (30 * 24 * 3600, 0),
            (30 * 24 * 3600, 1_000_000),
        ]
        .map(lease)
        .to_vec(),
    )
    .boxed()
}

/// Texts that are much longer than any may be; one of them in a request stays below the size of a message.
fn huge_text() -> BoxedStrategy<String> {
    select(vec!["x", "é", "\u{1}"]).prop_map(|letter| letter.repeat(100_000)).boxed()
}

fn text(usual: &'static str) -> BoxedStrategy<String> {
    mostly(Just(usual.to_owned()), odd_text())
}

fn request_id() -> BoxedStrategy<String> {
    mostly(select(vec!["", "", "", "one", "two"]).prop_map(str::to_owned), odd_text())
}

fn curriculum_name() -> BoxedStrategy<String> {
    mostly(
        Just(HOME.to_owned()),
        prop_oneof![
            4 => odd_text(),
            1 => huge_text(),
            1 => Just("curricula/nobody".to_owned()),
            1 => Just("home".to_owned())
        ],
    )
}

// ---- spaces and tasks

fn dimension() -> BoxedStrategy<v1::Dimension> {
    let name = mostly("[a-z]{1,8}", odd_text());
    let bounds = mostly(
        (-5.0..5.0, 0.1..9.0).prop_map(|(low, width)| (low, low + width)),
        (odd_number(), odd_number()),
    );
    let log_bounds = mostly(
        (0.1..5.0, 0.1..9.0).prop_map(|(low, width)| (low, low + width)),
        (odd_number(), odd_number()),
    );
    let integers =
        mostly((-5_i64..5, 1_i64..9).prop_map(|(low, width)| (low, low + width)), (odd_i64(), odd_i64()));
    let names = vec(mostly("[a-z]{1,3}", odd_text()), 0..4);
    let kind = prop_oneof![
        12 => bounds.prop_map(|(low, high)| Some(Kind::Continuous(Continuous { low, high }))),
        6 => log_bounds.prop_map(|(low, high)| Some(Kind::LogScaled(LogScaled { low, high }))),
        6 => integers.prop_map(|(low, high)| Some(Kind::Integer(Integer { low, high }))),
        1 => names.prop_map(|categories| Some(Kind::Categorical(Categorical { categories }))),
        1 => Just(None),
    ];
    let size = mostly(select(vec![None, None, Some(1), Some(3)]), odd_u32().prop_map(Some));
    let distance_scale = mostly(select(vec![None, None, Some(2.5)]), odd_number().prop_map(Some));
    (name, kind, size, distance_scale)
        .prop_map(|(name, kind, size, distance_scale)| v1::Dimension { name, kind, size, distance_scale })
        .boxed()
}

fn space() -> BoxedStrategy<Option<v1::TaskSpace>> {
    let count = prop_oneof![20 => 1..4_usize, 1 => select(vec![0, 2, 64, 65])];
    let dimensions = count.prop_flat_map(|count| vec(dimension(), count));
    mostly(dimensions.prop_map(|dimensions| Some(v1::TaskSpace { dimensions })), Just(None))
}

fn odd_value() -> BoxedStrategy<v1::ParameterValue> {
    let value = prop_oneof![
        odd_number().prop_map(|number| Some(Value::Number(number))),
        odd_i64().prop_map(|integer| Some(Value::Integer(integer))),
        odd_text().prop_map(|category| Some(Value::Category(category))),
        vec(odd_number(), 0..4).prop_map(|values| Some(Value::Numbers(Numbers { values }))),
        vec(odd_i64(), 0..4).prop_map(|values| Some(Value::Integers(Integers { values }))),
        Just(None),
    ];
    value.prop_map(|value| v1::ParameterValue { value }).boxed()
}

/// Parameters over the space of the barraged curriculum.
fn parameters() -> BoxedStrategy<v1::Parameters> {
    let value = |value| v1::ParameterValue { value: Some(value) };
    let height = mostly((0.0..=3.0).prop_map(move |number| value(Value::Number(number))), odd_value());
    let joints = mostly(
        (0_i64..=4, 0_i64..=4).prop_map(move |(first, second)| {
            value(Value::Integers(Integers { values: vec![first, second] }))
        }),
        odd_value(),
    );
    let speed = mostly((0.1..=10.0).prop_map(move |number| value(Value::Number(number))), odd_value());
    let more = mostly(Just(None), (odd_text(), odd_value()).prop_map(Some));
    (option::weighted(0.95, height), option::weighted(0.95, joints), option::weighted(0.95, speed), more)
        .prop_map(|(height, joints, speed, more)| {
            let named = [("height", height), ("joints", joints), ("größe 🦿", speed)];
            let mut values: BTreeMap<_, _> =
                named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
            values.extend(more);
            v1::Parameters { values }
        })
        .boxed()
}

// ---- CreateCurriculum

fn alp_gmm() -> BoxedStrategy<v1::AlpGmm> {
    let count = |usual: &'static [u32]| {
        mostly(
            option::of(select(usual.to_vec())),
            odd_u32().prop_filter("a hundred starts take long", |&count| count != 100).prop_map(Some),
        )
    };
    let share = |usual: f64| mostly(option::of(Just(usual)), odd_number().prop_map(Some));
    let kind = || mostly(0..3_i32, odd_i32());
    let initial = mostly(
        Just(None),
        (option::of(parameters()), vec(prop_oneof![Just(0.01), odd_number()], 0..10))
            .prop_map(|(mean, covariance)| Some(InitialGaussian { mean, covariance })),
    );
    let counts = (count(&[2, 3, 5, 8]), count(&[1, 4]), count(&[1, 2]), count(&[2, 3]), count(&[1, 2]));
    let limits = (count(&[0, 1, 7]), count(&[1, 50]), option::weighted(0.1, odd_u64()));
    let shares = (share(0.3), share(1e-6), share(1e-3));
    let kinds = (kind(), kind(), kind(), option::weighted(0.2, any::<bool>()));
    (counts, limits, shares, kinds, initial)
        .prop_map(|(counts, limits, shares, kinds, initial)| {
            let (fit_rate, bootstrap_episodes, min_components, max_components, em_initialisations) = counts;
            let (fit_lag_episodes, max_iterations, history_limit) = limits;
            let (random_task_ratio, regularisation, tolerance) = shares;
            let (criterion, alp_scope, engine, warm_start) = kinds;
            v1::AlpGmm {
                fit_rate,
                bootstrap_episodes,
                random_task_ratio,
                min_components,
                max_components,
                criterion,
                em_initialisations,
                warm_start,
                history_limit,
                initial,
                fit_lag_episodes,
                alp_scope,
                engine,
                regularisation,
                tolerance,
                max_iterations,
            }
        })
        .boxed()
}

fn teacher() -> BoxedStrategy<Option<v1::TeacherSpec>> {
    prop_oneof![
        20 => alp_gmm().prop_map(|alp_gmm| Some(Algorithm::AlpGmm(alp_gmm))),
        2 => Just(Some(Algorithm::Random(v1::RandomTeacher {}))),
        1 => Just(None),
    ]
    .prop_map(|algorithm| Some(v1::TeacherSpec { algorithm }))
    .boxed()
}

fn test_set() -> BoxedStrategy<Option<v1::TestSet>> {
    let tasks = prop_oneof![
        (1..5_u32).prop_map(|count| Some(Tasks::UniformCount(count))),
        select(vec![0, 10_001, u32::MAX]).prop_map(|count| Some(Tasks::UniformCount(count))),
        vec(parameters(), 0..3).prop_map(|tasks| Some(Tasks::List(TaskList { tasks }))),
        Just(None),
    ];
    mostly(Just(None), tasks.prop_map(|tasks| Some(v1::TestSet { tasks })))
}

fn curriculum() -> BoxedStrategy<v1::Curriculum> {
    let range = mostly(
        Just(None),
        (odd_number(), odd_number()).prop_map(|(low, high)| Some(ReturnRange { low, high })),
    );
    let threshold = mostly(option::of(Just(230.0)), odd_number().prop_map(Some));
    let lease = mostly(Just(None), odd_lease().prop_map(Some));
    let open = mostly(option::of(Just(1000)), odd_u32().prop_map(Some));
    let staleness = option::weighted(0.1, odd_u64());
    let fixed = (space(), teacher(), mostly(Just(7), odd_u64()), range, test_set());
    let live = (text("for people"), threshold, lease, open, staleness);
    // What is output only is ignored.
    let output = (mostly(Just(String::new()), odd_text()), mostly(Just(0), odd_i32()), odd_u64());
    (fixed, live, output)
        .prop_map(|(fixed, live, (name, state, position))| {
            let (space, teacher, seed, return_range, test_set) = fixed;
            let (display_name, mastery_threshold, lease_duration, max_open_tasks, max_staleness_episodes) =
                live;
            v1::Curriculum {
                name,
                display_name,
                space,
                teacher,
                seed,
                return_range,
                test_set,
                mastery_threshold,
                lease_duration,
                max_open_tasks,
                max_staleness_episodes,
                state,
                position,
                ..Default::default()
            }
        })
        .boxed()
}

pub(crate) fn create() -> BoxedStrategy<v1::CreateCurriculumRequest> {
    let id = mostly(
        select(vec!["fresh", "fresh-2"]).prop_map(str::to_owned),
        prop_oneof![odd_text(), Just("home".to_owned())],
    );
    (id, mostly(curriculum().prop_map(Some), Just(None)), request_id())
        .prop_map(|(curriculum_id, curriculum, request_id)| v1::CreateCurriculumRequest {
            curriculum_id,
            curriculum,
            request_id,
        })
        .boxed()
}

// ---- the other calls

fn sample() -> BoxedStrategy<v1::SampleTasksRequest> {
    let count = mostly(0..4_u32, select(vec![1001, 1_000_000, u32::MAX]));
    let lease = mostly(Just(None), odd_lease().prop_map(Some));
    (curriculum_name(), count, text("student"), text("worker"), request_id(), lease)
        .prop_map(|(curriculum, count, student, worker, request_id, lease_duration)| v1::SampleTasksRequest {
            curriculum,
            count,
            student,
            worker,
            request_id,
            lease_duration,
        })
        .boxed()
}

fn task_name() -> BoxedStrategy<String> {
    let odd_number = select(vec!["0", "01", "+1", "-1", "1.0", " 1", "", "1/", "18446744073709551616", "¹"]);
    prop_oneof![
        12 => (1..60_u64).prop_map(|number| format!("{HOME}/tasks/{number}")),
        1 => select(vec![1_000_000, i64::MAX as u64, 1 << 63, u64::MAX])
            .prop_map(|number| format!("{HOME}/tasks/{number}")),
        1 => odd_number.prop_map(|number| format!("{HOME}/tasks/{number}")),
        1 => (1..4_u64).prop_map(|number| format!("curricula/other/tasks/{number}")),
        1 => odd_text(),
        3 => Just(String::new()),
    ]
    .boxed()
}

fn outcome() -> BoxedStrategy<v1::EpisodeOutcome> {
    let completed = (
        mostly(-200.0..300.0, odd_number()),
        option::weighted(0.1, odd_u64()),
        mostly(0..3_i32, odd_i32()),
        option::of(any::<bool>()),
        option::weighted(0.1, odd_u64()),
    )
        .prop_map(|(episode_return, length, end, success, student_step)| {
            Some(Outcome::Completed(Completed { episode_return, length, end, success, student_step }))
        });
    let outcome = prop_oneof![
        20 => completed,
        2 => text("cannot be built").prop_map(|message| Some(Outcome::Infeasible(Infeasible { message }))),
        2 => text("stopped").prop_map(|message| Some(Outcome::Abandoned(Abandoned { message }))),
        1 => Just(None),
    ];
    (task_name(), option::weighted(0.3, parameters()), outcome, text("student"), text("worker"))
        .prop_map(|(task, parameters, outcome, student, worker)| v1::EpisodeOutcome {
            task,
            parameters,
            outcome,
            student,
            worker,
        })
        .boxed()
}

fn report() -> BoxedStrategy<v1::ReportEpisodesRequest> {
    let few = vec(outcome(), 0..4);
    let doubled = vec(outcome(), 1..4).prop_map(|outcomes| [outcomes.clone(), outcomes].concat());
    let many = outcome().prop_flat_map(|outcome| {
        select(vec![990, 1001]).prop_map(move |count| std::iter::repeat_n(outcome.clone(), count).collect())
    });
    let outcomes = prop_oneof![24 => few, 6 => doubled, 1 => many];
    (curriculum_name(), outcomes, request_id())
        .prop_map(|(curriculum, outcomes, request_id)| v1::ReportEpisodesRequest {
            curriculum,
            outcomes,
            request_id,
        })
        .boxed()
}

/// Any call but those that make or delete a curriculum of the barrage itself.
pub(crate) fn call() -> BoxedStrategy<Call> {
    let page_size = mostly(0..4_i32, odd_i32());
    let page_token = mostly(Just(String::new()), prop_oneof![odd_text(), huge_text()]);
    let fit = mostly(0..4_u64, odd_u64());
    let victim = mostly(
        Just("curricula/nobody".to_owned()),
        odd_text().prop_filter("the barraged one must stay", |name| name != HOME),
    );
    prop_oneof![
        6 => report().prop_map(Call::Report),
        4 => sample().prop_map(Call::Sample),
        1 => curriculum_name().prop_map(|name| Call::Get(v1::GetCurriculumRequest { name })),
        1 => victim.prop_map(|name| Call::Delete(v1::DeleteCurriculumRequest { name })),
        1 => (page_size, page_token).prop_map(|(page_size, page_token)| {
            Call::List(v1::ListCurriculaRequest { page_size, page_token })
        }),
        1 => (curriculum_name(), fit).prop_map(|(curriculum, fit)| {
            Call::Distribution(v1::GetDistributionRequest { curriculum, fit })
        }),
        2 => look(),
    ]
    .boxed()
}

/// A call that looks at a curriculum's past.
fn look() -> BoxedStrategy<Call> {
    let axes = mostly(vec(0..4_u32, 1..3), vec(odd_u32(), 0..5));
    let density = (curriculum_name(), mostly(0..4_u64, odd_u64()), axes, mostly(0..8_u32, odd_u32()));
    let episode = || option::of(prop_oneof![0..60_u64, odd_u64()]);
    let points = (curriculum_name(), episode(), episode(), mostly(0..20_u32, odd_u32()));
    let stopped_after = mostly(Just(None), odd_lease().prop_map(Some));
    prop_oneof![
        density.prop_map(|(curriculum, fit, axes, cells)| {
            Call::Density(v1::GetDensityRequest { curriculum, fit, axes, cells })
        }),
        points.prop_map(|(curriculum, from_episode, before_episode, max_points)| {
            Call::Points(v1::ListEpisodePointsRequest {
                curriculum,
                from_episode,
                before_episode,
                max_points,
            })
        }),
        (curriculum_name(), mostly(0..9_u32, odd_u32())).prop_map(|(curriculum, max_buckets)| {
            Call::Progress(v1::GetProgressRequest { curriculum, max_buckets })
        }),
        (curriculum_name(), stopped_after).prop_map(|(curriculum, stopped_after)| {
            Call::Diagnose(v1::DiagnoseRequest { curriculum, stopped_after })
        }),
    ]
    .boxed()
}

/// Outcomes for a curriculum's first tasks that strain its arithmetic.
pub(crate) fn returns() -> BoxedStrategy<Vec<f64>> {
    vec(prop_oneof![-100.0..100.0, odd_number().prop_filter("finite", |number| number.is_finite())], 4)
        .boxed()
}
