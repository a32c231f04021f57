//! Programs that the tests need. Finds them, installs missing Debian packages where possible, and
//! otherwise names the line to type.

mod hidden;
mod installer;
mod program;

use std::ffi::{OsStr, OsString};

use anyhow::bail;

pub(crate) use crate::needs::hidden::{hidden_names, line_when_hidden, nowhere, some_to_hide};
use crate::needs::installer::Installer;
pub(crate) use crate::needs::installer::NO_INSTALL;
pub(crate) use crate::needs::program::{BROWSER, TESTS};
use crate::needs::program::{Program, State};

/// Finds all of these, or installs what is missing. Prints the place of each.
///
/// # Errors
///
/// If a program is missing and cannot be installed from here. The error names the line to type.
pub(crate) fn ensure(programs: &[&Program]) -> anyhow::Result<()> {
    let environment = Environment::of_this_process();
    let mut missing = missing(programs, &environment);
    let installer = Installer::of_this_machine(&environment);
    if let Some(packages) = installer.packages(&missing) {
        installer.install(&packages);
        missing = self::missing(programs, &environment);
    }
    if !missing.is_empty() {
        bail!("{}", complaint(&missing, installer));
    }
    for program in programs {
        if let State::Found { place, version } = program.find(&environment) {
            println!("{} {version}: {}", program.name, place.display());
        }
    }
    Ok(())
}

/// Returns the programs that are missing or too old.
pub(crate) fn missing<'p>(
    programs: &[&'p Program],
    environment: &Environment,
) -> Vec<(&'p Program, State)> {
    let states = programs
        .iter()
        .map(|program| (*program, program.find(environment)));
    states
        .filter(|(_, state)| !matches!(state, State::Found { .. }))
        .collect()
}

/// The variables that determine where programs are found.
pub(crate) struct Environment {
    pub(crate) path: OsString,
    variable: fn(&str) -> Option<OsString>,
}

impl Environment {
    pub(crate) fn of_this_process() -> Self {
        Self {
            path: std::env::var_os("PATH").unwrap_or_default(),
            variable: |name| std::env::var_os(name),
        }
    }

    fn variable(&self, name: &str) -> Option<OsString> {
        (self.variable)(name)
    }

    /// Makes an environment with programs in these folders only.
    #[cfg(test)]
    fn of_folders(path: &OsStr) -> Self {
        Self {
            path: path.to_owned(),
            variable: |_| None,
        }
    }

    fn in_path(&self, program: &OsStr) -> Option<std::path::PathBuf> {
        std::env::split_paths(&self.path)
            .map(|folder| folder.join(program))
            .find(|place| place.is_file())
    }
}

/// Lists what is missing, one per line, and then the line to type.
fn complaint(missing: &[(&Program, State)], installer: Installer) -> String {
    let mut lines: Vec<String> = missing
        .iter()
        .map(|(program, state)| program.complaint(state))
        .collect();
    let programs: Vec<&Program> = missing.iter().map(|(program, _)| *program).collect();
    lines.push(format!("type: {}", installer.line(&programs)));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::needs::installer::Rights;
    use crate::needs::program::{ETCD, NODE, POSTGRES};

    fn check(missing: &[(&Program, State)], rights: Rights, expect: &str) {
        let installer = Installer {
            rights,
            may_install: false,
        };
        assert_eq!(complaint(missing, installer), expect);
    }

    #[test]
    fn the_last_line_is_to_be_typed() {
        check(
            &[(&ETCD, State::Missing), (&POSTGRES, State::Missing)],
            Rights::Sudo,
            "etcd 3.4.23 or newer is missing\n\
             PostgreSQL 13 or newer is missing\n\
             type: sudo apt-get install -y etcd-server postgresql",
        );
    }

    #[test]
    fn a_version_that_is_too_old_is_named() {
        let old = State::TooOld {
            place: "/opt/etcd".into(),
            version: "3.3.25".to_owned(),
        };
        check(
            &[(&ETCD, old)],
            Rights::NoPackages,
            "etcd 3.4.23 or newer is missing: /opt/etcd is 3.3.25\n\
             type: install etcd 3.4.23 or newer, see https://etcd.io",
        );
    }

    #[test]
    fn a_program_without_a_package_says_where_it_comes_from() {
        check(
            &[(&NODE, State::Missing)],
            Rights::Root,
            "Node 20 or newer is missing\ntype: install Node 20 or newer, see https://nodejs.org",
        );
    }

    #[test]
    fn programs_are_missing_where_path_has_none() {
        let folder = tempfile::tempdir().unwrap();
        let environment = Environment::of_folders(folder.path().as_os_str());
        let missing = missing(&[&ETCD, &NODE], &environment);
        let names: Vec<&str> = missing.iter().map(|(program, _)| program.name).collect();
        assert_eq!(names, ["etcd", "Node"]);
    }
}
