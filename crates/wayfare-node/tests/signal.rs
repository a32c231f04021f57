//! A test of SIGTERM, in a process of its own because the signal stops every node of the process.

use clap::Parser;
use rustix::process::{Signal, getpid, kill_process};
use wayfare_node::{Command, Game, Ready, run};

#[derive(Parser)]
#[command(no_binary_name = true)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

#[test]
fn sigterm_stops_a_node_in_order() {
    let data = std::env::temp_dir().join(format!("wayfare-signal-{}", std::process::id()));
    let line = format!(
        "dev --listen 127.0.0.1:0 --admin off --data {}",
        data.display()
    );
    let command = Line::parse_from(line.split_whitespace()).command;
    let game = Game {
        name: "none".into(),
        version: "0".into(),
        ..Game::default()
    };
    let ready = Box::new(|_: Ready| kill_process(getpid(), Signal::TERM).unwrap());
    run(game, Some(command), Some(ready)).unwrap();
    assert!(!data.join("admin.sock").exists());
    std::fs::remove_dir_all(data).unwrap();
}
