//! The client against a real server.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod admin;
mod calls;
mod connect;
mod progress;
mod teach;
