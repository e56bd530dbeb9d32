//! Task spaces: named, bounded dimensions, and the internal coordinates in which distances and mixtures are
//! taken.
//!
//! A dimension is a scalar or a vector of equal ones; every element is one *axis*. A [`Task`] holds one
//! number per axis in the units of its dimension, rounded and clipped: what is played. Inside, an axis is
//! scaled to `[0, 1]` (through the logarithm if log-scaled; an integer stands at the middle of its bin) and
//! multiplied by the dimension's distance scale.
//!
//! Left out on purpose: names of parameters on the wire and their types, which the service translates at its
//! edge.

use std::{collections::BTreeSet, ops::RangeInclusive};

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

/// Most dimensions of a space, and most axes over all of them.
pub const MAX_AXES: usize = 64;

/// Longest name of a dimension, in characters.
pub const MAX_NAME_CHARACTERS: usize = 64;

/// Integers beyond ±2⁵³ are not exact as `f64`.
pub const MAX_INTEGER: i64 = 1 << 53;

/// Distance scales that leave squares of internal coordinates well within `f64`.
const DISTANCE_SCALES: RangeInclusive<f64> = 1e-50..=1e50;

/// What values a dimension takes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DimensionKind {
    /// Real numbers in `[low, high]`.
    Continuous {
        /// Finite.
        low: f64,
        /// Finite, above `low`.
        high: f64,
    },
    /// Positive real numbers in `[low, high]`, uniform in their logarithm.
    LogScaled {
        /// Finite, above 0.
        low: f64,
        /// Finite, above `low`.
        high: f64,
    },
    /// Integers from `low` to `high`, both included, in bins of equal width.
    Integer {
        /// At least −2⁵³.
        low: i64,
        /// Above `low`, at most 2⁵³.
        high: i64,
    },
}

/// One named dimension, or a vector of equal ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dimension {
    /// 1 to 64 characters, without control characters and without white space at either end.
    pub name: String,
    /// What values it takes.
    #[serde(flatten)]
    pub kind: DimensionKind,
    /// `None`: a scalar. `Some(n)`, 1 to 64: a vector of `n` elements.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u32>,
    /// Multiplies the scaled axis; 1e-50 to 1e50. `high − low` gives the metric of raw units.
    #[serde(default = "unit_scale")]
    pub distance_scale: f64,
}

impl Dimension {
    /// A continuous scalar over `[low, high]`.
    pub fn continuous(name: impl Into<String>, low: f64, high: f64) -> Self {
        Self::scalar(name, DimensionKind::Continuous { low, high })
    }

    /// A log-scaled scalar over `[low, high]`.
    pub fn log_scaled(name: impl Into<String>, low: f64, high: f64) -> Self {
        Self::scalar(name, DimensionKind::LogScaled { low, high })
    }

    /// An integer scalar from `low` to `high`, both included.
    pub fn integer(name: impl Into<String>, low: i64, high: i64) -> Self {
        Self::scalar(name, DimensionKind::Integer { low, high })
    }

    /// The same dimension as a vector of `size` elements.
    pub fn vector(self, size: u32) -> Self {
        Self { size: Some(size), ..self }
    }

    /// The same dimension with another distance scale.
    pub fn with_distance_scale(self, distance_scale: f64) -> Self {
        Self { distance_scale, ..self }
    }

    fn scalar(name: impl Into<String>, kind: DimensionKind) -> Self {
        Self { name: name.into(), kind, size: None, distance_scale: unit_scale() }
    }

    fn axes(&self) -> usize {
        self.size.map_or(1, |size| size as usize)
    }
}

fn unit_scale() -> f64 {
    1.0
}

