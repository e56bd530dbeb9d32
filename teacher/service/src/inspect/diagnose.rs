//! What stands in the way of progress: a pure function from facts to findings.
//!
//! Shares are taken over the latest outcomes, never over the whole past, and say nothing before there are enough of
//! them, so that a fresh curriculum and a fault that was mended raise no alarm:
//!
//! - Infeasible, abandoned, expired and stale: of the last 500 outcomes, at least 20; a warning from a tenth on, a
//!   problem from nine tenths on.
//! - Returns outside of the range: of those among the last 1,000 outcomes, at least 20; a warning from a twentieth on, a
//!   problem from nine tenths on. A narrow range: all returns, at least 1,000, within a tenth of it.
//! - Equal returns: at least 100, none other among the last 1,000 outcomes. A problem if there never was another.
//! - No progress: no ALP above zero in a window of the teacher's (100 to 500 episodes with an ALP). Infeasible outcomes
//!   have no ALP; and what is equal or mastered is told as that. Covar-GMM: no component of the fit in effect has returns that
//!   rise with time; a note, for the next fit may have one. Oracle: no return above its threshold among as many as two of its
//!   decisions take (100 to 500).
//! - Mastered: 95 % of at least 200.
//! - Worsening: at least 200 returns of tasks drawn uniformly, which are the same tasks at all times, against those
//!   before: lower by four standard errors and a tenth of the range.
//! - Stale reports: half of at least 100 come as late as the next fit, or later.
//! - Stopped: 30 s, or ten times the usual distance between reports. Usual is the longest distance among the last 1,000
//!   reports, but for up to two (one in twenty, of few): batches and slow episodes raise it, a break does not. With no task
//!   out it is a note: the run seems to be over. Nothing has stopped while the curriculum is paused.
//! - Never reported: 30 s a note, ten minutes or a lease that ran out a problem.

use std::cmp::Reverse;

use magister_proto::v1::diagnosis::{Finding, Kind, Severity};

use self::words::{count, length, number, percent};
use super::{facts::Facts, overview::LatestOutcome};
use crate::store::Ending;

mod words;

const ENDINGS: usize = 500;
const FEWEST_ENDINGS: usize = 20;
const MANY: f64 = 0.1;
const NEARLY_ALL: f64 = 0.9;
const MANY_OUTSIDE: f64 = 0.05;
const NARROW: f64 = 0.1;
const FEWEST_OF_NARROW: u64 = 1000;
const FEWEST_EQUAL: usize = 100;
const FEWEST_MASTERED: usize = 200;
const MASTERED: f64 = 0.95;
const FEWEST_COMPARED: u64 = 200;
const STANDARD_ERRORS: f64 = 4.0;
const WORSE: f64 = 0.1;
const FEWEST_STALE: usize = 100;
const STOPPED_MS: u64 = 30 * 1000;
const USUAL_DISTANCES: u64 = 10;
const NEVER_MS: u64 = 10 * 60 * 1000;

/// How a teacher fits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fitting {
    pub(super) fit_rate: u64,
    pub(super) bootstrap_episodes: u64,
    pub(super) fit_lag_episodes: u64,
    /// Whether one has taken effect.
    pub(super) has_fit: bool,
}

/// Everything that was found, the most urgent first.
pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let paused = facts.paused.then(paused);
    if facts.tasks == 0 {
        let not_started = finding(
            Kind::NotStarted,
            Severity::Note,
            "nobody has asked for a task yet".to_owned(),
            "start a student that asks for tasks of this curriculum",
        );
        return paused.into_iter().chain([not_started]).collect();
    }
    let view = View::of(facts);
    let mut findings: Vec<Finding> = [
        paused,
        never_reported(facts),
        reports_stopped(facts),
        infeasible(&view),
        abandoned(&view),
        expired(facts, &view),
        equal_returns(facts, &view),
        outside_range(facts, &view),
        no_progress(facts, &view),
        idle_fit(facts, &view),
        window_stands(facts, &view),
        fit_failed(facts),
        worsening(facts),
        stale_reports(facts, &view),
        narrow_range(facts, &view),
        bootstrap(facts),
        mastered(facts, &view),
    ]
    .into_iter()
    .flatten()
    .collect();
    findings.sort_by_key(|finding| Reverse(finding.severity));
    findings
}

