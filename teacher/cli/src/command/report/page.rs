//! The page: plain HTML with its drawings and style inside.

use std::fmt::{Display, Write};

use magister_student::{Bucket, CurriculumInfo, Evaluation, Severity, Teacher, Value};

use super::Report;
use crate::{
    command::curriculum::show::{count, describe},
    moment::{Coding, Moment, plot_axis},
    number,
    plot::{Axis, Between, Curve, CurvePoint, Grid, Medium, Range, escaped, page_colors},
};

/// Cells along each axis of the grid of what is mastered.
const CELLS: usize = 8;
/// Rows of a table of test tasks.
const MOST_ROWS: usize = 200;

const STYLE: &str = "\
body{background:var(--paper);color:var(--text);font:15px/1.5 'DejaVu Sans',Verdana,sans-serif;margin:2rem auto;max-width:\
1040px;padding:0 1rem}
h1{font-size:1.6rem;overflow-wrap:anywhere}h2{font-size:1.15rem;margin-top:2.2rem;border-bottom:1px solid var(--grid)}
figure{margin:.6rem 0;break-inside:avoid;display:inline-block;max-width:100%}
svg{max-width:100%;height:auto}.moments figure{width:49%}
pre{background:var(--paper);border:1px solid var(--grid);padding:.7rem;overflow:auto;white-space:pre-wrap;\
overflow-wrap:anywhere;font-size:.8rem}
table{border-collapse:collapse;font-size:.85rem}th,td{padding:.15rem .7rem;text-align:right;border-bottom:1px solid \
var(--grid)}th{color:var(--label);font-weight:normal}td:first-child,th:first-child{text-align:left;overflow-wrap:anywhere}
.note{color:var(--label)}li strong{text-transform:capitalize}
@media print{body{margin:0;max-width:none;font-size:11px}h2{break-after:avoid}}
";

/// The whole page.
pub(super) fn write(report: &Report) -> String {
    let info = &report.info;
    let name = if info.display_name.is_empty() { &info.id } else { &info.display_name };
    let name = escaped(name);
    let mut page = Page::default();
    page.add(format_args!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width\">\n<title>{name}: report</title>\n<style>\n{}{STYLE}</style>\n</head>\n<body>\n",
        page_colors()
    ));
    page.add(format_args!("<h1>{name}</h1>\n"));
    page.add(format_args!(
        "<p class=\"note\">Curriculum {} after {}, {} handed out, {}. Written by magister {}.</p>\n",
        escaped(&info.id),
        count(info.episodes, "episode"),
        count(info.tasks, "task"),
        count(info.fits, "fit"),
        env!("CARGO_PKG_VERSION")
    ));
    page.findings(report);
    page.curves(report);
    page.distributions(report);
    page.regions(report);
    page.evaluations(report);
    page.settings(info);
    page.text.push_str("</body>\n</html>\n");
    page.text
}

#[derive(Debug, Default)]
struct Page {
    text: String,
}

impl Page {
    fn add(&mut self, text: std::fmt::Arguments<'_>) {
        self.text.write_fmt(text).expect("a string takes all");
    }

    fn heading(&mut self, text: &str) {
        self.add(format_args!("<h2>{}</h2>\n", escaped(text)));
    }

    fn note(&mut self, text: &str) {
        self.add(format_args!("<p class=\"note\">{}</p>\n", escaped(text)));
    }

    fn figure(&mut self, drawing: &str) {
        self.add(format_args!("<figure>{drawing}</figure>\n"));
    }

    fn row<T: Display>(&mut self, element: &str, cells: impl IntoIterator<Item = T>) {
        self.text.push_str("<tr>");
        for cell in cells {
            self.add(format_args!("<{element}>{}</{element}>", escaped(cell)));
        }
        self.text.push_str("</tr>\n");
    }

    fn findings(&mut self, report: &Report) {
        self.heading("What stands in the way");
        if report.diagnosis.findings.is_empty() {
            self.note("Nothing that the server can see.");
            return;
        }
        self.text.push_str("<ul>\n");
        for finding in &report.diagnosis.findings {
            let severity = match finding.severity {
                Severity::Note => "note",
                Severity::Warning => "warning",
                Severity::Problem => "problem",
                _ => "finding",
            };
            self.add(format_args!(
                "<li><strong>{severity}</strong>: {}<br><span class=\"note\">{}</span></li>\n",
                escaped(&finding.statement),
                escaped(&finding.advice)
            ));
        }
        self.text.push_str("</ul>\n");
    }

