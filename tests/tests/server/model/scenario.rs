//! What is tried: settings of a curriculum, and calls that go by places in its history rather than by names, so that
//! any shortened sequence makes sense too.

use std::{fmt, ops::Range};

use proptest::{collection::vec, option, prelude::*, sample::select};

/// One curriculum and what happens to it.
#[derive(Clone)]
pub(crate) struct Scenario {
    pub(crate) settings: Settings,
    pub(crate) operations: Vec<Operation>,
}

impl fmt::Debug for Scenario {
    /// One line for each operation, also where a failure prints it widely.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:?}", self.settings)?;
        self.operations
            .iter()
            .enumerate()
            .try_for_each(|(number, operation)| writeln!(f, "{number}: {operation:?}"))
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) seed: u64,
    /// `None`: the Random teacher.
    pub(crate) alp_gmm: Option<AlpGmm>,
    pub(crate) return_range: Option<(f64, f64)>,
    pub(crate) lease_s: u32,
    pub(crate) max_open_tasks: u32,
    pub(crate) max_staleness_episodes: Option<u64>,
}

#[derive(Clone, Debug)]
pub(crate) struct AlpGmm {
    pub(crate) fit_rate: u32,
    pub(crate) fit_lag_episodes: u32,
    pub(crate) history_limit: Option<u64>,
    pub(crate) by_student: bool,
    pub(crate) warm_start: bool,
}

/// One thing that happens.
#[derive(Clone, Debug)]
pub(crate) enum Operation {
    Sample(Ask),
    Report(Vec<Report>, Option<u8>),
    /// Steps on a `Teach` stream, all sent before the first answer is read.
    Teach {
        student: u8,
        steps: Vec<(Vec<Report>, u32, Option<u8>)>,
    },
    /// The request with an id that came this many before, once more.
    Repeat(usize),
    /// The same in another student's name.
    RepeatAsAnother(usize),
    Update(Edit),
    PassMs(u64),
    Restart,
    Describe,
    ListEpisodes {
        student: Option<u8>,
        states: Vec<i32>,
        numbers: Option<Range<u64>>,
        newest_first: bool,
        page_size: i32,
    },
    ListFits {
        page_size: i32,
    },
    Distribution,
    Explain(Which),
}

#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) student: u8,
    pub(crate) count: u32,
    pub(crate) lease_ms: Option<u64>,
    pub(crate) request: Option<u8>,
}

/// Which task.
#[derive(Clone, Debug)]
pub(crate) enum Which {
    /// So many before the last one.
    Recent(u64),
    /// So many after the last one: there is none.
    Unknown(u64),
    /// One of another curriculum.
    Foreign,
}

#[derive(Clone, Debug)]
pub(crate) struct Report {
    pub(crate) subject: Subject,
    pub(crate) result: Outcome,
}

#[derive(Clone, Debug)]
pub(crate) enum Subject {
    HandedOut(Which),
    /// With other parameters than it was handed out with.
    PlayedAt(Which, f64, i64),
    Unsolicited {
        student: u8,
        x: f64,
        n: i64,
    },
    /// Neither a name nor parameters.
    Nothing,
}

#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    Completed { episode_return: f64, detailed: bool },
    Infeasible,
    Abandoned,
    Missing,
}

/// Changes, and with them one that is refused.
#[derive(Clone, Debug)]
pub(crate) enum Edit {
    Pause(bool),
    Name(String),
    Lease(u64),
    MaxOpenTasks(u32),
    Staleness(u64),
    Mastery(f64),
    AlpGmm {
        fit_rate: Option<u32>,
        random_task_ratio: Option<f64>,
        max_components: Option<u32>,
        fit_lag_episodes: Option<u32>,
    },
    /// Several at once.
    Together {
        paused: bool,
        random_task_ratio: f64,
    },
}

/// Scenarios of `length` operations on average; any shorter one is one too.
pub(crate) fn scenarios(length: usize) -> impl Strategy<Value = Scenario> {
    (settings(), vec(operation(), 0..=2 * length))
        .prop_map(|(settings, operations)| Scenario { settings, operations })
}

fn settings() -> impl Strategy<Value = Settings> {
    let alp_gmm = (3..9_u32, 0..6_u32, option::of(1..12_u64), any::<bool>(), any::<bool>()).prop_map(
        |(fit_rate, fit_lag_episodes, history_limit, by_student, warm_start)| AlpGmm {
            fit_rate,
            fit_lag_episodes,
            history_limit,
            by_student,
            warm_start,
        },
    );
    (
        0..4_u64,
        option::weighted(0.85, alp_gmm),
        option::of(Just((-5.0, 5.0))),
        select(vec![2_u32, 60, 3600]),
        select(vec![1_u32, 3, 6, 100]),
        option::weighted(0.3, 0..8_u64),
    )
        .prop_map(|(seed, alp_gmm, return_range, lease_s, max_open_tasks, max_staleness_episodes)| {
            Settings { seed, alp_gmm, return_range, lease_s, max_open_tasks, max_staleness_episodes }
        })
}

