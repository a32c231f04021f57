//! The stored form of a room, by two properties over rooms of every kind that is kept:
//!
//! - a room that is made of an image has that image (room → image → room → image is the identity);
//! - the journal of a room amounts to its image (what changes say is what a whole record says).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use wayfare_protocol::coordination::Revision;
use wayfare_protocol::records::room::{Reign, RoomRecord};
use wayfare_protocol::storage::{Loaded, PartId, Position, Reply, Request, Snapshot};
use wayfare_protocol::wire::JoinMode;
use wayfare_protocol::{
    Address, EntityId, Epoch, Handle, Incarnation, Instant, Membership, NodeId, PlayerId, Sequence,
    SessionId, ShardIndex,
};

use super::machines::calls::first_call;
use super::machines::phase::Phase;
use super::persistence::image::Image;
use super::record::base_record;
use super::recovery::revive;
use super::{Opened, Origin, Room, RoomTurn};
use crate::context::Context;
use crate::game::{
    Audience, Durability, Form, HandlerContext, Kind, KindSettings, Kinds, LeaveReason, Player,
    Refusal, RoomKind, RoomLogic, SessionRef, TimerId, Work,
};
use crate::in_flight::Call;
use crate::output::Output;
use crate::peer::{Join, Member, MemberRequest, Numbered, ToEntity};
use crate::stub_config::stub_config;

const KEY: &str = "notes/a";

// ---- a room that uses everything that is stored

/// Notes that were written, one part each; the first byte of a command says what to do with it.
struct StubNotes {
    form: Form,
    notes: Vec<Vec<u8>>,
    dirty: Vec<u32>,
}

struct StubNotesKind(Form);

impl StubNotesKind {
    fn empty(&self) -> Box<dyn RoomLogic> {
        Box::new(StubNotes {
            form: self.0,
            notes: Vec::new(),
            dirty: Vec::new(),
        })
    }
}

impl RoomKind for StubNotesKind {
    fn open(&self, _: &[u8], _: &HandlerContext<'_>) -> Result<Box<dyn RoomLogic>, Refusal> {
        Ok(self.empty())
    }

    fn restore(&self, snapshot: &[u8]) -> Result<Box<dyn RoomLogic>, Refusal> {
        let mut logic = self.empty();
        for note in snapshot.split(|byte| *byte == b'\n').skip(1) {
            logic.apply(note)?;
        }
        Ok(logic)
    }

    fn form(&self) -> Form {
        self.0
    }
}

impl StubNotes {
    fn write(&mut self, note: &[u8], cx: &HandlerContext<'_>) {
        cx.change(|bytes| bytes.extend_from_slice(note));
        self.dirty.push(self.notes.len() as u32);
        self.notes.push(note.to_vec());
    }
}

impl RoomLogic for StubNotes {
    fn join(&mut self, player: &Player, _: &[u8], cx: &HandlerContext<'_>) -> Result<(), Refusal> {
        cx.set_property("newest", Some(player.id.as_str()));
        Ok(())
    }

    fn command(
        &mut self,
        player: &Player,
        payload: &[u8],
        reply: &mut Vec<u8>,
        cx: &HandlerContext<'_>,
    ) -> Result<(), Refusal> {
        let put = |bytes: &mut Vec<u8>| bytes.extend_from_slice(payload);
        match payload[0] {
            b'e' => cx.send(Audience::Everyone, put),
            b'o' => cx.send(Audience::Only(std::slice::from_ref(&player.id)), put),
            b'x' => cx.send(Audience::Except(std::slice::from_ref(&player.id)), put),
            b'w' => self.write(payload, cx),
            b't' => drop(cx.after(Duration::from_secs(u64::from(payload[1]) + 1), put)),
            b'c' => cx.cancel(TimerId(u64::from(payload[1]) % 4)),
            b'a' => {
                let target = EntityId::new("bank", "b").unwrap();
                cx.ask(&target, put, Duration::from_secs(20), put);
            }
            b'r' => cx.run(Work(Box::pin(async { Vec::new() })), put),
            b'p' => cx.set_property("last", Some("p")),
            b'l' => cx.set_locked(payload[1].is_multiple_of(2)),
            b'h' => cx.set_private(payload[1].is_multiple_of(2)),
            b'g' => cx.log("game", put),
            b'k' => cx.kick(&player.id, "enough"),
            b'f' => panic!("told to"),
            verb => panic!("no such verb: {verb}"),
        }
        reply.extend_from_slice(&payload[..payload.len().min(2)]);
        Ok(())
    }

