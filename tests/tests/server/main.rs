//! The service as its clients meet it: a real server in this process, asked over gRPC.
//!
//! One program for all of it, since each test program compiles the clients' code and links the server anew.

#![allow(clippy::unwrap_used, reason = "tests")]

mod access;
mod bad_input;
mod compatibility;
mod crash;
mod determinism;
mod evaluation;
mod insight;
mod life_cycle;
mod model;
mod observability;
mod portable;
mod slow_clients;
mod store_faults;
mod teach;
mod verify;