/// Those of the latest outcomes whose endings are counted.
pub(super) fn endings(latest: &[LatestOutcome]) -> &[LatestOutcome] {
    &latest[latest.len().saturating_sub(ENDINGS)..]
}

/// The latest outcomes, sorted out.
struct View<'f> {
    endings: &'f [LatestOutcome],
    returns: Vec<f64>,
    alps: Vec<f64>,
    /// Rising.
    staleness: Vec<u64>,
    outside: usize,
    mastered: usize,
}

impl<'f> View<'f> {
    fn of(facts: &'f Facts) -> Self {
        let completed = |outcome: &LatestOutcome| match outcome.ending {
            Ending::Completed(episode_return) => Some(episode_return),
            _ => None,
        };
        let returns: Vec<f64> = facts.latest.iter().filter_map(completed).collect();
        let mut staleness: Vec<u64> =
            facts.latest.iter().filter_map(|outcome| outcome.staleness_episodes).collect();
        staleness.sort_unstable();
        let number_of =
            |is: &dyn Fn(f64) -> bool| returns.iter().filter(|&&episode_return| is(episode_return)).count();
        Self {
            endings: endings(&facts.latest),
            alps: facts.latest.iter().filter_map(|outcome| outcome.alp).collect(),
            staleness,
            outside: facts.return_range.map_or(0, |(low, high)| number_of(&|it| it < low || it > high)),
            mastered: facts.mastery_threshold.map_or(0, |threshold| number_of(&|it| it > threshold)),
            returns,
        }
    }

    fn ended(&self, is: impl Fn(&LatestOutcome) -> bool) -> usize {
        self.endings.iter().filter(|outcome| is(outcome)).count()
    }

    /// The lowest and the highest of the latest returns.
    fn extremes(&self) -> Option<(f64, f64)> {
        let first = *self.returns.first()?;
        Some(self.returns.iter().fold((first, first), |(low, high), &it| (low.min(it), high.max(it))))
    }

    fn nearly_all_mastered(&self) -> bool {
        self.returns.len() >= FEWEST_MASTERED && share(self.mastered, self.returns.len()) >= MASTERED
    }

    fn are_equal(&self) -> bool {
        // Equal to the last bit: that is what has no progress.
        self.returns.len() >= FEWEST_EQUAL && self.extremes().is_some_and(|(low, high)| low >= high)
    }
}

fn finding(kind: Kind, severity: Severity, statement: String, advice: &str) -> Finding {
    Finding { kind: kind.into(), severity: severity.into(), statement, advice: advice.to_owned() }
}

fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// How bad such a share is, if there are enough to tell.
fn severity(part: usize, whole: usize, many: f64) -> Option<Severity> {
    match share(part, whole) {
        _ if whole < FEWEST_ENDINGS => None,
        share if share >= NEARLY_ALL => Some(Severity::Problem),
        share if share >= many => Some(Severity::Warning),
        _ => None,
    }
}

fn paused() -> Finding {
    finding(
        Kind::Paused,
        Severity::Warning,
        "the curriculum is paused: it takes reports and hands out no tasks".to_owned(),
        "resume it when the students shall go on",
    )
}

