//! A check that each file begins with its description, and that a `lib.rs` contains only exports.

use crate::tidy::complaint::Complaint;
use crate::tidy::rust_text::{RustText, line_at};

pub(crate) fn check(source: &RustText<'_>) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    if !source.text.starts_with("//! ") {
        let message = "open with one `//!` sentence that says what is in this file";
        complaints.push(Complaint::new(source.path, 1, message));
    }
    if source.path.ends_with("src/lib.rs") {
        complaints.extend(check_lib(source));
    }
    complaints
}

/// Checks that a `lib.rs` has only docs, attributes, `mod name;` and `use`.
fn check_lib(source: &RustText<'_>) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    let mut offset = 0;
    while let Some((start, item)) = next_item(&source.code, offset) {
        if !is_export(item) {
            let line = line_at(&source.code, start);
            let message = "lib.rs says what the crate is and exports: move this to a module";
            complaints.push(Complaint::new(source.path, line, message));
        }
        offset = start + item.len();
    }
    complaints
}

fn is_export(item: &str) -> bool {
    let bare = without_visibility(item);
    let is_declaration = bare.starts_with("mod ") && bare.ends_with(';');
    item.starts_with('#') || bare.starts_with("use ") || is_declaration
}

/// Finds the next attribute or item at or after `offset`.
fn next_item(code: &str, offset: usize) -> Option<(usize, &str)> {
    let start = offset + code[offset..].find(|character: char| !character.is_whitespace())?;
    let rest = &code[start..];
    let is_attribute = rest.starts_with('#');
    // The braces of `use a::{b, c};` do not end it.
    let is_use = without_visibility(rest).starts_with("use ");

    let mut depth = 0_usize;
    for (index, character) in rest.char_indices() {
        match character {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        let ends = match character {
            ';' => true,
            ']' => is_attribute,
            '}' => !is_use,
            _ => false,
        };
        if ends && depth == 0 {
            return Some((start, &rest[..=index]));
        }
    }
    Some((start, rest))
}

fn without_visibility(item: &str) -> &str {
    let Some(rest) = item.strip_prefix("pub") else {
        return item;
    };
    let rest = rest.trim_start();
    match rest.strip_prefix('(') {
        Some(inside) => inside
            .split_once(')')
            .map_or("", |(_, rest)| rest.trim_start()),
        None => rest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::complaint::expect_complaints;

    fn check(path: &str, text: &str, expect: &[&str]) {
        expect_complaints(&super::check(&RustText::new(path, text)), expect);
    }

    #[test]
    fn a_file_opens_with_what_it_is() {
        check("a.rs", "//! A.\nfn a() {}\n", &[]);
        check("a.rs", "fn a() {}\n", &["a.rs:1: open with"]);
        check("a.rs", "", &["a.rs:1: open with"]);
    }

    #[test]
    fn lib_exports() {
        let exports = "//! A.\n\n#![warn(missing_docs)]\n\n#[cfg(test)]\nmod a;\npub mod b;\n\
            /// A.\npub use a::{\n    A, b::{B, C},\n};\npub(crate) use b::D;\n";
        check("a/src/lib.rs", exports, &[]);
    }

    #[test]
    fn lib_does_nothing_else() {
        check(
            "a/src/lib.rs",
            "//! A.\nmod a;\npub fn a() {}\nmod b;\n",
            &["a/src/lib.rs:3: lib.rs"],
        );
        check(
            "a/src/lib.rs",
            "//! A.\nmod a {\n}\nuse a::A;\n",
            &["a/src/lib.rs:2: lib.rs"],
        );
        check(
            "a/src/lib.rs",
            "//! A.\npub struct A {\n}\nimpl A {}\n",
            &["a/src/lib.rs:2: lib.rs", "a/src/lib.rs:4: lib.rs"],
        );
        check("a/src/room.rs", "//! A.\npub fn a() {}\n", &[]);
    }
}
