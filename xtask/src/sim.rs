//! `sim`, which runs the simulator, and `mutants`, which checks that it finds deliberate defects.

use std::path::Path;
use std::time::Instant;

use crate::command;
use crate::mutants::{self, Mutant};
use crate::workspace::{Files, Workspace};
use anyhow::{Context, bail};

/// Builds the simulator in its own profile and runs it with these arguments.
///
/// # Errors
///
/// If it does not build, or finds a violation.
pub(crate) fn sim(workspace: &Workspace, words: &[&str]) -> anyhow::Result<()> {
    let mut cargo = command::cargo(&workspace.root);
    cargo.args([
        "run",
        "--quiet",
        "--locked",
        "--profile",
        "sim",
        "-p",
        "wayfare-sim",
        "--",
    ]);
    cargo.args(words);
    command::show(cargo)
}

/// Applies each mutant to a copy of the tree, runs seeds until it is found, and prints a table.
/// With names, only those mutants.
///
/// # Errors
///
/// If a mutant does not apply or build, or is not found.
pub(crate) fn mutants(workspace: &Workspace, names: &[&str]) -> anyhow::Result<()> {
    let files = workspace.files()?;
    let copy = workspace.root.join("target/mutants/tree");
    copy_tree(&files, &copy)?;
    println!("| mutant | what it breaks | scenario | found by | seeds |\n|---|---|---|---|---|");
    let mut missed = Vec::new();
    for mutant in mutants::all(&files)? {
        let name = &mutant.name;
        if !names.is_empty() && !names.contains(&name.as_str()) {
            continue;
        }
        let found = find(&mutant, &files, &copy)?;
        let found = found.unwrap_or_else(|| {
            missed.push(mutant.name.clone());
            format!("**not found** | {}", mutant.seeds_max)
        });
        println!(
            "| `{name}` | {} | {} | {found} |",
            mutant.breaks, mutant.scenario
        );
    }
    if !missed.is_empty() {
        bail!("not found: {}", missed.join(", "));
    }
    Ok(())
}

/// Returns the finding invariant and the number of seeds, as two cells.
fn find(mutant: &Mutant, files: &Files, copy: &Path) -> anyhow::Result<Option<String>> {
    let began = Instant::now();
    let mutated = mutant.apply(files)?;
    let place = copy.join(&mutant.file);
    std::fs::write(&place, mutated)?;
    let mut cargo = command::cargo(copy);
    cargo.args([
        "run",
        "--quiet",
        "--profile",
        "sim",
        "-p",
        "wayfare-sim",
        "--",
        "--scenario",
        &mutant.scenario,
        "--find",
    ]);
    cargo.arg(mutant.seeds_max.to_string());
    cargo.env("CARGO_TARGET_DIR", copy.with_file_name("build"));
    let output = cargo.output().context("cannot start cargo")?;
    std::fs::write(&place, &files.texts[&mutant.file])?;
    let said = String::from_utf8_lossy(&output.stdout);
    let line = said.lines().last().unwrap_or_default();
    eprintln!("{}: {line}, {} s", mutant.name, began.elapsed().as_secs());
    let mut words = line.splitn(3, ' ');
    match (words.next(), words.next(), words.next()) {
        (Some("found"), Some(seeds), Some(invariant)) => Ok(Some(format!("{invariant} | {seeds}"))),
        (Some("not"), ..) => Ok(None),
        _ => bail!(
            "mutant {} does not build\n{}",
            mutant.name,
            String::from_utf8_lossy(&output.stderr)
        ),
    }
}

/// Writes only files that differ, so that nothing else is rebuilt.
fn copy_tree(files: &Files, to: &Path) -> anyhow::Result<()> {
    for (path, text) in &files.texts {
        let place = to.join(path);
        if std::fs::read_to_string(&place).is_ok_and(|found| found == *text) {
            continue;
        }
        if let Some(folder) = place.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&place, text).with_context(|| format!("cannot write {path}"))?;
    }
    Ok(())
}
