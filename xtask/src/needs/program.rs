//! A program that tests need: its name, version, package, and the way to find it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::needs::Environment;

// The tests of PostgreSQL search with the same code when `cargo test` runs alone.
#[path = "../../../crates/wayfare-postgres/tests/postgres/programs.rs"]
mod postgres_programs;

pub(crate) use postgres_programs::{NAMES as POSTGRES_NAMES, VARIABLE as POSTGRES_VARIABLE};

/// The variable with the path of Chromium, if it is not Debian's.
pub(crate) const CHROMIUM_VARIABLE: &str = "CHROMIUM";
/// The path of Debian's package, which `tests/browser` uses, too.
const CHROMIUM_PLACE: &str = "/usr/bin/chromium";

/// A program to install.
pub(crate) struct Program {
    pub(crate) name: &'static str,
    /// The oldest sufficient version; empty if any is sufficient.
    version_min: &'static [u32],
    /// Debian's package, if its version is sufficient.
    pub(crate) package: Option<&'static str>,
    /// The source for systems other than Debian.
    origin: &'static str,
    place: fn(&Environment) -> Option<PathBuf>,
}

/// The state of a program on this machine.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum State {
    Found { place: PathBuf, version: String },
    TooOld { place: PathBuf, version: String },
    Missing,
}

/// The programs that `cargo test --workspace` needs.
pub(crate) const TESTS: &[&Program] = &[&C_COMPILER, &ETCD, &POSTGRES, &NGINX, &CADDY, &SYSTEMD];
/// The programs that the client for browsers and its tests need.
pub(crate) const BROWSER: &[&Program] = &[&NODE, &NPM, &CHROMIUM];

const C_COMPILER: Program = Program {
    name: "a C compiler",
    version_min: &[],
    package: Some("gcc"),
    origin: "gcc or clang",
    place: |environment| environment.in_path(OsStr::new("cc")),
};

pub(crate) const ETCD: Program = Program {
    name: "etcd",
    version_min: &[3, 4, 23],
    package: Some("etcd-server"),
    origin: "https://etcd.io",
    place: |environment| environment.in_path(OsStr::new("etcd")),
};

pub(crate) const POSTGRES: Program = Program {
    name: "PostgreSQL",
    version_min: &[13],
    package: Some("postgresql"),
    origin: "https://postgresql.org",
    place: |environment| {
        let named = environment.variable(POSTGRES_VARIABLE);
        let folder = postgres_programs::find(named.as_deref(), &environment.path)?;
        Some(folder.join("postgres"))
    },
};

/// Debian has it where only root looks.
const NGINX_PLACE: &str = "/usr/sbin/nginx";

pub(crate) const NGINX: Program = Program {
    name: "nginx",
    version_min: &[],
    package: Some("nginx-light"),
    origin: "https://nginx.org",
    place: |environment| {
        let usual = || Path::new(NGINX_PLACE).is_file().then(|| NGINX_PLACE.into());
        environment.in_path(OsStr::new("nginx")).or_else(usual)
    },
};

pub(crate) const CADDY: Program = Program {
    name: "Caddy",
    version_min: &[],
    package: Some("caddy"),
    origin: "https://caddyserver.com",
    place: |environment| environment.in_path(OsStr::new("caddy")),
};

/// Checks units; no systemd has to run.
const SYSTEMD: Program = Program {
    name: "systemd-analyze",
    version_min: &[],
    package: Some("systemd"),
    origin: "https://systemd.io",
    place: |environment| environment.in_path(OsStr::new("systemd-analyze")),
};

pub(crate) const CHROMIUM: Program = Program {
    name: "Chromium",
    version_min: &[],
    package: Some("chromium"),
    origin: "https://chromium.org, and say in CHROMIUM where it is",
    place: |environment| {
        let named = environment.variable(CHROMIUM_VARIABLE);
        let named = named.unwrap_or_else(|| CHROMIUM_PLACE.into());
        if Path::new(&named).is_absolute() {
            return Path::new(&named).is_file().then(|| named.into());
        }
        environment.in_path(&named)
    },
};

