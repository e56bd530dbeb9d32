//! What a run leaves: tables, pictures and a summary.

use std::path::{Path, PathBuf};

use magister_envs::picture::{FrameRate, Size, View};
use magister_learner::{Evaluation, Training, UpdateRecord};
use magister_student::{Curriculum, Distribution, Parameters, Value};
use serde::Serialize;

use super::{folder::Folder, watch};
use crate::{
    command::{
        env::{
            episode::{Ending, Policy},
            record::Recording,
            track_flags::ChosenTrack,
        },
        inspect::{
            csv::{self, Existing},
            plot::{self, Drawn, PictureFile},
        },
    },
    components::{self, LearningProgress},
    failure::Failure,
    output,
};

/// Evaluations whose mean is the run's result: single ones move by some points.
const LAST_EVALUATIONS: usize = 5;
/// Episodes on the picture of the distribution.
const POINTS: u32 = 1000;
/// Steps of an animation: 20 s.
const ANIMATED_STEPS: u32 = 1000;
const ANIMATION_SEED: u64 = 1;

/// What came of a run, as `--json` prints it.
#[derive(Debug, Serialize)]
pub(super) struct Ended {
    folder: PathBuf,
    curriculum: String,
    steps: u64,
    episodes: u64,
    /// Those of them that were played again and not reported, for the teacher's next task had not come.
    repeated_episodes: u64,
    /// Tasks of which no track could be made.
    infeasible_tasks: u64,
    /// Mean over the last five evaluations; none without any.
    mastered_share: Option<f64>,
    best_mastered_share: Option<f64>,
    evaluations: Vec<EvaluationLine>,
    animations: Vec<Animated>,
    files: Vec<PathBuf>,
}

#[derive(Debug, Serialize)]
struct EvaluationLine {
    steps: u64,
    mastered_share: f64,
    mean_return: f64,
}

#[derive(Debug, Serialize)]
struct Animated {
    name: &'static str,
    #[serde(rename = "return")]
    return_: f64,
    position_m: f64,
    ending: Ending,
}

/// Writes everything into the run's folder.
pub(super) async fn write(
    training: &Training,
    curriculum: &Curriculum,
    folder: &Folder,
    quiet: bool,
) -> Result<Ended, Failure> {
    let say = |text: &str| if quiet { Ok(()) } else { output::print(text) };
    let path = folder.path();
    let mut files = vec![folder.policy()];
    for (name, text) in
        [("evaluations.csv", evaluations_csv(training)), ("updates.csv", updates_csv(training.updates()))]
    {
        let file = path.join(name);
        magister_learner::replace_file(&file, text.as_bytes()).map_err(super::failure)?;
        files.push(file);
    }
    files.extend(csv::write(curriculum, path, Existing::Replace).await?);
    say("Drawing what was learned …")?;
    let picture = path.join("distribution.svg");
    let file = PictureFile::parse(&picture.to_string_lossy()).map_err(Failure::usage)?;
    let drawn = Drawn { fit: None, points: POINTS, colour_by: None, width_px: None };
    plot::write(curriculum, &file, drawn).await?;
    files.push(picture);
    let mut animations = Vec::new();
    for (name, task) in training.settings().space.tracks().examples() {
        let file = path.join(format!("{name}.gif"));
        animations.push(animate(training, name, &task, &file)?);
        files.push(file);
    }
    let last = training.evaluations();
    let last = &last[last.len().saturating_sub(LAST_EVALUATIONS)..];
    let shares = || training.evaluations().iter().map(|evaluation| evaluation.mastered_share);
    Ok(Ended {
        folder: path.to_owned(),
        curriculum: curriculum.name().trim_start_matches("curricula/").to_owned(),
        steps: training.steps(),
        episodes: training.episodes(),
        repeated_episodes: training.repeated_episodes(),
        infeasible_tasks: training.infeasible_tasks(),
        mastered_share: (!last.is_empty()).then(|| {
            last.iter().map(|evaluation| evaluation.mastered_share).sum::<f64>() / last.len() as f64
        }),
        best_mastered_share: shares().reduce(f64::max),
        evaluations: training
            .evaluations()
            .iter()
            .map(|&Evaluation { steps, mastered_share, mean_return, .. }| EvaluationLine {
                steps,
                mastered_share,
                mean_return,
            })
            .collect(),
        animations,
        files,
    })
}

