//! Golden vectors of the records in coordination, so that the records of earlier versions stay
//! readable.

use serde_json::{Value, json};
use wayfare_protocol::records::{EntityRecord, NodeRecord, SessionRecord, TicketsRecord};
use wayfare_protocol::{
    Address, EntityId, Epoch, Incarnation, NodeId, PlayerId, SessionId, ShardIndex,
};

const GOLDEN: &str = include_str!("../../../proto/golden/records.json");

fn address() -> Address {
    Address {
        node: NodeId::new("game-1").unwrap(),
        incarnation: Incarnation(1_795_920_000_000_000_000),
        shard: ShardIndex(3),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn vector(key: &str, bytes: &[u8], fields: &Value) -> Value {
    json!({ "key": key, "hex": hex(bytes), "fields": fields })
}

fn written() -> Vec<Value> {
    let node = NodeRecord {
        incarnation: address().incarnation,
        version: "0.1.0".into(),
    };
    let tickets = TicketsRecord { key: [0xab; 32] };
    let entity = EntityRecord {
        epoch: Epoch(41),
        owner: address(),
    };
    let session = SessionRecord {
        session: SessionId(0xcd),
        epoch: Epoch(2),
        gateway: address(),
        ticket_epoch_min: Epoch(1),
    };
    let owner =
        json!({ "node": "game-1", "incarnation": 1_795_920_000_000_000_000_u64, "shard": 3 });
    vec![
        vector(
            &NodeRecord::key(&address().node),
            &node.encode(),
            &json!({ "incarnation": 1_795_920_000_000_000_000_u64, "version": "0.1.0" }),
        ),
        vector(
            TicketsRecord::KEY,
            &tickets.encode(),
            &json!({ "key": "ab".repeat(32) }),
        ),
        vector(
            &EntityRecord::key(&EntityId::new("plaza", "main").unwrap()),
            &entity.encode(),
            &json!({ "epoch": 41, "owner": owner }),
        ),
        vector(
            &SessionRecord::key(&PlayerId::new("ada").unwrap()),
            &session.encode(),
            &json!({ "session": format!("{:032x}", 0xcd), "epoch": 2, "gateway": owner,
                "ticket_epoch_min": 1 }),
        ),
    ]
}

#[test]
fn records_are_written_as_the_file_says() {
    let golden: Vec<Value> = serde_json::from_str(GOLDEN).unwrap();
    let written = written();
    assert_eq!(
        golden,
        written,
        "proto/golden/records.json should be:\n{}",
        serde_json::to_string_pretty(&written).unwrap()
    );
}

#[test]
fn records_of_the_first_version_are_read() {
    // The form of `node/<id>` and `cluster/tickets` before they were in the schema.
    let record = NodeRecord::decode(&"node/local".into(), b"\x08\x07\x12\x050.0.9").unwrap();
    assert_eq!(record.incarnation, Incarnation(7));
    assert_eq!(record.version, "0.0.9");
    let bytes = [&b"\x0a\x20"[..], &[5; 32]].concat();
    assert_eq!(TicketsRecord::decode(&bytes).unwrap().key, [5; 32]);
}
