//! `magister curriculum export` and `import`.

use std::{
    io::{self, IsTerminal},
    path::{Path, PathBuf},
};

use super::show;
use crate::{
    Outcome,
    config::Config,
    failure::{Failure, Format},
    output,
    remote::RemoteArguments,
};

/// In the place of a file: standard output or input.
const STANDARD: &str = "-";
/// How exported files are called.
const EXTENSION: &str = "magister";

/// Write a curriculum with all it holds to one portable file
///
/// With --json: {"curriculum": NAME, "file": PATH, "bytes": NUMBER}.
#[derive(Debug, clap::Args)]
pub(super) struct ExportArguments {
    /// The curriculum
    name: String,

    /// The file, which must not be there yet; - for standard output [default: NAME.magister]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    #[command(flatten)]
    pub(super) remote: RemoteArguments,
}

/// Make a curriculum from an exported file
///
/// With --json it prints the curriculum as `show --json` does.
#[derive(Debug, clap::Args)]
pub(super) struct ImportArguments {
    /// The file; - for standard input
    file: PathBuf,

    /// Name of the curriculum [default: the file's, without its ending]
    #[arg(long)]
    name: Option<String>,

    #[command(flatten)]
    pub(super) remote: RemoteArguments,
}

/// Exports.
pub(super) fn export(arguments: &ExportArguments, config: &Config) -> Result<Outcome, Failure> {
    let name = &arguments.name;
    let path = arguments.output.clone().unwrap_or_else(|| format!("{name}.{EXTENSION}").into());
    let to_standard_output = path == Path::new(STANDARD);
    if to_standard_output && io::stdout().is_terminal() {
        return Err(Failure::usage(
            "a terminal cannot show an exported curriculum: send it into a file or a pipe",
        ));
    }
    let remote = arguments.remote.connect(&config.client)?;
    let curriculum = remote.client.curriculum(name);
    if to_standard_output {
        remote.run(name, curriculum.export_to(&mut tokio::io::stdout()))?;
        return Ok(Outcome::Passed);
    }
    let bytes = remote.run(name, curriculum.export_to_file(&path))?;
    match remote.format {
        Format::Json => {
            output::print_json(&serde_json::json!({ "curriculum": name, "file": path, "bytes": bytes }))?;
        }
        Format::Text => output::print(&format!("Exported {name} to {}, {bytes} bytes.", path.display()))?,
    }
    Ok(Outcome::Passed)
}

/// Imports.
pub(super) fn import(arguments: &ImportArguments, config: &Config) -> Result<Outcome, Failure> {
    let path = &arguments.file;
    let from_standard_input = path == Path::new(STANDARD);
    let of_file = || {
        let stem = path.file_stem().filter(|_| !from_standard_input)?;
        Some(stem.to_str()?.to_owned())
    };
    let name = arguments.name.clone().or_else(of_file).ok_or_else(|| {
        Failure::usage(format!("{} gives the curriculum no name: add --name", path.display()))
    })?;
    if !from_standard_input && !path.exists() {
        return Err(Failure::usage(format!("there is no file {}", path.display())));
    }
    let remote = arguments.remote.connect(&config.client)?;
    let imported = if from_standard_input {
        remote.run(&name, remote.client.import_from(&name, &mut tokio::io::stdin()))?
    } else {
        remote.run(&name, remote.client.import_from_file(&name, path))?
    };
    match remote.format {
        Format::Json => output::print_json(&imported)?,
        Format::Text => {
            output::print(&format!("Imported {}.\n\n{}", imported.id, show::describe(&imported)))?;
        }
    }
    Ok(Outcome::Passed)
}
