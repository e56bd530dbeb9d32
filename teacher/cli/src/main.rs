//! The binary: the command of `lib.rs` with an allocator of its own.

use std::process::ExitCode;

/// The server's threads free what others have allocated, all the time; the system's allocator takes locks for it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    ExitCode::from(magister_command::run(std::env::args_os()))
}
