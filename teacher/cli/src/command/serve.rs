//! `magister serve`: runs the service until it is told to stop.

use std::{env, net::SocketAddr, path::PathBuf};

use anyhow::{Context, bail};
use magister_service::{Server, ServerSettings};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::{Outcome, output};

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
    if !arguments.listen.ip().is_loopback() && !arguments.insecure {
        bail!(
            "{} can be reached from other machines, and this release has neither encryption nor tokens: listen at \
             127.0.0.1, or add --insecure if everyone who reaches the port may do anything",
            arguments.listen
        );
    }
    let filter = EnvFilter::try_new(&arguments.log).with_context(|| format!("--log {:?}", arguments.log))?;
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let data = arguments.data.clone().map_or_else(default_data, Ok)?;
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    runtime.block_on(async {
        let settings = ServerSettings {
            listen: arguments.listen,
            max_curricula: arguments.max_curricula,
            ..ServerSettings::local(&data)
        };
        // Before the server is announced, so that whoever reads the line may stop it at once.
        let mut interrupt = signal(SignalKind::interrupt()).context("cannot wait for SIGINT")?;
        let mut terminate = signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?;
        let server = Server::start(settings).await?;
        output::print(&format!("magister listens at http://{}", server.address()))?;
        output::print(&format!("curricula are kept in {}", data.display()))?;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        server.stop().await?;
        Ok(Outcome::Passed)
    })
}

fn default_data() -> anyhow::Result<PathBuf> {
    let base = match (env::var_os("XDG_DATA_HOME"), env::var_os("HOME")) {
        (Some(folder), _) if !folder.is_empty() => PathBuf::from(folder),
        (_, Some(home)) if !home.is_empty() => PathBuf::from(home).join(".local/share"),
        _ => bail!("there is no home folder to keep curricula in: give --data FOLDER"),
    };
    Ok(base.join("magister"))
}
