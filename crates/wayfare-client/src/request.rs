//! What the application's handles ask of the driver.

use std::collections::BTreeMap;

use bytes::Bytes;
use tokio::sync::oneshot;
use wayfare_client_core::{Join, Listing, RoomKey, SendError};

use crate::{CommandError, JoinError, ListError, Room};

pub(crate) enum Request {
    Join {
        join: Join,
        answer: oneshot::Sender<Result<Room, JoinError>>,
    },
    /// Answered with the reply.
    Send {
        room: RoomKey,
        payload: Bytes,
        answer: oneshot::Sender<Result<Bytes, CommandError>>,
    },
    /// Answered when the command is taken.
    Cast {
        room: RoomKey,
        payload: Bytes,
        answer: oneshot::Sender<Result<(), SendError>>,
    },
    Unreliable {
        room: RoomKey,
        payload: Bytes,
    },
    List {
        kind: String,
        properties: BTreeMap<String, String>,
        limit: u32,
        answer: oneshot::Sender<Result<Listing, ListError>>,
    },
    Close,
}
