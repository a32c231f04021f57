//! Tests of properties of the room and its members: set, delete, expect, list, limits.

use wayfare_modules::relay::limits::{
    LISTED_MAX, MEMBER_PROPERTIES_SIZE_MAX, ROOM_PROPERTIES_MAX, ROOM_PROPERTIES_SIZE_MAX,
};
use wayfare_modules::relay::{
    Command, Configure, Detail, Event, Join, Open, Set, SetMember, Value,
};

use crate::{changes, id, names, open, picture, refused, room_of, set};

fn swap(from: &[(&str, Value)], to: &[(&str, Value)]) -> Command {
    Command::Set(Set {
        properties: changes(to),
        expect: changes(from),
    })
}

fn set_member(member: Option<&str>, of: &[(&str, Value)], from: &[(&str, Value)]) -> Command {
    Command::SetMember(SetMember {
        member: member.map(id),
        properties: changes(of),
        expect: changes(from),
    })
}

fn listed(of: &[&str]) -> Command {
    Command::Configure(Configure {
        listed: Some(names(of)),
        ..Configure::default()
    })
}

#[test]
fn anybody_may_change_properties_and_all_see_it() {
    let open = Open {
        properties: changes(&[("map", "desert".into()), ("none", Value::Nil)]),
        ..Open::default()
    };
    let mut table = room_of(open, &["ada", "bob"]);
    let of = [("map", Value::Nil), ("round", 3_i64.into())];
    table.command("bob", set(&of)).unwrap();
    let event = Event::Properties {
        by: id("bob"),
        changes: changes(&of),
    };
    let heard = table.events("ada");
    assert_eq!(heard, table.events("bob"));
    assert_eq!(heard, [event]);
    let now = picture(&mut table).properties;
    assert_eq!(now, [("round".to_owned(), 3_i64.into())].into());
}

#[test]
fn changes_are_atomic_and_need_the_expected_values() {
    let mut table = room_of(Open::default(), &["ada", "bob"]);
    let (free, taken) = ([("flag", Value::Nil)], [("flag", Value::from("ada"))]);
    table.command("ada", swap(&free, &taken)).unwrap();
    let late = [("flag", "bob".into()), ("other", true.into())];
    let no = table.command("bob", swap(&free, &late));
    assert_eq!(refused(no), Detail::NotAsExpected);
    let no = table.command(
        "bob",
        swap(&[taken[0].clone(), ("other", true.into())], &late),
    );
    assert_eq!(refused(no), Detail::NotAsExpected);
    assert_eq!(picture(&mut table).properties.len(), 1);
    table.command("bob", swap(&taken, &free)).unwrap();
    assert!(picture(&mut table).properties.is_empty());
}

#[test]
fn the_owner_may_keep_the_properties_to_itself() {
    let open = Open {
        owner_only_properties: true,
        ..Open::default()
    };
    let mut table = room_of(open, &["ada", "bob"]);
    let of = [("round", 1_i64.into())];
    assert_eq!(refused(table.command("bob", set(&of))), Detail::OwnerOnly);
    table.command("ada", set(&of)).unwrap();
    table.command("bob", set_member(None, &of, &[])).unwrap();
    let free = Command::Configure(Configure {
        owner_only_properties: Some(false),
        ..Configure::default()
    });
    table.command("ada", free).unwrap();
    table.command("bob", set(&of)).unwrap();
}

