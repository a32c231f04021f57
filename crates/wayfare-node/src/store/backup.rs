//! Backups: a consistent copy of the store while the node keeps running.

use std::fs::{DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use wayfare_engine::Embedded;

use super::disk;
use super::store_file::StoreFile;

/// The interval of progress reports.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The result of a copy.
#[derive(Debug)]
pub(crate) struct Copied {
    pub(crate) bytes: u64,
    pub(crate) took: Duration,
}

/// Writes the copy to `to`, either completely or not at all. Only the owner can read it, because it
/// contains the key of the tickets. Reports the bytes written, and the bytes in all. Reads the
/// whole store beside its writer.
///
/// # Errors
/// If `to` exists or cannot be written. An existing file is not changed.
pub(crate) fn back_up(
    file: &StoreFile,
    to: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> anyhow::Result<Copied> {
    let started = Instant::now();
    let shown = to.display();
    let engine = file.engine().context("the store is closed")?;
    if to.try_exists()? {
        bail!("{shown} is there already: choose another name, or move it away");
    }
    let closed =
        Closed::beside(to).with_context(|| format!("nothing can be written beside {shown}"))?;
    let copy = closed.0.join("copy");
    write(&engine, &copy, &mut |done| progress(done, file.bytes()))?;
    let placed = place(&copy, to);
    let bytes = placed.with_context(|| format!("{shown} cannot be written"))?;
    Ok(Copied {
        bytes,
        took: started.elapsed(),
    })
}

/// Runs the copy, and the progress reports beside it.
fn write(engine: &Embedded, copy: &Path, look: &mut dyn FnMut(u64)) -> anyhow::Result<()> {
    thread::scope(|scope| {
        let (ended, ends) = sync_channel(1);
        scope.spawn(move || ended.send(engine.backup(copy)));
        loop {
            match ends.recv_timeout(LOOK_EVERY) {
                Ok(outcome) => return Ok(outcome?),
                Err(RecvTimeoutError::Timeout) => look(disk::bytes_in(copy.parent())),
                Err(RecvTimeoutError::Disconnected) => bail!("the copy ended unexpectedly"),
            }
        }
    })
}

fn place(copy: &Path, to: &Path) -> std::io::Result<u64> {
    std::fs::set_permissions(copy, Permissions::from_mode(0o600))?;
    let bytes = std::fs::metadata(copy)?.len();
    std::fs::rename(copy, to)?;
    disk::sync_folder_of(to)?;
    Ok(bytes)
}

/// A folder that is closed to others, on the same disk as the copy. Removed when dropped.
struct Closed(PathBuf);

impl Closed {
    fn beside(to: &Path) -> std::io::Result<Self> {
        let name = format!(".wayfare-backup-{}", std::process::id());
        let path = to.with_file_name(name);
        // A crashed process with the same id may have left one.
        drop(std::fs::remove_dir_all(&path));
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Closed {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(path = %self.0.display(), %error, "the folder could not be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_complete_and_readable_by_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let file = StoreFile::open(&folder.path().join("store")).unwrap();
        let to = folder.path().join("copy");
        let copied = back_up(&file, &to, &mut |_, _| {}).unwrap();
        let meta = std::fs::metadata(&to).unwrap();
        assert_eq!(meta.len(), copied.bytes);
        assert_eq!(meta.permissions().mode() & 0o777, 0o600);
        StoreFile::open(&to).unwrap();
        let names = std::fs::read_dir(folder.path()).unwrap();
        assert_eq!(names.count(), 2, "nothing else is left");
    }

    #[test]
    fn a_failed_copy_changes_no_files() {
        let folder = tempfile::tempdir().unwrap();
        let file = StoreFile::open(&folder.path().join("store")).unwrap();
        let there = folder.path().join("there");
        std::fs::write(&there, "precious").unwrap();
        let refused = back_up(&file, &there, &mut |_, _| {}).unwrap_err();
        assert!(
            refused.to_string().contains("is there already"),
            "{refused}"
        );
        assert_eq!(std::fs::read(&there).unwrap(), b"precious");
        let nowhere = folder.path().join("nowhere/copy");
        let refused = back_up(&file, &nowhere, &mut |_, _| {}).unwrap_err();
        assert!(refused.to_string().contains("nowhere/copy"), "{refused}");
        file.close();
        let refused = back_up(&file, &folder.path().join("late"), &mut |_, _| {});
        assert!(refused.is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
