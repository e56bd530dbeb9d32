//! What is told of an experiment: one table of everything, curves, and a page with means and tests.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs,
    path::Path,
};

use super::{
    parts::{self, Part},
    plan::{Plan, PlannedRun, Scene},
    record::{LAST_EVALUATIONS, RunRecord},
};
use crate::{
    command::train::count,
    failure::Failure,
    plot::{Learned, LearningCurves, Medium, Scaling, image},
    table::{Align, Table},
    welch::{self, Summary},
};

/// Pixels of a PNG for each of the drawing's.
const SHARPNESS: f32 = 2.0;

/// An experiment with what there is of its runs.
pub(super) struct Report<'a> {
    plan: &'a Plan,
    runs: &'a [(&'a PlannedRun, Option<RunRecord>)],
    /// How its file is given to the command.
    file: String,
}

/// What one teacher's runs in a scene come to.
struct Row<'a> {
    teacher: &'a str,
    /// One for each column.
    summaries: Vec<Option<Summary>>,
    published: Option<&'a str>,
}

impl<'a> Report<'a> {
    pub(super) fn new(plan: &'a Plan, runs: &'a [(&'a PlannedRun, Option<RunRecord>)], file: &Path) -> Self {
        Self { plan, runs, file: file.display().to_string() }
    }

    /// Writes table, curves and page into a folder.
    pub(super) fn write(&self, folder: &Path) -> Result<(), Failure> {
        let written = |path: &Path, result: std::io::Result<()>| {
            result.map_err(|error| Failure::usage(format!("{} cannot be written: {error}", path.display())))
        };
        written(folder, fs::create_dir_all(folder))?;
        for (name, text) in [("results.csv", self.csv()?), ("README.md", self.page())] {
            let path = folder.join(name);
            written(&path, fs::write(&path, text))?;
        }
        for scene in &self.plan.scenes {
            let curves = self.curves(scene);
            let path = folder.join(format!("{}.svg", scene.file_stem()));
            written(&path, fs::write(&path, curves.draw(Medium::File)))?;
            let path = path.with_extension("png");
            image(&curves.draw(Medium::Pixels), Scaling::Times(SHARPNESS))?
                .write(&path)
                .map_err(|error| Failure::usage(error.to_string()))?;
        }
        Ok(())
    }

    /// The tables for a terminal.
    pub(super) fn describe(&self) -> String {
        let mut text = String::new();
        for scene in &self.plan.scenes {
            let (title, table) = (scene.title(), self.shares(&self.rows(scene)));
            let _ = write!(text, "\n{title}: mastered share of the test set, per cent\n\n{table}\n");
        }
        text
    }

    /// One line for each evaluation of each run.
    fn csv(&self) -> anyhow::Result<String> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record([
            "space",
            "walker",
            "teacher",
            "seed",
            "steps",
            "mastered_share",
            "mean_return",
        ])?;
        for (run, record) in self.runs {
            for evaluation in record.iter().flat_map(|record| &record.evaluations) {
                writer.write_record([
                    &run.scene.space,
                    run.scene.walker,
                    &run.teacher,
                    &run.settings.seed.to_string(),
                    &evaluation.steps.to_string(),
                    &evaluation.mastered_share.to_string(),
                    &format!("{:.2}", evaluation.mean_return),
                ])?;
            }
        }
        Ok(String::from_utf8(writer.into_inner()?)?)
    }

    fn page(&self) -> String {
        let plan = self.plan;
        let mut text = format!("# {}\n\n", plan.title);
        if !plan.about.trim().is_empty() {
            let _ = write!(text, "{}\n\n", plan.about.trim());
        }
        let _ = writeln!(
            text,
            "Made by `magister experiment {}`. Per cent of the test set that is mastered after so many steps: for each run \
             the mean of the last {LAST_EVALUATIONS} evaluations up to there, then the mean ± standard deviation over \
             seeds. Every evaluation is in [results.csv](results.csv).",
            self.file
        );
        let missing: Vec<String> =
            self.runs.iter().filter(|(_, record)| record.is_none()).map(|(run, _)| run.name()).collect();
        if !missing.is_empty() {
            let all = plan.runs.len();
            let _ = write!(text, "\n**{} of {all} runs are not there yet.**\n", missing.len());
        }
        for scene in &plan.scenes {
            self.write_scene(&mut text, scene);
        }
        self.write_origin(&mut text);
        text
    }

    fn write_scene(&self, text: &mut String, scene: &Scene) {
        let rows = self.rows(scene);
        let (title, stem, shares) = (scene.title(), scene.file_stem(), self.shares(&rows).markdown());
        let _ = write!(text, "\n## {title}\n\n![Learning curves]({stem}.svg)\n\n{shares}");
        let end = count::written(self.plan.steps);
        if let Some(table) = differences(&rows) {
            let _ = write!(
                text,
                "\nDifferences at {end}, row less column, in points, and the p of Welch's t-test (two-sided):\n\n{}",
                table.markdown()
            );
        }
        if let Some(table) = self.parts(scene) {
            let _ = write!(
                text,
                "\nMastered at {end} by the height of the stumps, per cent of so many test tasks:\n\n{}",
                table.markdown()
            );
        }
    }

    /// What each teacher's runs came to, in time.
    fn shares(&self, rows: &[Row<'_>]) -> Table {
        let mut table = Table::new(&[("teacher", Align::Left), ("seeds", Align::Right)]);
        for &at in &self.plan.report_at {
            table = table.column(format!("at {}", count::written(at)), Align::Right);
        }
        let has_published = rows.iter().any(|row| row.published.is_some());
        if has_published {
            table = table.column("published".to_owned(), Align::Right);
        }
        for row in rows {
            let mut cells = vec![row.teacher.to_owned(), row.seeds().to_string()];
            cells.extend(row.summaries.iter().map(|summary| written(*summary)));
            if has_published {
                cells.push(row.published.unwrap_or_default().to_owned());
            }
            table.row(cells);
        }
        table
    }

    /// Where the students of each teacher master tasks in the end; nothing if the test set has no parts.
    fn parts(&self, scene: &Scene) -> Option<Table> {
        let (run, _) = self.runs.iter().find(|(run, record)| run.scene == *scene && record.is_some())?;
        let parts = parts::of(&run.settings.space);
        if parts.len() < 2 {
            return None;
        }
        let mut table = Table::new(&[("teacher", Align::Left)]);
        for part in &parts {
            table = table.column(part.title(), Align::Right);
        }
        for teacher in &self.plan.teachers {
            let of_part = |part: &Part| {
                let shares: Vec<f64> =
                    self.records(scene, teacher).filter_map(|record| part.mastered_percent(record)).collect();
                written(Summary::of(&shares))
            };
            let cells: Vec<String> = [teacher.clone()].into_iter().chain(parts.iter().map(of_part)).collect();
            table.row(cells);
        }
        Some(table)
    }

    /// With what, where and how fast the runs were made.
    fn write_origin(&self, text: &mut String) {
        let made = || self.runs.iter().filter_map(|(_, record)| record.as_ref()).map(|record| &record.made);
        if made().next().is_none() {
            return;
        }
        let mut releases = BTreeMap::<&str, BTreeSet<&str>>::new();
        for made in made() {
            releases.entry(&made.release).or_default().extend(made.commit.as_deref());
        }
        let releases = releases.into_iter().map(|(release, commits)| match commits.len() {
            0 => format!("release {release}"),
            1 => format!("release {release} at commit {}", listed(commits)),
            _ => format!("release {release} at commits {}", listed(commits)),
        });
        let releases: Vec<String> = releases.collect();
        let mut machines = BTreeMap::<&str, Vec<u64>>::new();
        for made in made() {
            let machine = made.machine.as_deref().unwrap_or("another machine");
            machines.entry(machine).or_default().extend(made.steps_per_second);
        }
        let machines = machines.into_iter().map(|(machine, mut rates)| {
            rates.sort_unstable();
            let rate = rates.get(rates.len() / 2).map(|median| format!(" ({median} steps a second)"));
            machine.to_owned() + &rate.unwrap_or_default()
        });
        let machines: Vec<String> = machines.collect();
        let _ = write!(text, "\nMade with {} on {}.", releases.join("; "), machines.join("; "));
        if made().any(|made| made.steps_per_second.is_some()) {
            text.push_str(" The speed is a run's on one thread beside the others (median).");
        }
        text.push('\n');
    }

    /// One for each teacher, also for those without runs yet.
    fn rows(&self, scene: &Scene) -> Vec<Row<'_>> {
        let of_teacher = |teacher: &'a String| Row {
            teacher,
            summaries: self
                .plan
                .report_at
                .iter()
                .map(|&at| {
                    let shares: Vec<f64> = self
                        .records(scene, teacher)
                        .filter_map(|record| record.mastered_percent(at))
                        .collect();
                    Summary::of(&shares)
                })
                .collect(),
            published: self.plan.published(scene, teacher),
        };
        self.plan.teachers.iter().map(of_teacher).collect()
    }

