//! Task spaces and parameters.

use magister_core::space::{Dimension, DimensionKind, SpaceError, Task, TaskError, TaskSpace};
use magister_proto::v1;
use v1::parameter_value::Value;

use crate::error::{Invalid, ServiceError, Violation};

/// Reads a task space.
pub(crate) fn read(space: Option<v1::TaskSpace>) -> Result<TaskSpace, ServiceError> {
    let dimensions = space.unwrap_or_default().dimensions;
    let kinds: Vec<&'static str> =
        dimensions.iter().map(|dimension| kind_name(dimension.kind.as_ref())).collect();
    let dimensions = dimensions
        .into_iter()
        .enumerate()
        .map(|(index, dimension)| read_dimension(dimension).map_err(|error| in_dimension(error, index)))
        .collect::<Result<Vec<_>, _>>()?;
    TaskSpace::new(dimensions).map_err(|error| {
        let field = match &error {
            SpaceError::Empty | SpaceError::TooManyAxes { .. } => "space.dimensions".to_owned(),
            SpaceError::Dimension { index, field, .. } => match *field {
                "low" | "high" => format!("space.dimensions[{index}].{}.{field}", kinds[*index]),
                _ => format!("space.dimensions[{index}].{field}"),
            },
        };
        ServiceError::invalid(Invalid::Space, field, error.to_string())
    })
}

fn kind_name(kind: Option<&v1::dimension::Kind>) -> &'static str {
    match kind {
        Some(v1::dimension::Kind::Continuous(_)) => "continuous",
        Some(v1::dimension::Kind::LogScaled(_)) => "log_scaled",
        Some(v1::dimension::Kind::Integer(_)) => "integer",
        Some(v1::dimension::Kind::Categorical(_)) => "categorical",
        None => "kind",
    }
}

fn read_dimension(dimension: v1::Dimension) -> Result<Dimension, ServiceError> {
    let kind = match dimension.kind {
        Some(v1::dimension::Kind::Continuous(v1::dimension::Continuous { low, high })) => {
            DimensionKind::Continuous { low, high }
        }
        Some(v1::dimension::Kind::LogScaled(v1::dimension::LogScaled { low, high })) => {
            DimensionKind::LogScaled { low, high }
        }
        Some(v1::dimension::Kind::Integer(v1::dimension::Integer { low, high })) => {
            DimensionKind::Integer { low, high }
        }
        Some(v1::dimension::Kind::Categorical(_)) => {
            return Err(ServiceError::NotImplemented("a categorical dimension"));
        }
        None => {
            let problem = "is missing: give continuous, log_scaled or integer";
            return Err(ServiceError::invalid(Invalid::Space, "kind", problem));
        }
    };
    Ok(Dimension {
        name: dimension.name,
        kind,
        size: dimension.size,
        distance_scale: dimension.distance_scale.unwrap_or(1.0),
    })
}

fn in_dimension(error: ServiceError, index: usize) -> ServiceError {
    match error {
        ServiceError::Invalid { kind, violations } => ServiceError::Invalid {
            kind,
            violations: violations
                .into_iter()
                .map(|violation| violation.within(&format!("space.dimensions[{index}]")))
                .collect(),
        },
        other => other,
    }
}

/// Writes a task space.
pub(crate) fn write(space: &TaskSpace) -> v1::TaskSpace {
    let dimensions = space
        .dimensions()
        .iter()
        .map(|dimension| v1::Dimension {
            name: dimension.name.clone(),
            size: dimension.size,
            distance_scale: Some(dimension.distance_scale),
            kind: Some(match dimension.kind {
                DimensionKind::Continuous { low, high } => {
                    v1::dimension::Kind::Continuous(v1::dimension::Continuous { low, high })
                }
                DimensionKind::LogScaled { low, high } => {
                    v1::dimension::Kind::LogScaled(v1::dimension::LogScaled { low, high })
                }
                DimensionKind::Integer { low, high } => {
                    v1::dimension::Kind::Integer(v1::dimension::Integer { low, high })
                }
            }),
        })
        .collect();
    v1::TaskSpace { dimensions }
}

