//! Tasks and their parameters.

use std::{collections::BTreeMap, ops::Deref, time::SystemTime};

use magister_proto::v1;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use v1::parameter_value::Value as WireValue;

use crate::error::{Error, ParameterError};

/// A parameter's value.
// Read in this order: a whole number is an integer first, which a continuous dimension takes too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// Of an integer scalar.
    Integer(i64),
    /// Of a continuous or log-scaled scalar.
    Number(f64),
    /// Of an integer vector.
    Integers(Vec<i64>),
    /// Of a continuous or log-scaled vector.
    Numbers(Vec<f64>),
    /// Of a categorical dimension.
    Category(String),
}

impl Value {
    fn type_name(&self) -> &'static str {
        match self {
            Self::Number(_) => "a number",
            Self::Integer(_) => "an integer",
            Self::Numbers(_) => "a list of numbers",
            Self::Integers(_) => "a list of integers",
            Self::Category(_) => "a category",
        }
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<i64> for Value {
    fn from(integer: i64) -> Self {
        Self::Integer(integer)
    }
}

impl From<Vec<f64>> for Value {
    fn from(numbers: Vec<f64>) -> Self {
        Self::Numbers(numbers)
    }
}

impl From<Vec<i64>> for Value {
    fn from(integers: Vec<i64>) -> Self {
        Self::Integers(integers)
    }
}

/// Values by the name of their dimensions: a point of the task space.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Parameters(BTreeMap<String, Value>);

impl Parameters {
    /// A scalar, whether continuous or integer.
    ///
    /// # Errors
    /// [`ParameterError`] if there is none of this name, or it is a vector.
    pub fn f64(&self, name: &str) -> Result<f64, ParameterError> {
        match self.value(name)? {
            Value::Number(number) => Ok(*number),
            Value::Integer(integer) => Ok(*integer as f64),
            other => Err(mistyped(name, "a number", other)),
        }
    }

    /// An integer scalar.
    ///
    /// # Errors
    /// [`ParameterError`] if there is none of this name, or it has another type.
    pub fn i64(&self, name: &str) -> Result<i64, ParameterError> {
        match self.value(name)? {
            Value::Integer(integer) => Ok(*integer),
            other => Err(mistyped(name, "an integer", other)),
        }
    }

    /// A continuous vector.
    ///
    /// # Errors
    /// [`ParameterError`] if there is none of this name, or it has another type.
    pub fn f64s(&self, name: &str) -> Result<&[f64], ParameterError> {
        match self.value(name)? {
            Value::Numbers(numbers) => Ok(numbers),
            other => Err(mistyped(name, "a list of numbers", other)),
        }
    }

    /// An integer vector.
    ///
    /// # Errors
    /// [`ParameterError`] if there is none of this name, or it has another type.
    pub fn i64s(&self, name: &str) -> Result<&[i64], ParameterError> {
        match self.value(name)? {
            Value::Integers(integers) => Ok(integers),
            other => Err(mistyped(name, "a list of integers", other)),
        }
    }

    /// All of them as a struct whose fields are named like the dimensions.
    ///
    /// # Errors
    /// [`ParameterError::Struct`] if they do not fit.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, ParameterError> {
        serde_json::to_value(&self.0).and_then(serde_json::from_value).map_err(|error| {
            let name_and_type = |(name, value): (&String, &Value)| format!("{name} ({})", value.type_name());
            ParameterError::Struct {
                problem: error.to_string(),
                has: self.0.iter().map(name_and_type).collect(),
            }
        })
    }

    fn value(&self, name: &str) -> Result<&Value, ParameterError> {
        self.0.get(name).ok_or_else(|| ParameterError::Missing {
            name: name.to_owned(),
            has: self.0.keys().cloned().collect(),
        })
    }

    pub(crate) fn to_wire(&self) -> v1::Parameters {
        let values = self.0.iter().map(|(name, value)| {
            let value = match value.clone() {
                Value::Number(number) => WireValue::Number(number),
                Value::Integer(integer) => WireValue::Integer(integer),
                Value::Numbers(values) => WireValue::Numbers(v1::parameter_value::Numbers { values }),
                Value::Integers(values) => WireValue::Integers(v1::parameter_value::Integers { values }),
                Value::Category(category) => WireValue::Category(category),
            };
            (name.clone(), v1::ParameterValue { value: Some(value) })
        });
        v1::Parameters { values: values.collect() }
    }
}

