//! A check of the dependencies between the crates of this workspace.

use std::collections::{BTreeMap, BTreeSet};

use crate::tidy::complaint::Complaint;
use crate::tidy::metadata::Member;

/// The crates that a crate may depend on.
enum Allowed {
    Only(&'static [&'static str]),
    Anything,
}

/// The layers, lowest first. A crate that is not listed is a complaint: decide where it belongs.
const LAYERS: &[(&str, Allowed)] = &[
    ("wayfare-protocol", Allowed::Only(&[])),
    ("wayfare-core", Allowed::Only(&["wayfare-protocol"])),
    ("wayfare-client-core", Allowed::Only(&["wayfare-protocol"])),
    ("wayfare-engine", Allowed::Only(&["wayfare-protocol"])),
    (
        "wayfare-etcd",
        Allowed::Only(&["wayfare-engine", "wayfare-protocol"]),
    ),
    (
        "wayfare-postgres",
        Allowed::Only(&["wayfare-engine", "wayfare-protocol"]),
    ),
    ("wayfare-transport", Allowed::Only(&["wayfare-protocol"])),
    (
        "wayfare-client",
        Allowed::Only(&["wayfare-client-core", "wayfare-protocol"]),
    ),
    ("wayfare-play", Allowed::Only(&["wayfare-client"])),
    (
        "wayfare-sim",
        Allowed::Only(&[
            "wayfare-client-core",
            "wayfare-core",
            "wayfare-engine",
            "wayfare-protocol",
        ]),
    ),
    (
        "wayfare-node",
        Allowed::Only(&[
            "wayfare-core",
            "wayfare-engine",
            "wayfare-etcd",
            "wayfare-postgres",
            "wayfare-transport",
            "wayfare-protocol",
        ]),
    ),
    (
        "wayfare",
        Allowed::Only(&[
            "wayfare-core",
            // The table for tests of games uses the models of the services.
            "wayfare-engine",
            "wayfare-node",
            // The command `play` of a game's program.
            "wayfare-play",
            "wayfare-protocol",
        ]),
    ),
    (
        "wayfare-bench",
        Allowed::Only(&[
            "wayfare",
            "wayfare-client",
            "wayfare-client-core",
            "wayfare-core",
            "wayfare-engine",
            "wayfare-node",
            "wayfare-protocol",
            "wayfare-transport",
        ]),
    ),
    // These rooms are written like a user's game.
    ("wayfare-modules", Allowed::Only(&["wayfare"])),
    // A game may use only the crates that a user's game can use.
    ("plaza", Allowed::Only(&["wayfare", "wayfare-client"])),
    (
        "wayfare-cli",
        Allowed::Only(&[
            "plaza",
            "wayfare",
            "wayfare-bench",
            "wayfare-client",
            "wayfare-client-core",
            "wayfare-modules",
            "wayfare-node",
            "wayfare-protocol",
        ]),
    ),
    ("wayfare-tests", Allowed::Anything),
    ("xtask", Allowed::Only(&[])),
];

/// The only crate with a build script. It names the commit in `--version`, which no committed file
/// can.
const BUILD_SCRIPT: &str = "wayfare-cli";

/// Checks the dependencies of `members`. `manifests` contains at least their Cargo.toml files, by
/// path.
pub(crate) fn check(members: &[Member], manifests: &BTreeMap<String, String>) -> Vec<Complaint> {
    let graph = Graph::new(members);
    let mut complaints = Vec::new();
    for member in members {
        let text = manifests.get(&member.manifest).map_or("", String::as_str);
        let mut complain = |line: usize, message: String| {
            complaints.push(Complaint::new(&member.manifest, line, message));
        };
        if member.has_build_script && member.name != BUILD_SCRIPT {
            let message = "no build scripts: generate with `cargo xtask codegen` and commit";
            complain(1, message.to_owned());
        }
        let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == member.name) else {
            complain(
                1,
                format!(
                    "`{}` is in no layer: add it to LAYERS in xtask",
                    member.name
                ),
            );
            continue;
        };
        for dependency in &member.dependencies {
            let (name, line) = (&dependency.name, line_of(text, &dependency.name));
            if !graph.holds(name) {
                continue;
            }
            if !dependency.dev && !allows(allowed, name) {
                complain(
                    line,
                    format!("`{}` may not depend on `{name}`", member.name),
                );
            }
            if dependency.dev && graph.reaches(name, &member.name) {
                complain(
                    line,
                    format!("`{name}` builds on `{}`: a cycle", member.name),
                );
            }
        }
    }
    complaints
}