#[test]
fn members_have_properties_of_their_own() {
    let mut table = room_of(Open::default(), &["ada"]);
    let join = Join {
        properties: changes(&[("team", "red".into())]),
        ..Join::default()
    };
    let seen = table.join("bob", join).unwrap();
    assert_eq!(
        seen.member(&id("bob")).unwrap().properties["team"],
        "red".into()
    );
    table.events("ada");

    let blue = [("team", "blue".into())];
    table
        .command("ada", set_member(Some("bob"), &blue, &[]))
        .unwrap();
    let event = Event::MemberProperties {
        member: id("bob"),
        by: id("ada"),
        changes: changes(&blue),
    };
    assert_eq!(table.events("bob"), [event]);
    let no = table.command("bob", set_member(Some("ada"), &blue, &[]));
    assert_eq!(refused(no), Detail::OwnerOnly);
    let no = table.command("ada", set_member(Some("cleo"), &blue, &[]));
    assert_eq!(refused(no), Detail::NoSuchMember);
    let no = table.command("bob", set_member(None, &[], &[("team", "red".into())]));
    assert_eq!(refused(no), Detail::NotAsExpected);
    let gone = [("team", Value::Nil)];
    table
        .command("bob", set_member(Some("bob"), &gone, &blue))
        .unwrap();
    assert!(picture(&mut table).members[1].properties.is_empty());
    table.leave("bob");
    assert_eq!(picture(&mut table).members.len(), 1);
}

#[test]
fn listed_properties_are_in_the_listing_and_follow() {
    let open_with = Open {
        members_max: 2,
        properties: changes(&[("mode", "duel".into()), ("secret", 1_i64.into())]),
        listed: names(&["mode", "round"]),
        ..Open::default()
    };
    let mut table = room_of(open_with, &["ada"]);
    let mut check = |command: Option<(&str, Command)>, expect: &[(&str, &str)]| {
        if let Some((player, command)) = command {
            table.command(player, command).unwrap();
        }
        let mut shown = table.room().unwrap().properties;
        shown.retain(|name, _| !name.starts_with("relay."));
        let expect = expect
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        assert_eq!(shown, expect.collect());
    };
    check(None, &[("mode", "duel")]);
    let round = set(&[("round", 2_i64.into())]);
    check(Some(("ada", round)), &[("mode", "duel"), ("round", "2")]);
    let gone = set(&[("mode", Value::Nil)]);
    check(Some(("ada", gone)), &[("round", "2")]);
    check(Some(("ada", listed(&["secret"]))), &[("secret", "1")]);

    let own = |table: &mut wayfare::testing::Table<_>| {
        let shown = table.room().unwrap().properties;
        ["relay.open", "relay.password", "relay.members_max"].map(|name| shown[name].clone())
    };
    assert_eq!(own(&mut table), ["yes", "no", "2"]);
    crate::join(&mut table, "bob").unwrap();
    assert_eq!(own(&mut table), ["no", "no", "2"], "it is full");
    let more = Configure {
        members_max: Some(3),
        password: Some("x".into()),
        ..Configure::default()
    };
    table.command("ada", Command::Configure(more)).unwrap();
    assert_eq!(own(&mut table), ["yes", "yes", "3"]);
    table.command("ada", crate::lock(true)).unwrap();
    assert_eq!(own(&mut table), ["no", "yes", "3"]);
}

