//! A member of the room, which receives its ticks.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use wayfare_protocol::wire::reply;
use wayfare_protocol::wire::server_frame::Body;

use crate::crowd::{Crowd, Heard};
use crate::server::ServerNode;
use crate::usage::{Meter, Usage};

use super::world::{Beat, WorldShape};

const ROOM: &str = "parts/one";
/// The time limit of every wait: a large room is read, and written for the first time.
const HEAR_TIME_MAX: Duration = Duration::from_secs(120);
/// The interval of pings, below the silence that ends a session.
const PING_EVERY: Duration = Duration::from_secs(5);

/// Ticks with the times at which they were received.
pub(super) type Beats = Vec<(Duration, Beat)>;

pub(super) struct Stay {
    crowd: Crowd,
    meter: Meter,
    joined_at: Duration,
    pinged: Duration,
    beats: Beats,
    answer: Option<u64>,
}

impl Stay {
    /// Joins the room, or creates it with this shape.
    pub(super) fn begin(
        node: &ServerNode,
        epoch: Instant,
        makes: Option<WorldShape>,
    ) -> Result<Self> {
        let open = makes.map_or_else(Bytes::new, |shape| shape.encode().into());
        let mut crowd = Crowd::new(node.process().address(), epoch)?;
        crowd.arrive(vec![node.opens(0, None, open)?])?;
        let mut stay = Self {
            pinged: crowd.now(),
            crowd,
            meter: node.process().meter()?,
            joined_at: Duration::ZERO,
            beats: Vec::new(),
            answer: None,
        };
        stay.crowd.join(0, ROOM.to_owned())?;
        stay.until("the room is not joined in time", |stay| {
            stay.joined_at > Duration::ZERO
        })?;
        Ok(stay)
    }

    pub(super) fn joined_at(&self) -> Duration {
        self.joined_at
    }

    /// Returns all ticks received from now on, for this time.
    pub(super) fn listen(&mut self, length: Duration) -> Result<Beats> {
        let until = self.crowd.now() + length;
        while self.crowd.now() < until {
            self.turn(until)?;
        }
        ensure!(!self.beats.is_empty(), "no tick was heard");
        Ok(std::mem::take(&mut self.beats))
    }

    /// Returns the first tick received from now on.
    pub(super) fn next_beat(&mut self) -> Result<(Duration, Beat)> {
        self.until("no tick is heard in time", |stay| !stay.beats.is_empty())?;
        let first = self.beats.first().copied();
        self.beats.clear();
        first.context("no tick was heard")
    }

    /// Returns the number of parts that the room finds wrong.
    pub(super) fn wrong_parts(&mut self) -> Result<u64> {
        self.answer = None;
        self.crowd.command(0, &[])?;
        self.until("the room does not answer in time", |stay| {
            stay.answer.is_some()
        })?;
        self.answer.take().context("no answer")
    }

    pub(super) fn stop(self) -> Result<Usage> {
        self.meter.stop()
    }

    fn until(&mut self, late: &'static str, is_done: impl Fn(&Self) -> bool) -> Result<()> {
        let deadline = self.crowd.now() + HEAR_TIME_MAX;
        while !is_done(self) {
            ensure!(self.crowd.now() < deadline, "{late}");
            self.turn(deadline)?;
        }
        Ok(())
    }

    fn turn(&mut self, wake_at: Duration) -> Result<()> {
        let now = self.crowd.now();
        if now - self.pinged > PING_EVERY {
            self.pinged = now;
            self.crowd.ping_all()?;
        }
        let ping_at = self.pinged + PING_EVERY + Duration::from_millis(1);
        let (beats, answer, joined_at) = (&mut self.beats, &mut self.answer, &mut self.joined_at);
        self.crowd.turn(wake_at.min(ping_at), |_, now, heard| {
            match heard {
                Heard::Event(event) => {
                    let beat = Beat::decode(event.payload).context("an event that is no tick")?;
                    beats.push((now, beat));
                }
                Heard::Other(Body::Joined(_)) => *joined_at = now,
                Heard::Other(Body::Reply(reply)) => match &reply.result {
                    Some(reply::Result::Payload(payload)) if payload.len() == 8 => {
                        *answer = payload.first_chunk().map(|it| u64::from_le_bytes(*it));
                    }
                    _ => bail!("the room refuses a command: {reply:?}"),
                },
                Heard::Other(Body::Left(left)) => bail!("the room is left: {left:?}"),
                Heard::Other(_) => {}
            }
            Ok(())
        })
    }
}