    fn curves(&mut self, report: &Report) {
        self.heading("Over the episodes");
        let buckets = &report.progress.buckets;
        match buckets.first() {
            Some(first) if first.last_episode > first.first_episode => self.note(&format!(
                "Each point stands for {}.",
                count(first.last_episode - first.first_episode + 1, "episode")
            )),
            _ => {}
        }
        let share = Some(Range { low: 0.0, high: 1.0 });
        let mut draw = |title: &str, range, between, value: &dyn Fn(&Bucket) -> Option<f64>| {
            let point = |bucket: &Bucket| CurvePoint {
                x: bucket.last_episode as f64,
                y: value(bucket),
                spread: None,
            };
            let points = buckets.iter().map(point).collect();
            let curve =
                Curve { title: title.to_owned(), across: "episode".to_owned(), points, range, between };
            self.figure(&curve.draw(Medium::Page));
        };
        let greatest = |value: &dyn Fn(&Bucket) -> Option<f64>| {
            let high = buckets.iter().filter_map(value).fold(0.0, f64::max);
            Some(Range { low: 0.0, high: if high > 0.0 { high } else { 1.0 } })
        };
        draw("Mean return", None, Between::Straight, &|bucket| bucket.mean_return);
        // What the teacher does not have would be an empty drawing.
        let teacher = report.info.teacher.as_ref();
        if !matches!(teacher, Some(Teacher::CovarGmm(_) | Teacher::Riac(_) | Teacher::Oracle(_))) {
            let alp = |bucket: &Bucket| bucket.mean_alp;
            draw("Mean ALP", greatest(&alp), Between::Straight, &alp);
        }
        if !matches!(teacher, Some(Teacher::Riac(_) | Teacher::Oracle(_))) {
            let components = |bucket: &Bucket| bucket.components.map(f64::from);
            draw("Components of the mixture", greatest(&components), Between::Steps, &components);
        }
        draw("Share of tasks drawn uniformly", share, Between::Straight, &|bucket| bucket.exploration_share);
        if let Some(threshold) = report.info.mastery_threshold {
            let title =
                format!("Share of episodes with a return above {}", number::significant(threshold, 6));
            draw(&title, share, Between::Straight, &|bucket| bucket.mastered_share);
        }
    }

    fn distributions(&mut self, report: &Report) {
        self.heading("What the teacher sampled from");
        // In one coding, so that colours mean the same everywhere.
        let all: Vec<&Moment> = report.moments.iter().chain([&report.now]).collect();
        let coding = Coding::of(all.iter().copied(), None);
        self.figure(&report.now.picture(&report.info, &coding).draw(Medium::Page));
        if report.moments.is_empty() {
            if !matches!(report.info.teacher, Some(Teacher::Riac(_) | Teacher::Oracle(_))) {
                self.note("There is no fit yet.");
            }
            return;
        }
        self.note("As of these fits, each with the episodes of its window:");
        self.text.push_str("<div class=\"moments\">\n");
        for moment in &report.moments {
            self.figure(&moment.picture(&report.info, &coding).draw(Medium::Page));
        }
        self.text.push_str("</div>\n");
    }

