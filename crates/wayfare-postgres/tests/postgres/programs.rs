//! Where PostgreSQL's programs are; `cargo xtask test` looks for them with the same code.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Names the one folder to look in, instead of every place that distributions use.
pub(crate) const VARIABLE: &str = "POSTGRES";

/// All that the tests start. Distributions put them into one folder.
pub(crate) const NAMES: &[&str] = &[
    "initdb",
    "postgres",
    "pg_basebackup",
    "pg_ctl",
    "pg_isready",
];

/// Folders with one folder per version; none of them is in PATH.
const ROOTS: &[&str] = &["/usr/lib/postgresql", "/usr/local/opt", "/opt/homebrew/opt"];

/// The folder that holds all of them: the one named by [`VARIABLE`], else the first of PATH, else
/// that of the newest version.
pub(crate) fn find(named: Option<&OsStr>, path: &OsStr) -> Option<PathBuf> {
    if let Some(named) = named {
        return holds_all(Path::new(named)).then(|| PathBuf::from(named));
    }
    let mut folders: Vec<PathBuf> = std::env::split_paths(path).collect();
    for root in ROOTS {
        let mut versions: Vec<PathBuf> = entries(Path::new(root)).unwrap_or_default();
        // The newest first.
        versions.sort_by_key(|it| std::cmp::Reverse(version(it)));
        folders.extend(versions.into_iter().map(|it| it.join("bin")));
    }
    folders.into_iter().find(|it| holds_all(it))
}

fn holds_all(folder: &Path) -> bool {
    NAMES.iter().all(|name| folder.join(name).exists())
}

fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    fs::read_dir(folder)?.map(|it| Ok(it?.path())).collect()
}

fn version(folder: &Path) -> u32 {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let digits: String = name.chars().filter(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(0)
}
