//! Hiding of this machine's programs from other programs, as if they were not installed.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::needs;

/// A PATH without the hidden programs, and variables that point to empty places. Nothing on the
/// machine is changed.
pub(crate) struct Hiding {
    path: OsString,
    variables: Vec<(&'static str, PathBuf)>,
    /// The folders of that PATH, and an empty one.
    _folder: TempDir,
}

impl Hiding {
    /// Hides programs with these names.
    ///
    /// # Errors
    ///
    /// If a folder of PATH cannot be mirrored.
    pub(crate) fn new(path: &OsStr, names: &[&str]) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut folders = Vec::new();
        for (index, original) in std::env::split_paths(path).enumerate() {
            let holds = names.iter().any(|name| original.join(name).exists());
            if !holds {
                folders.push(original);
                continue;
            }
            let mirror = folder.path().join(index.to_string());
            mirror_without(&original, &mirror, names)?;
            folders.push(mirror);
        }
        let empty = folder.path().join("empty");
        fs::create_dir(&empty)?;
        Ok(Self {
            path: std::env::join_paths(folders)?,
            variables: needs::nowhere(&empty),
            _folder: folder,
        })
    }

    pub(crate) fn apply(&self, command: &mut Command) {
        command.env("PATH", &self.path);
        for (name, value) in &self.variables {
            command.env(name, value);
        }
    }
}

/// Makes a folder of links to everything in another folder except these names.
fn mirror_without(original: &Path, mirror: &Path, names: &[&str]) -> anyhow::Result<()> {
    fs::create_dir(mirror)?;
    for entry in fs::read_dir(original)? {
        let entry = entry?;
        let name = entry.file_name();
        if !names.iter().any(|hidden| name == *hidden) {
            symlink(entry.path(), mirror.join(name))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_named_is_hidden() {
        let machine = tempfile::tempdir().unwrap();
        let folder = |name: &str, files: &[&str]| {
            let folder = machine.path().join(name);
            fs::create_dir(&folder).unwrap();
            for file in files {
                fs::write(folder.join(file), "").unwrap();
            }
            folder
        };
        let one = folder("one", &["etcd", "cc"]);
        let other = folder("other", &["node"]);
        let path = std::env::join_paths([&one, &other]).unwrap();
        let hiding = Hiding::new(&path, &["etcd"]).unwrap();
        let seen = |name: &str| {
            let mut folders = std::env::split_paths(&hiding.path);
            folders.any(|folder| folder.join(name).exists())
        };
        assert!(!seen("etcd"));
        assert!(seen("cc") && seen("node"));
        assert!(one.join("etcd").exists(), "the machine keeps it");
        for (name, place) in &hiding.variables {
            assert!(place.starts_with(hiding._folder.path()), "{name}");
        }
    }
}
