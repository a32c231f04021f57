//! Golden vectors: frames as bytes and as fields, in a file that tests in any language can read.

use std::collections::BTreeMap;

use bytes::Bytes;
use prost::Message;
use serde_json::{Value, json};
use wayfare_protocol::wire::client_frame::Body as Said;
use wayfare_protocol::wire::server_frame::Body as Heard;
use wayfare_protocol::wire::{self, ClientFrame, ServerFrame, hello::Credential, reply};

const GOLDEN: &str = include_str!("../../../proto/golden/frames.json");

/// A frame: its name, its bytes without header, its fields as in protobuf's JSON.
struct Vector {
    name: &'static str,
    frame: &'static str,
    bytes: Vec<u8>,
    fields: Value,
}

fn said(name: &'static str, body: Said, fields: Value) -> Vector {
    let bytes = ClientFrame { body: Some(body) }.encode_to_vec();
    Vector {
        name,
        frame: "client",
        bytes,
        fields,
    }
}

fn heard(name: &'static str, body: Heard, fields: Value) -> Vector {
    let bytes = ServerFrame { body: Some(body) }.encode_to_vec();
    Vector {
        name,
        frame: "server",
        bytes,
        fields,
    }
}

/// A number that a double cannot hold exactly, so that languages without 64-bit integers fail on
/// it.
const HANDLE: u64 = 0xfedc_ba98_7654_3211;
const BIG: u64 = (1 << 53) + 1;

fn payload() -> Bytes {
    Bytes::from_static(&[0x81, 0xa3, b's', b'a', b'y', 0xa2, b'h', b'i'])
}

const PAYLOAD_HEX: &str = "81a3736179a26869";

fn hellos() -> Vec<Vector> {
    let hello = |credential| {
        Said::Hello(wire::Hello {
            version_min: 1,
            version_max: 3,
            sdk: "rust/0.1.0".into(),
            credential: Some(credential),
        })
    };
    let fields = |name: &str, credential: Value| {
        let mut fields = json!({ "version_min": 1, "version_max": 3, "sdk": "rust/0.1.0" });
        fields[name] = credential;
        json!({ "hello": fields })
    };
    vec![
        said(
            "hello with a token",
            hello(Credential::Token("a.b.c".into())),
            fields("token", json!("a.b.c")),
        ),
        said(
            "hello with a ticket",
            hello(Credential::Ticket(payload())),
            fields("ticket", json!(PAYLOAD_HEX)),
        ),
        said(
            "hello of a guest",
            hello(Credential::Guest(wire::Guest {
                name: "Ada Ω".into(),
            })),
            fields("guest", json!({ "name": "Ada Ω" })),
        ),
        said(
            "acknowledge",
            Said::Acknowledge(wire::Acknowledge {}),
            json!({ "acknowledge": {} }),
        ),
        said("bye", Said::Bye(wire::Bye {}), json!({ "bye": {} })),
        said(
            "ping",
            Said::Ping(wire::Ping { nonce: BIG }),
            json!({ "ping": { "nonce": BIG } }),
        ),
    ]
}

fn requests() -> Vec<Vector> {
    let join = wire::Join {
        room: "plaza/main".into(),
        sequence: 1,
        mode: wire::JoinMode::JoinCreate.into(),
        open: Bytes::new(),
        payload: payload(),
    };
    let command = wire::Command {
        handle: HANDLE,
        membership: 7,
        sequence: BIG,
        payload: payload(),
        epoch: 4,
    };
    let attach = wire::Attach {
        room: "plaza/main".into(),
        handle: HANDLE,
        membership: 7,
        epoch: 4,
        sequence: 300,
    };
    vec![
        said(
            "join",
            Said::Join(join),
            json!({ "join": { "room": "plaza/main", "sequence": 1, "mode": "JOIN_CREATE",
                "payload": PAYLOAD_HEX } }),
        ),
        said(
            "command",
            Said::Command(command),
            json!({ "command": { "handle": HANDLE, "membership": 7, "sequence": BIG,
                "payload": PAYLOAD_HEX, "epoch": 4 } }),
        ),
        said(
            "leave",
            Said::Leave(wire::Leave {
                handle: HANDLE,
                membership: 7,
                sequence: 2,
                epoch: 4,
            }),
            json!({ "leave": { "handle": HANDLE, "membership": 7, "sequence": 2, "epoch": 4 } }),
        ),
        said(
            "attach",
            Said::Attach(attach),
            json!({ "attach": { "room": "plaza/main", "handle": HANDLE, "membership": 7,
                "epoch": 4, "sequence": 300 } }),
        ),
    ]
}

