//! The settings of a kind of room: [`Kind`].

use std::marker::PhantomData;
use std::time::Duration;

use wayfare_core::game::{self, HistoryBounds, KindSettings, OnPanic, Who};

use crate::Room;
use crate::hosted::HostedKind;

/// `hertz` times a second, as the time between two: for [`Kind::tick`].
///
/// ```
/// assert_eq!(wayfare::hz(20), std::time::Duration::from_millis(50));
/// ```
#[must_use]
pub const fn hz(hertz: u32) -> Duration {
    match Duration::from_secs(1).checked_div(hertz) {
        Some(period) => period,
        // Refused by name when the game starts.
        None => Duration::ZERO,
    }
}

/// What is the same for all rooms of one kind. Nothing needs to be set.
///
/// ```
/// # use wayfare::{Kind, Room, Who, hz};
/// # use std::time::Duration;
/// fn arena<R: Room>(kind: Kind<R>) -> Kind<R> {
///     kind.tick(hz(20))
///         .members_max(16)
///         .create(Who::Authenticated)
///         .snapshots_every(Duration::from_secs(10))
/// }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Kind<R> {
    settings: KindSettings,
    room: PhantomData<fn() -> R>,
}

impl<R: Room> Kind<R> {
    pub(crate) fn new() -> Self {
        Self {
            settings: KindSettings::default(),
            room: PhantomData,
        }
    }

    /// Calls [`Room::tick`] this often: `tick(hz(20))`. A room does not tick unless told to.
    pub fn tick(mut self, every: Duration) -> Self {
        self.settings.tick = Some(every);
        self
    }

    /// Members at once: 1000 unless set.
    pub fn members_max(mut self, members: u32) -> Self {
        self.settings.members_max = members;
        self
    }

    /// How long a member whose connection is lost stays: 30 s unless set.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.settings.member_grace = grace;
        self
    }

    /// How long a room without members stays: 30 s unless set.
    pub fn empty_after(mut self, grace: Duration) -> Self {
        self.settings.empty_grace = Some(grace);
        self
    }

    /// A room without members stays until it closes itself.
    pub fn keep_when_empty(mut self) -> Self {
        self.settings.empty_grace = None;
        self
    }

    /// How far back a room can replay to a client that lost its connection: 1024 events, 256 KiB
    /// or 60 s unless set. A client that was gone for longer gets a view instead.
    pub fn history(mut self, bounds: HistoryBounds) -> Self {
        self.settings.history = bounds;
        self
    }

    /// Who may create such a room by joining it: anyone unless set.
    pub fn create(mut self, who: Who) -> Self {
        self.settings.create = who;
        self
    }

    /// Who may join one that exists: anyone unless set.
    pub fn join(mut self, who: Who) -> Self {
        self.settings.join = who;
        self
    }

    /// Who may list those that are not private: anyone unless set.
    pub fn list(mut self, who: Who) -> Self {
        self.settings.list = who;
        self
    }

    /// What becomes of a room whose handler panicked: it restarts unless set.
    pub fn on_panic(mut self, on_panic: OnPanic) -> Self {
        self.settings.on_panic = on_panic;
        self
    }

    /// Takes a snapshot this often, to restart from after a panic. None are taken unless set.
    pub fn snapshots_every(mut self, every: Duration) -> Self {
        self.settings.snapshot_every = Some(every);
        self
    }

    pub(crate) fn named(self, name: &str) -> game::Kind {
        game::Kind {
            name: name.to_owned(),
            logic: Box::new(HostedKind::<R>::new()),
            settings: self.settings,
        }
    }
}
