//! Commands for the owner only: settings, kicks, closing.

use wayfare::prelude::*;

use super::limits::KICK_MESSAGE_BYTES_MAX;
use super::open::{check_members_max, check_password};
use super::properties::no_such_member;
use super::{Configure, Detail, Event, Relay, listing};

impl Relay {
    /// Checks that the player is the owner, who alone may `act`.
    pub(super) fn check_owner(&self, player: &Player, act: &str) -> Result<(), Refusal> {
        if self.picture.is_owner(player.id()) {
            return Ok(());
        }
        let message = format!("only the owner of the room may {act}");
        Err(Detail::OwnerOnly.refusal(message))
    }

    pub(super) fn configure(
        &mut self,
        player: &Player,
        new: Configure,
        cx: &Context<'_, Self>,
    ) -> Result<(), Refusal> {
        self.check_owner(player, "change its settings")?;
        let mut settings = self.picture.settings.clone();
        if let Some(members_max) = new.members_max {
            check_members_max(members_max, self.picture.places_taken())?;
            settings.members_max = members_max;
        }
        if let Some(listed) = new.listed {
            listing::check_all(&listed, &self.picture.properties)?;
            settings.listed = listed;
        }
        if let Some(password) = &new.password {
            check_password(password)?;
            settings.password = !password.is_empty();
        }
        settings.locked = new.locked.unwrap_or(settings.locked);
        settings.private = new.private.unwrap_or(settings.private);
        let owner_only = new.owner_only_properties;
        settings.owner_only_properties = owner_only.unwrap_or(settings.owner_only_properties);

        self.password = new.password.unwrap_or_else(|| self.password.clone());
        cx.set_private(settings.private);
        self.tell(&Event::Settings { settings }, cx);
        self.show(cx);
        Ok(())
    }

    pub(super) fn kick(
        &self,
        player: &Player,
        member: &PlayerId,
        message: &str,
        cx: &Context<'_, Self>,
    ) -> Result<(), Refusal> {
        self.check_owner(player, "kick")?;
        if member == player.id() {
            return Err(Detail::Oneself.refusal("one leaves by oneself"));
        }
        if self.picture.member(member).is_none() {
            return Err(no_such_member(member));
        }
        if message.len() > KICK_MESSAGE_BYTES_MAX {
            let no = format!("the words are at most {KICK_MESSAGE_BYTES_MAX} bytes long");
            return Err(Detail::TooLarge.refusal(no));
        }
        cx.kick(member, message);
        Ok(())
    }

    pub(super) fn close(&self, player: &Player, cx: &Context<'_, Self>) -> Result<(), Refusal> {
        self.check_owner(player, "close it")?;
        cx.close();
        Ok(())
    }
}
