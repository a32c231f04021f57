//! The commands in README for newcomers.

use anyhow::bail;

/// A command, by the way it is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command<'r> {
    /// Starts a server, which runs until it is ended.
    Dev(&'r str),
    /// Ends with success or failure.
    Test(&'r str),
    /// Joins the server of another terminal.
    Play(&'r str),
}

impl<'r> Command<'r> {
    pub(crate) fn line(self) -> &'r str {
        match self {
            Self::Dev(line) | Self::Test(line) | Self::Play(line) => line,
        }
    }
}

/// Returns the lines of the blocks marked `sh`, in order.
///
/// # Errors
///
/// If a command is unknown, or if none starts the server or runs the tests.
pub(crate) fn commands(readme: &str) -> anyhow::Result<Vec<Command<'_>>> {
    let mut commands = Vec::new();
    let mut inside = false;
    for line in readme.lines() {
        if line.starts_with("```") {
            inside = line == "```sh";
        } else if inside {
            commands.push(command(line)?);
        }
    }
    if !matches!(commands[..], [Command::Dev(_), Command::Test(_), ..]) {
        bail!("README's first two commands are not a server and the tests, but {commands:?}");
    }
    Ok(commands)
}

fn command(line: &str) -> anyhow::Result<Command<'_>> {
    match line {
        "cargo run -- dev" => Ok(Command::Dev(line)),
        "cargo xtask test" => Ok(Command::Test(line)),
        "cargo run -- play" => Ok(Command::Play(line)),
        unknown => {
            bail!("README says `{unknown}`, and xtask/src/fresh does not know how to try it")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_of_this_tree() {
        let commands = commands(include_str!("../../../README.md")).unwrap();
        assert_eq!(
            commands,
            [
                Command::Dev("cargo run -- dev"),
                Command::Test("cargo xtask test"),
                Command::Play("cargo run -- play"),
            ]
        );
    }

    #[test]
    fn a_readme_that_says_something_else_is_refused() {
        let check = |readme: &str, expect: &str| {
            let error = commands(readme).unwrap_err().to_string();
            assert!(error.contains(expect), "{error}");
        };
        check("```sh\nmake test\n```\n", "`make test`");
        check(
            "```sh\ncargo run -- dev\n```\n```\nmake\n```\n",
            "not a server and the tests",
        );
    }
}
