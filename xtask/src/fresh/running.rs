//! A program that goes on until it is dropped, and the lines it prints meanwhile.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use anyhow::{Context, bail};

/// Longer than a build from nothing takes on a slow machine.
const SILENCE_MAX: Duration = Duration::from_secs(60 * 60);
/// Lines that wait to be read. Whoever reads has seen enough long before.
const LINES_MAX: usize = 10_000;

/// Killed when it is dropped.
pub(crate) struct Running {
    name: String,
    child: Child,
    lines: Receiver<String>,
}

impl Running {
    /// # Errors
    ///
    /// If there is no such program.
    pub(crate) fn start(mut command: Command) -> anyhow::Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let spawned = command.stdout(Stdio::piped()).spawn();
        let mut child = spawned.with_context(|| format!("cannot start {name}"))?;
        let output = child.stdout.take();
        let output = output.context("the pipe asked for is not there")?;
        let (sender, lines) = sync_channel(LINES_MAX);
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                // Nobody reads any more: the output is drained, so that the program can go on.
                drop(sender.try_send(line));
            }
        });
        Ok(Self { name, child, lines })
    }

    /// Waits for what it prints next.
    ///
    /// # Errors
    ///
    /// If it ends or stays silent instead.
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
        // By its id. `cargo run` has become the program it ran by then.
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
