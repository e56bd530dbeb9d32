//! The task distribution in words and tables.

use magister_student::{AlpGmm, Criterion, CurriculumInfo, Fit, Teacher};

use super::Inspection;
use crate::{
    command::curriculum::show::{count, describe_state},
    components::{self, LearningProgress},
    output,
    table::{Align, Table},
};

/// For people.
pub(super) fn describe(inspection: &Inspection) -> String {
    let Inspection { curriculum, distribution, fits } = inspection;
    let title = match curriculum.display_name.as_str() {
        "" => curriculum.id.clone(),
        display_name => format!("{}: {display_name}", curriculum.id),
    };
    let counts = format!(
        "{}, {}, {} handed out, {} of them open, {}",
        describe_state(curriculum),
        count(curriculum.episodes, "episode"),
        count(curriculum.tasks, "task"),
        curriculum.open_tasks,
        count(curriculum.fits, "fit"),
    );
    let then = if distribution.episodes == curriculum.episodes {
        String::new()
    } else {
        format!("As of episode {}:\n\n", distribution.episodes)
    };
    let progress = LearningProgress::of(curriculum.teacher.as_ref());
    let components = components::describe(distribution, progress, output::width());
    let fits = match fits.as_slice() {
        [] => describe_no_fits(curriculum),
        fits => format!("The last fits:\n\n{}", table_of_fits(curriculum, fits)),
    };
    format!("{title}\n{counts}\n\n{then}{components}\n\n{fits}")
}

fn describe_no_fits(curriculum: &CurriculumInfo) -> String {
    match &curriculum.teacher {
        Some(
            Teacher::AlpGmm(AlpGmm { bootstrap_episodes: Some(bootstrap), .. })
            | Teacher::CovarGmm(AlpGmm { bootstrap_episodes: Some(bootstrap), .. }),
        ) => {
            format!(
                "There is no fit yet: the first may fall due after {}.",
                count(u64::from(*bootstrap), "episode")
            )
        }
        Some(Teacher::Random) => "Random never fits.".to_owned(),
        Some(Teacher::Riac(_)) => "RIAC cuts regions and never fits.".to_owned(),
        Some(Teacher::Oracle(_)) => "The Oracle moves its window and never fits.".to_owned(),
        _ => "There is no fit yet.".to_owned(),
    }
}

fn table_of_fits(curriculum: &CurriculumInfo, fits: &[Fit]) -> Table {
    let criterion = match &curriculum.teacher {
        Some(Teacher::AlpGmm(AlpGmm { criterion, .. }) | Teacher::CovarGmm(AlpGmm { criterion, .. })) => {
            *criterion
        }
        _ => None,
    };
    let criterion = match criterion {
        Some(Criterion::Aic) => "AIC",
        Some(Criterion::Bic) => "BIC",
        Some(Criterion::Aicc) => "AICc",
        None => "criterion",
    };
    let mut table = Table::new(&[
        ("fit", Align::Right),
        ("due at episode", Align::Right),
        ("in effect at", Align::Right),
        ("components", Align::Right),
        (criterion, Align::Right),
        ("log-likelihood", Align::Right),
        ("took", Align::Right),
    ]);
    for fit in fits {
        let chosen = fit.chosen();
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "none".to_owned());
        table.row([
            fit.number.to_string(),
            fit.due_episode.to_string(),
            fit.effect_episode.to_string(),
            or_none(chosen.map(|chosen| chosen.components.to_string())),
            or_none(chosen.and_then(|chosen| chosen.criterion).map(|criterion| format!("{criterion:.1}"))),
            or_none(
                chosen
                    .and_then(|chosen| chosen.log_likelihood_per_episode)
                    .map(|likelihood| format!("{likelihood:.3}")),
            ),
            format!("{:.1} ms", 1000.0 * fit.fit_seconds),
        ]);
    }
    table
}
