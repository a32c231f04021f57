//! The application's end of each stay, and the patience with an application that does not read.

use std::collections::{BTreeMap, VecDeque};
use std::future::{pending, poll_fn};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};
use wayfare_client_core::RoomKey;

use crate::RoomEvent;

pub(crate) struct Rooms {
    seats: BTreeMap<RoomKey, Seat>,
    /// What found its room's queue full, and whatever came behind it, in order. At most what one
    /// frame brings, for while there is any, no frame is read.
    waiting: VecDeque<(RoomKey, Told)>,
    waiting_since: Instant,
    events_max: usize,
    unread_time_max: Duration,
}

/// What an application is told of a room.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) event: RoomEvent<Bytes>,
    /// The number of the room's last event that this shows, if it says so.
    pub(crate) position: Option<u64>,
}

struct Seat {
    events: mpsc::Sender<Told>,
    /// The handle's end of it closes when the handle is dropped, or leaves.
    last: oneshot::Sender<RoomEvent<Bytes>>,
    departed: bool,
}

/// What a room's handle listens on.
pub(crate) type Ears = (mpsc::Receiver<Told>, oneshot::Receiver<RoomEvent<Bytes>>);

impl Rooms {
    pub(crate) fn new(events_max: usize, unread_time_max: Duration) -> Self {
        Self {
            seats: BTreeMap::new(),
            waiting: VecDeque::new(),
            waiting_since: Instant::now(),
            events_max,
            unread_time_max,
        }
    }

    pub(crate) fn seat(&mut self, key: RoomKey) -> Ears {
        let (events, heard) = mpsc::channel(self.events_max);
        let (last, last_heard) = oneshot::channel();
        self.seats.insert(
            key,
            Seat {
                events,
                last,
                departed: false,
            },
        );
        (heard, last_heard)
    }

    /// Tells the application, or keeps it until the application has taken something else.
    pub(crate) fn tell(&mut self, key: RoomKey, told: Told) {
        self.waiting.push_back((key, told));
        if self.waiting.len() == 1 {
            self.advance();
        }
    }

    pub(crate) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Waits for the application: until it has taken something of what waits, or until there is a
    /// room to leave, because its handle is gone or because its events were not taken for too
    /// long. Safe to cancel.
    pub(crate) async fn settle(&mut self) -> Option<RoomKey> {
        let deadline = self.waiting_since + self.unread_time_max;
        let blocked = self.waiting.front().and_then(|(key, _)| {
            let seat = self.seats.get(key)?;
            Some((*key, seat.events.clone()))
        });
        let place = async {
            match blocked {
                Some((key, events)) => (key, timeout_at(deadline, events.reserve_owned()).await),
                None => pending().await,
            }
        };
        let mut given_up = None;
        tokio::select! {
            key = poll_fn(|cx| poll_departed(&mut self.seats, cx)) => return Some(key),
            (key, place) = place => match place {
                Ok(Ok(place)) => {
                    if let Some((_, told)) = self.waiting.pop_front() {
                        place.send(told);
                    }
                }
                // The handle is gone: what is left is nobody's.
                Ok(Err(_)) => {
                    self.waiting.pop_front();
                }
                Err(_) => {
                    self.give_up(key);
                    given_up = Some(key);
                }
            }
        }
        self.advance();
        given_up
    }

    /// Drops every event that still waits, but for the last of each room.
    pub(crate) fn hurry(&mut self) {
        self.waiting.retain(|(_, told)| is_last(&told.event));
        self.advance();
    }

    fn give_up(&mut self, key: RoomKey) {
        self.waiting.retain(|(waiting, _)| *waiting != key);
        if let Some(seat) = self.seats.remove(&key) {
            let _ = seat.last.send(RoomEvent::Unread);
        }
    }

    fn advance(&mut self) {
        while let Some((key, told)) = self.waiting.pop_front() {
            let Some(seat) = self.seats.get(&key) else {
                continue;
            };
            if is_last(&told.event) {
                if let Some(seat) = self.seats.remove(&key) {
                    let _ = seat.last.send(told.event);
                }
            } else if let Err(TrySendError::Full(told)) = seat.events.try_send(told) {
                self.waiting.push_front((key, told));
                self.waiting_since = Instant::now();
                return;
            }
        }
    }
}

fn poll_departed(seats: &mut BTreeMap<RoomKey, Seat>, cx: &mut Context<'_>) -> Poll<RoomKey> {
    for (key, seat) in seats {
        if !seat.departed && seat.last.poll_closed(cx).is_ready() {
            seat.departed = true;
            return Poll::Ready(*key);
        }
    }
    Poll::Pending
}

/// It needs no place in the queue.
const fn is_last(event: &RoomEvent<Bytes>) -> bool {
    matches!(event, RoomEvent::Left { .. } | RoomEvent::Unread)
}
