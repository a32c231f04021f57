//! Backup of a store in use, and restore.

use std::fs::{self, File};
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use redb::{
    Builder, Database, Error, Key, ReadTransaction, ReadableDatabase, ReadableTable,
    StorageBackend, TableDefinition, Value, WriteTransaction,
};

use super::checked::Damage;
use super::error::{BackupError, OpenError, Unopened};
use super::layout::{
    APPENDS, DOCUMENTS, ENTITIES, FORMAT, JOURNAL, LOG_RECORDS, LOGS, META, Meta, PARTS,
    QUARANTINE, RECORDS, SNAPSHOTS, TRIMMED, Tables,
};
use super::opening::{backend, folder, look_at, private, sync_folder};
use super::store::write_meta;

/// The jump of revisions when a backup is restored. It is more than a store can have issued between
/// the backup and its loss (34 years of a thousand commits a second), so that no epoch and no
/// revision of that time is issued again.
pub const RESTORE_MARGIN: u64 = 1 << 40;

/// The memory that redb may use for the copy.
const CACHE_BYTES: usize = 32 << 20;

pub(super) fn write(database: &Database, destination: &Path) -> Result<(), BackupError> {
    if destination.exists() {
        let path = destination.to_owned();
        return Err(BackupError::Exists { path });
    }
    let draft = destination.with_extension(format!("partial-{}", std::process::id()));
    let written = copy(database, &draft).and_then(|()| publish(&draft, destination));
    if let Err(error) = written {
        discard(&draft);
        return Err(BackupError::write(destination, error));
    }
    Ok(())
}

/// Makes the backup at `backup` the store at `destination`, whose folder must exist.
///
/// The whole backup is verified first, and is not changed. An existing store is kept beside it,
/// with `.replaced` added to its name. Revisions jump by [`RESTORE_MARGIN`].
///
/// # Errors
/// [`BackupError::Open`] if the backup is not a store or is damaged, or the store is in use;
/// [`BackupError::Write`]. The store is then unchanged.
pub fn restore(backup: &Path, destination: &Path) -> Result<(), BackupError> {
    look_at(backup)?;
    let folder = folder(destination);
    if !folder.is_dir() {
        return Err(OpenError::NoFolder { folder }.into());
    }
    let held = hold(destination)?;
    let draft = destination.with_extension(format!("restoring-{}", std::process::id()));
    let restored = fs::copy(backup, &draft)
        .map_err(|error| BackupError::write(&draft, error))
        .and_then(|_| Ok(prepare(&draft).map_err(|it| it.at(backup))?))
        .and_then(|()| replace(&draft, destination));
    if restored.is_err() {
        discard(&draft);
    }
    drop(held);
    restored
}

/// Locks an existing store, so that no other server can open it.
fn hold(destination: &Path) -> Result<Option<impl StorageBackend>, OpenError> {
    if !destination.exists() {
        return Ok(None);
    }
    let backend = backend(destination)?;
    match backend.try_lock_range(Bound::Unbounded, Bound::Unbounded) {
        Ok(true) => Ok(Some(backend)),
        Ok(false) => Err(OpenError::InUse {
            path: destination.to_owned(),
        }),
        Err(error) => Err(OpenError::redb(destination, error.into())),
    }
}

/// Verifies a copy of a backup, and makes its revisions jump.
fn prepare(draft: &Path) -> Result<(), Unopened> {
    // redb panics on some files that it did not write.
    let prepared = catch_unwind(AssertUnwindSafe(|| {
        let mut database = Database::open(draft)?;
        if !database.check_integrity()? {
            return Err(Damage::of("it is not as it was written").into());
        }
        let transaction = database.begin_write()?;
        jump(&mut Tables::open(&transaction)?)?;
        transaction.commit()?;
        Ok(())
    }));
    prepared.unwrap_or_else(|_| Err(Damage::of("its pages are damaged").into()))
}

fn jump(tables: &mut Tables<'_>) -> Result<(), Unopened> {
    let value = tables.meta.get(Meta::KEY)?.map(|it| it.value().to_vec());
    let Some(value) = value else {
        return Err(Damage::of("what is counted for the whole file is missing").into());
    };
    let mut meta = Meta::decode(&value)?;
    if meta.format > FORMAT {
        return Err(Unopened::Newer(meta.format));
    }
    // Two restores of one backup must not issue the same revisions. Each begins above everything
    // that the other can have issued, which is less than one revision per microsecond.
    let anew = micros_since_unix_epoch();
    meta.ceiling = (meta.ceiling + RESTORE_MARGIN).max(anew);
    meta.documents = (meta.documents + RESTORE_MARGIN).max(anew);
    Ok(write_meta(tables, meta)?)
}

fn micros_since_unix_epoch() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_micros()).unwrap_or(u64::MAX >> 1)
    })
}

fn replace(draft: &Path, destination: &Path) -> Result<(), BackupError> {
    let at = |error| BackupError::write(destination, error);
    if destination.exists() {
        let mut replaced = destination.as_os_str().to_owned();
        replaced.push(".replaced");
        fs::rename(destination, replaced).map_err(at)?;
    }
    publish(draft, destination).map_err(|error| BackupError::write(destination, error))
}

/// Moves a complete file to its final name, durably.
fn publish(draft: &Path, destination: &Path) -> Result<(), Error> {
    File::open(draft)?.sync_all()?;
    fs::rename(draft, destination)?;
    Ok(sync_folder(&folder(destination))?)
}

/// Removes a draft that failed. An error here is ignored: the original error is reported, and a
/// broken disk causes both.
fn discard(draft: &Path) {
    fs::remove_file(draft).ok();
}

/// Copies all tables, at one point in time.
fn copy(database: &Database, draft: &Path) -> Result<(), Error> {
    let from = database.begin_read()?;
    let copy = Builder::new()
        .set_cache_size(CACHE_BYTES)
        .create_file(private(draft)?)?;
    let to = copy.begin_write()?;
    copy_table(&from, &to, META)?;
    copy_table(&from, &to, RECORDS)?;
    copy_table(&from, &to, ENTITIES)?;
    copy_table(&from, &to, QUARANTINE)?;
    copy_table(&from, &to, SNAPSHOTS)?;
    copy_table(&from, &to, PARTS)?;
    copy_table(&from, &to, JOURNAL)?;
    copy_table(&from, &to, LOGS)?;
    copy_table(&from, &to, LOG_RECORDS)?;
    copy_table(&from, &to, APPENDS)?;
    copy_table(&from, &to, TRIMMED)?;
    copy_table(&from, &to, DOCUMENTS)?;
    to.commit()?;
    Ok(())
}

fn copy_table<K: Key + 'static, V: Value + 'static>(
    from: &ReadTransaction,
    to: &WriteTransaction,
    table: TableDefinition<'static, K, V>,
) -> Result<(), Error> {
    let mut copy = to.open_table(table)?;
    for entry in from.open_table(table)?.iter()? {
        let (key, value) = entry?;
        copy.insert(key.value(), value.value())?;
    }
    Ok(())
}
