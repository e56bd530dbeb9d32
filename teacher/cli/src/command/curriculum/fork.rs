//! `magister curriculum fork`.

use magister_student::Fork;

use super::show;
use crate::{
    Outcome,
    config::Config,
    failure::{Failure, Format},
    output,
    remote::RemoteArguments,
};

/// Copy a curriculum as it was at a position, under another name
///
/// The same calls go on with the same tasks there, unless it gets another seed. Evaluations are not copied. With --json
/// it prints the copy as `show --json` does.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The curriculum to copy
    source: String,

    /// Name of the copy
    name: String,

    /// Position to copy up to, as `show` and every answer give it [default: now]
    #[arg(long, value_name = "NUMBER")]
    position: Option<u64>,

    /// Another seed for what is sampled and fitted after the fork
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,

    #[command(flatten)]
    pub(super) remote: RemoteArguments,
}

/// Copies.
pub(super) fn run(arguments: &Arguments, config: &Config) -> Result<Outcome, Failure> {
    let Arguments { source, name, position, seed, remote } = arguments;
    let remote = remote.connect(&config.client)?;
    let fork = Fork { position: *position, seed: *seed };
    let forked = remote.wait(remote.client.curriculum(source).fork(name, fork)).map_err(Failure::from);
    let about = match &forked {
        Err(failure) if failure.reason() == "CURRICULUM_EXISTS" => name,
        _ => source,
    };
    let forked = remote.finish(about, forked)?;
    match remote.format {
        Format::Json => output::print_json(&forked)?,
        Format::Text => output::print(&format!("Forked {source}.\n\n{}", show::describe(&forked)))?,
    }
    Ok(Outcome::Passed)
}