/// Why a list of dimensions is not a task space. The caller must mend the space; a retry does not help.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SpaceError {
    /// There is no dimension.
    #[error("a task space needs at least one dimension")]
    Empty,
    /// The dimensions span too many axes.
    #[error("a task space may span at most {MAX_AXES} axes, this one has {axes}")]
    TooManyAxes {
        /// Axes over all dimensions.
        axes: usize,
    },
    /// One dimension breaks a rule.
    #[error("dimension {index} ({name:?}): {field} {problem}")]
    Dimension {
        /// Its place in the list, from 0.
        index: usize,
        /// Its name, as given.
        name: String,
        /// The field to mend, such as `low`.
        field: &'static str,
        /// What is wrong with it.
        problem: String,
    },
}

/// Why numbers are not a task of the space. The caller must mend them.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TaskError {
    /// There are more or fewer numbers than axes.
    #[error("the space has {expected} axes, the task has {found} values")]
    Width {
        /// Axes of the space.
        expected: usize,
        /// Numbers given.
        found: usize,
    },
    /// One number cannot be a value of its dimension.
    #[error("{dimension}: {value} {problem}")]
    Value {
        /// Index of its axis.
        axis: usize,
        /// Name of the dimension, with the element if it is a vector: `poly_shape[3]`.
        dimension: String,
        /// The number given.
        value: f64,
        /// What is wrong with it.
        problem: String,
    },
}

/// One element of one dimension.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    dimension: usize,
    element: Option<u32>,
    kind: DimensionKind,
    distance_scale: f64,
}

impl Axis {
    /// Index of its dimension in the space.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// Index within a vector dimension, `None` for a scalar.
    pub fn element(&self) -> Option<u32> {
        self.element
    }

    /// What values it takes.
    pub fn kind(&self) -> DimensionKind {
        self.kind
    }

    /// Length of the axis in internal coordinates.
    pub fn distance_scale(&self) -> f64 {
        self.distance_scale
    }

    /// Lowest and highest value, in the dimension's own units.
    pub fn bounds(&self) -> (f64, f64) {
        match self.kind {
            DimensionKind::Continuous { low, high } | DimensionKind::LogScaled { low, high } => (low, high),
            DimensionKind::Integer { low, high } => (low as f64, high as f64),
        }
    }

    /// The value at `internal`, clipped to the axis and rounded to what can be played.
    fn value_at(&self, internal: f64) -> f64 {
        let share = (internal / self.distance_scale).clamp(0.0, 1.0);
        match self.kind {
            DimensionKind::Continuous { low, high } => (low + share * (high - low)).clamp(low, high),
            DimensionKind::LogScaled { low, high } => {
                (low * libm::exp(share * libm::log(high / low))).clamp(low, high)
            }
            DimensionKind::Integer { low, high } => {
                let bins = (high - low + 1) as f64;
                low as f64 + (share * bins).floor().min(bins - 1.0)
            }
        }
    }

    fn internal_of(&self, value: f64) -> f64 {
        let share = match self.kind {
            DimensionKind::Continuous { low, high } => (value - low) / (high - low),
            DimensionKind::LogScaled { low, high } => libm::log(value / low) / libm::log(high / low),
            DimensionKind::Integer { low, high } => (value - low as f64 + 0.5) / ((high - low + 1) as f64),
        };
        share * self.distance_scale
    }

    fn check(&self, value: f64) -> Result<(), String> {
        let (low, high) = self.bounds();
        if !value.is_finite() {
            return Err("is not a finite number".to_owned());
        }
        if value < low || value > high {
            return Err(format!("lies outside [{low}, {high}]"));
        }
        if matches!(self.kind, DimensionKind::Integer { .. }) && value.fract() != 0.0 {
            return Err("is not a whole number".to_owned());
        }
        Ok(())
    }
}

/// A point of a task space as it is played: one finite number per axis, in the dimensions' own units.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Task(Box<[f64]>);

impl Task {
    /// One value per axis, in the order of the space.
    pub fn values(&self) -> &[f64] {
        &self.0
    }
}

/// Checked dimensions and the mapping between their values and internal coordinates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Dimension>", into = "Vec<Dimension>")]
pub struct TaskSpace {
    dimensions: Vec<Dimension>,
    axes: Vec<Axis>,
}

