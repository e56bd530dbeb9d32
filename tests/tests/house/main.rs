//! The rules of the house, checked against what Cargo and the documents say: which way dependencies point
//! ([`arrows`]), under which licences and from where they come ([`licences`]), whether the map in `ARCHITECTURE.md`
//! shows paths that exist ([`paths`]), and whether the tables of results tell what the runs came to ([`figures`]).
//!
//! Every rule is a plain function from facts to a list of violations, so each module also feeds it a fact that
//! must be refused. Needs no network once `cargo fetch --locked` has run.

mod arrows;
mod figures;
mod licences;
mod packages;
mod paths;

use std::path::Path;

/// The root of the workspace.
fn workspace_root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the workspace's root")
}

/// Fails with one line per violation, so that a run names everything there is to mend.
#[track_caller]
fn assert_none(violations: &[String]) {
    assert!(violations.is_empty(), "{} violation(s):\n  {}", violations.len(), violations.join("\n  "));
}

/// Fails unless exactly one violation is found and it contains `expected`.
#[track_caller]
fn assert_one(violations: &[String], expected: &str) {
    assert!(
        violations.len() == 1 && violations[0].contains(expected),
        "wanted one violation containing {expected:?}, got {violations:?}"
    );
}
