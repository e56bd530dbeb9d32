//! One file per sub-command: its arguments, its `run`, and how its result is printed.

pub(crate) mod check_hypercube;
pub(crate) mod check_reference;
pub(crate) mod completions;
pub(crate) mod curriculum;
pub(crate) mod env;
pub(crate) mod experiment;
pub(crate) mod explain;
pub(crate) mod inspect;
pub(crate) mod report;
pub(crate) mod serve;
pub(crate) mod teacher_name;
pub(crate) mod train;
pub(crate) mod verify_store;