/// Debian's package is too old.
pub(crate) const NODE: Program = Program {
    name: "Node",
    version_min: &[20],
    package: None,
    origin: "https://nodejs.org",
    place: |environment| environment.in_path(OsStr::new("node")),
};

const NPM: Program = Program {
    name: "npm",
    version_min: &[],
    package: None,
    origin: "https://nodejs.org",
    place: |environment| environment.in_path(OsStr::new("npm")),
};

impl Program {
    pub(crate) fn find(&self, environment: &Environment) -> State {
        let Some(place) = (self.place)(environment) else {
            return State::Missing;
        };
        let output = Command::new(&place).arg("--version").output();
        let Ok(output) = output else {
            return State::Missing;
        };
        let printed = String::from_utf8_lossy(&output.stdout);
        self.state(place, version_in(&printed))
    }

    fn state(&self, place: PathBuf, version: &str) -> State {
        let version = version.to_owned();
        if numbers(&version).as_slice() < self.version_min {
            return State::TooOld { place, version };
        }
        State::Found { place, version }
    }

    /// Returns name and version, as in a sentence.
    pub(crate) fn wanted(&self) -> String {
        if self.version_min.is_empty() {
            return self.name.to_owned();
        }
        let numbers: Vec<String> = self.version_min.iter().map(u32::to_string).collect();
        format!("{} {} or newer", self.name, numbers.join("."))
    }

    /// Returns the instruction for systems without a package.
    pub(crate) fn by_hand(&self) -> String {
        format!("install {}, see {}", self.wanted(), self.origin)
    }

    pub(crate) fn complaint(&self, state: &State) -> String {
        let wanted = self.wanted();
        match state {
            State::TooOld { place, version } => {
                format!("{wanted} is missing: {} is {version}", place.display())
            }
            State::Missing | State::Found { .. } => format!("{wanted} is missing"),
        }
    }
}

/// Finds the version in the output of `--version`: the first word that is a number, as in `etcd
/// Version: 3.4.23` or `v20.1.0`.
fn version_in(printed: &str) -> &str {
    let words = printed.split_whitespace();
    let mut numbers = words.map(|word| word.strip_prefix('v').unwrap_or(word));
    numbers
        .find(|word| word.starts_with(|first: char| first.is_ascii_digit()))
        .unwrap_or_default()
}

/// Parses a version. `17beta1` counts as 17.
fn numbers(version: &str) -> Vec<u32> {
    let leading = |part: &str| {
        let end = part.find(|character: char| !character.is_ascii_digit());
        part[..end.unwrap_or(part.len())].parse().ok()
    };
    version.split('.').map_while(leading).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_as_programs_print_them() {
        let check = |printed: &str, expect: &[u32]| {
            assert_eq!(numbers(version_in(printed)), expect, "{printed}");
        };
        check("etcd Version: 3.4.23\nGit SHA: 1a2b\n", &[3, 4, 23]);
        check(
            "postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)\n",
            &[15, 13],
        );
        check("postgres (PostgreSQL) 17beta1\n", &[17]);
        check("v20.19.1\n", &[20, 19, 1]);
        check(
            "Chromium 148.0.7778.167 built on Debian\n",
            &[148, 0, 7778, 167],
        );
        check("no number\n", &[]);
    }

    #[test]
    fn an_older_version_is_too_old() {
        let check = |program: &Program, version: &str, found: bool| {
            let state = program.state("/a".into(), version);
            assert_eq!(matches!(state, State::Found { .. }), found, "{version}");
        };
        check(&ETCD, "3.4.23", true);
        check(&ETCD, "3.10.0", true);
        check(&ETCD, "3.4.9", false);
        check(&POSTGRES, "13", true);
        check(&POSTGRES, "12.22", false);
        check(&POSTGRES, "", false);
        check(&C_COMPILER, "", true);
    }
}