impl<N: Into<String>, V: Into<Value>> FromIterator<(N, V)> for Parameters {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(values: I) -> Self {
        Self(values.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl Deref for Parameters {
    type Target = BTreeMap<String, Value>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

fn mistyped(name: &str, wanted: &'static str, found: &Value) -> ParameterError {
    ParameterError::Type { name: name.to_owned(), wanted, found: found.type_name() }
}

/// A task that was handed out: what to build the environment with. Its parameters can be read from it directly:
/// `task.f64("stump_height")?`, or `task.read::<Track>()?` into a struct.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    pub(crate) name: String,
    parameters: Parameters,
    expires: Option<SystemTime>,
}

/// What an outcome is about.
#[derive(Clone, Debug, PartialEq)]
pub enum Played {
    /// A task that was handed out, by its name: whoever has no more of it than that can still report it.
    Task(String),
    /// Parameters that the teacher did not hand out, as from an earlier run's logs.
    Unsolicited(Parameters),
}

impl From<&Task> for Played {
    fn from(task: &Task) -> Self {
        Self::Task(task.name.clone())
    }
}

impl Task {
    /// `curricula/{curriculum}/tasks/{number}`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Every parameter by the name of its dimension.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// When its lease runs out, if it has one.
    pub fn expires(&self) -> Option<SystemTime> {
        self.expires
    }
}

impl Deref for Task {
    type Target = Parameters;

    fn deref(&self) -> &Self::Target {
        &self.parameters
    }
}

impl TryFrom<v1::Task> for Task {
    type Error = Error;

    fn try_from(task: v1::Task) -> Result<Self, Error> {
        Ok(Self {
            name: task.name,
            parameters: read_parameters(task.parameters)?,
            expires: task.expire_time.and_then(|time| SystemTime::try_from(time).ok()),
        })
    }
}

pub(crate) fn read_parameters(parameters: Option<v1::Parameters>) -> Result<Parameters, Error> {
    let parameters = parameters.ok_or(Error::Answer("a task has no parameters"))?;
    parameters
        .values
        .into_iter()
        .map(|(name, value)| {
            let value = match value.value.ok_or(Error::Answer("a parameter has no value"))? {
                WireValue::Number(number) => Value::Number(number),
                WireValue::Integer(integer) => Value::Integer(integer),
                WireValue::Numbers(numbers) => Value::Numbers(numbers.values),
                WireValue::Integers(integers) => Value::Integers(integers.values),
                WireValue::Category(category) => Value::Category(category),
            };
            Ok((name, value))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task() -> Task {
        let value = |value| v1::ParameterValue { value: Some(value) };
        let values = BTreeMap::from([
            ("height".to_owned(), value(WireValue::Number(1.5))),
            ("steps".to_owned(), value(WireValue::Integer(3))),
            (
                "shape".to_owned(),
                value(WireValue::Numbers(v1::parameter_value::Numbers { values: vec![1.0, 2.0] })),
            ),
        ]);
        let wire = v1::Task { parameters: Some(v1::Parameters { values }), ..Default::default() };
        Task::try_from(wire).unwrap()
    }

    #[test]
    fn parameters_are_typed() {
        let task = task();
        assert_eq!(task.f64("height"), Ok(1.5));
        assert_eq!(task.f64("steps"), Ok(3.0));
        assert_eq!(task.i64("steps"), Ok(3));
        assert_eq!(task.f64s("shape"), Ok(&[1.0, 2.0][..]));
        let missing = task.f64("heigth").unwrap_err().to_string();
        assert_eq!(missing, r#"the task has no parameter "heigth"; it has height, shape, steps"#);
        let mistyped = task.i64("height").unwrap_err().to_string();
        assert_eq!(mistyped, r#"parameter "height" is a number, not an integer"#);
    }

    #[test]
    fn parameters_become_a_struct() {
        #[derive(Debug, PartialEq, serde::Deserialize)]
        struct Track {
            height: f64,
            steps: u8,
            shape: [f32; 2],
        }
        assert_eq!(task().read(), Ok(Track { height: 1.5, steps: 3, shape: [1.0, 2.0] }));
        #[derive(Debug, PartialEq, serde::Deserialize)]
        struct Wrong {
            width: f64,
        }
        assert_eq!(
            task().read::<Wrong>().unwrap_err().to_string(),
            "the task's parameters do not fit: missing field `width`; it has height (a number), shape (a list of \
             numbers), steps (an integer)"
        );
        #[derive(Debug, PartialEq, serde::Deserialize)]
        struct Fractional {
            height: u8,
        }
        let mistyped = task().read::<Fractional>().unwrap_err().to_string();
        assert!(mistyped.contains("floating point `1.5`, expected u8"), "{mistyped}");
    }
}
