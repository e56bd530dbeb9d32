//! The one place where errors become gRPC statuses.
//!
//! Each status carries exactly one `google.rpc.ErrorInfo` with the contract's reason and domain, and beside
//! it what helps to mend the request or to time a retry.
//!
//! All of it travels in the reply's headers, which clients bound: gRPC's C core (and so Python) refuses more
//! than 8 KiB and shows the caller an error of its own instead. So a status says the first things that are
//! wrong, shortened, and how many more there are.

use std::collections::HashMap;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::error::{Invalid, ServiceError, Violation};

const DOMAIN: &str = "magister";
/// Longest message, in bytes: percent-encoded up to three times as long, and once more within the details.
const MAX_MESSAGE_BYTES: usize = 700;
/// Longest description of one violation, in bytes.
const MAX_PROBLEM_BYTES: usize = 400;
/// Longest path of a field, in bytes: room for the name of any dimension.
const MAX_FIELD_BYTES: usize = 700;
/// Most bytes of all violations of one status.
const MAX_VIOLATIONS_BYTES: usize = 2200;

impl From<ServiceError> for Status {
    fn from(error: ServiceError) -> Self {
        let (code, reason) = classify(&error);
        let mut details = ErrorDetails::new();
        details.set_error_info(reason, DOMAIN, HashMap::new());
        if let ServiceError::Invalid { violations, .. } = &error {
            for (field, problem) in those_that_fit(violations) {
                details.add_bad_request_violation(field, problem);
            }
        }
        if let ServiceError::TaskNotFound { task, outcome: Some(outcome), .. } = &error {
            details.add_bad_request_violation(
                format!("outcomes[{outcome}].task"),
                format!("there is no task {task}"),
            );
        }
        if let ServiceError::TooManyOpenTasks { student, .. } = &error {
            details.add_quota_failure_violation(format!("student:{student}"), error.to_string());
        }
        if let Some(delay) = error.retry_after() {
            details.set_retry_info(Some(delay));
        }
        if code == Code::Internal {
            tracing::error!(%error, "a call failed by a bug");
        }
        Status::with_error_details(code, shortened(&error.to_string(), MAX_MESSAGE_BYTES), details)
    }
}

/// Fields and problems of the first violations: at least one, as many as there is room for, and with the last
/// how
/// many are left out.
fn those_that_fit(violations: &[Violation]) -> Vec<(String, String)> {
    let mut room = MAX_VIOLATIONS_BYTES;
    let mut told = Vec::new();
    for Violation { field, problem } in violations {
        let (field, problem) = (short_path(field), shortened(problem, MAX_PROBLEM_BYTES));
        let bytes = field.len() + problem.len();
        if bytes > room && !told.is_empty() {
            break;
        }
        room = room.saturating_sub(bytes);
        told.push((field, problem));
    }
    let left_out = violations.len() - told.len();
    if left_out > 0
        && let Some((_, problem)) = told.last_mut()
    {
        problem.push_str(&format!(" (and {left_out} more fields to mend)"));
    }
    told
}

/// A path without its quoted key, where that is too long to be the name of anything.
fn short_path(path: &str) -> String {
    match path.find("[\"") {
        Some(key) if path.len() > MAX_FIELD_BYTES => path[..key].to_owned(),
        _ => path.to_owned(),
    }
}

fn shortened(text: &str, most_bytes: usize) -> String {
    if text.len() <= most_bytes {
        return text.to_owned();
    }
    let ellipsis = "...";
    let end = text.floor_char_boundary(most_bytes - ellipsis.len());
    format!("{}{ellipsis}", &text[..end])
}

