//! A wrapper around a kind that records the stored form of its states.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use wayfare_core::HandlerContext;
use wayfare_core::game::{
    Answered, AskError, Caller, Form, Kind, LeaveReason, Player, Refusal, RoomKind, RoomLogic,
};

/// The state of a test's room or entity, in its stored form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct State {
    /// The whole state, or the head of a state with parts.
    pub(super) head: Vec<u8>,
    pub(super) parts: BTreeMap<u32, Vec<u8>>,
}

/// The observed state, shared by the kind and its one room or entity.
#[derive(Clone, Debug, Default)]
pub(super) struct Latest(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The state after the last handler; `None` before there was a room.
    pub(super) state: Option<State>,
    /// Set to observe only the state as it was restored, before any handler.
    pub(super) restored: Option<Restored>,
}

#[derive(Debug)]
pub(super) enum Restored {
    Awaited,
    As(State),
}

impl Latest {
    pub(super) fn state(&self) -> Option<State> {
        self.with(|seen| seen.state.clone())
    }

    /// Observes something else, and returns the previous observation.
    pub(super) fn replace(&self, other: Seen) -> Seen {
        self.with(|seen| std::mem::replace(seen, other))
    }

    fn with<T>(&self, look: impl FnOnce(&mut Seen) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

pub(super) struct WatchedKind {
    logic: Box<dyn RoomKind>,
    latest: Latest,
}

impl WatchedKind {
    /// Wraps the first of these kinds.
    pub(super) fn watch_first(kinds: &mut Vec<Kind>, latest: &Latest) {
        let kind = kinds.remove(0);
        let logic = Box::new(Self {
            logic: kind.logic,
            latest: latest.clone(),
        });
        kinds.insert(0, Kind { logic, ..kind });
    }

    fn watch(&self, logic: Box<dyn RoomLogic>, restoring: bool) -> Box<dyn RoomLogic> {
        let latest = self.latest.clone();
        latest.with(|seen| seen.state = Some(State::default()));
        let mut watched = Watched {
            logic,
            latest,
            untaken: BTreeSet::new(),
            restoring,
        };
        watched.look();
        Box::new(watched)
    }
}

impl RoomKind for WatchedKind {
    fn open(&self, open: &[u8], cx: &HandlerContext<'_>) -> Result<Box<dyn RoomLogic>, Refusal> {
        Ok(self.watch(self.logic.open(open, cx)?, false))
    }

    fn restore(&self, snapshot: &[u8]) -> Result<Box<dyn RoomLogic>, Refusal> {
        Ok(self.watch(self.logic.restore(snapshot)?, true))
    }

    fn form(&self) -> Form {
        self.logic.form()
    }

    fn is_asked(&self) -> bool {
        self.logic.is_asked()
    }
}

struct Watched {
    logic: Box<dyn RoomLogic>,
    latest: Latest,
    /// Parts that were observed and that the shard has not written yet.
    untaken: BTreeSet<u32>,
    /// No handler was called since the state was restored.
    restoring: bool,
}

impl Watched {
    fn after<T>(&mut self, handler: impl FnOnce(&mut dyn RoomLogic) -> T) -> T {
        self.end_restoring();
        let outcome = handler(&mut *self.logic);
        self.look();
        outcome
    }

    /// Encodes the state, as the shard would.
    fn look(&mut self) {
        let mut head = Vec::new();
        if let Err(refusal) = self.logic.snapshot(&mut head) {
            panic!("{refusal}");
        }
        self.change(|state| state.head = head);
        for number in self.logic.take_dirty_parts() {
            self.untaken.insert(number);
            let mut part = Vec::new();
            match self.logic.part(number, &mut part) {
                Ok(true) => self.change(|state| state.parts.insert(number, part)),
                Ok(false) => self.change(|state| state.parts.remove(&number)),
                Err(refusal) => panic!("{refusal}"),
            };
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        self.latest
            .with(|seen| change(seen.state.get_or_insert_default()))
    }

    /// Keeps the restored state, if it is to be observed.
    fn end_restoring(&mut self) {
        if std::mem::take(&mut self.restoring) && self.is_restored_awaited() {
            self.look();
            self.latest
                .with(|seen| seen.restored = seen.state.clone().map(Restored::As));
        }
    }

    fn is_restored_awaited(&self) -> bool {
        self.latest
            .with(|seen| matches!(seen.restored, Some(Restored::Awaited)))
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.end_restoring();
    }
}

impl RoomLogic for Watched {
    fn join(
        &mut self,
        player: &Player,
        payload: &[u8],
        cx: &HandlerContext<'_>,
    ) -> Result<(), Refusal> {
        self.after(|logic| logic.join(player, payload, cx))
    }

    fn view(&self, player: &Player, into: &mut Vec<u8>) -> Result<(), Refusal> {
        self.logic.view(player, into)
    }

    fn command(
        &mut self,
        player: &Player,
        payload: &[u8],
        reply: &mut Vec<u8>,
        cx: &HandlerContext<'_>,
    ) -> Result<(), Refusal> {
        self.after(|logic| logic.command(player, payload, reply, cx))
    }

    fn tick(&mut self, cx: &HandlerContext<'_>) {
        self.after(|logic| logic.tick(cx));
    }

    fn note(&mut self, note: &[u8], cx: &HandlerContext<'_>) -> Result<(), Refusal> {
        self.after(|logic| logic.note(note, cx))
    }

    fn leave(&mut self, player: &Player, reason: LeaveReason, cx: &HandlerContext<'_>) {
        self.after(|logic| logic.leave(player, reason, cx));
    }

    fn presence(&mut self, player: &Player, attached: bool, cx: &HandlerContext<'_>) {
        self.after(|logic| logic.presence(player, attached, cx));
    }

    fn snapshot(&self, into: &mut Vec<u8>) -> Result<(), Refusal> {
        self.logic.snapshot(into)
    }

    fn apply(&mut self, change: &[u8]) -> Result<(), Refusal> {
        self.logic.apply(change)?;
        // If only the end of all changes matters, one observation is enough.
        if !self.is_restored_awaited() {
            self.look();
        }
        Ok(())
    }

    fn take_dirty_parts(&mut self) -> Vec<u32> {
        self.untaken.extend(self.logic.take_dirty_parts());
        std::mem::take(&mut self.untaken).into_iter().collect()
    }

    fn part(&self, number: u32, into: &mut Vec<u8>) -> Result<bool, Refusal> {
        self.logic.part(number, into)
    }

    fn set_part(&mut self, number: u32, part: Option<&[u8]>) -> Result<(), Refusal> {
        self.logic.set_part(number, part)?;
        match part {
            Some(part) => self.change(|state| state.parts.insert(number, part.to_vec())),
            None => self.change(|state| state.parts.remove(&number)),
        };
        Ok(())
    }

    fn request(
        &mut self,
        caller: &Caller,
        payload: &[u8],
        reply: &mut Vec<u8>,
        cx: &HandlerContext<'_>,
    ) -> Result<Answered, Refusal> {
        self.after(|logic| logic.request(caller, payload, reply, cx))
    }

    fn answer(
        &mut self,
        tag: &[u8],
        answer: Result<&[u8], AskError>,
        cx: &HandlerContext<'_>,
    ) -> Result<(), Refusal> {
        self.after(|logic| logic.answer(tag, answer, cx))
    }
}
