//! Tests of reserved seats: admission, counting, ends.

use std::collections::BTreeSet;
use std::time::Duration;

use wayfare_modules::relay::{Command, Configure, Detail, Event, Open};

use crate::{id, ids, join, join_knowing, lock, open, picture, refused, reserve, room_of};

fn places(members_max: u32) -> Open {
    Open {
        members_max,
        ..Open::default()
    }
}

fn released(players: &[&str], expired: bool) -> Event {
    let players = ids(players);
    Event::Released { players, expired }
}

#[test]
fn a_seat_admits_despite_lock_capacity_and_password() {
    let open = Open {
        members_max: 3,
        password: "sesame".into(),
        ..Open::default()
    };
    let mut table = crate::open(open);
    join_knowing(&mut table, "ada", "sesame").unwrap();
    table.command("ada", reserve(&["bob", "cleo"], 30)).unwrap();
    let no = join_knowing(&mut table, "dan", "sesame");
    assert_eq!(refused(no), Detail::Full, "seats are places");
    assert!(join(&mut table, "bob").unwrap().seats == ids(&["cleo"]));
    table.command("ada", lock(true)).unwrap();
    assert!(join(&mut table, "cleo").unwrap().seats.is_empty());
    assert_eq!(picture(&mut table).members.len(), 3);
}

#[test]
fn all_members_see_seats() {
    let mut table = room_of(Open::default(), &["ada", "bob"]);
    table.command("ada", reserve(&["cleo", "dan"], 30)).unwrap();
    let release = Command::Release {
        players: ids(&["dan", "eve"]),
    };
    table.command("ada", release.clone()).unwrap();
    let players = ids(&["cleo", "dan"]);
    let reserved = Event::Reserved { players };
    assert_eq!(table.events("bob"), [reserved, released(&["dan"], false)]);
    table.command("ada", release).unwrap();
    assert!(table.events("bob").is_empty(), "there was no such seat");
}

#[test]
fn a_seat_ends_with_its_time() {
    let mut table = room_of(places(2), &["ada"]);
    table.command("ada", reserve(&["bob"], 10)).unwrap();
    table.advance(Duration::from_millis(9_999));
    assert_eq!(refused(join(&mut table, "cleo")), Detail::Full);
    table.events("ada");
    table.advance(Duration::from_millis(1));
    assert_eq!(table.events("ada"), [released(&["bob"], true)]);
    join(&mut table, "cleo").unwrap();
    assert_eq!(refused(join(&mut table, "bob")), Detail::Full);
}

#[test]
fn reserving_a_seat_again_extends_it() {
    let mut table = room_of(places(2), &["ada"]);
    table.command("ada", reserve(&["bob"], 10)).unwrap();
    table.advance(Duration::from_secs(9));
    table.command("ada", reserve(&["bob"], 10)).unwrap();
    table.advance(Duration::from_secs(9));
    assert_eq!(picture(&mut table).seats, ids(&["bob"]));
    table.advance(Duration::from_secs(1));
    assert!(picture(&mut table).seats.is_empty());
}

#[test]
fn a_seat_that_is_taken_does_not_end() {
    let mut table = room_of(Open::default(), &["ada"]);
    table.command("ada", reserve(&["bob"], 1)).unwrap();
    join(&mut table, "bob").unwrap();
    table.events("ada");
    table.advance(Duration::from_secs(5));
    assert!(table.events("ada").is_empty());
    table.leave("bob");
    assert!(picture(&mut table).seats.is_empty(), "it was for once");
}

#[test]
fn there_are_no_more_seats_than_places() {
    let mut table = room_of(places(3), &["ada", "bob"]);
    let no = table.command("ada", reserve(&["cleo", "dan"], 30));
    assert_eq!(refused(no), Detail::NoPlace);
    table.command("ada", reserve(&["cleo"], 30)).unwrap();
    table.command("ada", reserve(&["cleo"], 30)).unwrap();
    let fewer = Command::Configure(Configure {
        members_max: Some(2),
        ..Configure::default()
    });
    assert_eq!(refused(table.command("ada", fewer)), Detail::NoPlace);
    let now = picture(&mut table);
    assert_eq!((now.places_taken(), now.settings.members_max), (3, 3));
}

#[test]
fn invalid_reservations_are_refused() {
    let mut table = room_of(Open::default(), &["ada", "bob"]);
    let mut check = |player: &str, players: &[&str], seconds: u32, expect: Detail| {
        let no = table.command(player, reserve(players, seconds));
        assert_eq!(refused(no), expect);
    };
    check("bob", &["cleo"], 30, Detail::OwnerOnly);
    check("ada", &["cleo", "bob"], 30, Detail::AlreadyMember);
    check("ada", &["cleo"], 0, Detail::OutOfRange);
    check("ada", &["cleo"], 3601, Detail::OutOfRange);
    let release = Command::Release {
        players: BTreeSet::new(),
    };
    assert_eq!(refused(table.command("bob", release)), Detail::OwnerOnly);
    assert!(picture(&mut table).seats.is_empty());
}

#[test]
fn seats_of_the_opening_keep_strangers_out() {
    let open_with = Open {
        members_max: 2,
        seats: ids(&["bob", "cleo"]),
        seat_seconds: 20,
        ..Open::default()
    };
    let mut table = open(open_with);
    assert_eq!(refused(join(&mut table, "ada")), Detail::Full);
    assert_eq!(join(&mut table, "bob").unwrap().owner, Some(id("bob")));
    table.advance(Duration::from_secs(20));
    assert_eq!(table.events("bob"), [released(&["cleo"], true)]);
    join(&mut table, "ada").unwrap();

    let too_many = Open {
        members_max: 1,
        seats: ids(&["bob", "cleo"]),
        ..Open::default()
    };
    let no = join(&mut open(too_many), "bob");
    assert_eq!(refused(no), Detail::NoPlace);
}

#[test]
fn a_lost_member_has_a_seat_for_a_while() {
    let mut table = room_of(places(2), &["ada", "bob"]);
    table.command("ada", lock(true)).unwrap();
    table.drop_connection("bob");
    table.advance(Duration::from_secs(30));
    assert_eq!(picture(&mut table).seats, ids(&["bob"]));
    assert_eq!(refused(join(&mut table, "cleo")), Detail::Locked);
    join(&mut table, "bob").unwrap();

    table.drop_connection("bob");
    table.advance(Duration::from_secs(40));
    assert!(picture(&mut table).seats.is_empty());
    assert_eq!(refused(join(&mut table, "bob")), Detail::Locked);
}

#[test]
fn a_new_login_keeps_a_seat_but_a_leave_does_not() {
    let mut table = room_of(places(3), &["ada", "bob", "cleo"]);
    table.command("ada", lock(true)).unwrap();
    table.drop_connection("bob");
    join(&mut table, "bob").unwrap();
    let now = picture(&mut table);
    assert_eq!((now.members.len(), now.seats.len()), (3, 0));

    table.leave("bob");
    assert_eq!(refused(join(&mut table, "bob")), Detail::Locked);
    let kick = Command::Kick {
        member: id("cleo"),
        message: String::new(),
    };
    table.command("ada", kick).unwrap();
    assert_eq!(refused(join(&mut table, "cleo")), Detail::Locked);
}

#[test]
fn seats_for_lost_members_can_be_disabled() {
    let open = Open {
        return_seconds: 0,
        ..Open::default()
    };
    let mut table = room_of(open, &["ada", "bob"]);
    table.drop_connection("bob");
    table.advance(Duration::from_secs(30));
    assert!(picture(&mut table).seats.is_empty());
}
