//! Tests of a handler that does not return.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};

use wayfare_node::{Ready, run};

use crate::http_client::local;
use crate::player::Player;
use crate::running::{Folder, Running, command};
use crate::stub_room::{game, held_game};

/// The variable that makes a test process a node on this data folder.
const NODE: &str = "WAYFARE_TEST_NODE_DATA";
/// The variable that makes that node hang.
const HANGS: &str = "WAYFARE_TEST_NODE_HANGS";
const SIGABRT: i32 = 6;

#[test]
fn a_node_is_not_ready_while_a_handler_hangs() {
    let folder = Folder::new();
    let (game, hold) = held_game();
    let node = Running::playing(game, &folder, "--admin off").unwrap();
    let (mut player, joined) = Player::joined(&node.ready, "plaza/main");
    player.command(&joined);
    hold.began();
    while local(&node.ready, "GET /readyz").status == 200 {}
    let answer = local(&node.ready, "GET /readyz");
    let expect = "the handler `command` of plaza/main does not return\n";
    assert_eq!((answer.status, answer.body.as_str()), (503, expect));
    assert_eq!(local(&node.ready, "GET /healthz").status, 200);
    drop(hold);
    while local(&node.ready, "GET /readyz").status == 503 {}
    node.stopped().unwrap();
}

/// The process of the test below.
fn node(data: &Path, hangs: bool) -> anyhow::Result<()> {
    let (held, hold) = held_game();
    let line = format!(
        "serve --guests --listen 127.0.0.1:0 --admin off --shards 1 --hung-handler 2s \
         --log-format json --data {}",
        data.display()
    );
    let play = Box::new(move |ready: Ready| match hangs {
        false => ready.stop.stop(),
        true => drop(std::thread::spawn(move || {
            let (mut player, joined) = Player::joined(&ready, "plaza/main");
            player.command(&joined);
            // The connection is lost with the process.
            while player.next().is_some() {}
            drop(hold);
        })),
    });
    run(
        if hangs { held } else { game() },
        Some(command(&line)),
        Some(play),
    )
}

#[test]
fn a_hung_process_names_the_handler_ends_and_starts_again() {
    if let Some(data) = std::env::var_os(NODE) {
        return node(Path::new(&data), std::env::var_os(HANGS).is_some()).unwrap();
    }
    let folder = Folder::new();
    let name = "hanging::a_hung_process_names_the_handler_ends_and_starts_again";
    let supervise = |hangs: bool| {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child
            .args(["--exact", name, "--nocapture"])
            .env(NODE, &folder.0);
        if hangs {
            child.env(HANGS, "1");
        }
        let ended = child.stdout(Stdio::null()).output().unwrap();
        (ended.status, String::from_utf8(ended.stderr).unwrap())
    };
    let (status, log) = supervise(true);
    assert_eq!(status.signal(), Some(SIGABRT), "{log}");
    let named: Vec<&str> = log
        .lines()
        .filter(|line| line.contains(r#""room":"plaza/main","handler":"command""#))
        .collect();
    assert_eq!(named.len(), 2, "as soon as it hangs, and at the end: {log}");
    assert!(log.contains("the process ends"), "{log}");
    // As its supervisor does.
    let (status, log) = supervise(false);
    assert!(status.success(), "{log}");
}
