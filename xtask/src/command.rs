//! Execution of other programs.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

/// Returns the cargo that runs this task, so that the toolchain is the same.
pub(crate) fn cargo(root: &Path) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(root);
    command
}

/// Runs a program with the terminal's own output.
///
/// # Errors
///
/// If the program cannot be started or does not end with success.
pub(crate) fn show(mut command: Command) -> anyhow::Result<()> {
    let status = command
        .status()
        .with_context(|| format!("cannot start {}", line(&command)))?;
    if !status.success() {
        bail!("`{}` failed", line(&command));
    }
    Ok(())
}

/// Runs a program and returns its output. Its stderr is shown only if it fails.
///
/// # Errors
///
/// Those of [`show`], and if the output is not UTF-8.
pub(crate) fn capture(mut command: Command, input: &str) -> anyhow::Result<String> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", line(&command)))?;
    let mut stdin = child
        .stdin
        .take()
        .context("the pipe asked for is not there")?;
    // The input is written from a second thread, because the program may print before it has read
    // everything.
    let output = std::thread::scope(|scope| {
        let writer = scope.spawn(move || stdin.write_all(input.as_bytes()));
        let output = child.wait_with_output();
        (output, writer.join())
    });
    let output = output.0?;
    if !output.status.success() {
        bail!(
            "`{}` failed\n{}",
            line(&command),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn line(command: &Command) -> String {
    let program = Path::new(command.get_program())
        .file_name()
        .unwrap_or_default();
    let words = std::iter::once(program).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}
