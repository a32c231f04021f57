//! A node as a child process, with ports and a data folder of its own.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The time limit of every wait: longer than anything here takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Returns a command for the binary under test.
pub(crate) fn wayfare() -> Command {
    Command::new(env!("CARGO_BIN_EXE_wayfare"))
}

/// A server that ends with its test.
pub(crate) struct Server {
    child: Child,
    folder: TempDir,
    lines: Receiver<String>,
    pub(crate) greeting: Vec<String>,
    pub(crate) url: String,
}

impl Server {
    /// Starts `wayfare COMMAND …` and waits for the line with its address.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_with(arguments, &[])
    }

    /// Starts it with these environment variables.
    pub(crate) fn start_with(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut child = wayfare()
            .args(arguments)
            .args(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"])
            .arg("--data")
            .arg(folder.path().join("data"))
            .current_dir(folder.path())
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let lines = read_lines(child.stdout.take().unwrap());
        let mut server = Self {
            child,
            folder,
            lines,
            greeting: Vec::new(),
            url: String::new(),
        };
        while server.url.is_empty() {
            let line = server
                .lines
                .recv_timeout(PATIENCE)
                .expect("the server says where it is");
            if let Some(start) = line.find("ws://") {
                let url = line[start..]
                    .split(|c: char| c.is_whitespace() || c == '"')
                    .next();
                server.url = url.unwrap_or_default().to_owned();
            }
            server.greeting.push(line);
        }
        server
    }

    /// Returns the next line of its output, if one arrives in time.
    pub(crate) fn next_line(&self, patience: Duration) -> Option<String> {
        self.lines.recv_timeout(patience).ok()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Returns host and port.
    pub(crate) fn address(&self) -> String {
        self.url
            .trim_start_matches("ws://")
            .trim_end_matches('/')
            .to_owned()
    }

    /// Runs an operator's command against it.
    pub(crate) fn operate(&self, arguments: &[&str]) -> Output {
        wayfare()
            .args(arguments)
            .arg("--data")
            .arg(self.data())
            .output()
            .unwrap()
    }

    /// Asks it to stop, as an init system would, and returns its status and the time it took.
    pub(crate) fn terminate(&mut self) -> (std::process::ExitStatus, Duration) {
        let start = Instant::now();
        let killed = Command::new("kill")
            .arg(self.child.id().to_string())
            .status()
            .unwrap();
        assert!(killed.success());
        (self.child.wait().unwrap(), start.elapsed())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Reads lines of a pipe on a thread, so that a wait for one can time out.
pub(crate) fn read_lines(pipe: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = sync_channel(10_000);
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines() {
            let Ok(line) = line else { return };
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}
