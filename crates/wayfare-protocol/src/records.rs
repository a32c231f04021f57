//! The records in coordination: names and encoding.

use std::fmt;

use bytes::Bytes;
use prost::Message;

use crate::coordination::Key;
use crate::{Address, EntityId, Epoch, Incarnation, NodeId, PlayerId, SessionId, ShardIndex};

#[allow(missing_docs, clippy::all, unreachable_pub, reason = "generated code")]
mod generated {
    include!("generated/wayfare.records.v1.rs");
}

/// The stored form of an entity, as messages.
pub mod room {
    pub use super::generated::{
        Append, Ask, Audience, Base, Call, Event, Member, Part, Reign, RoomMetadata, RoomRecord,
        Timer, call,
    };
    pub use prost::Message as Record;
}

/// An error: this build cannot read a record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("record {key} does not decode: {reason}")]
pub struct CorruptRecord {
    /// The record's name.
    pub key: Key,
    /// The problem.
    pub reason: String,
}

/// `entity/<kind>/<key>`: the owner of an entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityRecord {
    /// The epoch, above every earlier one of this name.
    pub epoch: Epoch,
    /// The shard on which it lives.
    pub owner: Address,
}

impl EntityRecord {
    /// Returns the record's name.
    #[must_use]
    pub fn key(entity: &EntityId) -> Key {
        format!("entity/{entity}").into()
    }

    /// Returns the record's bytes.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let owner = Some(encode_address(&self.owner));
        generated::EntityRecord {
            epoch: self.epoch.0,
            owner,
        }
        .encode_to_vec()
        .into()
    }

    /// Decodes a record.
    ///
    /// # Errors
    /// If the bytes are not a record. The error names `key`.
    pub fn decode(key: &Key, value: &[u8]) -> Result<Self, CorruptRecord> {
        let corrupt = |reason: String| CorruptRecord {
            key: key.clone(),
            reason,
        };
        let record = generated::EntityRecord::decode(value).map_err(|e| corrupt(e.to_string()))?;
        let owner = decode_address(record.owner).map_err(corrupt)?;
        Ok(Self {
            epoch: Epoch(record.epoch),
            owner,
        })
    }
}

/// `session/<player>`: the place of a player's session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRecord {
    /// The session.
    pub session: SessionId,
    /// The epoch, which grows by one with each change of gateway.
    pub epoch: Epoch,
    /// The shard that has the session.
    pub gateway: Address,
    /// The lowest valid epoch of a ticket. Tickets issued under a lower one are superseded.
    pub ticket_epoch_min: Epoch,
}

impl SessionRecord {
    /// Returns the record's name.
    #[must_use]
    pub fn key(player: &PlayerId) -> Key {
        format!("session/{player}").into()
    }

    /// Returns the record's bytes.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        generated::SessionRecord {
            session: Bytes::copy_from_slice(&self.session.to_bytes()),
            epoch: self.epoch.0,
            gateway: Some(encode_address(&self.gateway)),
            ticket_epoch_min: self.ticket_epoch_min.0,
        }
        .encode_to_vec()
        .into()
    }

    /// Decodes a record.
    ///
    /// # Errors
    /// If the bytes are not a record. The error names `key`.
    pub fn decode(key: &Key, value: &[u8]) -> Result<Self, CorruptRecord> {
        let corrupt = |reason: String| CorruptRecord {
            key: key.clone(),
            reason,
        };
        let record = generated::SessionRecord::decode(value).map_err(|e| corrupt(e.to_string()))?;
        Ok(Self {
            session: SessionId::from_slice(&record.session)
                .ok_or_else(|| corrupt("the session is not 16 bytes".into()))?,
            epoch: Epoch(record.epoch),
            gateway: decode_address(record.gateway).map_err(corrupt)?,
            ticket_epoch_min: Epoch(record.ticket_epoch_min),
        })
    }
}

/// `node/<id>`: the latest run of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRecord {
    /// The incarnation, above that of every earlier run of this node.
    pub incarnation: Incarnation,
    /// The version of Wayfare that wrote the record.
    pub version: String,
}

impl NodeRecord {
    /// The prefix of the names of all nodes' records, before the node's id.
    pub const PREFIX: &str = "node/";

    /// Returns the record's name.
    #[must_use]
    pub fn key(node: &NodeId) -> Key {
        format!("{}{node}", Self::PREFIX).into()
    }

