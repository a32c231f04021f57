//! Snapshots: a room's state as bytes, with a version and then MessagePack with field names.

use serde::Serialize;
use serde::de::DeserializeOwned;
use wayfare_core::game::Refusal;
use wayfare_protocol::ErrorCode;

use crate::codec::{CodecError, read_named, write_named};
use crate::read_back::ReadBack;

/// A room's state, written by an earlier or later version of the room.
#[derive(Clone, Copy, Debug)]
pub struct Snapshot<'a> {
    version: u32,
    state: &'a [u8],
}

impl<'a> Snapshot<'a> {
    /// Returns the [`Room::VERSION`](crate::Room::VERSION) of the room that wrote it.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Decodes the state as the type that it had when it was written.
    ///
    /// # Errors
    /// If it is not of that type.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        read_named(self.state).map_err(|error| corrupt(&error))
    }

    /// Returns the state's bytes: MessagePack with field names.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.state
    }

    /// Splits the output of [`write()`].
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, Refusal> {
        let Some((version, state)) = bytes.split_first_chunk() else {
            return Err(corrupt(&"it ends before its version"));
        };
        let version = u32::from_be_bytes(*version);
        Ok(Self { version, state })
    }
}

/// Appends a snapshot of `state`.
pub(crate) fn write<T: Serialize>(
    version: u32,
    state: &T,
    into: &mut Vec<u8>,
) -> Result<(), CodecError> {
    into.extend_from_slice(&version.to_be_bytes());
    write_named(state, into)
}

/// Appends a snapshot of a state or a part, `what` naming it, and reads it back if it is time to.
pub(crate) fn write_checked<T: Serialize + DeserializeOwned>(
    (what, version): (&str, u32),
    state: &T,
    read_back: &ReadBack,
    into: &mut Vec<u8>,
) -> Result<(), Refusal> {
    let start = into.len();
    write(version, state, into).map_err(|error| {
        let message = format!("{what} does not encode: {error}");
        Refusal::with_code(ErrorCode::Internal, message)
    })?;
    let written = Snapshot::parse(&into[start..])?;
    read_back.check(what, state, written.bytes())
}

/// Decodes a state of this version, or converts one of another version with `upgrade`.
pub(crate) fn restore<T: DeserializeOwned>(
    bytes: &[u8],
    version: u32,
    upgrade: fn(u32, Snapshot<'_>) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    let snapshot = Snapshot::parse(bytes)?;
    match snapshot.version() {
        written if written == version => snapshot.read(),
        written => upgrade(written, snapshot),
    }
}

fn corrupt(error: &dyn std::fmt::Display) -> Refusal {
    let message = format!("the snapshot does not decode: {error}");
    Refusal::with_code(ErrorCode::Internal, message)
}
