//! Tests of kicks, closing, locks and listings.

use std::time::Duration;

use wayfare::testing::{Left, Table};
use wayfare::{ErrorCode, Kind, LeaveReason, Who};

use crate::probe::{Ask, Probe, id, text, three_players};

#[test]
fn a_kicked_player_is_told_why() {
    let mut table = three_players();
    table
        .command("ada", Ask::Kick(id("bob"), text("too loud")))
        .unwrap();
    table
        .command("ada", Ask::Kick(id("zoe"), text("never here")))
        .unwrap();
    let kicked = Left {
        reason: LeaveReason::Kicked,
        message: text("too loud"),
    };
    assert_eq!(table.left("bob"), Some(kicked));
    assert_eq!(table.left("cleo"), None);
    assert_eq!(table.state().log[3..], ["bob left: Kicked"]);
}

#[test]
fn a_player_that_leaves_may_come_again() {
    let mut table = three_players();
    table.leave("bob");
    assert_eq!(table.left("bob").unwrap().reason, LeaveReason::Requested);
    table.command("ada", Ask::Say(text("gone?"))).unwrap();
    table.join("bob", text("")).unwrap();
    assert!(table.events("bob").is_empty());
    assert_eq!(table.left("bob"), None);
}

#[test]
fn a_closed_room_is_gone_for_all() {
    let mut table = three_players();
    assert_eq!(table.command("ada", Ask::Close), Ok(0));
    for player in ["ada", "bob", "cleo"] {
        assert_eq!(table.left(player).unwrap().reason, LeaveReason::Closed);
    }
    assert!(table.room().is_none());
    assert_eq!(
        table.join("ada", text("")).unwrap(),
        ["for ada", "ada joined"]
    );
}

#[test]
fn an_empty_room_closes_unless_it_is_kept() {
    let mut table = three_players();
    let mut kept = Table::<Probe>::setup()
        .kind(Kind::keep_when_empty)
        .open(text(""));
    kept.join("ada", text("")).unwrap();
    kept.leave("ada");
    for player in ["ada", "bob", "cleo"] {
        table.leave(player);
    }
    table.advance(Duration::from_secs(29));
    assert!(table.room().is_some());
    table.advance(Duration::from_secs(1));
    assert!(table.room().is_none());
    kept.advance(Duration::from_secs(3600));
    assert!(kept.room().is_some());
}

#[test]
fn a_locked_room_turns_new_members_away() {
    let mut table = three_players();
    table.command("ada", Ask::Lock(true)).unwrap();
    assert!(table.room().unwrap().summary.locked);
    let refusal = table.join("zoe", text("")).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::RoomLocked);
    table.command("ada", Ask::Lock(false)).unwrap();
    table.join("zoe", text("")).unwrap();
}

#[test]
fn listings_show_properties_unless_the_room_is_private() {
    let mut table = three_players();
    let set = |name: &str, value: Option<&str>| Ask::Property(text(name), value.map(text));
    table.command("ada", set("map", Some("dust"))).unwrap();
    table.command("ada", set("mode", Some("duel"))).unwrap();
    table.command("ada", set("mode", None)).unwrap();
    table.command("ada", Ask::Hide(true)).unwrap();
    let room = table.room().unwrap();
    assert_eq!(room.properties, [(text("map"), text("dust"))].into());
    assert!(room.summary.private);
}

#[test]
fn a_full_room_and_a_room_for_others_refuse_by_name() {
    let mut full = Table::<Probe>::setup()
        .kind(|kind| kind.members_max(1))
        .open(text(""));
    full.join("ada", text("")).unwrap();
    assert_eq!(
        full.join("bob", text("")).unwrap_err().code,
        ErrorCode::RoomFull
    );

    let mut strict = Table::<Probe>::setup()
        .kind(|kind| kind.create(Who::Authenticated).join(Who::Authenticated))
        .open(text(""));
    let code = |refused: Result<_, wayfare::Refusal>| refused.unwrap_err().code;
    assert_eq!(
        code(strict.join_as_guest("eve", text(""))),
        ErrorCode::NotAllowed
    );
    strict.join("ada", text("")).unwrap();
    assert_eq!(
        code(strict.join_as_guest("eve", text(""))),
        ErrorCode::NotAllowed
    );
}
