//! `magister.toml`: settings that flags and variables leave open.
//!
//! ```toml
//! [serve]
//! listen = "127.0.0.1:50551"
//! data = "curricula"
//! max_curricula = 10000
//! tls_certificate = "server.pem"
//! tls_key = "server.key"
//! tls_client_ca = "clients.pem"
//! token_file = "token"
//! insecure = false
//! log = "warn,magister_service=info"
//! dashboard = true
//!
//! [client]
//! server = "http://127.0.0.1:50551"
//! ca_certificate = "authority.pem"
//! client_certificate = "client.pem"
//! client_key = "client.key"
//! token_file = "token"
//! ```
//!
//! Paths start at the file's folder.
//!
//! A flag wins over a variable `MAGISTER_*`, a variable over the file, the file over the default. A key that is not
//! known is an error.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::{document, failure::Failure};

/// The file that is read from the working directory if it is there.
const FILE: &str = "magister.toml";

/// What the file says.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) serve: ServeConfig,
    pub(crate) client: ClientConfig,
}

/// For `magister serve`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ServeConfig {
    pub(crate) listen: Option<SocketAddr>,
    pub(crate) data: Option<PathBuf>,
    pub(crate) max_curricula: Option<u64>,
    pub(crate) tls_certificate: Option<PathBuf>,
    pub(crate) tls_key: Option<PathBuf>,
    pub(crate) tls_client_ca: Option<PathBuf>,
    pub(crate) token_file: Option<PathBuf>,
    pub(crate) insecure: Option<bool>,
    pub(crate) log: Option<String>,
    pub(crate) dashboard: Option<bool>,
}

/// For the commands that talk to a server.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ClientConfig {
    pub(crate) server: Option<String>,
    pub(crate) ca_certificate: Option<PathBuf>,
    pub(crate) client_certificate: Option<PathBuf>,
    pub(crate) client_key: Option<PathBuf>,
    pub(crate) token_file: Option<PathBuf>,
}

impl Config {
    /// Reads the file given, or the working directory's if there is one.
    pub(crate) fn find(given: Option<&Path>) -> Result<Self, Failure> {
        match given {
            Some(path) => Self::read(path),
            None if Path::new(FILE).exists() => Self::read(Path::new(FILE)),
            None => Ok(Self::default()),
        }
    }

    fn read(path: &Path) -> Result<Self, Failure> {
        let mut config: Self = document::read(path)?;
        // Paths mean the same from wherever the command is run.
        let folder = path.parent().unwrap_or(Path::new(""));
        let Config { serve, client } = &mut config;
        for path in [
            &mut serve.data,
            &mut serve.tls_certificate,
            &mut serve.tls_key,
            &mut serve.tls_client_ca,
            &mut serve.token_file,
            &mut client.ca_certificate,
            &mut client.client_certificate,
            &mut client.client_key,
            &mut client.token_file,
        ]
        .into_iter()
        .flatten()
        {
            *path = folder.join(&*path);
        }
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_documentation_is_read() {
        let text: String = include_str!("config.rs")
            .lines()
            .skip_while(|line| *line != "//! ```toml")
            .skip(1)
            .take_while(|line| *line != "//! ```")
            .map(|line| format!("{}\n", line.trim_start_matches("//!")))
            .collect();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        std::fs::write(&path, text).unwrap();
        let config = Config::find(Some(&path)).unwrap();
        let within = |name: &str| Some(folder.path().join(name));
        let ServeConfig {
            listen,
            data,
            max_curricula,
            tls_certificate,
            tls_key,
            tls_client_ca,
            token_file,
            insecure,
            log,
            dashboard,
        } = config.serve;
        assert!(
            listen.is_some()
                && max_curricula.is_some()
                && insecure.is_some()
                && log.is_some()
                && dashboard.is_some()
        );
        assert_eq!((data, token_file), (within("curricula"), within("token")));
        assert_eq!((tls_certificate, tls_key), (within("server.pem"), within("server.key")));
        assert_eq!(tls_client_ca, within("clients.pem"));
        let ClientConfig { server, ca_certificate, client_certificate, client_key, token_file } =
            config.client;
        assert!(server.is_some());
        assert_eq!((ca_certificate, token_file), (within("authority.pem"), within("token")));
        assert_eq!((client_certificate, client_key), (within("client.pem"), within("client.key")));
    }
}
