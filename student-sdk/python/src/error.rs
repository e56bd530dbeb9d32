//! Errors of the client as Python's exceptions.

use magister_student::{ConnectProblem, Error};
use pyo3::{
    exceptions::{PyOSError, PyRuntimeError},
    import_exception,
    prelude::*,
};

import_exception!(magister.errors, ConnectError);
import_exception!(magister.errors, CurriculumDiffersError);
import_exception!(magister.errors, GaveUpError);
import_exception!(magister.errors, MagisterError);
import_exception!(magister.errors, OptionsError);
import_exception!(magister.errors, RefusedError);
import_exception!(magister.errors, StreamError);

/// The exception for an error, with what a program can act on as its arguments.
pub(crate) fn to_python(python: Python<'_>, error: Error) -> PyErr {
    match error {
        Error::Address { .. } => OptionsError::new_err(error.to_string()),
        Error::Options(problem) => OptionsError::new_err(problem),
        Error::UnknownAxis { .. } => OptionsError::new_err(error.to_string()),
        Error::Connect { address, problem } => ConnectError::new_err(explain(&address, &problem)),
        Error::Refused { ref reason, code, ref message, ref fields } => {
            let reason = reason.as_ref().map(ToString::to_string);
            let fields: Vec<(String, String)> =
                fields.iter().map(|field| (field.field.clone(), field.problem.clone())).collect();
            RefusedError::new_err((message.clone(), reason, format!("{code:?}"), fields))
        }
        Error::GaveUp { tried_for, ref last } => {
            let reason = last.reason().map(ToString::to_string);
            let cause = to_python(python, (**last).clone());
            let exception = GaveUpError::new_err((error.to_string(), tried_for.as_secs_f64(), reason));
            exception.set_cause(python, Some(cause));
            exception
        }
        Error::Differs { name, differences } => CurriculumDiffersError::new_err((name, differences)),
        Error::StreamEnded => StreamError::new_err(error.to_string()),
        Error::File { .. } => PyOSError::new_err(error.to_string()),
        Error::Parameter(_) | Error::Answer(_) => MagisterError::new_err(error.to_string()),
        other => PyRuntimeError::new_err(other.to_string()),
    }
}

/// What is wrong, in the words of this package's settings.
fn explain(address: &str, problem: &ConnectProblem) -> String {
    let problem = match problem {
        ConnectProblem::Token(said) => format!("{said}; give it to magister.connect as token=..."),
        ConnectProblem::ServerSpeaksTls => {
            "the server encrypts: write https:// and, unless the system trusts its certificate, give its \
             authority's as tls=magister.Tls(ca=...)"
                .to_owned()
        }
        ConnectProblem::ServerCertificate(said) => format!(
            "the server's certificate is refused ({said}); give the certificate of the authority that signed it as \
             tls=magister.Tls(ca=...), and an address with a name that it holds"
        ),
        ConnectProblem::ClientCertificate(said) => format!(
            "the server breaks off after the handshake ({said}); it may ask for a client certificate that its \
             authority has signed: give one as tls=magister.Tls(certificate=..., key=...)"
        ),
        other => other.to_string(),
    };
    format!("cannot use the server at {address}: {problem}")
}
