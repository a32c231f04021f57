//! Messages: distribution, keeping and deletion.

use wayfare::prelude::*;

use super::limits::{KEPT_MAX, KEPT_OF_ONE_MAX, KEPT_SIZE, KEPT_SIZE_MAX, NAME_BYTES_MAX};
use super::{Clear, Detail, Event, Keep, Message, Post, Relay, Target, Topic};

impl Relay {
    pub(super) fn post(
        &mut self,
        player: &Player,
        post: Post,
        cx: &Context<'_, Self>,
    ) -> Result<(), Refusal> {
        check_topic(&post.topic)?;
        let (to, unreliable) = (post.to, post.unreliable);
        let message = Message {
            from: player.id().clone(),
            topic: post.topic,
            payload: post.payload,
            keep: post.keep,
        };
        if message.keep.is_some() {
            if unreliable || to != Target::Everyone {
                let no = "only a reliable message to everyone can be kept";
                return Err(Detail::NotKeepable.refusal(no));
            }
            self.check_kept(&message)?;
            self.tell(&Event::Message(message), cx);
            return Ok(());
        }
        if let Target::Members(members) = &to
            && !members.iter().any(|member| cx.is_member(member))
        {
            let no = "none of those whom the message is for is in the room";
            return Err(Detail::NoSuchMember.refusal(no));
        }
        let event = Event::Message(message);
        match to {
            Target::Everyone => pass_on(Everyone, &event, unreliable, cx),
            Target::Others => pass_on(Everyone.except(player), &event, unreliable, cx),
            Target::Members(members) => pass_on(&members, &event, unreliable, cx),
        }
        Ok(())
    }

    fn check_kept(&self, message: &Message) -> Result<(), Refusal> {
        let replaces = message.keep == Some(Keep::Replace);
        let (mut count, mut of_one, mut size) = (1, 1, size_of(message));
        for kept in &self.picture.kept {
            if !(replaces && kept.is_replaced_by(message)) {
                count += 1;
                of_one += usize::from(kept.from == message.from);
                size += size_of(kept);
            }
        }
        if count > KEPT_MAX || of_one > KEPT_OF_ONE_MAX {
            let no =
                format!("at most {KEPT_MAX} messages are kept, {KEPT_OF_ONE_MAX} of each author");
            return Err(Detail::TooMany.refusal(no));
        }
        if size > KEPT_SIZE_MAX {
            let no = format!("kept messages of size {size} are too large: at most {KEPT_SIZE_MAX}");
            return Err(Detail::TooLarge.refusal(no));
        }
        Ok(())
    }

    pub(super) fn clear(
        &mut self,
        player: &Player,
        clear: Clear,
        cx: &Context<'_, Self>,
    ) -> Result<(), Refusal> {
        let Clear { mut author, topic } = clear;
        if !self.picture.is_owner(player.id()) {
            let own = author.get_or_insert_with(|| player.id().clone());
            if own != player.id() {
                self.check_owner(player, "clear the messages of others")?;
            }
        }
        self.tell(&Event::Cleared { author, topic }, cx);
        Ok(())
    }
}

fn pass_on(to: impl Audience, event: &Event, unreliable: bool, cx: &Context<'_, Relay>) {
    if unreliable {
        cx.send_unreliable(to, event);
    } else {
        cx.send(to, event);
    }
}

fn check_topic(topic: &Topic) -> Result<(), Refusal> {
    if topic.size() > NAME_BYTES_MAX {
        let no = format!("a topic has at most {NAME_BYTES_MAX} bytes");
        return Err(Detail::NameInvalid.refusal(no));
    }
    Ok(())
}

fn size_of(message: &Message) -> usize {
    let names = message.from.as_str().len() + message.topic.size();
    KEPT_SIZE + names + message.payload.size()
}
