//! What a task space is made of.

use magister_proto::v1;
use serde::{Deserialize, Serialize};

/// One named dimension of the task space, or a vector of equal ones.
///
/// As JSON or TOML: `{"name": "stump_height", "kind": "continuous", "low": 0.0, "high": 3.0}`, where needed
/// with `size` and `distance_scale`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct Dimension {
    name: String,
    kind: DimensionKind,
    size: Option<u32>,
    distance_scale: Option<f64>,
}

/// What values a dimension takes.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum DimensionKind {
    /// Real numbers in `[low, high]`.
    Continuous {
        /// Lowest value.
        low: f64,
        /// Highest value.
        high: f64,
    },
    /// Positive real numbers in `[low, high]`, uniform in their logarithm.
    LogScaled {
        /// Lowest value.
        low: f64,
        /// Highest value.
        high: f64,
    },
    /// Integers, both bounds included.
    Integer {
        /// Lowest value.
        low: i64,
        /// Highest value.
        high: i64,
    },
    /// One of several names.
    Categorical {
        /// The names.
        categories: Vec<String>,
    },
    /// Something that this release does not know; no curriculum can be made with it.
    Other,
}

impl Dimension {
    /// Real numbers in `[low, high]`.
    pub fn continuous(name: impl Into<String>, low: f64, high: f64) -> Self {
        Self::new(name, DimensionKind::Continuous { low, high })
    }

    /// Positive real numbers in `[low, high]`, uniform in their logarithm.
    pub fn log_scaled(name: impl Into<String>, low: f64, high: f64) -> Self {
        Self::new(name, DimensionKind::LogScaled { low, high })
    }

    /// Integers from `low` to `high`, both included.
    pub fn integer(name: impl Into<String>, low: i64, high: i64) -> Self {
        Self::new(name, DimensionKind::Integer { low, high })
    }

    /// One of several names. Part of the contract; servers of this release refuse it.
    pub fn categorical(
        name: impl Into<String>,
        categories: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        let categories = categories.into_iter().map(Into::into).collect();
        Self::new(name, DimensionKind::Categorical { categories })
    }

    /// The same as a vector of `size` elements.
    pub fn vector(mut self, size: u32) -> Self {
        self.size = Some(size);
        self
    }

    /// The same with another distance scale; `high - low` gives the metric of raw units.
    pub fn distance_scale(mut self, scale: f64) -> Self {
        self.distance_scale = Some(scale);
        self
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What values it takes.
    pub fn kind(&self) -> &DimensionKind {
        &self.kind
    }

    /// Elements of a vector; `None` for a scalar.
    pub fn size(&self) -> Option<u32> {
        self.size
    }

    fn new(name: impl Into<String>, kind: DimensionKind) -> Self {
        Self { name: name.into(), kind, size: None, distance_scale: None }
    }

    pub(crate) fn to_wire(&self) -> v1::Dimension {
        use v1::dimension::{self as wire, Kind};
        let kind = match &self.kind {
            &DimensionKind::Continuous { low, high } => {
                Some(Kind::Continuous(wire::Continuous { low, high }))
            }
            &DimensionKind::LogScaled { low, high } => Some(Kind::LogScaled(wire::LogScaled { low, high })),
            &DimensionKind::Integer { low, high } => Some(Kind::Integer(wire::Integer { low, high })),
            DimensionKind::Categorical { categories } => {
                Some(Kind::Categorical(wire::Categorical { categories: categories.clone() }))
            }
            DimensionKind::Other => None,
        };
        v1::Dimension { name: self.name.clone(), kind, size: self.size, distance_scale: self.distance_scale }
    }
}

impl From<v1::Dimension> for Dimension {
    fn from(dimension: v1::Dimension) -> Self {
        use v1::dimension::Kind;
        let kind = match dimension.kind {
            Some(Kind::Continuous(range)) => DimensionKind::Continuous { low: range.low, high: range.high },
            Some(Kind::LogScaled(range)) => DimensionKind::LogScaled { low: range.low, high: range.high },
            Some(Kind::Integer(range)) => DimensionKind::Integer { low: range.low, high: range.high },
            Some(Kind::Categorical(names)) => DimensionKind::Categorical { categories: names.categories },
            None => DimensionKind::Other,
        };
        Self { name: dimension.name, kind, size: dimension.size, distance_scale: dimension.distance_scale }
    }
}

/// How a dimension is written down: flat, with its kind as a field. Here unknown fields are refused.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum Written {
    Continuous {
        name: String,
        low: f64,
        high: f64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        size: Option<u32>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        distance_scale: Option<f64>,
    },
    LogScaled {
        name: String,
        low: f64,
        high: f64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        size: Option<u32>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        distance_scale: Option<f64>,
    },
    Integer {
        name: String,
        low: i64,
        high: i64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        size: Option<u32>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        distance_scale: Option<f64>,
    },
    Categorical {
        name: String,
        categories: Vec<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        size: Option<u32>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        distance_scale: Option<f64>,
    },
    #[serde(skip_deserializing)]
    Other { name: String },
}

