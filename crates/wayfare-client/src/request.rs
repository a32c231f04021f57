//! Requests from the application's handles to the driver.

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
    /// A command whose reply is the answer.
    Send {
        room: RoomKey,
        payload: Bytes,
        answer: oneshot::Sender<Result<Bytes, CommandError>>,
    },
    /// A command whose acceptance is the answer.
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
