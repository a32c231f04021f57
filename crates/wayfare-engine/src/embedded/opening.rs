//! Opening of a file: reading, checking, and building the state in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use redb::backends::FileBackend;
use redb::{
    Builder, Database, Durability, Key, ReadableTable, ReadableTableMetadata, StorageBackend,
    Table, Value,
};
use wayfare_protocol::Epoch;
use wayfare_protocol::coordination::Revision;

use super::block::{self, Frame};
use super::checked::{Damage, Decoder};
use super::counters::{Counted, Counters};
use super::documents;
use super::entities::Entities;
use super::entity::Entity;
use super::error::{OpenError, Unopened};
use super::layout::{FORMAT, Meta, Tables};
use super::store::{REVISIONS_RESERVED, Store, write_meta};
use crate::model::ModelCoordination;

/// The memory that redb may use to cache the file: the journals of a thousand rooms.
const CACHE_BYTES: usize = 256 << 20;

/// The first bytes of a redb file.
const MAGIC: &[u8] = b"redb\x1a\x0a\xa9\x0d\x0a";

/// The state of a store after opening.
pub(super) struct Opened {
    pub(super) store: Store,
    pub(super) records: ModelCoordination,
    /// Records of coordination that were unreadable and were dropped.
    pub(super) lost: Vec<String>,
}

/// Opens a file, or creates it.
pub(super) fn open(path: &Path, counters: &Arc<Counters>) -> Result<Opened, OpenError> {
    if !path.exists() {
        create(path)?;
    }
    look_at(path)?;
    let backend = backend(path)?;
    open_on(path, backend, counters)
}

/// Opens the content of a backend, which must be a store or empty.
pub(super) fn open_on(
    path: &Path,
    backend: impl StorageBackend,
    counters: &Arc<Counters>,
) -> Result<Opened, OpenError> {
    let backend = Counted {
        backend,
        counters: counters.clone(),
    };
    // redb panics on some files that it did not write.
    let opened = catch_unwind(AssertUnwindSafe(|| {
        let database = Builder::new()
            .set_cache_size(CACHE_BYTES)
            .create_with_backend(backend)?;
        read(database)
    }));
    match opened {
        Ok(opened) => opened.map_err(|it| it.at(path)),
        Err(_) => Err(OpenError::corrupt(path, "its pages are damaged")),
    }
}

/// Creates an empty store in one step: a crash never leaves half a file under that name.
fn create(path: &Path) -> Result<(), OpenError> {
    let folder = folder(path);
    if !folder.is_dir() {
        return Err(OpenError::NoFolder { folder });
    }
    let io = |source| OpenError::io(path, source);
    let draft = path.with_extension(format!("new-{}", std::process::id()));
    let made = make_draft(&draft).map_err(|error| OpenError::redb(path, error));
    // If another process creates it at the same time, the first one wins.
    let linked = made.and_then(|()| match fs::hard_link(&draft, path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(io(error)),
        _ => Ok(()),
    });
    let removed = fs::remove_file(&draft).map_err(io);
    linked?;
    removed?;
    sync_folder(&folder).map_err(io)
}

fn make_draft(draft: &Path) -> Result<(), redb::Error> {
    let database = Builder::new().create_file(private(draft)?)?;
    let transaction = database.begin_write()?;
    write_meta(&mut Tables::open(&transaction)?, Meta::new())?;
    transaction.commit()?;
    Ok(())
}

