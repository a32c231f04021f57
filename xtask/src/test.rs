//! `test`: checks for the programs that the tests need, then runs the tests.

use crate::command;
use crate::needs;
use crate::workspace::Workspace;

/// Runs all tests, or those selected by these arguments of `cargo test`.
///
/// # Errors
///
/// If a program is missing and cannot be installed from here, or if a test fails.
pub(crate) fn run(workspace: &Workspace, words: &[&str]) -> anyhow::Result<()> {
    // `cargo xtask test -- -p CRATE` is accepted, too.
    let words = words.strip_prefix(&["--"]).unwrap_or(words);
    needs::ensure(needs::TESTS)?;
    let mut cargo = command::cargo(&workspace.root);
    cargo.args(["test", "--locked"]);
    if !names_packages(words) {
        cargo.arg("--workspace");
    }
    cargo.args(words);
    command::show(cargo)
}

fn names_packages(words: &[&str]) -> bool {
    let words = words.iter().take_while(|word| **word != "--");
    words
        .into_iter()
        .any(|word| word.starts_with("-p") || word.starts_with("--package"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_packages_unless_some_are_named() {
        assert!(!names_packages(&[]));
        assert!(!names_packages(&["a_test", "--", "-p"]));
        assert!(names_packages(&["-p", "wayfare-etcd"]));
        assert!(names_packages(&[
            "--test",
            "etcd",
            "--package=wayfare-etcd"
        ]));
    }
}
