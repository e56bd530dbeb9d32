use super::{super::buckets::Sample, *};
use crate::store::FitBrief;

const START_MS: u64 = 1_000_000_000_000;
const SECOND_MS: u64 = 1000;

fn outcome(index: u64) -> LatestOutcome {
    LatestOutcome {
        position: 8001 + 2 * index,
        ending: Ending::Completed((index * 37 % 200) as f64),
        alp: Some((index % 3) as f64 / 10.0),
        late: false,
        accepted_ms: START_MS + index * SECOND_MS,
        staleness_episodes: Some(8),
    }
}

fn outcomes(number: u64, change: impl Fn(u64, &mut LatestOutcome)) -> Vec<LatestOutcome> {
    let changed = |index| {
        let mut outcome = outcome(index);
        change(index, &mut outcome);
        outcome
    };
    (0..number).map(changed).collect()
}

fn sample(number: u64, around: f64) -> Sample {
    let mut sample = Sample::default();
    for index in 0..number {
        sample.add(around + (index % 21) as f64 - 10.0);
    }
    sample
}

/// Of a run of 5,000 episodes, one a second, in which all is well.
fn healthy() -> Facts {
    Facts {
        now_ms: START_MS + 1005 * SECOND_MS,
        stopped_after_ms: None,
        paused: false,
        tasks: 5008,
        open_tasks: 8,
        episodes: 5000,
        first_task_ms: Some(START_MS - 4000 * SECOND_MS),
        fitting: Some(Fitting {
            fit_rate: 250,
            bootstrap_episodes: 250,
            fit_lag_episodes: 25,
            has_fit: true,
        }),
        last_fit: Some(FitBrief { number: 20, due_episode: 5000, effect_episode: 5025, components: 7 }),
        idle_fit: None,
        window_moves: None,
        return_range: Some((-150.0, 350.0)),
        mastery_threshold: Some(230.0),
        completed: 5000,
        extremes: Some((-20.0, 199.0)),
        last_progress_episode: Some(4999),
        latest: outcomes(1000, |_, _| ()),
        expired: 0,
        explored: (sample(210, 50.0), sample(230, 40.0)),
    }
}

/// Of a run whose first task was handed out so long ago and of which nothing was heard.
fn silent(seconds: u64) -> Facts {
    Facts {
        now_ms: START_MS + seconds * SECOND_MS,
        tasks: 3,
        open_tasks: 3,
        episodes: 0,
        first_task_ms: Some(START_MS),
        fitting: None,
        last_fit: None,
        completed: 0,
        extremes: None,
        last_progress_episode: None,
        latest: Vec::new(),
        explored: (Sample::default(), Sample::default()),
        ..healthy()
    }
}

fn fitting(fit_rate: u64, has_fit: bool) -> Option<Fitting> {
    Some(Fitting { fit_rate, bootstrap_episodes: 250, fit_lag_episodes: 25, has_fit })
}

