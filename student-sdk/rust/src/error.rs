//! What can go wrong on the student's side.

use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::StatusExt;

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is not one: mend it.
    #[error("{address:?} is not an address such as http://127.0.0.1:50551")]
    Address {
        /// The address given.
        address: String,
    },
    /// Nobody answered at the first connect: start the server, or mend the address.
    #[error(
        "no server answers at {address}: {problem}; start one with `magister serve`, or mend the address"
    )]
    Connect {
        /// The address.
        address: String,
        /// What the transport says.
        problem: String,
    },
    /// The server refused the call. Nothing has changed there.
    #[error("{message}")]
    Refused {
        /// The contract's reason, such as `INVALID_SPACE`; empty if the answer came from something else than
        /// Magister.
        reason: String,
        /// The gRPC code.
        code: Code,
        /// For people.
        message: String,
        /// Which fields of the request to mend.
        fields: Vec<FieldViolation>,
    },
    /// The server stayed away for as long as the client was to try.
    #[error("gave up after {:.0} s of trying: {last}", tried_for.as_secs_f64())]
    GaveUp {
        /// How long it tried.
        tried_for: Duration,
        /// The last failure.
        last: Box<Error>,
    },
    /// A curriculum of this name exists with other settings: choose another name, or the same settings.
    #[error("curriculum {name:?} exists with other settings: {}", differences.join("; "))]
    Differs {
        /// Id of the curriculum.
        name: String,
        /// One line for each setting that differs.
        differences: Vec<String>,
    },
    /// A task does not have the parameter that was asked for.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// The server's answer breaks the contract: client and server do not fit.
    #[error("the server's answer breaks the contract: {0}")]
    Answer(&'static str),
}

/// A field of a request and what to mend in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldViolation {
    /// Path within the request.
    pub field: String,
    /// What is wrong with it.
    pub problem: String,
}

/// A parameter that a task does not have in the form asked for.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ParameterError {
    /// There is no dimension of this name.
    #[error("the task has no parameter {name:?}; it has {}", .has.join(", "))]
    Missing {
        /// The name asked for.
        name: String,
        /// The names there are.
        has: Vec<String>,
    },
    /// The dimension has another type.
    #[error("parameter {name:?} is {found}, not {wanted}")]
    Type {
        /// The name asked for.
        name: String,
        /// The type asked for.
        wanted: &'static str,
        /// The type it has.
        found: &'static str,
    },
    /// The parameters do not fit the struct.
    #[error("the task's parameters do not fit: {0}")]
    Struct(String),
}

/// What to do after a failed attempt.
pub(crate) enum Verdict {
    /// Another attempt may succeed, after this long if the server said so.
    Again(Option<Duration>),
    /// No attempt will.
    Final,
}

impl Error {
    /// The contract's reason, if the server gave one.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Refused { reason, .. } if !reason.is_empty() => Some(reason),
            Self::GaveUp { last, .. } => last.reason(),
            _ => None,
        }
    }
}

impl From<Status> for Error {
    fn from(status: Status) -> Self {
        let details = status.get_error_details();
        let violations = details.bad_request().map(|bad| bad.field_violations.clone()).unwrap_or_default();
        Self::Refused {
            reason: details.error_info().map(|info| info.reason.clone()).unwrap_or_default(),
            code: status.code(),
            message: status.message().to_owned(),
            fields: violations
                .into_iter()
                .map(|violation| FieldViolation { field: violation.field, problem: violation.description })
                .collect(),
        }
    }
}

/// Whether the same request may succeed later, by the contract's rules.
pub(crate) fn verdict(status: &Status) -> Verdict {
    let delay = status.get_error_details().retry_info().and_then(|info| info.retry_delay);
    match status.code() {
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::Unknown => Verdict::Again(delay),
        Code::ResourceExhausted | Code::FailedPrecondition if delay.is_some() => Verdict::Again(delay),
        _ => Verdict::Final,
    }
}
