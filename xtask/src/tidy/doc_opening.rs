//! A check that doc comments open with a noun phrase or a verb.

use crate::tidy::complaint::Complaint;
use crate::tidy::rust_text::RustText;

/// First words that begin a relative clause instead of naming the thing.
const REFUSED: &[&str] = &["What", "Who", "Whether", "How", "Of", "One"];

/// Complains about each doc comment whose first word is refused.
pub(crate) fn check(source: &RustText<'_>) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    let mut is_inside = false;
    for (index, line) in source.text.lines().enumerate() {
        let doc = doc_text(line);
        if let Some(text) = doc.filter(|_| !is_inside) {
            let is_letter = |character: char| character.is_alphanumeric();
            let end = text.find(|character| !is_letter(character));
            let word = &text[..end.unwrap_or(text.len())];
            if REFUSED.contains(&word) {
                let message = format!("a doc comment opens with `{word}`: name the thing first");
                complaints.push(Complaint::new(source.path, index + 1, message));
            }
        }
        is_inside = doc.is_some();
    }
    complaints
}

/// The text of a line of a doc comment.
fn doc_text(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let text = line
        .strip_prefix("///")
        .or_else(|| line.strip_prefix("//!"))?;
    // Four slashes are no doc comment.
    (!text.starts_with('/')).then(|| text.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::complaint::expect_complaints;

    fn check(text: &str, expect: &[&str]) {
        expect_complaints(&super::check(&RustText::new("a.rs", text)), expect);
    }

    #[test]
    fn a_noun_or_a_verb_passes() {
        check("//! A room.\n\n/// Opens it.\nfn open() {}\n", &[]);
    }

    #[test]
    fn a_relative_clause_is_refused() {
        check(
            "//! What it is.\n",
            &["a.rs:1: a doc comment opens with `What`"],
        );
        check("//! A.\n    /// Whether.\n", &[]);
        check(
            "//! A.\n\n    /// Whether.\n",
            &["a.rs:3: a doc comment opens"],
        );
        check(
            "//! A.\n\n/// One room.\n",
            &["a.rs:3: a doc comment opens"],
        );
    }

    #[test]
    fn only_the_first_word_of_a_comment_counts() {
        check("//! A room.\n//! What it does follows.\n", &[]);
        check("//! A.\n\n/// Whoever asks.\n/// Once.\n", &[]);
    }

    #[test]
    fn other_comments_are_free() {
        check("//! A.\n\n// What nobody reads.\n//// Who cares.\n", &[]);
    }
}