/// The summary for people.
pub(super) fn describe(
    ended: &Ended,
    training: &Training,
    distribution: &Distribution,
    progress: LearningProgress,
    seconds: f64,
) -> String {
    let times = training.times();
    let mut text = String::from("\n");
    let parts = [times.collecting, times.learning, times.evaluating].map(|part| part.as_secs_f64());
    let all: f64 = parts.iter().sum();
    if all > 0.0 {
        let share = |part: f64| 100.0 * part / seconds;
        text.push_str(&format!(
            "{} of this process: {:.0} % walking (of it {:.1} % waiting for the teacher), {:.0} % learning, {:.0} % \
             evaluating.\n",
            watch::duration(seconds),
            share(parts[0]),
            share(times.waiting.as_secs_f64()),
            share(parts[1]),
            share(parts[2])
        ));
    }
    text.push_str(&format!(
        "{} steps and {} episodes.\n",
        watch::thousands(ended.steps as f64),
        watch::thousands(ended.episodes as f64)
    ));
    for (count, what) in [
        (ended.repeated_episodes, "episodes were played again, for the teacher's next task had not come"),
        (ended.infeasible_tasks, "tasks could not be built"),
    ] {
        if count > 0 {
            text.push_str(&format!("{} {what}.\n", watch::thousands(count as f64)));
        }
    }
    if let (Some(mastered), Some(best)) = (ended.mastered_share, ended.best_mastered_share) {
        text.push_str(&format!(
            "Mastered: {:.1} % of the test set, the mean of the last five evaluations ({:.0} % at best).\n",
            100.0 * mastered,
            100.0 * best
        ));
    }
    for Animated { name, return_, position_m, ending } in &ended.animations {
        let how = match ending {
            Ending::Fell => "falls",
            Ending::Finished => "arrives",
            Ending::Left => "leaves the track",
            Ending::TimeLimit => "runs out of time",
            Ending::Recorded => "is still going when the animation ends,",
        };
        text.push_str(&format!(
            "On the {name} track the walker {how} at {position_m:.1} m with a return of {return_:.0}.\n"
        ));
    }
    text.push_str(&format!("\n{}\n", components::describe(distribution, progress, output::width())));
    text.push_str(&format!("\nIn {}:", ended.folder.display()));
    for file in &ended.files {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        text.push_str(&format!("\n  {name:<20} {}", meaning(&name)));
    }
    text
}

fn meaning(name: &str) -> &'static str {
    match name {
        "policy.safetensors" => "what was learned: `magister env record --policy`, or Python",
        "evaluations.csv" => "every evaluation, with the return on each test task",
        "updates.csv" => "the learning curve, a line for each update",
        "episodes.csv" => "every task that the teacher gave, and what came of it",
        "fits.csv" => "every mixture that the teacher fitted",
        "boxes.csv" => "every region or particle, or the window, that the teacher draws from",
        "distribution.svg" => "the task distribution as it is now",
        _ => "the walker at work",
    }
}

fn animate(
    training: &Training,
    name: &'static str,
    task: &Parameters,
    file: &Path,
) -> Result<Animated, Failure> {
    let settings = training.settings();
    let track = settings
        .space
        .tracks()
        .track(task, ANIMATION_SEED)
        .map_err(|error| Failure::failed(&error.into()))?;
    let given = task.iter().map(|(name, value)| {
        let values = match value {
            Value::Number(number) => vec![*number],
            Value::Integer(integer) => vec![*integer as f64],
            Value::Numbers(numbers) => numbers.clone(),
            Value::Integers(integers) => integers.iter().map(|&integer| integer as f64).collect(),
            Value::Category(_) => Vec::new(),
        };
        (name.clone(), values)
    });
    let chosen = ChosenTrack {
        track: track.as_ref().clone(),
        title: format!("{name} track"),
        seeded: true,
        given: given.collect(),
        task: Default::default(),
    };
    let policy = Policy::Learned { name: "policy".to_owned(), policy: training.policy().into() };
    let drawing = |error: magister_envs::picture::PictureError| Failure::failed(&error.into());
    let recording = Recording {
        chosen: &chosen,
        kind: settings.walker,
        policy: &policy,
        seed: ANIMATION_SEED,
        steps: ANIMATED_STEPS,
        view: View::new(14.0).map_err(drawing)?,
        size: Size::new(480, 320).map_err(drawing)?,
        rate: FrameRate::new(25).map_err(drawing)?,
    };
    let (episode, _) = recording.animation(file)?;
    Ok(Animated {
        name,
        return_: episode.return_(),
        position_m: episode.position_m(),
        ending: episode.ending(),
    })
}

fn evaluations_csv(training: &Training) -> String {
    let tasks = training.evaluations().first().map_or(0, |evaluation| evaluation.returns.len());
    let mut text = String::from("steps,mastered_share,mean_return");
    for task in 0..tasks {
        text.push_str(&format!(",return_{task}"));
    }
    for Evaluation { steps, mastered_share, mean_return, returns } in training.evaluations() {
        text.push_str(&format!("\n{steps},{mastered_share},{mean_return}"));
        for return_ in returns {
            text.push_str(&format!(",{return_}"));
        }
    }
    text.push('\n');
    text
}

fn updates_csv(updates: &[UpdateRecord]) -> String {
    let mut text = String::from(
        "steps,episodes,mean_return,mean_length,deviation,divergence,clipped_share,value_error\n",
    );
    for update in updates {
        let UpdateRecord { steps, episodes, mean_return, mean_length, .. } = update;
        let UpdateRecord { deviation, divergence, clipped_share, value_error, .. } = update;
        let optional = |value: &Option<f64>| value.map_or_else(String::new, |value| value.to_string());
        text.push_str(&format!(
            "{steps},{episodes},{},{},{deviation},{divergence},{clipped_share},{value_error}\n",
            optional(mean_return),
            optional(mean_length)
        ));
    }
    text
}
