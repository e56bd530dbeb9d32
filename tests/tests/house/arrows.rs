//! Which member may depend on which, and what the pure ones must never reach. Normal dependencies only:
//! dev-dependencies are free, so a crate may test itself against another.

use std::{collections::VecDeque, process::Command};

use crate::{
    assert_none, assert_one,
    packages::{Origin, Package, all_packages, invented},
    workspace_root,
};

/// What one member may name in its `[dependencies]`.
enum May {
    Name(&'static [&'static str]),
    NameEveryMember,
}

/// A member that is missing here is a violation too: whoever adds a room says where its arrows point.
const ARROWS: &[(&str, May)] = &[
    ("magister-core", May::Name(&[])),
    ("magister-envs", May::Name(&[])),
    ("magister-proto", May::Name(&[])),
    ("magister-service", May::Name(&["magister-core", "magister-proto"])),
    ("magister-student", May::Name(&["magister-proto"])),
    // The wheel holds the command: a packaged artefact, not a student that looks into the teacher.
    ("magister-python", May::Name(&["magister", "magister-envs", "magister-student"])),
    ("magister-learner", May::Name(&["magister-envs", "magister-student"])),
    ("magister", May::NameEveryMember),
    ("magister-tests", May::NameEveryMember),
];

/// Crates that a member must not reach by any chain of normal dependencies, whatever its features.
const NEVER: &[(&str, &[&str])] = &[
    ("magister-core", &["tokio", "tonic", "prost", "hyper", "mio", "rusqlite", "tracing", "log"]),
    ("magister-envs", &["tokio", "tonic", "prost", "hyper", "mio", "rusqlite"]),
    ("magister-student", &["magister-core", "magister-service", "magister", "rusqlite"]),
    ("magister-learner", &["magister-core", "magister-service", "magister", "rusqlite"]),
];

/// Crates that `magister-core` without its optional features must not reach: threads and ambient randomness.
const NEVER_IN_DEFAULT_CORE: &[&str] =
    &["rayon", "crossbeam-utils", "getrandom", "linfa", "tokio", "tracing"];

#[test]
fn members_depend_only_on_the_members_they_may() {
    assert_none(&wrong_arrows(&all_packages()));
}

#[test]
fn pure_members_reach_nothing_they_must_not() {
    assert_none(&forbidden_chains(&all_packages()));
}

