//! The node that is measured, from both sides: one shard, as it runs for players, nothing on disk.

use std::path::Path;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use clap::Parser;
use wayfare_node::{Command, Game, Ready, SettingFlags, Shards};

use crate::child::{ServerProcess, announce};
use crate::crowd::Speaks;
use crate::folder::Folder;
use crate::kinds::kinds;
use crate::tokens::{KEY_FILE, Tokens};

const START_TIME_MAX: Duration = Duration::from_secs(20);

/// A node in a process of its own, and the key to get in.
pub(crate) struct ServerNode {
    process: ServerProcess,
    tokens: Tokens,
}

impl ServerNode {
    /// Starts it and waits until it takes players.
    pub(crate) fn start() -> Result<Self> {
        let folder = Folder::make()?;
        let tokens = Tokens::make(folder.path())?;
        let process = ServerProcess::start("server", folder)?;
        Ok(Self { process, tokens })
    }

    pub(crate) fn process(&self) -> &ServerProcess {
        &self.process
    }

    pub(crate) fn into_process(self) -> ServerProcess {
        self.process
    }

    /// A client of it: the player `client`, who joins `room`, if there is one, as soon as welcome.
    pub(crate) fn speaks(&self, client: u32, room: Option<String>) -> Result<Speaks> {
        Ok(Speaks::Wayfare {
            token: self.tokens.mint(client)?,
            room,
        })
    }
}

/// The child's side: serves until the parent process is gone.
pub(crate) fn run(folder: &Path) -> Result<()> {
    let key = folder.join(KEY_FILE);
    let flags = flags(folder, &format!("--token-key-file={}", key.display()))?;
    let ready = Box::new(|ready: Ready| {
        if let Err(error) = announce(ready.listen) {
            // Without the line the parent gives up, and this process ends with it.
            eprintln!("the parent cannot be told: {error}");
        }
    });
    wayfare_node::run(game(), Some(Command::Serve(flags)), Some(ready))
}

/// A node in this process, for its memory transport.
pub(crate) struct NodeHere {
    ready: Ready,
    thread: Option<JoinHandle<Result<()>>>,
    _folder: Folder,
}

impl NodeHere {
    /// Starts it and waits until it takes players. Guests get in.
    pub(crate) fn start() -> Result<Self> {
        let folder = Folder::make()?;
        let flags = flags(folder.path(), "--guests")?;
        let (tell, told) = mpsc::sync_channel(1);
        let ready = Box::new(move |ready| drop(tell.send(ready)));
        let thread =
            thread::spawn(|| wayfare_node::run(game(), Some(Command::Serve(flags)), Some(ready)));
        match told.recv_timeout(START_TIME_MAX) {
            Ok(ready) => Ok(Self {
                ready,
                thread: Some(thread),
                _folder: folder,
            }),
            Err(mpsc::RecvTimeoutError::Timeout) => Err(anyhow!("the node does not start in time")),
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                let outcome = thread.join().map_err(|_| anyhow!("the node panicked"))?;
                Err(outcome
                    .err()
                    .unwrap_or_else(|| anyhow!("the node stopped by itself")))
            }
        }
    }

    pub(crate) fn shards(&self) -> &Shards {
        &self.ready.shards
    }

    /// Stops it and waits until it has stopped.
    pub(crate) fn stop(mut self) -> Result<()> {
        self.ready.stop.stop();
        let thread = self.thread.take().context("the node is running")?;
        thread.join().map_err(|_| anyhow!("the node panicked"))?
    }
}

fn game() -> Game {
    Game {
        name: "wayfare bench".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        kinds: kinds(),
    }
}

/// What differs from the defaults: one shard, ports of the system's choice, and no settings file of
/// whoever runs the bench.
fn flags(folder: &Path, players: &str) -> Result<SettingFlags> {
    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        flags: SettingFlags,
    }
    let config = folder.join("wayfare.toml");
    std::fs::write(&config, "")?;
    let config = format!("--config={}", config.display());
    let data = format!("--data={}", folder.display());
    let line = [
        "bench",
        &config,
        &data,
        "--listen=127.0.0.1:0",
        "--admin=127.0.0.1:0",
        "--shards=1",
        "--log=warn",
        players,
    ];
    Ok(Line::try_parse_from(line)?.flags)
}
