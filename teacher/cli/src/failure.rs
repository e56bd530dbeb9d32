//! How a command fails: its exit code, and what people and programs are told.

use std::fmt;

use magister_student::{ConnectProblem, Error, FieldViolation};
use serde::Serialize;

use crate::output;

/// Why a command did not do what was asked.
///
/// With `--json` it is printed to standard error as `{"error": {"reason", "message", "fields", "hint"}}`: `reason` is the
/// contract's (see `proto/magister/v1/errors.proto`) or one of `USAGE`, `NO_SERVER`, `NO_CONNECTION`, `NO_ANSWER`, `FILE`, `FAILED`;
/// `fields` holds `field` and `problem`; `hint` is null where there is none.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Failure {
    #[serde(skip)]
    kind: FailureKind,
    reason: String,
    message: String,
    fields: Vec<Field>,
    hint: Option<String>,
}

/// Whose fault it is, for the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FailureKind {
    /// The command line or a file must be mended: 2.
    Usage,
    /// Something did not work: 1.
    Failed,
}

#[derive(Clone, Debug, Serialize)]
struct Field {
    field: String,
    problem: String,
}

/// In which form a command's results and failures are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

impl Failure {
    /// The command line, or a file that it names, must be mended.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Usage, "USAGE", message)
    }

    /// Something did not work.
    pub(crate) fn failed(error: &anyhow::Error) -> Self {
        Self::new(FailureKind::Failed, "FAILED", format!("{error:#}"))
    }

    /// The same with what to do about it.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The reason that the server gave, or one of ours.
    pub(crate) fn reason(&self) -> &str {
        &self.reason
    }

    /// Prints it to standard error, and gives the exit code.
    pub(crate) fn tell(&self, format: Format) -> u8 {
        match format {
            Format::Json => output::error_json(&serde_json::json!({ "error": self })),
            Format::Text => {
                let hint = self.hint.as_ref().map_or_else(String::new, |hint| format!("\n{hint}"));
                output::error(&format!("{}{hint}", self.message));
            }
        }
        match self.kind {
            FailureKind::Usage => 2,
            FailureKind::Failed => 1,
        }
    }

    fn new(kind: FailureKind, reason: &str, message: impl Into<String>) -> Self {
        let (reason, message) = (reason.to_owned(), message.into());
        Self { kind, reason, message, fields: Vec::new(), hint: None }
    }
}

impl fmt::Display for Failure {
    /// What is wrong and what to do about it, on one line.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(formatter, " ({hint})"))
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::failed(&error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let reason = error.reason().map(|reason| reason.as_str().to_owned());
        let failed =
            |ours: &str, message| Self::new(FailureKind::Failed, reason.as_deref().unwrap_or(ours), message);
        match error {
            Error::Address { .. } | Error::Options(_) => Self::usage(error.to_string()),
            Error::Connect { address, problem } => {
                let told = |reason, hint: &str| {
                    failed(reason, format!("cannot use the server at {address}: {problem}")).hint(hint)
                };
                match &problem {
                    ConnectProblem::NothingListens(system) => {
                        failed("NO_SERVER", format!("no server answers at {address}: {system}")).hint(
                            "start one with `magister serve`, or say where it is with --server, MAGISTER_SERVER or \
                             magister.toml",
                        )
                    }
                    ConnectProblem::Token(refused) => {
                        failed("TOKEN_REQUIRED", format!("cannot use the server at {address}: {refused}"))
                            .hint("give it with --token-file, or in the variable MAGISTER_TOKEN")
                    }
                    ConnectProblem::ServerSpeaksTls | ConnectProblem::ServerCertificate(_) => {
                        told("NO_CONNECTION", "--ca-certificate gives the authority's certificate")
                    }
                    ConnectProblem::ClientCertificate(_) => {
                        told("NO_CONNECTION", "--client-certificate and --client-key give yours")
                    }
                    _ => failed("NO_CONNECTION", format!("cannot use the server at {address}: {problem}")),
                }
            }
            Error::GaveUp { .. } => failed("NO_ANSWER", error.to_string()),
            Error::File { .. } => failed("FILE", error.to_string()),
            Error::Refused { message, fields, .. } => {
                let mut failure = failed("FAILED", message);
                failure.fields = fields
                    .into_iter()
                    .map(|FieldViolation { field, problem }| Field { field, problem })
                    .collect();
                failure
            }
            other => failed("FAILED", other.to_string()),
        }
    }
}
