//! Tests that each row of the table "What survives what" names existing tests.

use std::path::Path;

const PAGE: &str = include_str!("../../../docs/guide/where-state-lives.md");

/// Finds texts in backticks of the form `file::test`.
fn named_tests(text: &str) -> Vec<(&str, &str)> {
    let quoted = text.split('`').skip(1).step_by(2);
    let tests = quoted.filter_map(|quoted| quoted.split_once("::"));
    let is_name = |name: &str| {
        let fits = |letter: char| letter.is_ascii_lowercase() || letter == '_';
        !name.is_empty() && name.chars().all(fits)
    };
    tests
        .filter(|(file, test)| is_name(file) && is_name(test))
        .collect()
}

fn rows() -> Vec<&'static str> {
    let table = PAGE.split_once("## What survives what").unwrap().1;
    let table = table.split_once("\n## ").unwrap().0;
    let lines = table.lines().filter(|line| line.starts_with('|'));
    lines.skip(2).collect()
}

#[test]
fn each_row_names_a_test() {
    let rows = rows();
    assert!(rows.len() > 10, "the table is gone: {rows:?}");
    for row in rows {
        assert!(!named_tests(row).is_empty(), "no test: {row}");
    }
}

#[test]
fn each_named_test_exists() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rooms");
    for (file, test) in named_tests(PAGE) {
        let path = folder.join(file).with_extension("rs");
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let function = format!("]\nfn {test}()");
        assert!(
            text.contains(&function),
            "{} has no test {test}",
            path.display()
        );
    }
}
