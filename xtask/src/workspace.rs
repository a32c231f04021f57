//! Where the workspace is and which files belong to it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::command;

/// The workspace's root directory.
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
}

/// The files git tracks, or would if they were added. Paths are relative to the root, with `/`.
#[derive(Default)]
pub(crate) struct Files {
    /// Text files and what is in them.
    pub(crate) texts: BTreeMap<String, String>,
    /// Every file, text or not, and every directory that holds one.
    pub(crate) paths: BTreeSet<String>,
}

impl Workspace {
    /// # Errors
    ///
    /// If not started by cargo, which tells where the workspace is.
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

    /// # Errors
    ///
    /// If git is not there, or a file cannot be read.
    pub(crate) fn files(&self) -> anyhow::Result<Files> {
        let mut git = Command::new("git");
        git.current_dir(&self.root)
            .args(["ls-files", "-co", "--exclude-standard", "-z"]);
        let listing = command::capture(git, "")?;

        let mut files = Files::default();
        for path in listing.split('\0').filter(|path| !path.is_empty()) {
            // Git still lists what was deleted and not yet committed.
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
