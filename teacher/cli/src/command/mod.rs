//! One file per sub-command: its arguments, its `run`, and how its result is printed.

pub(crate) mod check_hypercube;
pub(crate) mod check_reference;
pub(crate) mod demo;
pub(crate) mod serve;
pub(crate) mod verify_store;
