//! Tests of the plaza's rules.

use std::time::Duration;

use plaza::Plaza;
use plaza::messages::{CHAT_LINES_MAX, Color, Command, Event, Outfit, Point, SPEED, World};
use wayfare::prelude::*;
use wayfare::testing::{Resumed, Table};

const RED: Outfit = Outfit { color: Color::Red };

fn plaza() -> Table<Plaza> {
    Table::setup().kind(plaza::settings).open(())
}

fn walk(x: f32, y: f32) -> Command {
    Command::Walk(Point { x, y })
}

fn say(text: &str) -> Command {
    Command::Say(text.to_owned())
}

fn id(name: &str) -> PlayerId {
    name.parse().unwrap()
}

#[test]
fn a_new_player_sees_the_others_and_is_seen() {
    let mut table = plaza();
    let alone = table.join("ada", RED).unwrap();
    assert_eq!(alone.walkers["ada"].color, Color::Red);
    let World { walkers, .. } = table.join("bob", RED).unwrap();
    assert_eq!(walkers.len(), 2);
    let joined = Event::Joined {
        who: id("bob"),
        walker: walkers["bob"].clone(),
    };
    assert_eq!(table.events("ada"), [joined]);
    assert!(table.events("bob").is_empty());

    table.leave("bob");
    assert_eq!(table.events("ada"), [Event::Left { who: id("bob") }]);
}

#[test]
fn a_walk_is_one_event_and_ends_at_its_target() {
    let mut table = plaza();
    let World { walkers, .. } = table.join("ada", RED).unwrap();
    let from = walkers["ada"].at;
    let to = Point { x: 500.0, y: 500.0 };
    table.command("ada", Command::Walk(to)).unwrap();
    let who = id("ada");
    assert_eq!(table.events("ada"), [Event::Walks { who, from, to }]);

    let way = (to.x - from.x).hypot(to.y - from.y);
    table.advance(Duration::from_secs_f32(way / SPEED / 2.0));
    let half = table.join("bob", RED).unwrap().walkers["ada"].clone();
    let walked = (half.at.x - from.x).hypot(half.at.y - from.y);
    assert!(
        (walked - way / 2.0).abs() < SPEED / 10.0,
        "{walked} of {way}"
    );

    table.advance(Duration::from_secs_f32(way / SPEED / 2.0 + 0.1));
    assert_eq!(table.join("cleo", RED).unwrap().walkers["ada"].at, to);
}

#[test]
fn nobody_walks_off_the_plaza() {
    let mut table = plaza();
    table.join("ada", RED).unwrap();
    for (x, y) in [
        (-1.0, 0.0),
        (0.0, 1000.5),
        (f32::NAN, 0.0),
        (0.0, f32::INFINITY),
    ] {
        let refusal = table.command("ada", walk(x, y)).unwrap_err();
        assert_eq!(refusal.message, "the plaza is 1000 by 1000 steps");
    }
    table.command("ada", walk(0.0, 1000.0)).unwrap();
}

#[test]
fn everybody_gets_what_is_said() {
    let mut table = plaza();
    table.join("ada", RED).unwrap();
    table.join("bob", RED).unwrap();
    table.command("bob", say("  hi!  ")).unwrap();
    table.command("ada", say(&"é".repeat(200))).unwrap();
    for (text, expect) in [
        (" ", "say something"),
        (&"x".repeat(201), "say it in 200 characters"),
    ] {
        assert_eq!(table.command("ada", say(text)).unwrap_err().message, expect);
    }
    let events = table.events("bob");
    assert_eq!(events.len(), 2);
    assert!(matches!(&events[0], Event::Said(line) if line.name == "bob" && line.text == "hi!"));
}

#[test]
fn a_new_player_gets_the_last_lines() {
    let mut table = plaza();
    table.join("ada", RED).unwrap();
    for number in 0..CHAT_LINES_MAX + 3 {
        table.command("ada", say(&number.to_string())).unwrap();
    }
    let World { chat, .. } = table.join("bob", RED).unwrap();
    assert_eq!(chat.len(), CHAT_LINES_MAX);
    assert_eq!((&*chat[0].text, &*chat[19].text), ("3", "22"));
}

#[test]
fn a_detached_player_is_away_and_misses_nothing() {
    let mut table = plaza();
    table.join("ada", RED).unwrap();
    table.join("bob", RED).unwrap();
    table.drop_connection("bob");
    table.command("ada", Command::Wave).unwrap();
    let waved = Event::Waved { who: id("ada") };
    assert_eq!(table.resume("bob"), Resumed::Replayed(vec![waved.clone()]));
    let away = |away| Event::Away {
        who: id("bob"),
        away,
    };
    assert_eq!(table.events("ada")[1..], [away(true), waved, away(false)]);
}

#[test]
fn a_player_leaves_when_the_grace_ends() {
    let mut table = plaza();
    table.join("ada", RED).unwrap();
    table.join("bob", RED).unwrap();
    table.drop_connection("bob");
    table.advance(Duration::from_secs(30));
    assert_eq!(
        table.events("ada").last(),
        Some(&Event::Left { who: id("bob") })
    );
}

#[test]
fn a_square_loses_nothing_and_a_garden_a_second() {
    for (settings, remembers) in [
        (
            plaza::square as fn(Kind<Plaza>) -> Kind<Plaza>,
            ["1", "2"].as_slice(),
        ),
        (plaza::garden, &["1"]),
        (plaza::settings, &[]),
    ] {
        let mut table = Table::<Plaza>::setup().kind(settings).open(());
        table.join("ada", RED).unwrap();
        table.command("ada", say("1")).unwrap();
        table.advance(Duration::from_secs(2));
        table.command("ada", say("2")).unwrap();
        table.crash();
        table.resume("ada");
        let World { chat, walkers } = table.join("bob", RED).unwrap();
        let said: Vec<_> = chat.iter().map(|line| &*line.text).collect();
        assert_eq!(said, remembers);
        assert_eq!(walkers.len(), 2);
    }
}
