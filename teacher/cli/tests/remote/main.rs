//! The commands that talk to a server, as a user runs them: the real binary against a server of the real binary.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod config;
mod curricula;
mod looking;
mod pictures;
mod server;
