//! The measured node, on both sides of the process boundary. It runs as it does for players, with
//! its storage in a temporary folder.

use std::path::Path;
use std::rc::Rc;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use bytes::Bytes;
use clap::Parser;
use wayfare_node::{Command, Game, Ready, SettingFlags, Shards};

use crate::child::{ServerProcess, announce};
use crate::crowd::Speaks;
use crate::folder::Folder;
use crate::kinds::kinds;
use crate::tokens::{KEY_FILE, Tokens};

const START_TIME_MAX: Duration = Duration::from_secs(20);
/// The default number of shards.
pub(crate) const ONE_SHARD: &str = "--shards=1";

/// A node in a separate process, and the key for tokens.
pub(crate) struct ServerNode {
    process: ServerProcess,
    tokens: Tokens,
    settings: Vec<String>,
}

impl ServerNode {
    /// Starts a node with one shard and waits until it accepts players.
    pub(crate) fn start() -> Result<Self> {
        Self::start_in(Folder::make()?, vec![ONE_SHARD.to_owned()])
    }

    /// Starts a node in this folder with these settings, as flags.
    pub(crate) fn start_in(folder: Folder, settings: Vec<String>) -> Result<Self> {
        let tokens = Tokens::make(folder.path())?;
        let process = ServerProcess::start("server", Rc::new(folder), &settings)?;
        Ok(Self {
            process,
            tokens,
            settings,
        })
    }

    /// Kills it, like `kill -9`, and starts another one on its data.
    pub(crate) fn kill_and_start(self) -> Result<Self> {
        let folder = self.process.folder();
        drop(self.process);
        let process = ServerProcess::start("server", folder, &self.settings)?;
        Ok(Self { process, ..self })
    }

    pub(crate) fn process(&self) -> &ServerProcess {
        &self.process
    }

    pub(crate) fn into_process(self) -> ServerProcess {
        self.process
    }

    /// Makes a client of the player `client`, which joins `room`, if given, after its login.
    pub(crate) fn speaks(&self, client: u32, room: Option<String>) -> Result<Speaks> {
        self.opens(client, room, Bytes::new())
    }

    /// Makes a client that creates the room with this data.
    pub(crate) fn opens(&self, client: u32, room: Option<String>, open: Bytes) -> Result<Speaks> {
        Ok(Speaks::Wayfare {
            token: self.tokens.mint(client)?,
            room,
            open,
        })
    }
}

/// The child's side: serves until the parent process ends.
pub(crate) fn run(folder: &Path, mut settings: Vec<String>) -> Result<()> {
    let key = folder.join(KEY_FILE);
    settings.push(format!("--token-key-file={}", key.display()));
    let flags = flags(folder, settings)?;
    let ready = Box::new(|ready: Ready| {
        if let Err(error) = announce(ready.listen, ready.admin) {
            // Without that line the parent gives up, and this process ends with it.
            eprintln!("the parent cannot be told: {error}");
        }
    });
    wayfare_node::run(game()?, Some(Command::Serve(flags)), Some(ready))
}

/// A node in this process, for its memory transport.
pub(crate) struct NodeHere {
    ready: Ready,
    thread: Option<JoinHandle<Result<()>>>,
    _folder: Folder,
}

impl NodeHere {
    /// Starts it and waits until it accepts players. Guests are let in.
    pub(crate) fn start() -> Result<Self> {
        let folder = Folder::make()?;
        let settings = vec![ONE_SHARD.to_owned(), "--guests".to_owned()];
        let flags = flags(folder.path(), settings)?;
        let game = game()?;
        let (tell, told) = mpsc::sync_channel(1);
        let ready = Box::new(move |ready| drop(tell.send(ready)));
        let thread =
            thread::spawn(|| wayfare_node::run(game, Some(Command::Serve(flags)), Some(ready)));
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

fn game() -> Result<Game> {
    Ok(Game {
        name: "wayfare bench".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        kinds: kinds()?,
        ..Game::default()
    })
}

/// The settings that differ from the defaults: ports chosen by the system, no settings file of the
/// user, and those of the benchmark.
fn flags(folder: &Path, settings: Vec<String>) -> Result<SettingFlags> {
    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        flags: SettingFlags,
    }
    let config = folder.join("wayfare.toml");
    std::fs::write(&config, "")?;
    let config = format!("--config={}", config.display());
    let data = format!("--data={}", folder.display());
    let fixed = [
        "bench",
        &config,
        &data,
        "--listen=127.0.0.1:0",
        "--admin=127.0.0.1:0",
        "--log=warn",
    ];
    let line = fixed.into_iter().map(str::to_owned).chain(settings);
    Ok(Line::try_parse_from(line)?.flags)
}