fn never_reported(facts: &Facts) -> Option<Finding> {
    let waited_ms = facts.now_ms.saturating_sub(facts.first_task_ms?);
    let patience_ms = facts.stopped_after_ms.unwrap_or(STOPPED_MS);
    if !facts.latest.is_empty() || facts.paused || waited_ms < patience_ms {
        return None;
    }
    let is_too_long = facts.stopped_after_ms.is_some() || waited_ms >= NEVER_MS || facts.expired > 0;
    let leases = match facts.expired {
        0 => String::new(),
        expired => format!("; the leases of {} ran out", count(expired)),
    };
    Some(finding(
        Kind::NeverReported,
        if is_too_long { Severity::Problem } else { Severity::Note },
        format!(
            "tasks handed out: {}, the first {} ago; none was reported{leases}",
            count(facts.tasks),
            length(waited_ms)
        ),
        "check that the student reports each task when its episode ends, and what its log says",
    ))
}

fn reports_stopped(facts: &Facts) -> Option<Finding> {
    let silent_ms = facts.now_ms.saturating_sub(facts.latest.last()?.accepted_ms);
    let patience_ms = facts
        .stopped_after_ms
        .unwrap_or_else(|| STOPPED_MS.max(USUAL_DISTANCES.saturating_mul(usual_distance_ms(&facts.latest))));
    if facts.paused || silent_ms <= patience_ms {
        return None;
    }
    let since = length(silent_ms);
    Some(match facts.open_tasks {
        0 => finding(
            Kind::ReportsStopped,
            Severity::Note,
            format!("reports stopped {since} ago, and no task is out"),
            "nothing is to be done if the run is over; otherwise start the student again",
        ),
        open => finding(
            Kind::ReportsStopped,
            Severity::Problem,
            format!("reports stopped {since} ago; tasks still out: {}", count(open)),
            "look at the students' processes and logs; if the run is over, nothing is to be done",
        ),
    })
}

/// The longest time between two reports, but for up to two.
fn usual_distance_ms(latest: &[LatestOutcome]) -> u64 {
    let mut distances: Vec<u64> =
        latest.windows(2).map(|pair| pair[1].accepted_ms.saturating_sub(pair[0].accepted_ms)).collect();
    distances.sort_unstable_by_key(|&distance| Reverse(distance));
    distances.get((distances.len() / 20).min(2)).copied().unwrap_or(0)
}

fn infeasible(view: &View<'_>) -> Option<Finding> {
    let (part, whole) = (view.ended(|outcome| outcome.ending == Ending::Infeasible), view.endings.len());
    Some(finding(
        Kind::Infeasible,
        severity(part, whole, MANY)?,
        format!("{} of the last {} tasks could not be built", percent(part, whole), count(whole as u64)),
        "narrow the task space to what the environment can build, or mend its generator; the messages of \
         the episodes say more",
    ))
}

fn abandoned(view: &View<'_>) -> Option<Finding> {
    let (part, whole) = (view.ended(|outcome| outcome.ending == Ending::Abandoned), view.endings.len());
    Some(finding(
        Kind::Abandoned,
        severity(part, whole, MANY)?,
        format!("{} of the last {} tasks were given up", percent(part, whole), count(whole as u64)),
        "look into the workers' logs and the messages of the episodes: given up tasks teach nothing",
    ))
}

fn expired(facts: &Facts, view: &View<'_>) -> Option<Finding> {
    let late = view.ended(|outcome| outcome.late);
    let expired = facts.expired as usize;
    let whole = expired + view.endings.len() - late;
    if facts.latest.is_empty() {
        return None;
    }
    Some(finding(
        Kind::Expired,
        severity(expired, whole, MANY)?,
        format!(
            "the leases of {} of the last {} tasks ran out; reported late: {}",
            percent(expired, whole),
            count(whole as u64),
            count(late as u64)
        ),
        "raise lease_duration above the time an episode takes, ask for fewer tasks ahead, and see whether \
         workers die",
    ))
}

fn equal_returns(facts: &Facts, view: &View<'_>) -> Option<Finding> {
    let (value, _) = view.extremes().filter(|_| view.are_equal() && !view.nearly_all_mastered())?;
    let never_other = facts.extremes.is_some_and(|(low, high)| low >= high);
    Some(finding(
        Kind::EqualReturns,
        if never_other { Severity::Problem } else { Severity::Warning },
        format!("all of the last {} returns are {}", count(view.returns.len() as u64), number(value)),
        "check that the student reports the sum of each episode's rewards, and that some tasks earn more \
         than others",
    ))
}

