//! A server that is killed and restarted with the same folder and port.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::server::{PATIENCE, read_lines, wayfare};

/// The range of ports, below the system's range for outgoing connections: while the server is down
/// nobody takes its port, and no client connects to itself.
const PORTS: std::ops::Range<u16> = 15_000..30_000;

/// The things that outlive the server.
pub(crate) struct Place {
    folder: TempDir,
    listen: String,
    settings: Vec<&'static str>,
    arguments: Vec<String>,
}

/// A run of the server, killed when dropped.
pub(crate) struct Victim {
    child: Child,
    lines: Receiver<String>,
}

impl Place {
    /// Makes a place with a free port and these settings of kinds.
    pub(crate) fn new(settings: Vec<&'static str>, chance: &mut ChaCha8Rng) -> Self {
        let port = loop {
            let port = chance.random_range(PORTS);
            if TcpListener::bind(("127.0.0.1", port)).is_ok() {
                break port;
            }
        };
        Self {
            folder: tempfile::tempdir().unwrap(),
            listen: format!("127.0.0.1:{port}"),
            settings,
            arguments: Vec::new(),
        }
    }

    /// Adds arguments.
    pub(crate) fn with(self, arguments: Vec<String>) -> Self {
        Self { arguments, ..self }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}", self.listen)
    }

    /// Starts the server. It is not ready yet.
    pub(crate) fn start(&self) -> Victim {
        let kinds = self.settings.iter().flat_map(|setting| ["--kind", setting]);
        let mut child = wayfare()
            .args(["dev", "--bots", "0", "--admin", "off"])
            .args(["--listen", &self.listen, "--data", "data"])
            .args(kinds)
            .args(&self.arguments)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(self.log())
            .spawn()
            .unwrap();
        let lines = read_lines(child.stdout.take().unwrap());
        Victim { child, lines }
    }

    /// Waits until it accepts players.
    ///
    /// # Errors
    /// If it ended, or is not ready in time. The error contains its last log line.
    pub(crate) fn wait_until_ready(&self, victim: &Victim) -> Result<(), String> {
        loop {
            match victim.lines.recv_timeout(PATIENCE) {
                Ok(line) if line.contains("ws://") => return Ok(()),
                Ok(_) => {}
                Err(error) => {
                    let logged = self.logged();
                    let last = logged.lines().last().unwrap_or_default();
                    return Err(format!("the server does not start, {error}: {last}"));
                }
            }
        }
    }

    /// Returns the log of all runs.
    pub(crate) fn logged(&self) -> String {
        let bytes = std::fs::read(self.log_path()).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn log(&self) -> File {
        let mut log = OpenOptions::new();
        let mut log = log.create(true).append(true).open(self.log_path()).unwrap();
        writeln!(log, "---- a start").unwrap();
        log
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("log")
    }
}

impl Victim {
    /// Lets it live for this time, and returns true if it began to accept players.
    ///
    /// # Errors
    /// If it ends by itself.
    pub(crate) fn spare(&self, life: Duration) -> Result<bool, String> {
        let until = Instant::now() + life;
        let mut ready = false;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => ready |= line.contains("ws://"),
                Err(RecvTimeoutError::Timeout) => return Ok(ready),
                Err(RecvTimeoutError::Disconnected) => {
                    return Err("the server died by itself".into());
                }
            }
        }
    }

    /// Waits for its end and returns its status.
    pub(crate) fn ended(mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// Asks it to stop, as an init system would.
    pub(crate) fn terminate(&self) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::TERM).unwrap();
    }

    /// Kills it, like `kill -9`.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        // It may have been killed before.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