#[test]
fn core_without_features_has_no_threads_and_no_ambient_randomness() {
    let arguments = [
        "tree",
        "--locked",
        "-p",
        "magister-core",
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ];
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output =
        Command::new(cargo).args(arguments).current_dir(workspace_root()).output().expect("cargo starts");
    assert!(output.status.success(), "cargo tree failed:\n{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).expect("cargo prints UTF-8");
    let names = names_of_tree(&tree);
    assert!(names.contains(&"magister-core"), "cargo tree begins with the crate itself:\n{tree}");
    assert_none(&listed(&names, NEVER_IN_DEFAULT_CORE));
}

/// One line for each member that depends on a member it may not, or that no arrow is known for.
fn wrong_arrows(packages: &[Package]) -> Vec<String> {
    let mut violations = Vec::new();
    for package in packages.iter().filter(|package| package.origin == Origin::Member) {
        let Some((_, may)) = ARROWS.iter().find(|(name, _)| *name == package.name) else {
            violations.push(format!("{} has no entry in ARROWS: say what it may depend on", package.name));
            continue;
        };
        let May::Name(allowed) = may else { continue };
        for dependency in package.normal_dependencies.iter().map(|&index| &packages[index]) {
            if dependency.origin == Origin::Member && !allowed.contains(&dependency.name.as_str()) {
                violations.push(format!("{} must not depend on {}", package.name, dependency.name));
            }
        }
    }
    violations
}

/// One line for each forbidden crate that a member reaches, with the shortest chain that leads there.
fn forbidden_chains(packages: &[Package]) -> Vec<String> {
    let mut violations = Vec::new();
    for (member, forbidden) in NEVER {
        let Some(start) = packages.iter().position(|package| package.name == *member) else { continue };
        for chain in shortest_chains(packages, start) {
            let end = &packages[chain[chain.len() - 1]].name;
            if forbidden.contains(&end.as_str()) {
                let names: Vec<&str> = chain.iter().map(|&index| packages[index].name.as_str()).collect();
                violations.push(format!("{member} must not reach {end}: {}", names.join(" → ")));
            }
        }
    }
    violations
}

/// For every package reachable from `start`, other than itself, a shortest chain of positions from `start` to it.
fn shortest_chains(packages: &[Package], start: usize) -> Vec<Vec<usize>> {
    let mut seen = vec![false; packages.len()];
    seen[start] = true;
    let mut queue = VecDeque::from([vec![start]]);
    let mut chains = Vec::new();
    while let Some(chain) = queue.pop_front() {
        for &next in &packages[chain[chain.len() - 1]].normal_dependencies {
            if !seen[next] {
                seen[next] = true;
                let longer: Vec<usize> = chain.iter().copied().chain([next]).collect();
                chains.push(longer.clone());
                queue.push_back(longer);
            }
        }
    }
    chains
}

/// The package names in the output of `cargo tree --prefix none --format {p}`.
fn names_of_tree(tree: &str) -> Vec<&str> {
    tree.lines().filter_map(|line| line.split_whitespace().next()).collect()
}

/// One line for each of `forbidden` that is among `names`.
fn listed(names: &[&str], forbidden: &[&str]) -> Vec<String> {
    forbidden
        .iter()
        .filter(|name| names.contains(name))
        .map(|name| format!("magister-core without features reaches {name}"))
        .collect()
}

#[test]
fn a_wrong_arrow_is_found() {
    for (entries, expected) in [
        (&[("magister-core", &["magister-envs"][..])][..], "magister-core must not depend on magister-envs"),
        (&[("magister-envs", &["magister-core"])], "magister-envs must not depend on magister-core"),
        (&[("magister-student", &["magister-core"])], "magister-student must not depend on magister-core"),
        (&[("magister-learner", &["magister-proto"])], "magister-learner must not depend on magister-proto"),
        (
            &[("magister-service", &["magister-student"])],
            "magister-service must not depend on magister-student",
        ),
        (
            &[("magister-service", &["magister-attic"]), ("magister-attic", &[])],
            "magister-attic has no entry",
        ),
    ] {
        let violations = wrong_arrows(&invented(entries));
        assert!(violations.iter().any(|line| line.contains(expected)), "{expected}: {violations:?}");
    }
}

#[test]
fn the_arrows_of_the_design_are_allowed() {
    let packages = invented(&[
        ("magister-core", &["libm"]),
        ("magister-envs", &[]),
        ("magister-proto", &["tonic"]),
        ("magister-service", &["magister-core", "magister-proto", "tokio"]),
        ("magister-student", &["magister-proto", "tokio"]),
        ("magister-learner", &["magister-envs", "magister-student"]),
        ("magister", &["magister-service", "magister-learner", "magister-envs", "magister-core"]),
    ]);
    assert_none(&wrong_arrows(&packages));
    assert_none(&forbidden_chains(&packages));
}

#[test]
fn a_forbidden_crate_is_found_directly_and_through_others() {
    assert_one(
        &forbidden_chains(&invented(&[("magister-core", &["tonic"])])),
        "magister-core must not reach tonic: magister-core → tonic",
    );
    assert_one(
        &forbidden_chains(&invented(&[
            ("magister-core", &["mixtures"]),
            ("mixtures", &["pool"]),
            ("pool", &["tokio"]),
        ])),
        "magister-core → mixtures → pool → tokio",
    );
    assert_one(
        &forbidden_chains(&invented(&[("magister-student", &["helper"]), ("helper", &["magister-core"])])),
        "magister-student → helper → magister-core",
    );
}

#[test]
fn a_forbidden_crate_is_found_in_a_tree() {
    let names = names_of_tree("magister-core v0.1.0 (/src/teacher/core)\nrayon v1.11.0\nrand v0.10.4 (*)\n");
    assert_one(&listed(&names, NEVER_IN_DEFAULT_CORE), "reaches rayon");
}
