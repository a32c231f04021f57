//! A temporary folder for a server, deleted with it.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result};

static MADE: AtomicU32 = AtomicU32::new(0);

/// A folder that only this user can read, in the system's folder for temporary files.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn make() -> Result<Self> {
        Self::make_in(&std::env::temp_dir())
    }

    /// Makes a folder in another place.
    pub(crate) fn make_in(parent: &Path) -> Result<Self> {
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("wayfare-bench-{}-{number}", std::process::id());
        let path = parent.join(name);
        let made = DirBuilder::new().mode(0o700).create(&path);
        made.with_context(|| format!("the folder {} cannot be made", path.display()))?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Leftovers are small, and the system cleans its temporary folder.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
