//! Tests of messages: their recipients, and keeping.

use wayfare_modules::relay::limits::{KEPT_MAX, KEPT_OF_ONE_MAX};
use wayfare_modules::relay::{Clear, Command, Detail, Event, Keep, Message, Open, Post, Target};

use crate::{id, ids, join, picture, refused, room_of};

fn post(text: &str, to: Target) -> Command {
    Command::Post(Post {
        to,
        topic: 7.into(),
        payload: text.into(),
        ..Post::default()
    })
}

fn kept(topic: &str, text: &str, keep: Keep) -> Command {
    Command::Post(Post {
        topic: topic.into(),
        payload: text.into(),
        keep: Some(keep),
        ..Post::default()
    })
}

fn heard(from: &str, text: &str) -> Event {
    Event::Message(Message {
        from: id(from),
        topic: 7.into(),
        payload: text.into(),
        keep: None,
    })
}

fn clear(author: Option<&str>, topic: Option<&str>) -> Command {
    Command::Clear(Clear {
        author: author.map(id),
        topic: topic.map(Into::into),
    })
}

/// Returns the messages that a new member finds, as `author topic text`.
fn found(table: &mut wayfare::testing::Table<wayfare_modules::relay::Relay>) -> Vec<String> {
    let line = |message: &Message| {
        let topic = match &message.topic {
            wayfare_modules::relay::Topic::Text(text) => text.clone(),
            wayfare_modules::relay::Topic::Number(number) => number.to_string(),
        };
        let text: String = message.payload.read().unwrap();
        format!("{} {topic} {text}", message.from)
    };
    picture(table).kept.iter().map(line).collect()
}

#[test]
fn a_message_goes_to_its_recipients() {
    let mut table = room_of(Open::default(), &["ada", "bob", "cleo"]);
    table.command("ada", post("all", Target::Everyone)).unwrap();
    table
        .command("ada", post("others", Target::Others))
        .unwrap();
    let some = Target::Members(ids(&["cleo", "zoe"]));
    table.command("ada", post("some", some)).unwrap();
    let own = Target::Members(ids(&["ada"]));
    table.command("ada", post("own", own)).unwrap();
    let all =
        |texts: &[&str]| -> Vec<Event> { texts.iter().map(|text| heard("ada", text)).collect() };
    assert_eq!(table.events("ada"), all(&["all", "own"]));
    assert_eq!(table.events("bob"), all(&["all", "others"]));
    assert_eq!(table.events("cleo"), all(&["all", "others", "some"]));
}

#[test]
fn a_message_to_nobody_is_refused() {
    let mut table = room_of(Open::default(), &["ada"]);
    for nobody in [&["zoe"][..], &[]] {
        let no = table.command("ada", post("?", Target::Members(ids(nobody))));
        assert_eq!(refused(no), Detail::NoSuchMember);
    }
    table.command("ada", post("alone", Target::Others)).unwrap();
}

#[test]
fn a_message_may_be_unreliable() {
    let mut table = room_of(Open::default(), &["ada", "bob", "cleo"]);
    let at = |to: Target| {
        Command::Post(Post {
            to,
            topic: 7.into(),
            payload: "here".into(),
            unreliable: true,
            keep: None,
        })
    };
    table.command_unreliable("ada", at(Target::Others));
    table
        .command("ada", at(Target::Members(ids(&["bob"]))))
        .unwrap();
    let here = heard("ada", "here");
    assert_eq!(table.unreliable_events("bob"), [here.clone(), here.clone()]);
    assert_eq!(table.unreliable_events("cleo"), [here]);
    assert!(table.unreliable_events("ada").is_empty());
    assert!(table.events("bob").is_empty());
}

#[test]
fn later_members_find_kept_messages() {
    let mut table = room_of(Open::default(), &["ada", "bob"]);
    for text in ["1", "2"] {
        table.command("ada", kept("chat", text, Keep::Add)).unwrap();
        table
            .command("ada", kept("score", text, Keep::Replace))
            .unwrap();
        table
            .command("bob", kept("score", text, Keep::Replace))
            .unwrap();
    }
    assert_eq!(
        table.events("ada").len(),
        6,
        "those who are there hear it too"
    );
    table.leave("ada");
    let later = join(&mut table, "cleo").unwrap();
    let expect = ["ada chat 1", "ada chat 2", "ada score 2", "bob score 2"];
    assert_eq!(found(&mut table), expect);
    assert_eq!(later.kept, picture(&mut table).kept);
}

#[test]
fn authors_clear_their_own_and_the_owner_everything() {
    let full = || {
        let mut table = room_of(Open::default(), &["ada", "bob"]);
        for player in ["ada", "bob"] {
            for topic in ["x", "y"] {
                table.command(player, kept(topic, "-", Keep::Add)).unwrap();
            }
        }
        table
    };
    let check = |player: &str, command: Command, expect: &[&str]| {
        let mut table = full();
        table.command(player, command).unwrap();
        assert_eq!(found(&mut table), expect);
    };
    check("bob", clear(None, None), &["ada x -", "ada y -"]);
    check(
        "bob",
        clear(Some("bob"), Some("x")),
        &["ada x -", "ada y -", "bob y -"],
    );
    check("ada", clear(None, Some("x")), &["ada y -", "bob y -"]);
    check("ada", clear(Some("bob"), None), &["ada x -", "ada y -"]);
    check("ada", clear(None, None), &[]);
    let no = full().command("bob", clear(Some("ada"), None));
    assert_eq!(refused(no), Detail::OwnerOnly);
}

#[test]
fn only_reliable_messages_to_everyone_are_kept() {
    let mut table = room_of(Open::default(), &["ada", "bob"]);
    let to = |to: Target, unreliable: bool| {
        Command::Post(Post {
            to,
            unreliable,
            keep: Some(Keep::Add),
            ..Post::default()
        })
    };
    for command in [
        to(Target::Others, false),
        to(Target::Members(ids(&["bob"])), false),
        to(Target::Everyone, true),
    ] {
        assert_eq!(refused(table.command("ada", command)), Detail::NotKeepable);
    }
    assert!(table.events("bob").is_empty());
}

#[test]
fn kept_messages_are_limited_per_author_and_in_all() {
    let players: Vec<String> = (0..=KEPT_MAX / KEPT_OF_ONE_MAX)
        .map(|n| format!("p{n}"))
        .collect();
    let players: Vec<&str> = players.iter().map(String::as_str).collect();
    let mut table = room_of(Open::default(), &players);
    let (last, first) = players.split_last().unwrap();
    for player in first {
        for _ in 0..KEPT_OF_ONE_MAX {
            table.command(player, kept("x", "-", Keep::Add)).unwrap();
        }
        let no = table.command(player, kept("y", "-", Keep::Add));
        assert_eq!(refused(no), Detail::TooMany);
    }
    let no = table.command(last, kept("x", "-", Keep::Add));
    assert_eq!(refused(no), Detail::TooMany);
    let one = kept("x", "one for many", Keep::Replace);
    table.command("p0", one).unwrap();
    table.command(last, kept("x", "-", Keep::Add)).unwrap();

    let mut table = room_of(Open::default(), &["ada"]);
    let large = "x".repeat(60_000);
    for _ in 0..4 {
        table.command("ada", kept("x", &large, Keep::Add)).unwrap();
    }
    let no = table.command("ada", kept("x", &large, Keep::Add));
    assert_eq!(refused(no), Detail::TooLarge);
    let no = table.command("ada", kept(&"x".repeat(65), "", Keep::Add));
    assert_eq!(refused(no), Detail::NameInvalid);
}