    fn note(&mut self, note: &[u8], cx: &HandlerContext<'_>) -> Result<(), Refusal> {
        self.write(note, cx);
        Ok(())
    }

    fn leave(&mut self, _: &Player, _: LeaveReason, cx: &HandlerContext<'_>) {
        self.write(b"left", cx);
    }

    fn presence(&mut self, _: &Player, attached: bool, cx: &HandlerContext<'_>) {
        cx.send(Audience::Everyone, |bytes| bytes.push(u8::from(attached)));
    }

    fn snapshot(&self, into: &mut Vec<u8>) -> Result<(), Refusal> {
        if self.form != Form::Parts {
            for note in &self.notes {
                into.push(b'\n');
                into.extend_from_slice(note);
            }
        }
        Ok(())
    }

    fn apply(&mut self, change: &[u8]) -> Result<(), Refusal> {
        self.notes.push(change.to_vec());
        Ok(())
    }

    fn take_dirty_parts(&mut self) -> Vec<u32> {
        let mut dirty = std::mem::take(&mut self.dirty);
        dirty.dedup();
        dirty
    }

    fn part(&self, number: u32, into: &mut Vec<u8>) -> Result<bool, Refusal> {
        into.extend_from_slice(&self.notes[number as usize]);
        Ok(true)
    }

    fn set_part(&mut self, number: u32, part: Option<&[u8]>) -> Result<(), Refusal> {
        let number = number as usize;
        self.notes
            .resize(self.notes.len().max(number + 1), Vec::new());
        self.notes[number] = part.unwrap_or_default().to_vec();
        Ok(())
    }
}

// ---- a shard around it

/// Storage that does everything at once.
#[derive(Default)]
struct StubStorage {
    snapshot: Option<Snapshot>,
    journal: Vec<Bytes>,
    parts: Vec<(PartId, Bytes)>,
    next: Position,
}

impl StubStorage {
    fn execute(&mut self, request: Request) -> Reply {
        match request {
            Request::Journal { from, records, .. } => {
                self.next = Position(from.0 + records.len() as u64);
                self.journal.extend(records);
            }
            Request::Snapshot { snapshot, .. } => {
                self.next = snapshot.position.next();
                self.journal.clear();
                self.snapshot = Some(snapshot);
            }
            Request::Part { part, bytes, .. } => self.parts.push((part, bytes)),
            Request::Append { .. } => {}
            other => panic!("unexpected: {other:?}"),
        }
        Reply::Done
    }

    fn loaded(&self) -> Loaded {
        Loaded {
            snapshot: self.snapshot.clone(),
            journal: self.journal.clone(),
        }
    }
}

struct Bench {
    kind: Arc<Kind>,
    room: Room,
    context: Context,
    storage: StubStorage,
}

#[derive(Clone, Debug)]
enum Act {
    Join(u8),
    Leave(u8),
    Detach(u8),
    Attach(u8),
    Command(u8, Vec<u8>),
    Wait(u16),
    /// Nothing is written of what comes until the next of these.
    Keep,
}

impl Bench {
    fn new(durability: Durability, form: Form) -> Self {
        let config = stub_config(1, (0, 1));
        let rng = ChaCha8Rng::from_seed([0; 32]);
        let start = Instant::from_nanos(1_000_000);
        let mut context = Context::new(config, Kinds::default(), rng, start);
        let kind = Arc::new(Kind {
            name: "notes".into(),
            logic: Box::new(StubNotesKind(form)),
            settings: KindSettings {
                durability,
                snapshot_every: Some(Duration::from_secs(5)),
                empty_grace: None,
                member_grace: Duration::from_secs(3600),
                tick: None,
                ..KindSettings::default()
            },
        });
        let opened = Opened {
            entity: KEY.parse().unwrap(),
            handle: Handle(7),
            epoch: Epoch(3),
            revision: Revision(3),
            open: Bytes::from_static(b"open"),
            next: Position(1),
        };
        let room = Room::open(opened, &kind, &mut context).unwrap();
        Self {
            kind,
            room,
            context,
            storage: StubStorage::default(),
        }
    }

