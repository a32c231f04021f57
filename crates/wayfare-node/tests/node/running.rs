//! A node on a thread of this process, with ports and a folder of its own.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use clap::Parser;
use wayfare_node::{Command, Game, Ready, run};

use crate::stub_room::game;

#[derive(Parser)]
#[command(no_binary_name = true)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

/// Parses a command line.
pub(crate) fn command(line: &str) -> Command {
    Line::parse_from(line.split_whitespace()).command
}

/// An unused path. It is removed with its content when dropped.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("wayfare-node-{}-{number}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A running node. It is stopped and awaited when dropped.
pub(crate) struct Running {
    pub(crate) ready: Ready,
    thread: Option<JoinHandle<anyhow::Result<()>>>,
    folder: Option<Folder>,
}

impl Running {
    /// Starts a node that lets guests in.
    pub(crate) fn new(more: &str) -> Self {
        let folder = Folder::new();
        let mut running = Self::on(&folder, more).expect("the node starts");
        running.folder = Some(folder);
        running
    }

    /// Starts a node on this data folder, or returns why it does not start.
    pub(crate) fn on(folder: &Folder, more: &str) -> Result<Self, String> {
        Self::playing(game(), folder, more)
    }

    /// Starts a node with another game.
    pub(crate) fn playing(game: Game, folder: &Folder, more: &str) -> Result<Self, String> {
        let shards = if more.contains("--shards") {
            ""
        } else {
            "--shards 2"
        };
        let line = format!(
            "serve --guests --listen 127.0.0.1:0 {shards} --log error --data {} {more}",
            folder.0.display()
        );
        Self::run(game, &line)
    }

    /// Starts a node with another game, as its author does.
    pub(crate) fn developing(game: Game, folder: &Folder) -> Result<Self, String> {
        let data = folder.0.display();
        let line =
            format!("dev --listen 127.0.0.1:0 --admin off --shards 2 --log error --data {data}");
        Self::run(game, &line)
    }

    fn run(game: Game, line: &str) -> Result<Self, String> {
        let (told, ready) = mpsc::sync_channel(1);
        let command = command(line);
        let thread = thread::spawn(move || {
            let tell = Box::new(move |ready| told.send(ready).expect("the test waits"));
            run(game, Some(command), Some(tell))
        });
        match ready.recv() {
            Ok(ready) => Ok(Self {
                ready,
                thread: Some(thread),
                folder: None,
            }),
            Err(_) => Err(format!("{:#}", thread.join().unwrap().unwrap_err())),
        }
    }

    /// Waits for the stop and returns the result of `run`.
    pub(crate) fn stopped(mut self) -> anyhow::Result<()> {
        self.ready.stop.stop();
        self.thread
            .take()
            .expect("it runs")
            .join()
            .expect("no panic")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.ready.stop.stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
