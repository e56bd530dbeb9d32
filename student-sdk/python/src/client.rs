//! The client: connections and curricula of the Rust SDK, as the Python files of the package use them.
//!
//! Every method that talks to the server gives a [`Call`]. Plain data crosses as dicts and lists, in the form in which
//! the SDK writes it as JSON.

use std::{path::PathBuf, sync::Mutex, time::Duration};

use magister_student as sdk;
use pyo3::{exceptions::PyValueError, prelude::*};
use pythonize::{Depythonizer, pythonize};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    call::Call,
    columns::{self, EpisodeColumns},
    error::to_python,
    outcome::{Report, read_reports},
    runtime::{self, OfProcess, lock},
    settings::{Edit, Settings},
    stream::Stream,
};

/// Episodes that one page may have, by the contract.
const LARGEST_PAGE: u32 = 10_000;

/// A connection. A process that was forked makes its own with the first call.
#[pyclass(frozen, module = "magister._native")]
pub(crate) struct Client {
    address: String,
    options: sdk::ConnectOptions,
    live: Mutex<OfProcess<sdk::Client>>,
}

/// A curriculum, on behalf of a student and one of its workers.
#[pyclass(frozen, module = "magister._native")]
pub(crate) struct Curriculum {
    client: Py<Client>,
    id: String,
    student: String,
    worker: String,
}

/// How to connect: what `magister.connect` takes.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct ConnectSettings {
    token: Option<String>,
    ca_certificate: Option<Vec<u8>>,
    client_certificate: Option<(Vec<u8>, Vec<u8>)>,
    retry_for_s: f64,
    call_timeout_s: f64,
}

impl ConnectSettings {
    fn options(self) -> PyResult<sdk::ConnectOptions> {
        let mut options = sdk::ConnectOptions::default()
            .retry_for(seconds("retry_for_s", self.retry_for_s)?)
            .call_timeout(seconds("call_timeout_s", self.call_timeout_s)?);
        if let Some(token) = self.token {
            options = options.token(token);
        }
        if let Some(pem) = self.ca_certificate {
            options = options.ca_certificate(pem);
        }
        if let Some((certificate, key)) = self.client_certificate {
            options = options.client_certificate(certificate, key);
        }
        Ok(options)
    }
}

/// Connects to a server and makes sure that it is one; the answer is a `Client`.
#[pyfunction]
pub(crate) fn connect(python: Python<'_>, address: String, settings: ConnectSettings) -> PyResult<Call> {
    let options = settings.options()?;
    let connecting = sdk::Client::connect_with(address.clone(), options.clone());
    Call::start(python, connecting, move |python, client| {
        let live = Mutex::new(OfProcess::new(client));
        Ok(Py::new(python, Client { address, options, live })?.into_any())
    })
}

#[pymethods]
impl Client {
    /// Connects with the first call: in a process that was given another's client.
    #[staticmethod]
    fn lazy(python: Python<'_>, address: String, settings: ConnectSettings) -> PyResult<Self> {
        let options = settings.options()?;
        let live = connect_lazily(python, &address, &options)?;
        Ok(Self { address, options, live: Mutex::new(OfProcess::new(live)) })
    }

    /// Makes or opens a curriculum; the answer is its name.
    fn create_or_open(&self, python: Python<'_>, settings: &Bound<'_, PyAny>) -> PyResult<Call> {
        let settings: Settings = read_plain(settings)?;
        let spec = settings.into_spec()?;
        let client = self.here(python)?;
        let made =
            async move { client.create_or_open(spec).await.map(|curriculum| id_of(curriculum.name())) };
        Call::start(python, made, plain)
    }

    /// Descriptions of all curricula.
    fn list(&self, python: Python<'_>) -> PyResult<Call> {
        let client = self.here(python)?;
        Call::start(python, async move { client.list().await }, plain)
    }

    /// Deletes a curriculum.
    fn delete(&self, python: Python<'_>, id: String) -> PyResult<Call> {
        let client = self.here(python)?;
        Call::start(python, async move { client.delete(&id).await }, plain)
    }

