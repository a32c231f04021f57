//! Tests of an operator's commands against a running node.

use crate::server::{Server, wayfare};
use crate::terminal::Terminal;

fn words(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn rooms_and_sessions_are_seen_and_ended() {
    let server = Server::start(&["dev"]);
    let terminal = Terminal::join(&server.url, "ada", "plaza/side");
    let _other = Terminal::join(&server.url, "bo", "plaza/main");
    let operate = |arguments: &[&str]| {
        let done = server.operate(arguments);
        assert!(
            done.status.success(),
            "{arguments:?}: {}",
            words(&done.stderr)
        );
        words(&done.stdout)
    };
    let rooms = operate(&["room", "list"]);
    assert!(
        rooms.contains("plaza/main") && rooms.contains("plaza/side"),
        "{rooms}"
    );
    let shown = operate(&["room", "show", "plaza/side"]);
    assert!(shown.contains("guest-"), "{shown}");
    let sessions = operate(&["session", "list", "--json"]);
    let sessions: serde_json::Value = serde_json::from_str(&sessions).unwrap();
    let here = |session: &&serde_json::Value| session["rooms"][0] == "plaza/side";
    let ada = sessions["sessions"]
        .as_array()
        .unwrap()
        .iter()
        .find(here)
        .unwrap();
    let player = ada["player"].as_str().unwrap();
    operate(&["session", "kick", player]);
    terminal.wait_for_record("an operator ended");
    let (status, _) = terminal.end_anyhow();
    assert!(!status.success());
    operate(&["room", "close", "plaza/main"]);
    let missing = server.operate(&["room", "close", "plaza/nowhere"]);
    assert!(!missing.status.success());
    assert!(
        words(&missing.stderr).contains("plaza/nowhere"),
        "{}",
        words(&missing.stderr)
    );
}

#[test]
fn a_node_that_does_not_run_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let asked = wayfare()
        .args(["room", "list", "--data"])
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(!asked.status.success());
    let stderr = words(&asked.stderr);
    assert!(stderr.contains("admin.sock"), "{stderr}");
}

#[test]
fn config_show_names_each_value_and_its_source() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("wayfare.toml"),
        "guests = true\nshards = 2\n",
    )
    .unwrap();
    let shown = wayfare()
        .args(["config", "show", "--shards", "3"])
        .env("WAYFARE_SLOW_HANDLER", "75ms")
        .current_dir(folder.path())
        .output()
        .unwrap();
    let shown = words(&shown.stdout);
    let row = |key: &str| {
        let rows = shown.lines().filter(|line| line.starts_with(key));
        rows.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .next()
            .unwrap()
    };
    assert_eq!(row("guests "), "guests true file wayfare.toml:1");
    assert_eq!(row("shards "), "shards 3 flag --shards");
    assert_eq!(
        row("slow_handler "),
        "slow_handler 75ms env WAYFARE_SLOW_HANDLER"
    );
    assert!(row("heartbeat").ends_with("default"), "{shown}");
}
