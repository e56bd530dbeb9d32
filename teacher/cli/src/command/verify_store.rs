//! `magister verify-store`: checks a store that no server has open.

use std::path::PathBuf;

use magister_service::{CurriculumReport, DifferenceKind, Rerun, StoreReport, verify_store};

use crate::{
    Outcome, output,
    table::{Align, Table},
};

/// Check a store that no server has open: its file, its journal, and that the algorithm would do the same again
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Folder that keeps the curricula
    #[arg(long, env = "MAGISTER_DATA", value_name = "FOLDER")]
    data: PathBuf,

    /// Only this curriculum
    #[arg(long, value_name = "NAME")]
    curriculum: Option<String>,
}

/// Verifies and prints what was found.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let report = verify_store(&arguments.data, arguments.curriculum.as_deref())?;
    output::print(&describe(&report))?;
    Ok(if report.is_sound() { Outcome::Passed } else { Outcome::Failed })
}

fn describe(report: &StoreReport) -> String {
    let mut lines = Vec::new();
    for problem in &report.file {
        lines.push(format!("the file: {problem}"));
    }
    let mut table = Table::new(&[
        ("curriculum", Align::Left),
        ("events", Align::Right),
        ("tasks", Align::Right),
        ("episodes", Align::Right),
        ("fits", Align::Right),
        ("verdict", Align::Left),
    ]);
    for curriculum in &report.curricula {
        let numbers = [curriculum.events, curriculum.tasks, curriculum.episodes, curriculum.fits];
        let [events, tasks, episodes, fits] = numbers.map(|number| number.to_string());
        table.row([curriculum.name.clone(), events, tasks, episodes, fits, verdict(curriculum)]);
    }
    lines.push(table.to_string());
    for curriculum in &report.curricula {
        for difference in &curriculum.differences {
            lines.push(format!("{}: {}", curriculum.name, difference.what));
        }
        let all: u64 = curriculum.counts.iter().map(|&(_, count)| count).sum();
        let told = curriculum.differences.len() as u64;
        if all > told {
            lines.push(format!("{}: and {} more differences", curriculum.name, all - told));
        }
    }
    lines.push(match report.is_sound() {
        true => "verdict: sound".to_owned(),
        false => {
            "verdict: NOT SOUND: keep a copy of the folder, and restore a backup or an export".to_owned()
        }
    });
    lines.join("\n")
}

fn verdict(curriculum: &CurriculumReport) -> String {
    let differences = |&(kind, count): &(DifferenceKind, u64)| format!("{count} {} differ", kind.name());
    let found = match curriculum.counts.is_empty() {
        true => "sound".to_owned(),
        false => curriculum.counts.iter().map(differences).collect::<Vec<_>>().join(", "),
    };
    match curriculum.rerun {
        Rerun::Done | Rerun::Impossible => found,
        Rerun::OtherVersion(version) => {
            format!("{found}; not run again: it is of algorithm version {version}")
        }
    }
}
