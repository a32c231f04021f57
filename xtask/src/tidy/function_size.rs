//! A limit on the length of functions.

use crate::tidy::complaint::Complaint;
use crate::tidy::rust_text::{RustText, is_name, line_at, words};

/// The limit, from `fn` to the closing brace. Aim for 30 lines; 70 fit on a screen.
const LINES_MAX: usize = 70;

pub(crate) fn check(source: &RustText<'_>) -> Vec<Complaint> {
    words(&source.code, "fn")
        .filter_map(|start| {
            let (name, end) = function(&source.code, start)?;
            let first = line_at(&source.code, start);
            let lines = line_at(&source.code, end) - first + 1;
            let message = format!(
                "`{name}` has {lines} lines, {LINES_MAX} at most: pull the loops and cases out"
            );
            (lines > LINES_MAX).then(|| Complaint::new(source.path, first, message))
        })
        .collect()
}

/// Returns the name of the function that starts at `start`, and the end of its body. `None` for the
/// type `fn(…)` and for a function without a body.
fn function(code: &str, start: usize) -> Option<(&str, usize)> {
    let after = code[start + "fn".len()..].trim_start();
    let name = &after[..after.find(|character| !is_name(character))?];
    if name.is_empty() {
        return None;
    }

    let mut brackets = 0_usize;
    let mut braces = 0_usize;
    for (index, character) in code[start..].char_indices() {
        match character {
            '(' | '[' => brackets += 1,
            ')' | ']' => brackets = brackets.saturating_sub(1),
            ';' if brackets == 0 && braces == 0 => return None,
            '{' => braces += 1,
            '}' => {
                braces = braces.saturating_sub(1);
                if braces == 0 && brackets == 0 {
                    return Some((name, start + index));
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::complaint::expect_complaints;

    fn check(head: &str, body_lines: usize, expect: &[&str]) {
        let body = "    a(\"}\");\n".repeat(body_lines);
        let text = format!("//! A.\n{head} {{\n{body}}}\n");
        expect_complaints(&super::check(&RustText::new("a.rs", &text)), expect);
    }

    #[test]
    fn the_limit() {
        check("fn a()", 68, &[]);
        check("fn a()", 69, &["a.rs:2: `a` has 71 lines"]);
    }

    #[test]
    fn heads_of_all_sorts() {
        check(
            "pub async fn a(b: [u8; 4], c: impl Fn(u8)) -> fn(u8)",
            69,
            &["a.rs:2: `a`"],
        );
        check(
            "trait A { fn a(); }\nfn b<T>()\nwhere\n    T: Copy,",
            69,
            &["a.rs:3: `b`"],
        );
    }

    #[test]
    fn only_functions_have_a_length() {
        check("struct A { a: fn(u8), } impl A", 100, &[]);
    }
}