    /// Makes a curriculum from an exported file; the answer describes it.
    fn import_from(&self, python: Python<'_>, id: String, path: PathBuf) -> PyResult<Call> {
        let client = self.here(python)?;
        Call::start(python, async move { client.import_from_file(&id, &path).await }, plain)
    }
}

impl Client {
    /// The connection of this process.
    fn here(&self, python: Python<'_>) -> PyResult<sdk::Client> {
        let mut live = lock(&self.live);
        if let Some(client) = live.get() {
            return Ok(client.clone());
        }
        let client = connect_lazily(python, &self.address, &self.options)?;
        // The parent's connection is the parent's to close.
        std::mem::forget(std::mem::replace(&mut *live, OfProcess::new(client.clone())));
        Ok(client)
    }
}

#[pymethods]
impl Curriculum {
    #[new]
    fn new(client: Py<Client>, id: String, student: String, worker: String) -> Self {
        Self { client, id, student, worker }
    }

    /// The answer describes it.
    fn describe(&self, python: Python<'_>) -> PyResult<Call> {
        let curriculum = self.here(python)?;
        Call::start(python, async move { curriculum.describe().await }, plain)
    }

    /// Asks for tasks, with an id if the same ones are to come again. Each is (name, parameters, expiry in Unix
    /// seconds).
    #[pyo3(signature = (count, request_id=None))]
    fn ask(&self, python: Python<'_>, count: u32, request_id: Option<String>) -> PyResult<Call> {
        let curriculum = self.here(python)?;
        let asked = async move {
            match request_id {
                None => curriculum.ask_many(count).await,
                Some(id) => curriculum.ask_again(count, id).await,
            }
        };
        Call::start(python, asked, |python, tasks| {
            let tasks: PyResult<Vec<_>> = tasks.iter().map(|task| task_tuple(python, task)).collect();
            Ok(tasks?.into_pyobject(python)?.unbind())
        })
    }

    /// Tells outcomes; the answer is their receipts.
    fn tell(&self, python: Python<'_>, reports: Vec<Report>) -> PyResult<Call> {
        let curriculum = self.here(python)?;
        let outcomes = read_reports(reports)?;
        Call::start(python, async move { curriculum.report(outcomes).await }, plain)
    }

    /// Opens a stream.
    fn teach(slf: &Bound<'_, Self>, window: u32) -> PyResult<Call> {
        let python = slf.py();
        let curriculum = slf.get().here(python)?;
        let owner = slf.clone().unbind();
        Call::start(python, async move { curriculum.teach(window).await }, move |python, stream| {
            Ok(Py::new(python, Stream::new(stream, owner))?.into_any())
        })
    }

    /// Opens an evaluation.
    fn sample_test_tasks(&self, python: Python<'_>, student_step: u64) -> PyResult<Call> {
        let curriculum = self.here(python)?;
        Call::start(python, async move { curriculum.sample_test_tasks(student_step).await }, plain)
    }

    /// Adds results (index, return, length, success) to an evaluation; the answer is the evaluation.
    fn report_evaluations(
        &self,
        python: Python<'_>,
        round: u64,
        results: Vec<(u32, f64, Option<u64>, Option<bool>)>,
    ) -> PyResult<Call> {
        let curriculum = self.here(python)?;
        let results: Vec<_> = results
            .into_iter()
            .map(|(index, return_, length, success)| sdk::TestResult { index, return_, length, success })
            .collect();
        Call::start(python, async move { curriculum.report_evaluations(round, results).await }, plain)
    }

    /// The answer is an evaluation.
    fn evaluation(&self, python: Python<'_>, round: u64) -> PyResult<Call> {
        let curriculum = self.here(python)?;
        Call::start(python, async move { curriculum.evaluation(round).await }, plain)
    }

    /// The answer is the mastery over the test set.
    fn mastery(&self, python: Python<'_>) -> PyResult<Call> {
        let curriculum = self.here(python)?;
        Call::start(python, async move { curriculum.mastery().await }, plain)
    }

