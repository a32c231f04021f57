//! Timing of handlers: a wrapper around the game's rooms logs those that take too long.

use std::time::{Duration, Instant};

use wayfare_core::HandlerContext;
use wayfare_core::game::{
    Answered, AskError, Caller, Form, Kind, LeaveReason, Player, Refusal, RoomKind, RoomLogic,
};
use wayfare_protocol::EntityId;

/// Wraps a kind so that its handlers are timed. Costs two clock readings per call.
pub(crate) fn timed(kind: Kind, slow: Duration) -> Kind {
    let Kind {
        name,
        logic,
        settings,
    } = kind;
    let logic = Box::new(TimedKind {
        inner: logic,
        name: name.clone(),
        slow,
    });
    Kind {
        name,
        logic,
        settings,
    }
}

struct TimedKind {
    inner: Box<dyn RoomKind>,
    name: String,
    slow: Duration,
}

impl TimedKind {
    fn wrap(&self, inner: Box<dyn RoomLogic>, room: Option<EntityId>) -> Box<dyn RoomLogic> {
        Box::new(TimedRoom {
            inner,
            watch: Watch {
                room,
                slow: self.slow,
            },
        })
    }
}

impl RoomKind for TimedKind {
    fn open(&self, open: &[u8], cx: &HandlerContext<'_>) -> Result<Box<dyn RoomLogic>, Refusal> {
        let watch = Watch {
            room: Some(cx.entity().clone()),
            slow: self.slow,
        };
        let inner = watch.time("open", || self.inner.open(open, cx))?;
        Ok(self.wrap(inner, watch.room))
    }

    fn restore(&self, snapshot: &[u8]) -> Result<Box<dyn RoomLogic>, Refusal> {
        let room = EntityId::new(&self.name, "?").ok();
        let watch = Watch {
            room,
            slow: self.slow,
        };
        let inner = watch.time("restore", || self.inner.restore(snapshot))?;
        Ok(self.wrap(inner, None))
    }

    fn form(&self) -> Form {
        self.inner.form()
    }

    fn is_asked(&self) -> bool {
        self.inner.is_asked()
    }
}

struct Watch {
    /// The room's id, learnt from the first handler that knows it.
    room: Option<EntityId>,
    slow: Duration,
}

impl Watch {
    fn time<R>(&self, handler: &'static str, call: impl FnOnce() -> R) -> R {
        let start = Instant::now();
        let outcome = call();
        let took = start.elapsed();
        if took > self.slow {
            let room = self.room.as_ref().map_or("?", EntityId::as_str);
            tracing::warn!(room, handler, ?took, "a handler held up its shard");
            metrics::counter!("wayfare_slow_handlers_total").increment(1);
        }
        outcome
    }

    fn learn(&mut self, cx: &HandlerContext<'_>) {
        if self.room.is_none() {
            self.room = Some(cx.entity().clone());
        }
    }
}

struct TimedRoom {
    inner: Box<dyn RoomLogic>,
    watch: Watch,
}

impl RoomLogic for TimedRoom {
    fn join(
        &mut self,
        player: &Player,
        payload: &[u8],
        cx: &HandlerContext<'_>,
    ) -> Result<(), Refusal> {
        self.watch.learn(cx);
        self.watch
            .time("join", || self.inner.join(player, payload, cx))
    }

    fn view(&self, player: &Player, into: &mut Vec<u8>) -> Result<(), Refusal> {
        self.watch.time("view", || self.inner.view(player, into))
    }

    fn command(
        &mut self,
        player: &Player,
        payload: &[u8],
        reply: &mut Vec<u8>,
        cx: &HandlerContext<'_>,
    ) -> Result<(), Refusal> {
        self.watch.learn(cx);
        self.watch
            .time("command", || self.inner.command(player, payload, reply, cx))
    }

    fn tick(&mut self, cx: &HandlerContext<'_>) {
        self.watch.learn(cx);
        self.watch.time("tick", || self.inner.tick(cx));
    }

    fn note(&mut self, note: &[u8], cx: &HandlerContext<'_>) -> Result<(), Refusal> {
        self.watch.learn(cx);
        self.watch.time("note", || self.inner.note(note, cx))
    }

    fn leave(&mut self, player: &Player, reason: LeaveReason, cx: &HandlerContext<'_>) {
        self.watch.learn(cx);
        self.watch
            .time("leave", || self.inner.leave(player, reason, cx));
    }

    fn presence(&mut self, player: &Player, attached: bool, cx: &HandlerContext<'_>) {
        self.watch.learn(cx);
        self.watch
            .time("presence", || self.inner.presence(player, attached, cx));
    }

    fn snapshot(&self, into: &mut Vec<u8>) -> Result<(), Refusal> {
        self.watch.time("snapshot", || self.inner.snapshot(into))
    }

    fn apply(&mut self, change: &[u8]) -> Result<(), Refusal> {
        self.watch.time("apply", || self.inner.apply(change))
    }

    fn take_dirty_parts(&mut self) -> Vec<u32> {
        self.watch
            .time("take_dirty_parts", || self.inner.take_dirty_parts())
    }

    fn part(&self, number: u32, into: &mut Vec<u8>) -> Result<bool, Refusal> {
        self.watch.time("part", || self.inner.part(number, into))
    }

    fn set_part(&mut self, number: u32, part: Option<&[u8]>) -> Result<(), Refusal> {
        self.watch
            .time("set_part", || self.inner.set_part(number, part))
    }

    fn request(
        &mut self,
        caller: &Caller,
        payload: &[u8],
        reply: &mut Vec<u8>,
        cx: &HandlerContext<'_>,
    ) -> Result<Answered, Refusal> {
        self.watch.learn(cx);
        self.watch
            .time("request", || self.inner.request(caller, payload, reply, cx))
    }

    fn answer(
        &mut self,
        tag: &[u8],
        answer: Result<&[u8], AskError>,
        cx: &HandlerContext<'_>,
    ) -> Result<(), Refusal> {
        self.watch.learn(cx);
        self.watch
            .time("answer", || self.inner.answer(tag, answer, cx))
    }
}
