//! Seats: places that are reserved for players who will join.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use wayfare::prelude::*;

use super::limits::{SEAT_SECONDS, SEAT_SECONDS_MAX};
use super::{Detail, Event, Note, Relay};

/// A seat, and the time when it ends.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Seat {
    until: Duration,
    timer: TimerId,
}

impl Relay {
    pub(super) fn reserve(
        &mut self,
        player: &Player,
        players: BTreeSet<PlayerId>,
        seconds: u32,
        cx: &Context<'_, Self>,
    ) -> Result<(), Refusal> {
        self.check_owner(player, "reserve seats")?;
        check_seconds(seconds)?;
        if let Some(member) = players.iter().find(|id| self.picture.member(id).is_some()) {
            let message = format!("{member} is in the room already");
            return Err(Detail::AlreadyMember.refusal(message));
        }
        let new = players
            .iter()
            .filter(|id| !self.picture.seats.contains(*id));
        let (new, free) = (new.count(), self.places_free());
        if new > free {
            let message = format!("{new} more seats do not fit: {free} places are free");
            return Err(Detail::NoPlace.refusal(message));
        }
        self.hold(&players, seconds, cx);
        self.tell(&Event::Reserved { players }, cx);
        self.show(cx);
        Ok(())
    }

    pub(super) fn release(
        &mut self,
        player: &Player,
        players: &BTreeSet<PlayerId>,
        cx: &Context<'_, Self>,
    ) -> Result<(), Refusal> {
        self.check_owner(player, "release seats")?;
        let players: BTreeSet<_> = players.intersection(&self.picture.seats).cloned().collect();
        if !players.is_empty() {
            self.give_up(players, false, cx);
        }
        Ok(())
    }

    /// Reserves the first seats of a new room.
    pub(super) fn seat_first(
        &mut self,
        players: BTreeSet<PlayerId>,
        seconds: u32,
        cx: &Context<'_, Self>,
    ) {
        self.hold(&players, seconds, cx);
        self.picture.apply(&Event::Reserved { players });
    }

    /// Reserves a seat for a member that did not leave on purpose.
    pub(super) fn seat_returning(&mut self, id: &PlayerId, cx: &Context<'_, Self>) {
        let players = BTreeSet::from([id.clone()]);
        self.hold(&players, self.picture.settings.return_seconds, cx);
        self.tell(&Event::Reserved { players }, cx);
    }

    /// Uses up the seat of a player who joins.
    pub(super) fn take_seat(&mut self, id: &PlayerId, cx: &Context<'_, Self>) {
        if let Some(seat) = self.seats.remove(id) {
            cx.cancel(seat.timer);
        }
    }

    /// Ends a seat if its time is over.
    pub(super) fn seat_over(&mut self, id: PlayerId, cx: &Context<'_, Self>) {
        if self
            .seats
            .get(&id)
            .is_some_and(|seat| seat.until <= cx.now())
        {
            self.give_up(BTreeSet::from([id]), true, cx);
        }
    }

    fn hold(&mut self, players: &BTreeSet<PlayerId>, seconds: u32, cx: &Context<'_, Self>) {
        let time = Duration::from_secs(seconds.into());
        for player in players {
            self.take_seat(player, cx);
            let seat = Seat {
                until: cx.now() + time,
                timer: cx.after(time, Note::SeatOver(player.clone())),
            };
            self.seats.insert(player.clone(), seat);
        }
    }

    fn give_up(&mut self, players: BTreeSet<PlayerId>, expired: bool, cx: &Context<'_, Self>) {
        for player in &players {
            self.take_seat(player, cx);
        }
        self.tell(&Event::Released { players, expired }, cx);
        self.show(cx);
    }
}

/// The default time of a seat.
pub(super) const fn seconds() -> u32 {
    SEAT_SECONDS
}

pub(super) fn check_seconds(seconds: u32) -> Result<(), Refusal> {
    if (1..=SEAT_SECONDS_MAX).contains(&seconds) {
        return Ok(());
    }
    let message = format!("a time is 1 to {SEAT_SECONDS_MAX} seconds");
    Err(Detail::OutOfRange.refusal(message))
}
