//! The workspace's root and files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::command;

/// The workspace's root directory.
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
}

/// The files that git tracks, or would track if added. Paths are relative to the root, with `/`.
#[derive(Default)]
pub(crate) struct Files {
    /// Text files with their content.
    pub(crate) texts: BTreeMap<String, String>,
    /// Every file, text or not, and every directory that contains one.
    pub(crate) paths: BTreeSet<String>,
}

impl Workspace {
    /// Finds the workspace.
    ///
    /// If it was not started by cargo, which sets the variable with its path.
    pub(crate) fn find() -> anyhow::Result<Self> {
        let manifest =
            std::env::var_os("CARGO_MANIFEST_DIR").context("start this as `cargo xtask`")?;
        let root = Path::new(&manifest)
            .parent()
            .context("xtask lies in the workspace's root")?;
        Ok(Self {
            root: root.to_path_buf(),
        })
    }

    /// Reads the files.
    ///
    /// If git is missing, or a file cannot be read.
    pub(crate) fn files(&self) -> anyhow::Result<Files> {
        let mut git = Command::new("git");
        git.current_dir(&self.root)
            .args(["ls-files", "-co", "--exclude-standard", "-z"]);
        let listing = command::capture(git, "")?;

        let mut files = Files::default();
        for path in listing.split('\0').filter(|path| !path.is_empty()) {
            // Git still lists files that were deleted but not committed.
            let place = self.root.join(path);
            if !place.is_file() {
                continue;
            }
            let bytes = std::fs::read(&place).with_context(|| format!("cannot read {path}"))?;
            files.insert(path, &bytes);
        }
        Ok(files)
    }
}

impl Files {
    fn insert(&mut self, path: &str, bytes: &[u8]) {
        if !bytes.contains(&0)
            && let Ok(text) = std::str::from_utf8(bytes)
        {
            self.texts.insert(path.to_owned(), text.to_owned());
        }
        for (index, _) in path.match_indices('/') {
            self.paths.insert(path[..index].to_owned());
        }
        self.paths.insert(path.to_owned());
    }
}