/// Creates a file that nobody else may read: it contains the keys of tickets and data of players.
pub(super) fn private(path: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

pub(super) fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Syncs a folder so that a name survives a power failure, on systems that support it.
pub(super) fn sync_folder(folder: &Path) -> std::io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Checks whether the file can be a store at all.
pub(super) fn look_at(path: &Path) -> Result<(), OpenError> {
    let io = |source| OpenError::io(path, source);
    if path.is_dir() {
        let path = path.to_owned();
        return Err(OpenError::IsFolder { path });
    }
    let mut start = Vec::new();
    let file = File::open(path).map_err(io)?;
    let length = MAGIC.len() as u64;
    file.take(length).read_to_end(&mut start).map_err(io)?;
    if start != MAGIC {
        let path = path.to_owned();
        return Err(OpenError::NotAStore { path });
    }
    Ok(())
}

pub(super) fn backend(path: &Path) -> Result<FileBackend, OpenError> {
    let io = |source| OpenError::io(path, source);
    let file = File::options().read(true).write(true).open(path);
    FileBackend::new(file.map_err(io)?).map_err(|error| OpenError::redb(path, error.into()))
}

fn read(database: Database) -> Result<Opened, Unopened> {
    let mut transaction = database.begin_write()?;
    transaction
        .set_durability(Durability::Immediate)
        .map_err(redb::Error::from)?;
    let (mut meta, entities, records, lost) = {
        let mut tables = Tables::open(&transaction)?;
        let mut meta = read_meta(&tables)?;
        let revision = Revision(meta.ceiling);
        meta.ceiling += REVISIONS_RESERVED;
        write_meta(&mut tables, meta)?;
        let (records, lost) = read_records(&mut tables, revision)?;
        (meta, read_entities(&tables, meta.next_id)?, records, lost)
    };
    transaction.commit()?;
    meta.next_id = entities.next_id();
    let database = Arc::new(database);
    let store = Store {
        database,
        meta,
        entities,
    };
    Ok(Opened {
        store,
        records,
        lost,
    })
}

fn read_meta(tables: &Tables<'_>) -> Result<Meta, Unopened> {
    let Some(value) = tables.meta.get(Meta::KEY)? else {
        if tables.records.is_empty()? && tables.entities.is_empty()? {
            return Ok(Meta::new());
        }
        return Err(Damage::of("what is counted for the whole file is missing").into());
    };
    let meta = Meta::decode(value.value())?;
    if meta.format > FORMAT {
        return Err(Unopened::Newer(meta.format));
    }
    Ok(meta)
}

/// Reads the records. An unreadable one is dropped: its entity is claimed again, above every
/// earlier epoch.
fn read_records(
    tables: &mut Tables<'_>,
    revision: Revision,
) -> Result<(ModelCoordination, Vec<String>), Unopened> {
    let mut records = Vec::new();
    let mut lost = Vec::new();
    for entry in whole(&tables.records)? {
        let (key, value) = entry;
        match documents::decode(&key, &value) {
            Ok(record) => records.push((key.as_str().into(), record)),
            Err(_) => lost.push(key),
        }
    }
    for key in &lost {
        tables.records.remove(key.as_str())?;
    }
    Ok((ModelCoordination::restored(records, revision), lost))
}

fn read_entities(tables: &Tables<'_>, mut next_id: u64) -> Result<Entities, Unopened> {
    let mut kept = BTreeMap::new();
    for (name, head) in whole(&tables.entities)? {
        match Entity::decode(&head) {
            Ok((id, entity)) if *entity.name == name => {
                kept.insert(id, entity);
            }
            Ok((_, entity)) => {
                let what = format!("{} is kept under the name {name}", entity.name);
                return Err(Damage(what).into());
            }
            // The name is known, so the entity is not mistaken for a new one.
            Err(damage) => {
                let mut entity = Entity::sealed_by(name.as_str().into(), Epoch(0));
                entity.damage = Some(Damage(format!("its head: {damage}")));
                kept.insert(next_id, entity);
                next_id += 1;
            }
        }
    }
    let mut aside = BTreeSet::new();
    for entry in tables.quarantine.iter()? {
        let (id, value) = entry?;
        let id = id.value();
        aside.insert(id);
        // Data in quarantine is kept for an operator, readable or not.
        if let Ok(entity) = read_aside(id, value.value()) {
            kept.insert(id, entity);
        }
    }
    let mut entities = Entities::new(kept, &aside, next_id);
    entities.restore(read_blocks(tables)?);
    Ok(entities)
}

fn read_aside(id: u64, value: &[u8]) -> Result<Entity, Damage> {
    let mut decoder = Decoder::open(&[&id.to_le_bytes()], value)?;
    decoder.text()?;
    Ok(Entity::decode(&decoder.rest())?.1)
}

/// The number and directory of each block.
type Blocks = Vec<(u64, Vec<(u64, Frame)>)>;

fn read_blocks(tables: &Tables<'_>) -> Result<Blocks, Unopened> {
    let mut blocks = Vec::new();
    for entry in tables.journal.iter()? {
        let (number, value) = entry?;
        let number = number.value();
        blocks.push((number, block::directory(number, value.value())?));
    }
    is_whole(&tables.journal, blocks.len())?;
    Ok(blocks)
}

/// Reads all rows of a table with names as keys.
fn whole(
    table: &Table<'_, &'static str, super::layout::Bytes>,
) -> Result<Vec<(String, Vec<u8>)>, Unopened> {
    let mut rows = Vec::new();
    for entry in table.iter()? {
        let (key, value) = entry?;
        rows.push((key.value().to_owned(), value.value().to_vec()));
    }
    is_whole(table, rows.len())?;
    Ok(rows)
}

/// Compares the number of rows with the table's own count, because a damaged page may hide rows
/// without an error.
fn is_whole<K: Key, V: Value>(table: &Table<'_, K, V>, found: usize) -> Result<(), Unopened> {
    let expected = table.len()?;
    if found as u64 == expected {
        return Ok(());
    }
    let what = format!("{found} rows of {expected} were found in one table");
    Err(Damage(what).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_format_is_refused_by_its_number() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("store");
        drop(open(&path, &Arc::default()).unwrap_or_else(|error| panic!("{error}")));
        let database = Database::open(&path).unwrap();
        let transaction = database.begin_write().unwrap();
        let newer = Meta {
            format: FORMAT + 1,
            ..Meta::new()
        };
        write_meta(&mut Tables::open(&transaction).unwrap(), newer).unwrap();
        transaction.commit().unwrap();
        drop(database);
        let Err(OpenError::Newer { found, .. }) = open(&path, &Arc::default()) else {
            panic!("not refused");
        };
        assert_eq!(found, FORMAT + 1);
    }
}