/// Reads parameters as a task of the space; `field` is their place in the request.
pub(crate) fn read_task(
    space: &TaskSpace,
    field: &str,
    parameters: v1::Parameters,
) -> Result<Task, ServiceError> {
    let refuse = |name: &str, problem: String| {
        let violation = Violation::new(format!("{field}.values[{name:?}]"), problem);
        ServiceError::Invalid { kind: Invalid::Task, violations: vec![violation] }
    };
    let mut given = parameters.values;
    let mut values = Vec::with_capacity(space.width());
    for dimension in space.dimensions() {
        let name = dimension.name.as_str();
        let value = given.remove(name).and_then(|value| value.value);
        let Some(value) = value else { return Err(refuse(name, "is missing".to_owned())) };
        let elements: Vec<f64> = match (value, dimension.size) {
            (Value::Number(number), None) => vec![number],
            (Value::Integer(integer), None) => vec![integer as f64],
            (Value::Numbers(numbers), Some(_)) => numbers.values,
            (Value::Integers(integers), Some(_)) => {
                integers.values.iter().map(|&value| value as f64).collect()
            }
            (Value::Category(_), _) => return Err(refuse(name, "is a category; give a number".to_owned())),
            (Value::Number(_) | Value::Integer(_), Some(size)) => {
                return Err(refuse(name, format!("is one number; give a list of {size}")));
            }
            (Value::Numbers(_) | Value::Integers(_), None) => {
                return Err(refuse(name, "is a list; give one number".to_owned()));
            }
        };
        let expected = dimension.size.unwrap_or(1) as usize;
        if elements.len() != expected {
            return Err(refuse(name, format!("has {} elements; give {expected}", elements.len())));
        }
        values.extend(elements);
    }
    if let Some(unknown) = given.keys().next() {
        return Err(refuse(unknown, "is not a dimension of the task space".to_owned()));
    }
    space.task(&values).map_err(|error| match error {
        TaskError::Value { axis, value, problem, dimension: _ } => {
            let axis = &space.axes()[axis];
            let element = axis.element().map_or_else(String::new, |element| format!("element {element}, "));
            refuse(&space.dimensions()[axis.dimension()].name, format!("{element}{value} {problem}"))
        }
        error => ServiceError::invalid(Invalid::Task, format!("{field}.values"), error.to_string()),
    })
}

/// Writes a task as parameters.
pub(crate) fn write_task(space: &TaskSpace, task: &Task) -> v1::Parameters {
    let mut rest = task.values();
    let values = space
        .dimensions()
        .iter()
        .map(|dimension| {
            let (elements, later) = rest.split_at(dimension.size.unwrap_or(1) as usize);
            rest = later;
            let integer = matches!(dimension.kind, DimensionKind::Integer { .. });
            let value = match (integer, dimension.size) {
                (false, None) => Value::Number(elements[0]),
                (true, None) => Value::Integer(elements[0] as i64),
                (false, Some(_)) => {
                    Value::Numbers(v1::parameter_value::Numbers { values: elements.to_vec() })
                }
                (true, Some(_)) => Value::Integers(v1::parameter_value::Integers {
                    values: elements.iter().map(|&element| element as i64).collect(),
                }),
            };
            (dimension.name.clone(), v1::ParameterValue { value: Some(value) })
        })
        .collect();
    v1::Parameters { values }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_survive_the_wire() {
        let space = TaskSpace::new(vec![
            Dimension::continuous("a", 0.0, 1.0),
            Dimension::integer("b", -9_007_199_254_740_992, 9_007_199_254_740_992).vector(2),
            Dimension::log_scaled("c", 0.5, 2.0).vector(1),
        ])
        .unwrap();
        let task = space.task(&[0.25, -9_007_199_254_740_992.0, 3.0, 1.5]).unwrap();
        assert_eq!(read_task(&space, "parameters", write_task(&space, &task)).unwrap(), task);
        assert_eq!(read(Some(write(&space))).unwrap(), space);
    }
}