    fn turn(&mut self) -> RoomTurn<'_> {
        RoomTurn::new(&mut self.room, &mut self.context)
    }

    fn session(player: u8) -> SessionRef {
        SessionRef {
            id: SessionId(u128::from(player) + 1),
            epoch: Epoch(1),
            gateway: Address {
                node: NodeId::new("n2").unwrap(),
                incarnation: Incarnation(1),
                shard: ShardIndex(u16::from(player)),
            },
        }
    }

    /// The membership of a player, and the last number that was applied for it.
    fn stay(&self, player: u8) -> Option<(Membership, Sequence)> {
        let id = player_id(player);
        let (membership, member) = self.room.members.of_player(&id)?;
        Some((membership, member.applied))
    }

    fn act(&mut self, act: &Act) {
        match act {
            Act::Join(player) if self.stay(*player).is_none() => {
                let join = Join {
                    entity: KEY.parse().unwrap(),
                    player: Arc::new(Player {
                        id: player_id(*player),
                        name: "somebody".into(),
                        guest: player.is_multiple_of(2),
                    }),
                    session: Self::session(*player),
                    sequence: Sequence(1),
                    mode: JoinMode::JoinOrCreate,
                    open: Bytes::new(),
                    payload: Bytes::new(),
                    hops: 0,
                };
                self.turn().accept(ToEntity::Join(Box::new(join)));
            }
            Act::Join(_) => {}
            Act::Leave(player) => self.say(*player, MemberRequest::Leave),
            Act::Detach(player) => self.say(*player, |_| MemberRequest::Detach),
            Act::Attach(player) => self.say(*player, |_| MemberRequest::Attach {
                epoch: Epoch(3),
                sequence: Sequence(0),
            }),
            Act::Command(player, payload) => {
                let payload = Bytes::from(payload.clone());
                self.say(*player, |next| MemberRequest::Command(next, payload));
            }
            Act::Wait(millis) => {
                let now = self.context.now + Duration::from_millis(u64::from(*millis));
                self.context.now = now;
                self.turn().handle_timeout();
            }
            Act::Keep => return self.keep(),
        }
        let mut turn = self.turn();
        turn.finish();
        turn.release();
        if self.room.wants_restart() {
            self.restart();
        }
    }

    fn say(&mut self, player: u8, request: impl FnOnce(Numbered) -> MemberRequest) {
        let Some((membership, applied)) = self.stay(player) else {
            return;
        };
        let next = Numbered {
            sequence: applied.next(),
            epoch: self.room.id.epoch,
        };
        let member = Member {
            handle: self.room.handle(),
            session: Self::session(player),
            membership,
            request: request(next),
        };
        self.turn().accept(ToEntity::Member(member));
    }

    /// Ends the turn, and answers storage's requests until there are none.
    fn keep(&mut self) {
        self.turn().keep();
        loop {
            let outputs: Vec<Output> = self.context.out.outputs.drain(..).collect();
            let mut any = false;
            for output in outputs {
                if let Output::Store { call, request } = output {
                    let outcome = Ok(self.storage.execute(request));
                    let Some(Call::Room { call, .. }) = self.context.calls.end(call) else {
                        panic!("a call of nobody");
                    };
                    self.turn().handle_storage(call, outcome);
                    any = true;
                }
            }
            let mut turn = self.turn();
            turn.release();
            any |= turn.rerun_next();
            turn.finish();
            if self.room.wants_restart() {
                // It failed on an input that ran again.
                self.restart();
                any = true;
            }
            self.turn().keep();
            if !any && self.context.out.outputs.is_empty() {
                break;
            }
        }
        self.context.out.local.clear();
    }

    /// The room that storage has, under the next epoch.
    fn recovered(&mut self, loaded: &Loaded) -> Option<Room> {
        let image = Image::of(loaded).unwrap()?;
        let names = image.stored_parts.clone();
        let mut recovered = revive(
            &self.room.id.entity,
            (&self.kind, image, loaded),
            self.context.config.hook.clone(),
        )
        .unwrap();
        for part in names {
            let stored = self.storage.parts.iter().find(|(id, _)| *id == part);
            let (_, bytes) = stored.expect("a named part is stored");
            recovered.set_part(part.number, Some(bytes)).unwrap();
        }
        recovered.finish().unwrap();
        let opened = Opened {
            epoch: self.room.id.epoch.next(),
            next: self.storage.next,
            ..self.room.opened()
        };
        Some(Room::recover(opened, &self.kind, recovered, &self.context).unwrap())
    }

    /// Restarts the room as the shard does, with storage that answers at once.
    fn restart(&mut self) {
        self.room.begin_restart();
        let loaded = self.storage.loaded();
        let (fresh, origin) = match self.recovered(&loaded) {
            Some(room) => (room, Origin::Stored),
            None => {
                let opened = Opened {
                    epoch: self.room.id.epoch.next(),
                    ..self.room.opened()
                };
                let room = Room::open(opened, &self.kind, &mut self.context);
                (room.unwrap(), Origin::Anew)
            }
        };
        self.room.end_restart();
        let mut turn = self.turn();
        turn.replace_by(fresh, origin);
        turn.finish();
    }

    /// The image of a room, all of it in one record.
    fn image(&self, room: &mut Room) -> RoomRecord {
        let times = (self.context.now, self.context.unix());
        let mut state = Vec::new();
        room.logic.snapshot(&mut state).unwrap();
        let persistence = room.persistence.as_ref().unwrap();
        RoomRecord {
            state: Some(state.into()),
            ..base_record(room, persistence, times)
        }
    }

    /// The parts of a room's state.
    fn parts(room: &Room) -> Vec<Vec<u8>> {
        let mut parts = Vec::new();
        if room.kind.form() == Form::Parts {
            let notes = |number| {
                let mut part = Vec::new();
                std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                    room.logic.part(number, &mut part).unwrap();
                }))
                .ok()
                .map(|()| part)
            };
            parts.extend((0..).map_while(notes));
        }
        parts
    }
}

