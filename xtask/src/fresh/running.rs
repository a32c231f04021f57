//! A running program that is killed when dropped, and its output lines.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use anyhow::{Context, bail};

/// The time limit between two lines: longer than a full build on a slow machine.
const SILENCE_MAX: Duration = Duration::from_secs(60 * 60);
/// The maximum number of unread lines. A reader has seen enough long before.
const LINES_MAX: usize = 10_000;

/// A running program, killed when dropped.
pub(crate) struct Running {
    name: String,
    child: Child,
    lines: Receiver<String>,
}

impl Running {
    /// # Errors
    ///
    /// If the program does not exist.
    pub(crate) fn start(mut command: Command) -> anyhow::Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let spawned = command.stdout(Stdio::piped()).spawn();
        let mut child = spawned.with_context(|| format!("cannot start {name}"))?;
        let output = child.stdout.take();
        let output = output.context("the pipe asked for is not there")?;
        let (sender, lines) = sync_channel(LINES_MAX);
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                // If nobody reads any more, the output is dropped, so that the program can
                // continue.
                drop(sender.try_send(line));
            }
        });
        Ok(Self { name, child, lines })
    }

    /// Waits for the next line.
    ///
    /// # Errors
    ///
    /// If the program ends, or prints nothing in time.
    pub(crate) fn next_line(&self) -> anyhow::Result<String> {
        match self.lines.recv_timeout(SILENCE_MAX) {
            Ok(line) => Ok(line),
            Err(RecvTimeoutError::Disconnected) => bail!("{} ended too early", self.name),
            Err(RecvTimeoutError::Timeout) => bail!("{} is silent", self.name),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // `cargo run` has replaced itself by the program, so the id is the program's.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Running {
        let mut command = Command::new("sh");
        command.args(["-c", script]).stdin(Stdio::piped());
        Running::start(command).unwrap()
    }

    #[test]
    fn lines_are_read_one_by_one_until_the_program_ends() {
        let running = shell("echo one; echo two");
        assert_eq!(running.next_line().unwrap(), "one");
        assert_eq!(running.next_line().unwrap(), "two");
        let error = running.next_line().unwrap_err().to_string();
        assert_eq!(error, "sh ended too early");
    }

    #[test]
    fn a_program_that_goes_on_ends_when_it_is_dropped() {
        let running = shell("echo started; exec cat");
        assert_eq!(running.next_line().unwrap(), "started");
        drop(running);
    }
}
