//! A call under way, for whoever waits by blocking a thread and for whoever awaits it in an event loop.

use std::{
    sync::{Arc, Condvar, Mutex},
    time::{Duration, Instant},
};

use magister_student::Error;
use pyo3::{exceptions::PyRuntimeError, prelude::*};
use tokio::task::AbortHandle;

use crate::{error::to_python, runtime};

/// How often a thread that waits looks for signals such as Ctrl-C.
const SIGNALS_EVERY: Duration = Duration::from_millis(100);

/// Turns what came into what Python sees, on the thread that waits for it.
type Answer = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;

/// A call under way. It goes on whether or not anybody waits for it.
#[pyclass(frozen, module = "magister._native")]
pub(crate) struct Call {
    shared: Arc<Shared>,
    abort: AbortHandle,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
enum State {
    #[default]
    Running,
    Watched(Vec<Py<PyAny>>),
    Done(Answer),
    Taken,
}

impl Call {
    /// Starts a call on this process's runtime; `convert` makes Python's value of what comes.
    pub(crate) fn start<T: Send + 'static>(
        python: Python<'_>,
        future: impl Future<Output = Result<T, Error>> + Send + 'static,
        convert: impl FnOnce(Python<'_>, T) -> PyResult<Py<PyAny>> + Send + 'static,
    ) -> PyResult<Self> {
        let shared = Arc::new(Shared::default());
        let end = EndOfCall(Arc::clone(&shared));
        let task = runtime::runtime(python)?.spawn(async move {
            let came = future.await;
            end.say(Box::new(move |python| match came {
                Ok(value) => convert(python, value),
                Err(error) => Err(to_python(python, error)),
            }));
        });
        Ok(Self { shared, abort: task.abort_handle() })
    }
}

#[pymethods]
impl Call {
    /// Waits for the call and gives its answer, once. Signals are looked for meanwhile: an interrupt gives the call
    /// up.
    #[pyo3(signature = (timeout_s=None))]
    fn wait(&self, python: Python<'_>, timeout_s: Option<f64>) -> PyResult<Py<PyAny>> {
        let deadline = match timeout_s.map(Duration::try_from_secs_f64) {
            None => None,
            Some(timeout) => Instant::now().checked_add(timeout.unwrap_or_default()),
        };
        while !python.detach(|| self.shared.wait(deadline)) {
            if let Err(interrupt) = python.check_signals() {
                self.abort.abort();
                return Err(interrupt);
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                self.abort.abort();
                return Err(pyo3::exceptions::PyTimeoutError::new_err("the call took too long"));
            }
        }
        self.answer(python)
    }

    /// The answer of a call that is done, once.
    fn answer(&self, python: Python<'_>) -> PyResult<Py<PyAny>> {
        let state = {
            let mut state = runtime::lock(&self.shared.state);
            match *state {
                State::Done(_) => std::mem::replace(&mut *state, State::Taken),
                State::Taken => return Err(PyRuntimeError::new_err("the call's answer was taken before")),
                State::Running | State::Watched(_) => {
                    return Err(PyRuntimeError::new_err("the call is not done"));
                }
            }
        };
        match state {
            State::Done(answer) => answer(python),
            State::Running | State::Watched(_) | State::Taken => unreachable!("it was done"),
        }
    }

    /// Has `callback` called without arguments, on another thread, once the call is done; at once if it is.
    fn on_done(&self, python: Python<'_>, callback: Py<PyAny>) -> PyResult<()> {
        let mut state = runtime::lock(&self.shared.state);
        match &mut *state {
            State::Running => *state = State::Watched(vec![callback]),
            State::Watched(callbacks) => callbacks.push(callback),
            State::Done(_) | State::Taken => {
                drop(state);
                callback.call0(python)?;
            }
        }
        Ok(())
    }

    /// Gives the call up. What it asked of the server may be done all the same.
    fn cancel(&self) {
        self.abort.abort();
    }
}

impl Shared {
    /// Whether the call is done, now or within a moment.
    fn wait(&self, deadline: Option<Instant>) -> bool {
        let running = |state: &mut State| matches!(state, State::Running | State::Watched(_));
        let longest = deadline.map_or(SIGNALS_EVERY, |deadline| {
            deadline.saturating_duration_since(Instant::now()).min(SIGNALS_EVERY)
        });
        let state = runtime::lock(&self.state);
        match self.changed.wait_timeout_while(state, longest, running) {
            Ok((_, waited)) => !waited.timed_out(),
            Err(poisoned) => !poisoned.into_inner().1.timed_out(),
        }
    }

    fn finish(&self, answer: Answer) {
        let before = {
            let mut state = runtime::lock(&self.state);
            if matches!(*state, State::Done(_) | State::Taken) {
                return;
            }
            std::mem::replace(&mut *state, State::Done(answer))
        };
        self.changed.notify_all();
        if let State::Watched(callbacks) = before {
            // An interpreter that is on its way out has no loop left to tell.
            Python::try_attach(|python| {
                for callback in callbacks {
                    if let Err(error) = callback.call0(python) {
                        // As asyncio does where nobody is left to raise to: its loop is closed.
                        error.write_unraisable(python, None);
                    }
                }
            });
        }
    }
}

/// Says how a call ended, also if it is given up or fails by a bug.
struct EndOfCall(Arc<Shared>);

impl EndOfCall {
    fn say(self, answer: Answer) {
        self.0.finish(answer);
    }
}

impl Drop for EndOfCall {
    fn drop(&mut self) {
        self.0.finish(Box::new(|_| Err(PyRuntimeError::new_err("the call was given up"))));
    }
}
