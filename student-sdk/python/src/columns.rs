//! What is looked at in bulk, as columns: one numpy array for each, so that no object of Python's stands for a row.
//!
//! Where a number may be absent its column is of floats, NaN where it is; times are numpy's `datetime64[us]`, NaT where
//! absent; names are columns of objects, None where absent.

use std::{
    collections::HashMap,
    time::{SystemTime, UNIX_EPOCH},
};

use magister_student as sdk;
use numpy::{PyArray1, PyArrayMethods};
use pyo3::{
    prelude::*,
    types::{PyDict, PyString},
};
use pythonize::pythonize;
use serde::Serialize;

/// numpy's "not a time".
const NOT_A_TIME: i64 = i64::MIN;

/// Points of the task space with the fields of `magister.EpisodePoints`.
pub(crate) fn points(python: Python<'_>, found: sdk::EpisodePoints) -> PyResult<Py<PyAny>> {
    let mut columns = Columns::default();
    let mut origins = OriginColumns::default();
    for point in &found.points {
        origins.push(point.origin);
    }
    let points = &found.points;
    columns.integers("episode", points.iter().map(|point| point.episode));
    columns.integers("task", points.iter().map(|point| point.task));
    columns.numbers("episode_return", points.iter().map(|point| point.return_));
    columns.numbers("alp", points.iter().map(|point| point.alp));
    origins.write(&mut columns);
    let written = columns.into_dict(python)?;
    let values = points.iter().flat_map(|point| point.values.iter().copied()).collect();
    let values = PyArray1::from_vec(python, values).reshape([points.len(), found.axes.len()])?;
    written.set_item("values", values)?;
    written.set_item("axes", pythonize(python, &found.axes)?)?;
    written.set_item("every", found.every)?;
    Ok(written.into_any().unbind())
}

/// Every episode that a filter lets through, as columns; each is added when it comes, so that none is held twice.
pub(crate) struct EpisodeColumns {
    axes: Vec<sdk::Axis>,
    number: Vec<u64>,
    task: Vec<u64>,
    parameters: Vec<Vec<Option<f64>>>,
    state: Names,
    episode_return: Vec<Option<f64>>,
    alp: Vec<Option<f64>>,
    length: Vec<Option<u64>>,
    end: Names,
    success: Vec<Option<bool>>,
    student: Names,
    worker: Names,
    student_step: Vec<Option<u64>>,
    late: Vec<bool>,
    accept_time: Vec<Option<SystemTime>>,
    origins: OriginColumns,
    message: Names,
}

impl EpisodeColumns {
    pub(crate) fn new(axes: Vec<sdk::Axis>) -> Self {
        Self {
            parameters: vec![Vec::new(); axes.len()],
            axes,
            number: Vec::new(),
            task: Vec::new(),
            state: Names::default(),
            episode_return: Vec::new(),
            alp: Vec::new(),
            length: Vec::new(),
            end: Names::default(),
            success: Vec::new(),
            student: Names::default(),
            worker: Names::default(),
            student_step: Vec::new(),
            late: Vec::new(),
            accept_time: Vec::new(),
            origins: OriginColumns::default(),
            message: Names::default(),
        }
    }

    pub(crate) fn push(&mut self, episode: sdk::Episode) -> Result<(), sdk::Error> {
        let task = episode.task.rsplit('/').next().and_then(|number| number.parse().ok());
        self.number.push(episode.number.ok_or(sdk::Error::Answer("an episode that counts has no number"))?);
        self.task.push(task.ok_or(sdk::Error::Answer("a task's name does not end with its number"))?);
        for (column, axis) in self.parameters.iter_mut().zip(&self.axes) {
            column.push(axis.value_in(&episode.parameters));
        }
        self.state.push(written_name(&episode.state));
        self.episode_return.push(episode.return_);
        self.alp.push(episode.alp);
        self.length.push(episode.length);
        self.end.push(episode.end.and_then(|end| written_name(&end)));
        self.success.push(episode.success);
        self.student.push(Some(episode.student));
        self.worker.push(Some(episode.worker));
        self.student_step.push(episode.student_step);
        self.late.push(episode.late);
        self.accept_time.push(episode.accept_time);
        self.origins.push(episode.origin);
        self.message.push(Some(episode.message));
        Ok(())
    }