impl TaskSpace {
    /// Checks the dimensions.
    ///
    /// # Errors
    /// [`SpaceError`] where there is none, where names are empty, odd or double, where bounds are not finite
    /// or not in order, where a log-scaled bound is not above 0, or where the axes are too many.
    pub fn new(dimensions: Vec<Dimension>) -> Result<Self, SpaceError> {
        if dimensions.is_empty() {
            return Err(SpaceError::Empty);
        }
        let mut names = BTreeSet::new();
        for (index, dimension) in dimensions.iter().enumerate() {
            let refuse = |field, problem| SpaceError::Dimension {
                index,
                name: dimension.name.clone(),
                field,
                problem,
            };
            check_name(&dimension.name).map_err(|problem| refuse("name", problem))?;
            if !names.insert(dimension.name.as_str()) {
                return Err(refuse("name", "is used by an earlier dimension".to_owned()));
            }
            check_kind(dimension.kind).map_err(|(field, problem)| refuse(field, problem))?;
            if dimension.size.is_some_and(|size| size == 0 || size as usize > MAX_AXES) {
                return Err(refuse("size", format!("must lie between 1 and {MAX_AXES}")));
            }
            if !DISTANCE_SCALES.contains(&dimension.distance_scale) {
                let (least, most) = (DISTANCE_SCALES.start(), DISTANCE_SCALES.end());
                return Err(refuse("distance_scale", format!("must lie between {least:e} and {most:e}")));
            }
        }
        let axes: usize = dimensions.iter().map(Dimension::axes).sum();
        if axes > MAX_AXES {
            return Err(SpaceError::TooManyAxes { axes });
        }
        let axes = dimensions
            .iter()
            .enumerate()
            .flat_map(|(index, dimension)| {
                (0..dimension.axes()).map(move |element| Axis {
                    dimension: index,
                    element: dimension.size.map(|_| element as u32),
                    kind: dimension.kind,
                    distance_scale: dimension.distance_scale,
                })
            })
            .collect();
        Ok(Self { dimensions, axes })
    }

    /// The dimensions, in their order.
    pub fn dimensions(&self) -> &[Dimension] {
        &self.dimensions
    }

    /// The axes, in the order of the dimensions and of their elements.
    pub fn axes(&self) -> &[Axis] {
        &self.axes
    }

    /// Number of axes.
    pub fn width(&self) -> usize {
        self.axes.len()
    }

    /// Name of an axis for people: the dimension's, with the element if it is a vector.
    pub fn axis_name(&self, axis: usize) -> String {
        let Axis { dimension, element, .. } = self.axes[axis];
        let name = &self.dimensions[dimension].name;
        element.map_or_else(|| name.clone(), |element| format!("{name}[{element}]"))
    }

    /// Takes one value per axis for a task.
    ///
    /// # Errors
    /// [`TaskError`] where their number is wrong or one is not finite, out of bounds, or not whole on an
    /// integer axis.
    pub fn task(&self, values: &[f64]) -> Result<Task, TaskError> {
        if values.len() != self.width() {
            return Err(TaskError::Width { expected: self.width(), found: values.len() });
        }
        for (index, (axis, &value)) in self.axes.iter().zip(values).enumerate() {
            axis.check(value).map_err(|problem| TaskError::Value {
                axis: index,
                dimension: self.axis_name(index),
                value,
                problem,
            })?;
        }
        Ok(Task(values.iter().map(|value| value + 0.0).collect()))
    }

    /// Whether a task that was read from somewhere is one of this space.
    pub fn contains(&self, task: &Task) -> bool {
        task.values().len() == self.width()
            && self.axes.iter().zip(task.values()).all(|(axis, &value)| axis.check(value).is_ok())
    }

    /// The task at internal coordinates (one per axis), rounded and clipped to the space.
    pub fn task_at(&self, internal: &[f64]) -> Task {
        debug_assert_eq!(internal.len(), self.width());
        Task(self.axes.iter().zip(internal).map(|(axis, &x)| axis.value_at(x)).collect())
    }

