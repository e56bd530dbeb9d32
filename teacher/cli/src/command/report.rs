//! `magister report`: all that there is to see of a curriculum, as one page to keep or send.

mod page;

use std::{collections::BTreeSet, fs, path::PathBuf};

use magister_student::{
    Curriculum, CurriculumInfo, Diagnosis, EpisodePoint, Error, Evaluation, Fit, Mastery, Progress, Reason,
};

use super::inspect::{animate::is_kept, plot::window_start};
use crate::{
    Outcome,
    config::Config,
    failure::{Failure, Format},
    moment::{self, Moment},
    output::{self, ProgressLine},
    remote::RemoteArguments,
};

/// Moments at which the distribution is drawn.
const MOMENTS: u64 = 10;
/// Buckets of a curve.
const BUCKETS: u32 = 200;
/// Episodes at the end that tell what is mastered where: a share of all, and at least so many.
const LATE_SHARE: u64 = 5;
const LEAST_LATE: u64 = 1_000;

/// Write all that there is to see of a curriculum into one page
///
/// The page holds settings, findings, curves over episodes, the task distribution at ten moments, what is mastered where,
/// what was forgotten of the test set, and how to do it again. It needs no other file, no script and no network.
///
/// With --json: {"curriculum": NAME, "file": PATH, "bytes": NUMBER}.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The curriculum
    name: String,

    /// The page, as .html
    #[arg(long, short, value_name = "FILE", value_parser = read_path)]
    out: PathBuf,

    #[command(flatten)]
    pub(crate) remote: RemoteArguments,
}

/// Writes the page.
pub(crate) fn run(arguments: &Arguments, config: &Config) -> Result<Outcome, Failure> {
    let remote = arguments.remote.connect(&config.client)?;
    let curriculum = remote.client.curriculum(&arguments.name);
    let findings = remote.run(&arguments.name, gather(&curriculum))?;
    let page = page::write(&findings);
    let path = arguments.out.display();
    fs::write(&arguments.out, &page)
        .map_err(|error| Failure::usage(format!("{path} cannot be written: {error}")))?;
    match remote.format {
        Format::Json => output::print_json(&serde_json::json!({
            "curriculum": arguments.name, "file": arguments.out, "bytes": page.len(),
        }))?,
        Format::Text => output::print(&format!("Wrote {path}, {} bytes.", page.len()))?,
    }
    Ok(Outcome::Passed)
}

/// All that a page is made of.
#[derive(Debug)]
struct Report {
    info: CurriculumInfo,
    progress: Progress,
    diagnosis: Diagnosis,
    /// What the teacher samples from now, with the last episodes.
    now: Moment,
    /// As of some of the fits, in their order.
    moments: Vec<Moment>,
    /// The last part of the episodes.
    late: Vec<EpisodePoint>,
    /// Every round over the test set.
    evaluations: Vec<Evaluation>,
    /// What each student that was evaluated masters.
    mastery: Vec<(String, Mastery)>,
}

async fn gather(curriculum: &Curriculum) -> Result<Report, Error> {
    let line = ProgressLine::new();
    let info = curriculum.describe().await?;
    line.show("reading progress");
    let progress = curriculum.progress(BUCKETS).await?;
    let diagnosis = curriculum.diagnose(None).await?;
    let distribution = curriculum.distribution().await?;
    let points = moment::latest(curriculum, distribution.episodes, 1_000).await?;
    let now = Moment { distribution, points };

    let mut moments = Vec::new();
    let mut before: Option<Fit> = None;
    let mut pages = curriculum.fits_after(0);
    while let Some(page) = pages.next().await? {
        for fit in page {
            if let (true, Some(distribution)) = (is_kept(fit.number, info.fits, MOMENTS), &fit.distribution) {
                line.show(&format!("reading fit {} of {}", fit.number, info.fits));
                let first = window_start(&info, before.as_ref(), &fit);
                let points = moment::between(curriculum, first, fit.due_episode).await?;
                moments.push(Moment { distribution: distribution.clone(), points });
            }
            before = Some(fit);
        }
    }
    let count = (info.episodes / LATE_SHARE).max(LEAST_LATE);
    let first = (info.episodes + 1).saturating_sub(count).max(1);
    let late = moment::between(curriculum, first, info.episodes).await?;

    let mut evaluations = Vec::new();
    if info.test_set.is_some() {
        // Rounds count up from 1 without gaps.
        for round in 1.. {
            match curriculum.evaluation(round).await {
                Ok(evaluation) => evaluations.push(evaluation),
                Err(error) if error.reason() == Some(&Reason::EvaluationNotFound) => break,
                Err(error) => return Err(error),
            }
        }
    }
    let mut mastery = Vec::new();
    // Without a threshold nothing is mastered, and the server refuses to say.
    if info.mastery_threshold.is_some() {
        let students: BTreeSet<&str> =
            evaluations.iter().map(|evaluation| evaluation.student.as_str()).collect();
        for student in students {
            mastery.push((student.to_owned(), curriculum.on_behalf_of(student, "").mastery().await?));
        }
    }
    Ok(Report { info, progress, diagnosis, now, moments, late, evaluations, mastery })
}

fn read_path(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    let ending = path.extension().and_then(std::ffi::OsStr::to_str).map(str::to_ascii_lowercase);
    match ending.as_deref() {
        Some("html" | "htm") => Ok(path),
        _ => Err("end the name in .html".to_owned()),
    }
}
