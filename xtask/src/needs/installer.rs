//! The package installer of this machine, and the line to type where there is none.

use std::ffi::OsStr;
use std::process::{Command, Stdio};

use crate::needs::{Environment, Program, State};

/// The variable that forbids installation. The line to type is printed instead.
pub(crate) const NO_INSTALL: &str = "NO_INSTALL";

/// The installer of Debian packages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Installer {
    pub(crate) rights: Rights,
    /// True if this process may install: it is root, or can use sudo without a password, and
    /// installation is not forbidden.
    pub(crate) may_install: bool,
}

/// The rights to run `apt-get`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rights {
    Root,
    Sudo,
    /// There is no `apt-get`.
    NoPackages,
}

impl Installer {
    pub(crate) fn of_this_machine(environment: &Environment) -> Self {
        let rights = Rights::of_this_process(environment);
        let allowed = environment.variable(NO_INSTALL).is_none();
        Self {
            rights,
            may_install: allowed && rights.without_password(),
        }
    }

    /// Returns the packages to install now. `None` if that is not allowed, or if a program would
    /// still be missing.
    pub(crate) fn packages(self, missing: &[(&Program, State)]) -> Option<Vec<&'static str>> {
        let packages: Option<Vec<_>> = missing.iter().map(|(program, _)| program.package).collect();
        packages.filter(|packages| self.may_install && !packages.is_empty())
    }

    /// Installs. Prints each command and its failure. The caller checks afterwards what is still
    /// missing.
    pub(crate) fn install(self, packages: &[&str]) {
        let quiet = "DEBIAN_FRONTEND=noninteractive";
        let install = [&["env", quiet, "apt-get", "install", "-y"], packages].concat();
        for words in [vec!["apt-get", "update"], install] {
            let words = match self.rights {
                Rights::Sudo => [&["sudo", "-n"], &words[..]].concat(),
                Rights::Root | Rights::NoPackages => words,
            };
            println!("+ {}", words.join(" "));
            let status = Command::new(words[0]).args(&words[1..]).status();
            if !status.is_ok_and(|status| status.success()) {
                eprintln!("`{}` failed", words.join(" "));
            }
        }
    }

    /// Returns the line to type: a command for packages, and a sentence for other programs.
    pub(crate) fn line(self, missing: &[&Program]) -> String {
        let (packaged, others): (Vec<&Program>, Vec<&Program>) = missing
            .iter()
            .partition(|it| self.rights != Rights::NoPackages && it.package.is_some());
        let mut steps = Vec::new();
        if !packaged.is_empty() {
            let sudo = if self.rights == Rights::Sudo {
                "sudo "
            } else {
                ""
            };
            let names: Vec<&str> = packaged.iter().filter_map(|it| it.package).collect();
            steps.push(format!("{sudo}apt-get install -y {}", names.join(" ")));
        }
        steps.extend(others.iter().map(|it| it.by_hand()));
        steps.join("; ")
    }
}

impl Rights {
    fn of_this_process(environment: &Environment) -> Self {
        let id = Command::new("id").arg("-u").output();
        let is_root = id.is_ok_and(|output| output.stdout.trim_ascii() == b"0");
        match environment.in_path(OsStr::new("apt-get")) {
            None => Self::NoPackages,
            Some(_) if is_root => Self::Root,
            Some(_) => Self::Sudo,
        }
    }

    fn without_password(self) -> bool {
        let mut sudo = Command::new("sudo");
        sudo.args(["-n", "true"]);
        sudo.stdout(Stdio::null()).stderr(Stdio::null());
        match self {
            Self::Root => true,
            Self::Sudo => sudo.status().is_ok_and(|status| status.success()),
            Self::NoPackages => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::needs::program::{CHROMIUM, ETCD, NODE, POSTGRES};

    fn installer(rights: Rights, may_install: bool) -> Installer {
        Installer {
            rights,
            may_install,
        }
    }

    #[test]
    fn missing_programs_and_the_packages_installed() {
        let check = |may_install, missing: &[&'static Program], expect: Option<&[&str]>| {
            let missing: Vec<_> = missing.iter().map(|it| (*it, State::Missing)).collect();
            let packages = installer(Rights::Root, may_install).packages(&missing);
            assert_eq!(packages.as_deref(), expect);
        };
        check(true, &[&ETCD], Some(&["etcd-server"]));
        check(
            true,
            &[&ETCD, &POSTGRES],
            Some(&["etcd-server", "postgresql"]),
        );
        check(true, &[], None);
        check(true, &[&CHROMIUM, &NODE], None);
        check(false, &[&ETCD], None);
    }

    #[test]
    fn missing_programs_and_the_line_to_type() {
        let check = |rights, missing: &[&Program], expect: &str| {
            assert_eq!(installer(rights, false).line(missing), expect);
        };
        check(Rights::Root, &[&CHROMIUM], "apt-get install -y chromium");
        check(
            Rights::Sudo,
            &[&ETCD, &POSTGRES],
            "sudo apt-get install -y etcd-server postgresql",
        );
        check(
            Rights::Sudo,
            &[&ETCD, &NODE],
            "sudo apt-get install -y etcd-server; install Node 20 or newer, see https://nodejs.org",
        );
        check(
            Rights::NoPackages,
            &[&POSTGRES],
            "install PostgreSQL 13 or newer, see https://postgresql.org",
        );
    }
}