    /// What the teacher samples from, now or as of a fit.
    #[pyo3(signature = (fit=None))]
    fn distribution(&self, python: Python<'_>, fit: Option<u64>) -> PyResult<Call> {
        let curriculum = self.here(python)?;
        let found = async move {
            match fit {
                None => curriculum.distribution().await,
                Some(fit) => curriculum.distribution_of_fit(fit).await,
            }
        };
        Call::start(python, found, plain)
    }

    /// All fits with higher numbers.
    fn fits(&self, python: Python<'_>, after: u64) -> PyResult<Call> {
        let curriculum = self.here(python)?;
        Call::start(python, async move { all_fits(&curriculum, after).await }, plain)
    }

    /// Accepted outcomes from one episode on, at most `limit` of them.
    #[pyo3(signature = (from_episode, before_episode, student, limit))]
    fn episodes(
        &self,
        python: Python<'_>,
        from_episode: Option<u64>,
        before_episode: Option<u64>,
        student: Option<String>,
        limit: usize,
    ) -> PyResult<Call> {
        let curriculum = self.here(python)?;
        let page_size = u32::try_from(limit).unwrap_or(u32::MAX).clamp(1, LARGEST_PAGE);
        let filter =
            sdk::EpisodeFilter { from_episode, before_episode, student, page_size, ..Default::default() };
        let found = async move {
            let mut pages = curriculum.episodes(filter);
            let mut episodes = Vec::new();
            while episodes.len() < limit
                && let Some(page) = pages.next().await?
            {
                episodes.extend(page);
            }
            episodes.truncate(limit);
            Ok(episodes)
        };
        Call::start(python, found, plain)
    }

    /// Why a task was given.
    fn explain(&self, python: Python<'_>, task: u64) -> PyResult<Call> {
        let curriculum = self.here(python)?;
        Call::start(python, async move { curriculum.explain(task).await }, plain)
    }

    /// Accepted outcomes from one episode on, all of them, as columns.
    #[pyo3(signature = (from_episode, before_episode, student))]
    fn episode_columns(
        &self,
        python: Python<'_>,
        from_episode: Option<u64>,
        before_episode: Option<u64>,
        student: Option<String>,
    ) -> PyResult<Call> {
        let curriculum = self.here(python)?;
        let page_size = LARGEST_PAGE;
        let filter =
            sdk::EpisodeFilter { from_episode, before_episode, student, page_size, ..Default::default() };
        let found = async move {
            let mut columns = EpisodeColumns::new(curriculum.distribution().await?.axes);
            let mut pages = curriculum.episodes(filter);
            while let Some(page) = pages.next().await? {
                page.into_iter().try_for_each(|episode| columns.push(episode))?;
            }
            Ok(columns)
        };
        Call::start(python, found, |python, columns| columns.write(python))
    }

    /// The components of all fits with higher numbers, as columns.
    fn fit_columns(&self, python: Python<'_>, after: u64) -> PyResult<Call> {
        let curriculum = self.here(python)?;
        let found =
            async move { Ok((curriculum.distribution().await?.axes, all_fits(&curriculum, after).await?)) };
        Call::start(python, found, |python, (axes, fits)| columns::fits(python, &axes, &fits))
    }

    /// How it has come along, in at most so many buckets; 0: the server's default.
    fn progress(&self, python: Python<'_>, max_buckets: u32) -> PyResult<Call> {
        let curriculum = self.here(python)?;
        Call::start(python, async move { curriculum.progress(max_buckets).await }, plain)
    }

    /// Episodes as points of the task space, at most so many; 0: the server's default.
    #[pyo3(signature = (from_episode, before_episode, max_points))]
    fn points(
        &self,
        python: Python<'_>,
        from_episode: Option<u64>,
        before_episode: Option<u64>,
        max_points: u32,
    ) -> PyResult<Call> {
        let curriculum = self.here(python)?;
        let filter = sdk::PointFilter { from_episode, before_episode, max_points };
        Call::start(python, async move { curriculum.points(filter).await }, columns::points)
    }

