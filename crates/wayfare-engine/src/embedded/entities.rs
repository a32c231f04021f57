//! Execution of entity requests on the tables.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use redb::{Error, ReadableTable};
use wayfare_protocol::Epoch;
use wayfare_protocol::coordination::Key;

use super::block::Frame;
use super::checked::{Damage, Encoder};
use super::entity::Entity;
use super::fault::Fault;
use super::journal::Journal;
use super::layout::Tables;
use crate::refusal;
use crate::storage::{Failure, PartId, Position, QUARANTINED_MAX, Snapshot};

/// The number of old blocks that a group commit may clear: about as much as a busy server writes in
/// one.
const CARRIED_BLOCKS_MAX: usize = 4;

/// The heads of all entities. Costs about 300 bytes for each, and 40 for each journal write that no
/// snapshot covers.
#[derive(Debug)]
pub(super) struct Entities {
    names: BTreeMap<Key, u64>,
    /// Includes entities in quarantine, which have no name.
    kept: BTreeMap<u64, Entity>,
    journal: Journal,
    quarantined: usize,
    next_id: u64,
}

/// The instructions for a load: what to read.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) id: u64,
    pub(super) entity: Entity,
}

impl Entities {
    pub(super) fn new(kept: BTreeMap<u64, Entity>, aside: &BTreeSet<u64>, next_id: u64) -> Self {
        let named = kept.iter().filter(|(id, _)| !aside.contains(id));
        Self {
            names: named.map(|(id, it)| (it.name.clone(), *id)).collect(),
            kept,
            journal: Journal::new(None),
            quarantined: aside.len(),
            next_id,
        }
    }

    /// Restores the list of existing blocks from the number and directory of each, in order.
    pub(super) fn restore(&mut self, blocks: Vec<(u64, Vec<(u64, Frame)>)>) {
        self.journal = Journal::new(blocks.last().map(|(number, _)| *number));
        for (number, directory) in blocks {
            let mut needed = Vec::new();
            for (id, frame) in directory {
                let Some(entity) = self.kept.get_mut(&id) else {
                    continue;
                };
                if frame.end() > entity.first().0 {
                    entity.frames.push_back(frame);
                    needed.push((id, frame));
                }
            }
            self.journal.restore(number, &needed);
        }
        for entity in self.kept.values_mut() {
            entity.restore_order();
        }
    }

    pub(super) const fn next_id(&self) -> u64 {
        self.next_id
    }

    /// Returns what to load for an entity that `epoch` has sealed.
    pub(super) fn plan(&self, name: &str) -> Option<Plan> {
        let id = *self.names.get(name)?;
        let entity = self.kept.get(&id)?.clone();
        Some(Plan { id, entity })
    }

    /// Records that a reader found an entity damaged.
    pub(super) fn damaged(&mut self, name: &str, damage: Damage) {
        if let Some((_, entity)) = found(&self.names, &mut self.kept, name) {
            entity.damage = Some(damage);
        }
    }

    pub(super) fn admit(&self, name: &str, epoch: Epoch) -> Result<u64, Failure> {
        let not_sealed = || refusal::not_sealed(epoch);
        let id = *self.names.get(name).ok_or_else(not_sealed)?;
        self.kept.get(&id).ok_or_else(not_sealed)?.admit(epoch)?;
        Ok(id)
    }

    pub(super) fn load(
        &mut self,
        tables: &mut Tables<'_>,
        name: &Key,
        epoch: Epoch,
    ) -> Result<(), Fault> {
        let Some((id, entity)) = found(&self.names, &mut self.kept, name) else {
            self.begin(tables, Entity::sealed_by(name.clone(), epoch))?;
            return Ok(());
        };
        if entity.seal(epoch)? {
            keep_parts(tables, id, &entity.parts)?;
            store(tables, id, entity)?;
        }
        Ok(())
    }

