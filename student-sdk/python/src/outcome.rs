//! Outcomes as they come from Python.

use magister_student::{End, Outcome, Parameters, Played};
use pyo3::{exceptions::PyValueError, prelude::*};
use pythonize::depythonize;

/// What came of an episode: (task name or dict of parameters, kind, return or message, length, end, success, student
/// step).
#[derive(FromPyObject)]
pub(crate) struct Report(Py<PyAny>, Came, Option<u64>, Option<String>, Option<bool>, Option<u64>);

#[derive(FromPyObject)]
enum Came {
    /// Completed, with this return.
    Return(f64),
    /// (`infeasible` or `abandoned`, message).
    Else(String, String),
}

impl Report {
    /// Name and outcome of a task that was handed out.
    pub(crate) fn of_stream(self) -> PyResult<(String, Outcome)> {
        match self.read()? {
            (Played::Task(name), outcome) => Ok((name, outcome)),
            (Played::Unsolicited(_), _) => Err(PyValueError::new_err(
                "a stream takes outcomes of the tasks that it gave; tell others with curriculum.tell",
            )),
        }
    }

    fn read(self) -> PyResult<(Played, Outcome)> {
        let Self(task, came, length, end, success, student_step) = self;
        let played = Python::attach(|python| match task.extract::<String>(python) {
            Ok(name) => Ok(Played::Task(name)),
            Err(_) => {
                depythonize::<Parameters>(task.bind(python)).map(Played::Unsolicited).map_err(|error| {
                    PyValueError::new_err(format!("these are no parameters of a task: {error}"))
                })
            }
        })?;
        let mut outcome = match came {
            Came::Return(return_) => Outcome::completed(return_),
            Came::Else(kind, message) if kind == "infeasible" => Outcome::infeasible(message),
            Came::Else(_, message) => Outcome::abandoned(message),
        };
        if let Some(steps) = length {
            outcome = outcome.length(steps);
        }
        outcome = match end.as_deref() {
            None => outcome,
            Some("terminated") => outcome.end(End::Terminated),
            Some(_) => outcome.end(End::Truncated),
        };
        if let Some(success) = success {
            outcome = outcome.success(success);
        }
        if let Some(steps) = student_step {
            outcome = outcome.student_step(steps);
        }
        Ok((played, outcome))
    }
}

/// All of them, or what is wrong with the first that cannot be read.
pub(crate) fn read_reports(reports: Vec<Report>) -> PyResult<Vec<(Played, Outcome)>> {
    reports.into_iter().map(Report::read).collect()
}
