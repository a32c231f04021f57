//! The programs that a fresh machine has not: their names, and how it looks without them.

use std::path::{Path, PathBuf};

use crate::needs::installer::Installer;
use crate::needs::program::{
    CHROMIUM_VARIABLE, ETCD, POSTGRES, POSTGRES_NAMES, POSTGRES_VARIABLE, Program,
};
use crate::needs::{Environment, missing};

/// Needed by the tests and by nothing that builds.
const TESTS_ONLY: &[&Program] = &[&ETCD, &POSTGRES];

/// What they are called.
pub(crate) fn hidden_names() -> Vec<&'static str> {
    [&["etcd", "chromium"], POSTGRES_NAMES].concat()
}

/// Variables that name a folder, or a program in it, as the only place to look.
pub(crate) fn nowhere(empty: &Path) -> Vec<(&'static str, PathBuf)> {
    vec![
        (POSTGRES_VARIABLE, empty.to_owned()),
        (CHROMIUM_VARIABLE, empty.join("chromium")),
    ]
}

/// Whether the tests would find something here that a fresh machine has not.
pub(crate) fn some_to_hide(environment: &Environment) -> bool {
    missing(TESTS_ONLY, environment).len() < TESTS_ONLY.len()
}

/// What `cargo xtask test` says to type where all of them are hidden.
pub(crate) fn line_when_hidden(environment: &Environment) -> String {
    Installer::of_this_machine(environment).line(TESTS_ONLY)
}
