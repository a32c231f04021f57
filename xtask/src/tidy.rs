//! House rules that no compiler checks. Each check is a pure function from text to complaints; only
//! this file reads anything.

mod bans;
mod code_map;
mod complaint;
mod doc_opening;
mod error_pages;
mod file_names;
mod file_size;
mod import_order;
mod layers;
mod leftovers;
mod links;
mod lock;
mod log_fields;
mod metadata;
mod metric_help;
mod names;
mod opening;
mod purity;
mod references;
mod rust_text;
mod whitespace;

use anyhow::bail;

use crate::command;
use crate::tidy::complaint::Complaint;
use crate::tidy::rust_text::RustText;
use crate::workspace::{Files, Workspace};

/// The path of generated code, which follows the generator's style.
const GENERATED: &str = "/generated/";
/// The path of a bundled page, which nobody edits.
const BUILT: &str = "/page/dist/";

/// Runs all checks.
///
/// If there are complaints. Every complaint is printed first.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<()> {
    let files = workspace.files()?;
    let mut complaints = sources(&files);
    complaints.extend(documents(&files));
    complaints.extend(dependencies(workspace, &files)?);
    complaints.sort();

    for complaint in &complaints {
        eprintln!("{complaint}");
    }
    if !complaints.is_empty() {
        bail!("tidy has {} complaints", complaints.len());
    }
    Ok(())
}

/// Checks each Rust file.
fn sources(files: &Files) -> Vec<Complaint> {
    let mut complaints = names::check(&files.paths);
    complaints.extend(file_names::check(&files.paths));
    let meanings = files
        .texts
        .get(metric_help::PATH)
        .map_or("", String::as_str);
    let written_here = |path: &&String| path.ends_with(".rs") && !path.contains(GENERATED);
    for (path, text) in files.texts.iter().filter(|(path, _)| written_here(path)) {
        let source = RustText::new(path, text);
        complaints.extend(names::check_modules(&source));
        complaints.extend(opening::check(&source));
        complaints.extend(doc_opening::check(&source));
        complaints.extend(file_size::check(&source));
        complaints.extend(leftovers::check(&source));
        complaints.extend(import_order::check(&source));
        complaints.extend(metric_help::check(&source, meanings));
        complaints.extend(log_fields::check(&source));
    }
    complaints
}

/// Checks the pages, and their agreement with the tree.
fn documents(files: &Files) -> Vec<Complaint> {
    let mut complaints = code_map::check(files.texts.get(code_map::PATH), &files.paths);
    complaints.extend(error_pages::check(&files.texts));
    let targets = references::Targets::new(&files.texts, &files.paths);
    for (path, text) in &files.texts {
        complaints.extend(links::check(path, text, &files.paths, &files.texts));
        if !path.contains(GENERATED) {
            complaints.extend(targets.check(path, text));
        }
        if !path.contains(BUILT) {
            complaints.extend(whitespace::check(path, text));
        }
    }
    complaints
}

/// Checks the dependencies.
fn dependencies(workspace: &Workspace, files: &Files) -> anyhow::Result<Vec<Complaint>> {
    let mut cargo = command::cargo(&workspace.root);
    cargo.args(["metadata", "--format-version", "1", "--no-deps", "--locked"]);
    let members = metadata::members(&command::capture(cargo, "")?, &workspace.root)?;
    let mut complaints = layers::check(&members, &files.texts);

    for name in purity::DECISION_CRATES {
        // `cargo tree -p` is used instead of the graph in `cargo metadata`. That graph has every
        // feature that any crate of the workspace enables; in it, a WebSocket library makes `rand`
        // use the operating system for all crates.
        let mut cargo = command::cargo(&workspace.root);
        cargo.args([
            "tree",
            "--locked",
            "--package",
            name,
            "--edges",
            "normal,no-proc-macro",
        ]);
        cargo.args([
            "--target",
            "all",
            "--no-dedupe",
            "--prefix",
            "depth",
            "--format",
            "{p}",
        ]);
        complaints.extend(purity::check(name, &command::capture(cargo, "")?));
    }

    let lock = files.texts.get(lock::PATH).map_or("", String::as_str);
    complaints.extend(lock::check(lock));
    complaints.extend(bans::check(&files.texts));
    Ok(complaints)
}
