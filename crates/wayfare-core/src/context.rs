//! The parts that every machine of a shard works with: settings, time, chance, and the way out.

use std::cell::RefCell;
use std::time::Duration;

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use wayfare_protocol::coordination::{Key, Revision};
use wayfare_protocol::records::{EntityRecord, SessionRecord};
use wayfare_protocol::{Address, Instant};
use wayfare_protocol::{coordination, storage};

use crate::config::ShardConfig;
use crate::departed::Departed;
use crate::game::Kinds;
use crate::game::effects::Outbox;
use crate::in_flight::{Call, Calls};
use crate::output::Output;
use crate::records::release::Releases;
use crate::report::Report;
use crate::stream::Builder;
use crate::wall_clock::WallClock;
use crate::way_out::WayOut;

/// Builders kept for the next turn: as many as rooms are busy at once, on a busy shard.
const BUILDERS_MAX: usize = 256;

/// See the module's words.
pub(crate) struct Context {
    pub(crate) config: ShardConfig,
    pub(crate) kinds: Kinds,
    pub(crate) now: Instant,
    pub(crate) wall_clock: WallClock,
    pub(crate) rng: RefCell<ChaCha8Rng>,
    pub(crate) outbox: RefCell<Outbox>,
    /// Where a handler's reply is written.
    pub(crate) reply: Vec<u8>,
    pub(crate) out: WayOut,
    pub(crate) calls: Calls,
    pub(crate) departed: Departed,
    pub(crate) releases: Releases,
    builders: Vec<Builder>,
}

impl Context {
    pub(crate) fn new(config: ShardConfig, kinds: Kinds, rng: ChaCha8Rng, now: Instant) -> Self {
        Self {
            out: WayOut::new(config.address.clone()),
            wall_clock: WallClock::new(config.unix_origin),
            config,
            kinds,
            now,
            rng: RefCell::new(rng),
            outbox: RefCell::default(),
            reply: Vec::new(),
            calls: Calls::default(),
            departed: Departed::default(),
            releases: Releases::default(),
            builders: Vec::new(),
        }
    }

    pub(crate) fn is_here(&self, address: &Address) -> bool {
        *address == self.config.address
    }

    /// Checks whether the run of this address is over: its rooms and sessions may be taken over.
    pub(crate) fn is_former(&self, address: &Address) -> bool {
        self.config.view.is_over(address, &self.config.address)
    }

    /// Checks whether this is another shard that may receive messages.
    pub(crate) fn is_elsewhere(&self, address: &Address) -> bool {
        !self.is_here(address) && !self.is_former(address)
    }

    /// Asks coordination on behalf of `call`.
    pub(crate) fn ask(&mut self, call: Call, request: coordination::Request) {
        let call = self.calls.begin(call);
        self.out
            .outputs
            .push_back(Output::Coordinate { call, request });
    }

    /// Asks storage on behalf of `call`.
    pub(crate) fn store(&mut self, call: Call, request: storage::Request) {
        let call = self.calls.begin(call);
        self.out.outputs.push_back(Output::Store { call, request });
    }

    /// The time by the wall clock, and how often it was set in this run.
    pub(crate) fn unix(&self) -> (Duration, u32) {
        (self.wall_clock.now(self.now), self.wall_clock.steps())
    }

    /// The time by the wall clock, as clients are told.
    pub(crate) fn server_time_ms(&self) -> u64 {
        let (time, _) = self.unix();
        u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
    }

    /// Gives up a record as this shard wrote it last, or found it.
    pub(crate) fn release(&mut self, key: Key, revision: Revision) {
        self.releases.handle_release(key, revision);
        self.send_releases();
    }

    /// The outcome of a write to this record is unknown; see [`Releases::handle_doubt`].
    pub(crate) fn doubt(&mut self, key: &Key) {
        self.releases.handle_doubt(key, self.now);
    }

    /// Accepts an answer about a record that was given up. `is_used` says that an entity or a session
    /// of this shard has it.
    pub(crate) fn released(
        &mut self,
        key: Key,
        outcome: coordination::Outcome,
        is_used: impl FnOnce() -> bool,
    ) {
        let is_removable = match &outcome {
            Ok(coordination::Reply::Got {
                record: Some(found),
                ..
            }) => self.is_ours(&key, &found.value) && !is_used(),
            Ok(_) | Err(_) => false,
        };
        let outcome = self
            .releases
            .handle_outcome(key, outcome, is_removable, self.now);
        self.send_releases();
        if let Err(failure) = outcome {
            self.out.report(Report::CoordinationFailed(failure));
        }
    }

    /// Looks at the records given up that are due.
    pub(crate) fn look_at_releases(&mut self) {
        self.releases.handle_timeout(self.now);
        self.send_releases();
    }

    fn send_releases(&mut self) {
        while let Some((key, request)) = self.releases.poll_request() {
            self.ask(Call::Release(key), request);
        }
    }

    /// Checks whether a record names this shard, or a run that is over.
    fn is_ours(&self, key: &Key, value: &[u8]) -> bool {
        let owner = match key.starts_with("entity/") {
            true => EntityRecord::decode(key, value).ok().map(|it| it.owner),
            false => SessionRecord::decode(key, value).ok().map(|it| it.gateway),
        };
        owner.is_some_and(|owner| !self.is_elsewhere(&owner))
    }

    pub(crate) fn random_u64(&mut self) -> u64 {
        self.rng.get_mut().next_u64()
    }

    pub(crate) fn random_u128(&mut self) -> u128 {
        u128::from(self.random_u64()) << 64 | u128::from(self.random_u64())
    }

    pub(crate) fn take_builder(&mut self) -> Builder {
        self.builders.pop().unwrap_or_default()
    }

    pub(crate) fn return_builder(&mut self, builder: Option<Builder>) {
        if self.builders.len() < BUILDERS_MAX {
            self.builders.extend(builder);
        }
    }
}
