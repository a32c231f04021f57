//! A check that no field of a log line is written in the form of Rust's `Debug`.
//!
//! Programs read these lines. `Some(127.0.0.1:7778)` and `1.2ms` are for programmers of Rust.

use crate::tidy::complaint::Complaint;
use crate::tidy::rust_text::{RustText, line_at};

/// The macros that write a log line.
const MACROS: &[&str] = &["trace!(", "debug!(", "info!(", "warn!(", "error!("];

/// Complains about each field of a log line with the sigil `?`.
pub(crate) fn check(source: &RustText<'_>) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    if source.is_test_file() || source.path.starts_with("xtask/") {
        return complaints;
    }
    for name in MACROS {
        for (start, _) in source.code.match_indices(name) {
            let arguments = arguments(&source.code[start + name.len()..]);
            for offset in debug_fields(arguments) {
                let line = line_at(&source.code, start + name.len() + offset);
                let message = "a log field in the form of `Debug`: use `%`, or a number";
                complaints.push(Complaint::new(source.path, line, message));
            }
        }
    }
    complaints.sort();
    complaints
}

/// Returns the text up to the parenthesis that closes the macro.
fn arguments(text: &str) -> &str {
    let mut depth = 1;
    let end = text.find(|character| {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        depth == 0
    });
    &text[..end.unwrap_or(text.len())]
}

/// Returns the offsets of each `?` that begins a field. The operator `?` ends an expression.
fn debug_fields(arguments: &str) -> impl Iterator<Item = usize> {
    arguments.match_indices('?').filter_map(|(offset, _)| {
        let before = arguments[..offset].trim_end();
        (before.is_empty() || before.ends_with([',', '='])).then_some(offset)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::complaint::expect_complaints;

    fn check(text: &str, expect: &[&str]) {
        expect_complaints(&super::check(&RustText::new("a.rs", text)), expect);
    }

    #[test]
    fn a_field_in_the_form_of_debug_is_refused() {
        let refused = "a.rs:1: a log field in the form of `Debug`";
        check("tracing::info!(?took, \"done\");\n", &[refused]);
        check("info!(a, took = ?b.c(), \"done\");\n", &[refused]);
        check(
            "warn!(\n    a = %b,\n    ?c,\n);\n",
            &["a.rs:3: a log field in the form of `Debug`"],
        );
    }

    #[test]
    fn other_fields_pass() {
        check("info!(%a, b, c = d.e(), \"what?\");\n", &[]);
        check("info!(a = f(b)?, \"done\");\nlet c = d?;\n", &[]);
    }
}
