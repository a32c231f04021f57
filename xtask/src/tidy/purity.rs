//! A check that decision crates cannot do IO: none of their dependencies can.

use std::collections::BTreeSet;

use crate::tidy::complaint::Complaint;

/// The decision crates.
pub(crate) const DECISION_CRATES: &[&str] =
    &["wayfare-protocol", "wayfare-core", "wayfare-client-core"];

/// Crates that use the network, a disk, a clock or the operating system's randomness.
const IO_CRATES: &[&str] = &[
    "async-std",
    "axum",
    "getrandom",
    "hyper",
    "libc",
    "mio",
    "quinn",
    "redb",
    "reqwest",
    "rustix",
    "rustls",
    "socket2",
    "tokio",
    "tonic",
    "tungstenite",
];

/// Pairs of a crate and the IO crate that it may use.
const ALLOWED: &[(&str, &str)] = &[
    // It asks the kernel once for the processor's instruction set, on ARM and LoongArch, where no
    // instruction reports it. The result of sha2 is the same either way.
    ("cpufeatures", "libc"),
];

/// Checks the dependencies of `name`. `tree` is the output of `cargo tree --no-dedupe --prefix
/// depth --format {p}`.
pub(crate) fn check(name: &str, tree: &str) -> Vec<Complaint> {
    let mut path: Vec<&str> = Vec::new();
    let mut seen = BTreeSet::new();
    let mut complaints = Vec::new();
    for line in tree.lines() {
        let Some((depth, dependency)) = parse(line) else {
            continue;
        };
        path.truncate(depth);
        let parent = path.last().copied().unwrap_or_default();
        path.push(dependency);
        if !IO_CRATES.contains(&dependency) || ALLOWED.contains(&(parent, dependency)) {
            continue;
        }
        // The same edge appears under every crate that shares it.
        if seen.insert((parent, dependency)) {
            let message = format!(
                "`{name}` decides and may not reach IO: {}. Hand the result in from outside",
                path.join(" → ")
            );
            complaints.push(Complaint::new(
                &format!("crates/{name}/Cargo.toml"),
                1,
                message,
            ));
        }
    }
    complaints
}

/// Parses `12name v1.2.3 (…)`.
fn parse(line: &str) -> Option<(usize, &str)> {
    let digits = line.find(|character: char| !character.is_ascii_digit())?;
    let depth = line[..digits].parse().ok()?;
    Some((depth, line[digits..].split(' ').next()?))
}

#[cfg(test)]
mod tests {
    use crate::tidy::complaint::expect_complaints;

    fn check(tree: &str, expect: &[&str]) {
        expect_complaints(&super::check("wayfare-core", tree), expect);
    }

    #[test]
    fn a_tree_without_io() {
        check(
            "0wayfare-core v0.1.0 (/w)\n1bytes v1.0.0\n1sha2 v0.11.0\n2digest v0.11.0\n",
            &[],
        );
    }

    #[test]
    fn io_deep_in_the_tree() {
        check(
            "0wayfare-core v0.1.0\n1rand v0.10.0\n2getrandom v0.4.0\n3libc v0.2.0\n1bytes v1.0.0\n",
            &[
                "crates/wayfare-core/Cargo.toml:1: `wayfare-core` decides and may not reach IO: \
                 wayfare-core → rand → getrandom.",
                "crates/wayfare-core/Cargo.toml:1: `wayfare-core` decides and may not reach IO: \
                 wayfare-core → rand → getrandom → libc.",
            ],
        );
    }

    #[test]
    fn an_edge_that_is_allowed_or_told_once() {
        check(
            "0wayfare-core v0.1.0\n1sha2 v0.11.0\n2cpufeatures v0.3.0\n3libc v0.2.0\n",
            &[],
        );
        let twice =
            "0wayfare-core v0.1.0\n1a v1.0.0\n2b v1.0.0\n3mio v1.0.0\n1b v1.0.0\n2mio v1.0.0\n";
        check(twice, &["crates/wayfare-core/Cargo.toml:1: "]);
    }
}