    pub(crate) fn write(self, python: Python<'_>) -> PyResult<Py<PyAny>> {
        let mut columns = Columns::default();
        columns.integers("episode", self.number.into_iter());
        columns.integers("task", self.task.into_iter());
        for (axis, values) in self.axes.iter().zip(self.parameters) {
            columns.numbers(&parameter_column(axis), values.into_iter());
        }
        columns.add("state", Column::Names(self.state));
        columns.numbers("episode_return", self.episode_return.into_iter());
        columns.numbers("alp", self.alp.into_iter());
        columns.counts("length", self.length.into_iter());
        columns.add("end", Column::Names(self.end));
        columns.numbers("success", self.success.into_iter().map(|success| success.map(f64::from)));
        columns.add("student", Column::Names(self.student));
        columns.add("worker", Column::Names(self.worker));
        columns.counts("student_step", self.student_step.into_iter());
        columns.add("late", Column::Truths(self.late));
        columns.times("accept_time", self.accept_time.into_iter());
        self.origins.write(&mut columns);
        columns.add("message", Column::Names(self.message));
        Ok(columns.into_dict(python)?.into_any().unbind())
    }
}

/// The components of fits, one row for each; a fit that has none has one row without a component.
pub(crate) fn fits(python: Python<'_>, axes: &[sdk::Axis], fits: &[sdk::Fit]) -> PyResult<Py<PyAny>> {
    let mut rows: Vec<(&sdk::Fit, Option<(u64, &sdk::Component)>)> = Vec::new();
    for fit in fits {
        match fit.distribution.as_ref().map(|distribution| &distribution.shape) {
            Some(sdk::Shape::Mixture { components, .. }) if !components.is_empty() => {
                rows.extend((0..).zip(components).map(|component| (fit, Some(component))));
            }
            _ => rows.push((fit, None)),
        }
    }
    let of_fits = || rows.iter().map(|(fit, _)| *fit);
    let of_components = || rows.iter().map(|(_, component)| component.map(|(_, component)| component));
    let mut columns = Columns::default();
    columns.integers("fit", of_fits().map(|fit| fit.number));
    columns.integers("due_episode", of_fits().map(|fit| fit.due_episode));
    columns.integers("effect_episode", of_fits().map(|fit| fit.effect_episode));
    columns.times("create_time", of_fits().map(|fit| fit.create_time));
    columns.numbers("fit_seconds", of_fits().map(|fit| Some(fit.fit_seconds)));
    columns.numbers("criterion", of_fits().map(|fit| fit.chosen()?.criterion));
    let exploration =
        of_fits().map(|fit| fit.distribution.as_ref().map(|found| found.exploration_probability));
    columns.numbers("exploration_probability", exploration);
    columns.counts("component", rows.iter().map(|(_, component)| component.map(|(index, _)| index)));
    columns.numbers("weight", of_components().map(|component| component.map(|component| component.weight)));
    columns.numbers("odds", of_components().map(|component| component.map(|component| component.odds)));
    columns
        .numbers("mean_alp", of_components().map(|component| component.map(|component| component.mean_alp)));
    for axis in axes {
        let means = of_components().map(|component| component?.mean_along(axis));
        columns.numbers(&parameter_column(axis), means);
    }
    for (index, axis) in axes.iter().enumerate() {
        let deviations = of_components().map(|component| component?.standard_deviations.get(index).copied());
        columns.numbers(&format!("standard_deviation_{}", axis.name()), deviations);
    }
    Ok(columns.into_dict(python)?.into_any().unbind())
}

/// Named as Optuna names its parameters' columns: no dimension's name is that of another column so.
fn parameter_column(axis: &sdk::Axis) -> String {
    format!("params_{}", axis.name())
}

#[derive(Default)]
struct OriginColumns {
    kind: Names,
    reason: Names,
    fit: Vec<Option<u64>>,
    component: Vec<Option<u64>>,
}