fn classify(error: &ServiceError) -> (Code, &'static str) {
    match error {
        ServiceError::Invalid { kind, .. } => {
            let reason = match kind {
                Invalid::Request => "INVALID_REQUEST",
                Invalid::Space => "INVALID_SPACE",
                Invalid::Teacher => "INVALID_TEACHER",
                Invalid::Task => "INVALID_TASK",
                Invalid::Outcome => "INVALID_OUTCOME",
                Invalid::Name => "INVALID_NAME",
                Invalid::PageToken => "INVALID_PAGE_TOKEN",
            };
            (Code::InvalidArgument, reason)
        }
        ServiceError::CurriculumNotFound(_) => (Code::NotFound, "CURRICULUM_NOT_FOUND"),
        ServiceError::TaskNotFound { .. } => (Code::NotFound, "TASK_NOT_FOUND"),
        ServiceError::FitNotFound { .. } => (Code::NotFound, "FIT_NOT_FOUND"),
        ServiceError::EvaluationNotFound { .. } => (Code::NotFound, "EVALUATION_NOT_FOUND"),
        ServiceError::PositionOutOfRange { .. } => (Code::OutOfRange, "POSITION_OUT_OF_RANGE"),
        ServiceError::ImportRefused(_) => (Code::FailedPrecondition, "IMPORT_REFUSED"),
        ServiceError::NoTestSet(_) => (Code::FailedPrecondition, "NO_TEST_SET"),
        ServiceError::CurriculumExists(_) => (Code::AlreadyExists, "CURRICULUM_EXISTS"),
        ServiceError::RequestIdReused(_) => (Code::AlreadyExists, "REQUEST_ID_REUSED"),
        ServiceError::Paused(_) => (Code::FailedPrecondition, "CURRICULUM_PAUSED"),
        ServiceError::TooManyOpenTasks { .. } => (Code::ResourceExhausted, "TOO_MANY_OPEN_TASKS"),
        ServiceError::TooManyCurricula(_) => (Code::ResourceExhausted, "TOO_MANY_CURRICULA"),
        ServiceError::Overloaded(_) => (Code::ResourceExhausted, "OVERLOADED"),
        ServiceError::Store(_) => (Code::Unavailable, "STORE_UNAVAILABLE"),
        ServiceError::ShuttingDown => (Code::Unavailable, "SHUTTING_DOWN"),
        ServiceError::TokenRequired(_) => (Code::Unauthenticated, "TOKEN_REQUIRED"),
        ServiceError::NotImplemented(_) => (Code::Unimplemented, "NOT_IMPLEMENTED"),
        ServiceError::Internal(_) => (Code::Internal, "INTERNAL"),
    }
}

#[cfg(test)]
mod tests {
    use magister_proto::v1::ErrorReason;

    use super::*;
    use crate::store::StoreError;

    #[test]
    fn many_long_violations_are_cut_to_fit_a_header() {
        for (letter, count) in [("x", 1), ("x", 1000), ("\u{1f9bf}", 1), ("\u{1f9bf}", 1000)] {
            let violations = (0..count)
                .map(|index| Violation::new(format!("outcomes[{index}].task"), letter.repeat(5000)))
                .collect();
            let status = Status::from(ServiceError::Invalid { kind: Invalid::Name, violations });
            assert!(status.message().len() * 3 + status.details().len() * 4 / 3 < 7 * 1024);
            let details = status.get_error_details();
            let told = &details.bad_request().expect("the first is always told").field_violations;
            assert_eq!(told[0].field, "outcomes[0].task");
            let last = told.last().expect("there is a first");
            let all = format!("{} more fields", count - told.len());
            assert_eq!(last.description.contains(&all), count > told.len());
        }
        let key = format!("parameters.values[{:?}]", "x".repeat(5000));
        let status = Status::from(ServiceError::invalid(Invalid::Task, key, "is not a dimension"));
        assert_eq!(
            status.get_error_details().bad_request().expect("one").field_violations[0].field,
            "parameters.values"
        );
    }

    #[test]
    fn every_reason_is_in_the_contract() {
        let invalid = [
            Invalid::Request,
            Invalid::Space,
            Invalid::Teacher,
            Invalid::Task,
            Invalid::Outcome,
            Invalid::Name,
            Invalid::PageToken,
        ]
        .map(|kind| ServiceError::invalid(kind, "field", "problem"));
        let name = || "a".to_owned();
        let others = [
            ServiceError::CurriculumNotFound(name()),
            ServiceError::TaskNotFound { curriculum: name(), task: name(), outcome: Some(3) },
            ServiceError::FitNotFound { curriculum: name(), fit: 1 },
            ServiceError::EvaluationNotFound { curriculum: name(), round: 1 },
            ServiceError::PositionOutOfRange { curriculum: name(), position: 2, last: 1 },
            ServiceError::ImportRefused(name()),
            ServiceError::NoTestSet(name()),
            ServiceError::CurriculumExists(name()),
            ServiceError::RequestIdReused(name()),
            ServiceError::Paused(name()),
            ServiceError::TooManyOpenTasks { student: name(), open: 1, limit: 1 },
            ServiceError::TooManyCurricula(1),
            ServiceError::Overloaded(name()),
            ServiceError::Store(StoreError::DiskFull),
            ServiceError::ShuttingDown,
            ServiceError::TokenRequired("is missing"),
            ServiceError::NotImplemented("it"),
            ServiceError::Internal(name()),
        ];
        for error in invalid.into_iter().chain(others) {
            let (code, reason) = classify(&error);
            assert!(ErrorReason::from_str_name(&format!("ERROR_REASON_{reason}")).is_some(), "{reason}");
            let retry = error.retry_after();
            let details = Status::from(error).get_error_details();
            let info = details.error_info().expect("exactly one ErrorInfo");
            assert_eq!((info.reason.as_str(), info.domain.as_str()), (reason, "magister"));
            assert_eq!(details.retry_info().and_then(|info| info.retry_delay), retry);
            if code == Code::Unavailable {
                assert!(retry.is_some(), "{reason} says when to retry");
            }
        }
    }
}
