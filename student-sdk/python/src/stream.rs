//! Asking and telling over one stream.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use magister_student as sdk;
use pyo3::{exceptions::PyValueError, prelude::*};
use tokio::sync::RwLock;

use crate::{
    call::Call,
    client::{Curriculum, plain, task_tuple},
    error::to_python,
    outcome::Report,
    runtime::{OfProcess, lock},
};

/// Asking and telling over one stream.
#[pyclass(frozen, module = "magister._native")]
pub(crate) struct Stream {
    live: OfProcess<Arc<Live>>,
    curriculum: Py<Curriculum>,
}

struct Live {
    /// Taken by whoever closes it.
    stream: RwLock<Option<sdk::TeachStream>>,
    /// Tasks that were given and not told of, by their names.
    held: Mutex<HashMap<String, sdk::Task>>,
}

/// The receipt of an outcome that was told on a stream.
#[pyclass(frozen, module = "magister._native")]
pub(crate) struct Receipt {
    pending: Mutex<Option<OfProcess<sdk::PendingReceipt>>>,
}

#[pymethods]
impl Stream {
    /// The next task as (name, parameters, expiry), or None after the last one.
    fn ask(&self, python: Python<'_>) -> PyResult<Call> {
        let live = Arc::clone(self.here()?);
        let asked = async move {
            let stream = live.stream.read().await;
            let task = stream.as_ref().ok_or(sdk::Error::StreamEnded)?.ask().await?;
            if let Some(task) = &task {
                lock(&live.held).insert(task.name().to_owned(), task.clone());
            }
            Ok(task)
        };
        Call::start(python, asked, |python, task| match task {
            None => Ok(python.None()),
            Some(task) => Ok(task_tuple(python, &task)?.into_pyobject(python)?.into_any().unbind()),
        })
    }

    /// Tells the outcome of a task that this stream gave.
    fn tell(&self, python: Python<'_>, report: Report) -> PyResult<Receipt> {
        let live = self.here()?;
        let (name, outcome) = report.of_stream()?;
        let stream = live.stream.try_read().map_err(|_| to_python(python, sdk::Error::StreamEnded))?;
        let stream = stream.as_ref().ok_or_else(|| to_python(python, sdk::Error::StreamEnded))?;
        let Some(task) = lock(&live.held).remove(&name) else {
            return Err(PyValueError::new_err(format!(
                "{name} is not a task of this stream, or was told of before; curriculum.tell takes tasks of any origin"
            )));
        };
        Ok(Receipt { pending: Mutex::new(Some(OfProcess::new(stream.tell(&task, outcome)))) })
    }

    /// Asks for no further tasks.
    fn stop_asking(&self) -> PyResult<()> {
        if let Ok(stream) = self.here()?.stream.try_read()
            && let Some(stream) = stream.as_ref()
        {
            stream.stop_asking();
        }
        Ok(())
    }

    /// Waits until everything told is acknowledged, and tells what was not played abandoned. Once.
    fn finish(&self, python: Python<'_>) -> PyResult<Call> {
        let live = Arc::clone(self.here()?);
        let curriculum = self.curriculum.get().here(python)?;
        let finished = async move {
            if let Some(stream) = live.stream.read().await.as_ref() {
                stream.stop_asking();
            }
            let Some(stream) = live.stream.write().await.take() else { return Ok(()) };
            let (left, ended) = match stream.finish().await {
                Ok(left) => (left, Ok(())),
                Err(unfinished) => (unfinished.left.clone(), Err(unfinished)),
            };
            if ended.is_ok() && !left.open_tasks.is_empty() {
                let why = || sdk::Outcome::abandoned("the stream was closed before it was played");
                curriculum.tell_many(left.open_tasks.iter().map(|task| (task, why()))).await?;
            }
            Ok(ended?)
        };
        Call::start(python, finished, plain)
    }
}

impl Stream {
    pub(crate) fn new(stream: sdk::TeachStream, curriculum: Py<Curriculum>) -> Self {
        let live = Live { stream: RwLock::new(Some(stream)), held: Mutex::default() };
        Self { live: OfProcess::new(Arc::new(live)), curriculum }
    }

    fn here(&self) -> PyResult<&Arc<Live>> {
        self.live.get().ok_or_else(|| {
            PyValueError::new_err(
                "this stream was opened before the process was forked; open one in this process",
            )
        })
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // In a child, the parent's stream is not taken down: its threads are not here.
        if self.live.get().is_none() {
            let elsewhere =
                OfProcess::new(Arc::new(Live { stream: RwLock::new(None), held: Mutex::default() }));
            std::mem::forget(std::mem::replace(&mut self.live, elsewhere));
        }
    }
}

#[pymethods]
impl Receipt {
    /// Waits for the receipt, once.
    fn call(&self, python: Python<'_>) -> PyResult<Call> {
        let pending = lock(&self.pending).take();
        let pending = pending.and_then(OfProcess::into_here);
        let pending = pending.ok_or_else(|| PyValueError::new_err("the receipt was taken before"))?;
        Call::start(python, pending, plain)
    }
}
