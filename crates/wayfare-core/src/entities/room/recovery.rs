//! A room out of what storage has of it.

use std::sync::Arc;

use wayfare_protocol::EntityId;
use wayfare_protocol::storage::Loaded;

use super::handlers::catch;
use super::machines::identity::Identity;
use super::persistence::image::Image;
use super::persistence::timer_records::{self, Times};
use super::persistence::{
    Persistence, call_records, member_records, metadata_records, stream_records,
};
use super::{Machines, Opened, Room};
use crate::config::ShardConfig;
use crate::context::Context;
use crate::game::{HandlerHook, Kind, Refusal, RoomLogic};

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
    config: &ShardConfig,
) -> Result<Recovered, String> {
    let state = image.state.clone().unwrap_or_default();
    let hook = config.hook.clone();
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
        journal_bytes: loaded.journal.iter().map(bytes::Bytes::len).sum(),
        entity: entity.clone(),
        hook,
    })
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
            open: image.base.open.clone(),
            ..opened.into_identity()
        };
        Ok(Self::assemble(id, kind, logic, machines))
    }
}