/// Everything of a room that is kept, without regard to how it is stored.
fn kept(room: &Room) -> String {
    let members = room.members.iter().map(|(number, member)| {
        let session = (member.session.id, member.session.epoch);
        let position = (member.applied, member.joined_at, member.attached);
        (
            number,
            member.player.clone(),
            session,
            position,
            member.failed,
        )
    });
    let members: Vec<_> = members.collect();
    let numbers = (room.members.next, room.clock.timers_made);
    let history = match room.kind.settings.durability {
        Durability::Durable => room.stream.history.since(Sequence(0)).collect(),
        Durability::Volatile => Vec::new(),
    };
    let position = (room.stream.sequence, room.stream.position_announced);
    let (timers, calls) = (&room.clock.timers, &room.calls.pending);
    let metadata = &room.metadata;
    format!(
        "{members:#?} {numbers:?} {position:?} {history:#?} {timers:#?} {calls:#?} {metadata:#?}"
    )
}

fn player_id(player: u8) -> PlayerId {
    PlayerId::new(&format!("p{player}")).unwrap()
}

/// The image that an owner of the next epoch has of what `image` says.
fn under_next_epoch(mut image: RoomRecord, durability: Durability) -> RoomRecord {
    let epoch = image.epoch + 1;
    image.epoch = epoch;
    if let Some(base) = &mut image.base {
        let first = image.sequence + 1;
        base.lineage.push(Reign { epoch, first });
        if durability == Durability::Volatile {
            base.valid_from_epoch = epoch;
        }
    }
    if let Some(metadata) = &mut image.metadata {
        metadata.calls_made = metadata.calls_made.max(first_call(Epoch(epoch)));
    }
    image
}

