//! The creation of rooms by joins over the memory transport, in this process.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use wayfare_node::Shards;
use wayfare_protocol::frame::{client_payload, decode_server};
use wayfare_protocol::limits::{
    JOINS_PENDING_MAX, ROOMS_PER_SESSION_MAX, VERSION_MAX, VERSION_MIN,
};
use wayfare_protocol::wire::hello::Credential;
use wayfare_protocol::wire::{self, client_frame, server_frame};
use wayfare_transport::memory::PeerEnd;

use crate::output::progress;
use crate::server::NodeHere;
use crate::stamp::STAMP_BYTES;
use crate::statistics::{Latencies, Latency};

/// The number of rooms before the first measured one, until threads, caches and the allocator
/// settle.
const WARM_UP: u32 = 500;
/// The number of sessions that create rooms, all at the same time.
const BUSY_SESSIONS: u32 = 1_000;
const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);

const _: () = assert!(JOINS_PENDING_MAX >= ROOMS_PER_SESSION_MAX);

/// Measures the time to a room's first reply, and the number of rooms created per second.
pub(super) fn measure(samples: u32) -> Result<(Latency, f64)> {
    let node = NodeHere::start()?;
    let first_reply = first_replies(node.shards(), samples)?;
    progress(format_args!(
        "{samples} rooms one after the other: {first_reply:?} us"
    ));
    let rooms_per_s = at_once(node.shards())?;
    progress(format_args!("at once: {rooms_per_s} rooms/s"));
    node.stop()?;
    Ok((first_reply, rooms_per_s))
}

fn first_replies(shards: &Shards, samples: u32) -> Result<Latency> {
    let per_session = ROOMS_PER_SESSION_MAX as u32;
    let sessions = (WARM_UP + samples).div_ceil(per_session);
    let mut sessions: Vec<Session> = (0..sessions)
        .map(|_| Session::open(shards))
        .collect::<Result<_>>()?;
    let mut latencies = Latencies::new()?;
    for number in 0..WARM_UP + samples {
        let session = &mut sessions[(number / per_session) as usize];
        let begun = Instant::now();
        session.send_join(format!("echo/one-{number}"))?;
        let joined = session.joined()?;
        session.send_command(&joined)?;
        session.replied()?;
        if number >= WARM_UP {
            latencies.record_ns(begun.elapsed().as_nanos() as u64);
        }
    }
    Ok(latencies.summary(Duration::from_micros(1)))
}

fn at_once(shards: &Shards) -> Result<f64> {
    let mut sessions: Vec<Session> = (0..BUSY_SESSIONS)
        .map(|_| Session::open(shards))
        .collect::<Result<_>>()?;
    let begun = Instant::now();
    for (index, session) in sessions.iter_mut().enumerate() {
        for room in 0..ROOMS_PER_SESSION_MAX {
            session.send_join(format!("echo/many-{index}-{room}"))?;
        }
    }
    for session in &mut sessions {
        for _ in 0..ROOMS_PER_SESSION_MAX {
            session.joined()?;
        }
    }
    let rooms = sessions.len() * ROOMS_PER_SESSION_MAX;
    Ok((rooms as f64 / begun.elapsed().as_secs_f64()).round())
}

/// A guest over the memory transport.
struct Session {
    peer: PeerEnd,
}

impl Session {
    fn open(shards: &Shards) -> Result<Self> {
        let mut session = Self {
            peer: shards.connect_memory(),
        };
        session.send(client_frame::Body::Hello(wire::Hello {
            version_min: VERSION_MIN,
            version_max: VERSION_MAX,
            sdk: concat!("bench/", env!("CARGO_PKG_VERSION")).to_owned(),
            credential: Some(Credential::Guest(wire::Guest::default())),
        }))?;
        match session.receive()? {
            server_frame::Body::Welcome(_) => Ok(session),
            other => bail!("no welcome: {other:?}"),
        }
    }

    fn send_join(&mut self, room: String) -> Result<()> {
        self.send(client_frame::Body::Join(wire::Join {
            room,
            sequence: 1,
            ..wire::Join::default()
        }))
    }

    fn joined(&mut self) -> Result<wire::Joined> {
        match self.receive()? {
            server_frame::Body::Joined(joined) => Ok(joined),
            other => bail!("the join was not answered: {other:?}"),
        }
    }

    fn send_command(&mut self, joined: &wire::Joined) -> Result<()> {
        self.send(client_frame::Body::Command(wire::Command {
            handle: joined.handle,
            membership: joined.membership,
            sequence: joined.sequence + 1,
            payload: Bytes::from_static(&[0x5a; STAMP_BYTES]),
            epoch: joined.epoch,
        }))
    }

    fn replied(&mut self) -> Result<()> {
        let reply = self.receive()?;
        ensure!(
            matches!(reply, server_frame::Body::Reply(_)),
            "the command was not answered: {reply:?}"
        );
        Ok(())
    }

    fn send(&mut self, body: client_frame::Body) -> Result<()> {
        Ok(self.peer.try_send(client_payload(body))?)
    }

    fn receive(&mut self) -> Result<server_frame::Body> {
        let message = self.peer.recv_timeout(ANSWER_TIME_MAX);
        let message = message.map_err(|closed| anyhow::anyhow!("closed: {closed:?}"))?;
        Ok(decode_server(
            message.context("the server does not answer in time")?,
        )?)
    }
}
