//! A check that every error code has a page, and every page a code.

use std::collections::BTreeMap;

use crate::tidy::complaint::Complaint;
use crate::tidy::rust_text::{RustText, is_name, words};

const CODES: &str = "crates/wayfare-protocol/src/error_code.rs";
const PAGES: &str = "docs/errors/";
/// The list of the pages, if it exists.
const INDEX: &str = "docs/errors/README.md";

struct Code<'t> {
    name: &'t str,
    number: u32,
    line: usize,
}

/// Checks the enum and the pages in `texts`, which are keyed by path.
pub(crate) fn check(texts: &BTreeMap<String, String>) -> Vec<Complaint> {
    let Some(text) = texts.get(CODES) else {
        return vec![Complaint::new(
            CODES,
            1,
            "is missing: the error codes belong here",
        )];
    };
    let source = RustText::new(CODES, text);
    let codes = codes(&source.code);
    let mut complaints = Vec::new();
    for code in &codes {
        let page = page(code.number);
        let title = texts.get(&page).and_then(|text| text.lines().next());
        match title {
            None => {
                let message = format!("`{}` has no page: write {page}", code.name);
                complaints.push(Complaint::new(CODES, code.line, message));
            }
            Some(title) if words(title, code.name).next().is_none() => {
                let message = format!("the first line names the code: say `{}`", code.name);
                complaints.push(Complaint::new(&page, 1, message));
            }
            Some(_) => {}
        }
    }
    for path in texts
        .keys()
        .filter(|path| path.starts_with(PAGES) && *path != INDEX)
    {
        if !codes.iter().any(|code| page(code.number) == **path) {
            complaints.push(Complaint::new(
                path,
                1,
                "no error code has this number: delete it",
            ));
        }
    }
    complaints
}

fn page(number: u32) -> String {
    format!("{PAGES}{number}.md")
}

/// Finds lines like `Name = 1234,`.
fn codes(text: &str) -> Vec<Code<'_>> {
    text.lines()
        .enumerate()
        .filter_map(|(index, line)| code(line, index + 1))
        .collect()
}

fn code(text: &str, line: usize) -> Option<Code<'_>> {
    let (name, number) = text.trim().strip_suffix(',')?.split_once(" = ")?;
    let is_variant = name.starts_with(char::is_uppercase) && name.chars().all(is_name);
    let number = number.replace('_', "").parse().ok()?;
    is_variant.then_some(Code { name, number, line })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::complaint::expect_complaints;

    fn check(files: &[(&str, &str)], expect: &[&str]) {
        let texts = files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
        expect_complaints(&super::check(&texts.collect()), expect);
    }

    const ENUM: (&str, &str) = (
        CODES,
        "//! A.\nenum ErrorCode {\n    RoomFull = 1_001,\n}\n",
    );

    #[test]
    fn every_code_has_its_page() {
        check(&[ENUM, ("docs/errors/1001.md", "# 1001 `RoomFull`\n")], &[]);
        check(
            &[ENUM],
            &["crates/wayfare-protocol/src/error_code.rs:3: `RoomFull` has no page"],
        );
        check(
            &[
                ENUM,
                ("docs/errors/1001.md", "# 1001 RoomFullest\nRoomFull\n"),
            ],
            &["docs/errors/1001.md:1: the first line"],
        );
    }

    #[test]
    fn every_page_has_its_code() {
        check(
            &[
                ENUM,
                ("docs/errors/1001.md", "# RoomFull\n"),
                ("docs/errors/1002.md", "# Gone\n"),
                ("docs/errors/README.md", "# Errors\n"),
            ],
            &["docs/errors/1002.md:1: no error code"],
        );
    }

    #[test]
    fn without_the_enum_nothing_is_proven() {
        check(
            &[],
            &["crates/wayfare-protocol/src/error_code.rs:1: is missing"],
        );
    }
}
