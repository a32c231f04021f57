//! The plan of a run: nodes, rooms, players, and the odds of faults.

use std::time::Duration;

use wayfare_core::SecondLogin;
use wayfare_core::game::{Durability, Form, HistoryBounds, KindSettings, OnLoss, OnPanic};

use crate::chance::Chance;

/// The parameters of a run, except what its seed draws during the run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The number of nodes. Until nodes can be linked, each has its own coordination and storage.
    pub nodes: usize,
    /// The number of shards of each node.
    pub shards: u16,
    /// The rooms, spread over the nodes.
    pub rooms: Vec<RoomPlan>,
    /// The number of players, spread over the nodes.
    pub players: usize,
    /// The longest pause of a player between two actions.
    pub pause_max: Duration,
    /// The odds of the players' actions.
    pub deeds: Deeds,
    /// The time in which faults occur.
    pub trouble_for: Duration,
    /// The longest time between two faults.
    pub fault_every_max: Duration,
    /// The odds of the faults.
    pub faults: FaultOdds,
    /// The largest difference of clock rates, in nanoseconds a second.
    pub drift_max: u64,
    /// The settings of all shards.
    pub server: ServerPlan,
    /// The maximum number of commands that rooms fail on. A room that fails too often ends.
    pub panics_max: u64,
    /// Clients that state to have received less than they have.
    pub liars: bool,
    /// True if nothing of this plan ends a membership: no player is removed, and all graces are
    /// longer than the faults.
    pub steady: bool,
}

/// The size of a history that holds every event of a room.
pub const WHOLE_HISTORY: usize = 1 << 20;

/// A room, of a kind of its own.
#[derive(Clone, Debug)]
pub struct RoomPlan {
    /// The kind's settings.
    pub settings: KindSettings,
    /// The stored form of its state.
    pub form: Form,
    /// The minimum size of a tick's event, in bytes.
    pub tick_bytes: usize,
}

impl RoomPlan {
    /// Returns true if nothing that anybody received may be lost.
    #[must_use]
    pub fn is_durable(&self) -> bool {
        self.settings.durability == Durability::Durable
    }

    /// Returns true if its history holds every event.
    #[must_use]
    pub fn remembers_all(&self) -> bool {
        self.settings.history.events_max >= WHOLE_HISTORY
    }

    /// Returns true if any state of it outlives its node.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.settings.is_kept()
    }
}

/// The settings of the shards.
#[derive(Clone, Copy, Debug)]
pub struct ServerPlan {
    /// The time for which a session outlives its connection.
    pub session_grace: Duration,
    /// The interval at which a client sends something.
    pub heartbeat: Duration,
    /// The effect of a second login.
    pub second_login: SecondLogin,
    /// The frames that a session may send in a second, and at once, if it is limited.
    pub frames: Option<(u32, u32)>,
    /// A storage with faults applies a quarter of the requests late, behind later ones.
    pub late_storage: bool,
    /// True if coordination and storage run inside the node, and lose their power with it.
    pub inside: bool,
}

/// The odds of the players' actions, by weight.
#[derive(Clone, Copy, Debug)]
pub struct Deeds {
    /// Sends something to everyone.
    pub say: u64,
    /// Makes the room do something without a reply.
    pub quiet: u64,
    /// Sends something to everyone else.
    pub others: u64,
    /// Sends something to one player.
    pub tell: u64,
    /// Sends something unreliably.
    pub wave: u64,
    /// Sends something large.
    pub fill: u64,
    /// Sends a command that the room refuses.
    pub refuse: u64,
    /// Sends a command that the room fails on.
    pub panic: u64,
    /// Starts a timer.
    pub after: u64,
    /// Starts a future.
    pub run: u64,
    /// Asks another entity.
    pub ask: u64,
    /// Appends a record to a log.
    pub log: u64,
    /// Ends somebody's membership.
    pub kick: u64,
    /// Closes the room.
    pub close: u64,
    /// Leaves, and joins again later.
    pub leave: u64,
    /// Lists the rooms.
    pub list: u64,
    /// Ends the session, and begins another later.
    pub bye: u64,
    /// Makes the room private.
    pub private: u64,
}

/// The odds of the faults, by weight.
#[derive(Clone, Copy, Debug, Default)]
#[expect(missing_docs, reason = "each is a fault of the same name")]
pub struct FaultOdds {
    pub cut: u64,
    pub reset: u64,
    pub address: u64,
    pub deaf_server: u64,
    pub deaf_client: u64,
    pub hold_up: u64,
    pub hold_down: u64,
    pub slow_reader: u64,
    pub vanish: u64,
    pub second_login: u64,
    pub kill: u64,
    pub stop: u64,
    pub pause: u64,
    pub pause_shard: u64,
    pub clock_ahead: u64,
    pub clock_back: u64,
    pub coordination: u64,
    pub storage: u64,
    pub coordination_away: u64,
    pub storage_away: u64,
}

impl FaultOdds {
    /// All faults.
    pub const ALL: Self = Self {
        cut: 10,
        reset: 5,
        address: 5,
        deaf_server: 3,
        deaf_client: 3,
        hold_up: 4,
        hold_down: 4,
        slow_reader: 4,
        vanish: 3,
        second_login: 3,
        kill: 5,
        stop: 1,
        pause: 4,
        pause_shard: 4,
        clock_ahead: 2,
        clock_back: 1,
        coordination: 5,
        storage: 6,
        coordination_away: 2,
        storage_away: 3,
    };
}

