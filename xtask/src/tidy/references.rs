//! A check that sections, rules and pages that a text refers to exist.

use std::collections::{BTreeMap, BTreeSet};

use crate::tidy::complaint::Complaint;
use crate::tidy::rust_text::{RustText, is_name};

/// The page whose sections are referred to by number, as in `DESIGN §3`.
const DESIGN: &str = "docs/design.md";
/// The page whose rules are referred to by number, as in `rule R9`.
const OWNERSHIP: &str = "docs/ownership.md";
/// Files whose references are checked: comments and literals of Rust, and the whole of the others.
const CHECKED: &[&str] = &[".rs", ".md", ".proto", ".sql"];

/// The sections, rules and pages that exist.
pub(crate) struct Targets<'t> {
    sections: BTreeSet<&'t str>,
    rules: BTreeSet<&'t str>,
    paths: &'t BTreeSet<String>,
}

impl<'t> Targets<'t> {
    pub(crate) fn new(texts: &'t BTreeMap<String, String>, paths: &'t BTreeSet<String>) -> Self {
        let lines = |path: &str| texts.get(path).map_or("", String::as_str).lines();
        let section = |line: &'t str| Some(line.strip_prefix("## ")?.split_once(". ")?.0);
        let rule = |line: &'t str| line.strip_prefix("- **")?.split_whitespace().next();
        Self {
            sections: lines(DESIGN).filter_map(section).collect(),
            rules: lines(OWNERSHIP).filter_map(rule).collect(),
            paths,
        }
    }

    /// Complains about each reference in this file that leads nowhere.
    pub(crate) fn check(&self, path: &str, text: &str) -> Vec<Complaint> {
        if !CHECKED.iter().any(|ending| path.ends_with(ending)) {
            return Vec::new();
        }
        let source = path.ends_with(".rs").then(|| RustText::new(path, text));
        let mut code = source.iter().flat_map(|source| source.code.lines());
        // The texts in tidy's own tests are inputs.
        let end = match &source {
            Some(source) if path.starts_with("xtask/src/tidy/") => source.tests_start(),
            _ => usize::MAX,
        };
        let mut complaints = Vec::new();
        for (index, line) in text.lines().enumerate().take(end) {
            let line = without_code(line, code.next().unwrap_or(""));
            let mut complain = |message| {
                complaints.push(Complaint::new(path, index + 1, message));
            };
            for section in sections(&line) {
                if !self.sections.contains(section) {
                    complain(format!("{DESIGN} has no section {section}"));
                }
            }
            for rule in rules(&line) {
                if !self.rules.contains(rule) {
                    complain(format!("{OWNERSHIP} has no rule {rule}"));
                }
            }
            for page in pages(&line) {
                if !self.paths.contains(page) {
                    complain(format!("there is no page {page}"));
                }
            }
        }
        complaints
    }
}

/// Returns the line with blanks in place of its code, so that comments and literals remain.
fn without_code(line: &str, code: &str) -> String {
    let mut code = code.chars();
    let blank = |character| match code.next().is_none_or(char::is_whitespace) {
        true => character,
        false => ' ',
    };
    line.chars().map(blank).collect()
}

/// Returns the numbers in `§3` and, behind the design's name, in `section 3`.
fn sections(line: &str) -> impl Iterator<Item = &str> {
    let signs = line.split('§').skip(1);
    let named = line.split("design.md").skip(1);
    let named = named.filter_map(|rest| {
        let rest = rest.trim_start_matches([')', ']', '`', ',', ' ']);
        rest.strip_prefix("section ")
    });
    signs.chain(named).filter_map(leading_number)
}

fn leading_number(text: &str) -> Option<&str> {
    let text = text.trim_start();
    let end = text.find(|character: char| !character.is_ascii_digit());
    let number = &text[..end.unwrap_or(text.len())];
    (!number.is_empty()).then_some(number)
}

/// Returns the words that have the form of a rule's name: `R9`, `N2`, `R6b`.
fn rules(line: &str) -> impl Iterator<Item = &str> {
    line.split(|character| !is_name(character)).filter(|word| {
        let number = word.strip_prefix(['R', 'N']).unwrap_or("");
        let number = number.trim_end_matches(|letter: char| letter.is_ascii_lowercase());
        let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
        is_number && (1..=2).contains(&number.len())
    })
}

/// Returns the paths of pages under `docs/`.
fn pages(line: &str) -> impl Iterator<Item = &str> {
    let is_of_path = |character: char| is_name(character) || matches!(character, '/' | '.' | '-');
    line.split(move |character| !is_of_path(character))
        .filter(|word| word.starts_with("docs/") && word.ends_with(".md"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::complaint::expect_complaints;

    /// Checks a text against a design with sections 1 and 2 and against rules R1 and N2b.
    fn check(path: &str, text: &str, expect: &[&str]) {
        let design = "# The design\n\n## 1. Words\n\n## 2. Layers\n\n### 3. A detail\n";
        let ownership = "# Rules\n\n- **R1 Act** if so.\n- **N2b Freeze.** If not.\n";
        let texts = [(DESIGN, design), (OWNERSHIP, ownership)];
        let texts = texts.map(|(path, text)| (path.to_owned(), text.to_owned()));
        let (texts, paths) = (texts.into(), [DESIGN.to_owned()].into());
        expect_complaints(&Targets::new(&texts, &paths).check(path, text), expect);
    }

    #[test]
    fn references_that_lead_somewhere() {
        check("a.rs", "// DESIGN §1 and §2 (rule R1)\n", &[]);
        check(
            "docs/a.md",
            "[design.md](design.md), section 2, rule R1\n",
            &[],
        );
        check("a.rs", "//! See `docs/design.md`.\n", &[]);
    }

    #[test]
    fn a_section_that_does_not_exist_is_refused() {
        check(
            "a.rs",
            "//! A.\n\n/// DESIGN §3.\n",
            &["a.rs:3: docs/design.md has no section 3"],
        );
        check(
            "docs/a.md",
            "[design.md](design.md), section 12\n",
            &["docs/a.md:1: docs/design.md has no section 12"],
        );
    }

    #[test]
    fn a_rule_that_does_not_exist_is_refused() {
        check(
            "a.rs",
            "//! A.\n// (R2)\n",
            &["a.rs:2: docs/ownership.md has no rule R2"],
        );
        check(
            "a.md",
            "rule R1b\n",
            &["a.md:1: docs/ownership.md has no rule R1b"],
        );
    }

    #[test]
    fn a_page_that_does_not_exist_is_refused() {
        let page = "docs/gone.md";
        check(
            "a.rs",
            &format!("//! See `{page}`.\n"),
            &["a.rs:1: there is no page docs/gone"],
        );
        check("a.md", "`docs/errors/<CODE>.md`\n", &[]);
    }

    #[test]
    fn inputs_of_tests_refer_to_nothing() {
        let text = "//! A.\n#[cfg(test)]\nmod tests {\n    // R9\n}\n";
        check("xtask/src/tidy/a.rs", text, &[]);
        check(
            "crates/a/src/a.rs",
            text,
            &["crates/a/src/a.rs:4: docs/ownership.md has no"],
        );
    }

    #[test]
    fn code_refers_to_nothing() {
        check("a.rs", "struct R2<R3>(R4);\n", &[]);
        check("a.toml", "# DESIGN §3\n", &[]);
        check("a.md", "R100, RFC 7231, Ra\n", &[]);
    }
}
