//! The crates of the workspace: which may depend on which, and that every dependency has a reason.
//!
//! Does not know what is inside of the crates; `layers` does.

use super::finding::Finding;
use super::manifest::{Dependency, Manifest};
use super::tree::Tree;

/// A package of ours and those of ours that it may depend on.
struct Member {
    name: &'static str,
    may_use: &'static [&'static str],
}

/// Nobody may use the command: what others need of it belongs into a library.
const MEMBERS: &[Member] = &[
    member("brigade", &[]),
    member("brigade-queue", &["brigade"]),
    member("brigade-cli", &["brigade", "brigade-queue"]),
    member(BENCH, &["brigade", "brigade-queue"]),
    member("guide-listings", &["brigade", "brigade-queue"]),
    member("xtask", &[]),
];

/// The one crate that knows the peers.
const BENCH: &str = "brigade-bench";

/// What we are measured against, and so must not be built on. Not here are `crossbeam-utils`, of
/// which the library takes the size of a cache line, and `futures`, whose executor its tests and
/// listings take.
const PEERS: [&str; 18] = [
    "async-broadcast",
    "async-channel",
    "async-lock",
    "chili",
    "contatori",
    "crossbeam-channel",
    "crossfire",
    "fast-counter",
    "flume",
    "kanal",
    "loole",
    "once_cell",
    "oneshot",
    "parking_lot",
    "rapidfire",
    "rayon",
    "thingbuf",
    "threadpool",
];

const fn member(name: &'static str, may_use: &'static [&'static str]) -> Member {
    Member { name, may_use }
}

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.texts()
        .filter(|(path, _)| *path == "Cargo.toml" || path.ends_with("/Cargo.toml"))
        .flat_map(|(path, text)| check_manifest(path, &Manifest::read(text)))
        .collect()
}

fn check_manifest(path: &str, manifest: &Manifest) -> Vec<Finding> {
    let package = manifest.package.as_deref();
    let member = MEMBERS.iter().find(|member| package == Some(member.name));
    let mut findings = Vec::new();
    if let Some(package) = package
        && member.is_none()
    {
        findings.push(Finding::new(
            path,
            1,
            format!("the package `{package}` is in no layer"),
            "add it, with what it may use, to MEMBERS in xtask/src/tidy/crates.rs",
        ));
    }
    for dependency in &manifest.dependencies {
        findings.extend(member.and_then(|member| forbidden(path, member, dependency)));
        findings.extend(misplaced_peer(path, package, dependency));
        findings.extend(without_reason(path, dependency));
    }
    findings
}

fn forbidden(path: &str, member: &Member, dependency: &Dependency) -> Option<Finding> {
    let Dependency { package, line, .. } = dependency;
    let is_ours = MEMBERS.iter().any(|other| other.name == package);
    if !is_ours || member.may_use.contains(&package.as_str()) {
        return None;
    }
    let allowed = match member.may_use {
        [] => "no crate of this workspace".to_owned(),
        crates => format!("only `{}`", crates.join("`, `")),
    };
    Some(Finding::new(
        path,
        *line,
        format!("`{}` depends on `{package}`", member.name),
        format!("it may use {allowed}, so move what it needs down to a crate below both"),
    ))
}

fn misplaced_peer(path: &str, package: Option<&str>, dependency: &Dependency) -> Option<Finding> {
    let peer = dependency.package.as_str();
    (PEERS.contains(&peer) && package != Some(BENCH)).then(|| {
        Finding::new(
            path,
            dependency.line,
            format!("`{peer}` is a peer, and only `{BENCH}` may depend on it"),
            "use what brigade offers for it",
        )
    })
}

fn without_reason(path: &str, dependency: &Dependency) -> Option<Finding> {
    // Where we find our own in the workspace needs no reason, and who inherits finds it in the root.
    if dependency.has_reason || dependency.is_path || dependency.inherits {
        return None;
    }
    Some(Finding::new(
        path,
        dependency.line,
        format!("the dependency `{}` has no reason", dependency.package),
        "say in a comment directly above what it is needed for",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::complaints;

    fn in_package(package: &str, dependencies: &str) -> Vec<String> {
        let manifest = format!("[package]\nname = \"{package}\"\n[dependencies]\n{dependencies}");
        complaints(check, &[("crates/one/Cargo.toml", &manifest)])
    }

    #[test]
    fn every_arrow_of_the_table_points_down() {
        for (index, member) in MEMBERS.iter().enumerate() {
            for below in member.may_use {
                assert!(
                    MEMBERS[..index].iter().any(|lower| lower.name == *below),
                    "{} -> {below}",
                    member.name
                );
            }
        }
    }

    #[test]
    fn nobody_uses_the_command_and_the_library_uses_nobody() {
        assert_eq!(
            in_package("brigade-bench", "brigade-cli.workspace = true\n").len(),
            1
        );
        assert_eq!(
            in_package("brigade", "brigade-queue.workspace = true\n"),
            [
                "crates/one/Cargo.toml:4: `brigade` depends on `brigade-queue`; it may use no crate of \
              this workspace, so move what it needs down to a crate below both"
            ]
        );
        assert_eq!(
            in_package("brigade-cli", "brigade.workspace = true\n"),
            [""; 0]
        );
    }

    #[test]
    fn peers_are_for_the_bench_alone() {
        let flume = "# Channels.\nflume = \"0.12\"\n";
        assert_eq!(in_package("brigade-cli", flume).len(), 1);
        assert_eq!(in_package("brigade-bench", flume), [""; 0]);
        let renamed = "# Channels.\nquick = { version = \"1\", package = \"flume\" }\n";
        assert_eq!(in_package("brigade-cli", renamed).len(), 1);
    }

    #[test]
    fn a_dependency_without_a_reason_is_found() {
        assert_eq!(
            in_package("brigade", "libc = \"0.2\"\n"),
            [
                "crates/one/Cargo.toml:4: the dependency `libc` has no reason; say in a comment \
              directly above what it is needed for"
            ]
        );
        assert_eq!(
            in_package("brigade", "# The futex.\nlibc = \"0.2\"\n"),
            [""; 0]
        );
    }

    #[test]
    fn our_own_need_no_reason_in_the_root() {
        let root =
            "[workspace.dependencies]\nbrigade = { path = \"crates/brigade\" }\nserde = \"1\"\n";
        let found = complaints(check, &[("Cargo.toml", root)]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("`serde`"), "{found:?}");
    }

    #[test]
    fn a_package_without_a_layer_is_found() {
        assert_eq!(in_package("brigade-utils", "").len(), 1);
    }
}
