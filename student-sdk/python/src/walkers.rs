//! The bundled walkers, alone and many at once, over numpy's arrays.
//!
//! Observations, rewards and flags are written straight into arrays that Python holds, and actions read from them;
//! other threads of Python run meanwhile. Settings, spaces, seeds and infos are the Python files' business.

use std::{collections::BTreeMap, num::NonZeroU32, sync::Arc, sync::Mutex};

use magister_envs::{
    environment::{Environment, ResetError, Task},
    physics::Engine,
    picture::{Caption, Scene, Scenery, Size, View, frame},
    track::{Absent, Family},
    walker::{
        Episode, WalkerEnvironment, WalkerKind, WalkerSettings,
        vector::{Assignment, Autoreset, BatchMut, VectorEnvironment, VectorError, VectorSettings},
    },
};
use numpy::{PyArray1, PyReadonlyArray1, PyReadonlyArray2, PyReadwriteArray1, PyReadwriteArray2};
use pyo3::{
    exceptions::{PyIndexError, PyRuntimeError, PyValueError},
    import_exception,
    prelude::*,
    types::{PyBytes, PyDict},
};

use crate::runtime::{OfProcess, lock};

import_exception!(magister.errors, InfeasibleTaskError);

/// What of an episode anybody may ask: (seed, task, steps so far, return so far).
type EpisodeTuple = (u64, Option<BTreeMap<String, f64>>, u32, f64);

/// One walker on one track after the other.
#[pyclass(frozen, module = "magister._native")]
pub(crate) struct Walker {
    environment: Mutex<WalkerEnvironment>,
}

/// Many walkers that are stepped together.
#[pyclass(frozen, module = "magister._native")]
pub(crate) struct Walkers {
    environment: OfProcess<Mutex<VectorEnvironment>>,
    threads: usize,
}

/// The names of the bodies.
#[pyfunction]
pub(crate) fn walker_names() -> Vec<&'static str> {
    WalkerKind::ALL.iter().map(|kind| kind.name()).collect()
}

/// The names of the families of tracks.
#[pyfunction]
pub(crate) fn track_names() -> Vec<&'static str> {
    Family::ALL.iter().map(|family| family.name()).collect()
}

/// What a task of a family may name: dicts of name, meaning, least, most, published (a range or None), required and
/// default.
#[pyfunction]
pub(crate) fn track_parameters<'py>(python: Python<'py>, track: &str) -> PyResult<Vec<Bound<'py, PyDict>>> {
    let describe = |parameter: &magister_envs::track::Parameter| {
        let (required, default) = match parameter.absent {
            Absent::Refused => (true, None),
            Absent::Is(value) => (false, Some(value)),
            Absent::LeftOut => (false, None),
        };
        let described = PyDict::new(python);
        described.set_item("name", parameter.name)?;
        described.set_item("meaning", parameter.meaning)?;
        described.set_item("least", parameter.least)?;
        described.set_item("most", parameter.most)?;
        described.set_item("published", parameter.published.map(|[low, high]| (low, high)))?;
        described.set_item("required", required)?;
        described.set_item("default", default)?;
        Ok(described)
    };
    family(track)?.parameters().iter().map(describe).collect()
}

/// The least and the greatest value of each number of a body's observation, and how many numbers an action has.
#[pyfunction]
pub(crate) fn walker_shape(walker: &str) -> PyResult<(Vec<(f64, f64)>, usize)> {
    let kind = kind(walker)?;
    let ranges = kind.observation_ranges().into_iter().map(|[low, high]| (low, high));
    Ok((ranges.collect(), kind.action_count()))
}

#[pymethods]
impl Walker {
    #[new]
    fn new(walker: &str, track: &str, step_limit: NonZeroU32) -> PyResult<Self> {
        let settings = WalkerSettings { kind: kind(walker)?, family: family(track)?, step_limit };
        Ok(Self { environment: Mutex::new(WalkerEnvironment::new(settings)) })
    }

    /// What `snapshot` gave goes on exactly there.
    #[staticmethod]
    fn restore(snapshot: &[u8]) -> PyResult<Self> {
        let environment: WalkerEnvironment = serde_json::from_slice(snapshot)
            .map_err(|error| PyValueError::new_err(format!("this is no walker of this release: {error}")))?;
        Ok(Self { environment: Mutex::new(environment) })
    }

