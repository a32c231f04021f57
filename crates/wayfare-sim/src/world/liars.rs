//! Clients that state to have received less than they have, and what they get for it.

use bytes::Bytes;
use wayfare_protocol::frame::{client_payload, decode_client, decode_server};
use wayfare_protocol::wire::client_frame::Body as Say;
use wayfare_protocol::wire::server_frame::Body as Heard;

use super::World;
use super::streams::Packet;
use crate::invariants::{self, Violation};

impl World {
    /// Some of the clients lie; the others must not suffer from it.
    pub(super) fn is_liar(&self, seat: u32) -> bool {
        self.plan.liars && seat.is_multiple_of(3)
    }

    /// Changes the position in a liar's request to attach again, now and then.
    pub(super) fn lie(&mut self, seat: u32, packet: Packet) -> Packet {
        let Packet::Frame(frame) = &packet else {
            return packet;
        };
        match decode_client(frame) {
            Ok(Say::Join(join)) => {
                let sent = &mut self.seats[seat as usize].joins_sent;
                *sent.entry((join.room, join.sequence)).or_default() += 1;
                packet
            }
            Ok(Say::Attach(mut attach)) if self.is_liar(seat) && self.players.one_in(2) => {
                attach.sequence = self.players.below(attach.sequence.saturating_add(1));
                Packet::Frame(client_payload(Say::Attach(attach)))
            }
            _ => packet,
        }
    }

    /// Checks that a member reads nothing that was said before it came, whatever it states.
    pub(super) fn check_nothing_earlier(&mut self, seat: u32, frame: &Bytes) {
        let it = &mut self.seats[seat as usize];
        match decode_server(frame.clone()) {
            Ok(Heard::Joined(joined)) => {
                let sent = it.joins_sent.get(&(joined.room, joined.sequence));
                // A join that was sent twice may have been answered before, further back.
                let position = if sent == Some(&1) { joined.position } else { 0 };
                it.joined_at.insert(joined.handle, position);
            }
            Ok(Heard::Event(event)) => {
                let first = it.joined_at.get(&event.handle).copied().unwrap_or_default();
                let outcome = invariants::check_not_earlier(seat, event.sequence, first);
                self.judge(outcome);
            }
            _ => {}
        }
    }

    /// Says whether a violation is what a liar brought upon itself: it is told of losses that it
    /// claimed.
    pub(super) fn is_own_fault(&self, violation: &Violation) -> bool {
        let subject = violation
            .subjects
            .first()
            .and_then(|it| it.strip_prefix("seat"));
        let seat = subject.and_then(|seat| seat.parse().ok());
        violation.invariant != "right audience" && seat.is_some_and(|seat| self.is_liar(seat))
    }
}
