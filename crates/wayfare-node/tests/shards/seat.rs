//! Shards without a node around them, and a player at a memory connection.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use wayfare_core::SecondLogin;
use wayfare_core::game::{Player, Refusal};
use wayfare_engine::Coordination;
use wayfare_node::{Authenticator, ShardPlan, ShardSettings, Shards};
use wayfare_protocol::frame::{client_payload, decode_server};
use wayfare_protocol::wire::server_frame::Body;
use wayfare_protocol::wire::{self, client_frame::Body as Say, hello::Credential};
use wayfare_protocol::{ErrorCode, Incarnation, NodeId, limits};
use wayfare_transport::memory::PeerEnd;

use crate::stub_echo::echo;

/// Longer than anything here takes; whoever waits, waits for something.
const PATIENCE: Duration = Duration::from_secs(60);

struct Nobody;

impl Authenticator for Nobody {
    fn authenticate(&self, _: &str) -> Result<Player, Refusal> {
        Err(Refusal::with_code(ErrorCode::TokenInvalid, "guests only"))
    }
}

pub(crate) struct Node {
    pub(crate) shards: Shards,
    _runtime: tokio::runtime::Runtime,
}

impl Node {
    pub(crate) fn stop(&self) {
        self.shards.stop(PATIENCE);
    }
}

pub(crate) fn node(
    shards: u16,
    coordination: Arc<dyn Coordination>,
    slow_handler: Duration,
) -> Node {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let plan = ShardPlan {
        node: NodeId::new("n1").unwrap(),
        incarnation: Incarnation(1),
        shards,
        ticket_key: [1; 32],
        seed: [2; 32],
        settings: ShardSettings {
            guests: true,
            second_login: SecondLogin::Replace,
            frames_per_second: 1_000_000,
            frames_burst: 1_000_000,
            session_grace: limits::SESSION_GRACE,
            heartbeat: limits::HEARTBEAT,
            silence_max: limits::SILENCE_MAX,
            handshake_time_max: limits::HANDSHAKE_TIME_MAX,
            rooms_max: limits::ROOMS_PER_SHARD_MAX,
            sessions_max: limits::SESSIONS_PER_SHARD_MAX,
            slow_handler,
        },
    };
    let handle = runtime.handle().clone();
    let shards = Shards::start(vec![echo()], &plan, coordination, Arc::new(Nobody), handle);
    Node {
        shards: shards.unwrap(),
        _runtime: runtime,
    }
}

pub(crate) struct Seat {
    end: PeerEnd,
    stay: wire::Joined,
    sequence: u64,
}

impl Seat {
    pub(crate) fn hello_sent(node: &Node) -> Self {
        let mut seat = Self {
            end: node.shards.connect_memory(),
            stay: wire::Joined::default(),
            sequence: 1,
        };
        seat.send(Say::Hello(wire::Hello {
            version_min: 1,
            version_max: 1,
            sdk: "test".into(),
            credential: Some(Credential::Guest(wire::Guest::default())),
        }));
        seat
    }

    pub(crate) fn joined(node: &Node, room: &str) -> Self {
        let mut seat = Self::hello_sent(node);
        assert!(matches!(seat.next(), Body::Welcome(_)));
        seat.send(Say::Join(wire::Join {
            room: room.into(),
            sequence: 1,
            ..wire::Join::default()
        }));
        match seat.next() {
            Body::Joined(joined) => seat.stay = joined,
            other => panic!("{other:?}"),
        }
        seat
    }

    fn send(&mut self, body: Say) {
        self.end.try_send(client_payload(body)).unwrap();
    }

    pub(crate) fn say(&mut self, payload: &[u8]) {
        self.sequence += 1;
        let command = wire::Command {
            handle: self.stay.handle,
            membership: self.stay.membership,
            sequence: self.sequence,
            payload: Bytes::copy_from_slice(payload),
            epoch: self.stay.epoch,
        };
        self.send(Say::Command(command));
    }

    pub(crate) fn next(&mut self) -> Body {
        let payload = self.end.recv_timeout(PATIENCE).unwrap();
        decode_server(payload.expect("something in time")).unwrap()
    }

    pub(crate) fn next_event(&mut self) -> Vec<u8> {
        loop {
            match self.next() {
                Body::Event(event) => return event.payload.to_vec(),
                Body::Applied(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Reads on to the end, which comes if the connection was cut.
    pub(crate) fn is_cut(&mut self) -> bool {
        loop {
            match self.end.recv_timeout(PATIENCE) {
                Ok(Some(_)) => {}
                Ok(None) => return false,
                Err(_) => return true,
            }
        }
    }
}