fn outside_range(facts: &Facts, view: &View<'_>) -> Option<Finding> {
    let ((low, high), (lowest, highest)) = (facts.return_range?, facts.extremes?);
    let whole = view.returns.len();
    let severity = severity(view.outside, whole, MANY_OUTSIDE)?;
    let advice = format!(
        "returns beyond it count as its ends and show no progress: make a new curriculum with a range that \
         holds {}..{}",
        number(lowest),
        number(highest)
    );
    Some(finding(
        Kind::OutsideRange,
        severity,
        format!(
            "{} of the last {} returns lie outside the declared range {}..{}",
            percent(view.outside, whole),
            count(whole as u64),
            number(low),
            number(high)
        ),
        &advice,
    ))
}

fn narrow_range(facts: &Facts, view: &View<'_>) -> Option<Finding> {
    let ((low, high), (lowest, highest)) = (facts.return_range?, facts.extremes?);
    let used = (highest - lowest) / (high - low);
    if facts.completed < FEWEST_OF_NARROW || used > NARROW || view.are_equal() || view.outside > 0 {
        return None;
    }
    Some(finding(
        Kind::NarrowRange,
        Severity::Warning,
        format!(
            "all {} returns lie within {}..{}, {} % of the declared range {}..{}",
            count(facts.completed),
            number(lowest),
            number(highest),
            number(100.0 * used),
            number(low),
            number(high)
        ),
        "progress looks small beside such a range: make a new curriculum with one that the student can reach",
    ))
}

fn no_progress(facts: &Facts, view: &View<'_>) -> Option<Finding> {
    let fewest = facts.fitting?.fit_rate.clamp(100, ENDINGS as u64) as usize;
    let is_still = view.alps.len() >= fewest && view.alps.iter().all(|&alp| alp <= 0.0);
    if !is_still || view.are_equal() || view.nearly_all_mastered() {
        return None;
    }
    let statement = match facts.last_progress_episode {
        Some(last) => format!("all ALP zero since episode {}", count(last + 1)),
        None => format!("all ALP zero in all {} episodes", count(facts.episodes)),
    };
    let advice = if share(view.outside, view.returns.len()) >= MANY_OUTSIDE {
        "mend the return range first: returns beyond it all count alike"
    } else {
        "check that the student still learns and that returns depend on the task; until ALP rises, tasks \
         are drawn uniformly"
    };
    Some(finding(Kind::NoProgress, Severity::Warning, statement, advice))
}

fn idle_fit(facts: &Facts, view: &View<'_>) -> Option<Finding> {
    let fit = facts.idle_fit.filter(|_| !view.are_equal() && !view.nearly_all_mastered())?;
    Some(finding(
        Kind::NoProgress,
        Severity::Note,
        format!("no component of fit {} has returns that rise with time", count(fit)),
        "go on training: tasks are drawn uniformly until a fit has one; if that takes many fits, check that the \
         student still learns",
    ))
}

fn window_stands(facts: &Facts, view: &View<'_>) -> Option<Finding> {
    let (threshold, step_rate) = facts.window_moves?;
    let fewest = (2 * u64::from(step_rate)).clamp(100, ENDINGS as u64) as usize;
    let is_still = view.returns.len() >= fewest && view.returns.iter().all(|&it| it <= threshold);
    if !is_still || view.are_equal() {
        return None;
    }
    Some(finding(
        Kind::NoProgress,
        Severity::Warning,
        format!(
            "the Oracle's window stands still: none of the last {} returns is above its threshold {}",
            count(view.returns.len() as u64),
            number(threshold)
        ),
        "check that the student still learns, and that tasks in the window can return as much: if not, make a new \
         curriculum with a lower threshold",
    ))
}