    /// Internal coordinates of a task, one per axis.
    pub fn internal(&self, task: &Task) -> Vec<f64> {
        self.axes.iter().zip(task.values()).map(|(axis, &value)| axis.internal_of(value)).collect()
    }

    /// A task drawn uniformly.
    pub fn uniform(&self, rng: &mut dyn Rng) -> Task {
        Task(self.axes.iter().map(|axis| axis.value_at(rng.random::<f64>() * axis.distance_scale)).collect())
    }
}

impl TryFrom<Vec<Dimension>> for TaskSpace {
    type Error = SpaceError;

    fn try_from(dimensions: Vec<Dimension>) -> Result<Self, SpaceError> {
        Self::new(dimensions)
    }
}

impl From<TaskSpace> for Vec<Dimension> {
    fn from(space: TaskSpace) -> Self {
        space.dimensions
    }
}

fn check_name(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("is empty".to_owned());
    }
    if name.chars().count() > MAX_NAME_CHARACTERS {
        return Err(format!("is longer than {MAX_NAME_CHARACTERS} characters"));
    }
    if name.chars().any(char::is_control) {
        return Err("has a control character".to_owned());
    }
    if name.trim() != name {
        return Err("has white space at an end".to_owned());
    }
    Ok(())
}

fn check_kind(kind: DimensionKind) -> Result<(), (&'static str, String)> {
    match kind {
        DimensionKind::Continuous { low, high } | DimensionKind::LogScaled { low, high } => {
            for (field, value) in [("low", low), ("high", high)] {
                if !value.is_finite() {
                    return Err((field, format!("is {value}; it must be a finite number")));
                }
            }
            if low >= high {
                return Err(("high", format!("is {high}; it must be above low, {low}")));
            }
            if matches!(kind, DimensionKind::LogScaled { .. }) {
                if low <= 0.0 {
                    return Err(("low", format!("is {low}; a log-scaled dimension lies above 0")));
                }
                if !(high / low).is_finite() {
                    return Err(("high", "is too many orders of magnitude above low".to_owned()));
                }
                if libm::log(high / low) <= 0.0 {
                    return Err(("high", "is too close to low".to_owned()));
                }
            }
            if !(high - low).is_finite() {
                return Err(("high", "is too far above low: the difference is infinite".to_owned()));
            }
            Ok(())
        }
        DimensionKind::Integer { low, high } => {
            for (field, value) in [("low", low), ("high", high)] {
                if !(-MAX_INTEGER..=MAX_INTEGER).contains(&value) {
                    return Err((field, format!("is {value}; integers lie within ±2^53")));
                }
            }
            if low >= high {
                return Err(("high", format!("is {high}; it must be above low, {low}")));
            }
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refused(dimension: Dimension) -> String {
        TaskSpace::new(vec![dimension]).expect_err("a bad dimension").to_string()
    }

    #[test]
    fn says_what_is_wrong_with_a_dimension() {
        for (dimension, words) in [
            (Dimension::continuous("", 0.0, 1.0), "name is empty"),
            (Dimension::continuous(" a", 0.0, 1.0), "white space"),
            (Dimension::continuous("a\n", 0.0, 1.0), "control character"),
            (Dimension::continuous("ß".repeat(65), 0.0, 1.0), "longer than 64"),
            (Dimension::continuous("a", 1.0, 1.0), "high is 1; it must be above low, 1"),
            (Dimension::continuous("a", 2.0, 1.0), "high is 1; it must be above low, 2"),
            (Dimension::continuous("a", f64::NAN, 1.0), "low is NaN"),
            (Dimension::continuous("a", 0.0, f64::INFINITY), "high is inf"),
            (Dimension::continuous("a", -f64::MAX, f64::MAX), "difference is infinite"),
            (Dimension::log_scaled("a", 0.0, 1.0), "above 0"),
            (Dimension::log_scaled("a", -1.0, 1.0), "above 0"),
            (Dimension::log_scaled("a", 1e-300, 1e300), "orders of magnitude"),
            (Dimension::integer("a", 3, 3), "above low"),
            (Dimension::integer("a", 0, i64::MAX), "2^53"),
            (Dimension::continuous("a", 0.0, 1.0).vector(0), "size must lie between"),
            (Dimension::continuous("a", 0.0, 1.0).vector(65), "size must lie between"),
            (Dimension::continuous("a", 0.0, 1.0).with_distance_scale(0.0), "distance_scale must lie"),
            (Dimension::continuous("a", 0.0, 1.0).with_distance_scale(f64::NAN), "distance_scale must lie"),
        ] {
            let message = refused(dimension);
            assert!(message.contains(words), "{message:?} does not say {words:?}");
        }
    }

    #[test]
    fn refuses_none_too_many_and_double_names() {
        assert_eq!(TaskSpace::new(vec![]), Err(SpaceError::Empty));
        let wide = |name| Dimension::continuous(name, 0.0, 1.0).vector(40);
        assert_eq!(TaskSpace::new(vec![wide("a"), wide("b")]), Err(SpaceError::TooManyAxes { axes: 80 }));
        let double = vec![Dimension::integer("a", 0, 1), Dimension::integer("a", 0, 2)];
        assert!(matches!(TaskSpace::new(double), Err(SpaceError::Dimension { index: 1, field: "name", .. })));
    }

    #[test]
    fn integers_have_bins_of_equal_width() {
        let space = TaskSpace::new(vec![Dimension::integer("n", -1, 2)]).unwrap();
        for (internal, value) in
            [(0.0, -1.0), (0.24, -1.0), (0.26, 0.0), (0.74, 1.0), (0.76, 2.0), (1.0, 2.0)]
        {
            assert_eq!(space.task_at(&[internal]).values(), [value]);
        }
        let middle = space.internal(&space.task(&[-1.0]).unwrap());
        assert!((middle[0] - 0.125).abs() < 1e-15);
    }

    #[test]
    fn tasks_out_of_the_space_are_refused_by_name() {
        let space = TaskSpace::new(vec![
            Dimension::continuous("height", 0.0, 3.0),
            Dimension::integer("steps", 1, 5).vector(2),
        ])
        .unwrap();
        for (values, words) in [
            (&[1.0, 2.0][..], "3 axes, the task has 2"),
            (&[3.5, 1.0, 1.0], "height: 3.5 lies outside [0, 3]"),
            (&[f64::NAN, 1.0, 1.0], "height: NaN is not a finite number"),
            (&[1.0, 1.0, 1.5], "steps[1]: 1.5 is not a whole number"),
        ] {
            let message = space.task(values).unwrap_err().to_string();
            assert!(message.contains(words), "{message:?} does not say {words:?}");
        }
    }

    #[test]
    fn survives_json() {
        let space = TaskSpace::new(vec![
            Dimension::log_scaled("mass", 0.1, 10.0).with_distance_scale(2.0),
            Dimension::continuous("poly_shape", 0.0, 4.0).vector(12),
        ])
        .unwrap();
        let json = serde_json::to_string(&space).unwrap();
        assert_eq!(serde_json::from_str::<TaskSpace>(&json).unwrap(), space);
        assert!(serde_json::from_str::<TaskSpace>("[]").is_err());
    }

    proptest! {
        #[test]
        fn every_internal_point_gives_a_task_of_the_space(
            points in prop::collection::vec(prop::num::f64::ANY.prop_filter("a number", |x| !x.is_nan()), 3),
            scale in 1e-3f64..1e3,
        ) {
            let space = TaskSpace::new(vec![
                Dimension::continuous("a", -5.0, 0.1).with_distance_scale(scale),
                Dimension::log_scaled("b", 1e-3, 7.0),
                Dimension::integer("c", -3, 17),
            ]).unwrap();
            let task = space.task_at(&points);
            prop_assert!(space.task(task.values()).is_ok());
            let again = space.task_at(&space.internal(&task));
            for (one, two) in task.values().iter().zip(again.values()) {
                prop_assert!((one - two).abs() <= 1e-12 * one.abs().max(1.0));
            }
        }
    }
}
