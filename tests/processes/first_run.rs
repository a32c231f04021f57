//! Tests of a newcomer's first steps: README's commands and their output.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::server::{Server, wayfare};
use crate::terminal::Terminal;

const README: &str = include_str!("../../README.md");
const CI: &str = include_str!("../../.ci/run");

#[test]
fn dev_prints_four_lines_of_next_steps() {
    let mut server = Server::start(&["dev"]);
    let mut lines = server.greeting.clone();
    lines.extend((lines.len()..4).filter_map(|_| server.next_line(Duration::from_secs(10))));
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert!(lines[0].contains(&server.url), "{lines:?}");
    assert!(
        lines[1].contains(&format!("wayfare play {} plaza/main", server.url)),
        "{lines:?}"
    );
    let page = format!("open http://{} in a browser", server.address());
    assert!(lines[1].contains(&page), "{lines:?}");
    let got = get(&server.address(), "/");
    assert!(got.contains("<title>Plaza</title>"), "{got}");
    assert!(lines[2].contains("room list"), "{lines:?}");
    let data = server.data().display().to_string();
    assert!(lines[3].contains(&data), "{lines:?}");
    let (status, took) = server.terminate();
    assert!(status.success(), "{status}");
    assert!(took < Duration::from_secs(20), "{took:?}");
    let goodbye = server.next_line(Duration::from_secs(10)).unwrap();
    assert!(
        goodbye.contains("Goodbye") && goodbye.contains(&data),
        "{goodbye}"
    );
    assert_eq!(
        server.next_line(Duration::from_secs(10)),
        None,
        "nothing more is printed"
    );
}

/// Returns the answer to a browser's request.
fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn the_plaza_is_alive_and_answers() {
    let server = Server::start(&["dev"]);
    let mut terminal = Terminal::join(&server.url, "ada", "plaza/main");
    terminal.type_line("say hello there");
    let said = terminal.wait_for("hello there");
    assert!(said.contains("said") && said.contains("ada"), "{said}");
    terminal.type_line("walk {\"x\": 5000, \"y\": 1}");
    terminal.wait_for("the plaza is 1000 by 1000 steps");
    terminal.wait_for("walks");
    let account = terminal.end();
    assert_eq!(
        account.sent(),
        ["say hello there", "walk {\"x\": 5000, \"y\": 1}"]
    );
}

#[test]
fn serve_needs_to_know_who_may_play() {
    let refused = wayfare()
        .args(["serve", "--listen", "127.0.0.1:0"])
        .output()
        .unwrap();
    assert!(!refused.status.success());
    let words = String::from_utf8(refused.stderr).unwrap();
    assert!(
        words.contains("WAYFARE_TOKEN_KEY") && words.contains("--guests"),
        "{words}"
    );
}

#[test]
fn a_token_admits_a_player_and_a_forged_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    let made = wayfare().args(["token", "key"]).output().unwrap();
    std::fs::write(&key, made.stdout).unwrap();
    let key = key.to_str().unwrap();
    let server = Server::start_with(
        &["dev", "--token-key-file", key],
        &[("WAYFARE_GUESTS", "false")],
    );
    let minted = wayfare()
        .args([
            "token",
            "mint",
            "--sub",
            "ada",
            "--name",
            "Ada",
            "--token-key-file",
            key,
        ])
        .output()
        .unwrap();
    let token = String::from_utf8(minted.stdout).unwrap();
    let token = token.trim();
    let play = |arguments: &[&str]| {
        let played = wayfare()
            .args(["play", &server.url])
            .args(arguments)
            .output()
            .unwrap();
        (
            played.status.success(),
            String::from_utf8_lossy(&played.stderr).into_owned(),
        )
    };
    let (welcome, words) = play(&["--token", token]);
    assert!(welcome, "{words}");
    // A character in the middle of the signature.
    let middle = token.rfind('.').unwrap() + 10;
    let other = if token.as_bytes()[middle] == b'A' {
        "B"
    } else {
        "A"
    };
    let forged = format!("{}{other}{}", &token[..middle], &token[middle + 1..]);
    for (arguments, code) in [(&["--token", &forged][..], "1100"), (&[][..], "1102")] {
        let (welcome, words) = play(arguments);
        assert!(!welcome && words.contains(code), "{words}");
    }
}

#[test]
fn a_stopping_server_tells_its_players() {
    let mut server = Server::start(&["dev"]);
    let terminal = Terminal::join(&server.url, "ada", "plaza/main");
    let (status, _) = server.terminate();
    assert!(status.success(), "{status}");
    terminal.wait_for_record("the server is stopping");
    assert!(terminal.end().interruptions() >= 1);
}

#[test]
fn readme_and_ci_run_the_same_commands() {
    let commands: Vec<&str> = README
        .lines()
        .filter(|line| line.starts_with("cargo "))
        .take(2)
        .collect();
    assert_eq!(commands, ["cargo run -- dev", "cargo xtask test"]);
    assert!(
        CI.contains(commands[1]),
        ".ci/run calls README's test command"
    );
}
