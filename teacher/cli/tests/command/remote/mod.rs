//! The commands that talk to a server, as a user runs them: the real binary against a server of the real binary.

mod config;
mod curricula;
mod looking;
mod pictures;
mod server;
