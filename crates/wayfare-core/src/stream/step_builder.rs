//! A step in the making: frames are encoded once into one buffer.

use bytes::{Bytes, BytesMut};
use wayfare_protocol::frame::put_server_frame;
use wayfare_protocol::wire::server_frame::Body;
use wayfare_protocol::{Instant, Membership, Sequence};

use crate::game::{Recipients, SessionRef};
use crate::peer::{Change, Item};

use super::errand::Errand;
use super::history::History;

#[derive(Debug)]
enum Sort {
    Frames {
        recipients: Recipients,
        unreliable: bool,
    },
    Session {
        session: SessionRef,
        change: Change,
    },
}

/// A step in the making. Buffers are used again for other rooms.
#[derive(Debug, Default)]
pub(crate) struct StepBuilder {
    bytes: BytesMut,
    /// The parts of `bytes`, by their ends.
    open: Vec<(Sort, usize)>,
    /// Events that lie in `bytes`, for the history.
    events: Vec<(Sequence, Recipients, usize, usize)>,
    sealed: Vec<Item>,
    /// Members that are told at the end of the turn how far their commands were applied.
    pub(crate) pending_acks: Vec<Membership>,
    /// Errands: effects beside frames.
    pub(crate) errands: Vec<Errand>,
}

impl StepBuilder {
    /// Checks whether nothing was added since it was taken.
    pub(crate) fn is_empty(&self) -> bool {
        let frames = self.open.is_empty() && self.sealed.is_empty();
        frames && self.pending_acks.is_empty() && self.errands.is_empty()
    }

    /// Appends one frame for members. Neighbours for the same recipients become one item.
    pub(crate) fn frame(
        &mut self,
        recipients: Recipients,
        unreliable: bool,
        put: impl FnOnce(&mut BytesMut),
    ) {
        put(&mut self.bytes);
        let end = self.bytes.len();
        if let Some((
            Sort::Frames {
                recipients: last,
                unreliable: false,
            },
            last_end,
        )) = self.open.last_mut()
            && !unreliable
            && *last == recipients
        {
            *last_end = end;
            return;
        }
        self.open.push((
            Sort::Frames {
                recipients,
                unreliable,
            },
            end,
        ));
    }

    /// Appends one numbered frame for members: it goes into the history too.
    pub(crate) fn event(
        &mut self,
        sequence: Sequence,
        recipients: Recipients,
        put: impl FnOnce(&mut BytesMut),
    ) {
        let start = self.bytes.len();
        self.frame(recipients.clone(), false, put);
        self.events
            .push((sequence, recipients, start, self.bytes.len()));
    }

    /// Appends a frame for one session.
    pub(crate) fn session(&mut self, session: &SessionRef, change: Change, body: Option<Body>) {
        if let Some(body) = body {
            put_server_frame(&mut self.bytes, body);
        }
        self.open.push((
            Sort::Session {
                session: session.clone(),
                change,
            },
            self.bytes.len(),
        ));
    }

    /// Appends frames that were made before. The builder must have been sealed.
    pub(crate) fn replay(&mut self, membership: Membership, bytes: Bytes) {
        debug_assert!(self.open.is_empty());
        let recipients = Recipients::One(membership);
        self.sealed.push(Item::Frames {
            recipients,
            bytes,
            unreliable: false,
        });
    }

    /// Gives the bytes so far their final place, and the events among them to the history.
    pub(crate) fn seal(&mut self, history: &mut History, now: Instant) {
        if self.open.is_empty() {
            return;
        }
        // Exactly as long as it is: histories keep it for long.
        let bytes = Bytes::copy_from_slice(&self.bytes);
        self.bytes.clear();
        // A slice keeps the whole buffer alive: where most of it is not history (a view, say),
        // history gets copies, so that it holds no more than it accounts for, twice at most.
        let kept: usize = self.events.iter().map(|(.., start, end)| end - start).sum();
        let share = kept * 2 >= bytes.len();
        for (sequence, recipients, start, end) in self.events.drain(..) {
            let frame = match share {
                true => bytes.slice(start..end),
                false => Bytes::copy_from_slice(&bytes[start..end]),
            };
            history.push(sequence, recipients, frame, now);
        }
        let mut start = 0;
        self.sealed.extend(self.open.drain(..).map(|(sort, end)| {
            let bytes = bytes.slice(start..end);
            start = end;
            match sort {
                Sort::Frames {
                    recipients,
                    unreliable,
                } => Item::Frames {
                    recipients,
                    bytes,
                    unreliable,
                },
                Sort::Session { session, change } => Item::Session {
                    session,
                    bytes,
                    change,
                },
            }
        }));
    }

    /// The items so far; the builder is empty again. It must have been sealed.
    pub(crate) fn take(&mut self) -> Vec<Item> {
        debug_assert!(self.open.is_empty());
        std::mem::take(&mut self.sealed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that a buffer of this step is kept alive for.
    fn retained(view_bytes: usize) -> usize {
        let mut history = History::behind(Sequence(0));
        let mut builder = StepBuilder::default();
        let recipients = Recipients::One(Membership(1));
        builder.frame(recipients, false, |bytes| {
            bytes.extend_from_slice(&vec![7; view_bytes]);
        });
        builder.event(Sequence(1), Recipients::Everyone, |bytes| {
            bytes.extend_from_slice(b"event");
        });
        builder.seal(&mut history, Instant::ORIGIN);
        let items = builder.take();
        let start = items.iter().find_map(|item| match item {
            Item::Frames { bytes, .. } => Some(bytes.as_ptr()),
            Item::Session { .. } => None,
        });
        let frame = history.replay(Sequence(0), Membership(1)).next().unwrap();
        let offset = (frame.as_ptr() as usize).wrapping_sub(start.unwrap() as usize);
        match offset < view_bytes + frame.len() {
            true => view_bytes + frame.len(),
            false => frame.len(),
        }
    }

    #[test]
    fn history_keeps_no_view_alive() {
        assert_eq!(retained(3), 8, "a small neighbour is shared");
        assert_eq!(retained(1_000_000), 5, "a large one is not");
    }
}
