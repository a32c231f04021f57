//! The room itself: [`Relay`].

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use wayfare::prelude::*;

use super::limits::MEMBERS_MAX;
use super::seats::Seat;
use super::{Command, Event, Join, Open, Picture, Secret};

/// Sets the settings of relay rooms on their kind.
pub fn settings(kind: Kind<Relay>) -> Kind<Relay> {
    kind.members_max(MEMBERS_MAX)
        .snapshots_every(Duration::from_secs(5))
        .typed()
}

/// A relay room. Its kind must allow [`MEMBERS_MAX`] members: use [`settings`].
///
/// The room implements locks and capacity itself, because a seat overrides both. Operators
/// therefore see it as not locked; listings show the state in the property `relay.open`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Relay {
    /// The public state. Only events change it.
    pub(super) picture: Picture,
    pub(super) password: Secret,
    /// True after the first join: the room is created.
    pub(super) opened: bool,
    /// The seats of the players in `picture.seats`.
    pub(super) seats: BTreeMap<PlayerId, Seat>,
    /// The time at which each detached member was detached, by the room's age.
    pub(super) away_since: BTreeMap<PlayerId, Duration>,
    /// The timer that runs while the owner is detached.
    pub(super) owner_timer: Option<TimerId>,
    /// True if the owner was detached for too long, and everybody else is detached, too.
    pub(super) owner_overdue: bool,
    /// The properties in listings.
    pub(super) shown: BTreeMap<String, String>,
}

/// A note that the room leaves for itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Note {
    /// The owner may have been detached for too long.
    OwnerAway,
    /// The time of this player's seat may be over.
    SeatOver(PlayerId),
}

impl Room for Relay {
    type Open = Open;
    type Join = Join;
    type Command = Command;
    type Reply = ();
    type Event = Event;
    type View = Picture;
    type Note = Note;

    const VERSION: u32 = 1;

    fn open(open: Open, cx: &Context<'_, Self>) -> Result<Self, Refusal> {
        let (settings, properties) = open.check()?;
        cx.set_private(settings.private);
        let mut relay = Self {
            picture: Picture {
                settings,
                properties,
                ..Picture::default()
            },
            password: open.password,
            opened: false,
            seats: BTreeMap::new(),
            away_since: BTreeMap::new(),
            owner_timer: None,
            owner_overdue: false,
            shown: BTreeMap::new(),
        };
        relay.seat_first(open.seats, open.seat_seconds, cx);
        relay.show(cx);
        Ok(relay)
    }

    fn join(&mut self, player: &Player, join: Join, cx: &Context<'_, Self>) -> Result<(), Refusal> {
        self.enter(player, &join, cx)
    }

    fn view(&self, _: &Player, _: &ViewContext<'_>) -> Picture {
        self.picture.clone()
    }

    fn command(
        &mut self,
        player: &Player,
        command: Command,
        cx: &Context<'_, Self>,
    ) -> Result<(), Refusal> {
        match command {
            Command::Post(post) => self.post(player, post, cx),
            Command::Clear(clear) => self.clear(player, clear, cx),
            Command::Set(set) => self.set(player, set, cx),
            Command::SetMember(set) => self.set_member(player, set, cx),
            Command::Configure(new) => self.configure(player, new, cx),
            Command::HandOver { to } => self.hand_over(player, to, cx),
            Command::Kick { member, message } => self.kick(player, &member, &message, cx),
            Command::Close => self.close(player, cx),
            Command::Reserve { players, seconds } => self.reserve(player, players, seconds, cx),
            Command::Release { players } => self.release(player, &players, cx),
        }
    }

    fn note(&mut self, note: Note, cx: &Context<'_, Self>) {
        match note {
            Note::OwnerAway => self.elect_overdue(cx),
            Note::SeatOver(player) => self.seat_over(player, cx),
        }
    }

    fn leave(&mut self, player: &Player, reason: LeaveReason, cx: &Context<'_, Self>) {
        self.depart(player.id(), reason, cx);
    }

    fn presence(&mut self, player: &Player, attached: bool, cx: &Context<'_, Self>) {
        self.note_presence(player.id(), attached, cx);
    }
}

impl Relay {
    /// The public state of the room.
    #[must_use]
    pub fn picture(&self) -> &Picture {
        &self.picture
    }

    /// Applies an event to the picture and sends it. The picture changes only here, as in every
    /// client.
    pub(super) fn tell(&mut self, event: &Event, cx: &Context<'_, Self>) {
        self.picture.apply(event);
        cx.send(Everyone, event);
    }
}