    fn regions(&mut self, report: &Report) {
        let Some(threshold) = report.info.mastery_threshold else { return };
        self.heading("What is mastered where");
        let (Some(first), Some(last)) = (report.late.first(), report.late.last()) else {
            self.note("There is no episode yet.");
            return;
        };
        self.note(&format!(
            "Share of the completed episodes {} to {} with a return above {}, in per cent.",
            first.episode,
            last.episode,
            number::significant(threshold, 6)
        ));
        let axes: Vec<Axis> = report.now.distribution.axes.iter().map(plot_axis).collect();
        let completed = || {
            report.late.iter().filter_map(|point| Some((point.values.as_slice(), point.return_? > threshold)))
        };
        if let [x, y] = axes.as_slice() {
            let place = |values: &[f64]| part(x, values[0], CELLS) * CELLS + part(y, values[1], CELLS);
            let shares =
                shares(CELLS * CELLS, completed().map(|(values, mastered)| (place(values), mastered)));
            let title = "Mastered, per cent".to_owned();
            let grid = Grid { title, x: x.clone(), y: y.clone(), cells: CELLS, shares };
            self.figure(&grid.draw(Medium::Page));
            return;
        }
        self.text.push_str("<table>\n");
        self.row("th", ["parameter", "lowest third", "middle third", "highest third"]);
        for (index, axis) in axes.iter().enumerate() {
            let place = |values: &[f64]| part(axis, values[index], 3);
            let thirds = shares(3, completed().map(|(values, mastered)| (place(values), mastered)));
            let cells = thirds.into_iter().map(|share| share.map_or("–".to_owned(), percent));
            self.row("td", std::iter::once(axis.name.clone()).chain(cells));
        }
        self.text.push_str("</table>\n");
    }

    fn evaluations(&mut self, report: &Report) {
        if report.info.test_set.is_none() {
            return;
        }
        self.heading("On the test set");
        if report.evaluations.is_empty() {
            self.note("Nobody has been evaluated yet.");
            return;
        }
        let mut students: Vec<&str> =
            report.evaluations.iter().map(|evaluation| evaluation.student.as_str()).collect();
        students.sort_unstable();
        students.dedup();
        for student in students {
            let named = if student.is_empty() { String::new() } else { format!("{student}: ") };
            let rounds = || report.evaluations.iter().filter(|evaluation| evaluation.student == student);
            let mut draw = |title: &str, range, value: fn(&Evaluation) -> Option<f64>| {
                let point = |evaluation: &Evaluation| CurvePoint {
                    x: evaluation.student_step as f64,
                    y: value(evaluation),
                    spread: None,
                };
                let curve = Curve {
                    title: format!("{named}{title}"),
                    across: "student step".to_owned(),
                    points: rounds().filter(|evaluation| evaluation.is_complete()).map(point).collect(),
                    range,
                    between: Between::Straight,
                };
                self.figure(&curve.draw(Medium::Page));
            };
            draw("mean return", None, |evaluation| evaluation.mean_return);
            if report.info.mastery_threshold.is_some() {
                let share = Some(Range { low: 0.0, high: 1.0 });
                draw("share of test tasks mastered", share, |evaluation| evaluation.mastered_share);
            }
            if let Some((_, mastery)) = report.mastery.iter().find(|(name, _)| name == student) {
                self.forgetting(&named, mastery);
            }
        }
    }

    fn forgetting(&mut self, named: &str, mastery: &magister_student::Mastery) {
        self.note(&format!(
            "{named}{} % of the test tasks mastered in the last of {}, {} % mastered before and forgotten.",
            percent(mastery.mastered_share),
            count(mastery.evaluations, "round"),
            percent(mastery.forgotten_share)
        ));
        let mut tasks: Vec<_> = mastery.test_tasks.iter().collect();
        // What was forgotten first, the furthest fallen at the top.
        let fallen = |task: &magister_student::TestTaskMastery| task.best_return - task.last_return;
        tasks.sort_by(|one, other| {
            other.forgotten.cmp(&one.forgotten).then(fallen(other).total_cmp(&fallen(one)))
        });
        if tasks.len() > MOST_ROWS {
            self.note(&format!("The {MOST_ROWS} that fell furthest, of {}:", tasks.len()));
            tasks.truncate(MOST_ROWS);
        }
        self.text.push_str("<table>\n");
        self.row("th", ["test task", "best return", "last return", "first mastered in round", ""]);
        for task in tasks {
            let parameters =
                task.task.parameters.iter().map(|(name, value)| format!("{name} {}", short(value)));
            let parameters: Vec<String> = parameters.collect();
            let state = match (task.forgotten, task.mastered) {
                (true, _) => "forgotten",
                (false, true) => "mastered",
                (false, false) => "",
            };
            self.row(
                "td",
                [
                    format!("{}: {}", task.task.index, parameters.join(", ")),
                    number::significant(task.best_return, 5),
                    number::significant(task.last_return, 5),
                    task.first_mastered_round.map_or_else(String::new, |round| round.to_string()),
                    state.to_owned(),
                ],
            );
        }
        self.text.push_str("</table>\n");
    }

