//! The service agrees with a simple twin of the contract on every answer, whatever is asked in whatever order.
//!
//! Random sequences of calls, with retries, reused request ids, duplicates, reports in any order, jumps of the clock,
//! pauses, edits and restarts, go to a real server and to the twin (`twin`), and every field of every answer
//! is compared. The clock stands still between the jumps, so times are compared too.
//!
//! `MAGISTER_MODEL_SEQUENCES` sets how many sequences are tried, `PROPTEST_RNG_SEED` which. A sequence that fails
//! is shortened as far as it still does.

#![allow(clippy::float_cmp, reason = "tests; answers are compared to the bit")]

mod scenario;
mod side_by_side;
mod twin;

use std::{cell::RefCell, collections::BTreeMap, env};

use proptest::{prelude::ProptestConfig, test_runner::TestRunner};

/// Operations of a sequence on average.
const LENGTH: usize = 60;

#[test]
fn the_service_agrees_with_the_twin_on_every_answer() {
    let sequences = env::var("MAGISTER_MODEL_SEQUENCES").map_or(600, |text| text.parse().unwrap());
    let config = ProptestConfig {
        cases: sequences,
        failure_persistence: None,
        max_shrink_iters: 1000,
        ..ProptestConfig::default()
    };
    let seen = RefCell::new(BTreeMap::new());
    let outcome = TestRunner::new(config)
        .run(&scenario::scenarios(LENGTH), |scenario| side_by_side::run(&scenario, &mut seen.borrow_mut()));
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    // What the sequences are meant to reach, they reach.
    let seen = seen.into_inner();
    for expected in [
        "completed",
        "infeasible",
        "abandoned",
        "late",
        "stale",
        "duplicate",
        "unsolicited",
        "expired",
        "from a component",
        "answered again",
        "restarted",
        "RequestIdReused",
        "CurriculumPaused",
        "TooManyOpenTasks",
        "TaskNotFound",
        "InvalidOutcome",
        "InvalidTask",
        "InvalidTeacher",
        "InvalidRequest",
    ] {
        let times = seen.get(expected).copied().unwrap_or(0);
        assert!(times >= u64::from(sequences) / 20, "{expected} was seen {times} times in {seen:?}");
    }
}
