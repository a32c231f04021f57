//! A node whose process is stopped and continued, as a machine that sleeps does it.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};
use wayfare_node::{Ready, run};

use crate::player::Player;
use crate::running::{Folder, command};
use crate::stub_room::game;

/// Set in the process that is the node.
const NODE: &str = "WAYFARE_PAUSES_DATA";
/// Longer than a twentieth of the players needs to log in.
const SILENCE: Duration = Duration::from_secs(5);
/// More than the system reports as readable at once.
const PLAYERS: usize = 1100;

#[test]
fn clients_that_kept_sending_outlive_a_stop_of_the_node() {
    if let Ok(data) = std::env::var(NODE) {
        return serve(&data);
    }
    allow_open_files();
    let folder = Folder::new();
    let node = Node::start(&folder);
    let mut players = Vec::new();
    while players.len() < PLAYERS {
        players.extend((0..PLAYERS / 20).map(|_| Player::guest(node.listen)));
        players.iter_mut().for_each(|player| player.ping(1));
    }
    node.signal(Signal::STOP);
    let stopped = Instant::now();
    while stopped.elapsed() < SILENCE {
        players[0].until_silence(SILENCE / 5);
        players.iter_mut().for_each(|player| player.ping(1));
    }
    node.signal(Signal::CONT);
    players.iter_mut().for_each(|player| player.ping(2));
    players.iter_mut().for_each(|player| player.until_pong(2));
}

/// Each player needs one, and shells allow 1024.
fn allow_open_files() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    setrlimit(Resource::Nofile, raised).unwrap();
}

fn serve(data: &str) {
    let silence = format!("--heartbeat 1s --silence-max {}s", SILENCE.as_secs());
    let line = format!(
        "serve --guests --listen 127.0.0.1:0 --admin off --shards 1 --log error --data {data} {silence}"
    );
    let ready = Box::new(|ready: Ready| println!("\nlisten {}", ready.listen));
    run(game(), Some(command(&line)), Some(ready)).unwrap();
}

/// A node in a process of its own, killed when dropped.
struct Node {
    process: Child,
    listen: SocketAddr,
}

impl Node {
    fn start(folder: &Folder) -> Self {
        let test = "pauses::clients_that_kept_sending_outlive_a_stop_of_the_node";
        let mut process = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture"])
            .env(NODE, &folder.0)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        let listen = output.lines().find_map(|line| {
            let line = line.unwrap();
            line.strip_prefix("listen ").map(|at| at.parse().unwrap())
        });
        let listen = listen.expect("the node starts");
        Self { process, listen }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.process), signal).unwrap();
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
