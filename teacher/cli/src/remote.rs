//! What the commands that talk to a server share: where it is, how it is reached, what its refusals mean to a user.

use std::{env, fs, future::Future, path::PathBuf, time::Duration};

use anyhow::Context;
use magister_student::{Client, ConnectOptions, Error};
use tokio::runtime::Runtime;

use crate::{
    config::ClientConfig,
    failure::{Failure, Format},
    nearest,
};

const DEFAULT_SERVER: &str = "http://127.0.0.1:50551";
/// Variable that may hold the token: a flag's value could be read by everyone who lists the processes.
const TOKEN: &str = "MAGISTER_TOKEN";
/// How long a call is repeated: somebody waits for the answer.
const RETRY_FOR: Duration = Duration::from_secs(10);
/// Names that are offered in the place of an unknown one.
const NAMES_OFFERED: usize = 3;

/// Which server, and for whom the answer is.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct RemoteArguments {
    /// The server's address [default: http://127.0.0.1:50551]
    #[arg(long, env = "MAGISTER_SERVER", value_name = "ADDRESS")]
    server: Option<String>,

    /// Trust servers whose certificate this authority has signed (PEM) [default: what the system trusts]
    #[arg(long, env = "MAGISTER_CA_CERTIFICATE", value_name = "FILE")]
    ca_certificate: Option<PathBuf>,

    /// Certificate to show to the server (PEM)
    #[arg(long, env = "MAGISTER_CLIENT_CERTIFICATE", value_name = "FILE")]
    client_certificate: Option<PathBuf>,

    /// Its key (PEM)
    #[arg(long, env = "MAGISTER_CLIENT_KEY", value_name = "FILE")]
    client_key: Option<PathBuf>,

    /// File with the token to show to the server; the variable MAGISTER_TOKEN can hold the token itself
    #[arg(long, env = "MAGISTER_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,

    /// Print JSON for programs: one document, or one line for each item of a stream; errors too, to standard error
    #[arg(long)]
    json: bool,
}

/// A server that answers.
#[derive(Debug)]
pub(crate) struct Remote {
    /// For calls within [`Remote::run`].
    pub(crate) client: Client,
    /// How to print.
    pub(crate) format: Format,
    runtime: Runtime,
}

impl RemoteArguments {
    /// How to print.
    pub(crate) fn format(&self) -> Format {
        if self.json { Format::Json } else { Format::Text }
    }

    /// The server that was named anywhere.
    pub(crate) fn server<'a>(&'a self, config: &'a ClientConfig) -> Option<&'a str> {
        self.server.as_ref().or(config.server.as_ref()).map(String::as_str)
    }

    /// Connects.
    pub(crate) fn connect(&self, config: &ClientConfig) -> Result<Remote, Failure> {
        self.connect_for(config, RETRY_FOR)
    }

    /// The same for somebody who waits so long for a server that has gone away.
    pub(crate) fn connect_for(&self, config: &ClientConfig, retry_for: Duration) -> Result<Remote, Failure> {
        let server = self.server(config).unwrap_or(DEFAULT_SERVER);
        let runtime = Runtime::new().context("cannot start the runtime")?;
        let options = self.options(config)?.retry_for(retry_for);
        let client = runtime.block_on(Client::connect_with(server, options))?;
        Ok(Remote { client, format: self.format(), runtime })
    }
}

impl RemoteArguments {
    fn options(&self, config: &ClientConfig) -> Result<ConnectOptions, Failure> {
        let read = |path: &PathBuf| {
            fs::read(path)
                .map_err(|error| Failure::usage(format!("{} cannot be read: {error}", path.display())))
        };
        let mut options = ConnectOptions::default();
        if let Some(path) = self.ca_certificate.as_ref().or(config.ca_certificate.as_ref()) {
            options = options.ca_certificate(read(path)?);
        }
        let certificate = self.client_certificate.as_ref().or(config.client_certificate.as_ref());
        let key = self.client_key.as_ref().or(config.client_key.as_ref());
        options = match (certificate, key) {
            (Some(certificate), Some(key)) => options.client_certificate(read(certificate)?, read(key)?),
            (None, None) => options,
            _ => {
                let problem =
                    "a client shows a certificate with its key: give --client-certificate and --client-key";
                return Err(Failure::usage(problem));
            }
        };
        let token = match (&self.token_file, env::var_os(TOKEN)) {
            (Some(_), Some(_)) => {
                let problem = format!("there are two tokens: unset {TOKEN}, or leave out --token-file");
                return Err(Failure::usage(problem));
            }
            (None, Some(token)) => Some(token.to_string_lossy().into_owned()),
            (given, None) => match given.as_ref().or(config.token_file.as_ref()) {
                Some(path) => Some(String::from_utf8_lossy(&read(path)?).trim().to_owned()),
                None => None,
            },
        };
        Ok(token.into_iter().fold(options, ConnectOptions::token))
    }
}

impl Remote {
    /// Waits for calls about a curriculum; if there is no such one, the failure offers the nearest names.
    pub(crate) fn run<T>(
        &self,
        id: &str,
        calls: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Failure> {
        self.finish(id, self.wait(calls))
    }

    /// What its calls run on.
    pub(crate) fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// Waits.
    pub(crate) fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// The same as [`Remote::run`] for what has been waited for.
    pub(crate) fn finish<T>(&self, id: &str, result: Result<T, impl Into<Failure>>) -> Result<T, Failure> {
        result.map_err(|error| {
            let failure: Failure = error.into();
            match failure.reason() {
                "CURRICULUM_NOT_FOUND" => match self.wait(self.client.list()) {
                    Ok(there) => {
                        failure.hint(offer(id, there.iter().map(|curriculum| curriculum.id.as_str())))
                    }
                    Err(_) => failure,
                },
                "CURRICULUM_EXISTS" => failure
                    .hint(format!("`magister curriculum show {id}` describes it; nothing has been changed")),
                "TASK_NOT_FOUND" => failure.hint(format!(
                    "tasks are numbered from 1; `magister curriculum show {id}` says how many were handed out"
                )),
                _ => failure,
            }
        })
    }
}

fn offer<'a>(id: &str, there: impl Iterator<Item = &'a str> + Clone) -> String {
    if there.clone().next().is_none() {
        return "there is none yet: make one with `magister curriculum create`".to_owned();
    }
    let near = nearest::several(id, there, NAMES_OFFERED);
    let all = "`magister curriculum list` shows all";
    match near.split_last() {
        None => all.to_owned(),
        Some((last, [])) => format!("did you mean {last:?}? {all}"),
        Some((last, others)) => {
            format!("did you mean \"{}\" or {last:?}? {all}", others.join("\", \""))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_offered() {
        for (id, there, expected) in [
            ("a", &[][..], "there is none yet: make one with `magister curriculum create`"),
            ("walkr", &["walker"], "did you mean \"walker\"? `magister curriculum list` shows all"),
            (
                "walkr",
                &["walker", "walker2", "walker3"],
                "did you mean \"walker\", \"walker2\" or \"walker3\"? `magister curriculum list` shows all",
            ),
            ("zzz", &["walker"], "`magister curriculum list` shows all"),
        ] {
            assert_eq!(offer(id, there.iter().copied()), expected);
        }
    }
}
