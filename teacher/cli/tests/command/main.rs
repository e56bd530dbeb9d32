//! The `magister` command as a user runs it: what it prints, what it leaves behind, and its exit codes.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod checks;
mod env;
mod experiment;
mod remote;
mod serve;
mod train;
