//! The event queues of all stays, and the time limit for an application that does not read.

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
    queues: BTreeMap<RoomKey, StayQueue>,
    /// Events that found the queue of their room full, and all events after them, in order. These
    /// are at most the events of one frame, since no frame is read while events wait.
    waiting: VecDeque<(RoomKey, RoomOutput)>,
    waiting_since: Instant,
    events_max: usize,
    unread_time_max: Duration,
}

/// An event for a room's handle.
#[derive(Debug)]
pub(crate) struct RoomOutput {
    pub(crate) event: RoomEvent<Bytes>,
    /// The position in the room's sequence that this event states, if any.
    pub(crate) position: Option<u64>,
}

struct StayQueue {
    events: mpsc::Sender<RoomOutput>,
    /// The sender of the last event. The receiver closes when the handle is dropped or leaves.
    last: oneshot::Sender<RoomEvent<Bytes>>,
    departed: bool,
}

/// The receivers of a room's handle.
pub(crate) type RoomReceivers = (
    mpsc::Receiver<RoomOutput>,
    oneshot::Receiver<RoomEvent<Bytes>>,
);

impl Rooms {
    pub(crate) fn new(events_max: usize, unread_time_max: Duration) -> Self {
        Self {
            queues: BTreeMap::new(),
            waiting: VecDeque::new(),
            waiting_since: Instant::now(),
            events_max,
            unread_time_max,
        }
    }

    pub(crate) fn open_queue(&mut self, key: RoomKey) -> RoomReceivers {
        let (events, received) = mpsc::channel(self.events_max);
        let (last, last_received) = oneshot::channel();
        self.queues.insert(
            key,
            StayQueue {
                events,
                last,
                departed: false,
            },
        );
        (received, last_received)
    }

    /// Delivers an event, or queues it until the application has taken another.
    pub(crate) fn deliver(&mut self, key: RoomKey, output: RoomOutput) {
        self.waiting.push_back((key, output));
        if self.waiting.len() == 1 {
            self.advance();
        }
    }

    pub(crate) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Waits until the application takes a waiting event. Returns a room to leave, if its handle
    /// was dropped or its events were not taken for too long. Safe to cancel.
    pub(crate) async fn wait_for_application(&mut self) -> Option<RoomKey> {
        let deadline = self.waiting_since + self.unread_time_max;
        let blocked = self.waiting.front().and_then(|(key, _)| {
            let queue = self.queues.get(key)?;
            Some((*key, queue.events.clone()))
        });
        let place = async {
            match blocked {
                Some((key, events)) => (key, timeout_at(deadline, events.reserve_owned()).await),
                None => pending().await,
            }
        };
        let mut given_up = None;
        tokio::select! {
            key = poll_fn(|cx| poll_departed(&mut self.queues, cx)) => return Some(key),
            (key, place) = place => match place {
                Ok(Ok(place)) => {
                    if let Some((_, output)) = self.waiting.pop_front() {
                        place.send(output);
                    }
                }
                // The handle was dropped, so the event has no receiver.
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

    /// Drops every waiting event except the last event of each room.
    pub(crate) fn drop_waiting_events(&mut self) {
        self.waiting.retain(|(_, output)| is_last(&output.event));
        self.advance();
    }

    fn give_up(&mut self, key: RoomKey) {
        self.waiting.retain(|(waiting, _)| *waiting != key);
        if let Some(queue) = self.queues.remove(&key) {
            let _ = queue.last.send(RoomEvent::Unread);
        }
    }

    fn advance(&mut self) {
        while let Some((key, output)) = self.waiting.pop_front() {
            let Some(queue) = self.queues.get(&key) else {
                continue;
            };
            if is_last(&output.event) {
                if let Some(queue) = self.queues.remove(&key) {
                    let _ = queue.last.send(output.event);
                }
            } else if let Err(TrySendError::Full(output)) = queue.events.try_send(output) {
                self.waiting.push_front((key, output));
                self.waiting_since = Instant::now();
                return;
            }
        }
    }
}

fn poll_departed(queues: &mut BTreeMap<RoomKey, StayQueue>, cx: &mut Context<'_>) -> Poll<RoomKey> {
    for (key, queue) in queues {
        if !queue.departed && queue.last.poll_closed(cx).is_ready() {
            queue.departed = true;
            return Poll::Ready(*key);
        }
    }
    Poll::Pending
}

/// Returns true if the event is the last of its stay, which needs no space in the queue.
const fn is_last(event: &RoomEvent<Bytes>) -> bool {
    matches!(event, RoomEvent::Left { .. } | RoomEvent::Unread)
}
