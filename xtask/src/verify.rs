//! `verify`, which is what CI runs, and `fix`, which cures what a machine can cure.

use std::time::Instant;

use anyhow::Context;

use crate::codegen::{self, Mode};
use crate::command;
use crate::test;
use crate::tidy;
use crate::workspace::Workspace;

/// Whether `verify` runs the tests.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tests {
    Run,
    LeaveOut,
}

struct Step {
    name: &'static str,
    /// What to do when it fails.
    cure: &'static str,
    action: Action,
}

enum Action {
    Cargo(&'static [&'static str]),
    Codegen,
    Tidy,
    Test,
}

/// Cheapest first. `--locked`: a stale Cargo.lock is a failure here, not something to rewrite.
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

/// Runs every step and stops at the first that fails. Writes nothing but `target/`.
///
/// # Errors
///
/// The first failure, with what to do about it.
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
/// If a source does not parse.
pub(crate) fn fix(workspace: &Workspace) -> anyhow::Result<()> {
    // Generated code first: `cargo fmt` needs every module to be there.
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