fn more_requests() -> Vec<Vector> {
    let list = wire::List {
        request: 9,
        kind: "plaza".into(),
        properties: BTreeMap::from([("map".into(), "sea".into()), ("mode".into(), "duel".into())]),
        limit: 20,
    };
    vec![
        said(
            "unreliable to the room",
            Said::Unreliable(wire::Unreliable {
                handle: HANDLE,
                membership: 7,
                payload: payload(),
            }),
            json!({ "unreliable": { "handle": HANDLE, "membership": 7, "payload": PAYLOAD_HEX } }),
        ),
        said(
            "list",
            Said::List(list),
            json!({ "list": { "request": 9, "kind": "plaza", "limit": 20,
                "properties": { "map": "sea", "mode": "duel" } } }),
        ),
    ]
}

fn error() -> (wire::Error, Value) {
    let error = wire::Error {
        code: 1400,
        message: "no such seat".into(),
        detail: 12,
        retry_after_ms: 250,
    };
    let fields = json!({ "code": 1400, "message": "no such seat", "detail": 12,
        "retry_after_ms": 250 });
    (error, fields)
}

fn answers() -> Vec<Vector> {
    let (wire_error, error_fields) = error();
    let welcome = wire::Welcome {
        version: 1,
        session: Bytes::from_static(&[0xab; 16]),
        player: "ada".into(),
        ticket: payload(),
        resumed: true,
        heartbeat_ms: 10_000,
        grace_ms: 60_000,
        limits: Some(wire::Limits {
            frame_bytes_max: 65_536,
            rooms_max: 16,
            frames_per_second: 100,
        }),
        time_ms: 0,
    };
    vec![
        heard(
            "welcome",
            Heard::Welcome(welcome),
            json!({ "welcome": { "version": 1, "session": "ab".repeat(16), "player": "ada",
                "ticket": PAYLOAD_HEX, "resumed": true, "heartbeat_ms": 10_000,
                "grace_ms": 60_000, "limits": { "frame_bytes_max": 65_536, "rooms_max": 16,
                "frames_per_second": 100 } } }),
        ),
        heard(
            "ended",
            Heard::Ended(wire::Ended {
                error: Some(wire_error.clone()),
            }),
            json!({ "ended": { "error": error_fields } }),
        ),
        heard(
            "join refused",
            Heard::JoinRefused(wire::JoinRefused {
                room: "plaza/main".into(),
                sequence: 1,
                error: Some(wire_error.clone()),
            }),
            json!({ "join_refused": { "room": "plaza/main", "sequence": 1,
                "error": error_fields } }),
        ),
        heard(
            "reply",
            Heard::Reply(wire::Reply {
                handle: HANDLE,
                sequence: 5,
                command: 2,
                result: Some(reply::Result::Payload(payload())),
            }),
            json!({ "reply": { "handle": HANDLE, "sequence": 5, "command": 2,
                "payload": PAYLOAD_HEX } }),
        ),
        heard(
            "reply with an error",
            Heard::Reply(wire::Reply {
                handle: HANDLE,
                sequence: 6,
                command: 3,
                result: Some(reply::Result::Error(wire_error)),
            }),
            json!({ "reply": { "handle": HANDLE, "sequence": 6, "command": 3,
                "error": error_fields } }),
        ),
    ]
}

fn joins() -> Vec<Vector> {
    vec![
        heard(
            "joined",
            Heard::Joined(wire::Joined {
                room: "plaza/main".into(),
                sequence: 1,
                handle: HANDLE,
                membership: 7,
                epoch: 4,
                position: BIG,
                view: payload(),
                applied: 0,
            }),
            json!({ "joined": { "room": "plaza/main", "sequence": 1, "handle": HANDLE,
                "membership": 7, "epoch": 4, "position": BIG, "view": PAYLOAD_HEX } }),
        ),
        heard(
            "joined again, by a client that has forgotten its stay",
            Heard::Joined(wire::Joined {
                room: "plaza/main".into(),
                sequence: 1,
                handle: HANDLE,
                membership: 7,
                epoch: 4,
                position: BIG,
                view: payload(),
                applied: 300,
            }),
            json!({ "joined": { "room": "plaza/main", "sequence": 1, "handle": HANDLE,
                "membership": 7, "epoch": 4, "position": BIG, "view": PAYLOAD_HEX,
                "applied": 300 } }),
        ),
    ]
}

/// The frames that state the server's time.
fn times() -> Vec<Vector> {
    let time_ms = 1_700_000_000_123;
    let welcome = wire::Welcome {
        version: 1,
        time_ms,
        ..wire::Welcome::default()
    };
    let pong = wire::Pong {
        nonce: BIG,
        time_ms,
    };
    vec![
        heard(
            "welcome with the server's time",
            Heard::Welcome(welcome),
            json!({ "welcome": { "version": 1, "time_ms": time_ms } }),
        ),
        heard(
            "pong with the server's time",
            Heard::Pong(pong),
            json!({ "pong": { "nonce": BIG, "time_ms": time_ms } }),
        ),
    ]
}