    /// Returns the record's bytes.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        generated::NodeRecord {
            incarnation: self.incarnation.0,
            version: self.version.clone(),
        }
        .encode_to_vec()
        .into()
    }

    /// Decodes a record.
    ///
    /// # Errors
    /// If the bytes are not a record. The error names `key`.
    pub fn decode(key: &Key, value: &[u8]) -> Result<Self, CorruptRecord> {
        let record = generated::NodeRecord::decode(value).map_err(|e| CorruptRecord {
            key: key.clone(),
            reason: e.to_string(),
        })?;
        Ok(Self {
            incarnation: Incarnation(record.incarnation),
            version: record.version,
        })
    }
}

/// `cluster/tickets`: the key that signs tickets.
#[derive(Clone, PartialEq, Eq)]
pub struct TicketsRecord {
    /// The key, the same for every node and every run.
    pub key: [u8; 32],
}

impl TicketsRecord {
    /// The record's name.
    pub const KEY: &str = "cluster/tickets";

    /// Returns the record's bytes.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let key = Bytes::copy_from_slice(&self.key);
        generated::TicketsRecord { key }.encode_to_vec().into()
    }

    /// Decodes a record.
    ///
    /// # Errors
    /// If the bytes are not a record. The error does not repeat them.
    pub fn decode(value: &[u8]) -> Result<Self, CorruptRecord> {
        let corrupt = |reason: String| CorruptRecord {
            key: Self::KEY.into(),
            reason,
        };
        let record = generated::TicketsRecord::decode(value).map_err(|e| corrupt(e.to_string()))?;
        let key = record.key.as_ref().try_into();
        let key = key.map_err(|_| corrupt("the key is not 32 bytes".into()))?;
        Ok(Self { key })
    }
}

impl fmt::Debug for TicketsRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TicketsRecord").finish_non_exhaustive()
    }
}

fn encode_address(address: &Address) -> generated::Address {
    generated::Address {
        node: address.node.as_str().into(),
        incarnation: address.incarnation.0,
        shard: address.shard.0.into(),
    }
}

fn decode_address(address: Option<generated::Address>) -> Result<Address, String> {
    let address = address.ok_or("an address is missing")?;
    Ok(Address {
        node: NodeId::new(&address.node).map_err(|error| error.to_string())?,
        incarnation: Incarnation(address.incarnation),
        shard: ShardIndex(u16::try_from(address.shard).map_err(|error| error.to_string())?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address() -> Address {
        Address {
            node: NodeId::new("n1").unwrap(),
            incarnation: Incarnation(3),
            shard: ShardIndex(1),
        }
    }

    #[test]
    fn records_survive_their_bytes() {
        let key = EntityRecord::key(&EntityId::new("plaza", "main").unwrap());
        assert_eq!(&*key, "entity/plaza/main");
        let entity = EntityRecord {
            epoch: Epoch(9),
            owner: address(),
        };
        assert_eq!(EntityRecord::decode(&key, &entity.encode()), Ok(entity));

        let key = SessionRecord::key(&PlayerId::new("ada").unwrap());
        let session = SessionRecord {
            session: SessionId(5),
            epoch: Epoch(2),
            gateway: address(),
            ticket_epoch_min: Epoch(1),
        };
        assert_eq!(SessionRecord::decode(&key, &session.encode()), Ok(session));

        let key = NodeRecord::key(&NodeId::new("n1").unwrap());
        let node = NodeRecord {
            incarnation: Incarnation(3),
            version: "0.1.0".into(),
        };
        assert_eq!(
            (&*key, NodeRecord::decode(&key, &node.encode())),
            ("node/n1", Ok(node))
        );

        let tickets = TicketsRecord { key: [7; 32] };
        assert_eq!(TicketsRecord::decode(&tickets.encode()), Ok(tickets));
    }

    #[test]
    fn a_corrupt_record_is_named() {
        let key: Key = "entity/plaza/main".into();
        let error = EntityRecord::decode(&key, &[0x08, 0x01]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "record entity/plaza/main does not decode: an address is missing"
        );
        assert!(EntityRecord::decode(&key, &[0xff]).is_err());
        let error = TicketsRecord::decode(b"\x0a\x03abc").unwrap_err();
        assert_eq!(
            error.to_string(),
            "record cluster/tickets does not decode: the key is not 32 bytes"
        );
    }
}
