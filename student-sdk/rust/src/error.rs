//! What can go wrong on the student's side.

use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::StatusExt;

pub(crate) use crate::reason::Reason;

/// Why a call failed.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address is not one: mend it.
    #[error("{address:?} is not an address such as http://127.0.0.1:50551")]
    Address {
        /// The address given.
        address: String,
    },
    /// The options contradict each other, or hold something else than they should: mend them.
    #[error("the connection's options cannot be used: {0}")]
    Options(&'static str),
    /// The first connect failed; the problem says what to check.
    #[error("cannot use the server at {address}: {problem}")]
    Connect {
        /// The address.
        address: String,
        /// What is wrong.
        problem: ConnectProblem,
    },
    /// The server refused the call. Nothing has changed there.
    #[error("{message}")]
    Refused {
        /// The contract's reason; `None` if the answer came from something else than Magister.
        reason: Option<Reason>,
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
    /// The stream was ended before.
    #[error("the stream was ended before")]
    StreamEnded,
    /// A curriculum of this name exists with other settings: choose another name, or the same settings.
    #[error("curriculum {name:?} exists with other settings: {}", differences.join("; "))]
    Differs {
        /// Id of the curriculum.
        name: String,
        /// One line for each setting that differs.
        differences: Vec<String>,
    },
    /// A file or another reader or writer failed: mend what the system says.
    #[error("{what}: {problem}")]
    File {
        /// What was to be done, with which file.
        what: String,
        /// What the system says.
        problem: String,
    },
    /// The task space has no axis of this name: mend the name.
    #[error("the task space has no axis {name:?}; it has {}", .has.join(", "))]
    UnknownAxis {
        /// The name asked for.
        name: String,
        /// The names there are.
        has: Vec<String>,
    },
    /// A task does not have the parameter that was asked for.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// The server's answer breaks the contract: client and server do not fit.
    #[error("the server's answer breaks the contract: {0}")]
    Answer(&'static str),
}

/// Why a first connect failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectProblem {
    /// Nobody is there: start the server, or mend the address.
    #[error("nothing answers there ({0}); start one with `magister serve`, or mend the address")]
    NothingListens(String),
    /// Somebody may be there and says nothing.
    #[error(
        "no answer within 5 s; mend the address, or look for a firewall or a server that is stuck in between"
    )]
    NoAnswer,
    /// The server encrypts and the client does not.
    #[error(
        "the server encrypts: write https:// and, unless the system trusts its certificate, give its authority's"
    )]
    ServerSpeaksTls,
    /// The client encrypts and the server does not.
    #[error("the server does not encrypt: write http://, or start it with --tls-certificate and --tls-key")]
    ServerSpeaksPlain,
    /// The server's certificate does not prove that it is who it should be.
    #[error(
        "the server's certificate is refused ({0}); give the certificate of the authority that signed it, and an \
         address with a name that it holds"
    )]
    ServerCertificate(String),
    /// The server refuses the client's certificate, or misses one.
    #[error(
        "the server breaks off after the handshake ({0}); it may ask for a client certificate that its authority has \
         signed: give one, or another"
    )]
    ClientCertificate(String),
    /// The token is missing or wrong.
    #[error("{0}; give it to the client with ConnectOptions::token")]
    Token(String),
    /// Something else answers.
    #[error("something else than Magister answers there ({0}); mend the address")]
    NotMagister(String),
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
    #[error("the task's parameters do not fit: {problem}; it has {}", .has.join(", "))]
    Struct {
        /// What does not fit.
        problem: String,
        /// The names there are, each with its type.
        has: Vec<String>,
    },
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
    pub fn reason(&self) -> Option<&Reason> {
        match self {
            Self::Refused { reason, .. } => reason.as_ref(),
            Self::GaveUp { last, .. } => last.reason(),
            _ => None,
        }
    }
}

impl From<Status> for Error {
    fn from(status: Status) -> Self {
        let details = status.get_error_details();
        let violations = details.bad_request().map(|bad| bad.field_violations.clone()).unwrap_or_default();
        let message = match std::error::Error::source(&status) {
            Some(cause) => format!("{}: {}", status.message(), root_cause(cause)),
            None => status.message().to_owned(),
        };
        Self::Refused {
            reason: Reason::of(&status),
            code: status.code(),
            message,
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
        // A connection that breaks at the wrong moment looks like a breach of protocol: the server said nothing.
        Code::Internal if Reason::of(status).is_none() && std::error::Error::source(status).is_some() => {
            Verdict::Again(None)
        }
        _ => Verdict::Final,
    }
}

/// The innermost cause of an error, in its own words.
pub(crate) fn root_cause(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), root_cause)
}