fn loaded(record: &RoomRecord) -> Loaded {
    use wayfare_protocol::records::room::Record;
    Loaded {
        snapshot: Some(Snapshot {
            position: Position(1),
            bytes: record.encode_to_vec().into(),
            parts: Vec::new(),
        }),
        journal: Vec::new(),
    }
}

// ---- the properties

fn act() -> impl Strategy<Value = Act> {
    let player = 0..4_u8;
    let verb = proptest::sample::select(b"eeoxwwwttcarplhgkf".to_vec());
    let payload = (verb, any::<[u8; 3]>()).prop_map(|(verb, rest)| {
        let rest = rest.map(|byte| byte | 0x80);
        [&[verb], &rest[..]].concat()
    });
    prop_oneof![
        3 => player.clone().prop_map(Act::Join),
        1 => player.clone().prop_map(Act::Leave),
        1 => player.clone().prop_map(Act::Detach),
        1 => player.clone().prop_map(Act::Attach),
        12 => (player, payload).prop_map(|(player, payload)| Act::Command(player, payload)),
        1 => (1..7000_u16).prop_map(Act::Wait),
        3 => Just(Act::Keep),
    ]
}

fn kind() -> impl Strategy<Value = (Durability, Form)> {
    prop_oneof![
        Just((Durability::Durable, Form::Whole)),
        Just((Durability::Durable, Form::Changes)),
        Just((Durability::Durable, Form::Parts)),
        Just((Durability::Volatile, Form::Whole)),
    ]
}

#[test]
fn the_number_of_a_timer_cancelled_at_once_is_not_reused() {
    let mut bench = Bench::new(Durability::Durable, Form::Whole);
    let command = |payload: &[u8]| Act::Command(0, payload.to_vec());
    bench.act(&Act::Join(0));
    bench.act(&Act::Keep);
    bench.act(&command(&[b't', 9]));
    bench.act(&command(&[b'c', 0]));
    bench.act(&Act::Keep);
    let again = bench.recovered(&bench.storage.loaded()).unwrap();
    assert_eq!(again.clock.timers_made, 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_room_that_is_made_of_an_image_has_that_image(
        (durability, form) in kind(),
        acts in prop::collection::vec(act(), 0..60),
    ) {
        let mut bench = Bench::new(durability, form);
        let Bench { room, .. } = &mut bench;
        prop_assert_eq!(room.phase, Phase::Running);
        for act in &acts {
            bench.act(act);
        }
        let mut room = std::mem::replace(&mut bench.room, Bench::new(durability, form).room);
        let image = bench.image(&mut room);
        bench.room.id.epoch = room.id.epoch;
        let mut again = bench.recovered(&loaded(&image)).unwrap();
        prop_assert_eq!(kept(&again), kept(&room));
        let expect = under_next_epoch(image, durability);
        prop_assert_eq!(bench.image(&mut again), expect);
    }

    #[test]
    fn a_journal_amounts_to_the_image_of_its_room(
        (durability, form) in kind().prop_filter("journals", |(it, _)| *it == Durability::Durable),
        acts in prop::collection::vec(act(), 1..60),
    ) {
        let mut bench = Bench::new(durability, form);
        for act in &acts {
            bench.act(act);
        }
        bench.keep();
        let mut room = std::mem::replace(&mut bench.room, Bench::new(durability, form).room);
        let image = bench.image(&mut room);
        bench.room.id.epoch = room.id.epoch;
        let mut again = bench.recovered(&bench.storage.loaded()).unwrap();
        prop_assert_eq!(Bench::parts(&again), Bench::parts(&room));
        prop_assert_eq!(kept(&again), kept(&room));
        let expect = RoomRecord {
            // Whether they have reached their logs is not stored: they are appended again, once.
            appends: Vec::new(),
            ..under_next_epoch(image, durability)
        };
        let image = RoomRecord {
            appends: Vec::new(),
            ..bench.image(&mut again)
        };
        prop_assert_eq!(image, expect);
    }
}
