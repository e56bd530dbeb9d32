//! `magister serve`: runs the service until it is told to stop.

use std::{env, net::SocketAddr, path::PathBuf};

use anyhow::{Context, anyhow, bail};
use magister_service::{Access, AccessError, Exposure, Server, ServerError, ServerSettings, Tls, Token};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::{Outcome, output};

/// Variable that may hold the token: a flag's value could be read by everyone who lists the processes.
const TOKEN: &str = "MAGISTER_TOKEN";

const HOW_TO_GUARD: &str = "give both --tls-certificate with --tls-key and --token-file (or the variable MAGISTER_TOKEN), \
     listen at 127.0.0.1, or add --insecure if everyone who reaches the port may do anything";

/// Serve curricula to students over gRPC
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Where to listen; port 0 takes a free one
    #[arg(long, env = "MAGISTER_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:50551")]
    listen: SocketAddr,

    /// Folder that keeps the curricula; made if it is not there [default: $XDG_DATA_HOME/magister]
    #[arg(long, env = "MAGISTER_DATA", value_name = "FOLDER")]
    data: Option<PathBuf>,

    /// Most curricula that the server holds
    #[arg(long, env = "MAGISTER_MAX_CURRICULA", value_name = "NUMBER", default_value_t = 10_000)]
    max_curricula: u64,

    /// Encrypt connections with this PEM certificate, followed by those of its authorities
    #[arg(long, env = "MAGISTER_TLS_CERTIFICATE", value_name = "FILE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,

    /// The certificate's key, PEM without passphrase
    #[arg(long, env = "MAGISTER_TLS_KEY", value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,

    /// Serve only clients whose certificate an authority in this PEM file has signed
    #[arg(long, env = "MAGISTER_TLS_CLIENT_CA", value_name = "FILE", requires = "tls_certificate")]
    tls_client_ca: Option<PathBuf>,

    /// File with the bearer token that every call must show, but for health checks; the variable MAGISTER_TOKEN can
    /// hold the token itself
    #[arg(long, env = "MAGISTER_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,

    /// Listen beyond this machine without encryption or token: anyone who reaches the port can do anything
    #[arg(long)]
    insecure: bool,

    /// What to log to standard error: error, warn, info, debug, or levels per module such as
    /// magister_service=debug
    #[arg(long, env = "MAGISTER_LOG", value_name = "LEVELS", default_value = "warn,magister_service=info")]
    log: String,
}

/// Serves until SIGINT or SIGTERM, then finishes the calls under way.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let access = arguments.access()?;
    let filter = EnvFilter::try_new(&arguments.log).with_context(|| format!("--log {:?}", arguments.log))?;
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let data = arguments.data.clone().map_or_else(default_data, Ok)?;
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    runtime.block_on(async {
        let settings = ServerSettings {
            listen: arguments.listen,
            max_curricula: arguments.max_curricula,
            access,
            ..ServerSettings::local(&data)
        };
        let scheme = if settings.access.tls.is_some() { "https" } else { "http" };
        // Before the server is announced, so that whoever reads the line may stop it at once.
        let mut interrupt = signal(SignalKind::interrupt()).context("cannot wait for SIGINT")?;
        let mut terminate = signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?;
        let server = Server::start(settings).await.map_err(|error| match error {
            exposed @ ServerError::Access(AccessError::Exposed { .. }) => {
                anyhow!("{exposed}; {HOW_TO_GUARD}")
            }
            other => other.into(),
        })?;
        output::print(&format!("magister listens at {scheme}://{}", server.address()))?;
        output::print(&format!("curricula are kept in {}", data.display()))?;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        server.stop().await?;
        Ok(Outcome::Passed)
    })
}

impl Arguments {
    fn access(&self) -> anyhow::Result<Access> {
        let tls = match (&self.tls_certificate, &self.tls_key) {
            (Some(certificate), Some(key)) => {
                Some(Tls::read(certificate, key, self.tls_client_ca.as_deref())?)
            }
            _ => None,
        };
        let token = match (&self.token_file, env::var_os(TOKEN)) {
            (Some(file), None) => Some(Token::read(file)?),
            (None, Some(token)) => {
                Some(Token::new(&token.to_string_lossy(), &format!("the variable {TOKEN}"))?)
            }
            (Some(_), Some(_)) => bail!("there are two tokens: unset {TOKEN}, or leave out --token-file"),
            (None, None) => None,
        };
        let exposure = if self.insecure { Exposure::Insecure } else { Exposure::Guarded };
        Ok(Access { tls, token, exposure })
    }
}

fn default_data() -> anyhow::Result<PathBuf> {
    let base = match (env::var_os("XDG_DATA_HOME"), env::var_os("HOME")) {
        (Some(folder), _) if !folder.is_empty() => PathBuf::from(folder),
        (_, Some(home)) if !home.is_empty() => PathBuf::from(home).join(".local/share"),
        _ => bail!("there is no home folder to keep curricula in: give --data FOLDER"),
    };
    Ok(base.join("magister"))
}
