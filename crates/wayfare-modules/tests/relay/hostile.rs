//! Tests of harmful input from clients: it is refused, and the room continues.

use wayfare::testing::{Resumed, Table};
use wayfare::{ErrorCode, HistoryBounds};
use wayfare_modules::relay::limits::{
    KEPT_MAX, KEPT_OF_ONE_MAX, KEPT_SIZE_MAX, MEMBER_PROPERTIES_SIZE_MAX, MEMBERS_MAX,
};
use wayfare_modules::relay::{self, Command, Detail, Event, Join, Keep, Open, Post, Relay, Value};

use crate::{changes, ids, open, picture, refused, reserve, room_of, set};

#[test]
fn an_invalid_command_is_refused_at_no_cost() {
    let mut table = room_of(Open::default(), &["ada", "bob"]);
    let deep = [b"\x81\xa4post\x81\xa7payload".to_vec(), vec![0x91; 60_000]].concat();
    // A field that nobody reads has only the codec's own limit, which the façade sets.
    let unread = b"\x81\xa4post\x81\xa7unknown".to_vec();
    let deep_unread = [unread, vec![0x91; 200]].concat();
    let bad: [&[u8]; 12] = [
        b"",
        b"\xc0",
        b"\xff",
        b"\x93",
        b"\xa4post",
        b"\xa5shout",
        b"\x81\xa5shout\xc0",
        b"\x81\xa4post\x81\xa5topic\xff",
        b"\x81\xa4post\x81\xa7payload\xd4\x01\x02",
        b"\x81\xa3set\x81\xaaproperties\xdf\xff\xff\xff\xff",
        &deep,
        &deep_unread,
    ];
    for bytes in bad {
        let no = table.command_bytes("bob", bytes).unwrap_err();
        assert_eq!(
            no.code,
            ErrorCode::PayloadInvalid,
            "{}",
            bytes.escape_ascii()
        );
    }
    assert!(table.events("ada").is_empty());
    assert_eq!(picture(&mut table).members.len(), 2);
}

#[test]
fn values_of_the_greatest_depth_are_accepted() {
    let mut value = Value::from("bottom");
    for _ in 0..relay::limits::VALUE_DEPTH_MAX {
        value = Value::List(vec![value]);
    }
    let mut table = room_of(Open::default(), &["ada"]);
    table
        .command("ada", set(&[("deep", value.clone())]))
        .unwrap();
    let post = Post {
        payload: value.clone(),
        keep: Some(Keep::Add),
        ..Post::default()
    };
    table.command("ada", Command::Post(post)).unwrap();
    let join = Join {
        properties: changes(&[("deep", value)]),
        ..Join::default()
    };
    let seen = table.join("bob", join).unwrap();
    assert_eq!(seen, picture(&mut table));
}

#[test]
fn strings_that_are_not_utf8_are_bytes() {
    let mut table = room_of(Open::default(), &["ada"]);
    let bytes: &[u8] = b"\x81\xa4post\x81\xa7payload\xa2\xff\xfe";
    table.command_bytes("ada", bytes).unwrap();
    let events = table.events("ada");
    let [Event::Message(message)] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!(message.payload, vec![0xff, 0xfe].into());
}

#[test]
fn an_invalid_player_id_is_refused() {
    let mut table = room_of(Open::default(), &["ada"]);
    let long = "x".repeat(256);
    for name in ["", "a\nb", &long] {
        let mut bytes = b"\x81\xa7reserve\x81\xa7players\x91\xda".to_vec();
        bytes.extend(u16::try_from(name.len()).unwrap().to_be_bytes());
        bytes.extend(name.as_bytes());
        let no = table.command_bytes("ada", bytes).unwrap_err();
        assert_eq!(no.code, ErrorCode::PayloadInvalid);
    }
}

#[test]
fn all_seats_can_be_renewed_again_and_again() {
    let mut table = room_of(Open::default(), &["ada"]);
    let players: Vec<String> = (1..MEMBERS_MAX).map(|n| format!("player {n}")).collect();
    let players: Vec<&str> = players.iter().map(String::as_str).collect();
    for _ in 0..5 {
        table.command("ada", reserve(&players, 30)).unwrap();
    }
    let no = table.command("ada", reserve(&["one more"], 30));
    assert_eq!(refused(no), Detail::NoPlace);
    table.advance(std::time::Duration::from_secs(30));
    assert!(picture(&mut table).seats.is_empty());
}

/// Makes a player with the largest possible name, id and properties.
fn large_player(number: u32) -> (String, Join) {
    let name = format!("{number:0>255}");
    let size = MEMBER_PROPERTIES_SIZE_MAX - 2 * Value::Nil.size() - "p".len();
    let join = Join {
        properties: changes(&[("p", vec![0; size].into())]),
        ..Join::default()
    };
    (name, join)
}

#[test]
fn the_view_of_the_largest_room_fits() {
    let mut table = open(Open::default());
    for number in 0..MEMBERS_MAX - 1 {
        let (name, join) = large_player(number);
        table.join(&name, join).unwrap();
    }
    let (owner, _) = large_player(0);
    let most = relay::limits::ROOM_PROPERTIES_SIZE_MAX - 2 * Value::Nil.size() - "p".len();
    // A client's frame is too small for all of them.
    let (half, rest) = (
        most / 2,
        most - most / 2 - 2 * Value::Nil.size() - "q".len(),
    );
    table
        .command(&owner, set(&[("p", vec![0; half].into())]))
        .unwrap();
    table
        .command(&owner, set(&[("q", vec![0; rest].into())]))
        .unwrap();
    let each = KEPT_SIZE_MAX / KEPT_MAX - relay::limits::KEPT_SIZE - Value::Nil.size() - 255;
    for number in 0..KEPT_MAX {
        let (author, _) = large_player(u32::try_from(number / KEPT_OF_ONE_MAX).unwrap());
        let post = Post {
            payload: vec![0; each].into(),
            keep: Some(Keep::Add),
            ..Post::default()
        };
        table.command(&author, Command::Post(post)).unwrap();
    }
    let (last, join) = large_player(MEMBERS_MAX);
    let seen = table.join(&last, join).unwrap();
    assert_eq!(seen.places_taken(), MEMBERS_MAX as usize);
    assert_eq!(seen.kept.len(), KEPT_MAX);
    let (late, join) = large_player(MEMBERS_MAX + 1);
    // The kind's limit is reached, so the server refuses without asking the room.
    let no = table.join(&late, join).unwrap_err();
    assert_eq!(no.code, ErrorCode::RoomFull);
}

#[test]
fn a_resync_gives_the_same_picture() {
    let short = HistoryBounds {
        events_max: 2,
        bytes_max: 10_000,
        age_max: std::time::Duration::from_secs(60),
    };
    let kind = |kind| relay::settings(kind).history(short);
    let mut table = Table::<Relay>::setup().kind(kind).open(Open::default());
    crate::join(&mut table, "ada").unwrap();
    crate::join(&mut table, "bob").unwrap();
    table.drop_connection("bob");
    for round in 0..5_i64 {
        table
            .command("ada", set(&[("round", round.into())]))
            .unwrap();
    }
    table.command("ada", reserve(&["cleo"], 30)).unwrap();
    let Resumed::Resynced(view) = table.resume("bob") else {
        panic!("the history reached");
    };
    assert_eq!(view.seats, ids(&["cleo"]));
    let mut now = picture(&mut table);
    // The view was made before bob's presence event, which follows it.
    for event in table.events("bob") {
        now.apply(&event);
    }
    assert_eq!(view.properties, now.properties);
}
