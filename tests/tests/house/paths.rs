//! The map in `ARCHITECTURE.md` names only what is there.

use std::{collections::BTreeSet, fs, path::Path};

use crate::{assert_none, assert_one, workspace_root};

/// Endings that make a word a file's name even without a slash.
const EXTENSIONS: &[&str] = &[".json", ".lock", ".md", ".proto", ".py", ".rs", ".toml", ".txt"];

#[test]
fn architecture_names_only_paths_that_exist() {
    let document =
        fs::read_to_string(workspace_root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md is there");
    let paths = named_paths(&document);
    assert!(paths.len() >= 10, "ARCHITECTURE.md is a map of the code, yet names only {paths:?}");
    assert_none(&missing_paths(&paths, workspace_root()));
}

/// The words between backticks that look like paths: they hold a slash or end as a file does. Fenced blocks, words
/// with spaces or placeholders, addresses and absolute paths are something else.
fn named_paths(document: &str) -> BTreeSet<&str> {
    let mut fenced = false;
    let mut paths = BTreeSet::new();
    for line in document.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            paths.extend(line.split('`').skip(1).step_by(2).filter(|word| looks_like_a_path(word)));
        }
    }
    paths
}

fn looks_like_a_path(word: &str) -> bool {
    let names_a_file = word.contains('/') || EXTENSIONS.iter().any(|extension| word.ends_with(extension));
    let is_something_else =
        word.starts_with('/') || word.contains("://") || word.contains([' ', '{', '<', '*', '…', '(']);
    names_a_file && !is_something_else
}

/// One line for each path that is not under `root`. A path with a trailing slash must be a folder.
fn missing_paths(paths: &BTreeSet<&str>, root: &Path) -> Vec<String> {
    paths
        .iter()
        .filter(|path| !if path.ends_with('/') { root.join(path).is_dir() } else { root.join(path).exists() })
        .map(|path| format!("{path} does not exist"))
        .collect()
}

#[test]
fn paths_are_told_from_other_words() {
    let document = "`teacher/core/` and `Cargo.toml`, not `Teacher`, `a / b`, `curricula/{c}/tasks/{t}`,\n\
                    `https://example.org/x`, `/metrics` or `cargo test -p a/b`.\n\
                    ```\n`in/a/block`\n```\n`./check`";
    assert_eq!(named_paths(document), BTreeSet::from(["teacher/core/", "Cargo.toml", "./check"]));
}

#[test]
fn a_missing_path_is_found() {
    let paths = BTreeSet::from(["Cargo.toml", "tests/", "teacher/core/src/attic.rs"]);
    assert_one(&missing_paths(&paths, workspace_root()), "teacher/core/src/attic.rs does not exist");
    assert_one(
        &missing_paths(&BTreeSet::from(["Cargo.toml/"]), workspace_root()),
        "Cargo.toml/ does not exist",
    );
}
