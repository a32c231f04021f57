//! The conventions of a program's command line: completions, a page for `man`, exit codes.

use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{FromArgMatches, Parser, Subcommand};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::Result;

// The commands that every program has for its own command line. A doc comment here would replace the
// program's own text in its help.
#[derive(Subcommand)]
enum Convention {
    /// Print completions for a shell, to be put where the shell looks for them
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print a page for `man`
    Man {
        /// Write a page for each command to this folder instead
        #[arg(long, value_name = "FOLDER")]
        out: Option<PathBuf>,
    },
}

/// Parses the arguments of this process as `A`. The program also gets the commands `completions`
/// and `man`.
///
/// If the arguments are not understood, the process ends with a message and exit code 2. It also
/// ends after `completions`, `man`, `--help` and `--version`.
#[must_use]
pub fn arguments<A: Parser>() -> A {
    parse(A::command())
}

/// Parses the arguments of this process as `A`, with a description that is finished at run time.
pub(crate) fn parse<A: FromArgMatches>(program: clap::Command) -> A {
    let program = Convention::augment_subcommands(program);
    let matches = program.clone().get_matches();
    if let Ok(convention) = Convention::from_arg_matches(&matches) {
        exit(follow(program, convention));
    }
    A::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}

/// Ends the process as [`exit_code`] says.
pub(crate) fn exit(outcome: Result<()>) -> ! {
    let failed = exit_code(outcome) != ExitCode::SUCCESS;
    std::process::exit(i32::from(failed))
}

fn follow(mut program: clap::Command, convention: Convention) -> Result<()> {
    let mut text = Vec::new();
    match convention {
        Convention::Completions { shell } => {
            let name = program.get_name().to_owned();
            clap_complete::generate(shell, &mut program, name, &mut text);
        }
        Convention::Man { out: Some(folder) } => return write_pages(program, &folder),
        Convention::Man { out: None } => Man::new(program).render(&mut text)?,
    }
    match io::stdout().write_all(&text) {
        // As in `man | head`.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        outcome => Ok(outcome?),
    }
}

fn write_pages(program: clap::Command, folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(program, folder))
        .with_context(|| format!("the pages cannot be written to {}", folder.display()))
}

/// Ends a `main`: prints an error as one line that begins with `error:`, without a backtrace, and
/// returns the exit code of the program. The codes are in `docs/operations/command-line.md`.
#[must_use]
pub fn exit_code(outcome: Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody reads it if this fails.
            drop(writeln!(io::stderr(), "error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
