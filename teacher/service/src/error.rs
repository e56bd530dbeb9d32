//! Everything that can go wrong in the service, as one enum. `crate::wire::status` turns it into gRPC
//! statuses.

use std::time::Duration;

use crate::store::StoreError;

/// A field of a request and what to mend in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    /// Path within the request, such as `space.dimensions[2].continuous.high`.
    pub(crate) field: String,
    /// What is wrong with it.
    pub(crate) problem: String,
}

impl Violation {
    pub(crate) fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { field: field.into(), problem: problem.into() }
    }

    /// The same violation, found within a field of an outer message.
    pub(crate) fn within(self, outer: &str) -> Self {
        let field = if self.field.is_empty() { outer.to_owned() } else { format!("{outer}.{}", self.field) };
        Self { field, problem: self.problem }
    }
}

/// Which kind of input was bad: the reason that clients see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Invalid {
    Request,
    Space,
    Teacher,
    Task,
    Outcome,
    Name,
    PageToken,
}

/// Why a call failed. Nothing has changed then.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum ServiceError {
    /// The caller must mend the request.
    #[error("{}", describe(.violations))]
    Invalid { kind: Invalid, violations: Vec<Violation> },
    #[error("there is no curriculum {0:?}")]
    CurriculumNotFound(String),
    #[error("curriculum {curriculum:?} has no task {task:?}{}", position(.outcome))]
    TaskNotFound { curriculum: String, task: String, outcome: Option<usize> },
    #[error("curriculum {curriculum:?} has no finished fit {fit}")]
    FitNotFound { curriculum: String, fit: u64 },
    #[error("curriculum {curriculum:?} has no evaluation {round}")]
    EvaluationNotFound { curriculum: String, round: u64 },
    #[error("curriculum {curriculum:?} is at position {last}, there is no position {position} to fork at")]
    PositionOutOfRange { curriculum: String, position: u64, last: u64 },
    #[error("curriculum {0:?} has no test set: create one that has, or evaluate elsewhere")]
    NoTestSet(String),
    #[error("curriculum {0:?} exists already: open it, or choose another id")]
    CurriculumExists(String),
    /// The caller must find a whole file, or a release that reads it.
    #[error("the import was refused, nothing of it is kept: {0}")]
    ImportRefused(String),
    #[error("request id {0:?} was used before with other fields: give each request an id of its own")]
    RequestIdReused(String),
    /// The caller may try again after a while.
    #[error("curriculum {0:?} is paused: it takes reports and hands out no tasks until it is resumed")]
    Paused(String),
    #[error(
        "student {student:?} holds {open} open tasks and may hold {limit}: report some, or raise max_open_tasks"
    )]
    TooManyOpenTasks { student: String, open: u64, limit: u32 },
    #[error("the server may hold {0} curricula: delete one, or raise its limit")]
    TooManyCurricula(u64),
    #[error("curriculum {0:?} has more calls waiting than it can take: send fewer at a time")]
    Overloaded(String),
    #[error("the store failed, nothing was changed: {0}")]
    Store(#[from] StoreError),
    #[error("the server is shutting down")]
    ShuttingDown,
    /// The caller must show the server's token.
    #[error("the bearer token {0}; send the server's as metadata `authorization: Bearer TOKEN`")]
    TokenRequired(&'static str),
    #[error("{0} is part of the contract and not of this release")]
    NotImplemented(&'static str),
    #[error("a bug in the server: {0}")]
    Internal(String),
}

impl ServiceError {
    pub(crate) fn invalid(kind: Invalid, field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Invalid { kind, violations: vec![Violation::new(field, problem)] }
    }

    /// One field of the request to mend.
    pub(crate) fn request(violation: Violation) -> Self {
        Self::Invalid { kind: Invalid::Request, violations: vec![violation] }
    }

    /// When a retry may help, if one ever does.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Paused(_) => Some(Duration::from_secs(1)),
            Self::Overloaded(_) => Some(Duration::from_millis(50)),
            Self::Store(_) => Some(Duration::from_secs(1)),
            Self::ShuttingDown => Some(Duration::from_secs(2)),
            _ => None,
        }
    }
}

fn describe(violations: &[Violation]) -> String {
    let lines: Vec<String> =
        violations.iter().map(|violation| format!("{}: {}", violation.field, violation.problem)).collect();
    lines.join("; ")
}

fn position(outcome: &Option<usize>) -> String {
    outcome.map_or_else(String::new, |index| format!(" (outcomes[{index}])"))
}
