//! Restoring of a store from a backup.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use wayfare_engine::embedded;

use super::{disk, store_file};

/// The result of a restore.
#[derive(Debug)]
pub(crate) struct Restored {
    /// The path of the restored store.
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
    /// The new path of the previous store.
    pub(crate) kept: Option<PathBuf>,
}

/// Makes `from` the store of the data folder, which the caller has locked. If there is a store
/// already, it is kept under another name with `force`, and is an error without.
///
/// The revisions of the restored store jump far ahead, so that no revision issued after the backup
/// is issued again. A client that saw one of those is resynced.
///
/// # Errors
/// If `from` is not a complete backup, or a system call fails. The store is then unchanged.
pub(crate) fn restore(from: &Path, data: &Path, force: bool) -> anyhow::Result<Restored> {
    let path = store_file::path_in(data);
    let shown = path.display();
    let there = path
        .try_exists()
        .with_context(|| format!("{shown} cannot be looked at"))?;
    if there && !force {
        bail!(
            "{shown} is there already, with what the node has kept: --force puts it aside under \
             another name and takes the backup instead"
        );
    }
    // The backup is checked first, so that a bad one does not replace the existing store.
    let prepared = path.with_extension("restored");
    // An earlier restore may have been interrupted. The folder is locked, so nobody uses the file.
    drop(std::fs::remove_file(&prepared));
    embedded::restore(from, &prepared)?;
    let bytes = std::fs::metadata(&prepared)?.len();
    let kept = there.then(|| put_aside(&path)).transpose()?;
    let placed = std::fs::rename(&prepared, &path).and_then(|()| disk::sync_folder_of(&path));
    placed.with_context(|| format!("{} cannot become {shown}", prepared.display()))?;
    Ok(Restored { path, bytes, kept })
}

/// Moves the store to the first free numbered name. Where the file system supports hard links, the
/// store keeps its old name as well until it is replaced: a node that finds no store would create
/// one.
fn put_aside(path: &Path) -> anyhow::Result<PathBuf> {
    let numbered = |number: u32| -> PathBuf {
        let mut name = OsString::from(path);
        name.push(format!(".before-{number}"));
        name.into()
    };
    let free = (1..).map(numbered).find(|path| !path.exists());
    let kept = free.context("every name is taken")?;
    std::fs::hard_link(path, &kept)
        .or_else(|_| std::fs::rename(path, &kept))
        .with_context(|| format!("{} cannot be kept as {}", path.display(), kept.display()))?;
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use wayfare_engine::{Coordination, Embedded};
    use wayfare_protocol::coordination::{Commit, Expect, Revision};

    use super::*;

    async fn put(engine: &Embedded, key: &str) -> Revision {
        let put = engine.put(key.into(), Bytes::from_static(b"x"), Expect::Absent);
        match put.await {
            Ok(Commit::Done(revision)) => revision,
            other => panic!("{other:?}"),
        }
    }

    async fn has(engine: &Embedded, key: &str) -> bool {
        engine.get(key.into()).await.unwrap().record.is_some()
    }

    #[tokio::test]
    async fn the_old_store_is_kept_and_revisions_do_not_repeat() {
        let folder = tempfile::tempdir().unwrap();
        let path = store_file::path_in(folder.path());
        let backup = folder.path().join("backup");
        let engine = Embedded::open(&path).unwrap();
        put(&engine, "early").await;
        engine.backup(&backup).unwrap();
        let last = put(&engine, "late").await;
        drop(engine);

        let refused = restore(&backup, folder.path(), false).unwrap_err();
        assert!(refused.to_string().contains("--force"), "{refused}");
        for number in 1..3 {
            let restored = restore(&backup, folder.path(), true).unwrap();
            assert_eq!(restored.path, path);
            let kept = format!("wayfare.redb.before-{number}");
            assert_eq!(restored.kept, Some(folder.path().join(kept)));
            let engine = Embedded::open(&path).unwrap();
            assert!(has(&engine, "early").await && !has(&engine, "late").await);
            assert!(put(&engine, "behind").await > last);
        }
        let first = folder.path().join("wayfare.redb.before-1");
        assert!(has(&Embedded::open(&first).unwrap(), "late").await);
    }

    #[tokio::test]
    async fn an_invalid_backup_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = store_file::path_in(folder.path());
        let engine = Embedded::open(&path).unwrap();
        put(&engine, "early").await;
        drop(engine);
        let check = |bytes: &[u8], expect: &str| {
            let from = folder.path().join("from");
            std::fs::write(&from, bytes).unwrap();
            let refused = restore(&from, folder.path(), true).unwrap_err();
            let said = format!("{refused:#}");
            assert!(said.contains(expect) && said.contains("from"), "{said}");
        };
        let mut whole = std::fs::read(&path).unwrap();
        check(b"", "not a store");
        check(b"something else altogether", "not a store");
        check(&whole[..whole.len() / 2], "damaged");
        whole.iter_mut().skip(4096).for_each(|byte| *byte ^= 0x5a);
        check(&whole, "damaged");
        assert!(restore(&folder.path().join("nowhere"), folder.path(), true).is_err());
        assert!(has(&Embedded::open(&path).unwrap(), "early").await);
        let names = std::fs::read_dir(folder.path()).unwrap();
        assert_eq!(names.count(), 2, "nothing is left behind");
    }
}