fn deliveries() -> Vec<Vector> {
    vec![
        heard(
            "event",
            Heard::Event(wire::Event {
                handle: HANDLE,
                sequence: BIG,
                payload: payload(),
            }),
            json!({ "event": { "handle": HANDLE, "sequence": BIG, "payload": PAYLOAD_HEX } }),
        ),
        heard(
            "applied",
            Heard::Applied(wire::Applied {
                handle: HANDLE,
                applied: 9,
            }),
            json!({ "applied": { "handle": HANDLE, "applied": 9 } }),
        ),
        heard(
            "position",
            Heard::Position(wire::Position {
                handle: HANDLE,
                sequence: 400,
            }),
            json!({ "position": { "handle": HANDLE, "sequence": 400 } }),
        ),
        heard(
            "attached",
            Heard::Attached(wire::Attached {
                handle: HANDLE,
                epoch: 4,
                from: 300,
                applied: 9,
                failed: 12,
            }),
            json!({ "attached": { "handle": HANDLE, "epoch": 4, "from": 300, "applied": 9, "failed": 12 } }),
        ),
    ]
}

fn endings() -> Vec<Vector> {
    vec![
        heard(
            "resync",
            Heard::Resync(wire::Resync {
                handle: HANDLE,
                epoch: 5,
                position: 2,
                applied: 1,
                view: payload(),
                failed: 12,
                stands: 1,
            }),
            json!({ "resync": { "handle": HANDLE, "epoch": 5, "position": 2, "applied": 1,
                "view": PAYLOAD_HEX, "failed": 12, "stands": 1 } }),
        ),
        heard(
            "left",
            Heard::Left(wire::Left {
                handle: HANDLE,
                membership: 7,
                reason: wire::LeaveReason::LeaveKicked.into(),
                message: "out".into(),
                applied: 9,
            }),
            json!({ "left": { "handle": HANDLE, "membership": 7, "reason": "LEAVE_KICKED",
                "message": "out", "applied": 9 } }),
        ),
    ]
}

fn asides() -> Vec<Vector> {
    let listing = wire::Listing {
        request: 9,
        rooms: vec![wire::ListedRoom {
            room: "plaza/main".into(),
            members: 3,
            members_max: 100,
            locked: true,
            properties: BTreeMap::from([("map".into(), "sea".into())]),
        }],
        truncated: true,
        error: None,
    };
    vec![
        heard(
            "unreliable to the client",
            Heard::Unreliable(wire::Unreliable {
                handle: HANDLE,
                membership: 0,
                payload: payload(),
            }),
            json!({ "unreliable": { "handle": HANDLE, "payload": PAYLOAD_HEX } }),
        ),
        heard(
            "pong",
            Heard::Pong(wire::Pong {
                nonce: BIG,
                time_ms: 0,
            }),
            json!({ "pong": { "nonce": BIG } }),
        ),
        heard(
            "listing",
            Heard::Listing(listing),
            json!({ "listing": { "request": 9, "truncated": true, "rooms": [ {
                "room": "plaza/main", "members": 3, "members_max": 100, "locked": true,
                "properties": { "map": "sea" } } ] } }),
        ),
    ]
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .bytes()
        .map(|b| (b as char).to_digit(16).unwrap() as u8)
        .collect();
    digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}

#[test]
fn the_file_says_what_this_build_writes() {
    let vectors = [
        hellos(),
        requests(),
        more_requests(),
        answers(),
        joins(),
        deliveries(),
        endings(),
        asides(),
        times(),
    ];
    let written: Vec<Value> = vectors
        .into_iter()
        .flatten()
        .map(|vector| {
            json!({ "name": vector.name, "frame": vector.frame, "hex": hex(&vector.bytes),
                "fields": vector.fields })
        })
        .collect();
    let golden: Vec<Value> = serde_json::from_str(GOLDEN).unwrap();
    assert_eq!(
        golden,
        written,
        "proto/golden/frames.json should be:\n{}",
        serde_json::to_string_pretty(&written).unwrap()
    );
}

#[test]
fn golden_frames_are_decoded_and_encoded_to_the_same_bytes() {
    let golden: Vec<Value> = serde_json::from_str(GOLDEN).unwrap();
    assert!(golden.len() > 25, "{} vectors", golden.len());
    for vector in golden {
        let bytes = unhex(vector["hex"].as_str().unwrap());
        let again = match vector["frame"].as_str() {
            Some("client") => ClientFrame::decode(&*bytes).unwrap().encode_to_vec(),
            _ => ServerFrame::decode(&*bytes).unwrap().encode_to_vec(),
        };
        assert_eq!(again, bytes, "{}", vector["name"]);
    }
}