    fn records(&self, scene: &Scene, teacher: &str) -> impl Iterator<Item = &RunRecord> {
        self.runs
            .iter()
            .filter(move |(run, _)| run.scene == *scene && run.teacher == teacher)
            .filter_map(|(_, record)| record.as_ref())
    }

    fn curves(&self, scene: &Scene) -> LearningCurves {
        let of_teacher = |teacher: &String| Learned {
            name: teacher.clone(),
            runs: self
                .records(scene, teacher)
                .map(|record| {
                    let points = record.evaluations.iter();
                    points.map(|point| (point.steps as f64 / 1e6, 100.0 * point.mastered_share)).collect()
                })
                .collect(),
        };
        LearningCurves {
            title: format!("{}: {}", self.plan.title, scene.title()),
            across: "million steps".to_owned(),
            end: self.plan.steps as f64 / 1e6,
            up: "mastered, % of the test set".to_owned(),
            teachers: self.plan.teachers.iter().map(of_teacher).collect(),
        }
    }
}

impl Row<'_> {
    /// Runs that are in its last column.
    fn seeds(&self) -> usize {
        self.summaries.last().copied().flatten().map_or(0, |summary| summary.count)
    }
}

/// By how much teachers differ in the end, and how likely that is by chance; nothing unless there are two with seeds.
fn differences(rows: &[Row<'_>]) -> Option<Table> {
    let tested: Vec<(&str, Summary)> = rows
        .iter()
        .filter_map(|row| Some((row.teacher, (*row.summaries.last()?)?)))
        .filter(|(_, summary)| summary.count > 1)
        .collect();
    let (_, others) = tested.split_first()?;
    if others.is_empty() {
        return None;
    }
    let mut table = Table::new(&[("", Align::Left)]);
    for (teacher, _) in others {
        table = table.column((*teacher).to_owned(), Align::Right);
    }
    for (place, (teacher, one)) in tested[..others.len()].iter().enumerate() {
        let mut cells = vec![(*teacher).to_owned()];
        cells.extend(others.iter().enumerate().map(|(other_place, (_, other))| {
            if other_place < place {
                return String::new();
            }
            let difference = one.mean - other.mean;
            match welch::two_sided(*one, *other) {
                Some(p) => format!("{difference:+.1}, p {}", written_p(p)),
                None => format!("{difference:+.1}"),
            }
        }));
        table.row(cells);
    }
    Some(table)
}

fn listed(values: BTreeSet<&str>) -> String {
    values.into_iter().collect::<Vec<_>>().join(", ")
}

fn written(summary: Option<Summary>) -> String {
    match summary {
        None => "–".to_owned(),
        Some(Summary { count: 1, mean, .. }) => format!("{mean:.1}"),
        Some(Summary { mean, standard_deviation, .. }) => format!("{mean:.1} ± {standard_deviation:.1}"),
    }
}

fn written_p(p: f64) -> String {
    match p {
        p if p < 0.001 => "< 0.001".to_owned(),
        p if p < 0.1 => format!("{p:.3}"),
        p => format!("{p:.2}"),
    }
}
