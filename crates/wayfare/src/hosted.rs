//! A typed room as the shard sees it: bytes in, effects out.

use std::any::TypeId;
use std::marker::PhantomData;

use wayfare_core::Turn;
use wayfare_core::game::{self, Refusal, RoomKind, RoomLogic};
use wayfare_protocol::{EntityId, ErrorCode};

use crate::codec::read_named;
use crate::{Context, Decode, Encode, Player, Room, Snapshot, snapshot};

/// Makes the rooms of one type.
pub(crate) struct HostedKind<R>(PhantomData<fn() -> R>);

impl<R: Room> HostedKind<R> {
    pub(crate) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<R: Room> RoomKind for HostedKind<R> {
    fn open(&self, open: &[u8], turn: &Turn<'_>) -> Result<Box<dyn RoomLogic>, Refusal> {
        let open = decode::<R, R::Open>("open", open, turn.entity())?;
        Ok(Box::new(Hosted(R::open(open, &Context::new(turn))?)))
    }

    fn restore(&self, snapshot: &[u8]) -> Result<Box<dyn RoomLogic>, Refusal> {
        let snapshot = Snapshot::parse(snapshot)?;
        let room = match snapshot.version() {
            version if version == R::VERSION => snapshot.read()?,
            version => R::upgrade(version, snapshot)?,
        };
        Ok(Box::new(Hosted::<R>(room)))
    }
}

struct Hosted<R>(R);

impl<R: Room> RoomLogic for Hosted<R> {
    fn join(
        &mut self,
        player: &game::Player,
        payload: &[u8],
        turn: &Turn<'_>,
    ) -> Result<(), Refusal> {
        let join = decode::<R, R::Join>("join", payload, turn.entity())?;
        self.0.join(&player.into(), join, &Context::new(turn))
    }

    fn view(&self, player: &game::Player, into: &mut Vec<u8>) -> Result<(), Refusal> {
        let view = self.0.view(&player.into());
        view.encode(R::CODEC, into).map_err(|error| {
            let message = format!("the room's view does not encode: {error}");
            Refusal::with_code(ErrorCode::Internal, message)
        })
    }

    fn command(
        &mut self,
        player: &game::Player,
        payload: &[u8],
        reply: &mut Vec<u8>,
        turn: &Turn<'_>,
    ) -> Result<(), Refusal> {
        let command = decode::<R, R::Command>("command", payload, turn.entity())?;
        let answer = self
            .0
            .command(&player.into(), command, &Context::new(turn))?;
        // "Applied, nothing to say" is told without a frame of its own.
        if TypeId::of::<R::Reply>() == TypeId::of::<()>() {
            return Ok(());
        }
        // The state has changed already, so that a refusal would not be true.
        if let Err(error) = answer.encode(R::CODEC, reply) {
            panic!("a reply of room {} does not encode: {error}", turn.entity());
        }
        Ok(())
    }

    fn tick(&mut self, turn: &Turn<'_>) {
        self.0.tick(&Context::new(turn));
    }

    fn note(&mut self, note: &[u8], turn: &Turn<'_>) -> Result<(), Refusal> {
        let note = read_named(note).map_err(|error| invalid("note", turn.entity(), &error))?;
        self.0.note(note, &Context::new(turn));
        Ok(())
    }

    fn leave(&mut self, player: &game::Player, reason: game::LeaveReason, turn: &Turn<'_>) {
        let player = Player::from(player);
        self.0.leave(&player, reason.into(), &Context::new(turn));
    }

    fn presence(&mut self, player: &game::Player, attached: bool, turn: &Turn<'_>) {
        self.0
            .presence(&player.into(), attached, &Context::new(turn));
    }

    fn snapshot(&self, into: &mut Vec<u8>) -> Result<(), Refusal> {
        snapshot::write(R::VERSION, &self.0, into).map_err(|error| {
            let message = format!("the room's state does not encode: {error}");
            Refusal::with_code(ErrorCode::Internal, message)
        })
    }
}

fn decode<R: Room, T: Decode>(
    what: &'static str,
    payload: &[u8],
    room: &EntityId,
) -> Result<T, Refusal> {
    T::decode(R::CODEC, payload).map_err(|error| invalid(what, room, &error))
}

fn invalid(what: &'static str, room: &EntityId, error: &dyn std::fmt::Display) -> Refusal {
    let kind = room.kind();
    let message = format!("this is no {what} of a room of kind {kind:?}: {error}");
    Refusal::with_code(ErrorCode::PayloadInvalid, message)
}
