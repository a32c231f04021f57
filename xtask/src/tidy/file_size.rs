//! A limit on the length of files.

use crate::tidy::complaint::Complaint;
use crate::tidy::rust_text::RustText;

/// The limit. Aim for half of it. A longer file contains more than one thing.
const PRODUCTION_LINES_MAX: usize = 800;

/// Counts the lines before `mod tests`.
pub(crate) fn check(source: &RustText<'_>) -> Vec<Complaint> {
    let lines = source.tests_start();
    if lines <= PRODUCTION_LINES_MAX {
        return Vec::new();
    }
    let message =
        format!("{lines} lines, {PRODUCTION_LINES_MAX} at most: split it, one main type each");
    vec![Complaint::new(
        source.path,
        PRODUCTION_LINES_MAX + 1,
        message,
    )]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::complaint::expect_complaints;

    fn check(lines: usize, tests: &str, expect: &[&str]) {
        let text = "fn a() {}\n".repeat(lines) + tests;
        expect_complaints(&super::check(&RustText::new("a.rs", &text)), expect);
    }

    #[test]
    fn the_limit() {
        check(800, "", &[]);
        check(801, "", &["a.rs:801: 801 lines"]);
    }

    #[test]
    fn tests_do_not_count() {
        check(800, "#[cfg(test)]\nmod tests {\n}\n", &[]);
    }
}