impl From<Written> for Dimension {
    fn from(written: Written) -> Self {
        let (name, kind, size, distance_scale) = match written {
            Written::Continuous { name, low, high, size, distance_scale } => {
                (name, DimensionKind::Continuous { low, high }, size, distance_scale)
            }
            Written::LogScaled { name, low, high, size, distance_scale } => {
                (name, DimensionKind::LogScaled { low, high }, size, distance_scale)
            }
            Written::Integer { name, low, high, size, distance_scale } => {
                (name, DimensionKind::Integer { low, high }, size, distance_scale)
            }
            Written::Categorical { name, categories, size, distance_scale } => {
                (name, DimensionKind::Categorical { categories }, size, distance_scale)
            }
            Written::Other { name } => (name, DimensionKind::Other, None, None),
        };
        Self { name, kind, size, distance_scale }
    }
}

impl From<Dimension> for Written {
    fn from(dimension: Dimension) -> Self {
        let Dimension { name, kind, size, distance_scale } = dimension;
        match kind {
            DimensionKind::Continuous { low, high } => {
                Self::Continuous { name, low, high, size, distance_scale }
            }
            DimensionKind::LogScaled { low, high } => {
                Self::LogScaled { name, low, high, size, distance_scale }
            }
            DimensionKind::Integer { low, high } => Self::Integer { name, low, high, size, distance_scale },
            DimensionKind::Categorical { categories } => {
                Self::Categorical { name, categories, size, distance_scale }
            }
            DimensionKind::Other => Self::Other { name },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dimensions_survive_the_wire_and_json() {
        for dimension in [
            Dimension::continuous("a", -1.0, 2.5),
            Dimension::log_scaled("b", 1e-5, 0.1).distance_scale(2.0),
            Dimension::integer("c", -3, 4).vector(12),
            Dimension::categorical("d", ["x", "y"]),
        ] {
            assert_eq!(Dimension::from(dimension.to_wire()), dimension);
            let json = serde_json::to_string(&dimension).unwrap();
            assert_eq!(serde_json::from_str::<Dimension>(&json).unwrap(), dimension, "{json}");
        }
        let json = serde_json::to_value(Dimension::continuous("a", 0.0, 1.0)).unwrap();
        assert_eq!(json, serde_json::json!({"kind": "continuous", "name": "a", "low": 0.0, "high": 1.0}));
    }

    #[test]
    fn mistakes_are_named() {
        for (json, expected) in [
            (r#"{"name": "a", "kind": "continuous", "low": 0, "hihg": 1}"#, "unknown field `hihg`"),
            (r#"{"name": "a", "kind": "continuos", "low": 0, "high": 1}"#, "unknown variant `continuos`"),
            (r#"{"name": "a", "kind": "integer", "low": 0.5, "high": 1}"#, "expected i64"),
            (r#"{"name": "a", "kind": "other"}"#, "unknown variant `other`"),
        ] {
            let error = serde_json::from_str::<Dimension>(json).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