    fn snapshot<'py>(&self, python: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let written = serde_json::to_vec(&*lock(&self.environment));
        let written = written.map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
        Ok(PyBytes::new(python, &written))
    }

    /// Begins an episode and writes its first observation.
    fn reset(
        &self,
        python: Python<'_>,
        seed: u64,
        task: Task,
        mut observation: PyReadwriteArray1<'_, f32>,
    ) -> PyResult<()> {
        let observation = observation.as_slice_mut()?;
        let mut exact = vec![0.0; observation.len()];
        python
            .detach(|| lock(&self.environment).reset(seed, &task, &mut exact))
            .map_err(|error| reset_error(&error))?;
        round_into(&exact, observation);
        Ok(())
    }

    /// Takes a step and writes the observation after it; gives (reward, terminated, truncated).
    fn step(
        &self,
        python: Python<'_>,
        action: PyReadonlyArray1<'_, f32>,
        mut observation: PyReadwriteArray1<'_, f32>,
    ) -> PyResult<(f64, bool, bool)> {
        let action: Vec<f64> = action.as_slice()?.iter().map(|&number| f64::from(number)).collect();
        let observation = observation.as_slice_mut()?;
        let mut exact = vec![0.0; observation.len()];
        let step = python
            .detach(|| lock(&self.environment).step(&action, &mut exact))
            .map_err(|error| PyValueError::new_err(error.to_string()))?;
        round_into(&exact, observation);
        Ok((step.reward, step.terminated, step.truncated))
    }

    /// The episode that began last, or None.
    fn episode(&self) -> Option<EpisodeTuple> {
        lock(&self.environment).episode().map(tuple_of)
    }

    /// A picture of it: height x width x 3 bytes, row by row.
    fn picture<'py>(
        &self,
        python: Python<'py>,
        width_px: u32,
        height_px: u32,
    ) -> PyResult<Bound<'py, PyArray1<u8>>> {
        let environment = lock(&self.environment);
        picture(python, environment.episode(), width_px, height_px)
    }
}

#[pymethods]
impl Walkers {
    #[new]
    fn new(
        walker: &str,
        track: &str,
        step_limit: NonZeroU32,
        count: usize,
        threads: usize,
        autoreset: &str,
    ) -> PyResult<Self> {
        let settings = VectorSettings {
            walker: WalkerSettings { kind: kind(walker)?, family: family(track)?, step_limit },
            count,
            threads,
            engine: Engine::fastest(),
            autoreset: match autoreset {
                "next_step" => Autoreset::NextStep,
                "same_step" => Autoreset::SameStep,
                "disabled" => Autoreset::Disabled,
                other => return Err(PyValueError::new_err(format!("there is no autoreset {other:?}"))),
            },
        };
        let environment = VectorEnvironment::new(settings).map_err(vector_error)?;
        Ok(Self { environment: OfProcess::new(Mutex::new(environment)), threads })
    }

    /// Begins an episode in every walker that has an entry (seed, task), and writes these walkers' rows.
    fn reset(
        &self,
        python: Python<'_>,
        assignments: Vec<Option<(u64, Task)>>,
        mut observations: PyReadwriteArray2<'_, f32>,
    ) -> PyResult<()> {
        let observations = observations.as_slice_mut()?;
        let assignments: Vec<_> = assignments
            .into_iter()
            .map(|assignment| assignment.map(|(seed, task)| Assignment { seed, task }))
            .collect();
        let environment = self.here()?;
        python.detach(|| lock(environment).reset(&assignments, observations)).map_err(vector_error)
    }

    /// Lets a walker play this next, instead of what was to come before.
    fn queue(&self, walker: usize, seed: u64, task: Task) -> PyResult<()> {
        lock(self.here()?).replace_queue(walker, Assignment { seed, task }).map_err(vector_error)
    }

