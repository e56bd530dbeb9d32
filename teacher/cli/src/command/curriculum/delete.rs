//! `magister curriculum delete`.

use std::io::{self, IsTerminal};

use super::show::count;
use crate::{
    Outcome,
    config::Config,
    failure::{Failure, Format},
    output,
    remote::RemoteArguments,
};

/// Delete a curriculum and everything it holds, for good
///
/// Asks first; where nobody can be asked, it demands --yes. With --json: {"deleted": NAME}.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The curriculum
    name: String,

    /// Do not ask
    #[arg(long, short)]
    yes: bool,

    #[command(flatten)]
    pub(super) remote: RemoteArguments,
}

/// Asks, and deletes.
pub(super) fn run(arguments: &Arguments, config: &Config) -> Result<Outcome, Failure> {
    let name = &arguments.name;
    if !arguments.yes && !io::stdin().is_terminal() {
        return Err(Failure::usage("deleting is for good, and there is no terminal to ask at: add --yes"));
    }
    let remote = arguments.remote.connect(&config.client)?;
    let there = remote.run(name, remote.client.curriculum(name).describe())?;
    let holds = format!("{} and {}", count(there.episodes, "episode"), count(there.fits, "fit"));
    if !arguments.yes && !output::confirm(&format!("Delete {name} with {holds} for good?")) {
        return Err(Failure::failed(&anyhow::anyhow!("not deleted")));
    }
    remote.run(name, remote.client.delete(name))?;
    match remote.format {
        Format::Json => output::print_json(&serde_json::json!({ "deleted": name }))?,
        Format::Text => output::print(&format!("Deleted {name} with {holds}."))?,
    }
    Ok(Outcome::Passed)
}