    pub(super) fn snapshot(
        &mut self,
        tables: &mut Tables<'_>,
        name: &str,
        epoch: Epoch,
        snapshot: &Snapshot,
    ) -> Result<(), Fault> {
        self.admit(name, epoch)?;
        let Some((id, entity)) = found(&self.names, &mut self.kept, name) else {
            return Err(refusal::not_sealed(epoch).into());
        };
        if !entity.takes_snapshot(snapshot.position)? {
            return Ok(());
        }
        for part in &snapshot.parts {
            let key = (id, part.number, part.version);
            if tables.parts.get(key)?.is_none() {
                return Err(refusal::missing(*part).into());
            }
        }
        let value = Encoder::default()
            .u64(snapshot.position.0)
            .rest(&snapshot.bytes)
            .seal(&[&id.to_le_bytes()]);
        tables.snapshots.insert(id, value.as_slice())?;
        keep_parts(tables, id, &snapshot.parts)?;
        entity.parts.clone_from(&snapshot.parts);
        for frame in entity.cover(snapshot.position) {
            self.journal.drop_frame(&frame);
        }
        Ok(store(tables, id, entity)?)
    }

    pub(super) fn part(
        &mut self,
        tables: &mut Tables<'_>,
        name: &str,
        epoch: Epoch,
        part: PartId,
        bytes: &Bytes,
    ) -> Result<(), Fault> {
        let id = self.admit(name, epoch)?;
        let names = |it: &Entity| it.parts.contains(&part);
        if self.kept.get(&id).is_some_and(names) {
            // The snapshot alone tells which owner wrote the part.
            return match part_writer(tables, id, part)? {
                Some(writer) if writer == epoch => Ok(()),
                _ => Err(refusal::found(part).into()),
            };
        }
        let key = (id, part.number, part.version);
        let value = Encoder::default()
            .u64(epoch.0)
            .rest(bytes)
            .seal(&[&part_key(id, part)]);
        tables.parts.insert(key, value.as_slice())?;
        tables.is_changed = true;
        Ok(())
    }

    pub(super) fn journal(
        &mut self,
        tables: &mut Tables<'_>,
        name: &str,
        epoch: Epoch,
        from: Position,
        records: &[Bytes],
    ) -> Result<(), Fault> {
        let id = self.admit(name, epoch)?;
        let Some(entity) = self.kept.get_mut(&id) else {
            return Err(refusal::not_sealed(epoch).into());
        };
        let held = entity.held(from)?;
        let fresh = records.get(held as usize..).unwrap_or_default();
        if !fresh.is_empty() {
            let frame = self.journal.add(tables, id, from.0 + held, fresh)?;
            entity.frames.push_back(frame);
        }
        Ok(())
    }

    pub(super) fn forget(
        &mut self,
        tables: &mut Tables<'_>,
        name: &str,
        epoch: Epoch,
    ) -> Result<(), Fault> {
        if !self.names.contains_key(name) {
            return Ok(());
        }
        let id = self.admit(name, epoch)?;
        tables.is_changed = true;
        tables.entities.remove(name)?;
        tables.snapshots.remove(id)?;
        keep_parts(tables, id, &[])?;
        self.names.remove(name);
        for frame in self.kept.remove(&id).into_iter().flat_map(|it| it.frames) {
            self.journal.drop_frame(&frame);
        }
        Ok(())
    }

    pub(super) fn quarantine(
        &mut self,
        tables: &mut Tables<'_>,
        name: &Key,
        epoch: Epoch,
    ) -> Result<(), Fault> {
        if let Some((id, entity)) = found(&self.names, &mut self.kept, name) {
            if !entity.begins_anew(epoch)? {
                return Ok(());
            }
            if self.quarantined < QUARANTINED_MAX {
                self.put_aside(tables, id, name)?;
            } else {
                self.drop_entity(tables, id)?;
            }
        }
        let mut fresh = Entity::sealed_by(name.clone(), epoch);
        fresh.is_quarantined = true;
        Ok(self.begin(tables, fresh)?)
    }

