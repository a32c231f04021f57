//! A check for unfinished code, and for sleeps in tests.

use crate::tidy::complaint::Complaint;
use crate::tidy::rust_text::{RustText, line_at, words};

/// Texts that are refused in code. They are allowed in strings and comments.
const IN_CODE: &[(&str, &str)] = &[
    ("todo!(", "do it, or leave it out"),
    ("unimplemented!(", "do it, or leave it out"),
    ("dbg!(", "take it out"),
    (
        "#[ignore",
        "a known fault is asserted as it is, with a note",
    ),
];

/// Texts that are refused everywhere. They are split, because this file is checked, too.
const ANYWHERE: &[&str] = &[concat!("FIX", "ME"), concat!("X", "XX")];

const SLEEPS: &[&str] = &["thread::sleep", "time::sleep"];

pub(crate) fn check(source: &RustText<'_>) -> Vec<Complaint> {
    let complain = |line: usize, what: &str, cure: &str| {
        Complaint::new(
            source.path,
            line,
            format!("`{what}` is left behind: {cure}"),
        )
    };
    let mut complaints = Vec::new();
    for (needle, cure) in IN_CODE {
        for (offset, _) in source.code.match_indices(needle) {
            complaints.push(complain(line_at(&source.code, offset), needle, cure));
        }
    }
    for needle in ANYWHERE {
        for offset in words(source.text, needle) {
            complaints.push(complain(
                line_at(source.text, offset),
                needle,
                "settle it now",
            ));
        }
    }
    complaints.extend(check_sleeps(source));
    complaints
}

fn check_sleeps(source: &RustText<'_>) -> Vec<Complaint> {
    let first = if source.is_test_file() {
        0
    } else {
        source.tests_start()
    };
    let mut complaints = Vec::new();
    for (index, line) in source.code.lines().enumerate().skip(first) {
        if let Some(sleep) = SLEEPS.iter().find(|sleep| line.contains(**sleep)) {
            let message = format!("`{sleep}` in a test: wait for the thing itself");
            complaints.push(Complaint::new(source.path, index + 1, message));
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::complaint::expect_complaints;

    fn check(path: &str, text: &str, expect: &[&str]) {
        expect_complaints(&super::check(&RustText::new(path, text)), expect);
    }

    #[test]
    fn macros_and_attributes() {
        check("a.rs", "fn a() {\n    todo!()\n}\n", &["a.rs:2: `todo!(`"]);
        check("a.rs", "#[ignore = \"slow\"]\n", &["a.rs:1: `#[ignore`"]);
        check("a.rs", "// todo!()\nlet a = \"dbg!(a)\";\n", &[]);
    }

    #[test]
    fn notes_to_oneself() {
        for needle in ANYWHERE {
            check("a.rs", &format!("// {needle}: a\n"), &["a.rs:1: "]);
            check("a.rs", &format!("// A{needle}B\n"), &[]);
        }
    }

    #[test]
    fn sleep_in_tests_only() {
        let line = "    std::thread::sleep(A);\n";
        check("a/src/a.rs", line, &[]);
        check("a/tests/a.rs", line, &["a/tests/a.rs:1: `thread::sleep`"]);
        let block = format!("{line}#[cfg(test)]\nmod tests {{\n{line}}}\n");
        check("a/src/a.rs", &block, &["a/src/a.rs:4: `thread::sleep`"]);
        check(
            "a/src/tests.rs",
            "use tokio::time::sleep;\n",
            &["a/src/tests.rs:1: `time::sleep`"],
        );
    }
}
