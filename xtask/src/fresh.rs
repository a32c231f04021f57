//! `fresh`: tries README's commands in a fresh clone, without programs that were installed for the
//! tests.

mod hiding;
mod readme;
mod running;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use tempfile::TempDir;

use crate::command;
use crate::fresh::hiding::Hiding;
use crate::fresh::running::Running;
use crate::needs::{self, Environment};
use crate::workspace::Workspace;

/// The number of lines that `dev` prints at its start.
const GREETING_LINES: usize = 3;

/// Clones HEAD and tries each of README's commands there. `words` are appended to the test command.
///
/// # Errors
///
/// If a command does not do what README says.
pub(crate) fn run(workspace: &Workspace, words: &[&str]) -> anyhow::Result<()> {
    let clone = Clone::of_head(&workspace.root)?;
    let text = std::fs::read_to_string(clone.tree().join("README.md"))?;
    let mut server = None;
    for command in readme::commands(&text)? {
        println!("== {}", command.line());
        match command {
            readme::Command::Dev(line) => server = Some(clone.serve(line)?),
            readme::Command::Test(line) => clone.test(line, words)?,
            readme::Command::Play(line) => {
                let url = server.as_ref().map(|server| server.url.as_str());
                clone.play(line, url.context("README plays before it serves")?)?;
            }
        }
    }
    println!("== all of README's commands do what it says");
    Ok(())
}

/// A clone of this tree's HEAD, in a temporary folder.
struct Clone {
    folder: TempDir,
    machine: Environment,
}

struct Server {
    url: String,
    _process: Running,
    _hiding: Hiding,
}

impl Clone {
    fn of_head(root: &Path) -> anyhow::Result<Self> {
        let clone = Self {
            folder: tempfile::tempdir()?,
            machine: Environment::of_this_process(),
        };
        let mut git = Command::new("git");
        git.args(["clone", "--quiet", "--depth", "1"]);
        git.arg(format!("file://{}", root.display()));
        git.arg(clone.tree());
        command::show(git)?;
        Ok(clone)
    }

    fn tree(&self) -> std::path::PathBuf {
        self.folder.path().join("tree")
    }

    /// Makes a command of a README line and more words. It builds into a folder of the clone.
    fn command(&self, line: &str, words: &[&str]) -> Command {
        let mut parts = line.split(' ').chain(words.iter().copied());
        let mut command = Command::new(parts.next().unwrap_or_default());
        command.args(parts).current_dir(self.tree());
        command.env_remove("CARGO_TARGET_DIR").stdin(Stdio::null());
        command
    }

    /// Starts the server. It needs none of the hidden programs.
    fn serve(&self, line: &str) -> anyhow::Result<Server> {
        let hiding = Hiding::new(&self.machine.path, &needs::hidden_names())?;
        let mut command = self.command(line, &[]);
        hiding.apply(&mut command);
        let process = Running::start(command)?;
        let mut url = None;
        for _ in 0..GREETING_LINES {
            let said = process.next_line()?;
            println!("{said}");
            url = url.or_else(|| url_in(&said));
        }
        Ok(Server {
            url: url.context("the server does not say where it is")?,
            _process: process,
            _hiding: hiding,
        })
    }

    /// Tries the test command. If programs can be hidden, it must first name the line to type, and
    /// then pass with them. If there are none to hide, it must install them.
    fn test(&self, line: &str, words: &[&str]) -> anyhow::Result<()> {
        if needs::some_to_hide(&self.machine) {
            let hiding = Hiding::new(&self.machine.path, &needs::hidden_names())?;
            let mut command = self.command(line, words);
            hiding.apply(&mut command);
            let output = command.env(needs::NO_INSTALL, "1").output();
            let output = output.context("cannot start cargo")?;
            std::io::stderr().write_all(&output.stderr)?;
            let said = String::from_utf8_lossy(&output.stderr);
            let expected = needs::line_when_hidden(&self.machine);
            if output.status.success() || !said.lines().any(|it| it.ends_with(&expected)) {
                bail!("without its programs `{line}` does not say: {expected}");
            }
            println!("== {line}, with what it asked for");
        }
        command::show(self.command(line, words))
    }

    fn play(&self, line: &str, url: &str) -> anyhow::Result<()> {
        let mut command = self.command(line, &[url]);
        // The input stays open, because `play` ends with its input.
        command.stdin(Stdio::piped());
        let process = Running::start(command)?;
        loop {
            let said = process.next_line()?;
            println!("{said}");
            if said.contains("joined") {
                return Ok(());
            }
        }
    }
}

fn url_in(said: &str) -> Option<String> {
    let mut words = said.split_whitespace();
    words
        .find(|word| word.starts_with("ws://"))
        .map(|word| word.trim_end_matches([',', '.', ')']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_of_a_greeting() {
        let check = |said: &str, expect: Option<&str>| {
            assert_eq!(url_in(said).as_deref(), expect, "{said}");
        };
        check(
            "wayfare is at ws://127.0.0.1:7777, go",
            Some("ws://127.0.0.1:7777"),
        );
        check("open http://127.0.0.1:7777 in a browser", None);
    }
}
