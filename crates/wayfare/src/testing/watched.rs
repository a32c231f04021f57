//! A kind of room whose state can be read from outside, through its own snapshot.

use std::sync::{Arc, Mutex, PoisonError};

use wayfare_core::Turn;
use wayfare_core::game::{LeaveReason, Player, Refusal, RoomKind, RoomLogic};

/// The snapshot of the one room of a table, as of its last handler.
#[derive(Clone, Debug, Default)]
pub(super) struct Latest(Arc<Mutex<Vec<u8>>>);

impl Latest {
    pub(super) fn read(&self) -> Vec<u8> {
        let latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        latest.clone()
    }

    fn write(&self, logic: &dyn RoomLogic) {
        let mut snapshot = Vec::new();
        if let Err(refusal) = logic.snapshot(&mut snapshot) {
            panic!("{refusal}");
        }
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = snapshot;
    }
}

pub(super) struct WatchedKind {
    pub(super) logic: Box<dyn RoomKind>,
    pub(super) latest: Latest,
}

impl WatchedKind {
    fn watch(&self, logic: Box<dyn RoomLogic>) -> Box<dyn RoomLogic> {
        let latest = self.latest.clone();
        latest.write(&*logic);
        Box::new(Watched { logic, latest })
    }
}

impl RoomKind for WatchedKind {
    fn open(&self, open: &[u8], turn: &Turn<'_>) -> Result<Box<dyn RoomLogic>, Refusal> {
        Ok(self.watch(self.logic.open(open, turn)?))
    }

    fn restore(&self, snapshot: &[u8]) -> Result<Box<dyn RoomLogic>, Refusal> {
        Ok(self.watch(self.logic.restore(snapshot)?))
    }
}

struct Watched {
    logic: Box<dyn RoomLogic>,
    latest: Latest,
}

impl Watched {
    fn after<T>(&mut self, handler: impl FnOnce(&mut dyn RoomLogic) -> T) -> T {
        let outcome = handler(&mut *self.logic);
        self.latest.write(&*self.logic);
        outcome
    }
}

impl RoomLogic for Watched {
    fn join(&mut self, player: &Player, payload: &[u8], turn: &Turn<'_>) -> Result<(), Refusal> {
        self.after(|logic| logic.join(player, payload, turn))
    }

    fn view(&self, player: &Player, into: &mut Vec<u8>) -> Result<(), Refusal> {
        self.logic.view(player, into)
    }

    fn command(
        &mut self,
        player: &Player,
        payload: &[u8],
        reply: &mut Vec<u8>,
        turn: &Turn<'_>,
    ) -> Result<(), Refusal> {
        self.after(|logic| logic.command(player, payload, reply, turn))
    }

    fn tick(&mut self, turn: &Turn<'_>) {
        self.after(|logic| logic.tick(turn));
    }

    fn note(&mut self, note: &[u8], turn: &Turn<'_>) -> Result<(), Refusal> {
        self.after(|logic| logic.note(note, turn))
    }

    fn leave(&mut self, player: &Player, reason: LeaveReason, turn: &Turn<'_>) {
        self.after(|logic| logic.leave(player, reason, turn));
    }

    fn presence(&mut self, player: &Player, attached: bool, turn: &Turn<'_>) {
        self.after(|logic| logic.presence(player, attached, turn));
    }

    fn snapshot(&self, into: &mut Vec<u8>) -> Result<(), Refusal> {
        self.logic.snapshot(into)
    }
}
