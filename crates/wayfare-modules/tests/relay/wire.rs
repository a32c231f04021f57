//! Tests of the wire format, byte by byte, against `docs/relay.md`.

use serde::Serialize;
use serde::de::DeserializeOwned;
use wayfare_modules::relay::{
    Clear, Command, Configure, Detail, Event, Join, Keep, Member, Message, Open, OwnerCause,
    Picture, Post, Set, SetMember, Target, Value,
};

use crate::{changes, id, ids, join, names, room_of};

/// Reads a value in a notation like JSON. The reader must fill in missing fields.
#[track_caller]
fn reads<T: DeserializeOwned + PartialEq + std::fmt::Debug>(written: &Value, expect: &T) {
    assert_eq!(&written.read::<T>().unwrap(), expect);
}

#[track_caller]
fn writes<T: Serialize>(thing: &T, expect: &Value) {
    assert_eq!(&Value::of(thing).unwrap(), expect);
}

fn map(entries: &[(&str, Value)]) -> Value {
    let entries = entries.iter().cloned();
    Value::Map(entries.map(|(key, value)| (key.into(), value)).collect())
}

fn list(items: &[&str]) -> Value {
    Value::List(items.iter().map(|item| Value::from(*item)).collect())
}

#[test]
fn a_command_is_a_map_without_default_fields() {
    reads(&map(&[("post", map(&[]))]), &Command::Post(Post::default()));
    reads(
        &map(&[(
            "post",
            map(&[
                ("to", map(&[("members", list(&["bob"]))])),
                ("topic", "shot".into()),
                ("payload", map(&[("x", 1.5.into())])),
                ("unreliable", true.into()),
                ("of a later version", true.into()),
            ]),
        )]),
        &Command::Post(Post {
            to: Target::Members(ids(&["bob"])),
            topic: "shot".into(),
            payload: map(&[("x", 1.5.into())]),
            unreliable: true,
            keep: None,
        }),
    );
    reads(
        &map(&[(
            "post",
            map(&[("to", "others".into()), ("keep", Value::Nil)]),
        )]),
        &Command::Post(Post {
            to: Target::Others,
            ..Post::default()
        }),
    );
    reads(
        &map(&[("clear", map(&[("topic", 7_i64.into())]))]),
        &Command::Clear(Clear {
            author: None,
            topic: Some(7.into()),
        }),
    );
    let properties = map(&[("a", 1_i64.into()), ("b", Value::Nil)]);
    let of = changes(&[("a", 1_i64.into()), ("b", Value::Nil)]);
    reads(
        &map(&[(
            "set",
            map(&[
                ("properties", properties.clone()),
                ("expect", properties.clone()),
            ]),
        )]),
        &Command::Set(Set {
            properties: of.clone(),
            expect: of.clone(),
        }),
    );
    reads(
        &map(&[("set_member", map(&[("properties", properties)]))]),
        &Command::SetMember(SetMember {
            properties: of,
            ..SetMember::default()
        }),
    );
}

#[test]
fn commands_of_the_owner() {
    reads(
        &map(&[(
            "configure",
            map(&[("locked", true.into()), ("listed", list(&["mode"]))]),
        )]),
        &Command::Configure(Configure {
            locked: Some(true),
            listed: Some(names(&["mode"])),
            ..Configure::default()
        }),
    );
    let to = id("bob");
    reads(
        &map(&[("hand_over", map(&[("to", "bob".into())]))]),
        &Command::HandOver { to },
    );
    reads(
        &map(&[("kick", map(&[("member", "bob".into())]))]),
        &Command::Kick {
            member: id("bob"),
            message: String::new(),
        },
    );
    reads(&"close".into(), &Command::Close);
    reads(&map(&[("close", Value::Nil)]), &Command::Close);
    reads(
        &map(&[("reserve", map(&[("players", list(&["bob"]))]))]),
        &Command::Reserve {
            players: ids(&["bob"]),
            seconds: 30,
        },
    );
    reads(
        &map(&[("release", map(&[("players", list(&["bob"]))]))]),
        &Command::Release {
            players: ids(&["bob"]),
        },
    );
}

/// Makes an event of this name, as on the wire.
fn event(name: &str, entries: &[(&str, Value)]) -> Value {
    map(&[(name, map(entries))])
}

fn bob() -> (&'static str, Value) {
    ("member", "bob".into())
}

#[test]
fn events_of_members_are_maps_of_their_name() {
    let member = Member {
        id: id("bob"),
        name: "Bob".to_owned(),
        guest: false,
        attached: true,
        properties: [("team".to_owned(), "red".into())].into(),
    };
    let seen = map(&[
        ("id", "bob".into()),
        ("name", "Bob".into()),
        ("guest", false.into()),
        ("attached", true.into()),
        ("properties", map(&[("team", "red".into())])),
    ]);
    writes(
        &Event::Joined { member },
        &event("joined", &[("member", seen)]),
    );
    let member = id("bob");
    writes(
        &Event::Left {
            member: member.clone(),
        },
        &event("left", &[bob()]),
    );
    writes(
        &Event::Presence {
            member: member.clone(),
            attached: false,
        },
        &event("presence", &[bob(), ("attached", false.into())]),
    );
    for (cause, word) in [
        (OwnerCause::First, "first"),
        (OwnerCause::Left, "left"),
        (OwnerCause::Away, "away"),
        (OwnerCause::HandedOver, "handed_over"),
    ] {
        let expect = [("owner", "bob".into()), ("cause", word.into())];
        writes(
            &Event::Owner {
                owner: id("bob"),
                cause,
            },
            &event("owner", &expect),
        );
    }
}

