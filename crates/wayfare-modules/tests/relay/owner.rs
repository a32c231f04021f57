//! Tests of the room's owner and its successors.

use std::time::Duration;

use wayfare_modules::relay::{Command, Detail, Event, Open, OwnerCause};

use crate::{id, join, open, owner_is, picture, refused, room_of};

const GRACE: Duration = Duration::from_secs(5);
const JUST_BEFORE: Duration = Duration::from_millis(4_999);

fn hand_over(to: &str) -> Command {
    Command::HandOver { to: id(to) }
}

#[test]
fn the_first_to_come_owns_the_room() {
    let mut table = open(Open::default());
    assert_eq!(join(&mut table, "ada").unwrap().owner, Some(id("ada")));
    assert_eq!(join(&mut table, "bob").unwrap().owner, Some(id("ada")));
    assert_eq!(table.events("ada").len(), 1, "bob came in");
}

#[test]
fn the_next_to_join_owns_an_empty_room() {
    let mut table = room_of(Open::default(), &["ada"]);
    table.leave("ada");
    assert_eq!(picture(&mut table).owner, None);
    assert_eq!(join(&mut table, "bob").unwrap().owner, Some(id("bob")));
}

#[test]
fn the_next_member_in_order_follows_an_owner_who_leaves() {
    let mut table = room_of(Open::default(), &["ada", "zoe", "bob"]);
    table.leave("ada");
    let left = Event::Left { member: id("ada") };
    let events = [left, owner_is("zoe", OwnerCause::Left)];
    assert_eq!(table.events("bob"), events);
    join(&mut table, "ada").unwrap();
    table.leave("zoe");
    assert_eq!(picture(&mut table).owner, Some(id("bob")), "ada is behind");
}

#[test]
fn attached_members_come_before_detached_ones() {
    let mut table = room_of(Open::default(), &["ada", "bob", "cleo", "dan"]);
    table.drop_connection("bob");
    table.leave("ada");
    assert_eq!(picture(&mut table).owner, Some(id("cleo")));
    table.drop_connection("dan");
    table.leave("cleo");
    let owner = picture(&mut table).owner;
    assert_eq!(owner, Some(id("bob")), "nobody is there: the first of all");
}

#[test]
fn an_owner_may_be_detached_for_a_limited_time() {
    let mut table = room_of(Open::default(), &["ada", "bob"]);
    table.drop_connection("ada");
    table.advance(JUST_BEFORE);
    assert_eq!(picture(&mut table).owner, Some(id("ada")));
    table.resume("ada");
    table.advance(GRACE);
    assert_eq!(picture(&mut table).owner, Some(id("ada")), "it was back");

    table.events("bob");
    table.drop_connection("ada");
    table.advance(GRACE);
    let (member, attached) = (id("ada"), false);
    let away = Event::Presence { member, attached };
    assert_eq!(
        table.events("bob"),
        [away, owner_is("bob", OwnerCause::Away)]
    );
    table.resume("ada");
    assert_eq!(picture(&mut table).owner, Some(id("bob")));
}

#[test]
fn the_owner_grace_is_set_at_the_opening() {
    let at_once = Open {
        owner_grace_seconds: 0,
        ..Open::default()
    };
    let mut table = room_of(at_once, &["ada", "bob"]);
    table.drop_connection("ada");
    table.advance(Duration::ZERO);
    assert_eq!(picture(&mut table).owner, Some(id("bob")));
}

#[test]
fn if_all_are_detached_the_first_to_return_is_owner() {
    let away = || {
        let mut table = room_of(Open::default(), &["ada", "bob", "cleo"]);
        for player in ["ada", "bob", "cleo"] {
            table.drop_connection(player);
        }
        table.advance(GRACE);
        assert_eq!(picture(&mut table).owner, Some(id("ada")), "nobody better");
        table
    };
    let mut table = away();
    table.resume("cleo");
    assert_eq!(picture(&mut table).owner, Some(id("cleo")));

    let mut table = away();
    assert_eq!(join(&mut table, "dan").unwrap().owner, Some(id("dan")));
    table.resume("cleo");
    assert_eq!(picture(&mut table).owner, Some(id("dan")), "it is there");

    let mut table = away();
    table.resume("ada");
    table.resume("bob");
    assert_eq!(picture(&mut table).owner, Some(id("ada")), "back in time");
}

#[test]
fn a_detached_successor_is_replaced_in_turn() {
    let mut table = room_of(Open::default(), &["ada", "bob"]);
    table.drop_connection("bob");
    table.advance(JUST_BEFORE);
    table.leave("ada");
    assert_eq!(picture(&mut table).owner, Some(id("bob")));
    join(&mut table, "cleo").unwrap();
    assert_eq!(
        picture(&mut table).owner,
        Some(id("bob")),
        "a moment is left"
    );
    table.advance(Duration::from_millis(1));
    assert_eq!(picture(&mut table).owner, Some(id("cleo")));
}

#[test]
fn the_owner_hands_the_room_over() {
    let mut table = room_of(Open::default(), &["ada", "bob", "cleo"]);
    let no = table.command("bob", hand_over("bob"));
    assert_eq!(refused(no), Detail::OwnerOnly);
    let no = table.command("ada", hand_over("dan"));
    assert_eq!(refused(no), Detail::NoSuchMember);
    table.command("ada", hand_over("cleo")).unwrap();
    let handed = owner_is("cleo", OwnerCause::HandedOver);
    assert_eq!(table.events("bob"), [handed]);
    let no = table.command("ada", hand_over("ada"));
    assert_eq!(refused(no), Detail::OwnerOnly);
    table.leave("cleo");
    assert_eq!(picture(&mut table).owner, Some(id("ada")));
}

#[test]
fn a_room_handed_to_a_detached_member_is_not_stuck() {
    let mut table = room_of(Open::default(), &["ada", "bob"]);
    table.drop_connection("bob");
    table.advance(GRACE);
    table.command("ada", hand_over("bob")).unwrap();
    table.advance(Duration::ZERO);
    assert_eq!(picture(&mut table).owner, Some(id("ada")));
}

#[test]
fn an_owner_is_replaced_before_its_membership_ends() {
    let mut table = room_of(Open::default(), &["ada", "bob"]);
    table.drop_connection("ada");
    table.advance(Duration::from_secs(30));
    let now = picture(&mut table);
    assert_eq!((now.members.len(), now.owner), (1, Some(id("bob"))));
}

#[test]
fn the_grace_of_the_kind_may_be_the_shorter_one() {
    let open = Open {
        owner_grace_seconds: 3600,
        ..Open::default()
    };
    let mut table = room_of(open, &["ada", "bob"]);
    table.drop_connection("ada");
    table.advance(Duration::from_secs(30));
    assert_eq!(picture(&mut table).owner, Some(id("bob")));
}