impl Deeds {
    /// All actions.
    pub const ALL: Self = Self {
        say: 30,
        quiet: 0,
        others: 12,
        tell: 12,
        wave: 4,
        fill: 1,
        refuse: 3,
        panic: 1,
        after: 4,
        run: 4,
        ask: 4,
        log: 4,
        kick: 1,
        close: 1,
        leave: 3,
        list: 1,
        bye: 1,
        private: 0,
    };
    /// Chat only.
    pub const TALK: Self = Self {
        refuse: 0,
        panic: 0,
        kick: 0,
        close: 0,
        leave: 0,
        bye: 0,
        fill: 0,
        ..Self::ALL
    };
}

impl Plan {
    /// Makes a plan in which the seed chooses everything.
    #[must_use]
    pub fn free(chance: &mut Chance) -> Self {
        let nodes = if chance.one_in(4) { 2 } else { 1 };
        let rooms = 1 + chance.index(4);
        let mut faults = FaultOdds::ALL;
        let mut deeds = Deeds::ALL;
        // Many races occur only if some other fault does not.
        thin_out(chance, &mut faults);
        if chance.one_in(3) {
            deeds = Deeds { fill: 10, ..deeds };
        }
        if chance.one_in(3) {
            deeds = Deeds {
                panic: 0,
                close: 0,
                kick: 0,
                ..deeds
            };
        }
        Self {
            nodes,
            shards: 1 + chance.below(3) as u16,
            rooms: (0..rooms).map(|_| RoomPlan::free(chance)).collect(),
            players: 2 + chance.index(6),
            pause_max: *chance.pick(&[
                Duration::from_millis(50),
                Duration::from_millis(300),
                Duration::from_secs(2),
            ]),
            deeds,
            trouble_for: chance.time(Duration::from_secs(5), Duration::from_secs(40)),
            fault_every_max: *chance.pick(&[
                Duration::from_millis(300),
                Duration::from_secs(2),
                Duration::from_secs(6),
            ]),
            faults,
            drift_max: 10_000_000,
            server: ServerPlan::free(chance),
            panics_max: u64::MAX,
            liars: false,
            steady: false,
        }
    }

    /// Makes all rooms durable, and leaves the other parameters.
    #[must_use]
    pub fn durable(mut self) -> Self {
        for room in &mut self.rooms {
            room.settings.durability = Durability::Durable;
        }
        self
    }

    /// Rooms that write snapshots often and start again from them, with other trouble as it is.
    #[must_use]
    pub fn rolled_back(mut self, chance: &mut Chance) -> Self {
        for room in &mut self.rooms {
            let every = chance.time(Duration::from_millis(50), Duration::from_secs(2));
            room.settings.durability = Durability::Volatile;
            room.settings.on_panic = OnPanic::Restart;
            room.settings.snapshot_every = Some(every);
            // A restored room still holds the places of those who left since its snapshot.
            room.settings.members_max = 100;
        }
        self
    }
}

fn thin_out(chance: &mut Chance, faults: &mut FaultOdds) {
    let all = [
        &mut faults.cut,
        &mut faults.reset,
        &mut faults.address,
        &mut faults.deaf_server,
        &mut faults.deaf_client,
        &mut faults.hold_up,
        &mut faults.hold_down,
        &mut faults.slow_reader,
        &mut faults.vanish,
        &mut faults.second_login,
        &mut faults.kill,
        &mut faults.stop,
        &mut faults.pause,
        &mut faults.pause_shard,
        &mut faults.clock_ahead,
        &mut faults.clock_back,
        &mut faults.coordination,
        &mut faults.storage,
        &mut faults.coordination_away,
        &mut faults.storage_away,
    ];
    for odds in all {
        match chance.below(4) {
            0 => *odds = 0,
            1 => *odds *= 5,
            _ => {}
        }
    }
}

impl RoomPlan {
    fn free(chance: &mut Chance) -> Self {
        let durable = chance.one_in(2);
        let snapshots = chance.one_in(if durable { 4 } else { 2 });
        let settings = KindSettings {
            tick: [None, Some(50), Some(100), Some(200)][chance.index(4)]
                .map(Duration::from_millis),
            members_max: if chance.one_in(6) { 3 } else { 100 },
            member_grace: chance.time(Duration::from_secs(2), Duration::from_secs(8)),
            empty_grace: Some(chance.time(Duration::from_millis(200), Duration::from_secs(5))),
            history: HistoryBounds {
                events_max: *chance.pick(&[4, 64, 1024]),
                bytes_max: *chance.pick(&[2_000, 256 * 1024]),
                age_max: *chance.pick(&[Duration::from_secs(2), Duration::from_secs(60)]),
            },
            on_panic: if chance.one_in(5) {
                OnPanic::Close
            } else {
                OnPanic::Restart
            },
            durability: if durable {
                Durability::Durable
            } else {
                Durability::Volatile
            },
            on_loss: if chance.one_in(4) {
                OnLoss::Gone
            } else {
                OnLoss::Reopen
            },
            snapshot_every: snapshots
                .then(|| chance.time(Duration::from_millis(500), Duration::from_secs(6))),
            ..KindSettings::default()
        };
        let form = *chance.pick(&[Form::Whole, Form::Changes, Form::Parts]);
        Self {
            settings,
            form,
            tick_bytes: 0,
        }
    }
}

impl ServerPlan {
    fn free(chance: &mut Chance) -> Self {
        Self {
            session_grace: chance.time(Duration::from_secs(8), Duration::from_secs(12)),
            heartbeat: *chance.pick(&[Duration::from_millis(500), Duration::from_secs(2)]),
            second_login: if chance.one_in(5) {
                SecondLogin::Refuse
            } else {
                SecondLogin::Replace
            },
            frames: None,
            late_storage: false,
            inside: chance.one_in(2),
        }
    }
}
