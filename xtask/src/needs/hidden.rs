//! The programs that are hidden to simulate a fresh machine.

use std::path::{Path, PathBuf};

use crate::needs::installer::Installer;
use crate::needs::program::{
    CHROMIUM_VARIABLE, ETCD, POSTGRES, POSTGRES_NAMES, POSTGRES_VARIABLE, Program, TESTS,
};
use crate::needs::{Environment, missing};

/// Programs that only the tests need, not the build, and that can be hidden.
const TESTS_ONLY: &[&Program] = &[&ETCD, &POSTGRES];

/// Returns the names of their executables.
pub(crate) fn hidden_names() -> Vec<&'static str> {
    [&["etcd", "chromium"], POSTGRES_NAMES].concat()
}

/// Returns variables that make an empty folder the only place to search.
pub(crate) fn nowhere(empty: &Path) -> Vec<(&'static str, PathBuf)> {
    vec![
        (POSTGRES_VARIABLE, empty.to_owned()),
        (CHROMIUM_VARIABLE, empty.join("chromium")),
    ]
}

/// Returns true if the tests would find such a program on this machine.
pub(crate) fn some_to_hide(environment: &Environment) -> bool {
    missing(TESTS_ONLY, environment).len() < TESTS_ONLY.len()
}

/// Returns the line that `cargo xtask test` must print when all of them are hidden.
pub(crate) fn line_when_hidden(environment: &Environment) -> String {
    let absent = missing(TESTS, environment);
    let is_missing = |it: &&&Program| {
        let hidden = TESTS_ONLY.iter().any(|hidden| hidden.name == it.name);
        hidden || absent.iter().any(|(absent, _)| absent.name == it.name)
    };
    let programs: Vec<&Program> = TESTS.iter().filter(is_missing).copied().collect();
    Installer::of_this_machine(environment).line(&programs)
}
