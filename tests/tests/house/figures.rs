//! The tables that documents write by hand hold the figures of the experiments' pages, which are made from records.

use std::{collections::BTreeSet, fs, path::Path};

use crate::{assert_none, assert_one, workspace_root};

/// Documents with tables of teachers against spaces.
const SUMMARIES: &[&str] = &["docs/results/README.md", "docs/teachers.md"];

/// How far one teacher's students came in one space.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Figure {
    /// The teacher, as the command names it.
    teacher: String,
    /// Mean and standard deviation, as written.
    mastered: String,
    seeds: u32,
}

#[test]
fn summaries_hold_the_figures_of_the_pages() {
    let known = pages(&workspace_root().join("docs/results")).iter().flat_map(|page| of_page(page)).collect();
    for summary in SUMMARIES {
        let document = fs::read_to_string(workspace_root().join(summary)).expect("the summary is there");
        let told = of_summary(&document);
        assert!(told.len() >= 10, "{summary} should have a table of figures, yet tells only {told:?}");
        assert_none(&stale(summary, told, &known));
    }
}

/// The pages that experiments wrote, a folder each.
fn pages(results: &Path) -> Vec<String> {
    let entries = fs::read_dir(results).expect("docs/results is there");
    entries
        .map(|entry| entry.expect("docs/results can be listed").path().join("README.md"))
        .filter(|page| page.exists())
        .map(|page| fs::read_to_string(page).expect("a page is text"))
        .collect()
}

/// The cells of a table's row; `None` for any other line.
fn cells(line: &str) -> Option<Vec<&str>> {
    let inner = line.strip_prefix('|')?.strip_suffix('|')?;
    Some(inner.split('|').map(str::trim).collect())
}

/// What an experiment's page says of the end of its runs: the last of the columns `at …`, in rows `teacher | seeds | …`.
fn of_page(page: &str) -> Vec<Figure> {
    let mut end = None;
    let mut figures = Vec::new();
    for line in page.lines() {
        let row = cells(line).unwrap_or_default();
        if row.is_empty() {
            end = None;
        } else if row.starts_with(&["teacher", "seeds"]) {
            end = row.iter().rposition(|header| header.starts_with("at "));
        } else if let (Some(end), [teacher, seeds, ..]) = (end, &row[..])
            && let (Ok(seeds), Some(mastered)) = (seeds.parse(), row.get(end))
        {
            figures.push(Figure { teacher: (*teacher).to_owned(), mastered: (*mastered).to_owned(), seeds });
        }
    }
    figures
}

/// What a summary says: under a teacher's name `mean ± deviation (seeds)`, or `(seeds; published)`. Other cells are something else.
fn of_summary(document: &str) -> Vec<Figure> {
    let mut teachers = Vec::new();
    let mut figures = Vec::new();
    for line in document.lines() {
        let row = cells(line).unwrap_or_default();
        if teachers.len() != row.len() {
            teachers = row.iter().map(|header| header.to_lowercase()).collect();
            continue;
        }
        for (teacher, cell) in teachers.iter().zip(row) {
            if let Some((mastered, rest)) = cell.strip_suffix(')').and_then(|cell| cell.split_once(" ("))
                && let Ok(seeds) = rest.split(';').next().unwrap_or_default().parse()
            {
                figures.push(Figure { teacher: teacher.clone(), mastered: mastered.to_owned(), seeds });
            }
        }
    }
    figures
}

/// One line for each figure that no page has.
fn stale(summary: &str, told: Vec<Figure>, known: &BTreeSet<Figure>) -> Vec<String> {
    let unknown = told.into_iter().filter(|figure| !known.contains(figure));
    unknown
        .map(|Figure { teacher, mastered, seeds }| {
            format!("{summary} tells {mastered} ({seeds}) of {teacher}, and no page under docs/results does")
        })
        .collect()
}

#[test]
fn a_figure_that_was_not_updated_is_found() {
    let page = "| teacher | seeds | at 5.0M | at 20.0M | published |\n| --- | ---: | ---: | ---: | ---: |\n\
                | alp-gmm | 8 | 33.4 ± 6.0 | 51.9 ± 2.4 | 39.6 |\n| riac | 1 | 31.3 | 48.3 | 32.1 |\n\n\
                | alp-gmm | 8 | 1.0 ± 1.0 | 2.0 ± 2.0 | 3.0 |\n";
    let known: BTreeSet<Figure> = of_page(page).into_iter().collect();
    assert_eq!(known.len(), 2, "the header's rule and rows of other tables are none: {known:?}");

    let summary = |alp: &str, riac: &str| {
        format!("text\n\n| | ALP-GMM | RIAC |\n|---|---|---|\n| Stump Tracks (all) | {alp} | {riac} |\n")
    };
    let found = |alp, riac| stale("a.md", of_summary(&summary(alp, riac)), &known);
    assert_none(&found("51.9 ± 2.4 (8; 39.6 ± 9.6)", "48.3 (1)"));
    assert_none(&found("", "52 ± 3"));
    assert_one(&found("51.9 ± 2.4 (7)", "48.3 (1)"), "51.9 ± 2.4 (7) of alp-gmm");
    assert_one(&found("48.3 (1)", "48.3 (1)"), "48.3 (1) of alp-gmm");
    assert_one(&found("51.9 ± 2.4 (8)", "48.2 (1)"), "48.2 (1) of riac");
}