#[test]
fn events_of_messages() {
    let message = |keep| Message {
        from: id("bob"),
        topic: 7.into(),
        payload: vec![1, 2].into(),
        keep,
    };
    let mut expect = vec![
        ("from", "bob".into()),
        ("topic", 7_i64.into()),
        ("payload", vec![1, 2].into()),
    ];
    writes(&Event::Message(message(None)), &event("message", &expect));
    expect.push(("keep", "replace".into()));
    writes(
        &Event::Message(message(Some(Keep::Replace))),
        &event("message", &expect),
    );
    writes(
        &Event::Cleared {
            author: None,
            topic: None,
        },
        &event("cleared", &[]),
    );
}

#[test]
fn events_of_the_room() {
    let member = id("bob");
    let of = changes(&[("a", Value::Nil)]);
    let by = || ("by", Value::from("bob"));
    let gone = || ("changes", map(&[("a", Value::Nil)]));
    writes(
        &Event::Properties {
            by: id("bob"),
            changes: of.clone(),
        },
        &event("properties", &[by(), gone()]),
    );
    writes(
        &Event::MemberProperties {
            member,
            by: id("bob"),
            changes: of,
        },
        &event("member_properties", &[bob(), by(), gone()]),
    );
    let players = || ("players", list(&["bob"]));
    writes(
        &Event::Reserved {
            players: ids(&["bob"]),
        },
        &event("reserved", &[players()]),
    );
    writes(
        &Event::Released {
            players: ids(&["bob"]),
            expired: true,
        },
        &event("released", &[players(), ("expired", true.into())]),
    );
}

#[test]
fn the_view_is_a_map_of_everything() {
    let mut table = room_of(Open::default(), &[]);
    let picture = join(&mut table, "ada").unwrap();
    let member = map(&[
        ("id", "ada".into()),
        ("name", "ada".into()),
        ("guest", false.into()),
        ("attached", true.into()),
        ("properties", map(&[])),
    ]);
    let settings = map(&[
        ("members_max", 250_i64.into()),
        ("locked", false.into()),
        ("private", false.into()),
        ("password", false.into()),
        ("owner_only_properties", false.into()),
        ("listed", list(&[])),
        ("owner_grace_seconds", 5_i64.into()),
        ("return_seconds", 10_i64.into()),
    ]);
    let expect = map(&[
        ("members", Value::List(vec![member])),
        ("owner", "ada".into()),
        ("properties", map(&[])),
        ("settings", settings),
        ("seats", list(&[])),
        ("kept", list(&[])),
    ]);
    writes(&picture, &expect);
    reads(&expect, &picture);
    reads(&map(&[]), &Picture::default());
}

#[test]
fn open_and_join_may_be_empty() {
    reads(&map(&[]), &Open::default());
    reads(&map(&[]), &Join::default());
    reads(&map(&[("later", true.into())]), &Join::default());
    let password = map(&[("password", "sesame".into())]);
    let open = Open {
        password: "sesame".into(),
        ..Open::default()
    };
    reads(&password, &open);
}

const PAGE: &str = include_str!("../../../../docs/relay.md");

/// Returns the examples under a heading of the page.
fn examples(heading: &str) -> Vec<serde_json::Value> {
    let (_, section) = PAGE.split_once(heading).unwrap();
    let (_, block) = section.split_once("```json\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    let json = |line: &str| {
        let line = line
            .trim_start_matches("open: ")
            .trim_start_matches("join: ");
        let line = line
            .replace("nil", "null")
            .replace("bin(01 7f)", "\"\\u0001\"");
        serde_json::from_str(&line).unwrap()
    };
    block.lines().map(json).collect()
}

#[test]
fn the_page_matches_every_command_and_event() {
    let kinds = |shown: &[serde_json::Value]| {
        let mut kinds: Vec<_> = shown
            .iter()
            .map(|example| match example.as_object() {
                Some(map) => map.keys().next().unwrap().clone(),
                None => example.as_str().unwrap().to_owned(),
            })
            .collect();
        kinds.dedup();
        kinds.len()
    };
    let commands = examples("## Commands");
    for command in &commands {
        Value::of(command).unwrap().read::<Command>().unwrap();
    }
    assert_eq!(kinds(&commands), 10);
    let events = examples("## Events");
    for event in &events {
        let shown = Value::of(event).unwrap();
        writes(&shown.read::<Event>().unwrap(), &shown);
    }
    assert_eq!(kinds(&events), 11);
    let opening = &examples("## Opening and joining")[..];
    let [open, join] = opening else {
        panic!("{opening:?}");
    };
    Value::of(open).unwrap().read::<Open>().unwrap();
    Value::of(join).unwrap().read::<Join>().unwrap();
    for detail in Detail::ALL {
        let row = format!("\n| {} | ", detail.number());
        assert_eq!(PAGE.matches(&row).count(), 1, "{detail:?}");
    }
}
