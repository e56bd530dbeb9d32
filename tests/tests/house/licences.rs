//! Licences, sources and bans of everything in `Cargo.lock`, build tools and test tools included.

use std::collections::{BTreeMap, BTreeSet};

use spdx::{AdditionItem, Expression, LicenseItem, ParseMode};

use crate::{
    assert_none, assert_one,
    packages::{Origin, Package, all_packages, invented},
};

/// Cargo's name for the only registry that packages may come from.
pub(crate) const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Additions that only give permissions which the licence alone does not.
const ALLOWED_EXCEPTIONS: &[&str] = &["LLVM-exception"];

/// Permissive licences; a package must be usable under these alone.
const ALLOWED_LICENCES: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// What must not be in the lock file, and why. A trailing `*` stands for any ending.
const BANNED: &[(&str, &str)] = &[
    ("openssl", "TLS is rustls: no C library of the system"),
    ("openssl-sys", "TLS is rustls: no C library of the system"),
    ("native-tls", "TLS is rustls: no C library of the system"),
    ("protobuf-src", "protox compiles the contract: no protoc, neither installed nor built"),
    ("candle*", "the bundled student's networks are small; a framework costs minutes of build"),
    ("burn*", "the bundled student's networks are small; a framework costs minutes of build"),
];

/// Packages of which a second version would split types in two or cost a minute of build.
const ONE_VERSION: &[&str] = &[
    "axum",
    "h2",
    "http",
    "hyper",
    "libsqlite3-sys",
    "ndarray",
    "prost",
    "rustls",
    "tokio",
    "tonic",
    "tower",
];

#[test]
fn every_licence_is_permissive() {
    assert_none(&refused_licences(&all_packages()));
}

#[test]
fn every_package_comes_from_crates_io() {
    assert_none(&refused_sources(&all_packages()));
}

#[test]
fn no_banned_package_is_locked() {
    assert_none(&banned_packages(&all_packages()));
}

#[test]
fn heavy_packages_are_locked_once() {
    assert_none(&repeated_packages(&all_packages()));
}

/// One line for each package that cannot be used under the allowed licences alone.
fn refused_licences(packages: &[Package]) -> Vec<String> {
    packages
        .iter()
        .filter_map(|package| {
            let problem = licence_problem(package.licence.as_deref())?;
            Some(format!("{} {}: {problem}", package.name, package.version))
        })
        .collect()
}

/// What is wrong with a manifest's licence expression, if anything.
fn licence_problem(expression: Option<&str>) -> Option<String> {
    let Some(expression) = expression else {
        return Some("states no licence".to_owned());
    };
    // Lax, because old manifests write `MIT/Apache-2.0`.
    let parsed = match Expression::parse_mode(expression, ParseMode::LAX) {
        Ok(parsed) => parsed,
        Err(error) => return Some(format!("licence {expression:?} cannot be read: {}", error.reason)),
    };
    let allowed = parsed.evaluate(|requirement| {
        let LicenseItem::Spdx { id, .. } = &requirement.license else { return false };
        let permits_more = match &requirement.addition {
            None => true,
            Some(AdditionItem::Spdx(exception)) => ALLOWED_EXCEPTIONS.contains(&exception.name),
            Some(_) => false,
        };
        permits_more && ALLOWED_LICENCES.contains(&id.name)
    });
    (!allowed).then(|| format!("licence {expression:?} is not allowed"))
}

/// One line for each package that comes neither from crates.io nor from this workspace.
fn refused_sources(packages: &[Package]) -> Vec<String> {
    packages
        .iter()
        .filter_map(|package| match &package.origin {
            Origin::Member => None,
            Origin::Remote(source) if source == CRATES_IO => None,
            Origin::Remote(source) => Some(format!("{} comes from {source}", package.name)),
            Origin::Path => Some(format!("{} is a folder that is no member of the workspace", package.name)),
        })
        .collect()
}

/// One line for each banned package.
fn banned_packages(packages: &[Package]) -> Vec<String> {
    packages
        .iter()
        .filter_map(|package| {
            let (_, reason) = BANNED.iter().find(|(pattern, _)| matches(pattern, &package.name))?;
            Some(format!("{} is banned: {reason}", package.name))
        })
        .collect()
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => name == pattern,
    }
}

/// One line for each heavy package of which more than one version is locked.
fn repeated_packages(packages: &[Package]) -> Vec<String> {
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in packages.iter().filter(|package| ONE_VERSION.contains(&package.name.as_str())) {
        versions.entry(&package.name).or_default().insert(&package.version);
    }
    versions
        .into_iter()
        .filter(|(_, versions)| versions.len() > 1)
        .map(|(name, versions)| format!("{name} is locked at {versions:?}: one version is enough"))
        .collect()
}

#[test]
fn licence_expressions_are_evaluated() {
    for allowed in [
        "MIT",
        "MIT/Apache-2.0",
        "Apache-2.0 / MIT",
        "(MIT OR Apache-2.0) AND Unicode-3.0",
        "MIT OR GPL-3.0-only",
        "Apache-2.0 WITH LLVM-exception",
    ] {
        assert_eq!(licence_problem(Some(allowed)), None, "{allowed}");
    }
    for refused in [
        "GPL-3.0-only",
        "GPL-3.0+",
        "AGPL-3.0-or-later",
        "LGPL-2.1-or-later",
        "MPL-2.0",
        "MIT AND GPL-2.0-only",
        "Apache-2.0 WITH Classpath-exception-2.0",
        "GPL-3.0-only WITH LLVM-exception",
        "LicenseRef-mine",
        "not a licence",
        "",
    ] {
        assert!(licence_problem(Some(refused)).is_some(), "{refused:?} was let through");
    }
    assert_eq!(licence_problem(None).as_deref(), Some("states no licence"));
}

#[test]
fn a_package_under_gpl_is_refused() {
    let mut packages = invented(&[("magister", &["readline"])]);
    packages[1].licence = Some("GPL-3.0-or-later".to_owned());
    assert_one(&refused_licences(&packages), "readline 1.0.0: licence \"GPL-3.0-or-later\" is not allowed");
}

#[test]
fn other_sources_are_refused() {
    for (origin, expected) in [
        (Origin::Remote("git+https://example.org/fork#abc".to_owned()), "comes from git+https"),
        (
            Origin::Remote("registry+https://example.org/index".to_owned()),
            "comes from registry+https://example",
        ),
        (Origin::Path, "no member of the workspace"),
    ] {
        let mut packages = invented(&[("magister", &["fork"])]);
        packages[1].origin = origin;
        assert_one(&refused_sources(&packages), expected);
    }
}

#[test]
fn banned_packages_are_found() {
    for name in ["openssl-sys", "native-tls", "candle-core", "burn", "burn-ndarray"] {
        assert_one(&banned_packages(&invented(&[("magister", &[name])])), &format!("{name} is banned"));
    }
    assert_none(&banned_packages(&invented(&[("magister", &["openssl-probe", "rustls-native-certs"])])));
}

#[test]
fn a_second_version_of_a_heavy_package_is_found() {
    let mut packages = invented(&[("magister", &["tokio", "rand"])]);
    for index in [1, 2] {
        let mut older = packages[index].clone();
        older.version = "0.2.0".to_owned();
        packages.push(older);
    }
    assert_one(&repeated_packages(&packages), "tokio is locked at");
}