    /// Clears old blocks that are mostly unused, then stores the new block.
    pub(super) fn settle(&mut self, tables: &mut Tables<'_>) -> Result<(), Error> {
        for _ in 0..CARRIED_BLOCKS_MAX {
            let Some((number, ids)) = self.journal.wasteful() else {
                break;
            };
            let block = tables.journal.get(number)?.map(|it| it.value().to_vec());
            for id in ids {
                self.carry(id, number, block.as_deref().unwrap_or_default());
            }
            self.journal.flush(tables)?;
        }
        self.journal.settle(tables)
    }

    fn carry(&mut self, id: u64, number: u64, block: &[u8]) {
        let Some(entity) = self.kept.get_mut(&id) else {
            return;
        };
        for frame in entity.frames.iter_mut().filter(|it| it.block == number) {
            match self.journal.carry(id, frame, block) {
                Ok(moved) => *frame = moved,
                Err(damage) => {
                    self.journal.drop_frame(frame);
                    entity.damage.get_or_insert(damage);
                }
            }
        }
    }

    /// Creates an entity under a new number.
    fn begin(&mut self, tables: &mut Tables<'_>, entity: Entity) -> Result<(), Error> {
        let id = self.next_id;
        self.next_id += 1;
        store(tables, id, &entity)?;
        self.names.insert(entity.name.clone(), id);
        self.kept.insert(id, entity);
        Ok(())
    }

    /// Moves an entity to quarantine. Its data stays under its number; only the name is freed.
    fn put_aside(&mut self, tables: &mut Tables<'_>, id: u64, name: &Key) -> Result<(), Error> {
        let head = tables.entities.get(&**name)?.map(|it| it.value().to_vec());
        let value = Encoder::default()
            .text(name)
            .rest(&head.unwrap_or_default())
            .seal(&[&id.to_le_bytes()]);
        tables.quarantine.insert(id, value.as_slice())?;
        self.quarantined += 1;
        Ok(())
    }

    fn drop_entity(&mut self, tables: &mut Tables<'_>, id: u64) -> Result<(), Error> {
        tables.snapshots.remove(id)?;
        keep_parts(tables, id, &[])?;
        for frame in self.kept.remove(&id).into_iter().flat_map(|it| it.frames) {
            self.journal.drop_frame(&frame);
        }
        Ok(())
    }
}

/// Returns the key that is part of a part's checksum.
pub(super) fn part_key(id: u64, part: PartId) -> [u8; 20] {
    let mut key = [0; 20];
    key[..8].copy_from_slice(&id.to_le_bytes());
    key[8..12].copy_from_slice(&part.number.to_le_bytes());
    key[12..].copy_from_slice(&part.version.to_le_bytes());
    key
}

fn found<'a>(
    names: &BTreeMap<Key, u64>,
    kept: &'a mut BTreeMap<u64, Entity>,
    name: &str,
) -> Option<(u64, &'a mut Entity)> {
    let id = *names.get(name)?;
    Some((id, kept.get_mut(&id)?))
}

fn store(tables: &mut Tables<'_>, id: u64, entity: &Entity) -> Result<(), Error> {
    let head = entity.encode(id);
    tables.entities.insert(&*entity.name, head.as_slice())?;
    tables.is_changed = true;
    Ok(())
}

/// Deletes all parts of an entity but these.
fn keep_parts(tables: &mut Tables<'_>, id: u64, parts: &[PartId]) -> Result<(), Error> {
    let named: BTreeSet<PartId> = parts.iter().copied().collect();
    let range = (id, 0, 0)..(id + 1, 0, 0);
    tables.parts.retain_in(range, |(_, number, version), _| {
        named.contains(&PartId { number, version })
    })?;
    Ok(())
}

fn part_writer(tables: &Tables<'_>, id: u64, part: PartId) -> Result<Option<Epoch>, Error> {
    let value = tables.parts.get((id, part.number, part.version))?;
    // The value begins with the writer's epoch. The checksum is checked when the part is read.
    let epoch = value.and_then(|it| it.value().first_chunk().copied());
    Ok(epoch.map(|it| Epoch(u64::from_le_bytes(it))))
}
