//! The room itself: [`Relay`].

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use wayfare::prelude::*;

use super::limits::MEMBERS_MAX;
use super::seats::Seat;
use super::{Command, Event, Join, Open, Picture, Secret};

/// How relay rooms are run.
pub fn settings(kind: Kind<Relay>) -> Kind<Relay> {
    kind.members_max(MEMBERS_MAX)
        .snapshots_every(Duration::from_secs(5))
        .typed()
}

/// One room of the relay. Its kind has to let in [`MEMBERS_MAX`]: use [`settings`].
///
/// The room locks and fills by its own rules, because a seat is good in spite of both; so an
/// operator sees it as not locked, and listings say it in the property `relay.open`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Relay {
    /// What everybody sees. It changes by events only.
    pub(super) picture: Picture,
    pub(super) password: Secret,
    /// Somebody came in once: the room is made.
    pub(super) opened: bool,
    /// Of the players in `picture.seats`.
    pub(super) seats: BTreeMap<PlayerId, Seat>,
    /// Since when members are detached, by the room's age.
    pub(super) away_since: BTreeMap<PlayerId, Duration>,
    /// Runs while the owner is away and may still be.
    pub(super) owner_timer: Option<TimerId>,
    /// The owner has been away for too long, and so is everybody else.
    pub(super) owner_overdue: bool,
    /// What listings show.
    pub(super) shown: BTreeMap<String, String>,
}

/// What the room leaves for itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Note {
    /// The owner may have been away for too long.
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

    fn view(&self, _: &Player) -> Picture {
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
    /// The room as everybody sees it.
    #[must_use]
    pub fn picture(&self) -> &Picture {
        &self.picture
    }

    /// The one way in which the picture changes: here as in everybody's client.
    pub(super) fn tell(&mut self, event: &Event, cx: &Context<'_, Self>) {
        self.picture.apply(event);
        cx.send(Everyone, event);
    }
}
