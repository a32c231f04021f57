//! The choice of the room's owner: the first to join, and a successor when the owner leaves or
//! stays away.

use std::time::Duration;

use wayfare::prelude::*;

use super::properties::no_such_member;
use super::{Event, Note, OwnerCause, Relay};

impl Relay {
    /// Updates the owner after a join.
    pub(super) fn elect_joined(&mut self, id: &PlayerId, cx: &Context<'_, Self>) {
        if self.picture.owner.is_none() {
            self.make_owner(id.clone(), OwnerCause::First, cx);
        } else if self.owner_overdue {
            self.make_owner(id.clone(), OwnerCause::Away, cx);
        }
    }

    /// Updates the owner after a leave.
    pub(super) fn elect_left(&mut self, cx: &Context<'_, Self>) {
        if self.picture.owner.is_some() {
            return;
        }
        let members = &self.picture.members;
        let attached = members.iter().find(|member| member.attached);
        match attached.or(members.first()) {
            Some(next) => self.make_owner(next.id.clone(), OwnerCause::Left, cx),
            None => self.stop_waiting(cx),
        }
    }

    /// Updates the owner after a member's connection was lost or restored.
    pub(super) fn elect_present(&mut self, id: &PlayerId, cx: &Context<'_, Self>) {
        let attached = self.is_attached(id);
        if self.picture.is_owner(id) {
            self.stop_waiting(cx);
            if !attached {
                self.wait_for_owner(cx);
            }
        } else if attached && self.owner_overdue {
            self.make_owner(id.clone(), OwnerCause::Away, cx);
        }
    }

    /// Replaces the owner if it was detached for too long.
    pub(super) fn elect_overdue(&mut self, cx: &Context<'_, Self>) {
        self.owner_timer = None;
        let Some(owner) = &self.picture.owner else {
            return;
        };
        if self.is_attached(owner) {
            return;
        }
        let members = &self.picture.members;
        match members.iter().find(|member| member.attached) {
            Some(next) => self.make_owner(next.id.clone(), OwnerCause::Away, cx),
            // No member is attached, so the first to return becomes the owner.
            None => self.owner_overdue = true,
        }
    }

    pub(super) fn hand_over(
        &mut self,
        player: &Player,
        to: PlayerId,
        cx: &Context<'_, Self>,
    ) -> Result<(), Refusal> {
        self.check_owner(player, "hand the room over")?;
        if self.picture.member(&to).is_none() {
            return Err(no_such_member(&to));
        }
        self.make_owner(to, OwnerCause::HandedOver, cx);
        Ok(())
    }

    fn make_owner(&mut self, owner: PlayerId, cause: OwnerCause, cx: &Context<'_, Self>) {
        self.stop_waiting(cx);
        let attached = self.is_attached(&owner);
        self.tell(&Event::Owner { owner, cause }, cx);
        if !attached {
            self.wait_for_owner(cx);
        }
    }

    fn wait_for_owner(&mut self, cx: &Context<'_, Self>) {
        self.owner_timer = Some(cx.after(self.owner_left(cx), Note::OwnerAway));
    }

    fn stop_waiting(&mut self, cx: &Context<'_, Self>) {
        self.owner_overdue = false;
        if let Some(timer) = self.owner_timer.take() {
            cx.cancel(timer);
        }
    }

    /// Returns the time for which a detached owner may still stay away.
    fn owner_left(&self, cx: &Context<'_, Self>) -> Duration {
        let grace = Duration::from_secs(self.picture.settings.owner_grace_seconds.into());
        let owner = self.picture.owner.as_ref();
        let since = owner.and_then(|owner| self.away_since.get(owner));
        let away = since.map_or(Duration::ZERO, |since| cx.now().saturating_sub(*since));
        grace.saturating_sub(away)
    }

    fn is_attached(&self, id: &PlayerId) -> bool {
        self.picture
            .member(id)
            .is_some_and(|member| member.attached)
    }
}
