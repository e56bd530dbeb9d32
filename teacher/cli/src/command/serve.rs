//! `magister serve`: runs the service until it is told to stop.

use std::{
    env,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use anyhow::{Context, bail};
use magister_service::{
    Access, AccessError, DashboardPage, Exposure, Server, ServerError, ServerSettings, Tls, Token,
};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::oneshot,
};
use tracing_subscriber::EnvFilter;

use crate::{Outcome, config::ServeConfig, failure::Failure, output};

const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 50551);
const DEFAULT_MAX_CURRICULA: u64 = 10_000;
const DEFAULT_LOG: &str = "warn,magister_service=info";

/// Variable that may hold the token: a flag's value could be read by everyone who lists the processes.
const TOKEN: &str = "MAGISTER_TOKEN";

const HOW_TO_GUARD: &str = "give both --tls-certificate with --tls-key and --token-file (or the variable MAGISTER_TOKEN), \
     listen at 127.0.0.1, or add --insecure if everyone who reaches the port may do anything";

const HOW_TO_ENCRYPT: &str =
    "give --tls-certificate and --tls-key, or tls_certificate and tls_key in magister.toml";

/// Serve curricula to students over gRPC
///
/// Settings may also stand in magister.toml under [serve]: listen, data, max_curricula, tls_certificate, tls_key,
/// tls_client_ca, token_file, insecure, log, dashboard.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Where to listen; port 0 takes a free one [default: 127.0.0.1:50551]
    #[arg(long, env = "MAGISTER_LISTEN", value_name = "ADDRESS")]
    listen: Option<SocketAddr>,

    /// Folder that keeps the curricula; made if it is not there [default: $XDG_DATA_HOME/magister]
    #[arg(long, env = "MAGISTER_DATA", value_name = "FOLDER")]
    data: Option<PathBuf>,

    /// Most curricula that the server holds [default: 10000]
    #[arg(long, env = "MAGISTER_MAX_CURRICULA", value_name = "NUMBER")]
    max_curricula: Option<u64>,

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

    /// Stop also when standard input ends: with whoever started the server and holds its other end, however that ends
    #[arg(long)]
    until_stdin_ends: bool,

    /// Serve no web page; dashboard = false in magister.toml does the same
    #[arg(long)]
    no_dashboard: bool,

    /// What to log to standard error: error, warn, info, debug, or levels per module such as
    /// magister_service=debug [default: warn,magister_service=info]
    #[arg(long, env = "MAGISTER_LOG", value_name = "LEVELS")]
    log: Option<String>,
}

/// Serves until SIGINT or SIGTERM, then finishes the calls under way.
pub(crate) fn run(arguments: &Arguments, config: &ServeConfig) -> Result<Outcome, Failure> {
    let access = arguments.access(config).map_err(|error| Failure::usage(format!("{error:#}")))?;
    let log = arguments.log.as_ref().or(config.log.as_ref()).map_or(DEFAULT_LOG, String::as_str);
    let filter = EnvFilter::try_new(log)
        .map_err(|error| Failure::usage(format!("{log:?} says nothing of what to log: {error}")))?;
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let data = arguments.data.clone().or_else(|| config.data.clone()).map_or_else(default_data, Ok)?;
    let settings = ServerSettings {
        listen: arguments.listen.or(config.listen).unwrap_or(DEFAULT_LISTEN),
        max_curricula: arguments.max_curricula.or(config.max_curricula).unwrap_or(DEFAULT_MAX_CURRICULA),
        access,
        dashboard: arguments.dashboard(config),
        ..ServerSettings::local(data)
    };
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    let input = if arguments.until_stdin_ends { Input::Watched } else { Input::Ignored };
    runtime.block_on(serve(settings, input))
}

/// What standard input means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Input {
    Ignored,
    Watched,
}

async fn serve(settings: ServerSettings, input: Input) -> Result<Outcome, Failure> {
    let scheme = if settings.access.tls.is_some() { "https" } else { "http" };
    let data = settings.data.clone();
    // Before the server is announced, so that whoever reads the line may stop it at once.
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot wait for SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?;
    let server = Server::start(settings).await.map_err(|error| match error {
        exposed @ ServerError::Access(AccessError::Exposed { .. }) => {
            Failure::usage(format!("{exposed}; {HOW_TO_GUARD}"))
        }
        other => Failure::failed(&other.into()),
    })?;
    output::print(&format!("magister listens at {scheme}://{}", server.address()))?;
    output::print(&format!("curricula are kept in {}", data.display()))?;
    if let Some(url) = server.dashboard_url() {
        output::print(&format!("see them at {url}"))?;
    }
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        () = end_of(input) => {}
    }
    server.stop().await.context("the server did not end as it should")?;
    Ok(Outcome::Passed)
}

/// Waits for the end of standard input; for ever where it means nothing.
async fn end_of(input: Input) {
    if input == Input::Watched {
        let (ended, end) = oneshot::channel();
        // A thread of its own: the runtime's would be waited for when the server stops by a signal.
        std::thread::spawn(move || {
            // A failing input has ended too.
            let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
            let _ = ended.send(());
        });
        // The other end is not dropped before it has sent.
        let _ = end.await;
    } else {
        std::future::pending().await
    }
}

impl Arguments {
    fn dashboard(&self, config: &ServeConfig) -> DashboardPage {
        match self.no_dashboard || config.dashboard == Some(false) {
            true => DashboardPage::Off,
            false => DashboardPage::Served,
        }
    }

    fn access(&self, config: &ServeConfig) -> anyhow::Result<Access> {
        let certificate = self.tls_certificate.as_ref().or(config.tls_certificate.as_ref());
        let key = self.tls_key.as_ref().or(config.tls_key.as_ref());
        let client_ca = self.tls_client_ca.as_ref().or(config.tls_client_ca.as_ref());
        let tls = match (certificate, key) {
            (Some(certificate), Some(key)) => {
                Some(Tls::read(certificate, key, client_ca.map(PathBuf::as_path))?)
            }
            (None, None) if client_ca.is_none() => None,
            _ => bail!("encryption takes both a certificate and its key: {HOW_TO_ENCRYPT}"),
        };
        let token = match (&self.token_file, env::var_os(TOKEN)) {
            (Some(file), None) => Some(Token::read(file)?),
            (None, Some(token)) => {
                Some(Token::new(&token.to_string_lossy(), &format!("the variable {TOKEN}"))?)
            }
            (Some(_), Some(_)) => bail!("there are two tokens: unset {TOKEN}, or leave out --token-file"),
            (None, None) => config.token_file.as_deref().map(Token::read).transpose()?,
        };
        let insecure = self.insecure || config.insecure.unwrap_or(false);
        let exposure = if insecure { Exposure::Insecure } else { Exposure::Guarded };
        Ok(Access { tls, token, exposure })
    }
}

fn default_data() -> Result<PathBuf, Failure> {
    let base = match (env::var_os("XDG_DATA_HOME"), env::var_os("HOME")) {
        (Some(folder), _) if !folder.is_empty() => PathBuf::from(folder),
        (_, Some(home)) if !home.is_empty() => PathBuf::from(home).join(".local/share"),
        _ => return Err(Failure::usage("there is no home folder to keep curricula in: give --data FOLDER")),
    };
    Ok(base.join("magister"))
}
