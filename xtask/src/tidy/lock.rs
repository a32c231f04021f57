//! A check of Cargo.lock: one version of each important crate, and all crates from one registry.

use std::collections::BTreeMap;

use crate::tidy::complaint::Complaint;

pub(crate) const PATH: &str = "Cargo.lock";

/// Crates of which two versions would mean two runtimes, two TLS stacks or two incompatible sets of
/// types.
const ONE_OF_A_KIND: &[&str] = &[
    "hyper",
    "mio",
    "prost",
    "quinn",
    "rustls",
    "tokio",
    "tungstenite",
];

/// The name of crates.io in Cargo.lock, whatever mirror a machine uses.
const SOURCE: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Checks the text of Cargo.lock.
pub(crate) fn check(text: &str) -> Vec<Complaint> {
    if text.is_empty() {
        return vec![Complaint::new(
            PATH,
            1,
            "is missing: run `cargo check` and commit it",
        )];
    }
    let mut complaints = Vec::new();
    let mut versions: BTreeMap<&str, &str> = BTreeMap::new();
    let mut name = "";
    for (index, line) in text.lines().enumerate() {
        let Some((key, value)) = line.split_once(" = ") else {
            continue;
        };
        let value = value.trim_matches('"');
        match key {
            "name" => name = value,
            "version" if ONE_OF_A_KIND.contains(&name) => {
                if let Some(other) = versions.insert(name, value) {
                    let message = format!(
                        "two versions of {name}, {other} and {value}: see `cargo tree -i {name}`"
                    );
                    complaints.push(Complaint::new(PATH, index + 1, message));
                }
            }
            "source" if value != SOURCE => {
                let message = format!("{name} is not from crates.io: depend on what is released");
                complaints.push(Complaint::new(PATH, index + 1, message));
            }
            _ => {}
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::complaint::expect_complaints;

    /// Makes packages of lines `name version source`, five lines each, and checks them.
    fn check(packages: &[&str], expect: &[&str]) {
        let package = |line: &&str| {
            let [name, version, source] = line.split(' ').collect::<Vec<_>>()[..] else {
                panic!("three words")
            };
            format!(
                "[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"{source}\"\n\n"
            )
        };
        let text: String = packages.iter().map(package).collect();
        expect_complaints(&super::check(&text), expect);
    }

    #[test]
    fn two_versions() {
        let [one, two] = ["1.0.0", "2.0.0"].map(|version| format!("tokio {version} {SOURCE}"));
        check(&[&one], &[]);
        check(
            &[&one, &two],
            &["Cargo.lock:8: two versions of tokio, 1.0.0 and 2.0.0"],
        );
        let [one, two] = ["1.0.0", "2.0.0"].map(|version| format!("rand {version} {SOURCE}"));
        check(&[&one, &two], &[]);
    }

    #[test]
    fn another_source() {
        check(
            &["rand 1.0.0 git+https://a.example/rand"],
            &["Cargo.lock:4: rand is not from"],
        );
    }

    #[test]
    fn no_lock() {
        expect_complaints(&super::check(""), &["Cargo.lock:1: is missing"]);
    }
}
