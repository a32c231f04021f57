//! The search for PostgreSQL's programs. `cargo xtask test` uses the same code.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The variable that names the only folder to search, instead of all usual places.
pub(crate) const VARIABLE: &str = "POSTGRES";

/// The programs that the tests start. Distributions install them into one folder.
pub(crate) const NAMES: &[&str] = &[
    "initdb",
    "postgres",
    "pg_basebackup",
    "pg_ctl",
    "pg_isready",
];

/// The parents of folders named by version, none of which is in PATH.
const ROOTS: &[&str] = &["/usr/lib/postgresql", "/usr/local/opt", "/opt/homebrew/opt"];

/// Returns the folder that contains all programs: the one in [`VARIABLE`], otherwise the first in
/// PATH, otherwise that of the newest version.
pub(crate) fn find(named: Option<&OsStr>, path: &OsStr) -> Option<PathBuf> {
    if let Some(named) = named {
        return holds_all(Path::new(named)).then(|| PathBuf::from(named));
    }
    let mut folders: Vec<PathBuf> = std::env::split_paths(path).collect();
    for root in ROOTS {
        let mut versions: Vec<PathBuf> = entries(Path::new(root)).unwrap_or_default();
        // Newest first.
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
