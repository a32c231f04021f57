//! The workspace's own tasks. `cargo xtask` without arguments lists them.

mod codegen;
mod command;
mod fresh;
mod mutants;
mod needs;
mod sim;
mod test;
mod tidy;
mod verify;
mod workspace;

use std::io::Write;
use std::process::ExitCode;

use anyhow::bail;

use crate::codegen::Mode;
use crate::workspace::Workspace;

const HELP: &str = "\
usage: cargo xtask <command>

  test [word …]        all tests, with what they need; words are for `cargo test`: -p CRATE, a name
  needs                finds or installs what all tests need, those of the client for browsers too
  fresh [word …]       README's commands in a fresh clone, without the programs it installs
  verify [--no-test]   everything CI checks; never writes to the tree
  fix                  formats and regenerates, which cures most of what verify finds
  tidy                 the rules of this house that no compiler knows
  codegen [--check]    Rust from *.proto; --check only names stale files
  descriptors          proto/*.proto as a FileDescriptorSet on the standard output
  sim …                plays the simulator: --seed N, --seeds A..B, --minutes M, --scenario S
  mutants [name …]     puts defects into a copy of the tree, and asks the simulator to find them";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> anyhow::Result<()> {
    match arguments {
        [] | ["help" | "--help" | "-h"] => {
            println!("{HELP}");
            Ok(())
        }
        ["test", words @ ..] => test::run(&Workspace::find()?, words),
        ["needs"] => needs::ensure(&[needs::TESTS, needs::BROWSER].concat()),
        ["fresh", words @ ..] => fresh::run(&Workspace::find()?, words),
        ["verify"] => verify::verify(&Workspace::find()?, verify::Tests::Run),
        ["verify", "--no-test"] => verify::verify(&Workspace::find()?, verify::Tests::LeaveOut),
        ["fix"] => verify::fix(&Workspace::find()?),
        ["tidy"] => tidy::run(&Workspace::find()?),
        ["codegen"] => codegen::run(&Workspace::find()?, Mode::Write),
        ["codegen", "--check"] => codegen::run(&Workspace::find()?, Mode::Check),
        ["descriptors"] => {
            let descriptors = codegen::descriptors(&Workspace::find()?)?;
            Ok(std::io::stdout().write_all(&descriptors)?)
        }
        ["sim", words @ ..] => sim::sim(&Workspace::find()?, words),
        ["mutants", names @ ..] => sim::mutants(&Workspace::find()?, names),
        [
            command @ ("needs" | "verify" | "fix" | "tidy" | "codegen" | "descriptors"),
            rest @ ..,
        ] => {
            bail!("{command} does not take `{}`\n\n{HELP}", rest.join(" "))
        }
        [unknown, ..] => {
            bail!(
                "no command `{unknown}`: test, needs, fresh, verify, fix, tidy, codegen, descriptors, sim or mutants\n\n{HELP}"
            )
        }
    }
}