impl OriginColumns {
    fn push(&mut self, origin: sdk::Origin) {
        let (kind, reason, fit, component) = match origin {
            sdk::Origin::Exploration { reason } => ("exploration", written_name(&reason), None, None),
            sdk::Origin::Initial => ("initial", None, None, None),
            sdk::Origin::Component { fit, component } => {
                ("component", None, Some(fit), Some(u64::from(component)))
            }
            sdk::Origin::Region { region } => ("region", None, None, Some(region.into())),
            sdk::Origin::Mutation { region } => ("mutation", None, None, Some(region.into())),
            sdk::Origin::Window => ("window", None, None, None),
            sdk::Origin::Particle { particle } => ("particle", None, None, Some(particle.into())),
            sdk::Origin::Unsolicited => ("unsolicited", None, None, None),
            _ => ("other", None, None, None),
        };
        self.kind.push(Some(kind.to_owned()));
        self.reason.push(reason);
        self.fit.push(fit);
        self.component.push(component);
    }

    fn write(self, columns: &mut Columns) {
        columns.add("origin", Column::Names(self.kind));
        columns.add("exploration_reason", Column::Names(self.reason));
        columns.counts("fit", self.fit.into_iter());
        columns.counts("component", self.component.into_iter());
    }
}

/// Columns of the same length, in the order in which they are shown.
#[derive(Default)]
struct Columns(Vec<(String, Column)>);

enum Column {
    Integers(Vec<i64>),
    Numbers(Vec<f64>),
    Truths(Vec<bool>),
    Times(Vec<i64>),
    Names(Names),
}

impl Columns {
    fn add(&mut self, name: &str, column: Column) {
        self.0.push((name.to_owned(), column));
    }

    fn integers(&mut self, name: &str, values: impl Iterator<Item = u64>) {
        self.add(name, Column::Integers(values.map(|value| value.try_into().unwrap_or(i64::MAX)).collect()));
    }

    fn numbers(&mut self, name: &str, values: impl Iterator<Item = Option<f64>>) {
        self.add(name, Column::Numbers(values.map(|value| value.unwrap_or(f64::NAN)).collect()));
    }

    /// Whole numbers that may be absent.
    fn counts(&mut self, name: &str, values: impl Iterator<Item = Option<u64>>) {
        self.numbers(name, values.map(|value| value.map(|count| count as f64)));
    }

    fn times(&mut self, name: &str, values: impl Iterator<Item = Option<SystemTime>>) {
        let since = |time: SystemTime| i64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_micros()).ok();
        self.add(
            name,
            Column::Times(values.map(|time| time.and_then(since).unwrap_or(NOT_A_TIME)).collect()),
        );
    }

    fn into_dict(self, python: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
        let written = PyDict::new(python);
        for (name, column) in self.0 {
            let array = match column {
                Column::Integers(values) => PyArray1::from_vec(python, values).into_any(),
                Column::Numbers(values) => PyArray1::from_vec(python, values).into_any(),
                Column::Truths(values) => PyArray1::from_vec(python, values).into_any(),
                Column::Times(values) => {
                    PyArray1::from_vec(python, values).call_method1("view", ("datetime64[us]",))?
                }
                Column::Names(names) => names.into_array(python).into_any(),
            };
            written.set_item(name, array)?;
        }
        Ok(written)
    }
}

/// A column of names, few of which differ: each is held once.
#[derive(Default)]
struct Names {
    indices: HashMap<Option<String>, usize>,
    rows: Vec<usize>,
}

impl Names {
    fn push(&mut self, name: Option<String>) {
        let next = self.indices.len();
        self.rows.push(*self.indices.entry(name).or_insert(next));
    }

    fn into_array(self, python: Python<'_>) -> Bound<'_, PyArray1<Py<PyAny>>> {
        let mut objects: Vec<Py<PyAny>> = self.indices.iter().map(|_| python.None()).collect();
        for (name, index) in self.indices {
            if let Some(name) = name {
                objects[index] = PyString::new(python, &name).into_any().unbind();
            }
        }
        let rows = self.rows.into_iter().map(|index| objects[index].clone_ref(python));
        PyArray1::from_vec(python, rows.collect())
    }
}

/// What the SDK calls a variant where it writes it down.
fn written_name(value: &impl Serialize) -> Option<String> {
    serde_json::to_value(value).ok()?.as_str().map(str::to_owned)
}
