//! The gate in a room: while a holder has not confirmed, nothing of a step leaves.

use std::sync::Arc;

use bytes::Bytes;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use wayfare_protocol::coordination::Revision;
use wayfare_protocol::wire::JoinMode;
use wayfare_protocol::{EntityId, Epoch, Handle, Instant, PlayerId, Sequence, SessionId};

use super::machines::phase::{Cause, End, Phase};
use super::{Opened, Room, RoomTurn};
use crate::context::Context;
use crate::game::{Audience, HandlerContext};
use crate::game::{Durability, SessionRef};
use crate::game::{Kind, KindSettings, Kinds, Player, Refusal, RoomKind, RoomLogic};
use crate::peer::{self, Join, MemberRequest, Message, Numbered, ToEntity, ToGateway};
use crate::stream::gate::Holder;
use crate::stub_config::stub_config;

/// Says again what it is told.
struct StubEcho;

impl RoomKind for StubEcho {
    fn open(&self, _: &[u8], _: &HandlerContext<'_>) -> Result<Box<dyn RoomLogic>, Refusal> {
        Ok(Box::new(StubEcho))
    }

    fn restore(&self, _: &[u8]) -> Result<Box<dyn RoomLogic>, Refusal> {
        Ok(Box::new(StubEcho))
    }
}

impl RoomLogic for StubEcho {
    fn command(
        &mut self,
        _: &Player,
        payload: &[u8],
        reply: &mut Vec<u8>,
        cx: &HandlerContext<'_>,
    ) -> Result<(), Refusal> {
        cx.send(Audience::Everyone, |bytes| bytes.extend_from_slice(payload));
        reply.extend_from_slice(payload);
        Ok(())
    }
}

struct Bench {
    room: Room,
    context: Context,
    session: SessionRef,
}

impl Bench {
    fn new() -> Self {
        Self::of(Durability::Volatile)
    }

    fn of(durability: Durability) -> Self {
        let config = stub_config(1, (0, 1));
        let here = config.address.clone();
        let rng = ChaCha8Rng::from_seed([0; 32]);
        let mut context = Context::new(config, Kinds::default(), rng, Instant::from_nanos(1));
        let kind = Kind {
            name: "echo".into(),
            logic: Box::new(StubEcho),
            settings: KindSettings {
                durability,
                ..KindSettings::default()
            },
        };
        let opened = Opened {
            entity: EntityId::new("echo", "a").unwrap(),
            handle: Handle(1),
            epoch: Epoch(1),
            revision: Revision(1),
            open: Bytes::new(),
            next: wayfare_protocol::storage::Position(1),
        };
        let room = Room::open(opened, &Arc::new(kind), &mut context).unwrap();
        let session = SessionRef {
            id: SessionId(1),
            epoch: Epoch(1),
            gateway: here,
        };
        Self {
            room,
            context,
            session,
        }
    }

    fn begin(&mut self) -> RoomTurn<'_> {
        RoomTurn::new(&mut self.room, &mut self.context)
    }

    fn join(&mut self) {
        let join = Join {
            entity: self.room.id.entity.clone(),
            player: Arc::new(Player {
                id: PlayerId::new("ada").unwrap(),
                name: "ada".into(),
                guest: false,
            }),
            session: self.session.clone(),
            sequence: Sequence(1),
            mode: JoinMode::JoinOrCreate,
            open: Bytes::new(),
            payload: Bytes::new(),
            hops: 0,
        };
        self.begin().join(&join, true);
    }

    fn command(&mut self, sequence: u64) {
        let member = peer::Member {
            handle: self.room.handle(),
            session: self.session.clone(),
            membership: wayfare_protocol::Membership(1),
            request: MemberRequest::Command(
                Numbered {
                    sequence: Sequence(sequence),
                    epoch: Epoch(1),
                },
                Bytes::from_static(b"hi"),
            ),
        };
        self.begin().accept(ToEntity::Member(member));
    }

    /// Ends the turn, and says how many items of how many steps left the room.
    fn turn(&mut self) -> (usize, usize) {
        let mut turn = self.begin();
        turn.finish();
        turn.release();
        let steps: Vec<_> = self.context.out.local.drain(..).collect();
        let items = steps.iter().map(|message| match message {
            Message::Gateway(ToGateway::Step(step)) => step.items.len(),
            other => panic!("{other:?} left beside the gate"),
        });
        (items.sum(), steps.len())
    }
}

#[test]
fn nothing_of_a_turn_leaves_before_every_holder_has_it() {
    let mut bench = Bench::new();
    bench.room.stream.gate.add(Holder::Storage);
    bench.join();
    bench.command(2);
    assert_eq!(
        bench.turn(),
        (0, 0),
        "the answer to the join, the event and the reply are held"
    );
    bench.command(3);
    assert_eq!(bench.turn(), (0, 0));
    bench.room.stream.gate.confirm(Holder::Storage, 1);
    assert_eq!(
        bench.turn(),
        (3, 1),
        "joined, event and reply of the first cx"
    );
    bench.room.stream.gate.confirm(Holder::Storage, 2);
    assert_eq!(bench.turn(), (2, 1), "event and reply of the second");
}

#[test]
fn a_room_that_is_lost_releases_what_storage_has_confirmed() {
    let mut bench = Bench::of(Durability::Durable);
    bench.join();
    let mut turn = bench.begin();
    turn.finish();
    turn.keep();
    let confirmed = bench.room.stream.position().1;
    bench.room.stream.gate.confirm(Holder::Storage, confirmed);
    bench.room.end(End::Lost);
    bench.begin().say_farewell();
    let sent = bench.context.out.local.drain(..);
    let steps = sent.filter(|message| matches!(message, Message::Gateway(ToGateway::Step(_))));
    assert_eq!(steps.count(), 1, "the answer to the join");
}

#[test]
fn a_member_that_comes_back_is_a_member_like_any_other() {
    let mut bench = Bench::new();
    bench.join();
    let member = peer::Member {
        handle: bench.room.handle(),
        session: bench.session.clone(),
        membership: wayfare_protocol::Membership(1),
        request: MemberRequest::Detach,
    };
    let entity = bench.room.id.entity.clone();
    let back = Box::new(peer::Return {
        entity,
        member,
        hops: 0,
    });
    bench.room.phase = Phase::Failed(Cause::Handler);
    bench.begin().accept(ToEntity::Return(back));
    let waiting = bench.room.backlog().pop_waiting();
    assert!(matches!(waiting, Some(ToEntity::Member(_))), "{waiting:?}");
}

#[test]
fn a_volatile_room_releases_at_the_end_of_the_turn() {
    let mut bench = Bench::new();
    bench.join();
    bench.command(2);
    bench.command(3);
    assert_eq!(bench.turn(), (5, 1), "one step, whatever arrived");
}
