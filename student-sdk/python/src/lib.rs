//! The native half of the Python package `magister`, imported as `magister._native`.
//!
//! The package's Python files hold what users see: names, types, documentation. Here is what they stand on: the
//! client of the Rust SDK, the bundled environments, and the `magister` command. Conversions between Python's values
//! and Rust's happen here and nowhere else.

use pyo3::prelude::*;

mod call;
mod client;
mod columns;
mod command;
mod error;
mod outcome;
mod runtime;
mod settings;
mod stream;
mod walkers;

#[pymodule]
mod _native {
    #[pymodule_export]
    use crate::{
        call::Call,
        client::{Client, Curriculum, connect},
        command::run_command,
        stream::{Receipt, Stream},
        walkers::{Walker, Walkers, track_names, track_parameters, walker_names, walker_shape},
    };
}
