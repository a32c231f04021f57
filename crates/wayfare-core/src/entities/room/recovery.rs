//! A room out of what storage has of it.

use std::sync::Arc;

use bytes::Bytes;
use wayfare_protocol::EntityId;
use wayfare_protocol::storage::{Loaded, PartId};

use super::handlers::catch;
use super::machines::identity::Identity;
use super::persistence::image::Image;
use super::persistence::timer_records::{self, Times};
use super::persistence::{
    Persistence, call_records, member_records, metadata_records, stream_records,
};
use super::{Machines, Opened, Room};
use crate::context::Context;
use crate::game::{HandlerHook, Kind, Kinds, Refusal, RoomLogic, StoredState};

/// Everything storage had of a room, its parts in place.
pub(crate) struct Recovered {
    pub(crate) image: Image,
    pub(crate) logic: Box<dyn RoomLogic>,
    /// The bytes of it in the snapshot; the journal's follow.
    pub(crate) base_bytes: usize,
    pub(crate) journal_bytes: usize,
    entity: EntityId,
    hook: Option<Arc<dyn HandlerHook>>,
}

/// The game's object of an image, without the parts that are stored on their own.
///
/// # Errors
/// If this version of the game cannot make it.
pub(crate) fn revive(
    entity: &EntityId,
    (kind, image, loaded): (&Kind, Image, &Loaded),
    hook: Option<Arc<dyn HandlerHook>>,
) -> Result<Recovered, String> {
    let state = image.state.clone().unwrap_or_default();
    let made = catch((hook.as_deref(), entity, "restore"), || {
        let mut logic = kind.logic.restore(&state)?;
        for change in &image.changes {
            logic.apply(change)?;
        }
        Ok(logic)
    });
    let logic = flatten(made)?;
    let snapshot = loaded.snapshot.as_ref();
    Ok(Recovered {
        image,
        logic,
        base_bytes: snapshot.map_or(0, |snapshot| snapshot.bytes.len()),
        journal_bytes: loaded.journal.iter().map(Bytes::len).sum(),
        entity: entity.clone(),
        hook,
    })
}

/// The state that this version of the game makes of what is stored of an entity; `None` if nothing
/// is stored. `read_part` reads the parts that the snapshot names. No handler runs.
///
/// # Errors
/// If it is damaged, or this version of the game cannot read it.
pub fn read_stored(
    (entity, kinds): (&EntityId, &Kinds),
    loaded: &Loaded,
    mut read_part: impl FnMut(PartId) -> Option<Bytes>,
) -> Result<Option<StoredState>, String> {
    let Some(image) = Image::of(loaded)? else {
        return Ok(None);
    };
    let kind = kinds
        .of(entity)
        .ok_or("no kind of this game has its name")?;
    let missing: Vec<PartId> = image.missing_parts().collect();
    let mut recovered = revive(entity, (kind, image, loaded), None)?;
    for part in missing {
        let number = part.number;
        let bytes = read_part(part).ok_or_else(|| format!("part {number} of it is missing"))?;
        recovered.set_part(number, Some(&bytes))?;
    }
    recovered.finish()?;
    let logic = &*recovered.logic;
    let state = catch((None, entity, "snapshot"), || StoredState::of(logic));
    flatten(state).map(Some)
}

impl Recovered {
    /// Puts one stored part in its place.
    ///
    /// # Errors
    /// If this version of the game cannot read it.
    pub(crate) fn set_part(&mut self, number: u32, part: Option<&[u8]>) -> Result<(), String> {
        let logic = &mut self.logic;
        let called = (self.hook.as_deref(), &self.entity, "set_part");
        flatten(catch(called, || logic.set_part(number, part)))
    }

    /// All stored parts are in their places: those that changed behind the snapshot follow.
    ///
    /// # Errors
    /// As [`Recovered::set_part`].
    pub(crate) fn finish(&mut self) -> Result<(), String> {
        let parts = std::mem::take(&mut self.image.parts);
        for (number, part) in &parts {
            self.set_part(*number, part.as_deref())?;
        }
        let logic = &mut self.logic;
        let called = (self.hook.as_deref(), &self.entity, "take_dirty_parts");
        flatten(catch(called, || Ok(logic.take_dirty_parts())))?;
        self.image.parts = parts;
        Ok(())
    }
}

fn flatten<T>(outcome: Result<Result<T, Refusal>, String>) -> Result<T, String> {
    outcome?.map_err(|refusal| refusal.message)
}

impl Room {
    /// The room as storage has it, under a new epoch. Its members are as they were, whether their
    /// connections are still there or not: the caller begins its service, or puts it in the place of
    /// a room that failed.
    ///
    /// # Errors
    /// If the image says what cannot be.
    pub(crate) fn recover(
        opened: Opened,
        kind: &Arc<Kind>,
        recovered: Recovered,
        context: &Context,
    ) -> Result<Self, String> {
        let Recovered {
            image,
            logic,
            base_bytes,
            journal_bytes,
            ..
        } = recovered;
        if image.base.handle != opened.handle.0 {
            return Err("its handle is not the one that it has here".into());
        }
        let (settings, now) = (&kind.settings, context.now);
        let durability = settings.durability;
        let times = Times::of(&image, context);
        let gateway = &context.config.address;
        let members = member_records::restore(&image, durability, gateway)?;
        let machines = Machines {
            clock: timer_records::restore(&image, settings, &times, !members.is_empty()),
            calls: call_records::restore(&image, &times, opened.epoch),
            metadata: metadata_records::restore(&image),
            stream: stream_records::restore(&image, durability, opened.epoch, now),
            persistence: settings.is_kept().then(|| {
                Persistence::restore(&image, durability, opened.next, (base_bytes, journal_bytes))
            }),
            members,
        };
        let id = Identity {
            open: Vec::from(image.base.open.clone()).into(),
            ..opened.into_identity()
        };
        Ok(Self::assemble(id, kind, logic, machines))
    }
}