fn fit_failed(facts: &Facts) -> Option<Finding> {
    let failed = facts.last_fit.filter(|fit| fit.components == 0)?;
    Some(finding(
        Kind::FitFailed,
        Severity::Warning,
        format!(
            "fit {}, due at episode {}, failed with every number of components",
            count(failed.number),
            count(failed.due_episode)
        ),
        "tasks are drawn uniformly until a fit succeeds: lower min_components and max_components, or raise \
         fit_rate",
    ))
}

fn mastered(facts: &Facts, view: &View<'_>) -> Option<Finding> {
    let threshold = facts.mastery_threshold.filter(|_| view.nearly_all_mastered())?;
    let whole = view.returns.len();
    Some(finding(
        Kind::Mastered,
        Severity::Note,
        format!(
            "{} of the last {} returns are above the mastery threshold {}",
            percent(view.mastered, whole),
            count(whole as u64),
            number(threshold)
        ),
        "go on with a harder task space or a higher threshold, or end the run",
    ))
}

fn worsening(facts: &Facts) -> Option<Finding> {
    let (now, before) = &facts.explored;
    let (mean_now, mean_before) = (now.mean()?, before.mean()?);
    let (low, high) = facts.return_range.or(facts.extremes)?;
    let (fall, error) = (mean_before - mean_now, (now.squared_error()? + before.squared_error()?).sqrt());
    let is_worse = fall > STANDARD_ERRORS * error && fall > WORSE * (high - low);
    if now.count < FEWEST_COMPARED || before.count < FEWEST_COMPARED || !is_worse {
        return None;
    }
    Some(finding(
        Kind::Worsening,
        Severity::Warning,
        format!(
            "on tasks drawn uniformly the mean return fell from {} to {} (the last {} against {} before)",
            number(mean_before),
            number(mean_now),
            count(now.count),
            count(before.count)
        ),
        "the student may be forgetting, or its training diverge: look at its losses, or go back to a \
         checkpoint",
    ))
}

fn stale_reports(facts: &Facts, view: &View<'_>) -> Option<Finding> {
    let (refused, whole) = (view.ended(|outcome| outcome.ending == Ending::Stale), view.endings.len());
    if let Some(severity) = severity(refused, whole, MANY) {
        return Some(finding(
            Kind::StaleReports,
            severity,
            format!(
                "{} of the last {} outcomes came too late to count",
                percent(refused, whole),
                count(whole as u64)
            ),
            "ask for fewer tasks ahead, or raise max_staleness_episodes",
        ));
    }
    let fit_rate = facts.fitting?.fit_rate;
    let median = *view.staleness.get(view.staleness.len() / 2)?;
    if view.staleness.len() < FEWEST_STALE || median < fit_rate {
        return None;
    }
    Some(finding(
        Kind::StaleReports,
        Severity::Warning,
        format!(
            "half of the last {} reports came {} or more episodes after their tasks were drawn; a fit is \
             made every {}",
            count(view.staleness.len() as u64),
            count(median),
            count(fit_rate)
        ),
        "ask for fewer tasks ahead; with so many workers, raise fit_rate",
    ))
}

fn bootstrap(facts: &Facts) -> Option<Finding> {
    let Fitting { fit_rate, bootstrap_episodes, fit_lag_episodes, .. } =
        facts.fitting.filter(|fitting| !fitting.has_fit)?;
    // The first multiple from there on; a fit that falls due there takes effect a little later.
    let due = bootstrap_episodes.div_ceil(fit_rate) * fit_rate;
    let statement = if facts.episodes < due {
        format!("still in bootstrap: {} of {} episodes", count(facts.episodes), count(due))
    } else {
        let effect = due + fit_lag_episodes;
        format!("the first fit takes effect at episode {}: now at {}", count(effect), count(facts.episodes))
    };
    let advice = "go on training: until the first fit takes effect, progress does not choose the tasks";
    Some(finding(Kind::Bootstrap, Severity::Note, statement, advice))
}

#[cfg(test)]
mod tests;
