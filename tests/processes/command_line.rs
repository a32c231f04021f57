//! Tests of the conventions of a command line.

use std::io::{BufRead, BufReader};
use std::process::{Output, Stdio};

use serde_json::Value;

use crate::server::{Server, wayfare};
use crate::terminal::Terminal;

/// Runs a command with backtraces on, as a programmer has them.
fn run(arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let mut command = wayfare();
    command.args(arguments).current_dir(folder.path());
    command.env("RUST_BACKTRACE", "1").output().unwrap()
}

fn stdout(arguments: &[&str]) -> String {
    let done = run(arguments);
    assert!(done.status.success(), "{arguments:?}: {done:?}");
    String::from_utf8(done.stdout).unwrap()
}

/// Checks that a command is refused with this exit code, and that the message says `expect`.
fn refused(arguments: &[&str], code: i32, expect: &str) {
    let done = run(arguments);
    let said = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(code), "{arguments:?}: {said}");
    assert!(said.contains(expect), "{arguments:?}: {said}");
    assert!(said.starts_with("error: "), "{arguments:?}: {said}");
    for word in ["Error:", "backtrace", "Backtrace", "panicked"] {
        assert!(!said.contains(word), "{arguments:?}: {said}");
    }
}

#[test]
fn mistakes_are_refused_with_a_suggestion() {
    refused(&["rom", "list"], 2, "'room'");
    refused(&["room", "lst"], 2, "'list'");
    refused(&["dev", "--lisen", "127.0.0.1:0"], 2, "'--listen'");
    refused(&["play", "--tokn", "x"], 2, "'--token'");
    refused(
        &["dev", "--log", "loud"],
        1,
        "log = \"loud\" (flag --log) is not",
    );
    refused(&["dev", "--log", "inof"], 1, "did you mean info?");
    refused(&["dev", "--shards", "none"], 1, "shards = \"none\"");
    refused(
        &["dev", "--config", "none.toml"],
        1,
        "none.toml cannot be read",
    );
    refused(&["serve"], 1, "who may play?");
}

#[test]
fn bots_are_of_servers_only() {
    for command in ["dev", "serve"] {
        let help = stdout(&[command, "-h"]);
        assert!(help.contains("--bots"), "{help}");
    }
    for command in [&["room", "list"][..], &["token", "key"], &["doctor"]] {
        refused(&[command, &["--bots", "3"]].concat(), 2, "'--bots'");
    }
}

#[test]
fn short_help_has_defaults_and_long_help_has_groups() {
    let short = stdout(&["dev", "-h"]);
    let long = stdout(&["dev", "--help"]);
    assert!(short.lines().count() < 40, "{short}");
    assert!(
        short.contains("[default: 0.0.0.0:7777, in dev 127.0.0.1:7777]"),
        "{short}"
    );
    assert!(!short.contains("--session-grace"), "{short}");
    assert!(short.contains("--help"), "{short}");
    assert!(long.contains("--session-grace"), "{long}");
    for group in ["The node:", "What is kept:", "Players:", "Load:", "Logs:"] {
        assert!(long.contains(group), "{long}");
    }
}

#[test]
fn a_restore_of_a_missing_file_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    refused(
        &["restore", "nothing.backup", "--data", data],
        1,
        "there is no backup nothing.backup",
    );
    assert!(!folder.path().join("data").exists(), "nothing is created");
    refused(&["restore", "/", "--data", data], 1, "/ is a folder");
}

#[test]
fn shells_and_man_know_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let completions = stdout(&["completions", shell]);
        assert!(completions.contains("session-grace"), "{shell}");
    }
    assert!(stdout(&["man"]).contains(".TH wayfare 1"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("man1");
    stdout(&["man", "--out", path.to_str().unwrap()]);
    assert!(path.join("wayfare-room-list.1").exists());
}

#[test]
fn the_version_names_the_commit() {
    let version = stdout(&["--version"]);
    let of_head = ["show", "--no-patch", "--format=%h %cs", "HEAD"];
    let commit = std::process::Command::new("git").args(of_head).output();
    let commit = String::from_utf8(commit.unwrap().stdout).unwrap();
    let expect = format!(
        "wayfare {} ({})\n",
        env!("CARGO_PKG_VERSION"),
        commit.trim()
    );
    assert_eq!(version, expect);
}

#[test]
fn sessions_are_listed_and_ended_by_name() {
    let server = Server::start(&["dev", "--bots", "0"]);
    let operate = |arguments: &[&str]| {
        let done = server.operate(arguments);
        let said = [done.stdout, done.stderr].concat();
        (done.status.success(), String::from_utf8(said).unwrap())
    };
    let _first = Terminal::join(&server.url, "ada", "plaza/main");
    let _second = Terminal::join(&server.url, "bob", "plaza/main");
    let third = Terminal::join(&server.url, "bob", "plaza/side");
    let (_, listed) = operate(&["session", "list"]);
    assert!(
        listed.contains("NAME") && listed.contains("  ada  "),
        "{listed}"
    );
    let (done, said) = operate(&["session", "kick", "ada"]);
    assert!(done && said.contains("guest-"), "{said}");
    let (done, said) = operate(&["session", "kick", "bob"]);
    assert!(!done && said.contains("2 players are named bob"), "{said}");
    let bobs: Vec<&str> = listed
        .lines()
        .filter(|line| line.contains("  bob  ") && line.contains("plaza/side"))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    let (done, said) = operate(&["session", "kick", bobs[0]]);
    assert!(done, "{said}");
    third.wait_for_record("an operator ended");
    let (done, said) = operate(&["session", "kick", "eve"]);
    assert!(
        !done && said.contains("player eve has no session"),
        "{said}"
    );
}

#[test]
fn json_logs_have_no_debug_forms() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = wayfare()
        .args(["serve", "--guests", "--listen", "127.0.0.1:0"])
        .args(["--admin", "127.0.0.1:0", "--log", "wayfare_node=debug"])
        .args(["--log-format", "json", "--storage", "memory", "--data"])
        .arg(folder.path())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut is_ready = false;
    for line in lines {
        let line = line.unwrap();
        let fields: Value = serde_json::from_str(&line).unwrap();
        for (_, value) in fields.as_object().unwrap() {
            let text = value.as_str().unwrap_or_default();
            let is_debug = text.starts_with("Some(") || text == "None" || text.starts_with("[\"");
            assert!(!is_debug, "{line}");
        }
        is_ready = line.contains("takes players");
        if is_ready {
            break;
        }
    }
    assert!(is_ready);
    child.kill().unwrap();
    child.wait().unwrap();
}
