//! A `play` terminal as a child process, and the record that it writes.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ExitStatus, Stdio};
use std::sync::mpsc::Receiver;
use std::time::Instant;

use serde_json::Value;
use tempfile::TempDir;

use crate::server::{PATIENCE, read_lines, wayfare};

pub(crate) struct Terminal {
    child: Child,
    input: Option<ChildStdin>,
    output: Receiver<String>,
    folder: TempDir,
}

impl Terminal {
    /// Joins a room, and waits for the join.
    pub(crate) fn join(url: &str, name: &str, room: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut child = wayfare()
            .args([
                "play",
                url,
                room,
                "--name",
                name,
                "--backoff-max",
                "50",
                "--record",
            ])
            .arg(folder.path().join("record"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let input = child.stdin.take();
        let output = read_lines(child.stdout.take().unwrap());
        let terminal = Self {
            child,
            input,
            output,
            folder,
        };
        terminal.wait_for(&format!("joined {room}"));
        terminal
    }

    pub(crate) fn type_line(&mut self, line: &str) {
        let input = self.input.as_mut().unwrap();
        writeln!(input, "{line}").unwrap();
        input.flush().unwrap();
    }

    /// Reads until a line contains `text`.
    pub(crate) fn wait_for(&self, text: &str) -> String {
        loop {
            let line = self.output.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("the terminal never said {text:?}"));
            if line.contains(text) {
                return line;
            }
        }
    }

    /// Ends the input. The terminal waits for its answers and leaves.
    pub(crate) fn end(self) -> Account {
        let (status, account) = self.end_anyhow();
        assert!(status.success(), "{status}");
        account
    }

    /// Waits until the record contains this text. It is written line by line.
    pub(crate) fn wait_for_record(&self, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        let path = self.folder.path().join("record");
        while !std::fs::read_to_string(&path).unwrap().contains(text) {
            assert!(Instant::now() < deadline, "the record never said {text:?}");
        }
    }

    /// Ends the input, without a check of the terminal's status.
    pub(crate) fn end_anyhow(mut self) -> (ExitStatus, Account) {
        drop(self.input.take());
        while self.output.recv_timeout(PATIENCE).is_ok() {}
        let status = self.child.wait().unwrap();
        (status, Account::read(self.folder.path().join("record")))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A terminal's own record of what it did and received.
pub(crate) struct Account {
    pub(crate) lines: Vec<Value>,
}

impl Account {
    fn read(path: PathBuf) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        Self {
            lines: text
                .lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect(),
        }
    }

    /// Returns the typed lines, in order.
    pub(crate) fn sent(&self) -> Vec<&str> {
        self.lines
            .iter()
            .filter_map(|line| line["command"].as_str())
            .collect()
    }

    /// Returns the numbers of successful commands, in the order of the answers.
    pub(crate) fn answered(&self) -> Vec<u64> {
        for line in &self.lines {
            assert!(line.get("error").is_none(), "{line}");
            assert!(line.get("resync").is_none(), "{line}");
        }
        self.lines
            .iter()
            .filter_map(|line| line["answered"].as_u64())
            .collect()
    }

    /// Returns all chat lines in the room, with their speakers.
    pub(crate) fn said(&self) -> Vec<(String, String)> {
        let said = self
            .lines
            .iter()
            .filter_map(|line| line["event"].get("said"));
        said.map(|said| {
            let field = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
            (field("name"), field("text"))
        })
        .collect()
    }

    pub(crate) fn interruptions(&self) -> usize {
        let states = self.lines.iter().filter_map(|line| line["state"].as_str());
        states
            .filter(|state| state.contains("trying again"))
            .count()
    }
}
