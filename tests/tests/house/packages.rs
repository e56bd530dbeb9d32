//! What Cargo knows of the packages in `Cargo.lock`, cut down to the facts that the rules need.

use std::collections::HashMap;

use cargo_metadata::{CargoOpt, DependencyKind, MetadataCommand};

use crate::workspace_root;

/// One package of the dependency graph, at one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    /// The SPDX expression of the manifest.
    pub(crate) licence: Option<String>,
    pub(crate) origin: Origin,
    /// Positions, in the same list, of the packages it needs to run: neither dev- nor build-dependencies.
    pub(crate) normal_dependencies: Vec<usize>,
}

/// Where a package's source comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A member of this workspace.
    Member,
    /// A folder outside the workspace's members.
    Path,
    /// A registry or a repository, in Cargo's notation.
    Remote(String),
}

/// Every package of the lock file that some target platform could build, with all features on.
pub(crate) fn all_packages() -> Vec<Package> {
    let metadata = MetadataCommand::new()
        .manifest_path(workspace_root().join("Cargo.toml"))
        .features(CargoOpt::AllFeatures)
        .other_options(["--locked".to_owned()])
        .exec()
        .expect("cargo metadata describes the workspace; run `cargo fetch --locked` once to use it offline");
    let position: HashMap<_, _> = metadata.packages.iter().enumerate().map(|(i, p)| (&p.id, i)).collect();
    let mut packages: Vec<Package> = metadata
        .packages
        .iter()
        .map(|package| Package {
            name: package.name.to_string(),
            version: package.version.to_string(),
            licence: package.license.clone(),
            origin: match &package.source {
                Some(source) => Origin::Remote(source.repr.clone()),
                None if metadata.workspace_members.contains(&package.id) => Origin::Member,
                None => Origin::Path,
            },
            normal_dependencies: Vec::new(),
        })
        .collect();
    for node in metadata.resolve.expect("cargo metadata resolves unless told not to").nodes {
        packages[position[&node.id]].normal_dependencies = node
            .deps
            .iter()
            .filter(|dependency| dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal))
            .map(|dependency| position[&dependency.pkg])
            .collect();
    }
    packages
}

/// An invented graph: each entry is a package and the packages it needs. Names that begin with `magister` are
/// members, all others come from crates.io.
#[cfg(test)]
pub(crate) fn invented(entries: &[(&str, &[&str])]) -> Vec<Package> {
    let mut names: Vec<&str> = entries.iter().map(|(name, _)| *name).collect();
    for dependency in entries.iter().flat_map(|(_, dependencies)| *dependencies) {
        if !names.contains(dependency) {
            names.push(dependency);
        }
    }
    let index = |name: &str| names.iter().position(|n| *n == name).expect("every name was collected above");
    names
        .iter()
        .map(|name| Package {
            name: (*name).to_owned(),
            version: "1.0.0".to_owned(),
            licence: Some("MIT".to_owned()),
            origin: if name.starts_with("magister") {
                Origin::Member
            } else {
                Origin::Remote(crate::licences::CRATES_IO.to_owned())
            },
            normal_dependencies: entries
                .iter()
                .filter(|(entry, _)| entry == name)
                .flat_map(|(_, dependencies)| dependencies.iter().map(|d| index(d)))
                .collect(),
        })
        .collect()
}
