//! A check for names of files, modules and crates that say nothing.

use std::collections::BTreeSet;

use crate::tidy::complaint::Complaint;
use crate::tidy::rust_text::{RustText, is_name, line_at, words};

/// Names that fit everything, so that such a file collects everything.
const FORBIDDEN: &[&str] = &[
    "common", "util", "utils", "helper", "helpers", "manager", "managers", "misc",
];

/// Checks directories (including crates) and files with Rust code.
pub(crate) fn check(paths: &BTreeSet<String>) -> Vec<Complaint> {
    paths
        .iter()
        .filter(|path| path.ends_with(".rs"))
        .filter_map(|path| {
            let word = path.split('/').find_map(forbidden_word)?;
            Some(Complaint::new(path, 1, message(word)))
        })
        .collect()
}

/// Checks modules inside a file.
pub(crate) fn check_modules(source: &RustText<'_>) -> Vec<Complaint> {
    words(&source.code, "mod")
        .filter_map(|offset| {
            let rest = source.code[offset + "mod".len()..].trim_start();
            let name = rest.split(|character| !is_name(character)).next()?;
            let word = forbidden_word(name)?;
            Some(Complaint::new(
                source.path,
                line_at(&source.code, offset),
                message(word),
            ))
        })
        .collect()
}

fn forbidden_word(name: &str) -> Option<&'static str> {
    let stem = name.strip_suffix(".rs").unwrap_or(name);
    stem.split(['_', '-']).find_map(|word| {
        FORBIDDEN
            .iter()
            .find(|forbidden| **forbidden == word)
            .copied()
    })
}

fn message(word: &str) -> String {
    format!("`{word}` says nothing: name it after what is in it")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::complaint::expect_complaints;

    #[test]
    fn names_of_files_and_directories() {
        let check = |path: &str, expect: &[&str]| {
            expect_complaints(&super::check(&BTreeSet::from([path.to_owned()])), expect);
        };
        check("crates/wayfare-core/src/room.rs", &[]);
        check("crates/wayfare-core/src/utility.rs", &[]);
        check("docs/common-questions.md", &[]);
        check(
            "crates/wayfare-common/src/lib.rs",
            &["crates/wayfare-common/src/lib.rs:1: `common`"],
        );
        check(
            "a/src/session_manager.rs",
            &["a/src/session_manager.rs:1: `manager`"],
        );
        check(
            "a/src/helpers/room.rs",
            &["a/src/helpers/room.rs:1: `helpers`"],
        );
    }

    #[test]
    fn names_of_modules() {
        let check = |text: &str, expect: &[&str]| {
            expect_complaints(&check_modules(&RustText::new("a.rs", text)), expect);
        };
        check("mod room;\n// mod util;\n", &[]);
        check("mod room;\npub(crate) mod util {\n}\n", &["a.rs:2: `util`"]);
    }
}
