//! Views: what they know of the time, the members, and their presence.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use wayfare::prelude::*;
use wayfare::testing::Table;

/// A round that ends a minute after the room opened.
#[derive(Serialize, Deserialize)]
struct Round {
    ends: Duration,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Seen {
    ends_at_ms: u64,
    members: Vec<String>,
    attached: Vec<String>,
    own: bool,
}

impl Room for Round {
    type Open = ();
    type Join = ();
    type Command = ();
    type Reply = u64;
    type Event = ();
    type View = Seen;
    type Note = ();

    fn open((): (), cx: &Context<Self>) -> Result<Self, Refusal> {
        let ends = cx.now() + Duration::from_mins(1);
        Ok(Self { ends })
    }

    fn view(&self, player: &Player, cx: &ViewContext) -> Seen {
        let left = self.ends.saturating_sub(cx.now());
        let name = |member: Player| member.name().to_owned();
        assert_eq!(cx.members().count(), cx.member_count());
        assert_eq!(cx.id().kind(), "room");
        Seen {
            ends_at_ms: (cx.server_time() + left).as_millis() as u64,
            members: cx.members().map(name).collect(),
            attached: cx
                .members()
                .filter(|it| cx.is_attached(it))
                .map(name)
                .collect(),
            own: cx.is_member(player) && cx.member(player.id()).as_ref() == Some(player),
        }
    }

    fn command(&mut self, player: &Player, (): (), cx: &Context<Self>) -> Result<u64, Refusal> {
        if !cx.is_attached(player) {
            return Err("who commands is there".into());
        }
        Ok(cx.server_time().as_millis() as u64)
    }
}

#[test]
fn a_view_shows_who_is_there_and_until_when() {
    let mut table = Table::<Round>::open(());
    let first = table.join("ada", ()).unwrap();
    assert_eq!(first.members, ["ada"]);
    assert_eq!(first.attached, ["ada"]);
    assert!(first.own);
    table.advance(Duration::from_secs(10));
    table.drop_connection("ada");
    let second = table.join("bob", ()).unwrap();
    assert_eq!(second.members, ["ada", "bob"]);
    assert_eq!(second.attached, ["bob"]);
    // The end by the clock that clients are told does not move while time passes.
    assert_eq!(second.ends_at_ms, first.ends_at_ms);
    let now = table.command("bob", ()).unwrap();
    assert_eq!(second.ends_at_ms - now, 50_000);
}

#[test]
fn words_are_a_refusal() {
    let refuse = |full: bool| -> Result<(), Refusal> {
        if full {
            Err(format!("{} of 8 are here", 8))?;
        }
        Err("no")?
    };
    assert_eq!(refuse(true), Err(Refusal::new("8 of 8 are here")));
    assert_eq!(refuse(false), Err(Refusal::new("no")));
}

#[test]
fn an_id_compares_with_texts() {
    let id: PlayerId = "ada".parse().unwrap();
    let (text, other) = (String::from("ada"), String::from("bob"));
    assert!(id == "ada" && id == *"ada" && id == text && id != other);
    assert!("ada" == id && *"ada" == id && text == id && other != id);
}