/// What is to be found: kind, severity and words of the statement.
type Expected = (Kind, Severity, &'static str);

/// Checks what is found, in its order.
fn check(name: &str, facts: &Facts, expected: &[Expected]) {
    let found = findings(facts);
    let kinds: Vec<_> = found.iter().map(|finding| (finding.kind(), finding.severity())).collect();
    let wanted: Vec<_> = expected.iter().map(|&(kind, severity, _)| (kind, severity)).collect();
    assert_eq!(kinds, wanted, "{name}: {found:?}");
    for (finding, (_, _, words)) in found.iter().zip(expected) {
        assert!(finding.statement.contains(words), "{name}: {:?} does not say {words:?}", finding.statement);
        assert!(finding.advice.len() > 20, "{name}");
    }
}

#[test]
fn nothing_is_found_where_all_is_well() {
    check("healthy", &healthy(), &[]);
    let random = Facts {
        fitting: None,
        last_fit: None,
        last_progress_episode: None,
        latest: outcomes(1000, |_, outcome| outcome.alp = None),
        ..healthy()
    };
    check("Random has no ALP and fits nothing", &random, &[]);
    let moving = Facts { window_moves: Some((190.0, 50)), ..random.clone() };
    check("the Oracle's window moves", &moving, &[]);
    let young = Facts { window_moves: Some((230.0, 50)), latest: outcomes(99, |_, _| ()), ..random };
    check("the Oracle has decided nothing", &Facts { now_ms: START_MS + 100 * SECOND_MS, ..young }, &[]);
    let few = Facts {
        episodes: 15,
        completed: 15,
        latest: outcomes(15, |_, outcome| outcome.ending = Ending::Completed(400.0)),
        extremes: Some((400.0, 400.0)),
        explored: (sample(15, 400.0), Sample::default()),
        ..healthy()
    };
    let few = Facts { now_ms: START_MS + 20 * SECOND_MS, ..few };
    check("too few to tell", &few, &[]);
    let infeasible = outcomes(1000, |index, outcome| {
        if index % 20 == 0 {
            (outcome.ending, outcome.alp) = (Ending::Infeasible, None);
        }
    });
    check("a few infeasible ones", &Facts { latest: infeasible, ..healthy() }, &[]);
    let slow = outcomes(12, |index, outcome| outcome.accepted_ms = START_MS + index * 60 * SECOND_MS);
    let slow = Facts { now_ms: START_MS + (660 + 500) * SECOND_MS, latest: slow, ..healthy() };
    check("slow episodes", &slow, &[]);
    let batches = outcomes(1000, |index, outcome| {
        outcome.accepted_ms = START_MS + index / 64 * 600 * SECOND_MS + index % 64;
    });
    let batches = Facts { now_ms: START_MS + (9000 + 1200) * SECOND_MS, latest: batches, ..healthy() };
    check("batches", &batches, &[]);
    check("waiting for a first report", &silent(29), &[]);
}

#[test]
fn each_kind_is_found() {
    use Ending::{Abandoned, Completed, Infeasible, Stale};
    use Severity::{Note, Problem, Warning};
    let changed = |change: &dyn Fn(u64, &mut LatestOutcome)| outcomes(1000, change);
    let ending = |ending: Ending, but_every: u64| {
        changed(&|index, outcome| {
            if index % but_every != 0 {
                (outcome.ending, outcome.alp) = (ending, None);
            }
        })
    };
    let still = || changed(&|_, outcome| outcome.alp = Some(0.0));
    let of_returns =
        |returns: &dyn Fn(u64) -> f64| changed(&|index, outcome| outcome.ending = Completed(returns(index)));
    let late_by = |seconds: u64| START_MS + (999 + seconds) * SECOND_MS;
    let base = healthy;
    let table: Vec<(&str, Facts, Vec<Expected>)> = vec![
        ("not started", Facts { tasks: 0, ..silent(0) }, vec![(Kind::NotStarted, Note, "nobody has asked")]),
        (
            "paused before the start",
            Facts { tasks: 0, paused: true, ..silent(0) },
            vec![(Kind::Paused, Warning, "hands out no tasks"), (Kind::NotStarted, Note, "")],
        ),
        (
            "paused, silent for long",
            Facts { paused: true, now_ms: late_by(9000), ..base() },
            vec![(Kind::Paused, Warning, "")],
        ),
        (
            "never reported, so far",
            silent(31),
            vec![(Kind::NeverReported, Note, "tasks handed out: 3, the first 31 s ago; none was reported")],
        ),
        ("never reported", silent(600), vec![(Kind::NeverReported, Problem, "10 min ago")]),
        (
            "never reported, in time for the caller",
            Facts { stopped_after_ms: Some(60_000), ..silent(59) },
            vec![],
        ),
        (
            "never reported, too late for the caller",
            Facts { stopped_after_ms: Some(60_000), ..silent(60) },
            vec![(Kind::NeverReported, Problem, "60 s ago")],
        ),
        (
            "never reported, leases over",
            Facts { expired: 3, open_tasks: 0, ..silent(100) },
            vec![(Kind::NeverReported, Problem, "the leases of 3 ran out")],
        ),
        (
            "stopped",
            Facts { now_ms: late_by(40), ..base() },
            vec![(Kind::ReportsStopped, Problem, "reports stopped 40 s ago; tasks still out: 8")],
        ),
        (
            "ended",
            Facts { now_ms: late_by(10_800), open_tasks: 0, ..base() },
            vec![(Kind::ReportsStopped, Note, "reports stopped 3 h ago, and no task is out")],
        ),
        (
            "stopped, for the caller",
            Facts { now_ms: late_by(10), stopped_after_ms: Some(9000), ..base() },
            vec![(Kind::ReportsStopped, Problem, "10 s ago")],
        ),
        (
            "a break does not count as usual",
            Facts {
                now_ms: late_by(3640),
                latest: changed(&|index, outcome| {
                    if index >= 500 {
                        outcome.accepted_ms += 3600 * SECOND_MS;
                    }
                }),
                ..base()
            },
            vec![(Kind::ReportsStopped, Problem, "40 s ago")],
        ),
        (
            "bootstrap",
            Facts { fitting: fitting(250, false), episodes: 120, last_fit: None, ..base() },
            vec![(Kind::Bootstrap, Note, "still in bootstrap: 120 of 250 episodes")],
        ),
        (
            "bootstrap ends with a multiple of the fit rate",
            Facts { fitting: fitting(200, false), episodes: 399, last_fit: None, ..base() },
            vec![(Kind::Bootstrap, Note, "399 of 400")],
        ),
        (
            "the first fit is under way",
            Facts { fitting: fitting(250, false), episodes: 260, last_fit: None, ..base() },
            vec![(Kind::Bootstrap, Note, "takes effect at episode 275: now at 260")],
        ),
        (
            "no progress",
            Facts { latest: still(), last_progress_episode: Some(3249), ..base() },
            vec![(Kind::NoProgress, Warning, "all ALP zero since episode 3,250")],
        ),
        (
            "no progress ever",
            Facts { latest: still(), last_progress_episode: None, ..base() },
            vec![(Kind::NoProgress, Warning, "all ALP zero in all 5,000 episodes")],
        ),
        (
            "no returns that rise with time",
            Facts { idle_fit: Some(20), ..base() },
            vec![(Kind::NoProgress, Note, "no component of fit 20 has returns that rise with time")],
        ),
        (
            "a window that stands still",
            Facts { window_moves: Some((230.0, 50)), fitting: None, last_fit: None, ..base() },
            vec![(Kind::NoProgress, Warning, "none of the last 1,000 returns is above its threshold 230")],
        ),
        (
            "infeasible ones show no progress, and that is no finding of its own",
            Facts { latest: ending(Infeasible, 15), ..base() },
            vec![(Kind::Infeasible, Problem, "93 % of the last 500 tasks could not be built")],
        ),
        (
            "some infeasible",
            Facts {
                latest: changed(&|index, outcome| {
                    if index % 5 == 0 {
                        (outcome.ending, outcome.alp) = (Infeasible, None);
                    }
                }),
                ..base()
            },
            vec![(Kind::Infeasible, Warning, "20 % of the last 500")],
        ),
        (
            "abandoned",
            Facts { latest: ending(Abandoned, 2), ..base() },
            vec![(Kind::Abandoned, Warning, "50 % of the last 500 tasks were given up")],
        ),
        (
            "expired",
            Facts { expired: 100, ..base() },
            vec![(
                Kind::Expired,
                Warning,
                "the leases of 17 % of the last 600 tasks ran out; reported late: 0",
            )],
        ),
        (
            "expired, and reported late",
            Facts {
                expired: 250,
                latest: changed(&|index, outcome| outcome.late = index % 2 == 0),
                ..base()
            },
            vec![(Kind::Expired, Warning, "50 % of the last 500 tasks ran out; reported late: 250")],
        ),
        (
            "equal returns from the beginning",
            Facts { latest: of_returns(&|_| 0.0), extremes: Some((0.0, 0.0)), ..base() },
            vec![(Kind::EqualReturns, Problem, "all of the last 1,000 returns are 0")],
        ),
        (
            "equal returns, no progress: one finding",
            Facts {
                latest: changed(&|_, outcome| {
                    (outcome.ending, outcome.alp) = (Completed(-1.5), Some(0.0));
                }),
                ..base()
            },
            vec![(Kind::EqualReturns, Warning, "are -1.5")],
        ),
        (
            "outside of the range",
            Facts {
                latest: of_returns(&|index| if index % 100 < 31 { 400.0 } else { index as f64 / 10.0 }),
                extremes: Some((-20.0, 400.0)),
                ..base()
            },
            vec![(
                Kind::OutsideRange,
                Warning,
                "31 % of the last 1,000 returns lie outside the declared range -150..350",
            )],
        ),
        (
            "all outside of the range, hence no progress",
            Facts {
                latest: changed(&|index, outcome| {
                    (outcome.ending, outcome.alp) = (Completed(-200.0 - index as f64), Some(0.0));
                }),
                extremes: Some((-1199.0, -200.0)),
                ..base()
            },
            vec![(Kind::OutsideRange, Problem, "100 %"), (Kind::NoProgress, Warning, "")],
        ),
        (
            "a narrow range",
            Facts {
                latest: of_returns(&|index| (index % 9) as f64),
                extremes: Some((0.0, 8.0)),
                completed: 2000,
                explored: (sample(210, 4.0), sample(210, 4.0)),
                ..base()
            },
            vec![(
                Kind::NarrowRange,
                Warning,
                "all 2,000 returns lie within 0..8, 1.6 % of the declared range",
            )],
        ),
        (
            "the last fit failed",
            Facts {
                last_fit: Some(FitBrief {
                    number: 12,
                    due_episode: 3000,
                    effect_episode: 3025,
                    components: 0,
                }),
                ..base()
            },
            vec![(Kind::FitFailed, Warning, "fit 12, due at episode 3,000, failed with every number")],
        ),
        (
            "mastered, though nothing changes any more",
            Facts {
                latest: changed(&|_, outcome| {
                    (outcome.ending, outcome.alp) = (Completed(231.0), Some(0.0));
                }),
                ..base()
            },
            vec![(
                Kind::Mastered,
                Note,
                "100 % of the last 1,000 returns are above the mastery threshold 230",
            )],
        ),
        (
            "worsening",
            Facts { explored: (sample(210, -30.0), sample(250, 60.0)), ..base() },
            vec![(Kind::Worsening, Warning, "fell from 59.92 to -30 (the last 210 against 250 before)")],
        ),
        (
            "a small fall, however sure",
            Facts { explored: (sample(10_000, 40.0), sample(10_000, 60.0)), ..base() },
            vec![],
        ),
        ("a fall of few", Facts { explored: (sample(150, -30.0), sample(250, 60.0)), ..base() }, vec![]),
        (
            "stale reports",
            Facts { latest: changed(&|index, outcome| outcome.staleness_episodes = Some(index)), ..base() },
            vec![(Kind::StaleReports, Warning, "came 500 or more episodes after")],
        ),
        (
            "refused as stale",
            Facts { latest: ending(Stale, 4), ..base() },
            vec![(Kind::StaleReports, Warning, "75 % of the last 500 outcomes came too late to count")],
        ),
        (
            "the most urgent first",
            Facts {
                paused: true,
                latest: ending(Infeasible, 15),
                fitting: fitting(250, false),
                last_fit: None,
                episodes: 100,
                ..base()
            },
            vec![(Kind::Infeasible, Problem, ""), (Kind::Paused, Warning, ""), (Kind::Bootstrap, Note, "")],
        ),
    ];
    for (name, facts, expected) in &table {
        check(name, facts, expected);
    }
    let tested: std::collections::BTreeSet<i32> =
        table.iter().flat_map(|(_, _, expected)| expected.iter().map(|&(kind, _, _)| kind as i32)).collect();
    assert_eq!(tested, (1..=16).collect(), "every kind is found at least once");
}