#[test]
fn only_short_scalars_can_be_listed() {
    let list = Value::List(Vec::new());
    let mut table = room_of(Open::default(), &["ada"]);
    table
        .command("ada", set(&[("list", list.clone())]))
        .unwrap();
    let mut check = |command: Command, expect: Detail| {
        assert_eq!(refused(table.command("ada", command)), expect);
    };
    check(listed(&["list"]), Detail::NotListable);
    check(listed(&["relay.open"]), Detail::NameInvalid);
    check(listed(&[""]), Detail::NameInvalid);
    let many: Vec<String> = (0..=LISTED_MAX).map(|n| n.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    check(listed(&many), Detail::TooMany);
    table.command("ada", listed(&["mode"])).unwrap();
    for value in [list, "x".repeat(129).into(), 1e300.into(), vec![1].into()] {
        let no = table.command("ada", set(&[("mode", value)]));
        assert_eq!(refused(no), Detail::NotListable);
    }
    table
        .command("ada", set(&[("mode", "x".repeat(128).into())]))
        .unwrap();
    table.command("ada", listed(&many[1..])).unwrap();
    assert_eq!(
        table.room().unwrap().properties.len(),
        3,
        "none of them is set"
    );
}

#[test]
fn properties_are_bounded_in_count_and_size() {
    let mut table = room_of(Open::default(), &["ada"]);
    let many = |count: usize| -> Vec<(String, Value)> {
        (0..count).map(|n| (n.to_string(), true.into())).collect()
    };
    let set_many = |count: usize| {
        Command::Set(Set {
            properties: many(count).into_iter().map(|(k, v)| (k, Some(v))).collect(),
            ..Set::default()
        })
    };
    let no = table.command("ada", set_many(ROOM_PROPERTIES_MAX + 1));
    assert_eq!(refused(no), Detail::TooMany);
    table.command("ada", set_many(ROOM_PROPERTIES_MAX)).unwrap();
    let no = table.command("ada", set(&[("one more", true.into())]));
    assert_eq!(refused(no), Detail::TooMany);
    let other = set(&[("one more", true.into()), ("0", Value::Nil)]);
    table.command("ada", other).unwrap();

    let half = || Value::from("x".repeat(ROOM_PROPERTIES_SIZE_MAX / 2));
    table.command("ada", set(&[("1", half())])).unwrap();
    let no = table.command("ada", set(&[("2", half())]));
    assert_eq!(refused(no), Detail::TooLarge);
    table
        .command("ada", set(&[("2", half()), ("1", Value::Nil)]))
        .unwrap();

    let large = [("a", vec![0; MEMBER_PROPERTIES_SIZE_MAX].into())];
    let no = table.command("ada", set_member(None, &large, &[]));
    assert_eq!(refused(no), Detail::TooLarge);
    let long = "x".repeat(65);
    for name in ["", &long] {
        let no = table.command("ada", set(&[(name, Value::Nil)]));
        assert_eq!(refused(no), Detail::NameInvalid);
    }
    let too_large = Join {
        properties: changes(&large),
        ..Join::default()
    };
    assert_eq!(refused(table.join("bob", too_large)), Detail::TooLarge);
    assert_eq!(picture(&mut table).members.len(), 1);
}

#[test]
fn an_opening_is_checked_like_a_command() {
    let check = |open_with: Open, expect: Detail| {
        assert_eq!(refused(crate::join(&mut open(open_with), "ada")), expect);
    };
    let open = Open::default;
    check(
        Open {
            members_max: 0,
            ..open()
        },
        Detail::OutOfRange,
    );
    check(
        Open {
            members_max: 251,
            ..open()
        },
        Detail::OutOfRange,
    );
    check(
        Open {
            seat_seconds: 0,
            ..open()
        },
        Detail::OutOfRange,
    );
    check(
        Open {
            owner_grace_seconds: 3601,
            ..open()
        },
        Detail::OutOfRange,
    );
    check(
        Open {
            return_seconds: 3601,
            ..open()
        },
        Detail::OutOfRange,
    );
    check(
        Open {
            password: "x".repeat(65).as_str().into(),
            ..open()
        },
        Detail::TooLarge,
    );
    check(
        Open {
            listed: names(&["relay.x"]),
            ..open()
        },
        Detail::NameInvalid,
    );
}

#[test]
fn the_first_properties_are_checked_too() {
    let check = |of: &[(&str, Value)], listed: &[&str], expect: Detail| {
        let open_with = Open {
            properties: changes(of),
            listed: names(listed),
            ..Open::default()
        };
        assert_eq!(refused(crate::join(&mut open(open_with), "ada")), expect);
    };
    check(&[("", true.into())], &[], Detail::NameInvalid);
    check(&[("a", vec![0].into())], &["a"], Detail::NotListable);
    let large = vec![0; ROOM_PROPERTIES_SIZE_MAX - 100].into();
    check(
        &[("a", large), ("b", "x".repeat(100).into())],
        &[],
        Detail::TooLarge,
    );
}