    /// Takes a step in every walker and writes what it brought.
    #[allow(clippy::too_many_arguments, reason = "each is one array")]
    fn step(
        &self,
        python: Python<'_>,
        actions: PyReadonlyArray2<'_, f32>,
        mut observations: PyReadwriteArray2<'_, f32>,
        mut rewards: PyReadwriteArray1<'_, f64>,
        mut terminated: PyReadwriteArray1<'_, bool>,
        mut truncated: PyReadwriteArray1<'_, bool>,
        mut returns: PyReadwriteArray1<'_, f64>,
        mut lengths: PyReadwriteArray1<'_, u32>,
        mut final_observations: PyReadwriteArray2<'_, f32>,
    ) -> PyResult<()> {
        let actions = actions.as_slice()?;
        let mut into = BatchMut {
            observations: observations.as_slice_mut()?,
            rewards: rewards.as_slice_mut()?,
            terminated: terminated.as_slice_mut()?,
            truncated: truncated.as_slice_mut()?,
            returns: returns.as_slice_mut()?,
            lengths: lengths.as_slice_mut()?,
            final_observations: final_observations.as_slice_mut()?,
        };
        let environment = self.here()?;
        python.detach(|| lock(environment).step(actions, &mut into)).map_err(vector_error)
    }

    /// The episode that a walker began last, or None.
    fn episode(&self, walker: usize) -> PyResult<Option<EpisodeTuple>> {
        Ok(lock(self.here()?).episode(walker).map(tuple_of))
    }

    /// A picture of a walker: height x width x 3 bytes, row by row.
    fn picture<'py>(
        &self,
        python: Python<'py>,
        walker: usize,
        width_px: u32,
        height_px: u32,
    ) -> PyResult<Bound<'py, PyArray1<u8>>> {
        let environment = lock(self.here()?);
        picture(python, environment.episode(walker), width_px, height_px)
    }
}

impl Walkers {
    fn here(&self) -> PyResult<&Mutex<VectorEnvironment>> {
        match (self.environment.get(), self.threads) {
            (Some(environment), _) => Ok(environment),
            (None, 1) => Ok(self.environment.get_anywhere()),
            (None, _) => Err(PyRuntimeError::new_err(
                "these walkers have threads that did not come along when the process was forked; make them in this process",
            )),
        }
    }
}

fn kind(name: &str) -> PyResult<WalkerKind> {
    WalkerKind::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| {
        PyValueError::new_err(format!("there is no walker {name:?}; there are {}", walker_names().join(", ")))
    })
}

fn family(name: &str) -> PyResult<Family> {
    Family::ALL.into_iter().find(|family| family.name() == name).ok_or_else(|| {
        PyValueError::new_err(format!("there are no tracks {name:?}; there are {}", track_names().join(", ")))
    })
}

fn tuple_of(episode: &Episode) -> EpisodeTuple {
    (episode.seed(), episode.task().cloned(), episode.length(), episode.return_so_far())
}

fn round_into(exact: &[f64], rounded: &mut [f32]) {
    for (rounded, &exact) in rounded.iter_mut().zip(exact) {
        *rounded = exact as f32;
    }
}

fn picture<'py>(
    python: Python<'py>,
    episode: Option<&Episode>,
    width_px: u32,
    height_px: u32,
) -> PyResult<Bound<'py, PyArray1<u8>>> {
    let episode =
        episode.ok_or_else(|| PyRuntimeError::new_err("there is nothing to show yet: reset first"))?;
    let problem = |error: magister_envs::picture::PictureError| PyValueError::new_err(error.to_string());
    let size = Size::new(width_px, height_px).map_err(problem)?;
    let scenery = Arc::new(Scenery::of_track(episode.track()).map_err(problem)?);
    let scene = Scene::of(episode.walker(), &scenery, Caption::default());
    let image = frame(&scene, View::default(), size);
    let rgb: Vec<u8> =
        image.rgba().chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
    Ok(PyArray1::from_vec(python, rgb))
}

fn reset_error(error: &ResetError) -> PyErr {
    match error.is_infeasible() {
        true => InfeasibleTaskError::new_err(error.to_string()),
        false => PyValueError::new_err(error.to_string()),
    }
}

fn vector_error(error: VectorError) -> PyErr {
    match error {
        VectorError::Refused(ref refused) if refused.len() == 1 => reset_error(&refused[0].error),
        VectorError::Refused(ref refused) if refused.iter().all(|refused| refused.error.is_infeasible()) => {
            InfeasibleTaskError::new_err(error.to_string())
        }
        VectorError::NoSuchWalker { .. } => PyIndexError::new_err(error.to_string()),
        VectorError::Thread(_) => PyRuntimeError::new_err(error.to_string()),
        other => PyValueError::new_err(other.to_string()),
    }
}
