//! `verify`, which CI runs, and `fix`, which repairs what a machine can repair.

use std::time::Instant;

use anyhow::Context;

use crate::codegen::{self, Mode};
use crate::command;
use crate::test;
use crate::tidy;
use crate::workspace::Workspace;

/// The choice to run the tests in `verify`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tests {
    Run,
    LeaveOut,
}

struct Step {
    name: &'static str,
    /// The instruction for a failure.
    cure: &'static str,
    action: Action,
}

enum Action {
    Cargo(&'static [&'static str]),
    Codegen,
    Tidy,
    Test,
}

/// The steps, cheapest first. With `--locked` a stale Cargo.lock is a failure, and is not
/// rewritten.
const STEPS: &[Step] = &[
    Step {
        name: "format",
        cure: "run `cargo xtask fix`",
        action: Action::Cargo(&["fmt", "--all", "--check"]),
    },
    Step {
        name: "codegen",
        cure: "run `cargo xtask fix`",
        action: Action::Codegen,
    },
    Step {
        name: "tidy",
        cure: "do what each line says, see `cargo xtask tidy`",
        action: Action::Tidy,
    },
    Step {
        name: "clippy",
        cure: "run `cargo clippy --workspace --all-targets` and settle each warning",
        action: Action::Cargo(&[
            "clippy",
            "--locked",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ]),
    },
    Step {
        name: "test",
        cure: "run `cargo test -p <crate> <test>`",
        action: Action::Test,
    },
    Step {
        name: "doc",
        cure: "run `cargo doc --workspace --no-deps` and settle each warning",
        action: Action::Cargo(&["doc", "--locked", "--workspace", "--no-deps"]),
    },
];

/// Runs every step and stops at the first failure. Writes only to `target/`.
///
/// # Errors
///
/// The first failure, with an instruction.
pub(crate) fn verify(workspace: &Workspace, tests: Tests) -> anyhow::Result<()> {
    for step in STEPS {
        if matches!(step.action, Action::Test) && tests == Tests::LeaveOut {
            continue;
        }
        println!("== {}", step.name);
        let start = Instant::now();
        perform(workspace, &step.action)
            .with_context(|| format!("step {} failed: {}", step.name, step.cure))?;
        println!("   {:.1} s", start.elapsed().as_secs_f64());
    }
    Ok(())
}

/// Formats and regenerates.
///
/// # Errors
///
/// If a source cannot be parsed.
pub(crate) fn fix(workspace: &Workspace) -> anyhow::Result<()> {
    // Code is generated first, because `cargo fmt` needs every module to exist.
    codegen::run(workspace, Mode::Write)?;
    let mut format = command::cargo(&workspace.root);
    format.args(["fmt", "--all"]);
    command::show(format)
}

fn perform(workspace: &Workspace, action: &Action) -> anyhow::Result<()> {
    match action {
        Action::Cargo(arguments) => cargo(workspace, arguments),
        Action::Codegen => codegen::run(workspace, Mode::Check),
        Action::Tidy => tidy::run(workspace),
        Action::Test => test::run(workspace, &[]),
    }
}

fn cargo(workspace: &Workspace, arguments: &[&str]) -> anyhow::Result<()> {
    let mut cargo = command::cargo(&workspace.root);
    cargo.args(arguments).env("RUSTDOCFLAGS", "-D warnings");
    command::show(cargo)
}
