//! A room out of what storage has of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use wayfare_protocol::records::room::{self as stored, Audience, call};
use wayfare_protocol::storage::Loaded;
use wayfare_protocol::{Epoch, Handle, Instant, Membership, PlayerId, Sequence, SessionId};

use super::image::Image;
use crate::context::Context;
use crate::game::Recipients;
use crate::game::TimerId;
use crate::game::members::{Failed, Member, Members, SessionRef};
use crate::game::{Durability, Kind, Player, RoomLogic};
use crate::stream::history::History;
use crate::stream::lineage::Lineage;

use super::super::calls::{Pending, first_call};
use super::super::delivery;
use super::super::handlers::catch;
use super::super::{Failures, Opened, Room};
use super::Persistence;

/// Everything storage had of a room, its parts in place.
pub(crate) struct Recovered {
    pub(crate) image: Image,
    pub(crate) logic: Box<dyn RoomLogic>,
    /// The bytes of it in the snapshot; the journal's follow.
    pub(crate) base_bytes: usize,
    pub(crate) journal_bytes: usize,
}

/// The game's object of an image, without the parts that are stored on their own.
///
/// # Errors
/// If this version of the game cannot make it.
pub(crate) fn revive(kind: &Kind, image: Image, loaded: &Loaded) -> Result<Recovered, String> {
    let state = image.state.clone().unwrap_or_default();
    let made = catch(|| {
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
    })
}

impl Recovered {
    /// Puts one stored part in its place.
    ///
    /// # Errors
    /// If this version of the game cannot read it.
    pub(crate) fn set_part(&mut self, number: u32, part: Option<&[u8]>) -> Result<(), String> {
        let logic = &mut self.logic;
        flatten(catch(|| logic.set_part(number, part)))
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
        flatten(catch(|| Ok(logic.take_dirty_parts())))?;
        self.image.parts = parts;
        Ok(())
    }
}

fn flatten<T>(outcome: Result<Result<T, crate::game::Refusal>, String>) -> Result<T, String> {
    outcome?.map_err(|refusal| refusal.message)
}

impl Room {
    /// The room as storage has it, under a new epoch: all members detached, their grace running.
    ///
    /// # Errors
    /// If the image says what cannot be.
    pub(crate) fn recover(
        opened: Opened,
        kind: &Arc<Kind>,
        recovered: Recovered,
        context: &Context,
    ) -> Result<Self, String> {
        let now = context.now;
        let Recovered {
            image,
            logic,
            base_bytes,
            journal_bytes,
        } = recovered;
        let settings = &kind.settings;
        let sequence = Sequence(image.last.sequence);
        let mut lineage = lineage(&image);
        lineage.push(opened.epoch, sequence.next());
        let members = members(&image, context)?;
        let persistence = persistence(&image, kind, &opened, (base_bytes, journal_bytes));
        let times = Times::of(&image, context);
        let surroundings = &image.surroundings;
        let (valid_from_epoch, valid_from_membership) = void_before(&image, kind, opened.epoch);
        Ok(Self {
            entity: opened.entity,
            handle: Handle(image.base.handle),
            epoch: opened.epoch,
            revision: opened.revision,
            kind: Arc::clone(kind),
            owner: context.config.address.clone(),
            logic,
            open: image.base.open.clone(),
            empty_since: members.is_empty().then_some(now),
            members,
            next_membership: Membership(surroundings.next_membership),
            sequence,
            position_announced: Sequence(image.last.position_announced),
            lineage,
            valid_from_epoch,
            valid_from_membership,
            history: history(&image, now),
            gate: delivery::gate(settings),
            held_bytes: 0,
            persistence: settings.is_kept().then(|| Box::new(persistence)),
            builder: None,
            timers: timers(&image, &times),
            timers_made: surroundings.timers_made,
            calls: calls(&image, &times),
            calls_made: first_call(opened.epoch).max(surroundings.calls_made),
            lost_runs: std::collections::BTreeSet::new(),
            remaining: None,
            properties: surroundings.properties.clone().into_iter().collect(),
            locked: surroundings.locked,
            private: surroundings.private,
            age_base: times.age,
            age_since: now,
            next_tick: settings.tick.map(|tick| now + tick),
            next_snapshot: settings.snapshot_every.map(|every| now + every),
            failures: Failures::default(),
            failed: None,
            rerun: std::collections::VecDeque::new(),
            waiting: std::collections::VecDeque::new(),
            waiting_bytes: 0,
            restarting: false,
            ending: None,
            armed: None,
            dirty: false,
        })
    }

    /// The node that had it was lost: its connections and its futures with it.
    pub(crate) fn lose_surroundings(
        &mut self,
        image_attached: &[Membership],
        context: &mut Context,
    ) {
        for membership in image_attached {
            self.touch(*membership);
            self.presence(*membership, false, context);
        }
        self.note_lost_runs();
        self.lose_futures(context);
        self.append(context);
    }
}

