//! `magister curriculum list`.

use magister_student::CurriculumInfo;
use serde::Serialize;

use crate::{
    Outcome,
    config::Config,
    failure::{Failure, Format},
    output,
    remote::RemoteArguments,
    table::{Align, Table},
};

use super::show::{describe_state, describe_time};

/// List the curricula of the server
///
/// With --json: {"curricula": […]}, each as `show --json` prints it.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) remote: RemoteArguments,
}

/// What `--json` prints.
#[derive(Serialize)]
struct List {
    curricula: Vec<CurriculumInfo>,
}

/// Prints one line per curriculum.
pub(super) fn run(arguments: &Arguments, config: &Config) -> Result<Outcome, Failure> {
    let remote = arguments.remote.connect(&config.client)?;
    let curricula = remote.wait(remote.client.list())?;
    if remote.format == Format::Json {
        output::print_json(&List { curricula })?;
        return Ok(Outcome::Passed);
    }
    if curricula.is_empty() {
        output::print("There is no curriculum yet. Make one with `magister curriculum create`.")?;
        return Ok(Outcome::Passed);
    }
    let mut table = Table::new(&[
        ("name", Align::Left),
        ("state", Align::Left),
        ("episodes", Align::Right),
        ("open tasks", Align::Right),
        ("fits", Align::Right),
        ("made", Align::Left),
        ("", Align::Left),
    ]);
    for curriculum in &curricula {
        table.row([
            curriculum.id.clone(),
            describe_state(curriculum).to_owned(),
            curriculum.episodes.to_string(),
            curriculum.open_tasks.to_string(),
            curriculum.fits.to_string(),
            describe_time(curriculum.create_time),
            one_line(&curriculum.display_name),
        ]);
    }
    output::print(&table.to_string())?;
    Ok(Outcome::Passed)
}

/// Text that cannot spoil a table.
fn one_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}