fn operation() -> impl Strategy<Value = Operation> {
    let teach = (student(), vec((vec(report(), 0..4), 0..3_u32, request()), 1..4));
    prop_oneof![
        20 => ask().prop_map(Operation::Sample),
        20 => (vec(report(), 0..6), request()).prop_map(|(reports, request)| Operation::Report(reports, request)),
        12 => teach.prop_map(|(student, steps)| Operation::Teach { student, steps }),
        8 => (0..5_usize).prop_map(Operation::Repeat),
        3 => (0..5_usize).prop_map(Operation::RepeatAsAnother),
        6 => edit().prop_map(Operation::Update),
        6 => select(vec![1_u64, 999, 1000, 1999, 2000, 2001, 60_000, 3_600_000, 90_000_000]).prop_map(Operation::PassMs),
        2 => Just(Operation::Restart),
        4 => Just(Operation::Describe),
        3 => list_episodes(),
        2 => (0..3).prop_map(|page_size| Operation::ListFits { page_size }),
        3 => Just(Operation::Distribution),
        4 => which().prop_map(Operation::Explain),
    ]
}

fn student() -> impl Strategy<Value = u8> {
    prop_oneof![3 => Just(0_u8), 1 => Just(1)]
}

/// Few ids, so that some come again with other fields.
fn request() -> impl Strategy<Value = Option<u8>> {
    option::weighted(0.4, 0..12_u8)
}

fn ask() -> impl Strategy<Value = Ask> {
    let lease_ms = option::weighted(0.2, select(vec![500_u64, 1000, 1500, 7_200_000]));
    (student(), 0..5_u32, lease_ms, request()).prop_map(|(student, count, lease_ms, request)| Ask {
        student,
        count,
        lease_ms,
        request,
    })
}

fn which() -> impl Strategy<Value = Which> {
    prop_oneof![
        40 => (0..8_u64).prop_map(Which::Recent),
        5 => (0..80_u64).prop_map(Which::Recent),
        1 => (1..3_u64).prop_map(Which::Unknown),
        1 => Just(Which::Foreign),
    ]
}

fn report() -> impl Strategy<Value = Report> {
    let at = || (select(vec![-1.0, 0.25, 1.5, 3.0]), 0..=4_i64);
    let subject = prop_oneof![
        30 => which().prop_map(Subject::HandedOut),
        3 => (which(), at()).prop_map(|(which, (x, n))| Subject::PlayedAt(which, x, n)),
        5 => (student(), at()).prop_map(|(student, (x, n))| Subject::Unsolicited { student, x, n }),
        1 => Just(Subject::Unsolicited { student: 0, x: 3.5, n: 0 }),
        1 => Just(Subject::Unsolicited { student: 0, x: 0.0, n: 5 }),
        1 => Just(Subject::Nothing),
    ];
    let episode_return = select(vec![-7.5, -1.0, 0.0, 0.1, 2.5, 4.0, 1e300]);
    let result = prop_oneof![
        40 => (episode_return, any::<bool>())
            .prop_map(|(episode_return, detailed)| Outcome::Completed { episode_return, detailed }),
        5 => Just(Outcome::Infeasible),
        5 => Just(Outcome::Abandoned),
        1 => Just(Outcome::Missing),
        1 => Just(Outcome::Completed { episode_return: f64::NAN, detailed: false }),
    ];
    (subject, result).prop_map(|(subject, result)| Report { subject, result })
}

fn edit() -> impl Strategy<Value = Edit> {
    let alp_gmm = (
        option::of(2..9_u32),
        option::of(select(vec![0.0, 0.3, 1.0, 1.5])),
        option::of(1..5_u32),
        option::of(0..4_u32),
    );
    prop_oneof![
        3 => Just(Edit::Pause(true)),
        4 => Just(Edit::Pause(false)),
        1 => select(vec!["", "Läufer <1>"]).prop_map(|name| Edit::Name(name.into())),
        2 => select(vec![999_u64, 1000, 5000, 3_600_000]).prop_map(Edit::Lease),
        2 => select(vec![0_u32, 1, 4, 100]).prop_map(Edit::MaxOpenTasks),
        1 => (0..6_u64).prop_map(Edit::Staleness),
        1 => select(vec![1.0, f64::INFINITY]).prop_map(Edit::Mastery),
        3 => alp_gmm.prop_map(|(fit_rate, random_task_ratio, max_components, fit_lag_episodes)| {
            Edit::AlpGmm { fit_rate, random_task_ratio, max_components, fit_lag_episodes }
        }),
        1 => (any::<bool>(), select(vec![0.5, 2.0]))
            .prop_map(|(paused, random_task_ratio)| Edit::Together { paused, random_task_ratio }),
    ]
}

fn list_episodes() -> impl Strategy<Value = Operation> {
    let numbers = option::weighted(0.3, (0..12_u64, 0..12_u64).prop_map(|(from, count)| from..from + count));
    (option::weighted(0.3, student()), vec(2..=5_i32, 0..3), numbers, any::<bool>(), 0..6_i32).prop_map(
        |(student, states, numbers, newest_first, page_size)| Operation::ListEpisodes {
            student,
            states,
            numbers,
            newest_first,
            page_size,
        },
    )
}