    /// Where the next task will lie, along axes by their names; 0 cells: the server's default.
    #[pyo3(signature = (axes, fit, cells))]
    fn density(&self, python: Python<'_>, axes: Vec<String>, fit: Option<u64>, cells: u32) -> PyResult<Call> {
        let curriculum = self.here(python)?;
        let found = async move {
            let axes: Vec<&str> = axes.iter().map(String::as_str).collect();
            curriculum.density(&axes, sdk::DensityOptions { fit, cells }).await
        };
        Call::start(python, found, plain)
    }

    /// What stands in the way of progress.
    #[pyo3(signature = (stopped_after_s=None))]
    fn diagnose(&self, python: Python<'_>, stopped_after_s: Option<f64>) -> PyResult<Call> {
        let curriculum = self.here(python)?;
        let stopped_after = stopped_after_s.map(|value| seconds("stopped_after_s", value)).transpose()?;
        Call::start(python, async move { curriculum.diagnose(stopped_after).await }, plain)
    }

    /// Edits live settings; the answer describes the curriculum.
    fn edit(&self, python: Python<'_>, edit: &Bound<'_, PyAny>) -> PyResult<Call> {
        let edit: Edit = read_plain(edit)?;
        let edit = edit.into_edit()?;
        let curriculum = self.here(python)?;
        Call::start(python, async move { curriculum.edit(edit).await }, plain)
    }

    /// Copies the curriculum; the answer describes the copy.
    #[pyo3(signature = (id, position=None, seed=None))]
    fn fork(
        &self,
        python: Python<'_>,
        id: String,
        position: Option<u64>,
        seed: Option<u64>,
    ) -> PyResult<Call> {
        let curriculum = self.here(python)?;
        let fork = sdk::Fork { position, seed };
        Call::start(python, async move { curriculum.fork(&id, fork).await }, plain)
    }

    /// Writes the portable file; the answer is its size in bytes.
    fn export_to(&self, python: Python<'_>, path: PathBuf) -> PyResult<Call> {
        let curriculum = self.here(python)?;
        Call::start(python, async move { curriculum.export_to_file(&path).await }, plain)
    }
}

impl Curriculum {
    pub(crate) fn here(&self, python: Python<'_>) -> PyResult<sdk::Curriculum> {
        let client = self.client.get().here(python)?;
        Ok(client.curriculum(&self.id).on_behalf_of(&self.student, &self.worker))
    }
}

async fn all_fits(curriculum: &sdk::Curriculum, after: u64) -> Result<Vec<sdk::Fit>, sdk::Error> {
    let mut pages = curriculum.fits_after(after);
    let mut fits = Vec::new();
    while let Some(page) = pages.next().await? {
        fits.extend(page);
    }
    Ok(fits)
}

fn connect_lazily(python: Python<'_>, address: &str, options: &sdk::ConnectOptions) -> PyResult<sdk::Client> {
    let runtime = runtime::runtime(python)?;
    let _entered = runtime.enter();
    sdk::Client::connect_lazily(address, options.clone()).map_err(|error| to_python(python, error))
}

/// Python's form of a value that the SDK can write.
pub(crate) fn plain<T: Serialize>(python: Python<'_>, value: T) -> PyResult<Py<PyAny>> {
    Ok(pythonize(python, &value)?.unbind())
}

pub(crate) fn task_tuple(python: Python<'_>, task: &sdk::Task) -> PyResult<(String, Py<PyAny>, Option<f64>)> {
    let expires = task.expires().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    Ok((task.name().to_owned(), plain(python, task.parameters())?, expires.map(|since| since.as_secs_f64())))
}

fn id_of(name: &str) -> String {
    name.rsplit('/').next().unwrap_or(name).to_owned()
}

/// A duration from a setting of this name.
pub(crate) fn seconds(name: &str, value: f64) -> PyResult<Duration> {
    Duration::try_from_secs_f64(value).map_err(|_| {
        PyValueError::new_err(format!("{name} must be a number of seconds that is not negative: {value}"))
    })
}

/// The SDK's form of a dict; the error says which of its values cannot be read.
fn read_plain<T: DeserializeOwned>(value: &Bound<'_, PyAny>) -> PyResult<T> {
    serde_path_to_error::deserialize(&mut Depythonizer::from_object(value))
        .map_err(|error| PyValueError::new_err(format!("{}: {}", error.path(), error.inner())))
}
