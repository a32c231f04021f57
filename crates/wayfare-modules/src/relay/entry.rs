//! Joining, detaching and leaving: admission, and the effects on the room.

use wayfare::prelude::*;

use super::{Detail, Event, Join, Member, Relay, Secret, properties};

impl Relay {
    pub(super) fn enter(
        &mut self,
        player: &Player,
        join: &Join,
        cx: &Context<'_, Self>,
    ) -> Result<(), Refusal> {
        let properties = properties::of_changes(properties::OF_MEMBER, &join.properties)?;
        self.admits(player.id(), &join.password)?;
        self.opened = true;
        self.take_seat(player.id(), cx);
        let member = Member {
            id: player.id().clone(),
            name: player.name().to_owned(),
            guest: player.is_guest(),
            attached: true,
            properties,
        };
        self.tell(&Event::Joined { member }, cx);
        self.elect_joined(player.id(), cx);
        self.show(cx);
        Ok(())
    }

    /// Checks that a player may join now.
    fn admits(&self, id: &PlayerId, password: &Secret) -> Result<(), Refusal> {
        if self.picture.seats.contains(id) {
            return Ok(());
        }
        // The player who creates a locked room may join it.
        if self.picture.settings.locked && self.opened {
            return Err(Detail::Locked.refusal("the room takes no new members"));
        }
        if self.is_full() {
            return Err(Detail::Full.refusal("the room is full"));
        }
        if !self.password.is_empty() && *password != self.password {
            let message = "the room's password is missing or wrong";
            return Err(Detail::PasswordWrong.refusal(message));
        }
        Ok(())
    }

    pub(super) fn depart(&mut self, id: &PlayerId, reason: LeaveReason, cx: &Context<'_, Self>) {
        if self.picture.member(id).is_none() {
            return;
        }
        self.away_since.remove(id);
        let member = id.clone();
        self.tell(&Event::Left { member }, cx);
        self.elect_left(cx);
        let unwanted = matches!(reason, LeaveReason::Expired | LeaveReason::Replaced);
        if unwanted && self.picture.settings.return_seconds > 0 {
            self.seat_returning(id, cx);
        }
        self.show(cx);
    }

    pub(super) fn note_presence(&mut self, id: &PlayerId, attached: bool, cx: &Context<'_, Self>) {
        let member = self.picture.member(id);
        if member.is_none_or(|member| member.attached == attached) {
            return;
        }
        if attached {
            self.away_since.remove(id);
        } else {
            self.away_since.insert(id.clone(), cx.now());
        }
        let member = id.clone();
        self.tell(&Event::Presence { member, attached }, cx);
        self.elect_present(id, cx);
    }

    /// Returns the number of places that are neither taken nor reserved.
    pub(super) fn places_free(&self) -> usize {
        let places = self.picture.settings.members_max as usize;
        places.saturating_sub(self.picture.places_taken())
    }

    pub(super) fn is_full(&self) -> bool {
        self.places_free() == 0
    }
}
