//! Shards without a node around them, and a player on a memory connection.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use wayfare_core::ShardSettings;
use wayfare_core::cluster::{NodeView, Run};
use wayfare_core::game::{Kind, Player, Refusal};
use wayfare_node::{Authenticator, Engines, ShardPlan, Shards};
use wayfare_protocol::coordination::Revision;
use wayfare_protocol::frame::{client_payload, decode_server};
use wayfare_protocol::wire::server_frame::Body;
use wayfare_protocol::wire::{self, client_frame::Body as Say, hello::Credential};
use wayfare_protocol::{ErrorCode, Incarnation, NodeId};
use wayfare_transport::memory::PeerEnd;

use crate::stub_echo::echo;

/// The time limit of every wait: longer than anything here takes.
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

/// Starts a node with an echo room, where a handler counts as slow after a second.
pub(crate) fn node(shards: u16, engines: Engines) -> Node {
    playing(echo(), shards, engines, Duration::from_secs(1))
}

pub(crate) fn playing(kind: Kind, shards: u16, engines: Engines, slow_handler: Duration) -> Node {
    start(kind, shards, engines, slow_handler, 1, Revision::default())
}

/// Starts the next run of a node with one shard.
pub(crate) fn again(kind: Kind, engines: Engines, began_at: Revision) -> Node {
    start(kind, 1, engines, Duration::from_secs(1), 2, began_at)
}

fn start(
    kind: Kind,
    shards: u16,
    engines: Engines,
    slow_handler: Duration,
    incarnation: u8,
    began_at: Revision,
) -> Node {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let plan = ShardPlan {
        node: NodeId::new("n1").unwrap(),
        run: Run {
            incarnation: Incarnation(incarnation.into()),
            ticket_key: [1; 32],
            began_at,
            view: NodeView::default(),
        },
        shards,
        // Another run uses another seed.
        seed: [incarnation; 32],
        settings: ShardSettings {
            guests: true,
            frames_per_second: NonZeroU32::new(1_000_000).unwrap(),
            frames_burst: NonZeroU32::new(1_000_000).unwrap(),
            ..ShardSettings::default()
        },
        slow_handler,
        hung_handler: None,
    };
    let handle = runtime.handle().clone();
    let shards = Shards::start(vec![kind], &plan, engines, Arc::new(Nobody), handle);
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
        seat.welcomed();
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

    pub(crate) fn welcomed(&mut self) {
        assert!(matches!(self.next(), Body::Welcome(_)));
    }

    /// The view in the answer to the join.
    pub(crate) fn view(&self) -> &[u8] {
        &self.stay.view
    }

    /// Returns true if an event can be read now.
    pub(crate) fn has_event(&mut self) -> bool {
        self.end.recv_timeout(Duration::ZERO).unwrap().is_some()
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

    /// Reads to the end of the connection, which comes only if it was cut.
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