    fn settings(&mut self, info: &CurriculumInfo) {
        self.heading("Settings");
        self.add(format_args!("<pre>{}</pre>\n", lines(&describe(info))));
        self.heading("How to do it again");
        self.note(
            "Tasks follow from the settings, the seed and the returns in the order of their acceptance. The whole \
             curriculum, with all it holds, as a file; its settings alone, for a new curriculum; this page; the data behind \
             it:",
        );
        let id = quoted(&info.id);
        let commands = format!(
            "magister curriculum export {id} --output {}\nmagister curriculum show {id} --json > settings.json\nmagister \
             curriculum create again --file settings.json\nmagister report {id} --out report.html\nmagister inspect {id} \
             --csv data",
            quoted(&format!("{}.magister", info.id)),
        );
        self.add(format_args!("<pre>{}</pre>\n", lines(&commands)));
        let json = serde_json::to_string_pretty(info).unwrap_or_default();
        self.add(format_args!(
            "<details><summary>settings.json</summary><pre>{}</pre></details>\n",
            lines(&json)
        ));
    }
}

/// Escaped line by line, so that the breaks stay.
fn lines(text: &str) -> String {
    text.lines().map(escaped).collect::<Vec<_>>().join("\n")
}

/// As a shell takes it for one word.
fn quoted(word: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "-_./".contains(character);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

fn percent(share: f64) -> String {
    format!("{:.0}", 100.0 * share)
}

/// In which of so many equal parts of an axis a value lies.
fn part(axis: &Axis, value: f64, parts: usize) -> usize {
    ((axis.share(value).max(0.0) * parts as f64) as usize).min(parts - 1)
}

/// The share of what is true in each part; none where there is nothing.
fn shares(parts: usize, values: impl IntoIterator<Item = (usize, bool)>) -> Vec<Option<f64>> {
    let mut counts = vec![(0_u64, 0_u64); parts];
    for (part, is_true) in values {
        counts[part].0 += u64::from(is_true);
        counts[part].1 += 1;
    }
    counts.into_iter().map(|(of, all)| (all > 0).then(|| of as f64 / all as f64)).collect()
}

fn short(value: &Value) -> String {
    let all = |numbers: &[f64]| {
        let written: Vec<String> = numbers.iter().map(|&value| number::significant(value, 3)).collect();
        format!("[{}]", written.join(", "))
    };
    match value {
        Value::Integer(integer) => integer.to_string(),
        Value::Number(number) => number::significant(*number, 4),
        Value::Integers(integers) => format!("{integers:?}"),
        Value::Numbers(numbers) => all(numbers),
        Value::Category(category) => category.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::Scale;

    #[test]
    fn shares_are_counted_by_part() {
        let found = shares(3, [(0, true), (0, false), (2, true)]);
        assert_eq!(found, [Some(0.5), None, Some(1.0)]);
        let axis = |low, high, scale| Axis { name: String::new(), low, high, scale };
        for (axis, value, expected) in [
            (axis(0.0, 3.0, Scale::Linear), 0.0, 0),
            (axis(0.0, 3.0, Scale::Linear), 1.5, 1),
            (axis(0.0, 3.0, Scale::Linear), 3.0, 2),
            (axis(1.0, 3.0, Scale::Integer), 1.0, 0),
            (axis(1.0, 3.0, Scale::Integer), 3.0, 2),
            (axis(1e-4, 1e-1, Scale::Logarithmic), 5e-3, 1),
        ] {
            assert_eq!(part(&axis, value, 3), expected);
        }
    }

    #[test]
    fn names_are_one_word_for_a_shell() {
        for (name, expected) in
            [("walker", "walker"), ("a b", "'a b'"), ("it's", "'it'\\''s'"), ("$(x)", "'$(x)'"), ("", "''")]
        {
            assert_eq!(quoted(name), expected);
        }
    }
}
