//! Tests of the files in `deploy/wayfare`: a node starts with them as their text says.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::server::{PATIENCE, read_lines, wayfare};
use crate::services::Services;

const UNIT: &str = include_str!("../../deploy/wayfare/wayfare.service");
const DROP_IN: &str = include_str!("../../deploy/wayfare/services.conf");
const README: &str = include_str!("../../deploy/wayfare/README.md");

/// A machine on which README's commands have been typed: a folder in the place of `/`.
struct Machine {
    root: TempDir,
    units: Vec<&'static str>,
}

impl Machine {
    fn new(units: &[&'static str], settings: &str) -> Self {
        let machine = Self {
            root: tempfile::tempdir().unwrap(),
            units: units.to_vec(),
        };
        let settings = settings
            .replace(
                "/run/credentials/wayfare.service",
                &machine.at("credentials"),
            )
            .replace("/var/lib/wayfare", &machine.at("data"))
            .replace("0.0.0.0:7777", "127.0.0.1:0")
            .replace("127.0.0.1:7778", "127.0.0.1:0");
        std::fs::write(machine.path("wayfare.toml"), settings).unwrap();
        std::fs::create_dir(machine.path("credentials")).unwrap();
        machine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn at(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// Hands over the credentials of the units, as systemd does. It refuses to start a unit whose
    /// file is not there, so README must have made each.
    fn hand_over(&self, commands: &str, password: &str) {
        for line in self.units.iter().flat_map(|unit| unit.lines()) {
            let Some(credential) = line.strip_prefix("LoadCredential=") else {
                continue;
            };
            let (name, source) = credential.split_once(':').unwrap();
            assert!(commands.contains(source), "README does not make {source}");
            let key = wayfare().args(["token", "key"]).output().unwrap().stdout;
            let content = match name {
                "token-key" => key,
                _ => password.into(),
            };
            std::fs::write(self.path("credentials").join(name), content).unwrap();
        }
    }

    /// Starts the node with the unit's own command, waits until it takes players, and stops it.
    fn check_that_it_serves(&self) {
        let command = UNIT
            .lines()
            .find_map(|line| line.strip_prefix("ExecStart="));
        let mut words = command.unwrap().split(' ');
        assert_eq!(words.next(), Some("/usr/local/bin/wayfare"));
        let settings = self.at("wayfare.toml");
        let words = words.map(|word| match word {
            "/etc/wayfare/wayfare.toml" => &settings,
            word => word,
        });
        let mut serving = wayfare()
            .args(words)
            .current_dir(self.root.path())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = read_lines(serving.stderr.take().unwrap());
        let mut said = Vec::new();
        while let Ok(line) = lines.recv_timeout(PATIENCE) {
            said.push(line);
            if said
                .last()
                .is_some_and(|line| line.contains("takes players"))
            {
                break;
            }
        }
        kill_process(Pid::from_child(&serving), Signal::TERM).unwrap();
        let status = serving.wait().unwrap();
        let last = said.last().cloned().unwrap_or_default();
        assert!(last.contains("takes players"), "{said:?}");
        assert!(status.success(), "{status}");
    }
}

/// Returns the commands of README, in their order.
fn commands() -> Vec<&'static str> {
    let blocks = README.split("```sh\n").skip(1);
    blocks
        .filter_map(|block| block.split("```").next())
        .collect()
}

#[test]
fn the_service_starts_without_other_services() {
    let settings = include_str!("../../deploy/wayfare/wayfare.toml");
    let machine = Machine::new(&[UNIT], settings);
    machine.hand_over(commands()[0], "");
    machine.check_that_it_serves();
    assert!(machine.path("data").is_dir());
}

#[test]
fn the_service_starts_on_etcd_and_postgres() {
    let services = Services::start();
    let etcd = format!("127.0.0.1:{}", services.etcd.client_port);
    let postgres = services.postgres.url();
    let settings = include_str!("../../deploy/wayfare/services.toml")
        .replace("127.0.0.1:2379", &etcd)
        .replace("postgres://wayfare@127.0.0.1:5432/wayfare", &postgres);
    let machine = Machine::new(&[UNIT, DROP_IN], &settings);
    machine.hand_over(&commands().concat(), "change me\n");
    machine.check_that_it_serves();
}

#[test]
fn systemd_understands_the_units() {
    let folder = tempfile::tempdir().unwrap();
    // A unit whose program is missing is an error, and it is installed nowhere here.
    let unit = UNIT.replace("/usr/local/bin/wayfare", env!("CARGO_BIN_EXE_wayfare"));
    let path = folder.path().join("wayfare.service");
    let drop_ins = folder.path().join("wayfare.service.d");
    std::fs::create_dir(&drop_ins).unwrap();
    std::fs::write(drop_ins.join("services.conf"), DROP_IN).unwrap();
    std::fs::write(&path, unit).unwrap();
    let (done, said) = verify(&path);
    assert!(done, "{said}");
    assert!(!said.contains("wayfare.service"), "{said}");
    // It would say so.
    std::fs::write(
        drop_ins.join("more.conf"),
        "[Service]\nLoadCredentail=a:/b\n",
    )
    .unwrap();
    let (_, said) = verify(&path);
    assert!(said.contains("LoadCredentail"), "{said}");
}

fn verify(unit: &Path) -> (bool, String) {
    let mut command = Command::new("systemd-analyze");
    let done = command.args(["verify", "--man=no"]).arg(unit).output();
    let done = done.expect("systemd-analyze: `cargo xtask needs` installs it");
    let said = String::from_utf8(done.stderr).unwrap();
    (done.status.success(), said)
}
