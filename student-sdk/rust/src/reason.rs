//! The contract's reasons of errors, as a type.

use std::fmt;

use tonic::Status;
use tonic_types::StatusExt;

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// Why the server refused a call, by the contract's names.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Reason {
            $($(#[$doc])* $variant,)*
            /// One that this release of the client does not know.
            Other(String),
        }

        impl Reason {
            /// The contract's name, such as `INVALID_SPACE`.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $name,)*
                    Self::Other(name) => name,
                }
            }

            fn read(name: &str) -> Self {
                match name {
                    $($name => Self::$variant,)*
                    other => Self::Other(other.to_owned()),
                }
            }
        }
    };
}

reasons! {
    /// A field is missing or out of range.
    InvalidRequest = "INVALID_REQUEST",
    /// The task space breaks a rule.
    InvalidSpace = "INVALID_SPACE",
    /// The teacher's parameters are out of range or contradict each other.
    InvalidTeacher = "INVALID_TEACHER",
    /// Parameters are not a point of the task space.
    InvalidTask = "INVALID_TASK",
    /// An outcome has no result, or a return that is not finite.
    InvalidOutcome = "INVALID_OUTCOME",
    /// A name is not of the documented form.
    InvalidName = "INVALID_NAME",
    /// A page token that was not given out by this call.
    InvalidPageToken = "INVALID_PAGE_TOKEN",
    /// There is no such curriculum.
    CurriculumNotFound = "CURRICULUM_NOT_FOUND",
    /// The curriculum has no such task.
    TaskNotFound = "TASK_NOT_FOUND",
    /// The curriculum has no such fit.
    FitNotFound = "FIT_NOT_FOUND",
    /// The curriculum has no such evaluation.
    EvaluationNotFound = "EVALUATION_NOT_FOUND",
    /// The name is taken.
    CurriculumExists = "CURRICULUM_EXISTS",
    /// The request id was used with other fields.
    RequestIdReused = "REQUEST_ID_REUSED",
    /// The curriculum is paused and hands out no tasks. Calls wait for its resumption.
    CurriculumPaused = "CURRICULUM_PAUSED",
    /// The curriculum has no test set.
    NoTestSet = "NO_TEST_SET",
    /// The position lies beyond the journal.
    PositionOutOfRange = "POSITION_OUT_OF_RANGE",
    /// An import file is damaged or of a newer format.
    ImportRefused = "IMPORT_REFUSED",
    /// The student holds too many open tasks: tell of some.
    TooManyOpenTasks = "TOO_MANY_OPEN_TASKS",
    /// The curriculum has too many calls waiting. Calls are repeated.
    Overloaded = "OVERLOADED",
    /// The server holds as many curricula as it may.
    TooManyCurricula = "TOO_MANY_CURRICULA",
    /// The store did not take the write; nothing has happened. Calls are repeated.
    StoreUnavailable = "STORE_UNAVAILABLE",
    /// The server is shutting down. Calls are repeated.
    ShuttingDown = "SHUTTING_DOWN",
    /// The token is missing or wrong.
    TokenRequired = "TOKEN_REQUIRED",
    /// The call is part of the contract and not of the server's release.
    NotImplemented = "NOT_IMPLEMENTED",
    /// A bug in the server.
    Internal = "INTERNAL",
}

impl Reason {
    /// The reason that a status carries, if it comes from Magister.
    pub(crate) fn of(status: &Status) -> Option<Self> {
        let info = status.get_details_error_info()?;
        (info.domain == "magister").then(|| Self::read(&info.reason))
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use magister_proto::v1::ErrorReason;

    use super::*;

    #[test]
    fn every_reason_of_the_contract_has_a_variant() {
        let reasons = (1..1000).filter_map(|number| ErrorReason::try_from(number).ok());
        let mut count = 0;
        for reason in reasons {
            let name = reason.as_str_name().strip_prefix("ERROR_REASON_").unwrap();
            let read = Reason::read(name);
            assert!(!matches!(read, Reason::Other(_)), "{name}");
            assert_eq!(read.to_string(), name);
            count += 1;
        }
        assert_eq!(count, 25);
        assert_eq!(Reason::read("NEW_ONE"), Reason::Other("NEW_ONE".to_owned()));
    }
}