impl Recovered {
    /// Members whose connection was here when the last record was written.
    pub(crate) fn attached(&self) -> Vec<Membership> {
        let members = self.image.members.values();
        let attached = members.filter(|member| member.attached);
        attached
            .map(|member| Membership(member.membership))
            .collect()
    }
}

/// Where a room's age stands now.
struct Times {
    now: Instant,
    age: Duration,
}

impl Times {
    /// It has gone on while nobody had it, by the wall clock, and never goes back.
    fn of(image: &Image, context: &Context) -> Self {
        let written = Duration::from_millis(image.last.unix_ms);
        let away = context.unix().saturating_sub(written);
        Self {
            now: context.now,
            age: Duration::from_nanos(image.last.age_ns) + away,
        }
    }

    /// When the room will have this age; now if it is older.
    fn at(&self, age_ns: u64) -> Instant {
        self.now + Duration::from_nanos(age_ns).saturating_sub(self.age)
    }
}

/// From where on what clients were given counts: one that is not durable has fallen back.
fn void_before(image: &Image, kind: &Kind, epoch: Epoch) -> (Epoch, Membership) {
    match kind.settings.durability {
        Durability::Durable => (Epoch(image.base.valid_from_epoch), Membership(1)),
        Durability::Volatile => (epoch, Membership(image.surroundings.next_membership)),
    }
}

fn lineage(image: &Image) -> Lineage {
    let reigns = image.reigns();
    Lineage::of(reigns.map(|(epoch, first)| (Epoch(epoch), Sequence(first))))
}

fn persistence(
    image: &Image,
    kind: &Kind,
    opened: &Opened,
    (base_bytes, journal_bytes): (usize, usize),
) -> Persistence {
    let stored = &image.stored_parts;
    let mut persistence = Persistence::new(kind.settings.durability, opened.next);
    persistence.wants_base = false;
    persistence.base_bytes = base_bytes;
    persistence.journal_bytes = journal_bytes;
    persistence.written = Sequence(image.last.sequence);
    persistence.part_version = stored.iter().map(|it| it.version).max().unwrap_or(0);
    persistence.stored_parts = stored.iter().map(|it| (it.number, *it)).collect();
    persistence.stale_parts = image.parts.keys().copied().collect();
    persistence.appends = image.appends.clone().into();
    // The new epoch is part of the lineage before anybody hears of it.
    persistence.unwritten.surroundings = persistence.durable;
    persistence
}

fn members(image: &Image, context: &Context) -> Result<Members, String> {
    let mut members = Members::default();
    for member in image.members.values() {
        let number = Membership(member.membership);
        members.insert_detached(number, made(member, context)?, context.now);
    }
    Ok(members)
}

fn made(member: &stored::Member, context: &Context) -> Result<Member, String> {
    let session = SessionId::from_slice(&member.session).ok_or("a session is not 16 bytes")?;
    let player = Player {
        id: PlayerId::new(&member.player).map_err(|error| error.to_string())?,
        name: member.name.as_str().into(),
        guest: member.guest,
    };
    Ok(Member {
        player: Arc::new(player),
        session: SessionRef {
            id: session,
            epoch: Epoch(member.session_epoch),
            gateway: context.config.address.clone(),
        },
        applied: Sequence(member.applied),
        joined_at: Sequence(member.joined_at),
        attached: false,
        failed: Failed {
            sequence: Sequence(member.failed),
            under: Epoch(member.failed_under),
        },
        ack_pending: false,
    })
}

fn history(image: &Image, now: Instant) -> History {
    let mut history = History::behind(Sequence(image.last.history_behind));
    for event in &image.events {
        let audience = Audience::try_from(event.audience).unwrap_or_default();
        let recipients = Recipients::of_stored(audience, &event.members);
        // A copy, for the frame is a slice of its whole record.
        let frame = bytes::Bytes::copy_from_slice(&event.frame);
        history.push(Sequence(event.sequence), recipients, frame, now);
    }
    history
}

fn timers(image: &Image, times: &Times) -> BTreeMap<(Instant, TimerId), Box<[u8]>> {
    let timers = image.timers.values();
    timers
        .map(|timer| {
            let key = (times.at(timer.due_ns), TimerId(timer.id));
            (key, timer.note.to_vec().into_boxed_slice())
        })
        .collect()
}

fn calls(image: &Image, times: &Times) -> BTreeMap<u64, Pending> {
    let pending = |call: &stored::Call| {
        Some(match call.sort.clone()? {
            call::Sort::Lost(lost) => Pending::Run { lost },
            call::Sort::Ask(ask) => Pending::Ask {
                tag: ask.tag,
                due: times.at(ask.deadline_ns),
            },
        })
    };
    let calls = image.calls.iter();
    calls
        .filter_map(|(id, call)| Some((*id, pending(call)?)))
        .collect()
}
