//! What a failed call says, checked against the contract's promise about errors.

use magister_proto::v1::ErrorReason;
use tonic::{Code, Status};
use tonic_types::{ErrorDetail, StatusExt};

/// A failed call in the contract's terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Its reason.
    pub reason: ErrorReason,
    /// What it says to people.
    pub message: String,
    /// Paths of the fields that must be mended, in the order given.
    pub fields: Vec<String>,
}

impl Refusal {
    /// Reads a status.
    ///
    /// # Errors
    /// How the status breaks the contract: no `ErrorInfo` or several, a foreign domain, a reason that the
    /// contract
    /// does not have or that comes with another code, no field violation where one is promised.
    pub fn read(status: &Status) -> Result<Self, String> {
        let broken = |problem: &str| Err(format!("{problem}: {status:?}"));
        let details = match status.check_error_details_vec() {
            Ok(details) => details,
            Err(error) => return broken(&format!("the details cannot be read ({error})")),
        };
        let mut infos = details.iter().filter_map(|detail| match detail {
            ErrorDetail::ErrorInfo(info) => Some(info),
            _ => None,
        });
        let (Some(info), None) = (infos.next(), infos.next()) else {
            return broken("there is not exactly one ErrorInfo");
        };
        if info.domain != "magister" {
            return broken("the domain is not magister");
        }
        let Some(reason) = ErrorReason::from_str_name(&format!("ERROR_REASON_{}", info.reason)) else {
            return broken("the contract does not have this reason");
        };
        if code_of(reason) != Some(status.code()) {
            return broken("the reason comes with another code in the contract");
        }
        let fields: Vec<String> = details
            .iter()
            .filter_map(|detail| match detail {
                ErrorDetail::BadRequest(bad) => Some(&bad.field_violations),
                _ => None,
            })
            .flatten()
            .map(|violation| violation.field.clone())
            .collect();
        if status.code() == Code::InvalidArgument && fields.is_empty() {
            return broken("it does not say which field to mend");
        }
        if status.message().is_empty() {
            return broken("it says nothing");
        }
        Ok(Self { reason, message: status.message().to_owned(), fields })
    }

    /// Reads a status that keeps the contract.
    ///
    /// # Panics
    /// Where it does not.
    pub fn of(status: &Status) -> Self {
        Self::read(status).expect("every error keeps the contract")
    }
}

/// The code that the contract gives a reason.
fn code_of(reason: ErrorReason) -> Option<Code> {
    Some(match reason {
        ErrorReason::Unspecified => return None,
        ErrorReason::InvalidRequest
        | ErrorReason::InvalidSpace
        | ErrorReason::InvalidTeacher
        | ErrorReason::InvalidTask
        | ErrorReason::InvalidOutcome
        | ErrorReason::InvalidName
        | ErrorReason::InvalidPageToken => Code::InvalidArgument,
        ErrorReason::CurriculumNotFound
        | ErrorReason::TaskNotFound
        | ErrorReason::FitNotFound
        | ErrorReason::EvaluationNotFound => Code::NotFound,
        ErrorReason::CurriculumExists | ErrorReason::RequestIdReused => Code::AlreadyExists,
        ErrorReason::CurriculumPaused | ErrorReason::NoTestSet | ErrorReason::ImportRefused => {
            Code::FailedPrecondition
        }
        ErrorReason::PositionOutOfRange => Code::OutOfRange,
        ErrorReason::TooManyOpenTasks | ErrorReason::Overloaded | ErrorReason::TooManyCurricula => {
            Code::ResourceExhausted
        }
        ErrorReason::StoreUnavailable | ErrorReason::ShuttingDown => Code::Unavailable,
        ErrorReason::TokenRequired => Code::Unauthenticated,
        ErrorReason::NotImplemented => Code::Unimplemented,
        ErrorReason::Internal => Code::Internal,
    })
}