fn allows(allowed: &Allowed, name: &str) -> bool {
    match allowed {
        Allowed::Only(names) => names.contains(&name),
        Allowed::Anything => true,
    }
}

/// Returns the line of a manifest that declares this dependency, or the first line if it is not
/// found.
fn line_of(manifest: &str, name: &str) -> usize {
    let declares = |line: &str| {
        line.strip_prefix(name)
            .is_some_and(|rest| rest.starts_with([' ', '.', '=']))
    };
    manifest
        .lines()
        .position(declares)
        .map_or(1, |index| index + 1)
}

/// Every dependency inside the workspace, of any kind.
struct Graph<'m>(BTreeMap<&'m str, Vec<&'m str>>);

impl<'m> Graph<'m> {
    fn new(members: &'m [Member]) -> Self {
        let edges = |member: &'m Member| {
            let names = member
                .dependencies
                .iter()
                .map(|dependency| dependency.name.as_str());
            (member.name.as_str(), names.collect())
        };
        Self(members.iter().map(edges).collect())
    }

    fn holds(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    fn reaches(&self, from: &'m str, to: &str) -> bool {
        let mut seen = BTreeSet::new();
        let mut open = vec![from];
        while let Some(name) = open.pop() {
            if name == to {
                return true;
            }
            if seen.insert(name) {
                open.extend(self.0.get(name).into_iter().flatten());
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::complaint::expect_complaints;
    use crate::tidy::metadata::Dependency;

    /// Makes members of lines `name: normal normal | dev dev`, and checks them.
    fn check(lines: &[&str], expect: &[&str]) {
        let members: Vec<Member> = lines.iter().map(|line| member(line)).collect();
        expect_complaints(&super::check(&members, &BTreeMap::new()), expect);
    }

    fn member(line: &str) -> Member {
        let (name, rest) = line.split_once(':').expect("a name and a colon");
        let (normal, dev) = rest.split_once('|').unwrap_or((rest, ""));
        let read = |names: &str, dev: bool| -> Vec<Dependency> {
            let names = names.split_whitespace().map(str::to_owned);
            names.map(|name| Dependency { name, dev }).collect()
        };
        let mut dependencies = read(normal, false);
        dependencies.extend(read(dev, true));
        let manifest = format!("{name}/Cargo.toml");
        Member {
            name: name.to_owned(),
            manifest,
            has_build_script: false,
            dependencies,
        }
    }

    #[test]
    fn the_table() {
        check(
            &["wayfare-core: wayfare-protocol bytes", "wayfare-protocol:"],
            &[],
        );
        check(
            &["wayfare-core: wayfare-engine", "wayfare-engine:"],
            &["wayfare-core/Cargo.toml:1: `wayfare-core` may not depend on `wayfare-engine`"],
        );
        check(&["wayfare-tests: wayfare-core", "wayfare-core:"], &[]);
    }

    #[test]
    fn a_crate_has_a_layer() {
        check(
            &["wayfare-novel:"],
            &["wayfare-novel/Cargo.toml:1: `wayfare-novel` is in no layer"],
        );
    }

    #[test]
    fn tests_may_look_up_but_not_back() {
        check(
            &[
                "wayfare-core: | wayfare-engine",
                "wayfare-engine: wayfare-protocol",
            ],
            &[],
        );
        check(
            &[
                "wayfare-protocol: | wayfare-core",
                "wayfare-core: wayfare-protocol",
            ],
            &["wayfare-protocol/Cargo.toml:1: `wayfare-core` builds on `wayfare-protocol`"],
        );
    }

    #[test]
    fn nothing_runs_at_build_time() {
        let mut member = member("wayfare-protocol:");
        member.has_build_script = true;
        let complaints = super::check(&[member], &BTreeMap::new());
        expect_complaints(
            &complaints,
            &["wayfare-protocol/Cargo.toml:1: no build scripts"],
        );
    }

    #[test]
    fn the_line_of_a_dependency() {
        let manifest = "[dependencies]\nwayfare-core.workspace = true\nwayfare = \"1\"\n";
        assert_eq!(line_of(manifest, "wayfare"), 3);
        assert_eq!(line_of(manifest, "wayfare-core"), 2);
    }
}
