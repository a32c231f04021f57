//! The load of `bench durable`: one member per room, with a constant number of commands in flight.

use std::collections::VecDeque;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use wayfare_protocol::wire::reply;
use wayfare_protocol::wire::server_frame::Body;

use crate::crowd::{Crowd, Heard};
use crate::schedule::Schedule;
use crate::statistics::Latencies;

use super::ledger::{command, number};
use super::window::{Measured, Window};

/// The time limit from the last command to its acknowledgement.
const DRAIN_TIME_MAX: Duration = Duration::from_secs(20);

/// The rule for sending commands.
#[derive(Clone, Debug)]
pub(super) enum Pace {
    /// Closed loop: a command is sent when an earlier one is acknowledged.
    Closed,
    /// Open loop: a command is sent when it is due, or later when its room has a free slot. Its
    /// latency counts from its due time.
    Open(Schedule),
}

/// A client's knowledge of its room.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    sent: u64,
    pub(super) acknowledged: u64,
    /// The send times of the commands in flight.
    on_their_way: VecDeque<Duration>,
    /// The due times of commands that must wait.
    due: VecDeque<Duration>,
}

/// The clients' measurements.
pub(super) struct Seen {
    /// The number of commands acknowledged within the window.
    pub(super) commands: u64,
    /// The latencies of commands that were sent, or due, within the window.
    pub(super) latencies: Latencies,
    pub(super) measured: Measured,
}

pub(super) struct Load<'a> {
    pub(super) crowd: &'a mut Crowd,
    pub(super) places: &'a mut [Place],
    pub(super) outstanding: usize,
    pub(super) pace: Pace,
}

impl Load<'_> {
    /// Runs until the end of `window`, and then until everything is acknowledged.
    pub(super) fn run(mut self, mut window: Window<'_>) -> Result<Seen> {
        let mut commands = 0;
        let mut latencies = Latencies::new()?;
        let began = self.crowd.now();
        let drained_by = window.ends_at() + DRAIN_TIME_MAX;
        let mut ready: Vec<usize> = (0..self.places.len()).collect();
        loop {
            let now = self.crowd.now();
            window.look(now)?;
            if window.is_over() {
                if self.places.iter().all(|it| it.on_their_way.is_empty()) {
                    break;
                }
                ensure!(now < drained_by, "commands are not acknowledged in time");
            } else {
                self.become_due(now - began, began, &mut ready);
                for client in ready.drain(..) {
                    self.send(client)?;
                }
            }
            let next = match &self.pace {
                Pace::Open(schedule) => schedule.peek().map(|due| began + due.at),
                Pace::Closed => None,
            };
            let wake_at = match window.next_look() {
                Some(look) => next.map_or(look, |next| next.min(look)),
                None => drained_by,
            };
            let places = &mut *self.places;
            self.crowd.turn(wake_at, |client, now, heard| {
                let since = places[client].hear(heard)?;
                if let Some(since) = since {
                    commands += u64::from(window.holds(now));
                    if window.holds(since) {
                        latencies.record_ns((now - since).as_nanos() as u64);
                    }
                    ready.push(client);
                }
                Ok(())
            })?;
        }
        Ok(Seen {
            commands,
            latencies,
            measured: window.measured()?,
        })
    }

    fn become_due(&mut self, elapsed: Duration, began: Duration, ready: &mut Vec<usize>) {
        if let Pace::Open(schedule) = &mut self.pace {
            while let Some(due) = schedule.pop(elapsed) {
                let client = due.client as usize;
                self.places[client].due.push_back(began + due.at);
                ready.push(client);
            }
        }
    }

    /// Sends the commands that this client may send now, in one write.
    fn send(&mut self, client: usize) -> Result<()> {
        let place = &mut self.places[client];
        let free = self.outstanding.saturating_sub(place.on_their_way.len());
        let count = match self.pace {
            Pace::Closed => {
                let now = self.crowd.now();
                place.due.extend(std::iter::repeat_n(now, free));
                free
            }
            Pace::Open(_) => free.min(place.due.len()),
        };
        if count == 0 {
            return Ok(());
        }
        let first = place.sent + 1;
        place.sent += count as u64;
        place.on_their_way.extend(place.due.drain(..count));
        let commands: Vec<_> = (first..=place.sent).map(command).collect();
        let payloads = commands.iter().map(<[u8; _]>::as_slice);
        self.crowd.commands(client, payloads)
    }
}

impl Place {
    /// Handles a message. Returns the start time of the command that it acknowledges, if any.
    fn hear(&mut self, heard: Heard<'_>) -> Result<Option<Duration>> {
        let reply = match heard {
            Heard::Other(Body::Reply(reply)) => reply,
            Heard::Other(_) => return Ok(None),
            Heard::Event(event) => bail!("an event of a room that sends none: {event:?}"),
        };
        let Some(reply::Result::Payload(payload)) = &reply.result else {
            bail!("the room refuses a command: {reply:?}");
        };
        let expected = self.acknowledged + 1;
        ensure!(
            number(payload) == Some(expected),
            "the acknowledgement of command {expected} is next, not {reply:?}"
        );
        let Some(since) = self.on_their_way.pop_front() else {
            bail!("an acknowledgement of what nobody has sent: {reply:?}");
        };
        self.acknowledged = expected;
        Ok(Some(since))
    }
}
