//! Tasks and their parameters.

use std::{collections::BTreeMap, time::SystemTime};

use magister_proto::v1;
use serde::{Serialize, de::DeserializeOwned};
use v1::parameter_value::Value as WireValue;

use crate::error::{Error, ParameterError};

/// A parameter's value.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// Of a continuous or log-scaled scalar.
    Number(f64),
    /// Of an integer scalar.
    Integer(i64),
    /// Of a continuous or log-scaled vector.
    Numbers(Vec<f64>),
    /// Of an integer vector.
    Integers(Vec<i64>),
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

/// A task that was handed out: what to build the environment with.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    pub(crate) name: String,
    parameters: BTreeMap<String, Value>,
    expires: Option<SystemTime>,
}

impl Task {
    /// `curricula/{curriculum}/tasks/{number}`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Every parameter by the name of its dimension.
    pub fn parameters(&self) -> &BTreeMap<String, Value> {
        &self.parameters
    }

    /// When its lease runs out, if it has one.
    pub fn expires(&self) -> Option<SystemTime> {
        self.expires
    }

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

    /// All parameters as a struct whose fields are named like the dimensions.
    ///
    /// # Errors
    /// [`ParameterError::Struct`] if they do not fit.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, ParameterError> {
        serde_json::to_value(&self.parameters)
            .and_then(serde_json::from_value)
            .map_err(|error| ParameterError::Struct(error.to_string()))
    }

    fn value(&self, name: &str) -> Result<&Value, ParameterError> {
        self.parameters.get(name).ok_or_else(|| ParameterError::Missing {
            name: name.to_owned(),
            has: self.parameters.keys().cloned().collect(),
        })
    }
}

fn mistyped(name: &str, wanted: &'static str, found: &Value) -> ParameterError {
    ParameterError::Type { name: name.to_owned(), wanted, found: found.type_name() }
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

pub(crate) fn read_parameters(parameters: Option<v1::Parameters>) -> Result<BTreeMap<String, Value>, Error> {
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
        assert!(matches!(task().read::<Wrong>(), Err(ParameterError::Struct(_))));
    }
}
