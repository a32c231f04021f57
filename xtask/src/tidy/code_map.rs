//! A check that the code map names every crate, and only existing paths.

use std::collections::BTreeSet;

use crate::tidy::complaint::Complaint;

pub(crate) const PATH: &str = "ARCHITECTURE.md";

/// Beginnings of texts in backticks that are paths of this tree.
const ROOTS: &[&str] = &[
    ".ci/",
    "crates/",
    "docs/",
    "examples/",
    "proto/",
    "tests/",
    "xtask/",
];

pub(crate) fn check(text: Option<&String>, paths: &BTreeSet<String>) -> Vec<Complaint> {
    let Some(text) = text else {
        return vec![Complaint::new(PATH, 1, "is missing: write the code map")];
    };
    let mut complaints = Vec::new();
    for name in crate_names(paths) {
        if !text.contains(&format!("`{name}`")) && !text.contains(&format!("crates/{name}`")) {
            let message = format!("does not name `{name}`: say what it is for");
            complaints.push(Complaint::new(PATH, 1, message));
        }
    }
    for (index, line) in text.lines().enumerate() {
        // Every second piece is in backticks.
        for quoted in line.split('`').skip(1).step_by(2) {
            if is_path(quoted) && !paths.contains(quoted.trim_end_matches('/')) {
                let message = format!("`{quoted}` does not exist: name what is there now");
                complaints.push(Complaint::new(PATH, index + 1, message));
            }
        }
    }
    complaints
}

fn crate_names(paths: &BTreeSet<String>) -> impl Iterator<Item = &str> {
    paths
        .iter()
        .filter_map(|path| path.strip_prefix("crates/")?.strip_suffix("/Cargo.toml"))
}

/// Checks that a text is a path, not a pattern such as `crates/*/src` or a command line.
fn is_path(quoted: &str) -> bool {
    ROOTS.iter().any(|root| quoted.starts_with(root)) && !quoted.contains(['*', '<', '{', ' ', '…'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::complaint::expect_complaints;

    fn check(text: &str, expect: &[&str]) {
        let paths = [
            "crates/wayfare-core",
            "crates/wayfare-core/Cargo.toml",
            "docs/errors",
        ];
        let paths = paths.iter().map(|path| (*path).to_owned()).collect();
        expect_complaints(&super::check(Some(&text.to_owned()), &paths), expect);
    }

    #[test]
    fn every_crate_is_named() {
        check("# A\n`crates/wayfare-core` decides.\n", &[]);
        check("# A\n`wayfare-core` decides.\n", &[]);
        check(
            "# A\nwayfare-core-ish\n",
            &["ARCHITECTURE.md:1: does not name `wayfare-core`"],
        );
    }

    #[test]
    fn every_path_exists() {
        check("`wayfare-core`, `docs/errors/`, `docs/<x>`, `a/b`\n", &[]);
        check(
            "`wayfare-core`\n`docs/gone.md`\n",
            &["ARCHITECTURE.md:2: `docs/gone.md`"],
        );
    }

    #[test]
    fn there_is_a_map() {
        let complaints = super::check(None, &BTreeSet::new());
        expect_complaints(&complaints, &["ARCHITECTURE.md:1: is missing"]);
    }
}
