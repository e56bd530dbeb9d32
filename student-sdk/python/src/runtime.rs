//! The runtime on which calls run: one for each process.
//!
//! A process that was forked has the memory of its parent and none of its threads. What runs in the parent's runtime
//! would never be answered there, and nothing of it may be taken down: it is left as it is, and the child makes its
//! own.

use std::sync::{Mutex, MutexGuard};

use pyo3::{exceptions::PyRuntimeError, prelude::*};
use tokio::runtime::{Builder, Handle, Runtime};

/// Two are enough to wait for the network.
const THREADS: usize = 2;

static RUNTIME: Mutex<Option<OfProcess<&'static Runtime>>> = Mutex::new(None);

/// Something that only the process which made it can use.
#[derive(Debug)]
pub(crate) struct OfProcess<T> {
    process: u32,
    value: T,
}

impl<T> OfProcess<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { process: std::process::id(), value }
    }

    /// `None` in a process that was forked since.
    pub(crate) fn get(&self) -> Option<&T> {
        (self.process == std::process::id()).then_some(&self.value)
    }

    /// What holds no thread, whichever process made it.
    pub(crate) fn get_anywhere(&self) -> &T {
        &self.value
    }

    /// As [`OfProcess::get`]; in a process that was forked since it is left alone, not dropped.
    pub(crate) fn into_here(self) -> Option<T> {
        if self.process == std::process::id() {
            return Some(self.value);
        }
        std::mem::forget(self.value);
        None
    }
}

/// This process's runtime. The interpreter's lock is held from locking to unlocking, and whoever forks holds it: no
/// child finds the mutex locked.
pub(crate) fn runtime(_python: Python<'_>) -> PyResult<Handle> {
    let mut slot = lock(&RUNTIME);
    if let Some(runtime) = slot.as_ref().and_then(OfProcess::get) {
        return Ok(runtime.handle().clone());
    }
    let runtime = Builder::new_multi_thread()
        .worker_threads(THREADS)
        .thread_name("magister")
        .enable_all()
        .build()
        .map_err(|error| PyRuntimeError::new_err(format!("cannot start the client's threads: {error}")))?;
    // It lives as long as its process: a parent's is never dropped in a child.
    let runtime: &'static Runtime = Box::leak(Box::new(runtime));
    *slot = Some(OfProcess::new(runtime));
    Ok(runtime.handle().clone())
}

/// Locks what no panic leaves in disorder.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
